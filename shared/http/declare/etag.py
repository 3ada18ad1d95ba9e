"""A document's version as an entity tag (RFC 9110): ETag of an answer, If-Match of a command."""

from dataclasses import dataclass

from shared.http.problems import Fault, Problem

TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
TAGS = rf"{TAG}(?:\s*,\s*{TAG})*"
"""Entity tags in a header, as a regular expression that Python and ECMAScript read alike."""


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


def etag(version: int) -> str:
    """A version as an entity tag."""
    return f'"{version}"'
