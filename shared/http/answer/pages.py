"""Pages: `?limit=` and an opaque `?cursor=`, `{"items", "next"}` and a Link header."""

import base64
import functools
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from marshmallow import Schema, fields

from shared.fields import Body, Integer, Kind, Query
from shared.http.declare.operations import Answer, Call
from shared.http.problems import Fault, Problem, invalid

DEFAULT_LIMIT = 20
MOST_LIMIT = 100
_VERSION = 1
_MOST_CURSOR = 1024


class Cursor(Kind, fields.String):
    """Where the last page ended: the sort values of its last item. Loads as a list of JSON scalars.

    It is no secret and no proof: the checksum finds typing errors, so its values are input like any other.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("the `next` of a page of the same list", {"maxLength": _MOST_CURSOR}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            return decode(value)
        except ValueError:
            raise self.refuse("cursor") from None


POSITION = re.compile(r"[0-9TZ:.-]{24}[ /][!-~]{1,100}")
"""A time and an id, by which most lists are sorted."""


class PageQuery(Query):
    """The base of a list's parameters."""

    limit = Integer(1, MOST_LIMIT, load_default=DEFAULT_LIMIT)
    cursor = Cursor()


def encode(values: Sequence[Any]) -> str:
    """JSON scalars as a cursor."""
    payload = json.dumps([_VERSION, *values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_sum(payload) + payload).decode().rstrip("=")


def decode(cursor: Any) -> list[Any]:
    """A cursor's values; ValueError where it is none of ours."""
    if type(cursor) is not str or len(cursor) > _MOST_CURSOR:
        raise ValueError("not a cursor")
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if _sum(raw[4:]) != raw[:4]:
            raise ValueError("not a cursor")
        values: list[Any]
        version, *values = json.loads(raw[4:])
    except (ValueError, TypeError, RecursionError):
        raise ValueError("not a cursor") from None
    scalars = all(value is None or type(value) in (str, int, float, bool) for value in values)
    if version != _VERSION or not values or not scalars:
        raise ValueError("not a cursor")
    return values


def _sum(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()[:4]


@functools.cache
def page_of(item: type[Schema]) -> type[Schema]:
    """The schema of a page of `item`s."""
    members: dict[str, Any] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(allow_none=True, required=True, metadata={"description": "The next page's `cursor`."}),
    }
    return type(f"{item.__name__}Page", (Body,), members)


def page_response(call: Call[Any], items: Sequence[Any], last: Sequence[Any] | None) -> Answer:
    """One page. `last` is the sort values of its last item where more follow, else None."""
    if last is None:
        return Answer({"items": items, "next": None})
    cursor = encode(last)
    others = [(name, value) for name, value in call.parameters if name != "cursor"]
    target = f"{quote(call.path)}?{urlencode([*others, ('cursor', cursor)])}"
    return Answer({"items": items, "next": cursor}, headers={"Link": f'<{target}>; rel="next"'})


def after_text(call: Call[Any], form: re.Pattern[str] = POSITION) -> str | None:
    """Where the last page ended, for a list that is sorted by one text of this form; None for the first page.

    Input like any other: raises Problem 422 for the cursor of another list.
    """
    match call.page.after:
        case None:
            return None
        case [str(sort_key)] if form.fullmatch(sort_key):
            return sort_key
        case _:
            raise foreign_cursor()


def foreign_cursor() -> Problem:
    """The refusal of a cursor that is of another list."""
    return invalid([Fault.of_query("cursor", "cursor", "expected the `next` of a page of the same list")])


def text_page(call: Call[Any], found: Sequence[Any], sort_key: str, view: Callable[[Any], Any]) -> Answer:
    """The page of a list that was asked for one item more than its limit; `sort_key` is the field it is sorted by."""
    shown = found[: call.page.limit]
    last = [shown[-1][sort_key]] if len(found) > len(shown) else None
    return page_response(call, [view(each) for each in shown], last)
