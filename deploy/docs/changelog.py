"""`docs/contract-changelog.md`: what is written in `changelog.md` here, and what was added since the last release.

A release is a folder of `docs/released` with its OpenAPI document and the JSON Schemas of its events.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.docs import openapi
from shared.events.catalogue import CATALOGUE
from shared.events.jsonschemas import json_schema
from shared.http.declare.merging import VERSION

FOLDER = Path(__file__).parents[2] / "docs" / "released"
_WRITTEN = Path(__file__).with_suffix(".md")
LAST = max((each.name for each in FOLDER.iterdir()), key=lambda name: [int(part) for part in name.split(".")])


def released() -> tuple[dict[str, Any], dict[str, Any]]:
    """(OpenAPI, {hire.confirmed.v1: JSON Schema}) of the last release."""
    http, events = (json.loads((FOLDER / LAST / f"{name}.json").read_text("utf-8")) for name in ("openapi", "events"))
    return http, events


def page() -> str:
    lines = "\n".join(added()) or "Nothing was added."
    return _WRITTEN.read_text("utf-8").replace("%(version)s", VERSION).replace("%(added)s", lines)


def added() -> Iterator[str]:
    """What there is now and was not at the last release, a line each."""
    before, events_before = released()
    now = openapi.described()
    for path, methods in now["paths"].items():
        for method, operation in methods.items():
            if method not in before["paths"].get(path, {}):
                yield f"- New: `{method.upper()} {path}`: {operation['summary']}."
    for name, schema in now["components"]["schemas"].items():
        yield from _fields(name, before["components"]["schemas"].get(name), schema)
    for event in CATALOGUE.values():
        key = f"{event.name}.v{event.version}"
        if not event.internal and key not in events_before:
            yield f"- New event: `{event.name}` v{event.version}: {event.summary}."
        elif not event.internal:
            yield from _fields(key, events_before[key], json_schema(event))


def _fields(name: str, before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Iterator[str]:
    if before is not None:
        news = sorted(now.get("properties", {}).keys() - before.get("properties", {}).keys())
        if news:
            yield f"- New in {name}: {', '.join(f'`{each}`' for each in news)}."
