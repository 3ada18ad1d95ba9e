"""Brings back what a clock that was ahead has put off: the next try of a task, and what was left to be folded at once.

No try is ever set further ahead than its lifecycle's longest pause: what is, was set by a wrong clock.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from shared.aggregate import Change, Document, Lifecycle, Store
from shared.aggregate.parking import LEFT_TIMER
from shared.aggregate.tasks import LONGEST_PAUSE, TASK_TIMER

_LIMIT = 200
log = logging.getLogger(__name__)


def put_off(doc: Document, lifecycle: Lifecycle, now: datetime) -> Iterator[tuple[str, datetime]]:
    """(timer, its time) of those that are further ahead than they ever should be."""
    latest = {TASK_TIMER: lifecycle.latest_try(doc, now), LEFT_TIMER: now + LONGEST_PAUSE}
    return ((name, at) for name, at in doc.get("timers", {}).items() if name in latest and at > latest[name])


def bring_back(store: Store, lifecycles: Mapping[str, Lifecycle], beat: Callable[[], None]) -> int:
    """Have up to 200 of each such timer fire now; how many documents that were. Raises PyMongoError, Contended.

    What waits that long by right, as a payout that was refused does, is passed over, however many there are.
    """
    now = store.clock.now()
    beyond: Any = {"$gt": now + LONGEST_PAUSE}
    tries = _found(store, {f"timers.{TASK_TIMER}": beyond}, lifecycles, now)
    left = _found(store, {"parked.id": {"$exists": True}, f"timers.{LEFT_TIMER}": beyond}, lifecycles, now)
    for doc in (*tries, *left):
        beat()
        lifecycle = lifecycles[doc["kind"]]
        store.run({doc["_id"]: lifecycle}, partial(_bring_back, lifecycle, now))
    return len(tries) + len(left)


def _found(
    store: Store, query: Mapping[str, Any], lifecycles: Mapping[str, Lifecycle], now: datetime
) -> list[Document]:
    asked = {**query, "kind": {"$in": sorted(lifecycles)}}
    documents = store.collection.find(asked, {"events": 0, "applied": 0})
    return list(islice((doc for doc in documents if any(put_off(doc, lifecycles[doc["kind"]], now))), _LIMIT))


def _bring_back(lifecycle: Lifecycle, now: datetime, changes: Mapping[str, Change]) -> None:
    for change in changes.values():
        for name, at in list(put_off(change.doc, lifecycle, now)):
            about = {"id": change.id, "kind": lifecycle.name, "was_due_at": at.isoformat()}
            log.warning("%s was put off by a wrong clock; it is done now", name, extra=about)
            change.schedule(name, now)
