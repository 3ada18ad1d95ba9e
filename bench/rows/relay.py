"""The relay: thousands of documents with an event in the outbox, until all are on the topic and marked.

Ours is listing's running worker; the floor is bare produce and bulk mark on the same documents in a collection with the
same indexes. Target: at least 70 % of it. Beside it stands what Open Outbox Relay (Go, PostgreSQL) publishes of itself:
14,500 events a second, on its own machine.

One clock for both: it starts when all documents wait and the relay is let go, before its first look at the database,
and ends when a consumer has read every event and no document waits any more. While documents are made to wait,
listing's worker is stopped (SIGSTOP); what it does first when it goes on, its lease and its rest until the next look,
is timed with the rest. The floor is begun at once, in a thread.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

import psutil
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
        ids = [doc["_id"] for doc in docs]
        for documents in (ours, other):
            for begin in range(0, len(docs), _AT_ONCE):
                documents.insert_many(docs[begin : begin + _AT_ONCE], ordered=False)
        found = in_turn(size.rounds, {
            "ours": lambda: _rate(ground, ours, TOPIC, ids, lambda: _stopped(ground)),
            "floor": lambda: _rate(ground, other, topic, ids, lambda: _floor(ground, other, topic)),
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


Go = Callable[[], None]
Relaying = AbstractContextManager[Go]


@contextmanager
def _stopped(ground: Ground) -> Iterator[Go]:
    """Listing's worker stands still until it is let go. The stack ends a process that says nothing for 20 s: what is
    put back meanwhile is put back in far less.
    """
    worker = psutil.Process(ground.stack.pid("listing-worker"))
    worker.suspend()
    try:
        yield worker.resume
    finally:
        worker.resume()


@contextmanager
def _floor(ground: Ground, documents: Any, topic: str) -> Iterator[Go]:
    with ThreadPoolExecutor(1) as pool:
        running: list[Future[None]] = []
        yield lambda: running.append(pool.submit(relay.run, documents, ground.producer, topic))
        for each in running:
            each.result()


def _rate(ground: Ground, documents: Any, topic: str, ids: list[str], relaying: Callable[[], Relaying]) -> float:
    """Events a second of a relay that is let go once all of these wait."""
    consumer = KafkaConsumer(bootstrap_servers=[ground.stack.kafka], enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]
        consumer.assign(places)
        consumer.seek_to_end(*places)
        for place in places:
            consumer.position(place)
        with relaying() as go:
            documents.update_many({"_id": {"$in": ids}}, {"$set": {"published": 0, "outbox_at": datetime.now(UTC)}})
            began = time.perf_counter()
            go()
            left = {each.encode() for each in ids}
            while left:
                for records in consumer.poll(timeout_ms=20, max_records=5000).values():
                    left.difference_update(record.key for record in records)
                if time.perf_counter() - began > _PATIENCE_S:
                    raise TimeoutError(f"{len(left)} events were not sent")
            while documents.find_one({"outbox_at": {"$type": "date"}}, {"_id": 1}):
                time.sleep(0.005)
            return len(ids) / (time.perf_counter() - began)
    finally:
        consumer.close(autocommit=False)
