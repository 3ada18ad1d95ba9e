"""What listing does with the events it reads."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.listing.lifecycle import LISTING
from services.listing.mailboxes import OF_MAILBOX
from services.listing.unveiling import ENDS, Unveil
from services.listing.workplaces import OF_EMPLOYER, Learn
from shared.aggregate import Change, Kind, Lifecycle, OnLifecycle, Routes, Trigger, Verdict, erasure
from shared.aggregate.verdict import TAKEN


@dataclass(frozen=True)
class OfHire(OnLifecycle):
    """A seat is taken; and who was hired sees the employer, whether or not they ever began."""

    unveil: Unveil

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return {**super().touches(event), **self.unveil.touches(event)}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        verdict = super().fold(changes, event)
        if verdict.outcome == "rejected":
            return verdict
        unveiled = self.unveil.fold(changes, event)
        return unveiled if unveiled is TAKEN and verdict.outcome in ("ignored", "duplicate") else verdict


def handlers(listing: Lifecycle = LISTING) -> Routes:
    return {
        "hire.confirmed": OfHire(listing, "listing_id", Unveil()),
        "hire.ended": OnLifecycle(listing, "listing_id"),
        **dict.fromkeys(("offer.activated", "offer.begun", *ENDS), Unveil()),
        "work.verified": Learn(),
        "contact.verified": OF_MAILBOX,
        **dict.fromkeys(("employer.registered", "employer.removed"), OF_EMPLOYER),
        "person.erased": erasure.route(),
    }


HANDLERS: Routes = handlers()
