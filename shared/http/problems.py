"""The answer to a client when something is refused or fails: RFC 9457 problem details, each kind declared once.

    raise Problem("conflict", "The offer is withdrawn.", errors=[Fault("", "state", "expected proposed or countered")])

It may be raised anywhere below a view. What others raise becomes a problem in `problem_of`.
"""

import json
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from flask import Response
from marshmallow import ValidationError
from marshmallow.exceptions import SCHEMA
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from shared.aggregate.store import FOR_GOOD, ClockOff, Contended
from shared.telemetry import outages, traces

TYPES = "https://goodgolem.example/problems/"
CONTENT_TYPE = "application/problem+json"
MOST_FAULTS = 50
log = logging.getLogger(__name__)

Slug = Literal[
    "bad-request", "malformed-json", "unauthenticated", "forbidden", "not-found", "method-not-allowed", "conflict",
    "gone", "busy", "stale", "too-large", "uri-too-long", "unsupported-media-type", "invalid", "refused-by-rule",
    "key-reused", "too-many-requests", "headers-too-large", "internal", "not-implemented", "unavailable",
]  # fmt: skip

# slug: (status, title). A slug is the end of the problem's `type` and never changes its meaning.
CATALOGUE: Mapping[Slug, tuple[int, str]] = {
    "bad-request": (400, "The request is malformed"),
    "malformed-json": (400, "The body is not JSON as it should be"),
    "unauthenticated": (401, "A valid bearer token is needed"),
    "forbidden": (403, "This is not yours to do"),
    "not-found": (404, "Unknown, or not yours to see"),
    "method-not-allowed": (405, "This path does not know that method"),
    "conflict": (409, "That is not possible as things stand"),
    "gone": (410, "It is no longer kept"),
    "busy": (409, "Something is under way; try again"),
    "stale": (412, "It has changed since you read it"),
    "too-large": (413, "The body is too large"),
    "uri-too-long": (414, "The URI is too long"),
    "unsupported-media-type": (415, "Only application/json is understood"),
    "invalid": (422, "Something in the request is not right"),
    "refused-by-rule": (422, "A rule does not allow that"),
    "key-reused": (422, "The Idempotency-Key was used for another request"),
    "too-many-requests": (429, "Too many requests"),
    "headers-too-large": (431, "The headers are too large"),
    "internal": (500, "Something failed here"),
    "not-implemented": (501, "Not known to this server"),
    "unavailable": (503, "Not available at the moment; try again"),
}
_BY_STATUS: dict[int, Slug] = {CATALOGUE[slug][0]: slug for slug in reversed(get_args(Slug))}
_RACES = (11000, 65)  # a lost race, and that there were several errors of a bulk write
_OURS = FOR_GOOD | {13, 18, 59, 115}
"""What the database's server refuses as it was asked: also without a right, a login, or by a command unknown to it. All
else that it answers is a fault of its own (a full disk has a code of its own with each server), and passes.
"""
_DETAILS = {
    404: "There is nothing at this path.",
    413: "The body is larger than this server takes.",
    500: "We do not know whether it was done. If this stays, write to us with the request id.",
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where (RFC 6901 pointer into the body), the rule's id, and what was expected."""

    pointer: str
    rule: str
    message: str
    parameter: str | None = None
    header: str | None = None

    @classmethod
    def of_query(cls, name: str, rule: str, message: str) -> "Fault":
        """A fault of the query parameter `name`; its pointer reads `?name`."""
        return cls(f"?{name}", rule, message, parameter=name)

    @classmethod
    def of_header(cls, name: str, rule: str, message: str) -> "Fault":
        """A fault of the header `name`; its pointer reads `header:name`."""
        return cls(f"header:{name}", rule, message, header=name)

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value is not None}


class Problem(Exception):
    """A refusal or failure as the client sees it. `status` is the slug's own unless given; `retry_after` in seconds.

    `members` stand beside RFC 9457's own.
    """

    def __init__(
        self,
        slug: Slug,
        detail: str,
        *,
        errors: Iterable[Fault] = (),
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.slug, self.detail, self.errors = slug, detail, list(errors)[:MOST_FAULTS]
        self.status, self.title = status or CATALOGUE[slug][0], CATALOGUE[slug][1]
        self.headers, self.members = dict(headers or {}), dict(members or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry_after)))

    def as_json(self) -> dict[str, Any]:
        problem: dict[str, Any] = {"type": TYPES + self.slug, "title": self.title, "status": self.status}
        problem["detail"] = self.detail
        problem["errors"] = [fault.as_json() for fault in self.errors]
        problem |= self.members
        if request_id := traces.request_id():
            problem["request_id"] = request_id
        return problem

    def response(self) -> Response:
        return Response(json.dumps(self.as_json()), self.status, self.headers, content_type=CONTENT_TYPE)


def pointer(*parts: object) -> str:
    """RFC 6901: ("help", 0, "a/b") is `/help/0/a~1b`; an absurdly long part is cut."""
    return "".join("/" + str(part)[:100].replace("~", "~0").replace("/", "~1") for part in parts)


def faults_of(messages: Any, *path: object) -> list[Fault]:
    """marshmallow's nested messages as faults, in the order of their pointers."""
    if isinstance(messages, Mapping):
        found = (faults_of(below, *path, *(() if key == SCHEMA else (key,))) for key, below in messages.items())
        return sorted((fault for faults in found for fault in faults), key=lambda fault: fault.pointer)
    if isinstance(messages, list | tuple):
        return [fault for message in messages for fault in faults_of(message, *path)]
    return [Fault(pointer(*path), getattr(messages, "rule", "invalid"), str(messages))]


def invalid(errors: Iterable[Fault]) -> Problem:
    """422 with these faults."""
    return Problem("invalid", "See errors: each names the field and what was expected.", errors=errors)


def unauthenticated(rule: str, message: str, challenge: str = "") -> Problem:
    """401 as RFC 6750 wants it: a request without a token gets no error code in the challenge."""
    more = f', {challenge}, error_description="{message}"' if challenge else ""
    return Problem(
        "unauthenticated",
        f"No caller is known: {message}.",
        errors=[Fault.of_header("Authorization", rule, message)],
        headers={"WWW-Authenticate": f'Bearer realm="good-golem"{more}'},
    )


def problem_of(error: BaseException) -> Problem:
    """Whatever was raised, as a problem; what nobody expected is logged, and says nothing of its inside."""
    match error:
        case Problem():
            return error
        case ValidationError():
            return invalid(faults_of(error.messages))
        case HTTPException():
            return _of_http(error)
        case ClockOff():
            return Problem("unavailable", "The clock here is wrong just now. Nothing was done.", retry_after=30)
        case Contended():
            return Problem("unavailable", "Others change it right now. Nothing was done.", retry_after=1)
        case PyMongoError() if _is_away(error):
            outages.away(outages.MONGODB, "requests", error, tries=False)
            detail = "It could not be stored or read just now. Send it again, with the same Idempotency-Key."
            return Problem("unavailable", detail, retry_after=2)
        case _:
            log.error("a request failed", exc_info=error)
            return Problem("internal", _DETAILS[500])


def _is_away(error: PyMongoError) -> bool:
    """Whether the same may be taken later: nobody answered, or the server failed at what others would have taken."""
    if isinstance(error, ConnectionFailure) or error.timeout:
        return True
    if not isinstance(error, OperationFailure):
        return False
    single = (error.details or {}).get("writeErrors", ())
    codes = {error.code, *(each.get("code") for each in single)} - {None, *_RACES}
    return bool(codes - _OURS)


def _of_http(error: HTTPException) -> Problem:
    """Flask's and werkzeug's own refusals."""
    status = error.code or 500
    slug = _BY_STATUS.get(status, "bad-request" if status < 500 else "internal")
    headers = {}
    detail = _DETAILS.get(status, CATALOGUE[slug][1] + ".")
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        allowed = ", ".join(sorted(error.valid_methods))
        headers["Allow"] = allowed
        detail = f"This path knows {allowed}."
    return Problem(slug, detail, headers=headers, status=status)
