"""Texts that pass through an event and that only our own services read: AES-256-GCM, a key of its own each purpose."""

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Unreadable(Exception):
    """It was sealed with another key, for another purpose, or about something else; or it was changed since."""


def seal(key: bytes, purpose: str, about: str, text: str) -> str:
    """The text for whoever has the key; `about` is the id of what it belongs to, without which it is not read again."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(_own(key, purpose)).encrypt(nonce, text.encode(), about.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(key: bytes, purpose: str, about: str, sealed: str) -> str:
    """The text that `seal` was given. Raises Unreadable."""
    try:
        raw = base64.urlsafe_b64decode(sealed)
        return AESGCM(_own(key, purpose)).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error


def _own(key: bytes, purpose: str) -> bytes:
    """Derived as the keys of links are: no other use of `key` reads what is sealed for this purpose."""
    return hmac.new(key, b"seal\0" + purpose.encode(), hashlib.sha256).digest()
