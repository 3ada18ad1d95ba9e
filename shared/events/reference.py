"""`docs/events.md`: the prose of `guide.md`, and a table for each event made from its JSON Schema."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.events.catalogue import CATALOGUE, SCHEMA_BASE
from shared.events.event_type import EventType
from shared.events.jsonschemas import json_schema, path_of
from shared.events.schemas_escrow import EscrowState
from shared.events.schemas_listing import ListingState
from shared.events.schemas_matching import OfferState

PATH = Path(__file__).parents[2] / "docs" / "events.md"
_GUIDE = Path(__file__).with_name("guide.md")
_FAMILIES = {
    ListingState: "every `listing.*`",
    OfferState: "every `offer.*`, `help.given` and `hire.*` but `hire.confirmed`",
    EscrowState: "every `escrow.*` and `dispute.*`",
}

Rows = dict[str, str]


def reference() -> str:
    """The whole page."""
    parts = {"base": SCHEMA_BASE, "index": _index(), "events": "\n\n".join(_sections())}
    page = _GUIDE.read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace(f"%({name})s", text)
    return page


def _index() -> str:
    lines = ["| event | emitted by | meaning | |", "|---|---|---|---|"]
    for event in CATALOGUE.values():
        promised = "**promised**" if event.promised else "internal" if event.internal else ""
        lines.append(f"| [`{event.name}`](#{_anchor(event)}) | {event.owner} | {event.summary} | {promised} |")
    return "\n".join(lines)


def _sections() -> Iterator[str]:
    shown: set[type] = set()
    for event in CATALOGUE.values():
        family = next((base for base in _FAMILIES if issubclass(event.schema, base)), None)
        common = _rows(json_schema(_plain(family))) if family else {}
        if family and family not in shown:
            shown.add(family)
            yield f"### Fields of {_FAMILIES[family]}\n\n{_table(common)}"
        yield _section(event, common)


def _plain(family: type[Any]) -> EventType:
    return EventType("family", family, "its fields", owner="")


def _section(event: EventType, common: Rows) -> str:
    """A promised event shows all of its fields; another one what it has beside, or unlike, its family."""
    rows = _rows(json_schema(event))
    own = rows if event.promised else {name: row for name, row in rows.items() if common.get(name) != row}
    promised = "Promised. " if event.promised else ""
    schema = f"[schema](../{path_of(event).relative_to(PATH.parents[1]).as_posix()})"
    head = f"### {event.name} v{event.version}\n\n{promised}Emitted by {event.owner}: {event.summary}. {schema}"
    if not own:
        return f"{head}\n\nThe common fields, nothing more."
    says = "" if event.promised or not common else "The common fields, and:\n\n"
    return f"{head}\n\n{says}{_table(own)}"


def _anchor(event: EventType) -> str:
    """What GitHub makes of the section's heading."""
    return f"{event.name} v{event.version}".lower().replace(".", "").replace(" ", "-")


def _table(rows: Rows) -> str:
    return "\n".join(["| field | type | meaning |", "|---|---|---|", *rows.values()])


def _rows(schema: dict[str, Any], prefix: str = "") -> Rows:
    """A line for each field, those of objects inside as `pay.min`, those of lists of objects as `help[].kind`."""
    rows: Rows = {}
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        path = prefix + name
        optional = "" if name in required else ", optional"
        rows[path] = f"| `{path}` | {_type(field)}{optional} | {field.get('description', '')} |"
        inner = field.get("items", field)
        if "properties" in inner:
            rows |= _rows(inner, f"{path}[]." if "items" in field else f"{path}.")
    return rows


def _type(field: dict[str, Any]) -> str:
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    kind = str(kinds[0])
    if kind == "array":
        says = f"list of {field['minItems']}..{field['maxItems']} {_type(field['items'])}s"
    elif kind == "integer":
        says = f"integer {field['minimum']}..{field['maximum']}"
    elif "enum" in field:
        says = "one of " + ", ".join(word for word in field["enum"] if word)
    else:
        says = {"date-time": "time", "date": "day"}.get(field.get("format", ""), kind)
    return f"{says} or null" if "null" in kinds else says
