"""A document's version as an entity tag (RFC 9110): ETag of an answer, If-Match of a command."""

import hashlib
from dataclasses import dataclass

from shared.http.problems import Fault, Problem

TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
TAGS = rf"{TAG}(?:\s*,\s*{TAG})*"
"""Entity tags in a header, as a regular expression that Python and ECMAScript read alike."""

KEPT_SECONDS = 60
"""So long after a change an earlier answer may still be shown to those without a token."""


@dataclass(frozen=True)
class IfMatch:
    """Which versions the client is willing to change; `versions` None is any, with `exists` (`*`) one that is there."""

    versions: frozenset[int] | None = None
    exists: bool = False

    def allows(self, version: int) -> bool:
        return self.versions is None or version in self.versions

    def check(self, version: int) -> None:
        """Raises Problem 412 where `version` is none of those."""
        if not self.allows(version):
            fault = Fault.of_header("If-Match", "version", f'the current version is "{version}"')
            raise Problem("stale", "Read it again, then decide.", errors=[fault], headers={"ETag": etag(version)})

    def check_there(self, there: bool) -> None:
        """Raises Problem 412 where something that exists is to be changed, and there is nothing."""
        if self.exists and not there:
            fault = Fault.of_header("If-Match", "version", "there is none to change")
            raise Problem("stale", "Read it again, then decide.", errors=[fault])


def etag(version: int) -> str:
    """A version as an entity tag."""
    return f'"{version}"'


def content_tag(content: bytes) -> str:
    """The entity tag of an answer that says this."""
    return hashlib.sha256(content).hexdigest()[:32]
