"""OpenAPI 3.1 of one service, written from its declared operations and their marshmallow schemas."""

import json
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from shared.http.declare import components
from shared.http.declare.answers import describe_asked, describe_shown
from shared.http.declare.merging import VERSION, renamed
from shared.http.declare.operations import FORM, MULTIPART, Operation, Operations
from shared.http.declare.refusals import statuses_of
from shared.settings import Terms
from shared.settings.in_words import with_terms

_FORMATS: dict[str, dict[str, Any]] = {
    "uuid": {"format": "uuid"},
    "word": {"pattern": "^[A-Za-z0-9._-]{1,64}$"},
    "link": {"pattern": "^[A-Za-z0-9._-]{1,512}$"},
}


def document(operations: Operations[Any], terms: Terms) -> dict[str, Any]:
    """The OpenAPI document of one service; its summaries give the durations of `terms`.

    What is asked and what is answered are described apart: a schema that both have is stricter as a question.
    """
    asked, shown = _Half(operations.title), _Half(operations.title)
    for operation in operations.all:
        summary = with_terms(operation.summary, terms)
        asked.add(operation, _question(operation, operations.service, summary))
        shown.add(operation, {"responses": _responses(operation, summary)})
    components.add_to(shown.spec, asked.spec)
    questions, answers = asked.written(), shown.written()
    describe_asked(questions["components"]["schemas"], asked.schemas())
    describe_shown(answers["components"]["schemas"], shown.schemas())
    answers = renamed(answers, questions["components"]["schemas"], lambda name: f"{name}Answer")
    for path, methods in answers["paths"].items():
        for method, described in methods.items():
            questions["paths"][path][method]["responses"] = described["responses"]
    for kind, members in answers["components"].items():
        questions["components"].setdefault(kind, {}).update(members)
    return questions


class _Half:
    """The questions' half of a document, or the answers'."""

    def __init__(self, title: str) -> None:
        self.plugin = MarshmallowPlugin()
        self.spec = APISpec(title, VERSION, "3.1.0", plugins=[self.plugin])

    def add(self, operation: Operation[Any], described: dict[str, Any]) -> None:
        self.spec.path(path=operation.template, operations={operation.method.lower(): described})

    def written(self) -> dict[str, Any]:
        written: dict[str, Any] = json.loads(json.dumps(self.spec.to_dict()))
        written.setdefault("components", {}).setdefault("schemas", {})
        return written

    def schemas(self) -> dict[str, type[Schema]]:
        """{name in the document: the marshmallow schema}."""
        converter = self.plugin.converter
        assert converter is not None
        return {name: key[0] for key, name in converter.refs.items()}


def _question(operation: Operation[Any], service: str, summary: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": summary,
        "description": operation.who.description if operation.who else "",
        "tags": [service],
        "security": _security(operation),
        "parameters": _parameters(operation),
    }
    if operation.any_body:
        content: dict[str, Any] = {media: {"schema": operation.body or {}} for media in (FORM, MULTIPART)} | {
            "*/*": {"schema": {}}
        }
        described["requestBody"] = {"required": False, "content": content}
    elif operation.body is not None:
        medias = ["application/json", *([FORM, MULTIPART] if operation.form else [])]
        content = {media: {"schema": operation.body} for media in medias}
        described["requestBody"] = {"required": operation.needs_body, "content": content}
    return described


def _security(operation: Operation[Any]) -> list[Any]:
    """None, a token, or either."""
    who = operation.who
    bearer: dict[str, list[str]] = {"bearer": []}
    return [{}, bearer] if who and who.open else [bearer] if who and who.token else []


def _parameters(operation: Operation[Any]) -> list[Any]:
    parameters: list[Any] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", **_FORMATS[kind]}}
        for name, kind in operation.variables.items()
    ]
    if operation.query is not None:
        parameters.append({"in": "query", "schema": operation.query})
    if operation.headers is not None:
        parameters.append({"in": "header", "schema": operation.headers})
    if operation.key:
        parameters.append("IdempotencyKey")
    if operation.match:
        parameters.append("IfMatch")
    if operation.is_kept:
        parameters.append("IfNoneMatch")
    return parameters


def _responses(operation: Operation[Any], summary: str) -> dict[str, Any]:
    answers = {str(status): _answer(operation, summary, status, schema) for status, schema in operation.answers.items()}
    pages = "Page" if operation.page else ""
    refused = {
        str(status): {"$ref": f"#/components/responses/Problem{status}{pages}"} for status in statuses_of(operation)
    }
    if operation.is_kept:
        headers = components.header_refs(["XRequestId", "ContentTag", "CacheControl"])
        answers["304"] = {"description": "What you have is still so.", "headers": headers}
    return answers | refused


def _answer(operation: Operation[Any], summary: str, status: int, schema: Schema | None) -> dict[str, Any]:
    names = ["XRequestId"]
    tagged = operation.match or status == 201 or "{" in operation.path
    names += ["ContentTag", "CacheControl"] if operation.is_kept else ["ETag"] if tagged else []
    names += ["Location"] if status == 201 else []
    names += ["IdempotencyReplayed"] if operation.key else []
    names += ["Link"] if operation.query is not None and "cursor" in operation.query.fields else []
    answer: dict[str, Any] = {"description": summary, "headers": components.header_refs(names)}
    if status != 204:
        answer["content"] = {operation.media: {"schema": schema if schema is not None else {}}}
        if operation.page:
            answer["content"]["text/html"] = {"schema": {"type": "string"}}
        if operation.csv:
            answer["content"]["text/csv"] = {"schema": {"type": "string"}}
    return answer
