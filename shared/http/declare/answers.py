"""How a schema reads as a question and as an answer. Both come from one marshmallow schema, which loads and dumps.

A question is bounded and closed, as the schema loads it. An answer is what is stored, and what is stored may be older
or come from elsewhere: it promises which members are there, their types and their words, and no bounds. So no bound of
an answer can be narrower than that of the question by which its value came. Words that may become more within a
version (`x-grows` in a field's metadata) are given as `x-extensible-enum`: a client lets an unknown one pass.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema

_BOUNDS = (
    "minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "maxItems", "uniqueItems", "default",
    "additionalProperties", "readOnly", "writeOnly", "x-grows",
)  # fmt: skip
_CHECKED_FORMATS = ("uuid", "date", "date-time", "uri", "uri-reference")


def describe_asked(described: dict[str, Any], schemas: Mapping[str, type[Schema]]) -> None:
    """Leave out what cannot be sent: what a schema dumps alone. One that is not closed says so."""
    for name, schema in schemas.items():
        if "additionalProperties" not in described[name]:
            described[name] = _opened(described[name])
        loaded = {field.data_key or key for key, field in schema().load_fields.items()}
        _keep(described[name], loaded)


def describe_shown(described: dict[str, Any], schemas: Mapping[str, type[Schema]]) -> None:
    """Leave out bounds and what is never shown; require each member that is not declared `optional`."""
    for name, schema in schemas.items():
        shown = {field.data_key or key: field for key, field in schema().dump_fields.items()}
        _keep(described[name], set(shown))
        required = sorted(key for key, field in shown.items() if not getattr(field, "optional", False))
        described[name] = _unbounded(described[name]) | ({"required": required} if required else {})


def _opened(described: Any) -> Any:
    if isinstance(described, list):
        return [_opened(each) for each in described]
    if not isinstance(described, dict):
        return described
    left = {key: _opened(value) for key, value in described.items()}
    return {**left, "additionalProperties": True} if isinstance(left.get("properties"), dict) else left


def _keep(described: dict[str, Any], names: set[str]) -> None:
    members = described.get("properties", {})
    described["properties"] = {name: member for name, member in members.items() if name in names}
    if "required" in described:
        described["required"] = [name for name in described["required"] if name in names]


def _unbounded(described: Mapping[str, Any]) -> dict[str, Any]:
    left: dict[str, Any] = {}
    grows = described.get("x-grows", False)
    for key, value in described.items():
        if key == "properties":
            left[key] = {name: _unbounded(member) for name, member in value.items()}
        elif isinstance(value, Mapping):
            left[key] = _unbounded(value)
        elif key in ("anyOf", "allOf", "oneOf"):
            left[key] = [_unbounded(each) for each in value]
        elif key == "enum" and grows:
            left["x-extensible-enum"] = value
        elif key not in _BOUNDS and not (key == "format" and value not in _CHECKED_FORMATS):
            left[key] = value
    return left
