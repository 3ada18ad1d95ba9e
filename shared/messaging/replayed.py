"""Whether a replay is on its way into topics that lost their records, as one worker of a service knows it.

At its first look the group has never read of the topics, although the service has documents; or another worker found
that before, and says so in a document of the service. That is there until one of them has read all that came. Whoever
takes an old event meanwhile counts it there as a sign, so that all wait until none has come for a while.
"""

import logging

from pymongo.collection import Collection

from shared.aggregate import Document

_ID = "replayed"
_NEVER = float("-inf")
_QUIET = 60.0
"""Seconds without an old event after which no more of it comes."""

log = logging.getLogger(__name__)


class Replay:
    """Times are seconds of one monotonic clock. `comes` and `over` raise pymongo's errors while the database is away;
    then nothing is known, and they are asked again.
    """

    def __init__(self, collection: Collection[Document], had_documents: bool) -> None:
        self._collection, self._had_documents = collection, had_documents
        self._is_found: bool | None = None  # not yet looked; then whether it was found here and is still to be written
        self._is_on = True
        self._signs: int | None = None
        self._sign_at = self._old_at = self._counted_at = _NEVER

    def took_old(self, now: float) -> None:
        """The consumer was given an event that happened some time ago."""
        self._old_at = now

    def comes(self, has_read: bool, now: float) -> bool:
        """Whether more of it may come. `has_read`: whether the group had ever read of the topics. What is not there at
        the first look is never there for this worker.
        """
        if not self._is_on:
            return False
        if self._is_found is None:
            self._is_found = self._had_documents and not has_read
        if self._is_found:
            self._count()
            self._is_found = False
            log.warning("the topics lost what was read of them; deadlines wait for what is replayed")
        found, old_at = self._collection.find_one({"_id": _ID}), self._old_at
        if found is None:
            self._is_on = False
            return False
        if found["signs"] != self._signs:
            self._signs, self._sign_at = found["signs"], now
        if old_at != self._counted_at:
            self._count()
            self._signs, self._sign_at, self._counted_at = found["signs"] + 1, max(self._sign_at, old_at), old_at
        return now - self._sign_at < _QUIET

    def over(self) -> None:
        """All that came is read."""
        if self._is_on:
            self._collection.delete_one({"_id": _ID})
            self._is_on = False

    def _count(self) -> None:
        self._collection.update_one({"_id": _ID}, {"$inc": {"signs": 1}, "$setOnInsert": {"kind": _ID}}, upsert=True)
