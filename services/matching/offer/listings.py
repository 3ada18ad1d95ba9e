"""Matching's copy of a listing, and what follows for its offers when the listing ends.

The copy is overwritten by each listing.* event of a higher number, and has what offers and matches need. One that was
copied by an older version is no match until its listing's next event, or until `golem backfill` sends the last one.
When the listing has ended, a timer of the copy calls off its offers in passes, until a pass finds none; an offer that
slips in between is found by its own check.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.matching.offer.lifecycle import LIVE, OPEN
from services.matching.offer.rules import LISTING_OVER, TAKES_ACCEPTED_TOO
from services.matching.store import offers_on
from shared.aggregate import Change, Copy, Kind, Lifecycle, Store, Trigger, Verdict
from shared.aggregate.verdict import IGNORED
from shared.poller.poller import OnTimer

KIND = "listing"
TYPES = tuple(
    f"listing.{name}"
    for name in (
        "created",
        "revised",
        "paused",
        "resumed",
        "filled",
        "expired",
        "withdrawn",
        "removed",
        "rested",
        "kept",
    )
)
OF_CONSENT = ("listing.consent_given", "listing.consent_refused", "listing.consent_withdrawn")
"""They come of listings that were never published, too: of those nothing is copied."""
CLOSING = "closing"
_PASS_EVERY = timedelta(seconds=1)
_COPIED = ("listing_id", "insider", "status", "help", "pay", "currency", "tranches")
_OPTIONAL = (
    "insider_verified", "workplace_mark", "country", "region", "industry", "occupation", "skills", "seats",
    "leaving_on", "published_at", "subdivision", "licence", "price_cap", "seeker_asked", "consent_ended",
    "fixed_help",
)  # fmt: skip


def copied_fields(event: Trigger) -> dict[str, Any]:
    """The fields of the copy, less those by which matches are found: `matches.facets` adds them."""
    return {name: event.data[name] for name in _COPIED} | {name: event.data.get(name) for name in _OPTIONAL}


def begin_closing(change: Change, event: Trigger) -> None:
    if change.is_new:
        change.set(consent_closed=_times(change))  # nothing was offered on it yet
    if event.data["status"] in LISTING_OVER or _times(change) > change.get("consent_closed", 0):
        change.schedule(CLOSING, change.now)


def _times(copy: Change) -> int:
    return int((copy.get("consent_ended") or {}).get("times", 0))


class OfConsent(Copy):
    """The copy, where the listing has been published."""

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return super().touches(event) if event.data.get("published_at") else {}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        return super().fold(changes, event) if event.data.get("published_at") else IGNORED


class Closing:
    """Calls off the offers of listings that have ended; a copy's other timers are given to whose they are."""

    def __init__(self, store: Store, offer: Lifecycle, others: Mapping[str, OnTimer]) -> None:
        self._store = store
        self._offer = offer
        self._others = others

    def on_timer(self, change: Change, timer: str) -> None:
        """One pass; another follows while there was something to call off."""
        if timer != CLOSING:
            self._others[timer](change, timer)
            return
        moved = self._end_consent(change) if _times(change) > change.get("consent_closed", 0) else []
        status = change["status"]
        if status in LISTING_OVER:
            concerned = LIVE if status in TAKES_ACCEPTED_TOO else OPEN
            found = offers_on(self._store, change["listing_id"], concerned)
            moved += [self._end(offer_id, "listing.ended", status, {"status": status}) for offer_id in found]
        if any(moved):
            change.schedule(CLOSING, change.now + _PASS_EVERY)

    def _end_consent(self, change: Change) -> list[bool]:
        """Each live offer once for each time that the employer said no."""
        ended = change["consent_ended"]
        found = offers_on(self._store, change["listing_id"], LIVE)
        moved = [self._end(offer_id, "consent.ended", str(ended["times"]), ended) for offer_id in found]
        if not any(moved):
            change.set(consent_closed=ended["times"])
        return moved

    def _end(self, offer_id: str, name: str, why: str, data: Mapping[str, Any]) -> bool:
        def decide(changes: dict[str, Change]) -> bool:
            change = changes[offer_id]
            trigger = Trigger(name=name, id=f"{offer_id}:{name}:{why}", kind="event", at=change.now, data=data)
            return self._offer.fold(change, trigger).outcome == "taken"

        return self._store.run({offer_id: self._offer}, decide)
