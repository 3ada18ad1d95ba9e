"""The issuer's public keys: from a file, read again when it changes, or from a URL, asked now and then."""

import json
import logging
import threading
import urllib.request
from pathlib import Path
from typing import Any, Protocol

import jwt

from shared.clock import Clock
from shared.http.problems import Problem

ALGORITHMS = ("EdDSA", "ES256", "RS256")
FRESH_SECONDS = 600.0
RETRY_SECONDS = 30.0
_FETCH_SECONDS = 3
_MOST_BYTES = 1_000_000
_LEAST_RSA_BITS = 2048
log = logging.getLogger(__name__)

KeySet = dict[str | None, jwt.PyJWK]


class Keys(Protocol):
    """Where a token's key is looked up."""

    def find(self, kid: Any) -> jwt.PyJWK | None:
        """The key of this id (without one: the only key); None where unknown; Problem 503 where none can be had."""


def parse_keys(text: str | bytes) -> KeySet:
    """The usable public keys of a JWKS, by id; those of other kinds are left out. ValueError where it is no JWKS."""
    document = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWKS")
    found: KeySet = {}
    for entry in document["keys"]:
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, AttributeError, TypeError, KeyError, ValueError):
            continue
        too_short = key.algorithm_name == "RS256" and key.key.key_size < _LEAST_RSA_BITS
        if key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig") and not too_short:
            found[key.key_id] = key
    return found


def pick(keys: KeySet, kid: Any) -> jwt.PyJWK | None:
    """The key of id `kid`; a token that names none fits only a set of one."""
    if kid is None:
        return next(iter(keys.values())) if len(keys) == 1 else None
    return keys.get(kid) if isinstance(kid, str) else None


class FileKeys:
    """Keys in a file. One that cannot be read leaves the last good set in force."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: KeySet = {}
        self._lock = threading.Lock()

    def find(self, kid: Any) -> jwt.PyJWK | None:
        with self._lock:
            self._refresh()
            return pick(self._keys, kid)

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            seen = status.st_mtime_ns, status.st_size, status.st_ino
            if seen != self._seen:
                self._keys = parse_keys(self._path.read_bytes())
                self._seen = seen
        except (OSError, ValueError) as error:
            log.warning("the token keys cannot be read: %s", type(error).__name__)
            if not self._keys:
                raise _unavailable() from None


class UrlKeys:
    """Keys of a URL, asked again after 10 minutes, or for an unknown id; at most once in 30 seconds.

    While it does not answer, the last good set stays in force; nobody waits who needs a key that is known.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self._url, self._clock = url, clock
        self._keys: KeySet = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = threading.Lock()

    def find(self, kid: Any) -> jwt.PyJWK | None:
        key = pick(self._keys, kid)
        stale = self._clock.monotonic() - self._fetched_at > FRESH_SECONDS
        if (key is None or stale) and self._lock.acquire(blocking=key is None):
            try:
                self._refresh()
            finally:
                self._lock.release()
            key = pick(self._keys, kid)
        if key is None and not self._keys:
            raise _unavailable()
        return key

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        if now - self._tried_at < RETRY_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = parse_keys(self._fetch())
            self._fetched_at = now
        except (OSError, ValueError) as error:
            log.warning("the token keys cannot be fetched: %s", type(error).__name__)

    def _fetch(self) -> bytes:
        with urllib.request.urlopen(self._url, timeout=_FETCH_SECONDS) as answer:
            fetched: bytes = answer.read(_MOST_BYTES)
        return fetched


def _unavailable() -> Problem:
    return Problem("unavailable", "Tokens cannot be checked just now.", retry_after=5)
