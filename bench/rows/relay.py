"""The relay: thousands of documents with an event in the outbox, until all are on the topic and marked.

Ours is listing's running worker; the floor is bare produce and bulk mark on the same documents in a collection with the
same indexes. Target: at least 70 % of it. Beside it stands what Open Outbox Relay (Go, PostgreSQL) publishes of itself:
14,500 events a second, on its own machine. Timed is from the first record on the topic to the last mark.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from bench.floors import relay
from bench.ground import Ground
from bench.measure import Row, Target, in_turn
from bench.rows.paid import same_indexes
from bench.sizes import Size

NAME = "the relay"
TOPIC = "listing.submitted"  # nobody reads it, so nothing but the relay works
PUBLISHED_BY_OTHERS = 14_500
_PATIENCE_S = 300.0
_KEPT = (
    "kind", "version", "created_at", "updated_at", "tranches", "seats", "title", "employer", "country", "region",
    "industry", "occupation", "duties", "leaving_on", "pay", "help", "insider", "hired", "edits",
)  # fmt: skip
_AT_ONCE = 2000


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    ours = ground.client[f"{ground.prefix}listing"]["listings"]
    database = f"floor_{ground.prefix}relay"
    topic = f"floor_{ground.prefix}{TOPIC}"
    ground.admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    try:
        other = ground.client[database]["listings"]
        same_indexes(ours, other)
        docs = [_waiting(ground, name) for name in ground.names(size.events)]
        for documents in (ours, other):
            for begin in range(0, len(docs), _AT_ONCE):
                documents.insert_many(docs[begin : begin + _AT_ONCE], ordered=False)
        found = in_turn(size.rounds, {
            "ours": lambda: _rate(ground, ours, [doc["_id"] for doc in docs]),
            "floor": lambda: _floor(ground, other, topic, size.events),
        })  # fmt: skip
        yield Row(f"{NAME}, {size.events} events waiting", "events/s", "bare produce and bulk mark",
                  Target("at least", 0.7), found["ours"], found["floor"],
                  {"Open Outbox Relay says of itself": PUBLISHED_BY_OTHERS})  # fmt: skip
    finally:
        ground.client.drop_database(database)
        ground.admin.delete_topics([topic])


def _waiting(ground: Ground, name: str) -> dict[str, Any]:
    """A listing that was handed in and waits for a moderator, its one event published already."""
    template = ground.active
    listing = next(doc for doc in template.documents["listing"] if doc["_id"] == template.listing_id)
    first = [event for event in listing["events"] if event["type"] == TOPIC]
    one = {**{field: listing[field] for field in _KEPT}, "_id": listing["_id"], "state": "in_review", "applied": []}
    one |= {"events": first, "seq": 1, "published": 1}
    only = type(template)(
        template.offer_id, template.listing_id, template.insider, template.seeker, {"listing": [one]}, ()
    )
    return only.copy(name).documents["listing"][0]


def _put_back(documents: Any, ids: list[str] | None = None) -> None:
    """All of them wait again, as for a replay."""
    query = {"_id": {"$in": ids}} if ids else {}
    documents.update_many(query, {"$set": {"published": 0, "outbox_at": datetime.now(UTC)}})


def _rate(ground: Ground, documents: Any, ids: list[str]) -> float:
    consumer = KafkaConsumer(bootstrap_servers=[ground.stack.kafka], enable_auto_commit=False)
    try:
        places = [TopicPartition(TOPIC, n) for n in consumer.partitions_for_topic(TOPIC)]
        consumer.assign(places)
        consumer.seek_to_end(*places)
        for place in places:
            consumer.position(place)
        asked = time.perf_counter()
        _put_back(documents, ids)
        began, left = 0.0, {each.encode() for each in ids}
        while left:
            for records in consumer.poll(timeout_ms=20, max_records=5000).values():
                began = began or time.perf_counter()
                left.difference_update(record.key for record in records)
            if time.perf_counter() - asked > _PATIENCE_S:
                raise TimeoutError(f"{len(left)} events were not sent")
        while documents.find_one({"outbox_at": {"$type": "date"}}, {"_id": 1}):
            time.sleep(0.005)
        return len(ids) / (time.perf_counter() - began)
    finally:
        consumer.close(autocommit=False)


def _floor(ground: Ground, documents: Any, topic: str, events: int) -> float:
    _put_back(documents)
    return events / relay.seconds(documents, ground.producer, topic)
