"""Records for tests of what reads them: real events of the catalogue, and records that are wrong in one way."""

from datetime import UTC, datetime
from typing import Any

from shared.events import Event, encode
from shared.messaging.ports import Message

PERSON = "p_" + "1" * 32


def erased(event_id: str = "e-1", sequence: int = 1, topic: str = "person.erased", **changed: Any) -> Message:
    """A person.erased; `changed` replaces the record's headers by name (None drops one), `value` or `key`."""
    event = Event(event_id, "person.erased", 1, "urn:good-golem:matching", PERSON, sequence,
                  datetime(2027, 1, 1, tzinfo=UTC), {"person_id": PERSON})  # fmt: skip
    key, value, headers = encode(event)
    value, key = changed.pop("value", value), changed.pop("key", key)
    said = dict(headers) | {name.replace("__", "-"): text for name, text in changed.items()}
    return Message(topic, key, value, tuple((name, text) for name, text in said.items() if text is not None))


POISON: dict[str, Message] = {
    "not_json": erased("poison-1", value=b"{not json"),
    "bad_data": erased("poison-2", value=b'{"person_id": 7}'),
    "too_big": erased("poison-3", value=b'"' + b"a" * 1_000_001 + b'"'),
    "missing_header": erased("poison-4", ce_id=None),
    "bad_header": erased("poison-5", ce_time=b"yesterday"),
    "unknown_type": erased(
        "poison-6", ce_type=b"moon.rose", ce_dataschema=b"https://goodgolem.example/schemas/moon.rose/1"
    ),
    "unknown_version": erased("poison-7", ce_dataschema=b"https://goodgolem.example/schemas/person.erased/99"),
    "wrong_key": erased("poison-8", key=b"somebody else"),
}
