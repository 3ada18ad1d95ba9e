"""The parts of an OpenAPI document that all operations share: the problem document, parameters, headers, refusals."""

from collections.abc import Iterable
from typing import Any

from apispec import APISpec

from shared.http.declare import etag
from shared.http.declare.refusals import BY_SERVERS
from shared.http.problems import CATALOGUE, CONTENT_TYPE, TYPES

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details. docs/problems.md explains each type and each rule.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri", "x-extensible-enum": [TYPES + slug for slug in CATALOGUE]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "What is wrong, each by its place and rule; none where the gateway refused.",
            "items": {
                "type": "object",
                "required": ["pointer", "rule", "message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "RFC 6901 into the body; `?name` a query parameter; `header:Name` a header.",
                    },
                    "rule": {"type": "string", "description": "The rule's id, which never changes its meaning."},
                    "message": {"type": "string"},
                    "parameter": {"type": "string"},
                    "header": {"type": "string"},
                },
            },
        },
    },
}
KEY_PATTERN = "[!-~]{1,255}"
_PARAMETERS: dict[str, dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "Makes a repeat harmless: the same key and body have the same answer. A key counts for one caller, method "
            "and path (with its ids): the same key elsewhere is another key. With another body it is refused."
        ),
        "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$", "maxLength": 255},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Change it only if this is still its ETag: one entity tag, several, or * for any version.",
        "schema": {"type": "string", "pattern": f"^(\\*|{etag.TAGS})$", "examples": ['"3"']},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of what you have, or several: 304 without a body while it is still so. "
        "A document's version, as its ETag is with a token, is no such: what you see depends on more.",
        "schema": {"type": "string", "examples": ['"9f86d081884c7d659a2feaa0c55ad015"']},
    },
}
_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The document's version.", "schema": {"type": "string", "pattern": '^"[0-9]+"$'}},
    "ContentTag": {
        "description": "Of what is shown; with a token a document's is its version.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$'},
    },
    "CacheControl": {
        "description": "Without a token anybody may keep it for a short while; with one only you, asking each time.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where it is.", "schema": {"type": "string", "format": "uri-reference"}},
    "Link": {"description": 'The next page, rel="next".', "schema": {"type": "string"}},
    "IdempotencyReplayed": {"description": "true on a repeat.", "schema": {"type": "string", "const": "true"}},
    "RetryAfter": {
        "description": "Seconds to wait, then ask again. Without it the answer is final.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "XRequestId": {"description": "What the logs know the request by.", "schema": {"type": "string"}},
    "WWWAuthenticate": {"description": "RFC 6750.", "schema": {"type": "string"}},
}
_HEADER_NAMES = {
    "ContentTag": "ETag",
    "CacheControl": "Cache-Control",
    "IdempotencyReplayed": "Idempotency-Replayed",
    "RetryAfter": "Retry-After",
    "XRequestId": "X-Request-Id",
    "WWWAuthenticate": "WWW-Authenticate",
}
_OF_STATUS = {401: ["WWWAuthenticate"], 404: ["RetryAfter"], 409: ["RetryAfter"], 412: ["ETag"]} | {
    status: ["RetryAfter"] for status in (429, 503)
}
_IN_WORDS = {400, 417, 431, 501}
_ASK_AGAIN = {
    "when": "Retry-After",
    "then": "the same request, with the same Idempotency-Key and If-Match, after that many seconds",
    "otherwise": "the answer is final",
}
"""Of the refusals that may pass: what a client does by the header, in a form that its tools can read."""


def add_to(shown: APISpec, asked: APISpec) -> None:
    """Make them known to both halves of a document."""
    asked.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for name, parameter in _PARAMETERS.items():
        asked.components.parameter(name, parameter["in"], dict(parameter))
    shown.components.schema("Problem", _PROBLEM)
    for name, header in _HEADERS.items():
        shown.components.header(name, header)
    for status in sorted({status for status, _ in CATALOGUE.values()} | BY_SERVERS):
        shown.components.response(f"Problem{status}", _problem(status, page=False))
        shown.components.response(f"Problem{status}Page", _problem(status, page=True))


def header_refs(names: Iterable[str]) -> dict[str, Any]:
    """{the header's own name: where it is described}."""
    return {_HEADER_NAMES.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(status: int, *, page: bool) -> dict[str, Any]:
    titles = [title for code, title in CATALOGUE.values() if code == status]
    content: dict[str, Any] = {CONTENT_TYPE: {"schema": "Problem"}}
    if page:
        content["text/html"] = {"schema": {"type": "string"}}
    if status in _IN_WORDS:  # the gateway's HTTP server, for what it cannot read as a request at all
        content["text/plain"] = {"schema": {"type": "string"}}
    headers = _OF_STATUS.get(status, [])
    return {
        "description": ". ".join(titles or ["The request is malformed"]) + ".",
        "content": content,
        "headers": header_refs(["XRequestId", *headers]),
        **({"x-ask-again": _ASK_AGAIN} if "RetryAfter" in headers else {}),
    }
