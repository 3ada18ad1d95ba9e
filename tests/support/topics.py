"""Reads topics as they are, and writes raw records, for tests."""

import time
from collections.abc import Sequence
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from shared.messaging.kafka import end_offsets, lenient
from tests.support.processes import patience

Headers = list[tuple[str, bytes]]


def read_all(server: str, topics: Sequence[str], seconds: float = 20.0) -> list[Any]:
    """Every record of these topics from their beginning to where they ended when asked."""
    consumer = lenient(KafkaConsumer(bootstrap_servers=[server], group_id=None, enable_auto_commit=False))
    try:
        return read_to_ends(consumer, topics, seconds)
    finally:
        consumer.close(autocommit=False)


def read_to_ends(consumer: Any, topics: Sequence[str], seconds: float = 20.0) -> list[Any]:
    """The same, by a client that belongs to no group."""
    places = [TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t) or ()]
    consumer.assign(places)
    ends = end_offsets(consumer, places)
    consumer.seek_to_beginning(*places)
    found: list[Any] = []
    deadline = time.monotonic() + patience(seconds)
    while any(consumer.position(place) < end for place, end in ends.items()):
        if time.monotonic() > deadline:
            raise AssertionError(f"the topics could not be read to their ends within {patience(seconds)} s")
        found += [r for records in consumer.poll(timeout_ms=50).values() for r in records]
    return found


def produce(server: str, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
    """One raw record, acknowledged."""
    producer = KafkaProducer(bootstrap_servers=[server], acks="all")
    try:
        producer.send(topic, key=key, value=value, headers=headers).get(timeout=20)
    finally:
        producer.close(timeout=5)
