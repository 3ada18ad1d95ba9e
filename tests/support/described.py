"""Every answer that a test gets is held against the OpenAPI document: its status, media type, headers and body.

`CheckedClient` is the client of every Flask app in the tests (`tests/conftest.py` says so), `CHECKED` the hooks of an
httpx client that asks a running gateway. What no operation answers must be a problem all the same. Words that the
document lets grow (`x-extensible-enum`) are held against the list all the same.
"""

import contextlib
import functools
import inspect
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from shared.clock import parse_time
from shared.http.problems import CONTENT_TYPE

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
_BESIDES = re.compile(r"/livez|/readyz|/metrics|/healthz|/v1/openapi(/\w+)?\.json")
_REFUSED = {
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    "headers": {"X-Request-Id": {"$ref": "#/components/headers/XRequestId"}},
}
"""What is answered where there is no operation."""
FORMATS = FormatChecker(("uuid", "date"))


@FORMATS.checks("date-time", ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(parse_time(value))


@dataclass(frozen=True)
class Answered:
    """An answer, whichever client got it."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_media: str = ""
    sent: Any = None
    """What was asked with: parsed JSON, or the fields of a form; None where it was neither."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status}"

    @property
    def media(self) -> str:
        return (self.headers.get("Content-Type") or "").partition(";")[0]


class Described:
    """An OpenAPI document that answers are held against."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document, self._closed = document, _closed(document["components"])
        templates = sorted(document["paths"], key=lambda template: template.count("{"))
        self._templates = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", each) + "$"), each) for each in templates]

    def is_within(self, other: "Described") -> bool:
        """Whether each of its operations is one of the other's."""
        return self._operations() <= other._operations()

    def _operations(self) -> set[tuple[str, str]]:
        return {(path, each["operationId"]) for path, methods in self._document["paths"].items()
                for each in methods.values()}  # fmt: skip

    def check(self, answered: Answered) -> None:
        """AssertionError where the document does not say that this may be answered."""
        if answered.method == "OPTIONS" or _BESIDES.fullmatch(answered.path):
            return
        response = self._response(answered)
        content = response.get("content", {})
        if answered.method != "HEAD" and (content or answered.body):
            assert answered.media in content, f"{answered}: {answered.media} is not described"
            self.fits(content[answered.media]["schema"], self.value(answered), str(answered))
        for name, header in response.get("headers", {}).items():
            if name in answered.headers:
                self._fits_text(self._resolved(header)["schema"], answered.headers[name], f"{answered}: {name}")

    def _response(self, answered: Answered) -> Mapping[str, Any]:
        operation = self.operation(answered)
        if operation is None:
            assert answered.status in (403, 404, 405), f"{answered}: is no operation"
            found = _REFUSED
        else:
            assert str(answered.status) in operation["responses"], f"{answered}: this status is not described"
            found = operation["responses"][str(answered.status)]
        resolved: Mapping[str, Any] = self._resolved(found)
        return resolved

    def operation(self, answered: Answered) -> Mapping[str, Any] | None:
        """The one that answered, or None."""
        methods = self._methods(answered.path)
        operation: Mapping[str, Any] | None = methods.get(
            "get" if answered.method == "HEAD" else answered.method.lower()
        )
        return operation

    def _methods(self, path: str) -> Mapping[str, Any]:
        for form, template in self._templates:
            if form.match(path):
                methods: Mapping[str, Any] = self._document["paths"][template]
                return methods
        return {}

    def _resolved(self, value: Any) -> Any:
        if "$ref" not in value:
            return value
        kind, name = value["$ref"].split("/")[2:]
        return self._document["components"][kind][name]

    def value(self, answered: Answered) -> Any:
        """The body: what its JSON says, or its text."""
        is_json = answered.media in ("application/json", "application/ld+json", CONTENT_TYPE)
        return json.loads(answered.body) if is_json else answered.body.decode()

    def _fits_text(self, schema: Mapping[str, Any], text: str, where: str) -> None:
        self.fits(schema, int(text) if schema.get("type") == "integer" else text, where)

    def fits(self, schema: Mapping[str, Any], value: Any, where: str) -> None:
        """AssertionError where it is not as the schema says."""
        rooted = {"components": self._closed, **_closed(schema)}
        errors = Draft202012Validator(rooted, format_checker=FORMATS).iter_errors(value)
        faults = [f"{error.json_path}: {error.message[:200]}" for error in itertools.islice(errors, 5)]

        assert not faults, f"{where} is not as described: {faults}"


def _closed(value: Any) -> Any:
    """The same with each list of words that may grow as it is now."""
    if isinstance(value, dict):
        return {"enum" if key == "x-extensible-enum" else key: _closed(member) for key, member in value.items()}
    return [_closed(member) for member in value] if isinstance(value, list) else value


@functools.cache
def committed() -> Described:
    """The document that is published."""
    return Described(json.loads(DOCUMENT.read_text("utf-8")))


WATCHING: list[Callable[[Answered], None]] = []
"""Who is shown each request of the tests with its answer: `python -m tests.examples`."""


def _watched(answered: Answered) -> None:
    for see in WATCHING:
        see(answered)


_OWN: WeakKeyDictionary[Flask, Described] = WeakKeyDictionary()


class CheckedClient(FlaskClient):
    """Flask's test client; an answer that is not described fails the test that asked."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        response = super().open(*args, **options)
        request = response.request
        # A stream does not end: whoever opened it reads it.
        body = b"" if (response.content_type or "").startswith("text/event-stream") else response.get_data()
        answered = Answered(request.method, request.path, response.status_code, response.headers, body)
        described = self._described()
        described.check(answered)
        if WATCHING and described is committed():
            _watched(replace(answered, sent_media=request.mimetype, sent=_sent(request)))
        return response

    def _described(self) -> Described:
        """A service's is the published one; an app that a test makes up describes itself."""
        app = self.application
        if app not in _OWN:
            described = Described(_description_of(app))
            _OWN[app] = committed() if described.is_within(committed()) else described
        return _OWN[app]


def _description_of(app: Flask) -> Any:
    """By the view itself, so that nothing of an app that is to fail is asked."""
    (view,) = (view for name, view in app.view_functions.items() if name.startswith("own:/v1/openapi/"))
    answer: Any = inspect.unwrap(view)()
    return json.loads(answer.get_data())


def _sent(request: Request) -> Any:
    """By the bytes that the app has read before; None where they are no JSON, or too deep."""
    if not hasattr(request.environ["wsgi.input"], "seek"):
        return None
    request.environ["wsgi.input"].seek(0)
    again = Request(request.environ, populate_request=False)
    if again.is_json:
        with contextlib.suppress(RecursionError):
            return again.get_json(silent=True)
        return None
    return again.form.to_dict() or None


def _check_httpx(response: httpx.Response) -> None:
    request = response.request
    answered = Answered(request.method, request.url.path, response.status_code, response.headers, response.read())
    committed().check(answered)
    if WATCHING:
        media = request.headers.get("Content-Type", "").partition(";")[0]
        sent = json.loads(request.content) if media == "application/json" and request.content else None
        _watched(replace(answered, sent_media=media, sent=sent))


CHECKED: dict[str, list[Any]] = {"response": [_check_httpx]}
"""`event_hooks` of an httpx client."""
