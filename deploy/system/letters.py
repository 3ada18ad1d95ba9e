"""The dead letters of the services: read from the topics, and sent again."""

from collections.abc import Iterable, Iterator
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy.system import NotFound
from deploy.system.connect import System
from deploy.system.records import headers, moment
from shared.messaging.dead_letters import PREFIX


def read(system: System, service: str) -> list[Any]:
    """All records of `<service>.dead`, the oldest first."""
    return sorted(_read(system, service), key=lambda record: (record.timestamp, record.partition, record.offset))


def _read(system: System, service: str, only: tuple[int, int] | None = None) -> Iterator[Any]:
    consumer = KafkaConsumer(**system.kafka, enable_auto_commit=False)
    try:
        topic = f"{service}.dead"
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        firsts, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
        if only is not None:
            place = TopicPartition(topic, only[0])
            if place not in firsts or not firsts[place] <= only[1] < ends[place]:
                return
            places, firsts, ends = [place], {place: only[1]}, {place: only[1] + 1}
        places = [place for place in places if firsts[place] < ends[place]]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, firsts[place])
        while any(consumer.position(place) < ends[place] for place in places):
            for place, records in consumer.poll(timeout_ms=200).items():
                yield from (record for record in records if record.offset < ends[place])
    finally:
        consumer.close(autocommit=False)


def one(system: System, service: str, partition: int, offset: int) -> Any:
    """The record at a place of `<service>.dead`. Raises NotFound."""
    for record in _read(system, service, (partition, offset)):
        return record
    raise NotFound(f"there is no dead letter {service}/{partition}/{offset}; `golem dlq list` shows them")


def about(record: Any) -> dict[str, Any]:
    """{letter, at, reason, error, origin, key} of a dead letter."""
    sent = headers(record)
    origin = "/".join(sent.get(f"{PREFIX}{name}", "?") for name in ("topic", "partition", "offset"))
    return {
        "letter": f"{service_of(record)}/{record.partition}/{record.offset}",
        "at": moment(record.timestamp, "seconds"),
        "reason": sent.get(f"{PREFIX}reason", "?"),
        "error": sent.get(f"{PREFIX}error", ""),
        "origin": origin,
        "key": record.key.decode(errors="replace") if record.key is not None else None,
    }


def send_again(letters: Iterable[Any], system: System) -> None:
    """Send dead letters, as they were, to the topic that only the service reads which could not take them."""
    producer = KafkaProducer(**system.kafka, acks="all", max_block_ms=5000, request_timeout_ms=5000)
    try:
        futures = [
            producer.send(
                f"{service_of(record)}.redrive",
                key=record.key,
                value=record.value,
                headers=[header for header in record.headers if not header[0].startswith(PREFIX)],
            )
            for record in letters
        ]
        for future in futures:
            future.get(timeout=15)
    finally:
        producer.close(timeout=5)


def service_of(letter: Any) -> str:
    """The service that could not take it."""
    return str(letter.topic).removesuffix(".dead")
