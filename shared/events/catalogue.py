"""Every event type and version: its schema, who emits it, what it says. Strict to emit, tolerant to read.

The marshmallow schemas are the source of truth; the JSON Schema files and `docs/events.md` are made from here.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from types import MappingProxyType
from typing import Any, Literal

from marshmallow import Schema, ValidationError

from shared.events import schemas_escrow as escrow
from shared.events import schemas_listing as listing
from shared.events import schemas_matches as matches
from shared.events import schemas_matching as matching
from shared.events import schemas_person as person
from shared.events.event_type import EventType

SCHEMA_BASE = "https://goodgolem.example/schemas/"


class CatalogueError(ValueError):
    """An event that the catalogue does not know, or that does not fit its schema."""


class UnknownType(CatalogueError):
    """No event of that name."""


class UnknownVersion(CatalogueError):
    """The event is known, that version of it is not."""


class SchemaError(CatalogueError):
    """Data that does not fit its schema: `field` is the first wrong one (`help.0.price`), `errors` has them all.

    Its text names the first five, and repeats no value.
    """

    def __init__(self, name: str, version: int, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        self.field = next(iter(self.errors), "")
        says = "; ".join(f"{field or 'data'}: {message}" for field, message in islice(self.errors.items(), 5))
        super().__init__(f"{name} v{version}: {says}")


_TYPES = (*listing.EVENTS, *matching.EVENTS, *escrow.EVENTS, *person.EVENTS, *matches.EVENTS)

CATALOGUE: Mapping[tuple[str, int], EventType] = MappingProxyType({(each.name, each.version): each for each in _TYPES})
"""By (name, version)."""

_LATEST = {each.name: each for each in sorted(_TYPES, key=lambda each: each.version)}
EVENT_NAMES: tuple[str, ...] = tuple(dict.fromkeys(each.name for each in _TYPES))
"""Every event name, which is also its topic, in the order of the lifecycles."""
PUBLIC_NAMES: tuple[str, ...] = tuple(name for name in EVENT_NAMES if not _LATEST[name].internal)
"""Those that a subscriber may read."""

INTERNAL_NAMES: frozenset[str] = frozenset(EVENT_NAMES) - frozenset(PUBLIC_NAMES)
"""Those between the services: marks and registers. No deadline decides by what they bring."""


def latest(name: str) -> EventType:
    """The newest version of the event `name`, the one that is emitted; UnknownType."""
    try:
        return _LATEST[name]
    except KeyError:
        raise UnknownType(f"no event is called {name!r}") from None


def find(name: str, version: int) -> EventType:
    """That version of that event; UnknownType, UnknownVersion."""
    try:
        return CATALOGUE[name, version]
    except KeyError:
        newest = latest(name).version
        raise UnknownVersion(f"{name} has no version {version} here; the newest is {newest}") from None


def dataschema_uri(name: str, version: int) -> str:
    """The `ce_dataschema` of an event and the `$id` of its JSON Schema; ends in `/<name>/<version>`."""
    return f"{SCHEMA_BASE}{name}/{version}"


def parse_dataschema(uri: str) -> tuple[str, int]:
    """(name, version) of a `ce_dataschema`, known or not; ValueError where it is not of that form."""
    name, _, version = uri.removeprefix(SCHEMA_BASE).partition("/")
    number = int(version) if version.isascii() and version.isdigit() and len(version) <= 6 else 0
    if number < 1 or uri != dataschema_uri(name, number):
        raise ValueError(f"a dataschema has the form {SCHEMA_BASE}<type>/<version>")
    return name, number


def emit_data(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` as the newest version of `name` carries it, ready for JSON; datetimes and dates may be objects or text.

    Strict: an unknown, missing or wrong field raises SchemaError; an unknown name UnknownType.
    """
    return _load(latest(name), "raise", data)


def read_data(name: str, version: int, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The known fields of `raw`, checked; times and dates stay text. Unknown fields are dropped.

    Raises UnknownType, UnknownVersion, SchemaError.
    """
    return _load(find(name, version), "exclude", raw)


_Unknown = Literal["raise", "exclude"]


@cache
def _schema(schema: type[Schema], unknown: _Unknown) -> Schema:
    return schema(unknown=unknown)


def _load(event: EventType, unknown: _Unknown, data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = _schema(event.schema, unknown).load(data)
    except ValidationError as error:
        raise SchemaError(event.name, event.version, dict(_flat(error.messages))) from None
    return loaded


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """marshmallow's tree of messages as (dotted path, message)."""
    if not isinstance(messages, dict):
        yield path, " ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
        return
    for key, below in messages.items():
        step = "" if key == "_schema" else str(key)
        yield from _flat(below, f"{path}.{step}".strip("."))
