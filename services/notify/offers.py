"""A small copy of each offer, from its events: whose it is, how it stands, and whether it was ever active. Pure.

Only once the offer was active may its two parties know how to reach each other, until one of them is forgotten. The
document is `documents.OfferCopy`.
"""

from collections.abc import Mapping
from typing import Any

from services.notify.store import OFFER, offer_key
from shared.aggregate import Change, Trigger, Verdict, last_number
from shared.aggregate.verdict import IGNORED, TAKEN

_COPIED = ("offer_id", "listing_id", "insider", "seeker", "status")
_AFTER_ACTIVATION = ("active", "hire_claimed", "hired", "ended", "completed")


def is_of_offer(event_type: str) -> bool:
    """Whether an event is matching's word on an offer."""
    return event_type.startswith(("offer.", "help.", "hire."))


class OfOffer:
    """The copy takes what an event says where its number is higher than the last; that it was active, from any."""

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {offer_key(event.data["offer_id"]): OFFER}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[offer_key(event.data["offer_id"])]
        newer = event.sequence > last_number(change)
        revealed = event.data["status"] in _AFTER_ACTIVATION and not change.get("activated")
        if change.is_new and not change.dirty:
            change.set(parties=[event.data["insider"], event.data["seeker"]])
        if newer:
            change.set(number=event.sequence, **{name: event.data[name] for name in _COPIED})
        if revealed:
            change.set(activated=True)
        return TAKEN if newer or revealed else IGNORED


def other_party(copy: Mapping[str, Any] | None, person: str) -> tuple[str, str] | None:
    """(role, person_id) of the one whom `person` may reach: the two of an offer that was active. None for others."""
    if copy is None or not copy.get("activated") or person not in copy.get("parties", ()):
        return None
    role = "seeker" if person == copy["insider"] else "insider"
    return role, copy[role]


def forget_parties(change: Change) -> None:
    """Neither of the two reaches the other any more."""
    change.set(parties=None)
