"""Idempotency-Key and If-Match, as a request has them. What is stored is the aggregate store's matter."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from shared.http.declare.components import KEY_PATTERN
from shared.http.declare.etag import TAGS, IfMatch
from shared.http.problems import Fault, Problem, invalid

_KEY = re.compile(KEY_PATTERN)
_TAGS = re.compile(rf"\s*{TAGS}\s*")
_VERSION = re.compile(r'"([0-9]{1,18})"')


def read_key(header: str | None) -> str | None:
    """The Idempotency-Key, 1..255 visible ASCII characters; None where there is none; else Problem 422."""
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise invalid([Fault.of_header("Idempotency-Key", "format", "expected 1 to 255 visible ASCII characters")])
    return header


def fingerprint(method: str, path: str, body: Mapping[str, Any]) -> str:
    """SHA-256 of what was asked: the same for the same JSON value, however it was written down."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{method} {path}\n{canonical}".encode()).hexdigest()


def read_if_match(header: str | None) -> IfMatch:
    """RFC 9110: `*`, or entity tags of which any may match (weak ones never do). Malformed is Problem 400."""
    if header is None or header.strip() == "*":
        return IfMatch(exists=header is not None)
    if not _TAGS.fullmatch(header):
        fault = Fault.of_header("If-Match", "format", 'expected an ETag such as "3", or *')
        raise Problem("bad-request", "If-Match cannot be read.", errors=[fault])
    tags = (tag.strip() for tag in header.split(","))
    versions = (_VERSION.fullmatch(tag) for tag in tags)
    return IfMatch(frozenset(int(match[1]) for match in versions if match))
