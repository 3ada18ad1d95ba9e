"""Matching's copy of a listing, and what follows for its offers when the listing ends.

The copy is overwritten by each listing.* event of a higher number, and has what offers and matches need. One that was
copied by an older version is no match until its listing's next event, or until `golem backfill` sends the last one.
When the listing has ended, or its employer has said no, a timer of the copy tells its offers in passes. Each pass is a
page of them in the order of their ids, for some live on; behind the last page they begin anew, until all pages moved
none. An offer that slips in beside the listing's end is found by its own check, one beside the employer's no by a
second telling two minutes later.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from services.matching.offer.beginning import is_told, times_of_no, told_now
from services.matching.offer.lifecycle import LIVE, OPEN
from services.matching.offer.rules import LISTING_OVER, TAKES_ACCEPTED_TOO
from services.matching.store import offers_on, with_offers
from shared.aggregate import Change, Copy, Document, Kind, Lifecycle, Store, Trigger, Verdict
from shared.aggregate.verdict import IGNORED
from shared.poller import OnTimer

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
_ONCE_MORE = timedelta(minutes=2)
"""No request takes one: by then what was decided by a copy from before is written, also where the clocks of two workers
are as far apart as they may be.
"""

_OFFERS_SEEN = 1000
_AT_ONCE = 200
"""Offers of one pass."""
_OVER, _NO = "listing.ended", "consent.ended"
_REACHED = {_OVER: "ended_reached", _NO: "consent_reached"}
"""The fields of the copy that say how far the passes are: {why, after, moved}."""
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
        change.set(consent_closed=times_of_no(change.doc))  # nothing was offered on it yet
    if event.data["status"] in LISTING_OVER or told_now(change.doc):
        # Before what is due since, however late this worker is.
        change.schedule(CLOSING, min(event.at, change.now, change.timers.get(CLOSING, change.now)))


def _told_all(copy: Change) -> None:
    """Now that all its offers were told of the employer's no: that they are told once more later, or, when they were,
    that it is done. A worker of the version before takes it for done at once, as it did.
    """
    times = times_of_no(copy.doc)
    told = copy["consent_told"] if is_told(copy.doc) else {"times": times, "at": copy.now}
    again_at = told["at"] + _ONCE_MORE
    if copy.now < again_at:
        copy.set(consent_told=told, consent_closed=times)
        copy.schedule(CLOSING, again_at)
    else:
        copy.set(consent_told=None)


class OfConsent(Copy):
    """The copy, where the listing has been published."""

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return super().touches(event) if event.data.get("published_at") else {}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        return super().fold(changes, event) if event.data.get("published_at") else IGNORED


class Closing:
    """Tells the offers of listings that have ended, or whose employer has said no; a copy's other timers are given to
    whose they are.
    """

    def __init__(self, store: Store, offer: Lifecycle, others: Mapping[str, OnTimer]) -> None:
        self._store = store
        self._offer = offer
        self._others = others

    def on_timer(self, change: Change, timer: str) -> None:
        """One pass; another follows while there is something to tell."""
        if timer != CLOSING:
            self._others[timer](change, timer)
            return
        more = self._end_consent(change) if told_now(change.doc) else False
        status = change["status"]
        if status in LISTING_OVER:
            concerned = LIVE if status in TAKES_ACCEPTED_TOO else OPEN
            more |= self._tell(change, _OVER, concerned, status, {"status": status})
        if more:
            change.schedule(CLOSING, change.now + _PASS_EVERY)

    def page(self, copies: Sequence[Document]) -> Mapping[str, OnTimer]:
        """The copies whose closing has nobody to tell: most, for a listing that is filled has usually one offer."""
        closing = [doc for doc in copies if {*doc["timers"]} == {CLOSING}]
        told = with_offers(self._store, [doc["listing_id"] for doc in closing], LIVE, _OFFERS_SEEN)
        quiet = [doc for doc in closing if told is not None and doc["listing_id"] not in told]
        return {doc["_id"]: partial(self._close, doc["version"]) for doc in quiet}

    @staticmethod
    def _close(seen: int, change: Change, timer: str) -> None:
        """The last pass of a copy, which found nobody at that version; one that has changed since is looked at again:
        an offer may have come before what changed it.
        """
        if change.base_version != seen:
            change.schedule(timer, change.now)
            return
        if told_now(change.doc):
            _told_all(change)
        change.set(**dict.fromkeys(_REACHED.values()))

    def _end_consent(self, change: Change) -> bool:
        """Each live offer once for each time that the employer said no, but those that were made since, and stand under
        another consent. One of an older version does not say when it was made: it is told the first time alone.
        """
        ended = change["consent_ended"]
        unsaid = sys.maxsize if is_told(change.doc) else 0

        def stands(offer: Change) -> bool:
            return bool(offer.get("consent_times", unsaid) >= ended["times"])

        more = self._tell(change, _NO, LIVE, str(ended["times"]), ended, stands)
        if not more:
            _told_all(change)
        return more

    def _tell(
        self,
        change: Change,
        name: str,
        states: Sequence[str],
        why: str,
        data: Mapping[str, Any],
        stands: Callable[[Change], bool] = lambda offer: False,
    ) -> bool:
        """The next page of its offers, but those that it leaves as they are; whether there is more to do. How far it is
        stands in the copy.
        """
        field = _REACHED[name]
        reached = change.get(field) or {}
        if reached.get("why") != why:
            reached = {"after": "", "moved": False}
        found = offers_on(self._store, change["listing_id"], states, reached["after"], _AT_ONCE)
        told = [self._end(offer_id, name, why, data, stands) for offer_id in found]
        moved = any(told) or reached["moved"]
        is_last = len(found) < _AT_ONCE
        change.set(**{field: None if is_last else {"why": why, "after": found[-1], "moved": moved}})
        return moved or not is_last

    def _end(
        self, offer_id: str, name: str, why: str, data: Mapping[str, Any], stands: Callable[[Change], bool]
    ) -> bool:
        def decide(changes: dict[str, Change]) -> bool:
            change = changes[offer_id]
            if stands(change):
                return False
            trigger = Trigger(name=name, id=f"{offer_id}:{name}:{why}", kind="event", at=change.now, data=data)
            return self._offer.fold(change, trigger).outcome == "taken"

        return self._store.run({offer_id: self._offer}, decide)
