"""The lease of a service's pollers: a document that its holder beats. Only efficiency depends on it, never correctness.

It is held by the worker's stable slot name, so that a worker that was restarted takes its own back at once. It is free
when its beat has not changed for 3 seconds on the watcher's own monotonic clock: no two clocks are ever compared. A
look that comes late says little: where the machine or the database stood still, the holder could not beat either.
"""

import threading

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from shared.aggregate import Document
from shared.clock import Clock
from shared.telemetry import metrics

_ID = "lease"
_FREE_AFTER = 3.0
_LOOK_COUNTS = 1.5
"""Seconds without a beat that one look can have seen at most, however long ago the look before it was."""


class Lease:
    """`held()` renews it at most every `renew_after` seconds and tells whether it is ours."""

    def __init__(
        self, collection: Collection[Document], service: str, slot: str, clock: Clock, renew_after: float = 1.0
    ) -> None:
        self._collection, self._service, self._slot, self._clock = collection, service, slot, clock
        self._renew_after = renew_after
        self._ours = False
        self._tried_at: float | None = None
        self._seen: tuple[str, int] | None = None
        self._looked_at = self._silent = 0.0
        self._lock = threading.Lock()

    def held(self) -> bool:
        """Raises pymongo's errors where the lease is due to be renewed and the database is away."""
        now = self._clock.monotonic()
        with self._lock:
            if self._tried_at is None or now - self._tried_at >= self._renew_after:
                self._ours = self._try(now)
                self._tried_at = now
                metrics.LEASE_HELD.labels(self._service).set(int(self._ours))
            return self._ours

    def keep(self) -> None:
        """Beat, where it is ours; so too while what was begun under it is finished."""
        if self._ours:
            self.held()

    def give_back(self) -> None:
        """Let another have it at once, at the end of the process."""
        if self._ours:
            self._ours = False
            metrics.LEASE_HELD.labels(self._service).set(0)
            self._collection.delete_one({"_id": _ID, "holder": self._slot})

    def _try(self, now: float) -> bool:
        try:
            return self._renew() or self._take(now)
        except PyMongoError:
            metrics.unknown(metrics.LEASE_HELD)
            raise

    def _renew(self) -> bool:
        result = self._collection.update_one({"_id": _ID, "holder": self._slot}, {"$inc": {"beat": 1}})
        return result.matched_count == 1

    def _take(self, now: float) -> bool:
        waited, self._looked_at = min(now - self._looked_at, _LOOK_COUNTS), now
        lease = self._collection.find_one({"_id": _ID})
        if lease is None:
            try:
                self._collection.insert_one({"_id": _ID, "kind": _ID, "holder": self._slot, "beat": 1})
            except DuplicateKeyError:
                return False
            return True
        seen = (lease["holder"], lease["beat"])
        if seen != self._seen:
            self._seen, self._silent = seen, 0.0
            return False
        self._silent += waited
        if self._silent < _FREE_AFTER:
            return False
        as_seen = {"_id": _ID, "holder": seen[0], "beat": seen[1]}
        return self._collection.update_one(as_seen, {"$set": {"holder": self._slot}}).matched_count == 1
