"""Lists, objects, and the two objects that many bodies have: money, a code of a scheme."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields

from shared.fields.kind import Body, EventData, Kind, Raw, Violation
from shared.fields.numbers import Amount
from shared.fields.standards import Code, Currency


class Several(Kind, fields.List[Any]):
    """A list of `low`..`high` items; `unique` refuses a value twice, or a value of the member it names, in any case."""

    def __init__(
        self,
        inner: fields.Field[Any],
        low: int = 0,
        high: int = 100,
        description: str = "",
        *,
        unique: bool | str = False,
        **options: Any,
    ) -> None:
        self.low, self.high, self.unique = low, high, unique
        expects = f"a list of {low} to {high}" + (f" with no {unique} twice" if isinstance(unique, str) else "")
        limits = {"minItems": low, "maxItems": high} | ({"uniqueItems": True} if unique is True else {})
        super().__init__(expects, limits, description, cls_or_instance=inner, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **options: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
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
            value = str(item.get(self.unique)).casefold() if isinstance(self.unique, str) else item
            if value in seen:
                member = {self.unique: [Violation("twice", "is there twice")]} if isinstance(self.unique, str) else None
                raise ValidationError({index: member or [Violation("twice", "is there twice")]})
            seen.append(value)


class Part(Kind, fields.Nested):
    """An object inside another. In an event it refuses or drops unknown fields as the whole does."""

    def __init__(self, schema: type[Schema] | Schema, description: str = "", **options: Any) -> None:
        super().__init__("an object", {}, description, nested=schema, **options)

    def _load(self, value: Any, partial: Any = None) -> Any:
        if isinstance(self.root, EventData):
            self.schema.unknown = self.root.unknown  # for what is inside it, too
        return self.schema.load(value, partial=partial)


class MoneySchema(Body):
    """Money: `amount` whole minor units of `currency`."""

    amount = Amount(required=True)
    currency = Currency(required=True)


class CodeSchema(Body):
    """A code of a public scheme: ISCO-08 2512, NACE-2 J62."""

    scheme = Code(required=True)
    code = Code(required=True)
