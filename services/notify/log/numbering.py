"""Numbers for the events of the log, and the end of the old ones. Steps that a worker turns under its lease.

Numbers are consecutive whoever gives them, also where two workers believe to hold the lease: each bulk is ordered, each
of its writes numbers one event that has none, and the index on numbers is unique. The highest number is read before the
events: those had none then, so once a bulk has got past its n-th write without an error, its first n events have n
different numbers above that one. Whoever reads in the order of the numbers neither skips an event nor waits for one.
So the highest number may be remembered for a while: where another worker has given a higher one, the index refuses.
"""

from itertools import takewhile

from pymongo import DESCENDING, UpdateOne
from pymongo.errors import BulkWriteError

from shared.aggregate import Store
from shared.settings import Terms

_AT_ONCE = 500
_DUPLICATE = 11000
_REMEMBERED_S = 5.0


class Numbering:
    """`step` numbers what waits, in the order of arrival, and now and then deletes what is older than the log keeps."""

    def __init__(self, store: Store, terms: Terms, at_once: int = _AT_ONCE) -> None:
        self._store, self._terms, self._at_once = store, terms, at_once
        self._forgot_at: float | None = None
        self._head, self._head_until = 0, float("-inf")

    def step(self) -> int:
        """How many events were looked at. Raises pymongo's errors; then it is done again."""
        first = self._highest() + 1
        waiting = self._store.collection.find({"arrival": {"$exists": True}}, {"_id": 1})
        ids = [doc["_id"] for doc in waiting.sort("arrival").limit(self._at_once)]
        if not ids:
            return self._forget()
        writes = [
            UpdateOne({"_id": each, "log_number": {"$exists": False}}, _numbered(number))
            for number, each in enumerate(ids, first)
        ]
        self._head_until = float("-inf")  # until it is known how this ends
        try:
            self._store.collection.bulk_write(writes, ordered=True)
        except BulkWriteError as error:
            if any(each.get("code") != _DUPLICATE for each in error.details.get("writeErrors", ())):
                raise
            return int(error.details.get("nModified", 0))  # another numbers them, too
        self._remember(first + len(ids) - 1)
        return len(ids)

    def _highest(self) -> int:
        """As it was within the last seconds."""
        if self._store.clock.monotonic() >= self._head_until:
            self._remember(head(self._store))
        return self._head

    def _remember(self, number: int) -> None:
        self._head, self._head_until = number, self._store.clock.monotonic() + _REMEMBERED_S

    def _forget(self) -> int:
        """Once a minute: the oldest by their numbers, up to the first that is kept, so that none is missing between
        others. The last event stays whatever its age: the next number is one above it.
        """
        now = self._store.clock.monotonic()
        if self._forgot_at is not None and now - self._forgot_at < _FORGET_EVERY:
            return 0
        since = self._store.clock.now() - self._terms.keep_events
        below = {"log_number": {"$gt": 0, "$lt": head(self._store)}}
        found = self._store.collection.find(below, {"arrived_at": 1}).sort("log_number").limit(self._at_once)
        ids = [doc["_id"] for doc in takewhile(lambda doc: doc["arrived_at"] < since, found)]
        if ids:
            return self._store.collection.delete_many({"_id": {"$in": ids}}).deleted_count
        self._forgot_at = now
        return 0


_FORGET_EVERY = 60.0
"""Seconds between two looks at what is old, once nothing is."""


def head(store: Store) -> int:
    """The highest number there is; 0 in an empty log."""
    found = store.collection.find({"log_number": {"$exists": True}}, {"log_number": 1})
    return next((int(doc["log_number"]) for doc in found.sort("log_number", DESCENDING).limit(1)), 0)


def _numbered(number: int) -> dict[str, object]:
    return {"$set": {"log_number": number}, "$unset": {"arrival": ""}, "$inc": {"version": 1}}
