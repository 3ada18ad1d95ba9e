"""Standard Webhooks 1.0: a body is signed with the webhook's secret (v1, HMAC-SHA256) and with the platform's key (v1a,
Ed25519), whose public part anybody may read: what v1a vouches for was made by nobody who knows the secret alone.

Secrets and the platform's key are derived from PSEUDONYM_KEY and stored nowhere. `number` is which secret of a webhook
it is; WEBHOOK_KEY is which key of the platform's: the one before it and the one after it are published beside it.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_PREFIX = "whsec_"


def secret(key: bytes, webhook_id: str, number: int) -> str:
    """`whsec_` and 32 bytes in base64, as the libraries of Standard Webhooks take it."""
    return _PREFIX + base64.b64encode(_secret(key, webhook_id, number)).decode()


class Signer:
    """Signs with the platform's key number `number` and with the secrets it is given."""

    def __init__(self, key: bytes, number: int) -> None:
        self._key, self._own = key, _platform_key(key, number)

    def headers(
        self, webhook_id: str, secrets: Sequence[int], message_id: str, at: datetime, body: bytes
    ) -> dict[str, str]:
        """The three headers of a message, signed with these secrets of the webhook and with the platform's key."""
        timestamp = str(int(at.timestamp()))
        signed = f"{message_id}.{timestamp}.".encode() + body
        macs = [hmac.digest(_secret(self._key, webhook_id, number), signed, "sha256") for number in secrets]
        signatures = [*(f"v1,{_text(mac)}" for mac in macs), f"v1a,{_text(self._own.sign(signed))}"]
        return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(signatures)}


def public_keys(key: bytes, number: int) -> dict[str, list[dict[str, Any]]]:
    """A JWK set (RFC 7517, 8037): the present key first, then the one before it and the next."""
    numbers = [number, *([number - 1] if number > 1 else []), number + 1]
    return {"keys": [_jwk(_platform_key(key, each)) for each in numbers]}


def _jwk(own: Ed25519PrivateKey) -> dict[str, Any]:
    """`kid` is the key's thumbprint (RFC 7638)."""
    x = _url_text(own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    thumbprint = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": _url_text(thumbprint), "x": x}


def _secret(key: bytes, webhook_id: str, number: int) -> bytes:
    return _derived(key, "secret", webhook_id, str(number))


def _platform_key(key: bytes, number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_derived(key, "platform", str(number)))


def _derived(key: bytes, *purpose: str) -> bytes:
    return hmac.digest(key, "\0".join(("webhook", *purpose)).encode(), "sha256")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _url_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
