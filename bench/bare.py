"""The bare I/O that one hire costs after its confirmation, without any rule: what no design on these servers can beat.

A hire passes three services: each polls the record, reads the document, writes it by compare-and-set with a pushed
event, produces that event with acknowledgement, marks it as published, and commits. Here in batches of up to 500, one
process.
"""

import json
import secrets
import time
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import OffsetAndMetadata
from pymongo import MongoClient, UpdateOne

STEPS = 3
_BATCH = 500
_PAYLOAD = {"offer_id": "", "status": "hired", "filler": "x" * 400}


def seconds(kafka: str, mongodb: str, hires: int) -> float:
    """Seconds for `hires` hires' three steps, on topics and a database of its own that are dropped again."""
    name = f"bench_{secrets.token_hex(4)}"
    topics = [f"{name}.{step}" for step in range(STEPS + 1)]
    admin = KafkaAdminClient(bootstrap_servers=[kafka])
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1) for topic in topics])
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb)
    producer = KafkaProducer(bootstrap_servers=[kafka], acks="all", enable_idempotence=True, linger_ms=5)
    try:
        documents = client[name]["documents"]
        documents.create_index([("outbox_at", 1)], sparse=True)
        documents.create_index([("due_at", 1)], sparse=True)
        ids = [secrets.token_hex(16) for _ in range(hires)]
        documents.insert_many([{"_id": i, "version": 1, "seq": 0, "published": 0, "applied": []} for i in ids])
        _produce(producer, topics[0], ids)
        began = time.perf_counter()
        for step in range(STEPS):
            _step(kafka, documents, producer, topics[step], topics[step + 1], hires)
        return time.perf_counter() - began
    finally:
        producer.close(timeout=5)
        client.drop_database(name)
        client.close()
        admin.delete_topics(topics)
        admin.close()


def _produce(producer: KafkaProducer, topic: str, ids: list[str]) -> None:
    futures = [producer.send(topic, key=i.encode(), value=json.dumps(_PAYLOAD | {"offer_id": i}).encode()) for i in ids]
    for future in futures:
        future.get(timeout=30)


def _step(kafka: str, documents: Any, producer: KafkaProducer, source: str, target: str, hires: int) -> None:
    """One service's share: every record of `source` into its document and on to `target`."""
    place = TopicPartition(source, 0)
    consumer = KafkaConsumer(
        bootstrap_servers=[kafka], group_id=source, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    consumer.assign([place])
    done = 0
    while done < hires:
        records = consumer.poll(timeout_ms=100, max_records=_BATCH).get(place, [])
        if not records:
            continue
        ids = [json.loads(record.value)["offer_id"] for record in records]
        found = {doc["_id"]: doc for doc in documents.find({"_id": {"$in": ids}}, {"events": 0})}
        documents.bulk_write([_change(found[i]) for i in ids], ordered=False)
        _produce(producer, target, ids)
        documents.bulk_write([_mark(found[i]) for i in ids], ordered=False)
        consumer.commit({place: OffsetAndMetadata(records[-1].offset + 1, "", -1)})
        done += len(records)
    consumer.close(autocommit=False)


def _change(doc: dict[str, Any]) -> UpdateOne:
    event = {"seq": doc["seq"] + 1, "id": secrets.token_hex(16), "data": _PAYLOAD}
    fields = {"version": doc["version"] + 1, "seq": doc["seq"] + 1, "outbox_at": 1}
    push = {"events": event, "applied": event["id"]}
    return UpdateOne({"_id": doc["_id"], "version": doc["version"]}, {"$set": fields, "$push": push})


def _mark(doc: dict[str, Any]) -> UpdateOne:
    as_read = {"_id": doc["_id"], "seq": doc["seq"] + 1, "published": doc["published"]}
    return UpdateOne(as_read, {"$set": {"published": doc["seq"] + 1}, "$unset": {"outbox_at": ""}})
