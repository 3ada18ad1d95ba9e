"""What escrow reads: each event type, and the escrow whose lifecycle takes it. No rule lives here."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.escrow.lifecycle import ESCROW
from services.escrow.repaying import OfReversal
from shared.aggregate import Change, Kind, Lifecycle, OnLifecycle, Route, Routes, Trigger, Verdict, erasure
from shared.aggregate.verdict import IGNORED


@dataclass(frozen=True)
class OfAccepted(OnLifecycle):
    """As OnLifecycle; an offer that was called off before anybody accepted it has no escrow, and gets none."""

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return super().touches(event) if event.data.get("accepted_at") else {}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        return super().fold(changes, event) if changes else IGNORED


def handlers(lifecycle: Lifecycle = ESCROW) -> Routes:
    """The routes of a worker; `lifecycle` is the table with the terms of its settings."""
    escrow = OnLifecycle(lifecycle, "offer_id")
    of_accepted = OfAccepted(lifecycle, "offer_id")
    routes: dict[str, Route] = {
        "offer.accepted": escrow,
        "offer.cancelled": of_accepted,
        "offer.lapsed": escrow,
        "hire.confirmed": escrow,
        "hire.ended": escrow,
        "escrow.chargeback_reversed": OfReversal(),
        "person.erased": erasure.route(),
    }
    return routes


HANDLERS = handlers()
