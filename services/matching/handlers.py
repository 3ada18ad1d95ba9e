"""What matching reads: each event type, and the documents that take it. No rule lives here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.matching.matches import alerts, facets
from services.matching.offer import deadlines, listings
from services.matching.offer.beginning import told_now
from services.matching.offer.lifecycle import OFFER
from services.matching.people.people import Marks
from services.matching.store import listing_key
from shared.aggregate import Change, Copy, Kind, Lifecycle, Route, Routes, Trigger, Verdict
from shared.aggregate.verdict import IGNORED, TAKEN, rejected
from shared.events import EVENT_NAMES, latest

ESCROW_TYPES = tuple(
    name for name in EVENT_NAMES if latest(name).owner == "escrow" and latest(name).subject_field == "offer_id"
)
"""All that escrow says of an offer's money."""


@dataclass(frozen=True)
class OfEscrow:
    """The escrow's status is copied into its offer in every state, where the event's number is higher than the last.

    What the offer's lifecycle lists as an event is a trigger of it as well.
    """

    lifecycle: Lifecycle

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        """What begins the help, too, where the event says (an older version's does not): the copy of its listing."""
        offer: dict[str, Kind] = {event.data["offer_id"]: self.lifecycle}
        listing_id = event.data.get("listing_id") if event.data.get("begin") else None
        return offer | ({listing_key(listing_id): listings.KIND} if listing_id else {})

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[event.data["offer_id"]]
        if change.is_new or change.state == "new":
            return rejected("unknown_offer", f"there is no offer {change.id}")
        newer = deadlines.copy_escrow(change, event)
        if listing := changes.get(listing_key(change["listing_id"])):
            event = replace(event, data={**event.data, "no": told_now(listing.doc)})
        if event.name in self.lifecycle.events:
            return self.lifecycle.fold(change, event)
        return TAKEN if newer else IGNORED


def handlers(lifecycle: Lifecycle = OFFER) -> Routes:
    """The routes of a worker; `lifecycle` is the table with the terms of its settings."""
    of_escrow = OfEscrow(lifecycle)
    copied = (listings.KIND, "listing_id", _copied_fields, _follow)
    of_listing, of_consent = Copy(*copied), listings.OfConsent(*copied)
    of_alert = Copy(alerts.KIND, "person_id", alerts.copied_fields, alerts.begin)
    routes: dict[str, Route] = dict.fromkeys(ESCROW_TYPES, of_escrow)
    routes |= dict.fromkeys(listings.TYPES, of_listing) | dict.fromkeys(listings.OF_CONSENT, of_consent)
    return routes | {"contact.verified": Marks(), "matches.wanted": of_alert}


def _copied_fields(event: Trigger) -> dict[str, Any]:
    """The copy of a listing: what offers need of it, and how it is found for matches."""
    copy = listings.copied_fields(event)
    return copy | facets.index(copy)


def _follow(copy: Change, event: Trigger) -> None:
    listings.begin_closing(copy, event)
    alerts.note_arrival(copy, event)


HANDLERS = handlers()
