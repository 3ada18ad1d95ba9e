"""The few kinds of value an event may carry, each a marshmallow field with a bounded, thin shape.

A value comes out as JSON has it: times and dates are text in one canonical form, money is a whole number of the
minor units of the `currency` beside it. There is no field for free text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from marshmallow import fields, validate

MAX_AMOUNT = 10**9


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z; a naive `moment` raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")


def parse_time(text: str) -> datetime:
    """Any RFC 3339 time as an aware datetime in UTC; else ValueError."""
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError("not an RFC 3339 time")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:
        raise ValueError("not a time in UTC's range") from None


def _options(description: str, nullable: bool, optional: bool, **json_schema: Any) -> dict[str, Any]:
    metadata = {key: value for key, value in json_schema.items() if value is not None}
    if description:
        metadata["description"] = description
    return {"required": not optional, "allow_none": nullable, "metadata": metadata}


class Text(fields.String):
    """A string that matches `pattern` whole. Subclasses say the pattern; `known` values are named, not enforced."""

    pattern: ClassVar[str]
    json_format: ClassVar[str | None] = None

    def __init__(
        self, description: str = "", *, nullable: bool = False, optional: bool = False, known: Sequence[str] = ()
    ) -> None:
        if known:
            description = "; ".join(filter(None, (description, f"known: {', '.join(known)}")))
        options = _options(description, nullable, optional, pattern=f"^{self.pattern}$", format=self.json_format)
        super().__init__(error_messages={"invalid": "Not text of the right form."}, **options)
        self.matches = re.compile(self.pattern).fullmatch

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if type(value) is str and self.matches(value):
            return value
        raise self.make_error("invalid")


class Id(Text):
    """The id of an aggregate or an event, or a code of a public scheme (`2512` of ISCO-08)."""

    pattern = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}"


class PersonId(Text):
    """A person's pseudonym: `p_` and 32 hex digits."""

    pattern = r"p_[0-9a-f]{32}"


class Code(Text):
    """A word of the domain, such as a status or a reason. New words may come within a version: not an enumeration."""

    pattern = r"[a-z][a-z0-9_]{0,39}"


class Country(Text):
    """ISO 3166-1 alpha-2."""

    pattern = r"[A-Z]{2}"


class Currency(Text):
    """ISO 4217."""

    pattern = r"[A-Z]{3}"


class Sha256(Text):
    """A SHA-256 in lower-case hex."""

    pattern = r"[0-9a-f]{64}"


class Label(Text):
    """The short public name of a region or a skill: no control character, no `@`, nothing UTF-8 cannot say."""

    pattern = r"[^\u0000-\u001f\u007f@]{1,64}"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        label = super()._deserialize(value, attr, data, **kwargs)
        try:
            label.encode()
        except UnicodeEncodeError:
            raise self.make_error("invalid") from None
        return label


class Choice(fields.String):
    """One of a promised, closed list of words."""

    def __init__(
        self, words: Sequence[str], description: str = "", *, nullable: bool = False, optional: bool = False
    ) -> None:
        self.words = tuple(words)
        enum: list[str | None] = [*self.words, *([None] if nullable else [])]
        options = _options(description, nullable, optional, enum=enum)
        super().__init__(error_messages={"invalid": f"Not one of {', '.join(self.words)}."}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if type(value) is str and value in self.words:
            return value
        raise self.make_error("invalid")


class Time(Text):
    """A moment; takes an aware datetime or RFC 3339 text, gives `2026-01-31T12:00:00.000Z`."""

    pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
    json_format = "date-time"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        try:
            if type(value) is str:
                moment = parse_time(value)
                return value if self.matches(value) else format_time(moment)
            if isinstance(value, datetime):
                return format_time(value)
        except (ValueError, OverflowError):
            pass
        raise self.make_error("invalid")


class Day(Text):
    """A calendar day; takes a date or ISO 8601 text, gives `2026-01-31`."""

    pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    json_format = "date"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if type(value) is date:
            return value.isoformat()
        if type(value) is str and self.matches(value):
            try:
                date.fromisoformat(value)
            except ValueError:
                raise self.make_error("invalid") from None
            return value
        raise self.make_error("invalid")


class Whole(fields.Integer):
    """A whole number within bounds, both included; neither a bool nor a float passes."""

    def __init__(
        self, low: int, high: int, description: str = "", *, nullable: bool = False, optional: bool = False
    ) -> None:
        self.low, self.high = low, high
        options = _options(description, nullable, optional, minimum=low, maximum=high)
        super().__init__(error_messages={"invalid": f"Not a whole number from {low} to {high}."}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if type(value) is int and self.low <= value <= self.high:
            return value
        raise self.make_error("invalid")


class Flag(fields.Boolean):
    """true or false, and nothing that is only taken for it."""

    def __init__(self, description: str = "", *, nullable: bool = False, optional: bool = False) -> None:
        says = {"invalid": "Not true or false."}
        super().__init__(error_messages={**says}, **_options(description, nullable, optional))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if type(value) is bool:
            return value
        raise self.make_error("invalid", input=value)


class Amount(Whole):
    """Money in the minor units of the event's `currency`, 0..10**9."""

    def __init__(self, description: str = "", *, nullable: bool = False, optional: bool = False) -> None:
        super().__init__(0, MAX_AMOUNT, description, nullable=nullable, optional=optional)


class Part(fields.Nested):
    """An object inside the data; refuses or drops unknown fields as its root schema does."""

    def __init__(self, nested: Any, description: str = "", *, nullable: bool = False, optional: bool = False) -> None:
        super().__init__(nested, **_options(description, nullable, optional))

    def _load(self, value: Any, partial: Any = None) -> Any:
        unknown = self.root.unknown if self.root else None
        return self.schema.load(value, unknown=unknown, partial=partial)


class Several(fields.List[Any]):
    """A list of `low`..`high` items of one kind."""

    def __init__(
        self,
        inner: fields.Field[Any],
        low: int,
        high: int,
        description: str = "",
        *,
        optional: bool = False,
        check: Callable[[list[Any]], None] | None = None,
    ) -> None:
        self.high = high
        checks: list[Any] = [validate.Length(low, high), *([check] if check else [])]
        says = {"invalid": f"Not a list of at most {high}."}
        super().__init__(inner, validate=checks, error_messages={**says}, **_options(description, False, optional))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list | tuple) or len(value) > self.high:
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)
