"""The fields that requests and answers are made of: strict, so that nothing is guessed and no operator gets in.

A string must be a string, a number a number. Each refusal carries the rule's id and says what was expected. In a
schema based on `Query` numbers and flags are read from the text of the parameter, as strictly.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from marshmallow import RAISE, Schema, ValidationError, fields

from shared.clock import to_milliseconds
from shared.domains import LONGEST as LONGEST_DOMAIN
from shared.domains import hostname
from shared.fields.countries import COUNTRIES
from shared.fields.events import format_time, parse_time
from shared.ids import PERSON_ID
from shared.money import CURRENCIES, MAX_AMOUNT

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_Data = Mapping[str, Any] | None


class Said(str):
    """A message that knows the id of the rule behind it."""

    rule: str

    def __new__(cls, rule: str, message: str) -> "Said":
        said = super().__new__(cls, message)
        said.rule = rule
        return said

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return self.rule, str(self)


class Body(Schema):
    """The base of every schema of a body: what it does not name is refused."""

    class Meta:
        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        known = ", ".join(field.data_key or name for name, field in self.load_fields.items()) or "none"
        self.error_messages["unknown"] = Said("unknown", f"is not known here; known: {known}")
        self.error_messages["type"] = Said("type", "expected an object")


class Query(Body):
    """The base of every schema of query parameters: values come as text."""


class Strict(fields.Field[Any]):
    """What the fields below share: one `expects`, said in every refusal. Subclasses parse in `take`."""

    expects = "a value"

    def __init__(self, expects: str, json_schema: Mapping[str, Any], **options: Any) -> None:
        self.expects = expects
        options["metadata"] = {**json_schema, **options.get("metadata", {})}
        super().__init__(**options)

    def refuse(self, rule: str) -> ValidationError:
        return ValidationError([Said(rule, f"expected {self.expects}")])

    def make_error(self, key: str, **_: Any) -> ValidationError:
        said = {"required": f"is required: {self.expects}", "null": f"must not be null: expected {self.expects}"}
        if key in said:
            return ValidationError([Said(key, said[key])])
        return self.refuse("type")

    @property
    def from_text(self) -> bool:
        """Whether this field reads a query parameter."""
        return isinstance(self.root, Query)


class Text(Strict, fields.String):
    """Text of `low`..`high` characters: no control characters (`lines` allows line feeds), no blanks around it.

    Neither are lone surrogates and bidirectional controls, which make text look like other text.
    """

    def __init__(self, low: int = 1, high: int = 200, *, lines: bool = False, **options: Any) -> None:
        self.low, self.high, self.lines = low, high, lines
        expects = f"text of {low} to {high} characters, no control characters, no blanks around it"
        super().__init__(expects, {"minLength": low, "maxLength": high}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        if not self.low <= len(value) <= self.high:
            raise self.refuse("length")
        if any(self._is_foreign(character) for character in value):
            raise self.refuse("characters")
        if value != value.strip():
            raise self.refuse("blanks")
        return value

    def _is_foreign(self, character: str) -> bool:
        if character == "\n":
            return not self.lines
        return character in _BIDI or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


class Pattern(Strict, fields.String):
    """Text that matches a regular expression whole."""

    def __init__(self, expression: str, expects: str, **options: Any) -> None:
        self.matches = re.compile(expression).fullmatch
        super().__init__(expects, {"pattern": f"^{expression}$"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        if not self.matches(value):
            raise self.refuse("format")
        return value


class PersonId(Pattern):
    """A person's pseudonym."""

    def __init__(self, **options: Any) -> None:
        super().__init__(PERSON_ID.pattern, "a person's id: p_ and 32 hex digits", **options)


class Sha256(Pattern):
    """A SHA-256 in lower-case hex."""

    def __init__(self, **options: Any) -> None:
        super().__init__("[0-9a-f]{64}", "a SHA-256 as 64 lower-case hex digits", **options)


class Code(Pattern):
    """A code of a public scheme, or the scheme's name: `2512`, `J62`, `ISCO-08`."""

    def __init__(self, **options: Any) -> None:
        super().__init__("[A-Za-z0-9][A-Za-z0-9._:-]{0,31}", "a code: up to 32 letters, digits and . _ : -", **options)


class Domain(Strict, fields.String):
    """A domain such as `acme.example`; loads in lower case and ASCII (IDNA)."""

    def __init__(self, **options: Any) -> None:
        schema = {"format": "idn-hostname", "maxLength": LONGEST_DOMAIN}
        super().__init__("a domain such as acme.example", schema, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        domain = hostname(value)
        if domain is None:
            raise self.refuse("format")
        return domain


class Choice(Strict, fields.String):
    """One of these words."""

    def __init__(self, *words: str, **options: Any) -> None:
        self.words = words
        super().__init__(f"one of {', '.join(words)}", {"enum": list(words)}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        if value not in self.words:
            raise self.refuse("choice")
        return value


class _Listed(Strict, fields.String):
    """A code out of a list too long to be said."""

    def __init__(self, codes: frozenset[str], expects: str, pattern: str, **options: Any) -> None:
        self.codes = codes
        super().__init__(expects, {"pattern": pattern}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        if value not in self.codes:
            raise self.refuse("choice")
        return value


class Country(_Listed):
    """ISO 3166-1 alpha-2."""

    def __init__(self, **options: Any) -> None:
        super().__init__(COUNTRIES, "a country's ISO 3166-1 code such as NL", "^[A-Z]{2}$", **options)


class Currency(_Listed):
    """ISO 4217, in use."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CURRENCIES, "a currency's ISO 4217 code such as EUR", "^[A-Z]{3}$", **options)


class Integer(Strict, fields.Integer):
    """A whole number in `low`..`high`: no bool, no 5.0, no "5" (save in a query)."""

    def __init__(self, low: int = 0, high: int = MAX_AMOUNT, **options: Any) -> None:
        self.low, self.high = low, high
        super().__init__(f"a whole number from {low} to {high}", {"minimum": low, "maximum": high}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> int:
        if self.from_text and type(value) is str and re.fullmatch(r"-?[0-9]{1,18}", value):
            value = int(value)
        if type(value) is not int:
            raise self.refuse("type")
        if not self.low <= value <= self.high:
            raise self.refuse("range")
        return value


class Flag(Strict, fields.Boolean):
    """true or false."""

    def __init__(self, **options: Any) -> None:
        super().__init__("true or false", {}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> bool:
        if self.from_text and value in ("true", "false"):
            return bool(value == "true")
        if type(value) is not bool:
            raise self.refuse("type")
        return value


class Uuid(Strict, fields.String):
    """A UUID in its usual form; loads in lower case."""

    def __init__(self, **options: Any) -> None:
        super().__init__("a UUID", {"format": "uuid"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        if not re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", value):
            raise self.refuse("format")
        return str(UUID(value))


class Date(Strict, fields.String):
    """A calendar day `2027-01-31`. Loads as that text, which MongoDB and the events keep as it is."""

    def __init__(self, **options: Any) -> None:
        super().__init__("a day such as 2027-01-31", {"format": "date"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        try:
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                raise ValueError
            date.fromisoformat(value)
        except ValueError:
            raise self.refuse("format") from None
        return value


class Instant(Strict, fields.String):
    """An RFC 3339 time. Loads as an aware datetime in UTC, dumps as `2027-01-31T12:00:00.000Z`."""

    def __init__(self, **options: Any) -> None:
        super().__init__("an RFC 3339 time such as 2027-01-31T12:00:00Z", {"format": "date-time"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **_: Any) -> Any:
        if type(value) is not str:
            raise self.refuse("type")
        try:
            return to_milliseconds(parse_time(value))
        except (ValueError, OverflowError):
            raise self.refuse("format") from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> str | None:
        return format_time(value) if isinstance(value, datetime) else value


class Several(Strict, fields.List[Any]):
    """A list of `low`..`high` items; `unique` refuses a value twice, or a value of the member it names."""

    def __init__(
        self, inner: fields.Field[Any], low: int = 0, high: int = 100, *, unique: bool | str = False, **options: Any
    ) -> None:
        self.low, self.high, self.unique = low, high, unique
        expects = f"a list of {low} to {high}" + (f" with no {unique} twice" if isinstance(unique, str) else "")
        limits = {"minItems": low, "maxItems": high} | ({"uniqueItems": True} if unique is True else {})
        super().__init__(expects, limits, cls_or_instance=inner, **options)

    def _deserialize(self, value: Any, attr: str | None, data: _Data, **options: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.refuse("type")
        if not self.low <= len(value) <= self.high:
            raise self.refuse("count")
        items = super()._deserialize(value, attr, data, **options)
        if self.unique:
            self._refuse_twice(items)
        return items

    def _refuse_twice(self, items: Sequence[Any]) -> None:
        seen: list[Any] = []
        for index, item in enumerate(items):
            value = item.get(self.unique) if isinstance(self.unique, str) else item
            if value in seen:
                member = {self.unique: [Said("twice", "is there twice")]} if isinstance(self.unique, str) else None
                raise ValidationError({index: member or [Said("twice", "is there twice")]})
            seen.append(value)


class Part(Strict, fields.Nested):
    """An object inside a body."""

    def __init__(self, schema: type[Schema] | Schema, **options: Any) -> None:
        super().__init__("an object", {}, nested=schema, **options)


class MoneySchema(Body):
    """Money: `amount` whole minor units of `currency`."""

    amount = Integer(0, MAX_AMOUNT, required=True)
    currency = Currency(required=True)


class CodeSchema(Body):
    """A code of a public scheme: ISCO-08 2512, NACE-2 J62."""

    scheme = Code(required=True)
    code = Code(required=True)
