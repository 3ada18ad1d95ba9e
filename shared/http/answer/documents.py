"""The answer that shows a document."""

from collections.abc import Mapping
from typing import Any

from shared.http.declare.etag import etag
from shared.http.declare.operations import Answer


def document_response(
    document: Mapping[str, Any],
    status: int = 200,
    location: str | None = None,
    version: int | None = None,
    replayed: bool = False,
) -> Answer:
    """A document with its ETag (of `version`, else its own), where it is, and whether this answers a repeat."""
    headers = {"ETag": etag(document["version"] if version is None else version)}
    if location:
        headers["Location"] = location
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Answer(document, status, headers)
