"""Dead letters: what a service could not take, in the topic `<service>.dead`, with the original bytes and the reason.

Headers beside the record's own: `dlq_reason` (a code), `dlq_error` (words or a traceback), `dlq_topic`,
`dlq_partition`, `dlq_offset`, `dlq_service`; `dlq_origin` where it had been sent again: the topic it first came from;
`dlq_cut` where the record was larger than a letter may be. `golem dlq redrive` sends the original bytes and headers to
`<service>.redrive`, which only that service reads, with `dlq_letter`: the letter's place. What is sent there is taken
only if that letter is there and has the same bytes (`redriven.py`).
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.messaging.ports import Headers, Message, Publisher, Record
from shared.telemetry import metrics

PREFIX = "dlq_"
_ERROR_LIMIT = 8_000
_KEY_LIMIT, _HEADERS_LIMIT, _VALUE_LIMIT = 100_000, 400_000, 1_300_000
"""Bytes: together less than the topics take. What unpacks to more could never be buried, and would stop its topic."""

_WINDOW, _LEAST = 100, 50


class TooManyDead(Exception):
    """So many of the last records died that something else must be wrong: consuming stops until a person looked."""


@dataclass(frozen=True)
class DeadLetter:
    """`origin` is the topic that the record first came from, where it was sent again since."""

    record: Record
    reason: str
    error: str
    origin: str = ""


def from_parked(parked: Mapping[str, Any]) -> DeadLetter | None:
    """The dead letter of a trigger that died while it was parked; None where it came from no record (a webhook's)."""
    stored = parked.get("record")
    if not stored:
        return None
    error = parked.get("error") or f"parked at {parked['parked_at'].isoformat()}"
    return DeadLetter(record_from(stored), parked["reason"], error, stored.get("origin", ""))


def stored_record(record: Record, origin: str = "") -> dict[str, Any]:
    """The record as a document keeps it beside what is parked; `origin` as in its letter."""
    fields = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    fields |= {"origin": origin} if origin else {}
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
    if letter.origin:
        about["origin"] = letter.origin
    key, value, own = record.key, record.value, own_headers(record)
    if size := _too_large(record):
        key, value, own = key and key[:_KEY_LIMIT], value and value[:_VALUE_LIMIT], _those_that_fit(own)
        about["cut"] = f"of {size} bytes"
    headers = own + tuple((PREFIX + name, text.encode(errors="replace")) for name, text in about.items())
    nothing = key is None and value is None  # which the client cannot send
    return Message(f"{service}.dead", key, b"" if nothing else value, headers)


def own_headers(record: Record) -> Headers:
    """The record's headers, without what was said about it as a dead letter."""
    return tuple(header for header in record.headers if not header[0].startswith(PREFIX))


def _too_large(record: Record) -> int:
    """The record's size in bytes where any part of it is larger than a letter holds, else 0."""
    headers = sum(_size(header) for header in record.headers)
    sizes = (len(record.key or b""), headers, len(record.value or b""))
    limits = (_KEY_LIMIT, _HEADERS_LIMIT, _VALUE_LIMIT)
    return sum(sizes) if any(size > limit for size, limit in zip(sizes, limits, strict=True)) else 0


def _size(header: tuple[str, bytes]) -> int:
    return len(header[0].encode(errors="replace")) + len(header[1]) + 10


def _those_that_fit(headers: Headers) -> Headers:
    left, kept = _HEADERS_LIMIT, []
    for header in headers:
        left -= _size(header)
        if left < 0:
            break
        kept.append(header)
    return tuple(kept)


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
    """Watches the share of the last 100 records that died; absurd is 50 of them and more than half."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=_WINDOW)

    def note(self, died: Sequence[bool]) -> None:
        """Raises TooManyDead where the share is absurd."""
        for one in died:
            self._last.append(one)
            dead = sum(self._last)
            if dead >= _LEAST and dead * 2 > len(self._last):
                raise TooManyDead(f"{dead} of the last {len(self._last)} records died")
