"""A small copy of each offer, from its events: whose it is, how it stands, whether its help began or a hire came. Pure.

From when the help has begun its two parties may know how to reach each other, until it ends without a hire, or one of
them is forgotten. The document is `documents.OfferCopy`.
"""

from collections.abc import Mapping
from typing import Any

from services.notify.store import OFFER, offer_key
from shared.aggregate import Change, Trigger, Verdict, last_number
from shared.aggregate.verdict import IGNORED, TAKEN

_COPIED = ("offer_id", "listing_id", "insider", "seeker", "status")
_HIRED = {"hired", "ended", "completed"}
_OVER = ("cancelled", "lapsed", "closed")


def is_of_offer(event_type: str) -> bool:
    """Whether an event is matching's word on an offer."""
    return event_type.startswith(("offer.", "help.", "hire."))


def begins(event: Trigger) -> bool:
    """Whether an event says that the help has begun: of an older version, the one that it is active does."""
    return event.name == "offer.begun" or (event.name == "offer.activated" and "begins_at" not in event.data)


class OfOffer:
    """The copy takes what an event says where its number is higher than the last; that it began, or that there was a
    hire, from any. An older version left that there was a hire to the status alone.
    """

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {offer_key(event.data["offer_id"]): OFFER}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[offer_key(event.data["offer_id"])]
        newer = event.sequence > last_number(change)
        hired = bool(_HIRED & {event.data["status"], change.get("status")}) and not change.get("hired")
        begun = begins(event) and not change.get("activated")
        if change.is_new and not change.dirty:
            change.set(parties=[event.data["insider"], event.data["seeker"]])
        if newer:
            change.set(number=event.sequence, **{name: event.data[name] for name in _COPIED})
        if begun:
            change.set(activated=True)
        if hired:
            change.set(hired=True)
        return TAKEN if newer or begun or hired else IGNORED


def is_unveiled(copy: Mapping[str, Any]) -> bool:
    """Whether the two may reach each other: the help has begun, and was not called off before a hire."""
    return bool(copy.get("hired") or (copy.get("activated") and copy["status"] not in _OVER))


def other_party(copy: Mapping[str, Any] | None, person: str) -> tuple[str, str] | None:
    """(role, person_id) of the one whom `person` may reach, by an offer whose help has begun. None for others."""
    if copy is None or not is_unveiled(copy) or person not in copy.get("parties", ()):
        return None
    role = "seeker" if person == copy["insider"] else "insider"
    return role, copy[role]


def forget_parties(change: Change) -> None:
    """Neither of the two reaches the other any more."""
    change.set(parties=None)
