"""What a service lacks of the events that it has read, and having it take them: those alone, and no other reader.

A version that keeps more of an event than the one before finds documents that do not have it. Which these are, the
documents say: an event is lacking where they would change if the service took it. So it can be asked again at any time,
and goes on where it ended. What is sent to the service is the event's place in its topic.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from deploy.mongo.collections import every_aggregate
from deploy.system.connect import System
from deploy.system.records import headers
from deploy.system.topics import Spans, read, reader, spans
from shared.aggregate import Batch, Routes, Store, Trigger
from shared.events import Poison, check_source, decode
from shared.messaging.kafka.source import record_of
from shared.messaging.ports import Record
from shared.messaging.redriven import EVENT, pointer

_AT_ONCE = 500
_SAYS_EVERY_S = 5.0
Lacking = tuple[str, Record]
"""The id of an event, and its record."""
Progress = Callable[[int, int], None]
"""Is told how many events were looked at, and of how many."""


def lacking(batch: Batch, records: Iterable[Record], known: Iterable[str] = ()) -> Iterator[Lacking]:
    """Those of the records that would change what the service has stored, each event once; none whose id is `known`.

    Raises pymongo's errors.
    """
    found, seen = iter(records), set(known)
    while chunk := list(islice(found, _AT_ONCE)):
        events = [(record, event) for record in chunk if (event := _trigger(record)) and event.id not in seen]
        for (record, event), lacks in zip(events, batch.lacks([event for _, event in events]), strict=True):
            if lacks and event.id not in seen:
                seen.add(event.id)
                yield event.id, record


def _trigger(record: Record) -> Trigger | None:
    """The event as the service would take it; None where it would not."""
    try:
        event = decode(record.key, record.value, record.headers)
        check_source(event)
    except Poison:
        return None
    if record.unreadable or event.type != record.topic:
        return None
    return Trigger(event.type, event.id, "event", event.time, event.data, sequence=event.sequence, late=True)


def backfill(
    system: System, service: str, routes: Routes, types: Collection[str], rate: int | None, progress: Progress
) -> Mapping[str, int]:
    """Have a service take what it lacks of these event types, `rate` events a second (None: only look); how many
    events of each type these are.

    What the service has not read yet, has buried, or is about to take, is left to it. Raises pymongo's and Kafka's
    errors.
    """
    counts = dict.fromkeys(types, 0)
    with system.database() as client, reader(system) as consumer:
        living, *archive = every_aggregate(client, service, system.database_prefix)
        store = Store(living, system.times.clock, archive=archive[0] if archive else None)
        taken = _taken(system, service)
        known = {*_ids(consumer, spans(consumer, [f"{service}.dead"])), *_under_way(consumer, service, taken)}
        all_ = spans(consumer, sorted(types))
        wanted = {place: (first, min(end, taken.get(place, 0))) for place, (first, end) in all_.items()}
        total = sum(max(0, end - first) for first, end in wanted.values())
        records = map(record_of, _counted(read(consumer, wanted), total, progress))
        found = lacking(Batch(store, routes), records, known)
        for _, record in found if rate is None else _sent(system, service, found, rate):
            counts[record.topic] += 1
    return {name: count for name, count in counts.items() if count}


def _taken(system: System, service: str) -> Mapping[TopicPartition, int]:
    """The next offset of the service's group in each partition."""
    admin = KafkaAdminClient(**system.kafka)
    try:
        offsets = admin.list_group_offsets(service).get(service, {})
        return {place: int(at.offset) for place, at in offsets.items()}
    finally:
        admin.close()


def _ids(consumer: KafkaConsumer, wanted: Spans, header: str = "ce_id") -> Iterator[str]:
    """The ids of the events of these records, where they have that header."""
    for record in read(consumer, wanted):
        named = headers(record)
        if header in named and "ce_id" in named:
            yield named["ce_id"]


def _under_way(consumer: KafkaConsumer, service: str, taken: Mapping[TopicPartition, int]) -> Iterator[str]:
    """The ids of what was sent and not taken yet."""
    there = spans(consumer, [f"{service}.redrive"])
    rest = {place: (max(first, taken.get(place, first)), end) for place, (first, end) in there.items()}
    return _ids(consumer, rest, EVENT)


def _counted(records: Iterable[Any], total: int, progress: Progress) -> Iterator[Any]:
    said = time.monotonic()
    for count, record in enumerate(records, start=1):
        if time.monotonic() - said >= _SAYS_EVERY_S:
            said = time.monotonic()
            progress(count, total)
        yield record


def _sent(system: System, service: str, found: Iterator[Lacking], rate: int) -> Iterator[Lacking]:
    """Each of them once the broker has it, so many a second at most."""
    producer = KafkaProducer(**system.kafka, acks="all", max_block_ms=5000, request_timeout_ms=5000)
    try:
        while chunk := list(islice(found, rate)):
            began = time.monotonic()
            messages = [pointer(service, *each) for each in chunk]
            for future in [producer.send(m.topic, m.value, m.key, list(m.headers)) for m in messages]:
                future.get(timeout=15)
            yield from chunk
            time.sleep(max(0.0, began + 1 - time.monotonic()))
    finally:
        producer.close(timeout=5)
