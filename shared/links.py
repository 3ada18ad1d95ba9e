"""Links that are mailed: a signed token in a URL says what may be done, for what, and until when.

A token is for one purpose: under another's key it reads as forged. It says what it says to everyone who holds it, so
nothing private belongs in its claims; and it may be used again until it expires, so what must happen once keeps its own
record.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

LONGEST = 512
"""Characters of a token, at most."""

EMPLOYER_CONFIRMATION = "employer-confirmation"
"""A purpose. Claims: `offer`, `employer` (the mark of its domain), `id` (of this one link, which works once)."""
EMPLOYER_CONFIRMATIONS = "/v1/employer-confirmations/"
"""Where such a link leads, below PUBLIC_URL."""

EMPLOYER_CONSENT = "employer-consent"
"""A purpose. Claims: `listing`, `id` (of this one link: the listing keeps what became of it)."""
EMPLOYER_CONSENTS = "/v1/employer-consents/"

Claims = Mapping[str, str | int]
_EXPIRES = "exp"
_FORM = re.compile(r"[A-Za-z0-9_-]{2,400}\.[A-Za-z0-9_-]{43}")


class BadLink(Exception):
    """The token is invalid: malformed, forged, for another purpose, or expired. The answer never says which."""

    def __init__(self) -> None:
        super().__init__("the link is not valid, or not any more")


def sign(key: bytes, purpose: str, claims: Claims, expires: datetime) -> str:
    """A token of URL-safe characters, HMAC-SHA256 under a key derived from `key` for `purpose`.

    `claims` are texts and whole numbers by name; `expires` is aware, and counted in whole seconds. ValueError where the
    token would be too long or a claim is of another kind.
    """
    if _EXPIRES in claims or not all(type(value) in (str, int) for value in claims.values()):
        raise ValueError(f"claims are texts and whole numbers, and {_EXPIRES} is the token's own")
    payload = {**claims, _EXPIRES: int(expires.timestamp())}
    body = json.dumps(payload, separators=(",", ":"), sort_keys=True).encode()
    token = f"{_encoded(body)}.{_encoded(_mac(key, purpose, body))}"
    if not _FORM.fullmatch(token):
        raise ValueError("the claims are too long for a link")
    return token


def read(key: bytes, purpose: str, token: str, now: datetime) -> dict[str, str | int]:
    """The claims of a token that `sign` made with this key for this purpose, before it expires; else BadLink."""
    if len(token) > LONGEST or not _FORM.fullmatch(token):
        raise BadLink
    body, mac = (_decoded(part) for part in token.split("."))
    if not hmac.compare_digest(mac, _mac(key, purpose, body)):
        raise BadLink
    claims: dict[str, str | int] = json.loads(body)
    if now >= datetime.fromtimestamp(int(claims.pop(_EXPIRES)), UTC):
        raise BadLink
    return claims


def _mac(key: bytes, purpose: str, body: bytes) -> bytes:
    """Of a key of its own for each purpose, so that no other use of `key` can make a link."""
    own = hmac.new(key, b"link\0" + purpose.encode(), hashlib.sha256).digest()
    return hmac.new(own, body, hashlib.sha256).digest()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    """Exactly one text stands for each value: spare bits and impossible lengths are refused."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise BadLink from None
    if _encoded(raw) != part:
        raise BadLink
    return raw
