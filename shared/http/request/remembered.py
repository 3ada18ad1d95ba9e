"""Tokens whose signature was checked: the next request with the same one costs a hash in place of a signature.

Only the token's SHA-256 is remembered, and only what was accepted. It counts while its key is one of the issuer's and
until it expires; then the token is checked as if it were new, so that the refusal is the same.
"""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

import jwt

from shared.http.declare.principal import Principal
from shared.http.request.jwks import Keys

MOST_TOKENS = 10_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What a token was found to be. `key` signed it, `kid` is what the token calls it, `until` is in seconds since the
    epoch.
    """

    principal: Principal
    kid: Any
    key: jwt.PyJWK
    until: float


class Remembered:
    """The latest 10,000 of them."""

    def __init__(self, keys: Keys, most: int = MOST_TOKENS) -> None:
        self._keys, self._most = keys, most
        self._checked: OrderedDict[bytes, Checked] = OrderedDict()
        self._lock = Lock()

    def find(self, token: str) -> Principal | None:
        """Whose token it is, if it was checked before and still holds. Raises Problem 503 while no key can be had."""
        digest = _digest(token)
        known = self._checked.get(digest)
        if known is None:
            return None
        if time.time() < known.until and any(key is known.key for key in self._keys.find(known.kid)):
            return known.principal
        with self._lock:
            self._checked.pop(digest, None)
        return None

    def add(self, token: str, checked: Checked) -> None:
        """Remember an accepted token; the one that was accepted first is forgotten for it where there are too many."""
        with self._lock:
            self._checked[_digest(token)] = checked
            if len(self._checked) > self._most:
                self._checked.popitem(last=False)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
