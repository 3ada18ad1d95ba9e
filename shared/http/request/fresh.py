"""What everybody may read: how long it may be kept, and whether the client has it already (RFC 9110 and 9111)."""

from flask import Request, Response

from shared.http.declare.etag import KEPT_SECONDS, content_tag

_OF_ALL = f"public, max-age={KEPT_SECONDS}"
_OF_ONE = "private, no-cache"


def fresh(request: Request, response: Response, anonymous: bool, tag: str | None = None) -> Response:
    """The answer with what its keepers need to know; 304 without a body where the client has it already.

    The ETag is made of the content, unless it is a document's version, by which a person may change it. What they see
    depends on more than that (their roles, the fee, the rules of places), so a version is never answered with 304.
    `tag`: what it is made of the content, where that is known.
    """
    if by_content := anonymous or "ETag" not in response.headers:
        response.set_etag(tag or content_tag(response.get_data()))
    response.headers["Cache-Control"] = _OF_ALL if anonymous else _OF_ONE
    response.vary.update(("Authorization", "Origin"))
    known = request.if_none_match
    if known.star_tag or (by_content and known.contains_weak(response.get_etag()[0] or "")):
        response.status_code = 304
        response.set_data(b"")
        del response.headers["Content-Type"]
    return response
