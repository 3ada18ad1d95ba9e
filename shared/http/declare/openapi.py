"""OpenAPI 3.1, written from the declared operations and their marshmallow schemas; and several services' as one."""

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from shared.http.declare.operations import FORM, Operation, Operations
from shared.http.problems import CATALOGUE, CONTENT_TYPE, TYPES
from shared.settings import Terms
from shared.settings.in_words import with_terms

VERSION = "1"
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri", "enum": [TYPES + slug for slug in CATALOGUE]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "rule", "message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "RFC 6901 into the body; `?name` a query parameter; `header:Name` a header.",
                    },
                    "rule": {"type": "string"},
                    "message": {"type": "string"},
                    "parameter": {"type": "string"},
                    "header": {"type": "string"},
                },
            },
        },
    },
}
_PARAMETERS: dict[str, dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes a repeat harmless: the same key and body have the same answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Change it only if this is still its ETag.",
        "schema": {"type": "string", "examples": ['"3"']},
    },
}
_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The document's version.", "schema": {"type": "string"}},
    "Location": {"description": "Where it is.", "schema": {"type": "string", "format": "uri-reference"}},
    "Link": {"description": 'The next page, rel="next".', "schema": {"type": "string"}},
    "IdempotencyReplayed": {"description": "true on a repeat.", "schema": {"type": "string", "const": "true"}},
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}
_HEADER_NAMES = {"IdempotencyReplayed": "Idempotency-Replayed", "RetryAfter": "Retry-After"}


def document(operations: Operations[Any], terms: Terms) -> dict[str, Any]:
    """The OpenAPI document of one service; its summaries give the durations of `terms`."""
    spec = APISpec(operations.title, VERSION, "3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.schema("Problem", _PROBLEM)
    for name, parameter in _PARAMETERS.items():
        spec.components.parameter(name, parameter["in"], dict(parameter))
    for name, header in _HEADERS.items():
        spec.components.header(name, header)
    for status in sorted({status for status, _ in CATALOGUE.values()}):
        spec.components.response(f"Problem{status}", _problem(status))
    for operation in operations.all:
        described = _operation(operation, operations.service, terms)
        spec.path(path=operation.template, operations={operation.method.lower(): described})
    written: dict[str, Any] = json.loads(json.dumps(spec.to_dict()))
    return written


def _operation(operation: Operation[Any], service: str, terms: Terms) -> dict[str, Any]:
    summary = with_terms(operation.summary, terms)
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": summary,
        "description": operation.who.description if operation.who else "",
        "tags": [service],
        "security": [{"bearer": []}] if operation.who and operation.who.token else [],
        "parameters": _parameters(operation),
        "responses": {
            **{
                str(status): _answer(operation, summary, status, schema) for status, schema in operation.answers.items()
            },
            **{str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in _refusals(operation)},
        },
    }
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        if operation.form:
            content[FORM] = {"schema": operation.body}
        described["requestBody"] = {"required": operation.needs_body, "content": content}
    return described


def _parameters(operation: Operation[Any]) -> list[Any]:
    formats: dict[str, dict[str, Any]] = {"uuid": {"format": "uuid"}, "word": {}, "link": {"maxLength": 512}}
    parameters: list[Any] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", **formats[kind]}}
        for name, kind in operation.variables.items()
    ]
    if operation.query is not None:
        parameters.append({"in": "query", "schema": operation.query})
    if operation.key:
        parameters.append("IdempotencyKey")
    if operation.match:
        parameters.append("IfMatch")
    return parameters


def _answer(operation: Operation[Any], summary: str, status: int, schema: Schema | None) -> dict[str, Any]:
    names = ["ETag"] if operation.match or status == 201 or "{" in operation.path else []
    names += ["Location"] if status == 201 else []
    names += ["IdempotencyReplayed"] if operation.key else []
    names += ["Link"] if operation.query is not None and "cursor" in operation.query.fields else []
    answer: dict[str, Any] = {"description": summary, "headers": _header_refs(names)}
    if status != 204:
        answer["content"] = {operation.media: {"schema": schema if schema is not None else {}}}
        if operation.page:
            answer["content"]["text/html"] = {"schema": {"type": "string"}}
    return answer


def _refusals(operation: Operation[Any]) -> list[int]:
    """The statuses of the problems it may answer with."""
    changes = operation.method != "GET"
    statuses = {400, 422, 500, 503}
    statuses |= {401, 429} if operation.who and operation.who.token else set()
    statuses |= {404} if operation.variables or changes else set()
    statuses |= {403} if (operation.who and operation.who.roles) or changes else set()
    statuses |= {409, 413, 415} if changes else set()
    statuses |= {412} if operation.match else set()
    return sorted(statuses - set(operation.answers))


def _problem(status: int) -> dict[str, Any]:
    titles = [title for code, title in CATALOGUE.values() if code == status]
    return {
        "description": ". ".join(titles) + ".",
        "content": {CONTENT_TYPE: {"schema": "Problem"}},
        "headers": _header_refs(["RetryAfter"] if status in (404, 409, 429, 503) else []),
    }


def _header_refs(names: Iterable[str]) -> dict[str, Any]:
    return {_HEADER_NAMES.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in names}


def merge(documents: Mapping[str, Mapping[str, Any]], title: str = "Good Golem") -> dict[str, Any]:
    """One document out of {service: its document}. A schema that two services name alike is named after its service."""
    merged: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": title, "version": VERSION}, "paths": {}}
    components: dict[str, dict[str, Any]] = {}
    for service, one in documents.items():
        one = _without_clashes(service, copy.deepcopy(dict(one)), components.get("schemas", {}))
        for kind, members in one["components"].items():
            components.setdefault(kind, {}).update(members)
        for path, methods in one["paths"].items():
            merged["paths"].setdefault(path, {}).update(methods)
    return {**merged, "components": components}


def _without_clashes(service: str, one: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    schemas = one["components"]["schemas"]
    renamed = {name: f"{service.title()}{name}" for name in schemas if known.get(name, schemas[name]) != schemas[name]}
    one["components"]["schemas"] = {renamed.get(name, name): schema for name, schema in schemas.items()}
    refs = {f"#/components/schemas/{old}": f"#/components/schemas/{new}" for old, new in renamed.items()}
    written: dict[str, Any] = _with_refs(one, refs)
    return written


def _with_refs(value: Any, refs: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: refs.get(member, member) if key == "$ref" else _with_refs(member, refs)
            for key, member in value.items()
        }
    return [_with_refs(member, refs) for member in value] if isinstance(value, list) else value
