"""What listing does with the events it reads."""

from collections.abc import Mapping

from services.listing.lifecycle import LISTING
from services.listing.store import unveiled_id
from services.listing.workplaces import Learn
from shared.aggregate import Change, Lifecycle, OnLifecycle, Routes, Trigger, Verdict, erasure
from shared.aggregate.verdict import IGNORED, TAKEN


class Unveil:
    """The seeker of an active offer knows the employer of its listing from now on: a document that says so.

    It records the offers, so that a repeat unveils nothing to a person who was forgotten since.
    """

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {self._id(event): "unveiled"}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[self._id(event)]
        offer_id = event.data["offer_id"]
        if offer_id in change.get("offers", ()):
            return IGNORED
        change.push("offers", offer_id)
        if change.state != "known":
            change.set(state="known", listing_id=event.data["listing_id"], seeker=event.data["seeker"])
            change.set(created_at=change.get("created_at", change.now))
        return TAKEN

    @staticmethod
    def _id(event: Trigger) -> str:
        return unveiled_id(event.data["listing_id"], event.data["seeker"])


def handlers(listing: Lifecycle = LISTING) -> Routes:
    return {
        "hire.confirmed": OnLifecycle(listing, "listing_id"),
        "hire.ended": OnLifecycle(listing, "listing_id"),
        "offer.activated": Unveil(),
        "work.verified": Learn(),
        "person.erased": erasure.route(),
    }


HANDLERS: Routes = handlers()
