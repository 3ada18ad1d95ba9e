"""The archive: what ended long ago, moved out of the way of what lives, into a collection beside the first.

A document that is in both was being moved when a process died, or has come back: the one that lives counts, always. A
move writes the copy first, unless a newer one is there, and then deletes the document if it is still of that version.
So any number of processes may move at once, and may die anywhere. What changes again comes back by itself
(`Store.write`). A copy that is older than the document that lives is swept up by the next pass.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from shared.aggregate.change import Document
from shared.aggregate.lifecycle import Lifecycle
from shared.aggregate.store import ARCHIVED_AT, Store
from shared.telemetry import metrics

_BATCH = 200
_BETWEEN_BATCHES_S, _BETWEEN_PASSES_S = 1.0, 60.0
_BY_ID = [("_id", ASCENDING)]
_UNDER_WAY = ("due_at", "outbox_at", "parked", "instruction")
"""Where a document has one of these, something is still to come."""

_UNSENT = {"outbox_at": {"$exists": False}}


@dataclass
class Archiving:
    """Goes through the documents of a lifecycle by id, a batch at each `step()`, and moves those that ended more than
    `after` ago. `may_go` says of one that has ended whether anything of the service's own still needs it.
    """

    service: str
    store: Store
    lifecycle: Lifecycle
    after: timedelta
    may_go: Callable[[Document], bool]
    batch: int = _BATCH
    _behind: str = field(default="", init=False)
    _next: float = field(default=0.0, init=False)

    def is_due(self) -> bool:
        """Whether the pause since the last batch is over."""
        return self.store.clock.monotonic() >= self._next

    def step(self, beat: Callable[[], None] = lambda: None) -> int:
        """Look at the next documents; how many were moved. `beat` is called before each. Raises pymongo's errors."""
        query = {"_id": {"$gt": self._behind}, "kind": self.lifecycle.name}
        # The embedded database reads every document unless a hint names the index that has the order.
        found = list(self.store.collection.find(query, {"events": 0}).sort(_BY_ID).hint(_BY_ID).limit(self.batch))
        is_last = len(found) < self.batch
        self._sweep({doc["_id"]: doc["version"] for doc in found})
        moved = 0
        for doc in found:
            beat()
            moved += self._is_over(doc) and self._move(doc)
        self._behind = "" if is_last else found[-1]["_id"]
        self._next = self.store.clock.monotonic() + (_BETWEEN_PASSES_S if is_last else _BETWEEN_BATCHES_S)
        metrics.ARCHIVED.labels(self.service).inc(moved)
        return moved

    def _is_over(self, doc: Document) -> bool:
        ended = doc["state"] in self.lifecycle.final and not any(doc.get(name) for name in _UNDER_WAY)
        return ended and doc["updated_at"] + self.after <= self.store.clock.now() and self.may_go(doc)

    def _move(self, doc: Document) -> bool:
        this = {"_id": doc["_id"], "version": doc["version"]}
        whole, archive = self.store.collection.find_one({**this, **_UNSENT}), self.store.archive
        if whole is None or archive is None:
            return False
        none_newer = {"_id": doc["_id"], "version": {"$lte": doc["version"]}}
        try:
            archive.replace_one(none_newer, {**whole, ARCHIVED_AT: self.store.clock.now()}, upsert=True)
        except DuplicateKeyError:
            return False
        return self.store.collection.delete_one({**this, **_UNSENT}).deleted_count == 1

    def _sweep(self, versions: dict[str, int]) -> None:
        """Delete copies that are older than what lives."""
        if self.store.archive is None or not versions:
            return
        for copy in self.store.archive.find({"_id": {"$in": list(versions)}}, {"version": 1}):
            if copy["version"] < versions[copy["_id"]]:
                self.store.archive.delete_one({"_id": copy["_id"], "version": copy["version"]})
