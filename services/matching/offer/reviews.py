"""Reviews, double blind: what each of the two says of the other after a hire, and when it is shown. Pure.

An offer keeps `reviews` {insider or seeker, who wrote it: {stars, would_again, text, at, removed {at, reason}}}. One is
shown when both are in, or `review_blind` after the first. Then the other's time is over too, so nobody answers what
they have read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.matching.offer import acts
from shared.aggregate import Change, Condition, Trigger
from shared.settings import Terms

Offer = Mapping[str, Any]
WRITERS = ("insider", "seeker")
_WRITTEN = ("stars", "would_again", "text")


def shown_from(offer: Offer, terms: Terms) -> datetime | None:
    """From when on the two see what the other wrote, and everybody what the seeker did; None where none is there."""
    times: list[datetime] = [each["at"] for each in offer.get("reviews", {}).values()]
    if not times:
        return None
    return max(times) if len(times) == len(WRITERS) else min(times) + terms.review_blind


def are_shown(offer: Offer, terms: Terms, now: datetime) -> bool:
    at = shown_from(offer, terms)
    return at is not None and at <= now


def open_until(offer: Offer, writer: str, terms: Terms) -> datetime | None:
    """Until when this one of the two may write theirs; None where there was no hire, or theirs is there, or
    one of the two was forgotten.
    """
    written = offer.get("reviews", {})
    if "hire" not in offer or writer in written or offer.get("erased_at"):
        return None
    last: datetime = offer["ended"]["at"] if offer.get("ended") else offer["hire"]["confirmed_at"]
    ends: list[datetime] = [each["at"] + terms.review_blind for each in written.values()]
    return min([last + terms.review_within, *ends])


def seen_by(offer: Offer, of: frozenset[str], terms: Terms, now: datetime) -> dict[str, Any]:
    """{writer: review} as the caller may see them: their own, those that are shown; a moderator sees both."""
    shown = are_shown(offer, terms, now) or "moderator" in of
    return {writer: review for writer, review in offer.get("reviews", {}).items() if shown or writer in of}


# -- what the rows do


def write_review(change: Change, trigger: Trigger) -> acts.Extra:
    written = {name: trigger.data[name] for name in _WRITTEN if name in trigger.data}
    review = {**written, "at": change.now}
    change.set(reviews={**change.get("reviews", {}), acts.actor(trigger): review})
    return {"offer.reviewed": {"by": acts.actor(trigger)}}


def remove_text(change: Change, trigger: Trigger) -> None:
    """Remove the text, with the reason; the stars stay."""
    writer, reviews = trigger.data["of"], change["reviews"]
    rest = {name: value for name, value in reviews[writer].items() if name != "text"}
    removed = {"at": change.now, "reason": trigger.data["reason"]}
    change.set(reviews={**reviews, writer: {**rest, "removed": removed}})
    acts.record(change, trigger)


# -- rules


def _may(change: Change, trigger: Trigger) -> bool:
    end = open_until(change.doc, acts.actor(trigger), change.terms)
    return end is not None and change.now < end


MAY_REVIEW = Condition(
    "a hire, no review by this party so far, and time left: {review_within} after the hire or after its end, "
    "{review_blind} after the other's review",
    _may,
)
