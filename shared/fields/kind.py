"""What every schema and every field is based on: three bases of schemas, the base of fields, the rule of a refusal."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

Raw = Mapping[str, Any] | None


class Violation(str):
    """A message that knows the id of the rule behind it."""

    rule: str

    def __new__(cls, rule: str, message: str) -> "Violation":
        violation = super().__new__(cls, message)
        violation.rule = rule
        return violation

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return self.rule, str(self)


class Body(Schema):
    """The base of every schema of a body: what it does not name is refused."""

    class Meta:
        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        known = ", ".join(field.data_key or name for name, field in self.load_fields.items()) or "none"
        self.error_messages["unknown"] = Violation("unknown", f"is not known here; known: {known}")
        self.error_messages["type"] = Violation("type", "expected an object")


class Query(Body):
    """The base of every schema of query parameters: values come as text."""


def null_at_first(schema: Schema) -> dict[str, None]:
    """The members of an answer that are always there, and null until there is something to say."""
    kinds = {name: field for name, field in schema.fields.items() if isinstance(field, Kind)}
    return {name: None for name, kind in kinds.items() if kind.allow_none and not kind.optional}


class EventData(Schema):
    """The base of every schema of an event's data: each field is required unless it is declared optional.

    Whether unknown fields are refused (emitting) or dropped (reading) is for the caller to say, at every depth.
    """

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.required = not (isinstance(field_obj, Kind) and field_obj.optional)


class Kind(fields.Field[Any]):
    """What every kind of value shares: each refusal carries what was expected. Subclasses parse in `_deserialize`.

    `description` stands in the JSON Schema. `optional` counts in an event alone, where all else is required.
    """

    expects = "a value"

    def __init__(
        self,
        expects: str,
        json_schema: Mapping[str, Any],
        description: str = "",
        *,
        optional: bool = False,
        **options: Any,
    ) -> None:
        self.expects, self.optional = expects, optional
        described = {"description": description} if description else {}
        options["metadata"] = {**json_schema, **options.get("metadata", {}), **described}
        super().__init__(**options)

    def refuse(self, rule: str) -> ValidationError:
        return ValidationError([Violation(rule, f"expected {self.expects}")])

    def make_error(self, key: str, **_: Any) -> ValidationError:
        messages = {"required": f"is required: {self.expects}", "null": f"must not be null: expected {self.expects}"}
        if key in messages:
            return ValidationError([Violation(key, messages[key])])
        return self.refuse("type")

    @property
    def in_event(self) -> bool:
        """Whether this field is read from, or written to, an event."""
        return isinstance(self.root, EventData)

    @property
    def from_text(self) -> bool:
        """Whether this field reads a query parameter."""
        return isinstance(self.root, Query)
