"""Reads topics from here to there, also behind what nobody can parse."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from deploy.system.connect import System
from shared.messaging.kafka import end_offsets, first_offsets, lenient, offsets_since, using

Spans = Mapping[TopicPartition, tuple[int, int]]
"""Of each partition the first offset to read, and the one to end before."""

_SMALL = 1000
_PATIENCE = 30.0
_YEARS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))


@contextmanager
def reader(system: System) -> Iterator[KafkaConsumer]:
    """A client that is a member of no group."""
    with using(KafkaConsumer, {"autocommit": False}, **system.kafka, enable_auto_commit=False) as consumer:
        yield lenient(consumer)


def spans(consumer: KafkaConsumer, topics: Sequence[str], *, missing_ok: bool = False) -> Spans:
    """All that the topics hold now. Raises KafkaTimeoutError for one that is not there, or that the broker does not
    show; with `missing_ok` there is nothing for it.
    """
    there = {topic: sorted(consumer.partitions_for_topic(topic) or ()) for topic in topics}
    if not missing_ok and (missing := [topic for topic, partitions in there.items() if not partitions]):
        raise KafkaTimeoutError(f"{', '.join(missing)}: not there, or not ours to read")
    places = [TopicPartition(topic, number) for topic, partitions in there.items() for number in partitions]
    firsts, ends = first_offsets(consumer, places), end_offsets(consumer, places)
    return {place: (firsts[place], ends[place]) for place in places}


def since_time(consumer: KafkaConsumer, held: Spans, since: datetime) -> Spans:
    """Of these spans what was written since then. The embedded broker has no answer for a partition with a record that
    it cannot parse: one that is small is then read whole.
    """
    firsts = offsets_since(consumer, {place: int(since.timestamp() * 1000) for place in held})
    return {
        place: (firsts.get(place, first if end - first <= _SMALL or since.timestamp() <= 0 else end), end)
        for place, (first, end) in held.items()
    }


def read(consumer: KafkaConsumer, wanted: Spans) -> Iterator[Any]:
    """The records of these spans as they come. Raises KafkaTimeoutError where none comes for half a minute.

    Where a span ends is a position, not a record: behind the last record may lie a transaction's marker.
    """
    left = {place: end for place, (first, end) in wanted.items() if first < end}
    consumer.assign(list(left))
    for place in left:
        consumer.seek(place, wanted[place][0])
    until = time.monotonic() + _PATIENCE
    while left:
        for place, records in consumer.poll(timeout_ms=200).items():
            yield from (record for record in records if record.offset < wanted[place][1])
            until = time.monotonic() + _PATIENCE
        left = {place: end for place, end in left.items() if consumer.position(place) < end}
        if left and time.monotonic() > until:
            raise KafkaTimeoutError(f"nothing came of {', '.join(sorted({place.topic for place in left}))}")


def when(record: Any) -> datetime:
    """When the record says that it was written, in UTC; a time that is none is the first or the last there is."""
    first, last = _YEARS
    milliseconds = min(max(int(record.timestamp), 0), int(last.timestamp() * 1000))
    return min(first.fromtimestamp(milliseconds / 1000, UTC), last)
