"""The issuer's public keys: from a file, read again when it changes, or from a URL, asked now and then."""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import jwt

from shared import outgoing
from shared.clock import Clock
from shared.http.problems import Problem
from shared.telemetry import metrics
from shared.telemetry.outage import Outage

ALGORITHMS = ("EdDSA", "ES256", "RS256")
FRESH_SECONDS = 600.0
RETRY_SECONDS = 30.0
FIRST_RETRY_SECONDS = 5.0
FETCH_SECONDS = 3.0
WAIT_SECONDS = 0.5
_MOST_BYTES = 1_000_000
_LEAST_RSA_BITS = 2048
log = logging.getLogger(__name__)

KeySet = Sequence[jwt.PyJWK]


class Keys(Protocol):
    """Where a token's key is looked up."""

    def find(self, kid: Any) -> KeySet:
        """The keys that a token with this id may be signed with; none where it is unknown; Problem 503 where no key can
        be had.
        """

    def ready(self) -> bool:
        """Whether there is any key; waits for nothing."""


def parse_keys(text: str | bytes) -> KeySet:
    """The usable public keys of a JWKS; those of other kinds are left out. ValueError where none is left."""
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("not a JWKS: nested too deeply") from None
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWKS")
    found = [key for key in map(_usable, document["keys"]) if key is not None]
    if not found:
        raise ValueError("the JWKS has no key that can be used")
    return found


def _usable(entry: Any) -> jwt.PyJWK | None:
    try:
        key = jwt.PyJWK(entry)
    except (jwt.PyJWTError, AttributeError, TypeError, KeyError, ValueError):
        return None
    too_short = key.algorithm_name == "RS256" and key.key.key_size < _LEAST_RSA_BITS
    known = key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig")
    named = key.key_id is None or isinstance(key.key_id, str)
    return key if known and named and not too_short else None


def pick(keys: KeySet, kid: Any) -> KeySet:
    """The keys of id `kid`; a token that names none fits those that have none, or a set of one."""
    if kid is None:
        return [key for key in keys if key.key_id is None] or (keys if len(keys) == 1 else [])
    return [key for key in keys if key.key_id == kid] if isinstance(kid, str) else []


class FileKeys:
    """Keys in a file. One that cannot be read leaves the last good set in force."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: KeySet = []
        self._lock = threading.Lock()
        self._outage = Outage(log, "the token keys cannot be read")

    def find(self, kid: Any) -> KeySet:
        with self._lock:
            self._refresh()
            if not self._keys:
                raise _unavailable()
            return pick(self._keys, kid)

    def ready(self) -> bool:
        with self._lock:
            self._refresh()
            return bool(self._keys)

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            seen = status.st_mtime_ns, status.st_size, status.st_ino
            if seen != self._seen:
                self._keys = parse_keys(self._path.read_bytes())
                self._seen = seen
        except (OSError, ValueError) as error:
            self._outage.failed(f"{type(error).__name__}: {error}")
        else:
            self._outage.ended()


class UrlKeys:
    """Keys of a URL, fetched again after 10 minutes, or for an unknown id, by one thread at a time, at most once in 30
    seconds (5 while there are none).

    Whatever comes, the last good set stays in force. Nobody waits for a key that is known; for another until half a
    second after its fetch began, and then it is 503; while the last fetch failed as well, for it may be a new key.
    """

    def __init__(self, url: str, clock: Clock, begin: Callable[[Callable[[], None]], None] | None = None) -> None:
        """`begin` has a fetch run beside the caller: in a thread of its own, unless a test says otherwise."""
        self._url, self._clock, self._begin = url, clock, begin or _in_a_thread
        self._keys: KeySet = []
        self._fetched_at = self._tried_at = float("-inf")
        self._failed = False
        self._fetch_under_way: _Fetch | None = None
        self._lock = threading.Lock()
        self._outage = Outage(log, "the token keys cannot be fetched")
        metrics.TOKEN_KEYS_FETCHED.set(clock.now().timestamp())

    def find(self, kid: Any) -> KeySet:
        found = pick(self._keys, kid)
        if found and not self._stale():
            return found
        fetch = self._fetch_if_due()
        if not found and fetch is not None:
            if not fetch.wait():
                raise _unavailable(retry_after=1)
            found = pick(self._keys, kid)
        if not found and (self._failed or not self._keys):
            raise _unavailable()
        return found

    def ready(self) -> bool:
        if self._stale():
            self._fetch_if_due()
        return bool(self._keys)

    def _stale(self) -> bool:
        return self._clock.monotonic() - self._fetched_at > FRESH_SECONDS

    def _fetch_if_due(self) -> "_Fetch | None":
        """The fetch that is under way, else a new one where enough time has passed since the last."""
        with self._lock:
            if self._fetch_under_way is not None:
                return self._fetch_under_way
            now = self._clock.monotonic()
            if now - self._tried_at < (RETRY_SECONDS if self._keys else FIRST_RETRY_SECONDS):
                return None
            self._tried_at = now
            fetch = self._fetch_under_way = _Fetch()
        try:
            self._begin(lambda: self._refresh(fetch))
        except RuntimeError as error:  # no thread can be had
            self._over(fetch)
            self._outage.failed(str(error))
        return fetch

    def _refresh(self, fetch: "_Fetch") -> None:
        try:
            self._keys = parse_keys(self._fetch())
            self._fetched_at, self._failed = self._clock.monotonic(), False
            metrics.TOKEN_KEYS_FETCHED.set(self._clock.now().timestamp())
            self._outage.ended()
        except Exception as error:  # whatever a foreign server sends, the last good set stays
            self._failed = True
            self._outage.failed(f"{type(error).__name__}: {error}")
        finally:
            self._over(fetch)

    def _over(self, fetch: "_Fetch") -> None:
        with self._lock:
            self._fetch_under_way = None
        fetch.over.set()

    def _fetch(self) -> bytes:
        return outgoing.get(
            self._url, seconds=FETCH_SECONDS, most_bytes=_MOST_BYTES, headers={"Accept": "application/json"}
        )


class _Fetch:
    """One fetch, and those who wait for it."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self._begun = time.monotonic()

    def wait(self) -> bool:
        """Until it is over, or was begun half a second ago; whether it is over."""
        return self.over.wait(max(0.0, self._begun + WAIT_SECONDS - time.monotonic()))


def _in_a_thread(run: Callable[[], None]) -> None:
    threading.Thread(target=run, name="token keys", daemon=True).start()


def _unavailable(retry_after: int = 5) -> Problem:
    return Problem("unavailable", "Tokens cannot be checked just now.", retry_after=retry_after)
