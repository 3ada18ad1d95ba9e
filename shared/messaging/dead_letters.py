"""Dead letters: what a service could not take, in the topic `<service>.dead`, with the original bytes and the reason.

Headers beside the record's own: `dlq_reason` (a code), `dlq_error` (words or a traceback), `dlq_topic`,
`dlq_partition`, `dlq_offset`, `dlq_service`. `golem dlq redrive` sends the original bytes and headers to
`<service>.redrive`, which only that service reads.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.messaging.ports import Headers, Message, Publisher, Record
from shared.telemetry import metrics

PREFIX = "dlq_"
_ERROR_LIMIT = 8_000


class TooManyDead(Exception):
    """So many of the last records died that something else must be wrong: consuming stops until a person looked."""


@dataclass(frozen=True)
class DeadLetter:
    record: Record
    reason: str
    error: str


def from_parked(parked: Mapping[str, Any]) -> DeadLetter | None:
    """The dead letter of a trigger that died while it was parked; None where it came from no record (a webhook's)."""
    stored = parked.get("record")
    if not stored:
        return None
    error = parked.get("error") or f"parked at {parked['parked_at'].isoformat()}"
    return DeadLetter(record_from(stored), parked["reason"], error)


def stored_record(record: Record) -> dict[str, Any]:
    """The record as a document keeps it beside what is parked."""
    fields = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    return fields | {"key": record.key, "value": record.value, "headers": [list(h) for h in record.headers]}


def record_from(stored: Mapping[str, Any]) -> Record:
    headers: Headers = tuple((name, bytes(value)) for name, value in stored["headers"])
    return Record(stored["topic"], stored["partition"], stored["offset"], stored["key"], stored["value"], headers)


def message(service: str, letter: DeadLetter) -> Message:
    record = letter.record
    about = {
        "reason": letter.reason,
        "error": letter.error[:_ERROR_LIMIT],
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "service": service,
    }
    own = tuple(h for h in record.headers if not h[0].startswith(PREFIX))
    headers = own + tuple((PREFIX + name, value.encode(errors="replace")) for name, value in about.items())
    nothing = record.key is None and record.value is None  # which the client cannot send
    return Message(f"{service}.dead", record.key, b"" if nothing else record.value, headers)


def bury(publisher: Publisher, service: str, letters: Sequence[DeadLetter]) -> bool:
    """Publish the letters; True when the broker has acknowledged all of them."""
    if not letters:
        return True
    if not all(publisher.publish([message(service, letter) for letter in letters])):
        return False
    for letter in letters:
        metrics.DEAD_LETTERS.labels(service, letter.reason).inc()
    return True


class DeadShare:
    """Watches the share of the last `window` records that died; absurd is `least` of them and more than half."""

    def __init__(self, window: int = 100, least: int = 50) -> None:
        self._last: deque[bool] = deque(maxlen=window)
        self._least = least

    def note(self, died: Sequence[bool]) -> None:
        """Raises TooManyDead where the share is absurd."""
        for one in died:
            self._last.append(one)
            dead = sum(self._last)
            if dead >= self._least and dead * 2 > len(self._last):
                raise TooManyDead(f"{dead} of the last {len(self._last)} records died")
