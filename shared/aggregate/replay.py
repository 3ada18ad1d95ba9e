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


def replay(
    collection: Collection[dict[str, Any]], since: datetime | None = None, changed_since: datetime | None = None
) -> int:
    """Have the relay send again what was emitted at or after `since` (None: all), of documents that have changed after
    `changed_since`; how many events that is at least.

    A document's later events go out with the first one, so that their order holds.
    """
    after = [{"updated_at": {"$gte": each}} for each in (since, changed_since) if each]
    query: dict[str, Any] = {"$and": [{"seq": {"$gt": 0}}, *after]}
    count, firsts = 0, dict[str, int]()
    for document in collection.find(query, {"seq": 1, "events.seq": 1, "events.time": 1}):
        first = _first(document, since)
        if first is None:
            continue
        count += document["seq"] - first + 1
        firsts[document["_id"]] = first
        if len(firsts) == _BATCH:
            _ask(collection, firsts)
            firsts = {}
    if firsts:
        _ask(collection, firsts)
    return count


def _ask(collection: Collection[dict[str, Any]], firsts: Mapping[str, int]) -> None:
    """In the order of the ids, as all who write several documents. $min: the relay may have less acknowledged than
    that. Its own mark matches outbox_at exactly, so it cannot undo this one; `replays` tells it to forget what it sent.
    """
    asked = {"$set": {"outbox_at": datetime.now(UTC)}, "$inc": {"replays": 1}}
    writes = [UpdateOne({"_id": each}, {"$min": {"published": firsts[each] - 1}, **asked}) for each in sorted(firsts)]
    collection.bulk_write(writes, ordered=False)


def _first(document: Mapping[str, Any], since: datetime | None) -> int | None:
    if since is None:
        return 1
    return min((event["seq"] for event in document.get("events", ()) if event["time"] >= since), default=None)
