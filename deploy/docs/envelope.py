"""An event of the contract whole: its CloudEvents attributes, in headers or beside the data, and an example of both."""

import uuid
from datetime import UTC, datetime
from typing import Any

from deploy.docs.examples import recorded
from shared.clock import parse_time
from shared.events.catalogue import dataschema_uri
from shared.events.cloudevents import Event, encode, source_of
from shared.events.event_type import EventType

_VISIBLE = "^[!-~]{1,256}$"


def attributes(event: EventType) -> dict[str, dict[str, Any]]:
    """{CloudEvents attribute: its JSON Schema} of that version of that event."""
    return {
        "specversion": {"type": "string", "const": "1.0"},
        "id": _text("Unique for the event; the same when it is sent again: drop what you have taken."),
        "source": {"type": "string", "const": source_of(event.owner), "description": "The service that owns it."},
        "type": {"type": "string", "const": event.name},
        "time": {"type": "string", "format": "date-time", "description": "When it happened: UTC, milliseconds."},
        "subject": _text("The id of its listing or offer; an escrow has its offer's."),
        "partitionkey": _text("The same."),
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{10}$",
            "description": "Its number within its source and subject, from 1: a higher one is newer.",
        },
        "dataschema": {"type": "string", "format": "uri", "const": dataschema_uri(event.name, event.version)},
    }


def example(event: EventType) -> tuple[dict[str, str], dict[str, Any]] | None:
    """(the record's headers, its data) as the relay sends them; None where no test has emitted one yet."""
    data: dict[str, Any] | None = recorded().get(f"{event.name}.v{event.version}")
    if data is None:
        return None
    times = [parse_time(value) for name, value in data.items() if name.endswith("_at") and isinstance(value, str)]
    key = f"{event.name}.v{event.version}"
    one = Event(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
        type=event.name,
        version=event.version,
        source=source_of(event.owner),
        subject=data.get(event.subject_field or "", data.get("person_id", "")),
        sequence=2,
        time=min(times, default=datetime(2027, 1, 31, 12, tzinfo=UTC)),
        data=data,
    )
    _, _, headers = encode(one)
    return {name: value.decode() for name, value in headers}, data


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "pattern": _VISIBLE, "description": description}
