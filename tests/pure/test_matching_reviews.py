"""When a review is shown, to whom, and until when one may write one's own."""

from datetime import timedelta

import pytest

from services.matching.offer import reviews
from shared.settings import Terms
from tests.support.matching import START, Offer

INSIDER, SEEKER, ARBITER, MODERATOR = (frozenset({role}) for role in ("insider", "seeker", "arbiter", "moderator"))
SAID = {"insider": {"stars": 2, "text": "Never called back."}, "seeker": {"stars": 5, "text": "Coached me well."}}


def write(offer: Offer, writer: str) -> None:
    offer.command("review", writer, **SAID[writer])


def seen(offer: Offer, of: frozenset[str]) -> set[str]:
    assert offer.document
    return set(reviews.seen_by(offer.document, of, Terms(), offer.clock.now()))


def test_one_alone_is_seen_by_its_writer() -> None:
    """And by a moderator, who may have to judge it; the other is told that it is there, not what it says."""
    offer = Offer().hired()
    write(offer, "seeker")

    assert seen(offer, SEEKER) == seen(offer, MODERATOR) == {"seeker"}
    assert seen(offer, INSIDER) == seen(offer, ARBITER) == seen(offer, frozenset()) == set()


def test_both_are_shown_at_once() -> None:
    offer = Offer().hired()
    write(offer, "seeker")
    offer.wait(days=3)
    write(offer, "insider")

    assert seen(offer, SEEKER) == seen(offer, INSIDER) == seen(offer, frozenset()) == {"seeker", "insider"}
    assert reviews.shown_from(offer.document or {}, Terms()) == offer.clock.now()


def test_one_alone_is_shown_after_a_week_and_cannot_be_answered() -> None:
    """In the moment in which it is shown the other's time is over: no one writes after having read."""
    offer = Offer().hired()
    write(offer, "seeker")
    shown_from = reviews.shown_from(offer.document or {}, Terms())

    assert reviews.open_until(offer.document or {}, "insider", Terms()) == shown_from
    offer.clock.advance(timedelta(days=7) - timedelta(milliseconds=1))
    assert seen(offer, INSIDER) == set()
    offer.clock.advance(timedelta(milliseconds=1))
    assert offer.clock.now() == shown_from
    assert seen(offer, INSIDER) == {"seeker"}


@pytest.mark.parametrize("days", [0, 30])
def test_a_review_has_60_days(days: int) -> None:
    """From the hire, or from the news that the job has ended."""
    offer = Offer().hired().wait(days=days)
    before = reviews.open_until(offer.document or {}, "seeker", Terms())
    offer.command("end", "seeker", on=START)

    assert before == offer["hire"]["confirmed_at"] + timedelta(days=60)
    assert reviews.open_until(offer.document or {}, "seeker", Terms()) == offer.clock.now() + timedelta(days=60)


def test_without_a_hire_there_is_no_review() -> None:
    offer = Offer().active()

    assert reviews.open_until(offer.document or {}, "seeker", Terms()) is None
    assert reviews.shown_from(offer.document or {}, Terms()) is None


def test_a_removed_text_leaves_the_stars_and_why() -> None:
    offer = Offer().hired()
    write(offer, "insider")
    write(offer, "seeker")
    offer.command("remove_review_text", "moderator", of="insider", reason="An insult.")

    removed = {"at": offer.clock.now(), "reason": "An insult."}
    assert offer["reviews"]["insider"] == {"stars": 2, "at": offer.clock.now(), "removed": removed}
    assert offer["reviews"]["seeker"]["text"] == SAID["seeker"]["text"]
    assert offer["audit"][-1]["action"] == "remove_review_text"
