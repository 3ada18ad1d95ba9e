"""The events that other systems may read, in one AsyncAPI 3.0 document made from the catalogue."""

import json
from typing import Any

from deploy.docs import contract, envelope
from shared.events.catalogue import PUBLIC_NAMES, latest
from shared.events.cloudevents import CONTENT_TYPE
from shared.events.event_type import EventType
from shared.events.jsonschemas import json_schema
from shared.http.declare.merging import VERSION

_KAFKA = "0.5.0"
_FOR_EVER = {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1}
EVENTS = tuple(latest(name) for name in PUBLIC_NAMES)


def document() -> dict[str, Any]:
    """What the gateway serves at /v1/asyncapi.json."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:good-golem:events",
        "info": {
            **contract.info("Good Golem's events", VERSION, contract.EVENTS),
            "tags": [{"name": owner, "description": contract.TAGS[owner]} for owner in _owners()],
            "externalDocs": {"url": "https://cloudevents.io/", "description": "CloudEvents"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": _SERVER},
        "channels": {event.name: _channel(event) for event in EVENTS},
        "operations": {f"send.{event.name}": _operation(event) for event in EVENTS},
        "components": {
            "messages": {_key(event): _message(event) for event in EVENTS},
            "securitySchemes": {
                "scram": {"type": "scramSha512", "description": "`golem subscriber add` makes a user."}
            },
        },
    }


_SERVER = {
    "host": "{bootstrap}",
    "protocol": "kafka-secure",
    "description": "The operator's broker. `golem up` has an open one on the own machine.",
    "variables": {"bootstrap": {"default": "localhost:9092", "description": "What the operator names."}},
    "security": [{"$ref": "#/components/securitySchemes/scram"}],
}


def _owners() -> list[str]:
    return list(dict.fromkeys(event.owner for event in EVENTS))


def _key(event: EventType) -> str:
    return f"{event.name}.v{event.version}"


def _sentence(event: EventType) -> str:
    return f"{event.summary[0].upper()}{event.summary[1:]}."


def _channel(event: EventType) -> dict[str, Any]:
    return {
        "address": event.name,
        "title": event.name,
        "summary": _sentence(event),
        "description": f"Owned by {event.owner}, which alone writes it. Kept for ever: a new reader has all of them.",
        "tags": [{"name": event.owner}],
        "servers": [{"$ref": "#/servers/broker"}],
        "messages": {_key(event): {"$ref": f"#/components/messages/{_key(event)}"}},
        "bindings": {
            "kafka": {"topic": event.name, "topicConfiguration": _FOR_EVER, "bindingVersion": _KAFKA},
        },
        "x-owner": event.owner,
    }


def _operation(event: EventType) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{event.name}"},
        "summary": _sentence(event),
        "description": f"{event.owner} sends it; subscribe to its channel.",
        "tags": [{"name": event.owner}],
        "messages": [{"$ref": f"#/channels/{event.name}/messages/{_key(event)}"}],
    }


def _message(event: EventType) -> dict[str, Any]:
    payload = {name: value for name, value in json_schema(event).items() if name not in ("$schema", "$id")}
    shown = envelope.example(event)
    described: dict[str, Any] = {
        "name": event.name,
        "title": f"{event.name} v{event.version}",
        "summary": _sentence(event),
        "contentType": CONTENT_TYPE,
        "tags": [{"name": event.owner}],
        "headers": headers(event),
        "payload": payload,
        "bindings": {
            "kafka": {"key": {"type": "string", "description": "ce_subject"}, "bindingVersion": _KAFKA},
        },
        "x-promised": event.promised,
        "x-eventcatalog-message-type": "event",
        "x-eventcatalog-role": "provider",
    }
    if shown is not None:
        described["examples"] = [{"name": event.name, "headers": shown[0], "payload": shown[1]}]
    return described


def headers(event: EventType) -> dict[str, Any]:
    """The JSON Schema of a record's headers."""
    known = {f"ce_{name}": schema for name, schema in envelope.attributes(event).items()}
    known["content-type"] = {"type": "string", "const": CONTENT_TYPE}
    traced = {"type": "string", "description": "W3C Trace Context, where the cause was traced."}
    return {"type": "object", "required": list(known), "properties": {**known, "traceparent": traced}}


def page() -> str:
    """The document as JSON text."""
    return json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def site() -> str:
    """The same in few bytes, as it is served."""
    return json.dumps(document(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
