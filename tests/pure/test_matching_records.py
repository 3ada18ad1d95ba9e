"""An insider's record: what counts, what does not, and what of the reviews is in it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.matching.matches.identities import identities, identity
from services.matching.matches.records import Record, record_of
from shared.settings import Terms

INSIDER = "p_" + "f" * 32
NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)


def hire(number: int = 1, *, days: int = 100, ended: int | None = None, price: int = 50_000, state: str = "completed",
         seeker: str = "", stars: int = 0, reviewed: int = 10) -> dict[str, Any]:  # fmt: skip
    """An offer whose hire began `days` ago and, where given, ended after `ended` days; reviewed so many days ago."""
    start = NOW.date() - timedelta(days=days)
    end = {"ended": {"on": (start + timedelta(days=ended)).isoformat()}} if ended is not None else {}
    at = NOW - timedelta(days=reviewed)
    said = {"reviews": {"seeker": {"stars": stars, "text": f"Number {number}.", "at": at}}} if stars else {}
    who = seeker or f"p_{number:032}"
    doc = {"_id": f"offer-{number}", "state": state, "price": price, "seeker": who, **end, **said}
    return {**doc, "hired_by": INSIDER, "hire": {"start_on": start.isoformat()}}


def record(*offers: Mapping[str, Any], known: Mapping[str, str] | None = None) -> Record:
    """Of an insider whose seekers are all verified, each with a mailbox of their own, unless it says otherwise."""
    everybody = {offer["seeker"]: offer["seeker"] for offer in offers}
    return record_of(map(dict, offers), everybody if known is None else known, Terms(), NOW)


def test_nothing_is_known_of_whom_nobody_knows() -> None:
    assert record() == Record()


def test_hires_and_how_long_they_lasted() -> None:
    """The median is of what has ended; a job that has not ended lasts until today."""
    found = record(
        hire(1, days=10), hire(2, days=200, ended=40), hire(3, days=300, ended=120), hire(4, days=300, ended=20),
        hire(5, days=90, state="hired"),
    )  # fmt: skip

    assert (found.hires, found.running, found.ended) == (5, 2, 3)
    assert found.median_days == 40
    assert found.lasted == 2


def test_a_day_less_than_lasting() -> None:
    assert record(hire(days=89)).lasted == 0
    assert record(hire(days=300, ended=89)).lasted == 0
    assert record(hire(days=300, ended=90)).lasted == 1


def test_one_person_counts_once_among_those_who_lasted() -> None:
    """Hiring the same person again and again makes no better record."""
    found = record(*(hire(number, seeker="p_" + "a" * 32) for number in range(5)))

    assert (found.hires, found.lasted) == (5, 1)


def test_what_did_not_happen() -> None:
    """An offer that was closed is no hire; a job that has not begun lasted no day; one that ended before it began
    neither.
    """
    assert record(hire(state="closed")).hires == 0
    assert record(hire(days=-30)).lasted == 0
    assert record(hire(days=10, ended=-5)).median_days == 0


def test_for_nothing() -> None:
    assert record(hire(1, price=0), hire(2), hire(3, price=0)).for_nothing == 2


def test_reviews_that_are_shown() -> None:
    """One alone after a week; with the insider's own at once. A bad one stays, also of an offer that was closed."""
    both = hire(3, stars=3, reviewed=1)
    both["reviews"]["insider"] = {"stars": 1, "text": "Of the seeker.", "at": NOW - timedelta(hours=1)}
    found = record(hire(1, stars=5, reviewed=7), hire(2, stars=4, reviewed=6), both, hire(4, state="closed", stars=1))

    assert found.stars == (1, 0, 1, 0, 1)
    assert [each["text"] for each in found.reviews] == ["Number 1.", "Number 3.", "Number 4."]


def test_reviews_are_bounded() -> None:
    found = record(*(hire(number, stars=5) for number in range(150)))

    assert (found.stars[4], len(found.reviews)) == (150, 100)


def test_who_is_not_verified_does_not_count() -> None:
    """Neither their hire, nor their review, nor what the ranking looks at."""
    known = hire(7, stars=4)

    unknown = [hire(number, price=0, stars=5) for number in range(6)]
    found = record(*unknown, known, known={known["seeker"]: "one", INSIDER: "mine"})

    assert (found.hires, found.for_nothing, found.lasted, found.given) == (1, 0, 1, 0)
    assert (found.stars, len(found.reviews)) == ((0, 0, 0, 1, 0), 1)


def test_one_mailbox_is_one_person() -> None:
    """Of its accounts the first that was hired counts, with all of its hires; later ones change nothing."""
    first = [hire(number, seeker="p_" + "a" * 32, price=0, stars=3) for number in (1, 2)]
    later = [hire(number, price=0, stars=5) for number in range(3, 9)]
    known = {each["seeker"]: "one mailbox" for each in (*first, *later)}

    found = record(*later, *first, known=known)

    assert (found.hires, found.lasted, found.given, found.stars) == (2, 1, 1, (0, 0, 2, 0, 0))
    assert found == record(*first, known=known)


def test_whoever_hires_themselves_does_not_count() -> None:
    own = hire()

    assert record(own, known={own["seeker"]: "mine", INSIDER: "mine"}) == Record()
    assert record(own, known={own["seeker"]: "theirs", INSIDER: "mine"}).hires == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"mark": "m_1"}, {"mark": "m_1"}, True),
        ({"mark": "m_1"}, {"mark": "m_2", "box_mark": "m_1"}, True),
        ({"mark": "m_3", "box_mark": "m_1"}, {"mark": "m_2", "box_mark": "m_1"}, True),
        ({"mark": "m_1"}, {"mark": "m_2"}, False),
        ({"_id": "a", "number": 1}, {"_id": "b", "number": 2}, False),
        ({"identity": identity({"mark": "m_1"})}, {"mark": "m_4", "box_mark": "m_1"}, True),
    ],
)
def test_who_is_one_person(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    """By the mailbox; an address that was marked before mailboxes were is its own; also after one was forgotten."""
    assert (identity(one) == identity(other)) is same


def test_who_has_no_identity() -> None:
    assert identities({"a": {"_id": "a"}, "b": {"_id": "b", "mark": "m_1"}}).keys() == {"b"}
