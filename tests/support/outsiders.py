"""Somebody from outside calls every operation that is declared, with whatever its schemas ask for.

What is sent is made from the declarations alone: a new operation is called without a word here, and one that takes what
is not known here (a variable of a path, a field) fails at once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from marshmallow import Schema, ValidationError
from marshmallow import fields as marshmallow_fields
from werkzeug.test import TestResponse

from services.escrow.api import operations as of_escrow
from services.listing.api import operations as of_listing
from services.matching.api import operations as of_matching
from services.notify.api import operations as of_notify
from shared import codes, fields
from shared.http.declare.operations import Operation
from tests.support.web import token

OPERATIONS: tuple[tuple[str, Operation[Any]], ...] = tuple(
    (declared.service, operation)
    for declared in (of_listing, of_matching, of_escrow, of_notify)
    for operation in declared.all
)
UNKNOWN = "0197f0c5-0000-7000-8000-00000000beef"
WORDS = {
    "scheme": "NACE-2", "code": "J62", "person": "p_" + "9" * 32, "employer": "9" * 32, "token": "eyJ.bm90.YQ",
}  # fmt: skip
"""What stands for a variable of a path that is no UUID, by its name."""
_TRIES: tuple[Any, ...] = (
    "Plain words", "plain", "tok_visa", "acct_test", "123456", "someone@outside.example", "outside.example", "0" * 64,
    "p_" + "0" * 32, "2027-01-04", "2027-01-04T12:00:00Z", "46194062", "https://hook.example/",
    "List-Unsubscribe=One-Click", "One-Click", {},
)  # fmt: skip


@dataclass(frozen=True)
class Asker:
    """One who asks; without `sub` they have no token."""

    sub: str = ""

    def ask(
        self, app: Flask, operation: Operation[Any], ids: Mapping[str, str], body: Any, **headers: str
    ) -> TestResponse:
        """`ids` are by variable of the path."""
        said = {"Authorization": f"Bearer {token(self.sub)}"} if self.sub else {}
        sent = said | {name.replace("_", "-"): value for name, value in headers.items()}
        query = example(operation.query) if operation.query else {}
        client = app.test_client()
        return client.open(operation.path_of(ids), method=operation.method, json=body, headers=sent, query_string=query)


def variables(operation: Operation[Any], target: str, words: Mapping[str, str] = WORDS) -> dict[str, str]:
    """{variable: value} of its path: `target` wherever a UUID stands. KeyError for a word that is not known here."""
    return {name: target if kind == "uuid" else words[name] for name, kind in operation.variables.items()}


def takes_id(operation: Operation[Any]) -> bool:
    """Whether a UUID stands in its path or its body."""
    body = operation.body.load_fields.values() if operation.body else ()
    return "uuid" in operation.variables.values() or any(type(field) is fields.Uuid for field in body)


def body_of(operation: Operation[Any], target: str) -> Any:
    """A body that the operation takes, with `target` wherever a UUID stands; None where it takes none."""
    return None if operation.method == "GET" or operation.body is None else example(operation.body, target)


def example(schema: Schema, target: str = UNKNOWN) -> dict[str, Any]:
    """What the schema takes, as little as it lets. AssertionError where nothing is found."""
    for tried in _tries(schema, target):
        try:
            schema.load(tried)
            return tried
        except ValidationError:
            continue
    raise AssertionError(f"nothing is known here that {type(schema).__name__} takes")


def _tries(schema: Schema, target: str) -> Iterator[dict[str, Any]]:
    known = schema.load_fields
    if set(known) == {"scheme", "code"} and isinstance(known["scheme"], fields.Choice):
        scheme = known["scheme"].choices[0]
        yield {"scheme": scheme, "code": codes.SOURCES[scheme].example}
        return
    needed = {field.data_key or name: _value(field, target) for name, field in known.items() if field.required}
    yield needed
    for name, field in known.items():
        yield needed | {field.data_key or name: _value(field, target)}


def _value(field: Any, target: str) -> Any:
    match field:
        case fields.Uuid():
            return target
        case fields.Choice():
            return field.choices[0]
        case fields.Integer():
            return max(field.low, 1)
        case fields.Flag():
            return True
        case fields.Country():
            return "NL"
        case fields.Currency():
            return "EUR"
        case marshmallow_fields.Nested():
            return example(field.schema, target)
        case fields.Several():
            return [_value(field.inner, target)] * field.low
        case _:
            return _first(field)


def _first(field: Any) -> Any:
    for tried in _TRIES:
        try:
            field.deserialize(tried)
            return tried
        except ValidationError:
            continue
    raise AssertionError(f"nothing is known here that {field!r} takes")


def seen(response: TestResponse) -> str:
    """All of an answer: its status line, its headers, its body."""
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers)
    return f"{response.status}\n{headers}\n\n{response.get_data(as_text=True)}"


def alike(response: TestResponse, *ids: str) -> str:
    """The same, without what differs in every answer, and without these ids. A body's hash says no more than it."""
    request_id = response.headers.get("X-Request-Id") or "-"
    own = ("Date:", "Content-Length:", *(("Idempotency-Replayed:",) if response.status_code == 201 else ()))
    text = "\n".join(line for line in seen(response).splitlines() if not line.startswith(own))
    text = re.sub('ETag: "[0-9a-f]{32}"', "ETag: …", text)
    made = response.get_json() if response.status_code == 201 else {}
    anew = [made[name] for name in ("id", "secret") if name in made]  # of what the asker has just made for themselves
    for mine in (request_id, *anew, *ids):
        text = text.replace(mine, "…")
    return text


def words_in(text: str, words: Sequence[str]) -> list[str]:
    lower = text.casefold()
    return [word for word in words if word.casefold() in lower]
