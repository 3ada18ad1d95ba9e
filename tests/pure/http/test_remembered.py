"""A token that was checked is not checked again, and counts no moment longer than one that is."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.http.declare.principal import Principal
from shared.http.problems import Problem
from shared.http.request.jwks import FileKeys, parse_keys
from shared.http.request.remembered import Checked, Remembered
from shared.http.request.tokens import LEEWAY_SECONDS, Verifier
from shared.settings import Settings

Token = Callable[..., str]
IDA = Principal("ida")


class OwnKeys:
    """Keys that a test takes away or changes, and how often a token's key was looked up."""

    def __init__(self, *private: Ed25519PrivateKey) -> None:
        self.has(*private)

    def has(self, *private: Ed25519PrivateKey) -> None:
        entries = [json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key())) for key in private]
        self.keys = parse_keys(json.dumps({"keys": [{**entry, "kid": "one"} for entry in entries]}))

    def find(self, kid: Any) -> Any:
        return [key for key in self.keys if key.key_id == kid]

    def ready(self) -> bool:
        return True


@pytest.fixture
def keys(signing_key: Ed25519PrivateKey) -> OwnKeys:
    return OwnKeys(signing_key)


@pytest.fixture
def verifier(settings: Settings, keys: OwnKeys) -> Verifier:
    return Verifier(settings.tokens, settings.pseudonym_key, keys)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signature was checked."""
    seen: list[str] = []
    decode = jwt.decode

    def counted(token: str, *rest: Any, **options: Any) -> Any:
        seen.append(token)
        return decode(token, *rest, **options)

    monkeypatch.setattr(jwt, "decode", counted)
    return seen


def rule(verifier: Verifier, token: str) -> str:
    with pytest.raises(Problem) as refusal:
        verifier.principal(f"Bearer {token}")
    assert refusal.value.status == 401
    return refusal.value.errors[0].rule


def test_a_signature_is_checked_once(verifier: Verifier, token: Token, checks: list[str]) -> None:
    """However the header is written."""
    mine = token()

    assert {verifier.principal(header) for header in (f"Bearer {mine}", f"bearer  {mine} ", f"Bearer {mine}")}
    assert checks == [mine]


def test_tokens_that_begin_alike_are_others(verifier: Verifier, token: Token) -> None:
    """Nothing of one passes for the other, neither with its signature changed nor with one cut or made longer."""
    ida, udo = token(sub="ida"), token(sub="udo")
    assert ida.split(".")[0] == udo.split(".")[0]
    assert verifier.principal(f"Bearer {ida}") != verifier.principal(f"Bearer {udo}")

    head, body, signature = ida.split(".")
    assert rule(verifier, f"{head}.{body}.{udo.split('.')[2]}") == "signature"
    assert rule(verifier, f"{head}.{udo.split('.')[1]}.{signature}") == "signature"
    assert rule(verifier, ida[:-4]) in ("signature", "format")
    assert rule(verifier, f"{ida}AAAA") in ("signature", "format")


def test_a_token_ends_with_its_key(
    verifier: Verifier, keys: OwnKeys, token: Token, signing_key: Ed25519PrivateKey, checks: list[str]
) -> None:
    """At once: where its key is gone, and where another has taken its id. A key that comes back is looked at anew."""
    mine = token()
    before = verifier.principal(f"Bearer {mine}")

    keys.keys = ()
    assert rule(verifier, mine) == "key"
    keys.has(Ed25519PrivateKey.generate())
    assert rule(verifier, mine) == "signature"
    checks.clear()
    keys.has(signing_key)
    assert verifier.principal(f"Bearer {mine}") == before
    assert checks == [mine]


def test_a_key_that_leaves_the_file(settings: Settings, token: Token, signing_key: Ed25519PrivateKey,
                                    tmp_path: Path) -> None:  # fmt: skip
    """The next request already is refused."""
    path = tmp_path / "keys.json"
    for nanoseconds, key in enumerate((signing_key, Ed25519PrivateKey.generate()), 1):
        entry = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key())) | {"kid": "one"}
        path.write_text(json.dumps({"keys": [entry]}))
        os.utime(path, ns=(nanoseconds, nanoseconds))
        if key is signing_key:
            verifier = Verifier(settings.tokens, settings.pseudonym_key, FileKeys(path))
            mine = token()
            assert verifier.principal(f"Bearer {mine}")

    assert rule(verifier, mine) == "signature"


def test_a_token_expires_as_if_it_were_new(verifier: Verifier, token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the second at which one that was never seen does."""
    mine = token(exp=int(time.time()) - LEEWAY_SECONDS + 5)
    assert verifier.principal(f"Bearer {mine}")

    later = time.time() + 5
    monkeypatch.setattr("shared.http.request.remembered.time", SimpleNamespace(time=lambda: later))
    assert verifier._remembered.find(mine) is None


def test_what_is_refused_is_not_remembered(verifier: Verifier, token: Token, checks: list[str]) -> None:
    """A sub or roles that cannot be, or a signature that does not match, are looked at each time."""
    for wrong in (token(sub=""), token(roles="operator"), token(key=Ed25519PrivateKey.generate())):
        checks.clear()
        assert rule(verifier, wrong) == rule(verifier, wrong)
        assert checks == [wrong, wrong]


def test_only_so_many_are_remembered(keys: OwnKeys) -> None:
    """The first is forgotten for the newest; a token itself is nowhere."""
    remembered = Remembered(keys, most=3)
    for n in range(5):
        remembered.add(f"token-{n}", Checked(IDA, "one", keys.keys[0], time.time() + 60))

    assert [remembered.find(f"token-{n}") for n in range(5)] == [None, None, IDA, IDA, IDA]
    assert "token-4" not in repr(vars(remembered))


def test_nobody_is_known_while_no_key_can_be_had(tmp_path: Path, keys: OwnKeys) -> None:
    """503 as for a token that is new."""
    remembered = Remembered(FileKeys(tmp_path / "nothing"))
    remembered.add("token", Checked(IDA, "one", keys.keys[0], time.time() + 60))

    with pytest.raises(Problem) as refusal:
        remembered.find("token")
    assert refusal.value.status == 503
