"""The floor of the relay: bare produce and bulk mark, in batches of 500, as few round trips as there can be.

Read documents by `outbox_at`, send the event of each, wait for the acknowledgements, mark all in one bulk write.
"""

import json
from typing import Any

from kafka import KafkaProducer
from pymongo import UpdateOne
from pymongo.collection import Collection

_BATCH = 500


def run(documents: Collection[dict[str, Any]], producer: KafkaProducer, topic: str) -> None:
    """Until nothing has an `outbox_at` any more."""
    waiting = {"outbox_at": {"$type": "date"}}
    while found := list(documents.find(waiting, {"events": 1, "seq": 1, "published": 1, "outbox_at": 1}).limit(_BATCH)):
        futures = [
            producer.send(topic, key=doc["_id"].encode(), value=json.dumps(event["data"]).encode())
            for doc in found
            for event in doc["events"]
            if event["seq"] > doc["published"]
        ]
        for future in futures:
            future.get(timeout=60)
        documents.bulk_write([_mark(doc) for doc in found], ordered=False)


def _mark(doc: dict[str, Any]) -> UpdateOne:
    as_read = {name: doc[name] for name in ("_id", "seq", "published", "outbox_at")}
    return UpdateOne(as_read, {"$set": {"published": doc["seq"]}, "$unset": {"outbox_at": ""}})
