"""The `webhooks` of the OpenAPI document: each public event as a webhook's body, a CloudEvent in structured mode."""

from typing import Any

from deploy.docs import asyncapi, envelope
from shared.events.cloudevents import CONTENT_TYPE
from shared.events.event_type import EventType
from shared.events.jsonschemas import json_schema

MEDIA = "application/cloudevents+json"
_SIGNED = (
    (
        "webhook-id",
        "string",
        "Of the event for this webhook: the same each time it is tried. Drop what you have taken.",
    ),
    (
        "webhook-timestamp",
        "integer",
        "When it was sent, in seconds since 1970. Refuse what is older than five minutes.",
    ),
    ("webhook-signature", "string", "Standard Webhooks 1.0, several with blanks between: `v1,` HMAC, `v1a,` Ed25519."),
)


def described() -> dict[str, Any]:
    """{event: what is posted to a webhook}."""
    return {event.name: {"post": _posted(event)} for event in asyncapi.EVENTS}


def body(event: EventType) -> dict[str, Any]:
    """The JSON Schema of a full payload."""
    data = {name: value for name, value in json_schema(event).items() if name not in ("$schema", "$id", "title")}
    known = {**envelope.attributes(event), "datacontenttype": {"type": "string", "const": CONTENT_TYPE}, "data": data}
    return {"type": "object", "required": list(known), "properties": known}


def example(event: EventType) -> dict[str, Any] | None:
    """A body, as it is posted."""
    shown = envelope.example(event)
    if shown is None:
        return None
    attributes = {name.removeprefix("ce_"): value for name, value in shown[0].items() if name.startswith("ce_")}
    return {**attributes, "datacontenttype": CONTENT_TYPE, "data": shown[1]}


def _posted(event: EventType) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": body(event)}
    shown = example(event)
    if shown is not None:
        content["example"] = shown
    return {
        "operationId": "on" + "".join(word.title() for word in event.name.replace(".", "_").split("_")),
        "summary": f"{event.summary[0].upper()}{event.summary[1:]}",
        "description": f"Owned by {event.owner}. Sent to each webhook that asks for it until it answers 2xx. This is "
        "the full payload; a thin one has no `dataschema`, and as `data` nothing but the `url` where it is read.",
        "tags": ["events"],
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": says, "schema": {"type": kind}}
            for name, kind, says in _SIGNED
        ],
        "requestBody": {"required": True, "content": {MEDIA: content}},
        "responses": {
            "2XX": {"description": "Taken."},
            "4XX": {
                "description": "Not taken: it comes again. 410 turns the webhook off; 429 with Retry-After slows it."
            },
        },
    }
