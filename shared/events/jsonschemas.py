"""JSON Schema 2020-12 of each event's data, made from the marshmallow schemas by apispec (OpenAPI 3.1's dialect)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from shared.events.catalogue import CATALOGUE, dataschema_uri
from shared.events.event_type import EventType

OPENAPI = "3.1.0"
FOLDER = Path(__file__).parent / "jsonschema"


def path_of(event: EventType) -> Path:
    """Where the schema of that version of that event is committed."""
    return FOLDER / f"{event.name}.v{event.version}.json"


def json_schema(event: EventType) -> dict[str, Any]:
    """The schema as a consumer may hold us to it: the known fields, anything beside them allowed."""
    spec = APISpec(title="events", version="1", openapi_version=OPENAPI)
    converter = OpenAPIConverter(OPENAPI, schema_name_resolver=lambda schema: "", spec=spec)  # no name: inlined
    data: dict[str, Any] = converter.schema2jsonschema(event.schema())  # type: ignore[no-untyped-call]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": dataschema_uri(event.name, event.version),
        "title": f"{event.name} v{event.version}",
        "description": f"{event.summary[0].upper()}{event.summary[1:]}. Emitted by {event.owner}.",
        **_open(data),
    }


def files() -> Iterator[tuple[Path, str]]:
    """(path, content) of each committed schema file."""
    for event in CATALOGUE.values():
        yield path_of(event), json.dumps(json_schema(event), indent=2) + "\n"


def _open(node: Any) -> Any:
    """The same schema without what apispec says of unknown fields: readers let them pass, inside nested objects too."""
    if isinstance(node, dict):
        return {key: _open(below) for key, below in node.items() if key != "additionalProperties"}
    if isinstance(node, list):
        return [_open(item) for item in node]
    return node
