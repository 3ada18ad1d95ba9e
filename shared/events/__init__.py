"""The public events: what each is called, what it carries, how it looks on the wire.

`catalogue` lists every event type with its marshmallow schema (the source of truth, in the `schemas_*` files),
`cloudevents` turns an event into a Kafka record and back, `generate` writes `jsonschema/` and `docs/events.md`.
No client, no I/O and no rule of a lifecycle lives here.
"""

from shared.events.catalogue import (
    EVENT_NAMES,
    dataschema_uri,
    emit_data,
    latest,
)
from shared.events.cloudevents import (
    MAX_SEQUENCE,
    Event,
    Poison,
    Reason,
    check_source,
    decode,
    encode,
    source_of,
)

__all__ = [
    "EVENT_NAMES",
    "Event",
    "MAX_SEQUENCE",
    "Poison",
    "Reason",
    "check_source",
    "dataschema_uri",
    "decode",
    "emit_data",
    "encode",
    "latest",
    "source_of",
]
