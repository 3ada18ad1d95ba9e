"""Makes a service's Flask app out of its declared operations."""

import functools
import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from flask_cors import CORS
from werkzeug.routing import BaseConverter

from shared.http.declare import openapi
from shared.http.declare.operations import Operations, Parts
from shared.http.problems import Problem, problem_of
from shared.http.request.dispatch import Dispatcher
from shared.http.request.edge import Edge
from shared.http.request.limits import AddressLimit, PersonLimit
from shared.http.request.tokens import Verifier
from shared.process.health import Checks, probe
from shared.settings import Settings, Terms
from shared.telemetry import metrics

_EXPOSED = [
    "ETag", "Location", "Link", "Retry-After", "Idempotency-Replayed", "WWW-Authenticate", "X-Request-Id", "Allow",
]  # fmt: skip
_ALLOWED = [
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id", "traceparent",
]  # fmt: skip
_PREFLIGHT_SECONDS = 600


class WordConverter(BaseConverter):
    """`{scheme:word}` in an operation's path."""

    regex = r"[A-Za-z0-9._-]{1,64}"


class LinkConverter(BaseConverter):
    """`{token:link}` in an operation's path: the token of a mailed link."""

    regex = r"[A-Za-z0-9._-]{1,512}"


def create_app(settings: Settings, operations: Operations[Parts], parts: Parts, *, ready: Checks) -> Flask:
    """The app of `settings.service`. `parts` is what its views work with; `ready` is {name: check} of /readyz,
    to which the token keys come.

    Raises Undeclared where an operation does not say who may call it.
    """
    operations.check()
    app = Flask(settings.service, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.web.body_limit + 1  # see body.read_object
    app.url_map.merge_slashes = False
    app.url_map.converters |= {"word": WordConverter, "link": LinkConverter}
    verifier = Verifier.of(settings.tokens, settings.pseudonym_key)
    web = settings.web
    persons = PersonLimit(web.rate_per_second, web.rate_burst)
    addresses = AddressLimit(web.public_rate_per_second, web.public_rate_burst, web.gateways)
    dispatcher = Dispatcher(parts, verifier, (persons, addresses), operations.all)
    for operation in operations.all:
        view = functools.partial(_view, dispatcher, operation)
        app.add_url_rule(operation.rule, operation.id, view, methods=[operation.method])
    _add_own(app, operations, settings.terms, {**ready, "token_keys": verifier.ready}, addresses)
    _refuse_undeclared(app)
    app.register_error_handler(Exception, lambda error: problem_of(error).response())
    if settings.web.cors_origins:
        _allow_origins(app, settings.web.cors_origins)
    app.wsgi_app = Edge(app.wsgi_app, settings.service)  # type: ignore[method-assign]
    return app


def _view(dispatcher: Dispatcher[Any], operation: Any, **ids: Any) -> Response:
    return dispatcher.answer(operation, ids)


def _add_own(app: Flask, operations: Operations[Any], terms: Terms, ready: Checks, addresses: AddressLimit) -> None:
    """Health, metrics and the description of the service itself; only the last is asked for from outside."""
    description = json.dumps(openapi.document(operations, terms), separators=(",", ":"))

    def described() -> Response:
        return Response(description, content_type="application/json")

    @functools.wraps(described)
    def paced() -> Response:
        addresses.check(request.environ)
        return described()

    def add(path: str, answer: Callable[[], Response]) -> None:
        app.add_url_rule(path, f"own:{path}", answer, methods=["GET"])

    add("/livez", lambda: _probed({}))
    add("/readyz", lambda: _probed(ready))
    add("/metrics", _metrics)
    add(f"/v1/openapi/{operations.service}.json", paced)


def _probed(checks: Checks) -> Response:
    status, content_type, body = probe(checks)
    return Response(body, status, content_type=content_type)


def _metrics() -> Response:
    body, content_type = metrics.exposition()
    return Response(body, content_type=content_type)


def _refuse_undeclared(app: Flask) -> None:
    """A route that somebody adds past the operations answers nobody."""
    declared = frozenset(app.view_functions)

    @app.before_request
    def refuse() -> None:
        if request.endpoint is not None and request.endpoint not in declared:
            raise Problem("forbidden", "You are not allowed to do this.")


def _allow_origins(app: Flask, origins: tuple[str, ...]) -> None:
    CORS(
        app,
        resources={r"/v1/.*": {"origins": list(origins)}},
        methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=_ALLOWED,
        expose_headers=_EXPOSED,
        max_age=_PREFLIGHT_SECONDS,
    )
