"""One request of one operation, in this order: who calls, how fast, key, If-Match, query, body, then the view."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic

from flask import Response, request
from marshmallow import ValidationError

from shared.clock import format_time
from shared.fields import Body
from shared.http.answer import csv_table, html
from shared.http.answer.dump import dump_of
from shared.http.declare.etag import IfMatch
from shared.http.declare.operations import Answer, Call, Operation, Parts, Who
from shared.http.declare.principal import Principal
from shared.http.problems import Problem, faults_of, invalid
from shared.http.request.body import read_bytes, read_object
from shared.http.request.edge import OPERATION, PATH
from shared.http.request.fresh import fresh
from shared.http.request.idempotency import fingerprint, read_if_match, read_key
from shared.http.request.limits import AddressLimit, PersonLimit
from shared.http.request.query import parameters_of, read_query
from shared.http.request.tokens import Verifier
from shared.telemetry import traces

_NO_BODY = Body()


class Dispatcher(Generic[Parts]):
    """Checks a request, has the view answer it, and writes the answer down."""

    def __init__(
        self,
        parts: Parts,
        verifier: Verifier,
        limits: tuple[PersonLimit, AddressLimit],
        operations: Iterable[Operation[Parts]] = (),
    ) -> None:
        self._parts, self._verifier, (self._persons, self._addresses) = parts, verifier, limits
        commands = [operation for operation in operations if operation.command is not None]
        self._commands = {f"{each.path.partition('/{')[0]} {each.command}": each for each in commands}

    def answer(self, operation: Operation[Parts], ids: dict[str, Any]) -> Response:
        """Raises Problem, or whatever the view raises."""
        texts = {name: str(value) for name, value in ids.items()}
        request.environ[OPERATION], request.environ[PATH] = operation.id, operation.path_for_logs(texts)
        attributes = {"http.request.method": operation.method, "http.route": operation.template}
        traces.describe(attributes, name=f"{operation.method} {operation.template}")
        try:
            call = self._call(operation, operation.path_of(texts), ids)
            answer = operation.view(call)
            written = _written(operation, answer)
            return fresh(request, written, call.caller is None, answer.tag) if operation.is_kept else written
        except Problem as problem:
            if operation.page and html.wants_page(request.headers.get("Accept")):
                return _page(
                    html.of_problem(problem, html.language(request.headers.get("Accept-Language"))),
                    problem.status,
                    problem.headers,
                )
            raise

    def _call(self, operation: Operation[Parts], path: str, ids: dict[str, Any]) -> Call[Parts]:
        caller = self._caller(operation.who, operation.pace)
        headers = request.headers
        key = read_key(headers.get("Idempotency-Key")) if operation.key else None
        if_match = read_if_match(headers.get("If-Match")) if operation.match else IfMatch()
        asked = request.query_string
        unasked = operation.query is None and (operation.page or not asked)
        query = {} if unasked else read_query(asked, operation.query)
        sent = self._sent(operation)
        try:
            nothing = operation.signed or not (sent or operation.body)
            body = {} if nothing else (operation.body or _NO_BODY).load(sent)
        except ValidationError as error:
            raise invalid(faults_of(error.messages)) from None
        return Call(
            parts=self._parts,
            operation=operation,
            path=path,
            caller=caller,
            ids={name: str(value) for name, value in ids.items()},
            body=body,
            query=query,
            parameters=parameters_of(asked) if query else (),
            headers=dict(headers),
            raw=b"" if operation.method == "GET" or operation.any_body else request.get_data(cache=True),
            key=key,
            if_match=if_match,
            fingerprint="" if operation.method == "GET" else fingerprint(operation.method, path, sent),
            address=self._addresses.client(request.environ),
            commands=self._commands,
        )

    @staticmethod
    def _sent(operation: Operation[Parts]) -> dict[str, Any]:
        """The body; of one that is signed nothing is read before its view has checked the signature."""
        if operation.most_bytes is not None and request.max_content_length is not None:
            request.max_content_length = max(request.max_content_length, operation.most_bytes + 1)
        if operation.method == "GET" or operation.any_body:
            return {}
        if operation.signed:
            read_bytes(request)
            return {}
        return read_object(request, operation.needs_body, operation.form)

    def _caller(self, who: Who | None, pace: int) -> Principal | None:
        """Who calls. Without a token the address is counted, before anything is read: the body, or a document."""
        if who is None:
            raise Problem("forbidden", "You are not allowed to do this.")
        authorization = request.headers.get("Authorization")
        if not who.token and (authorization is None or not who.open):
            if pace:
                self._addresses.check(request.environ, pace)
            return None
        caller = self._verifier.principal(authorization)
        self._persons.check(caller.person_id)
        if who.roles and not caller.has(*who.roles):
            raise Problem("forbidden", who.description)
        return caller


def _written(operation: Operation[Parts], answer: Answer) -> Response:
    if answer.status not in operation.answers:
        raise RuntimeError(f"{operation.id} answered {answer.status}, which it does not declare")
    if isinstance(answer.body, html.Page):
        return _page(answer.body, answer.status, answer.headers)
    if isinstance(answer.body, csv_table.Table):
        lines = answer.body.lines()
        return Response(lines, answer.status, dict(answer.headers), content_type=csv_table.CONTENT_TYPE)
    if isinstance(answer.body, (str, Iterator)):  # it is in its medium already
        return Response(answer.body, answer.status, dict(answer.headers), content_type=operation.media)
    schema = operation.answers[answer.status]
    body = answer.body if schema is None or answer.body is None else dump_of(schema)(answer.body)
    if body is None:
        return Response(status=answer.status, headers=dict(answer.headers))
    # In JSON a `<` stands in strings alone. As an escape it says the same, and ends no script element of a page.
    text = _JSON.encode(body).replace("<", "\\u003c")
    return Response(text, answer.status, dict(answer.headers), content_type=operation.media)


def _page(page: html.Page, status: int, headers: Mapping[str, str]) -> Response:
    return Response(page.text(), status, dict(headers), content_type=html.CONTENT_TYPE)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return format_time(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)
