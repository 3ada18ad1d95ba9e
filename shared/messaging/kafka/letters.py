"""Reads single records, dead letters or events, by a client that lives as long as one batch of them."""

from collections.abc import Iterable, Mapping
from itertools import chain

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from shared.clock import Clock
from shared.messaging.kafka.connection import connection
from shared.messaging.kafka.lenient import lenient
from shared.messaging.kafka.offsets import end_offsets
from shared.messaging.kafka.opening import opened, shut
from shared.messaging.kafka.source import record_of
from shared.messaging.ports import Record
from shared.messaging.redriven import Place
from shared.settings import Kafka

_READ_WITHIN = 10.0
_NEAR = 1000
"""Records that are passed over rather than sought behind: a client that seeks throws away what it has fetched."""


class KafkaLetters:
    """The letters of one service, and the events that it reads."""

    def __init__(self, settings: Kafka, service: str, clock: Clock) -> None:
        self._settings, self._service, self._clock = settings, service, clock

    def find(self, places: Iterable[Place]) -> Mapping[Place, Record]:
        wanted = sorted(set(places))
        if not wanted:
            return {}
        options = connection(self._settings, f"{self._service}-letters")
        made = opened(KafkaConsumer, **options, enable_auto_commit=False)
        consumer = lenient(made)
        try:
            ends: dict[TopicPartition, int] = {}
            for topic in sorted({topic for topic, _, _ in wanted}):
                there = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
                if not there:  # not a word about letters: nothing may be refused for it
                    raise KafkaTimeoutError(f"{topic} is not there, or not ours to read")
                ends |= end_offsets(consumer, there, _READ_WITHIN)
            found = {}
            for topic, partition, offset in wanted:
                place = TopicPartition(topic, partition)
                if offset < ends.get(place, 0) and (record := self._read(consumer, place, offset)):
                    found[topic, partition, offset] = record
            return found
        finally:
            shut(consumer, autocommit=False, timeout_ms=2000)

    def _read(self, consumer: KafkaConsumer, place: TopicPartition, offset: int) -> Record | None:
        """The record at that offset; None where there is another one instead, or none. KafkaTimeoutError."""
        if consumer.assignment() != {place}:
            consumer.assign([place])
            consumer.seek(place, offset)
        elif not 0 <= offset - consumer.position(place) < _NEAR:
            consumer.seek(place, offset)
        until = self._clock.monotonic() + _READ_WITHIN
        while consumer.position(place) <= offset:
            for record in chain.from_iterable(consumer.poll(timeout_ms=200, max_records=1).values()):
                if record.offset >= offset:
                    return record_of(record) if record.offset == offset else None
            if self._clock.monotonic() > until:
                raise KafkaTimeoutError(f"{place} was not read at {offset}")
        return None
