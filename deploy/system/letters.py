"""The dead letters of the services: read from the topics, and sent again, each once.

Which were sent again stands in the topic that they were sent to: each record there names its letter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer, TopicPartition

from deploy.system import NotFound
from deploy.system.connect import System
from deploy.system.records import headers, moment
from deploy.system.topics import read as read_spans
from deploy.system.topics import reader, spans
from shared.messaging.dead_letters import PREFIX
from shared.messaging.kafka import using
from shared.messaging.redriven import LETTER, NO_LETTER

_LARGEST = 2 * 1024 * 1024


@dataclass(frozen=True)
class Sent:
    """What became of letters that were to be sent again: their names, and of the others why not."""

    sent: list[str]
    left: dict[str, str]


def read(system: System, service: str) -> list[Any]:
    """All records of `<service>.dead`, the oldest first."""
    with reader(system) as consumer:
        found = list(read_spans(consumer, spans(consumer, [f"{service}.dead"])))
    return sorted(found, key=lambda record: (record.timestamp, record.partition, record.offset))


def sent_again(system: System, service: str) -> Mapping[str, str]:
    """{letter: when it was sent again, RFC 3339} of those that were."""
    with reader(system) as consumer:
        found = list(read_spans(consumer, spans(consumer, [f"{service}.redrive"])))
    named = [(headers(record).get(LETTER), record) for record in found]
    return {f"{service}/{place}": moment(record.timestamp, "seconds") for place, record in named if place}


def one(system: System, service: str, partition: int, offset: int) -> Any:
    """The record at a place of `<service>.dead`. Raises NotFound."""
    place = TopicPartition(f"{service}.dead", partition)
    with reader(system) as consumer:
        first, end = spans(consumer, [place.topic]).get(place, (0, 0))
        if first <= offset < end:
            for record in read_spans(consumer, {place: (offset, offset + 1)}):
                return record
    raise NotFound(f"there is no dead letter {service}/{partition}/{offset}; `golem dlq list` shows them")


def about(record: Any) -> dict[str, Any]:
    """{letter, at, reason, error, origin, key} of a dead letter."""
    sent = headers(record)
    origin = "/".join(sent.get(f"{PREFIX}{name}", "?") for name in ("topic", "partition", "offset"))
    return {
        "letter": name_of(record),
        "at": moment(record.timestamp, "seconds"),
        "reason": sent.get(f"{PREFIX}reason", "?"),
        "error": sent.get(f"{PREFIX}error", ""),
        "origin": origin,
        "key": record.key.decode(errors="replace") if record.key is not None else None,
    }


def send_again(letters: Sequence[Any], system: System) -> Sent:
    """Send dead letters, as they were, to the topic that only the service reads which could not take them. What was
    sent again already, and what the service would not take, is left, with the reason.
    """
    services = {service_of(each) for each in letters}
    already = {name: at for service in services for name, at in sent_again(system, service).items()}
    left = {name_of(each): why for each in letters if (why := _why_not(each, already))}
    chosen = [each for each in letters if name_of(each) not in left]
    _send(chosen, system)
    return Sent([name_of(each) for each in chosen], left)


def _why_not(letter: Any, already: Mapping[str, str]) -> str:
    said = headers(letter)
    if at := already.get(name_of(letter)):
        return f"was sent again at {at}"
    if said.get(f"{PREFIX}reason") == NO_LETTER:
        return "came to the service without a letter, from whoever may write there"
    if f"{PREFIX}cut" in said:
        return "does not hold all of its record"
    return ""


def _send(letters: Iterable[Any], system: System) -> None:
    limits = {"max_block_ms": 5000, "request_timeout_ms": 5000, "max_request_size": _LARGEST}
    with using(KafkaProducer, {"timeout": 5}, **system.kafka, acks="all", **limits) as producer:
        futures = [
            producer.send(
                f"{service_of(record)}.redrive",
                key=record.key,
                value=record.value,
                headers=[
                    *(header for header in record.headers if not header[0].startswith(PREFIX)),
                    (LETTER, f"{record.partition}/{record.offset}".encode()),
                ],
            )
            for record in letters
        ]
        for future in futures:
            future.get(timeout=15)


def name_of(letter: Any) -> str:
    """SERVICE/PARTITION/OFFSET."""
    return f"{service_of(letter)}/{letter.partition}/{letter.offset}"


def service_of(letter: Any) -> str:
    """The service that could not take it."""
    return str(letter.topic).removesuffix(".dead")
