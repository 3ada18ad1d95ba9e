"""What a JSON Schema allows, by examples: each word, type, bound and optional member of it stands in one of them.

Nothing is drawn by chance: a change of a schema that a reader or writer would notice shows in every run. Of a pattern
there is the simplest text and a longer one, of a number its bounds.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_OF_FORMAT = {
    "uuid": "0d840e3e-5f70-4fd6-bc36-b24675b5d857",
    "date": "2027-01-31",
    "date-time": "2027-01-31T12:00:00.000Z",
    "email": "a@b.example",
    "idn-hostname": "b.example",
}
_FEW = settings(
    max_examples=200, database=None, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck)
)
_DEEPEST = 12


def instances(schema: Any, schemas: Mapping[str, Any], depth: int = 0) -> Iterator[Any]:
    """`schemas` is {name: schema} of `#/components/schemas/`. The first is the fullest."""
    if depth > _DEEPEST or schema is True or not isinstance(schema, Mapping):
        yield None
        return
    if "$ref" in schema:
        yield from instances(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth + 1)
    elif "allOf" in schema:
        yield from instances(_together(schema, schemas), schemas, depth + 1)
    elif ways := schema.get("anyOf", schema.get("oneOf")):
        for way in ways:
            yield from instances(way, schemas, depth + 1)
    elif "const" in schema:
        yield schema["const"]
    elif words := schema.get("enum", schema.get("x-extensible-enum")):
        yield from words
    else:
        kinds = schema.get("type", _TYPES)
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            yield from _OF_KIND[kind](schema, schemas, depth)


def _together(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        found = schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        for key, value in found.items():
            if key == "properties":
                whole[key] = {**whole.get(key, {}), **value}
            elif key == "required":
                whole[key] = [*whole.get(key, []), *value]
            else:
                whole.setdefault(key, value)
    return whole


def _objects(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> Iterator[Any]:
    known = {name: list(instances(member, schemas, depth + 1)) for name, member in schema.get("properties", {}).items()}
    full = {name: values[0] for name, values in known.items() if values}
    yield full
    yield {name: value for name, value in full.items() if name in schema.get("required", ())}
    for name, values in known.items():
        yield from ({**full, name: value} for value in values[1:])
    if isinstance(more := schema.get("additionalProperties"), Mapping):
        yield from ({**full, "another": value} for value in instances(more, schemas, depth + 1))


def _arrays(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> Iterator[Any]:
    fewest, most = schema.get("minItems", 0), schema.get("maxItems", 1)
    items: list[Any] = []
    for item in instances(schema.get("items", {}), schemas, depth + 1):
        items += [item] if item not in items else []
    several = items[:most] if schema.get("uniqueItems") else (items[:1] * most)[:50]
    if len(several) >= fewest and several:
        yield several
    for item in items:
        rest = [other for other in items if other != item] if schema.get("uniqueItems") else items
        yield [item, *islice(rest, max(fewest - 1, 0))]
    if not fewest:
        yield []


def _strings(schema: Mapping[str, Any], *_: Any) -> Iterator[Any]:
    fewest, most = schema.get("minLength", 0), schema.get("maxLength", 100)
    if schema.get("format") in _OF_FORMAT:
        yield _OF_FORMAT[schema["format"]]
    elif "pattern" in schema:
        yield from (text for text in of_pattern(schema["pattern"]) if fewest <= len(text) <= most)
    else:
        yield from dict.fromkeys(["a" * most, "a" * fewest])


@lru_cache(None)
def of_pattern(pattern: str) -> list[str]:
    """The simplest text that a pattern allows, and a longer one where there is one."""
    texts = st.from_regex(pattern, fullmatch=pattern.endswith("$"))
    simplest = find(texts, lambda _: True, settings=_FEW, random=Random(1))
    try:
        return [find(texts, lambda text: len(text) > len(simplest), settings=_FEW, random=Random(1)), simplest]
    except NoSuchExample:
        return [simplest]


def _numbers(schema: Mapping[str, Any], *_: Any) -> Iterator[Any]:
    yield from dict.fromkeys([schema.get("maximum", 2**40), schema.get("minimum", -(2**40))])


def _floats(schema: Mapping[str, Any], *_: Any) -> Iterator[Any]:
    yield from _numbers(schema)
    yield (schema.get("maximum", 1) + schema.get("minimum", 0)) / 2


_OF_KIND = {
    "null": lambda *_: iter([None]),
    "boolean": lambda *_: iter([True, False]),
    "integer": _numbers,
    "number": _floats,
    "string": _strings,
    "array": _arrays,
    "object": _objects,
}
