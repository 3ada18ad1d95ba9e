"""Brings back what a clock that was ahead has put off: the next try of a task, and what was left to be folded at once.

No try is ever set further ahead than its lifecycle's longest pause: what is, was set by a wrong clock.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from shared.aggregate import Change, Document, Lifecycle, Store
from shared.aggregate.parking import LEFT_TIMER
from shared.aggregate.tasks import LONGEST_PAUSE, TASK_TIMER

log = logging.getLogger(__name__)


def put_off(doc: Document, lifecycle: Lifecycle, now: datetime) -> Iterator[tuple[str, datetime]]:
    """(timer, its time) of those that are further ahead than they ever should be."""
    latest = {TASK_TIMER: lifecycle.latest_try(doc, now), LEFT_TIMER: now + LONGEST_PAUSE}
    return ((name, at) for name, at in doc.get("timers", {}).items() if name in latest and at > latest[name])


def bring_back(
    store: Store, lifecycles: Mapping[str, Lifecycle], limit: int = 200, beat: Callable[[], None] = lambda: None
) -> int:
    """Have up to `limit` such timers fire now; how many documents that were. Raises pymongo's errors and Contended."""
    now = store.clock.now()
    beyond: Any = {"$gt": now + LONGEST_PAUSE}
    tries = store.collection.find({f"timers.{TASK_TIMER}": beyond}, {"events": 0, "applied": 0}).limit(limit)
    left: Any = {"parked.id": {"$exists": True}, f"timers.{LEFT_TIMER}": beyond}
    found = [*tries, *store.collection.find(left, {"events": 0, "applied": 0}).limit(limit)]
    brought = 0
    for doc in found:
        lifecycle = lifecycles.get(doc["kind"])
        if lifecycle and any(put_off(doc, lifecycle, now)):
            beat()
            store.run({doc["_id"]: lifecycle}, partial(_bring_back, lifecycle, now))
            brought += 1
    return brought


def _bring_back(lifecycle: Lifecycle, now: datetime, changes: Mapping[str, Change]) -> None:
    for change in changes.values():
        for name, at in list(put_off(change.doc, lifecycle, now)):
            about = {"id": change.id, "kind": lifecycle.name, "was_due_at": at.isoformat()}
            log.warning("%s was put off by a wrong clock; it is done now", name, extra=about)
            change.schedule(name, now)
