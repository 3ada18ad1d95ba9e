"""What a page reads of the API's answers and no schema declares: a script that says so in the browser's console."""

import json
import re
from typing import Any

from marshmallow import Schema
from marshmallow import fields as marshmallow_fields

from tests.support.outsiders import OPERATIONS

_OF_ANY = ("next", "counts", "totals", "id", "listing", "offer_id", "reason", "problem", "toJSON", "then")
"""Asked of whatever was answered, by what draws lists of several kinds, and by the language itself."""

_SCRIPT = """([declared, ofAny]) => {
  const told = new Set();
  const tell = (text) => told.has(text) || (told.add(text), console.error('read, and declared nowhere:', text));
  const watched = (value, tree, where) => {
    if (value === null || typeof value !== 'object' || !tree) return value;
    if (Array.isArray(value)) return Array.isArray(tree) ? value.map((each) => watched(each, tree[0], where)) : value;
    const beneath = ([name, each]) => [name, watched(each, tree[name], `${where} ${name}`)];
    const inner = Object.fromEntries(Object.entries(value).map(beneath));
    return new Proxy(inner, {
      get(target, name) {
        const isKnown = typeof name !== 'string' || name in target || name in tree || ofAny.includes(name);
        if (!isKnown) tell(`${where} ${name}`);
        return target[name];
      },
    });
  };
  const read = Response.prototype.json;
  Response.prototype.json = async function () {
    const value = await read.call(this);
    const {pathname} = new URL(this.url);
    const found = this.ok && declared.find(([form]) => new RegExp(`^${form}$`).test(pathname));
    return found ? watched(value, found[1], pathname) : value;
  };
}"""


def script() -> str:
    """To be run before a page's own."""
    return f"({_SCRIPT})({json.dumps([_declared(), _OF_ANY])})"


def _declared() -> list[tuple[str, Any]]:
    """(form of a path, {name: what is beneath it}); a path without variables goes before one that has them."""
    found: dict[str, Any] = {}
    for _, operation in OPERATIONS:
        form = re.sub(r"\{[^}]*\}", "[^/]+", operation.path)
        for schema in operation.answers.values():
            if schema:
                found.setdefault(form, {}).update(_tree(schema))
    return sorted(found.items(), key=lambda each: "[" in each[0])


def _tree(schema: Schema) -> dict[str, Any]:
    return {field.data_key or name: _beneath(field) for name, field in schema.dump_fields.items()}


def _beneath(field: Any) -> Any:
    if isinstance(field, marshmallow_fields.Nested):
        return _tree(field.schema)
    return [_beneath(field.inner)] if isinstance(field, marshmallow_fields.List) else None
