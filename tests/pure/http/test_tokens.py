"""Who calls: forged, expired and malformed tokens are 401, and the keys are looked up without trusting the token."""

import base64
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient

from shared.http.problems import Problem
from shared.http.request.jwks import FileKeys, UrlKeys, parse_keys, pick
from tests.support.clock import ManualClock

Token = Callable[..., str]
NOW = int(time.time())


def ask(client: FlaskClient, header: str | None) -> tuple[int, str | None, str]:
    """(status, rule, WWW-Authenticate)."""
    response = client.get("/v1/listings", headers={"Authorization": header} if header is not None else {})
    errors = response.get_json(force=True).get("errors") or [{"rule": None}]
    return response.status_code, errors[0]["rule"], response.headers.get("WWW-Authenticate", "")


def jwk(key: Any, **more: Any) -> dict[str, Any]:
    public = key.public_key()
    algorithm: Any = jwt.algorithms.OKPAlgorithm
    if isinstance(key, rsa.RSAPrivateKey):
        algorithm = jwt.algorithms.RSAAlgorithm
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = jwt.algorithms.ECAlgorithm
    return {**json.loads(algorithm.to_jwk(public)), **more}


def test_a_good_token(client: FlaskClient, token: Token, parts: Any, ida_id: str) -> None:
    """It becomes a pseudonym; nothing of its sub is left."""
    assert ask(client, f"Bearer {token()}")[0] == 200
    assert ask(client, f"bearer {token()}")[0] == 200

    assert parts.calls[0].person == ida_id
    assert "ida" not in repr(parts.calls[0].principal)


def test_no_token(client: FlaskClient) -> None:
    """RFC 6750: the challenge of a request without one names no error."""
    assert ask(client, None) == (401, "missing", 'Bearer realm="good-golem"')


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic aWRhOng=", "Bearer a.b", "Bearer a.b.c.d", "Bearer \u00e9.b.c", "Bearer a.b.c, x",
     "Bearer " + "a" * 9000 + ".b.c"],
)  # fmt: skip
def test_a_header_that_is_none(client: FlaskClient, header: str) -> None:
    """Whatever it is, 401 and never an error of ours."""
    status, rule, challenge = ask(client, header)

    assert (status, rule) == (401, "format")
    assert 'error="invalid_request"' in challenge


@pytest.mark.parametrize(
    ("claims", "rule"),
    [
        ({"exp": NOW - 31}, "expired"),
        ({"exp": None}, "claim"),
        ({"exp": "soon"}, "invalid"),
        ({"nbf": NOW + 3600}, "not-yet"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "claim"),
        ({"aud": "other"}, "aud"),
        ({"aud": None}, "claim"),
        ({"sub": None}, "claim"),
        ({"sub": ""}, "sub"),
        ({"sub": "a\0b"}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"roles": "operator"}, "roles"),
        ({"roles": [{"$gt": ""}]}, "roles"),
        ({"roles": None, "kid": "unknown"}, "key"),
    ],
)
def test_a_claim_that_is_wrong(client: FlaskClient, token: Token, claims: dict[str, Any], rule: str) -> None:
    """401 says which; a few seconds of another clock are forgiven."""
    status, said, challenge = ask(client, f"Bearer {token(**claims)}")

    assert (status, said) == (401, rule)
    assert 'error="invalid_token"' in challenge


def test_another_clock_is_forgiven_a_little(client: FlaskClient, token: Token) -> None:
    """30 seconds."""
    assert ask(client, f"Bearer {token(exp=int(time.time()) - 20)}")[0] == 200


def test_a_forged_token(client: FlaskClient, token: Token, signing_key: Ed25519PrivateKey) -> None:
    """Another key, no signature, a changed claim, and the public key used as an HMAC secret."""
    head, body, signature = token().split(".")
    mallory = json.dumps({"iss": "https://golem.local", "aud": "good-golem", "sub": "mallory", "exp": NOW + 600})
    changed = base64.urlsafe_b64encode(mallory.encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').decode().rstrip("=")
    public = signing_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    assert ask(client, f"Bearer {token(key=Ed25519PrivateKey.generate())}")[:2] == (401, "signature")
    assert ask(client, f"Bearer {head}.{changed}.{signature}")[:2] == (401, "signature")
    assert ask(client, f"Bearer {none}.{body}.")[:2] == (401, "format")
    assert ask(client, f"Bearer {none}.{body}.{signature}")[:2] == (401, "algorithm")
    assert ask(client, f"Bearer {token(key=public, algorithm='HS256')}")[:2] == (401, "algorithm")
    rsa_key = rsa.generate_private_key(65537, 2048)
    assert ask(client, f"Bearer {token(key=rsa_key, algorithm='RS256')}")[:2] == (401, "key")


def test_roles_are_known_words_only(client: FlaskClient, token: Token) -> None:
    """A role opens what it opens; another is 403; an invented one is none."""
    for roles, status in ((["operator"], 200), (["moderator", "arbiter"], 200), (["moderator"], 403), (["root"], 403)):
        assert client.get("/v1/audit", headers={"Authorization": f"Bearer {token(roles=roles)}"}).status_code == status


def test_only_usable_keys_are_taken() -> None:
    """Symmetric, short, encryption and foreign keys are left out; each kind verifies with its own algorithm."""
    ec_key, rsa_key = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    entries = [
        jwk(Ed25519PrivateKey.generate(), kid="ed"),
        jwk(ec_key, kid="ec"),
        jwk(rsa_key, kid="rsa"),
        jwk(rsa_key, kid="enc", use="enc"),
        jwk(rsa.generate_private_key(65537, 1024), kid="short"),
        jwk(ec.generate_private_key(ec.SECP384R1()), kid="p384"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "hmac"},
        {"kty": "new"},
        {},
        "text",
    ]

    keys = parse_keys(json.dumps({"keys": entries}))

    assert {key.key_id: key.algorithm_name for key in keys} == {"ed": "EdDSA", "ec": "ES256", "rsa": "RS256"}
    assert pick(keys, None) == []
    assert pick(keys, {"$gt": ""}) == []
    for text in ("[]", "{}", '{"keys": 1}'):
        with pytest.raises(ValueError, match="JWKS"):
            parse_keys(text)


def test_a_token_without_a_kid_fits_a_single_key(client: FlaskClient, token: Token) -> None:
    """Which key is meant is then no question."""
    assert ask(client, f"Bearer {token(kid=None)}")[0] == 200


def test_a_key_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """Rotation needs no restart; a half-written file leaves the last good set in force."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [jwk(Ed25519PrivateKey.generate(), kid="one")]}))
    keys = FileKeys(path)
    assert keys.find("one")
    assert not keys.find("two")

    path.write_text('{"keys": [')
    os.utime(path, ns=(1, 1))
    assert keys.find("one")

    path.write_text(json.dumps({"keys": [jwk(Ed25519PrivateKey.generate(), kid="two")]}))
    os.utime(path, ns=(2, 2))
    assert keys.find("two")
    assert not keys.find("one")


def test_without_any_key_nobody_can_be_known(tmp_path: Path) -> None:
    """503, not 401: the token may be good."""
    with pytest.raises(Problem) as refusal:
        FileKeys(tmp_path / "nothing").find("one")

    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (503, "5")


class Fetched(UrlKeys):
    """Keys of a URL, without the network."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__("https://issuer.example/jwks", clock, begin=lambda fetch: fetch())
        self.fetches = 0
        self.answer: bytes | None = json.dumps({"keys": [jwk(Ed25519PrivateKey.generate(), kid="one")]}).encode()

    def _fetch(self) -> bytes:
        self.fetches += 1
        if self.answer is None:
            raise OSError("away")
        return self.answer


def test_a_key_url_is_asked_seldom() -> None:
    """Once, then after 10 minutes; an unknown id asks again, at most every 30 seconds."""
    clock = ManualClock()
    keys = Fetched(clock)

    assert keys.find("one")
    assert keys.find("one")
    assert keys.fetches == 1
    assert not any(keys.find("x") for _ in range(100))
    assert keys.fetches == 1
    clock.advance(31)
    assert not any(keys.find("x") for _ in range(100))
    assert keys.fetches == 2
    clock.advance(601)
    assert keys.find("one")
    assert keys.fetches == 3


def test_a_key_url_that_is_away() -> None:
    """The last good set stays in force; without one it is 503 until it answers."""
    clock = ManualClock()
    keys, unseen = Fetched(clock), Fetched(clock)
    assert keys.find("one")
    keys.answer = unseen.answer = None
    clock.advance(3600)

    assert keys.find("one")
    with pytest.raises(Problem) as refusal:
        unseen.find("one")
    assert refusal.value.status == 503
