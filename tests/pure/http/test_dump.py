"""What leaves of a document is what marshmallow's own dump would let out: for each answer of each service."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from marshmallow import Schema, fields, post_dump

from services.escrow.api import operations as escrow
from services.listing.api import operations as listing
from services.matching.api import operations as matching
from services.notify.api import operations as notify
from shared.fields import Body, Instant, Integer, Part, Several, Text
from shared.http.answer.dump import Dump

OF_ALL = [*escrow.all, *listing.all, *matching.all, *notify.all]
ANSWERS = [
    pytest.param(schema, id=f"{operation.id} {status}")
    for operation in OF_ALL
    for status, schema in operation.answers.items()
    if schema is not None
]
WHEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
ODD: tuple[Any, ...] = ("text", 7, True, None, WHEN)
"""Also of the wrong type: a document may be older than its schema."""


def value_for(field: fields.Field[Any], odd: Any, whole: bool) -> Any:
    if isinstance(field, fields.Nested):
        return document_for(field.schema, odd, whole)
    if isinstance(field, fields.List):
        return [value_for(field.inner, odd, whole), value_for(field.inner, odd, not whole)]
    if isinstance(field, fields.Integer):
        return odd if isinstance(odd, int) else 3
    return odd


def document_for(schema: Schema, odd: Any, whole: bool) -> dict[str, Any]:
    """With a value of this kind in each field, or in every other one; and what no schema names.

    `items` and `keys` are always there: where they are not, marshmallow takes a dict's own method for them.
    """
    each = enumerate(schema.dump_fields.items())
    some = [(name, field) for at, (name, field) in each if whole or at % 2 or name in ("items", "keys")]
    return {field.attribute or name: value_for(field, odd, whole) for name, field in some} | {"named nowhere": "stays"}


@pytest.mark.parametrize("schema", ANSWERS)
def test_each_answer_leaves_as_marshmallow_has_it(schema: Schema) -> None:
    """Member by member, in the same order and of the same types."""
    for odd, whole in product(ODD, (True, False)):
        document = document_for(schema, odd, whole)
        written, expected = Dump(schema)(document), schema.dump(document)

        assert repr(written) == repr(expected)
        assert "stays" not in repr(written)


class Inner(Body):
    at = Instant(allow_none=True)
    count = Integer(data_key="@count")


class Stamped(Inner):
    @post_dump
    def stamp(self, written: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**written, "stamped": True}


class Odd(Body):
    plain = Text(dump_default="nothing")
    inner = Part(Inner, allow_none=True)
    stamped = Several(Part(Stamped))
    price = fields.Float()
    big = fields.Integer(as_string=True)
    deep = Text(attribute="a.b")
    made = fields.Method("make")

    def make(self, document: Any) -> str:
        return f"of {len(document)}"


class Floating(Body):
    price = fields.Float()
    big = fields.Integer(as_string=True)
    renamed = Text(attribute="other")


@pytest.mark.parametrize("kind", [Odd, Stamped, Floating, Inner])
def test_what_a_schema_does_of_its_own_it_does(kind: type[Schema]) -> None:
    """Defaults, hooks, values from deeper inside, methods and numbers in another form."""
    inner = {"at": WHEN, "count": 1}
    document = {**inner, "inner": inner, "stamped": [inner], "price": 1, "big": 2, "a": {"b": "c"}, "other": "o"}

    assert repr(Dump(kind())(document)) == repr(kind().dump(document))
    assert repr(Dump(kind())({})) == repr(kind().dump({}))
