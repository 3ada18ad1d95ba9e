"""The public events: what each is called, what it carries, how it looks on the wire.

`catalogue` lists every event type with its marshmallow schema (the source of truth, in the `schemas_*` files),
`cloudevents` turns an event into a Kafka record and back, `generate` writes `jsonschema/` and `docs/events.md`.
No client, no I/O and no rule of a lifecycle lives here.
"""
