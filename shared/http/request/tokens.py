"""Who calls: a JWT bearer token, checked against the issuer's public keys (JWKS), becomes a `Principal`.

Only EdDSA, ES256 and RS256 are ever accepted, each only with a key of its own kind; iss, aud, exp and sub must be
there. The `sub` ends here: beyond this module a person is their pseudonym.
"""

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

import jwt

from shared.clock import Clock, SystemClock
from shared.http.declare.principal import Principal
from shared.http.problems import unauthenticated
from shared.http.request.jwks import ALGORITHMS, FileKeys, Keys, UrlKeys
from shared.ids import person_id
from shared.settings import Tokens

LEEWAY_SECONDS = 30
ROLES = frozenset({"moderator", "arbiter", "operator", "integrator"})
_BEARER = re.compile(r"Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+) *", re.IGNORECASE)
_LONGEST_TOKEN = 8192
LONGEST_SUB = 255
log = logging.getLogger(__name__)


class Verifier:
    """Checks tokens of one issuer for one audience."""

    def __init__(self, tokens: Tokens, pseudonym_key: bytes, keys: Keys) -> None:
        self._tokens, self._pseudonym_key, self._keys = tokens, pseudonym_key, keys

    @classmethod
    def of(cls, tokens: Tokens, pseudonym_key: bytes, clock: Clock | None = None) -> "Verifier":
        """With the keys that the settings name."""
        clock = clock or SystemClock()
        keys = FileKeys(tokens.jwks_file) if tokens.jwks_file else UrlKeys(tokens.jwks_url or "", clock)
        return cls(tokens, pseudonym_key, keys)

    def principal(self, authorization: str | None) -> Principal:
        """Whose header this is. Raises Problem 401 with WWW-Authenticate, 503 while no key can be had."""
        if authorization is None:
            _refuse("missing", "a bearer token is needed", challenge="")
        found = _BEARER.fullmatch(authorization) if len(authorization) <= _LONGEST_TOKEN else None
        if found is None:
            _refuse("format", "expected Bearer and a JWT", challenge='error="invalid_request"')
        try:
            claims = self._claims(found[1])
        except jwt.InvalidTokenError as error:
            _refuse(*_reason(error))
        return self._of_claims(claims)

    def ready(self) -> bool:
        """Whether there is a key to check any token with."""
        return self._keys.ready()

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            _refuse("format", "expected a JWT")
        if header.get("alg") not in ALGORITHMS:
            _refuse("algorithm", f"expected a token signed with one of {', '.join(ALGORITHMS)}")
        keys = [key for key in self._keys.find(header.get("kid")) if key.algorithm_name == header["alg"]]
        if not keys:
            _refuse("key", "expected a token signed with one of the issuer's present keys")
        for key in keys[:-1]:
            with suppress(jwt.InvalidSignatureError):
                return self._decoded(token, key)
        return self._decoded(token, keys[-1])

    def _decoded(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        """Its claims; raises InvalidSignatureError where another key may fit."""
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            issuer=self._tokens.issuer,
            audience=self._tokens.audience,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return claims

    def _of_claims(self, claims: Mapping[str, Any]) -> Principal:
        sub, roles = claims["sub"], claims.get("roles", [])
        if not isinstance(sub, str) or not 1 <= len(sub) <= LONGEST_SUB or not sub.isprintable():
            _refuse("sub", f"expected a sub of 1 to {LONGEST_SUB} printable characters")
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            _refuse("roles", "expected roles to be a list of words")
        return Principal(person_id(self._pseudonym_key, self._tokens.pseudonym_issuer, sub), ROLES.intersection(roles))


def _reason(error: jwt.InvalidTokenError) -> tuple[str, str]:
    match error:
        case jwt.ExpiredSignatureError():
            return "expired", "the token has expired"
        case jwt.ImmatureSignatureError():
            return "not-yet", "the token is not valid yet"
        case jwt.InvalidIssuerError():
            return "iss", "the token is of another issuer"
        case jwt.InvalidAudienceError():
            return "aud", "the token is for another audience"
        case jwt.MissingRequiredClaimError():
            return "claim", f"the token lacks {error.claim}"
        case jwt.InvalidSignatureError():
            return "signature", "the signature does not match"
    return "invalid", "the token is not valid"


def _refuse(rule: str, message: str, challenge: str = 'error="invalid_token"') -> NoReturn:
    raise unauthenticated(rule, message, challenge)
