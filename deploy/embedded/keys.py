"""The development keys of one data folder, made once: the signing key of tokens and the services' secrets."""

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm


class Keys:
    """The files under `<data>/keys` (0700): signing.pem, jwks.json, pseudonym.key, webhook.secret (each 0600).

    The pseudonym key must outlive everything else in the folder: events name people by it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signing = folder / "signing.pem"
        self.jwks = folder / "jwks.json"
        self.pseudonym = folder / "pseudonym.key"
        self.webhook = folder / "webhook.secret"

    def make(self) -> None:
        """Make what is missing."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _once(self.pseudonym, lambda: secrets.token_hex(32))
        _once(self.webhook, lambda: secrets.token_hex(32))
        _once(self.signing, _new_signing_key)
        _once(self.jwks, lambda: json.dumps({"keys": [self._public_jwk()]}, indent=2) + "\n")

    def token(self, sub: str, roles: Iterable[str] = (), seconds: int = 12 * 3600) -> str:
        """A bearer token for the person `sub`, signed with EdDSA; FileNotFoundError before `make`."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": os.environ.get("TOKEN_ISSUER") or "https://golem.local",
            "aud": os.environ.get("TOKEN_AUDIENCE") or "good-golem",
            "sub": sub,
            "iat": now,
            "exp": now + seconds,
            "roles": sorted(set(roles)),
        }
        kid = json.loads(self.jwks.read_text())["keys"][0]["kid"]
        return jwt.encode(claims, self.signing.read_text(), algorithm="EdDSA", headers={"kid": kid})

    def _public_jwk(self) -> dict[str, Any]:
        private = serialization.load_pem_private_key(self.signing.read_bytes(), password=None)
        assert isinstance(private, Ed25519PrivateKey)
        jwk = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
        return {**jwk, "kid": f"local-{jwk['x'][:12]}", "use": "sig", "alg": "EdDSA"}


def _new_signing_key() -> str:
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def _once(path: Path, text: Callable[[], str]) -> None:
    if not path.exists():
        write_private(path, text())


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)
