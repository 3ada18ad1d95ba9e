"""New matches that a seeker asked to be told of: a document `alert:<person>` with one timer, `look`.

What they asked for comes from notify's preferences as an event. A look finds as `GET /v1/matches` does, among the
listings that came since the last one, and tells of the best by an event of a document of its own,
`telling:<person>:<since>`: one a look, so that a look that is repeated tells nothing twice.

Who wants it at once is woken: an alert `wants` the facets of its profile, in an index, until it is woken. A listing
that came wakes those alerts in passes of a few, so its work is bounded however many wait for one like it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from services.matching.matches.facets import questions
from services.matching.matches.finding import find
from services.matching.matches.known import KnownRecords
from services.matching.matches.profiles import is_there, profile_id
from services.matching.matches.scoring import Match
from services.matching.offer.accounts import Accounts
from services.matching.store import alerts_wanting
from shared.aggregate import Change, Document, Store, Trigger
from shared.clock import format_time, parse_time
from shared.events.schemas_matches import AT_ONCE, MOST_MATCHES

KIND = "alert"
TELLING = "telling"
ARRIVED = "arrived"
"""The timer of a copy of a listing that wakes those who want one like it."""
LOOK = "look"
EVERY: Mapping[str, timedelta] = {AT_ONCE: timedelta(days=1), "daily": timedelta(days=1), "weekly": timedelta(days=7)}
"""Those who want it at once are woken before; where that was missed, they look as often as the others."""
SETTLING = timedelta(minutes=1)
"""By then a listing that came is written: a look leaves the last minute to the next one."""
AT_MOST_EVERY = timedelta(hours=1)
"""Who wants it at once is told so often at most."""
A_PASS, PASS_EVERY = 100, timedelta(seconds=5)
"""So many are woken at once: 20 a second, whatever is published."""
_IS_NEWS = timedelta(days=7)
"""A listing that was published earlier is no news when its copy is made, as where the copies are made anew."""


def alert_id(person: str) -> str:
    return f"{KIND}:{person}"


# -- what they asked for: the copy of a preference


def copied_fields(event: Trigger) -> dict[str, Any]:
    cadence = event.data["cadence"]
    return {"owner": event.data["person_id"], "cadence": cadence if cadence in EVERY else None}


def begin(change: Change, event: Trigger) -> None:
    """Look from now on; what is there already is not new."""
    cadence = change.get("cadence")
    if cadence is None:
        forget(change)
        return
    change.set(since=change.get("since", change.now), wants=None)
    change.schedule(LOOK, change.now if cadence == AT_ONCE else max(change.now, change["since"] + EVERY[cadence]))


def forget(change: Change) -> None:
    """Tell no more; `told_at` stays, so that asking again is no way round the pause."""
    change.set(cadence=None, since=None, wants=None)
    change.schedule(LOOK, None)


# -- a listing that came


def note_arrival(copy: Change, event: Trigger) -> None:
    """Of a copy that is made of a listing lately published: those who want it at once are woken soon."""
    if copy.get("facets") is None:
        copy.schedule(ARRIVED, None)
    elif copy.is_new and copy.now - parse_time(copy["published_at"]) < _IS_NEWS:
        copy.set(arrived_at=copy.now)
        copy.schedule(ARRIVED, copy.now + SETTLING)


class Alerts:
    """The alerts of the offers' collection."""

    def __init__(self, store: Store, accounts: Accounts, records: KnownRecords) -> None:
        self._store, self._accounts, self._records = store, accounts, records

    def on_arrival(self, copy: Change, timer: str) -> None:
        """Wake some of those who want it; another pass follows while there are more, and a last one for those who were
        just looking.
        """
        found = alerts_wanting(self._store, copy["facets"], copy["arrived_at"], A_PASS)
        for each in found:
            self._wake(each)
        if len(found) == A_PASS:
            copy.schedule(ARRIVED, copy.now + PASS_EVERY)
        elif copy.now < (last := copy["arrived_at"] + 2 * SETTLING):
            copy.schedule(ARRIVED, last)

    def on_timer(self, change: Change, timer: str) -> None:
        """Look: tell of what came since the last look, if anything, and look again later."""
        cadence, profile = change.get("cadence"), self._store.get(profile_id(change["owner"]))
        if cadence is None:
            return
        until = max(change["since"], change.now - SETTLING)
        if new := self._new(change):
            until = self._tell(change, until, new)
            change.set(told_at=change.now)
        change.set(since=until, wants=_wants(profile) if cadence == AT_ONCE else None)
        change.schedule(LOOK, change.now + EVERY[cadence])

    def profile_changed(self, person: str, profile: Document | None) -> None:
        """Who wants it at once wants by the new profile from now on."""

        def decide(changes: dict[str, Change]) -> None:
            change = changes[alert_id(person)]
            if change.get("cadence") == AT_ONCE:
                change.set(wants=_wants(profile))

        self._store.run({alert_id(person): KIND}, decide)

    def _wake(self, own_id: str) -> None:
        self._store.run({own_id: KIND}, lambda changes: _look_soon(changes[own_id]))

    def _new(self, change: Change) -> Sequence[Match]:
        since, until = change["since"], change.now - SETTLING

        def came_since(listing: Mapping[str, Any]) -> bool:
            return "arrived_at" in listing and since < listing["arrived_at"] <= until

        return find(self._store, self._accounts, self._records, change["owner"], came_since) or []

    def _tell(self, alert: Change, until: Any, new: Sequence[Match]) -> Any:
        """Tell of the best, once; until when it was looked then, by this look or by the one that it repeats."""
        telling_id = f"{TELLING}:{alert['owner']}:{format_time(alert['since'])}"
        told = {
            "person_id": alert["owner"],
            "cadence": alert["cadence"],
            "items": [_item(each) for each in new[:MOST_MATCHES]],
            "more": len(new[MOST_MATCHES:]),
        }

        def decide(changes: dict[str, Change]) -> Any:
            change = changes[telling_id]
            if change.is_new:
                change.set(until=until)
                change.emit("matches.found", told)
            return change["until"]

        return self._store.run({telling_id: TELLING}, decide)


def _look_soon(change: Change) -> None:
    if change.get("wants") is None:
        return
    soonest = change["told_at"] + AT_MOST_EVERY if "told_at" in change.doc else change.now
    change.set(wants=None)
    change.schedule(LOOK, min(max(change.now, soonest), change.timers[LOOK]))


def _wants(profile: Document | None) -> list[str] | None:
    """The facets that a listing has one of, if it is to be a match."""
    if profile is None or not is_there(profile):
        return None
    return [facet for group in questions(profile) for facet in group] or None


def _item(found: Match) -> dict[str, Any]:
    return {
        "listing_id": found.listing["listing_id"],
        "occupation": found.listing["occupation"],
        "score": found.score,
        "reasons": [reason.code for reason in found.reasons],
    }
