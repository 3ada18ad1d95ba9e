"""What everybody may read: how long it may be kept, and whether the client has it already (RFC 9110 and 9111)."""

import hashlib

from flask import Request, Response

KEPT_SECONDS = 60
"""So long after a change an earlier answer may still be shown to those without a token."""
_OF_ALL = f"public, max-age={KEPT_SECONDS}"
_OF_ONE = "private, no-cache"


def fresh(request: Request, response: Response, anonymous: bool) -> Response:
    """The answer with what its keepers need to know; 304 without a body where the client has it already.

    The ETag is made of the content, unless it is a document's version, by which a person may change it.
    """
    if anonymous or "ETag" not in response.headers:
        response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = _OF_ALL if anonymous else _OF_ONE
    response.vary.update(("Authorization", "Origin"))
    if request.if_none_match.contains_weak(response.get_etag()[0] or ""):
        response.status_code = 304
        response.set_data(b"")
        del response.headers["Content-Type"]
    return response
