"""What leaves of a document by its schema: as `Schema.dump` has it, from a plan that is made once a schema.

Nearly all values of an answer are already what they are written as. marshmallow asks five functions about each; here
its type says so, and only the others go through their field.
"""

import functools
from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields, missing
from marshmallow.decorators import POST_DUMP, PRE_DUMP

_NONE = type(None)
_NOTHING = frozenset({_NONE})
Write = Callable[[Any], Any]
Writing = tuple[frozenset[type], Write]
"""Which types of value leave as they are, and how others are written."""


class Dump:
    """One schema's dump."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def __call__(self, document: Any) -> Any:
        """What `schema.dump` gives."""
        if self._members is None or not isinstance(document, dict):
            return self._schema.dump(document)
        written = {}
        for key, attribute, as_it_is, write in self._members:
            value = document.get(attribute, missing)
            if type(value) in as_it_is:
                written[key] = value
            elif value is not missing:
                written[key] = write(value)
        return written

    @functools.cached_property
    def _members(self) -> list[tuple[str, str, frozenset[type], Write]] | None:
        """None where the schema does something of its own when it dumps."""
        schema, found = self._schema, self._schema.dump_fields
        own = schema.many or schema._hooks[PRE_DUMP] or schema._hooks[POST_DUMP]
        if own or type(schema).get_attribute is not Schema.get_attribute or not all(map(_is_plain, found.values())):
            return None
        return [(each.data_key or name, each.attribute or name, *_writing(each, name)) for name, each in found.items()]


@functools.cache
def dump_of(schema: Schema) -> Dump:
    """The dump of a schema that lives as long as the process."""
    return Dump(schema)


def _is_plain(field: fields.Field[Any]) -> bool:
    """Whether its value stands in the document itself, and is left out where it is not there."""
    own = type(field).serialize is not fields.Field.serialize or type(field).get_value is not fields.Field.get_value
    return not own and field.dump_default is missing and field._CHECK_ATTRIBUTE and "." not in (field.attribute or "")


def _writing(field: fields.Field[Any], name: str) -> Writing:
    method: Any = type(field)._serialize
    if isinstance(field, fields.Nested) and method is fields.Nested._serialize and not field.many:
        return _NOTHING, Dump(field.schema)
    if isinstance(field, fields.List) and method is fields.List._serialize:
        return _NOTHING, functools.partial(_each, _writing(field.inner, name))
    as_they_are: frozenset[type] = frozenset()
    if method is fields.String._serialize:
        as_they_are = frozenset({str, _NONE})
    elif isinstance(field, fields.Integer) and method is fields.Integer._serialize and not field.as_string:
        as_they_are = frozenset({int, _NONE})  # a bool is of another type
    elif method is fields.Boolean._serialize:
        as_they_are = frozenset({bool, _NONE})
    return as_they_are, functools.partial(_by_field, field, name)


def _each(writing: Writing, values: Any) -> list[Any]:
    as_they_are, write = writing
    return [value if type(value) in as_they_are else write(value) for value in values]


def _by_field(field: fields.Field[Any], name: str, value: Any) -> Any:
    return field._serialize(value, name, {name: value})
