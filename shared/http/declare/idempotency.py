"""Idempotency-Key, ETag and If-Match: what they look like. What is kept, and where, is the aggregate store's matter."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.http.problems import Fault, Problem, invalid

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"\s*{_TAG}\s*(?:,\s*{_TAG}\s*)*")
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


@dataclass(frozen=True)
class IfMatch:
    """Which versions the client is willing to change; `versions` None is any that exists."""

    versions: frozenset[int] | None = None

    def allows(self, version: int) -> bool:
        return self.versions is None or version in self.versions

    def check(self, version: int) -> None:
        """Raises Problem 412 where `version` is none of those."""
        if not self.allows(version):
            fault = Fault.of_header("If-Match", "version", f'the current version is "{version}"')
            raise Problem("stale", "Read it again, then decide.", errors=[fault], headers={"ETag": etag(version)})


def read_if_match(header: str | None) -> IfMatch:
    """RFC 9110: `*`, or entity tags of which any may match (weak ones never do). Malformed is Problem 400."""
    if header is None or header.strip() == "*":
        return IfMatch()
    if not _TAGS.fullmatch(header):
        fault = Fault.of_header("If-Match", "format", 'expected an ETag such as "3", or *')
        raise Problem("bad-request", "If-Match cannot be read.", errors=[fault])
    tags = (tag.strip() for tag in header.split(","))
    versions = (_VERSION.fullmatch(tag) for tag in tags)
    return IfMatch(frozenset(int(match[1]) for match in versions if match))


def etag(version: int) -> str:
    """A version as an entity tag."""
    return f'"{version}"'
