"""A record of a topic as it is shown: its headers as text, its value as JSON where it is JSON."""

import json
from datetime import UTC, datetime
from typing import Any

from shared.messaging.kafka import Unreadable


def headers(record: Any) -> dict[str, str]:
    return {name: (value or b"").decode(errors="replace") for name, value in record.headers}


def body(record: Any) -> Any:
    """The record's JSON, or its text where it is not JSON."""
    text = (record.value or b"").decode(errors="replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def moment(milliseconds: int, timespec: str = "milliseconds") -> str:
    """A record's time in UTC, or its number where that is no time: producers write what they like."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec=timespec)
    except (ValueError, OverflowError, OSError):
        return str(milliseconds)


def as_object(record: Any) -> dict[str, Any]:
    """One record for programs: {topic, partition, offset, key, headers, data}; `unreadable` says why where it is."""
    key = record.key.decode(errors="replace") if record.key is not None else None
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    shown = place | {"key": key, "headers": headers(record), "data": body(record)}
    return shown | ({"unreadable": record.why} if isinstance(record, Unreadable) else {})
