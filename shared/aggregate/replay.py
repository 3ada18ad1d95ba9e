"""Replay: the relay sends events again from the documents that hold them, in order, under live traffic.

It lowers the relay's watermark (`published`) and marks the document for the relay (`outbox_at`); ids stay as they are,
so whoever has seen an event drops its repeat.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.collection import Collection

_BATCH = 500


def replay(collection: Collection[dict[str, Any]], since: datetime | None = None) -> int:
    """Have the relay send again what was emitted at or after `since` (None: all); how many events that is at least.

    A document's later events go out with the first one, so that their order holds.
    """
    query: dict[str, Any] = {"seq": {"$gt": 0}} | ({"updated_at": {"$gte": since}} if since else {})
    count, writes = 0, []
    for document in collection.find(query, {"seq": 1, "events.seq": 1, "events.time": 1}):
        first = _first(document, since)
        if first is None:
            continue
        count += document["seq"] - first + 1
        writes.append(
            # $min: the relay may have less acknowledged than that. Its own mark matches outbox_at exactly, so it cannot
            # undo this one.
            UpdateOne(
                {"_id": document["_id"]},
                {"$min": {"published": first - 1}, "$set": {"outbox_at": datetime.now(UTC)}},
            )
        )
        if len(writes) == _BATCH:
            collection.bulk_write(writes, ordered=False)
            writes = []
    if writes:
        collection.bulk_write(writes, ordered=False)
    return count


def _first(document: Mapping[str, Any], since: datetime | None) -> int | None:
    if since is None:
        return 1
    return min((event["seq"] for event in document.get("events", ()) if event["time"] >= since), default=None)
