"""Messages are signed as Standard Webhooks says: v1 for its own library, v1a for whoever reads the public keys."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from services.notify.webhooks.signing import Signer, public_keys, secret

KEY, HOOK = b"k" * 40, "0197f0c5-0000-7000-8000-00000000beef"
BODY = json.dumps({"type": "hire.confirmed", "data": {"é": 1}}, ensure_ascii=False).encode()


def signed(*numbers: int, key_number: int = 1, at: datetime | None = None) -> dict[str, str]:
    return Signer(KEY, key_number).headers(HOOK, numbers or (1,), "msg-1", at or datetime.now(UTC), BODY)


def v1a_holds(headers: dict[str, str], jwks: Any, body: bytes = BODY) -> bool:
    """As a subscriber does it: one of the signatures by one of the keys."""
    message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    given = [each.removeprefix("v1a,") for each in headers["webhook-signature"].split() if each.startswith("v1a,")]
    for jwk in jwks["keys"]:
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
        for signature in given:
            try:
                public.verify(base64.b64decode(signature), message)
                return True
            except InvalidSignature:
                continue
    return False


def test_the_official_library_takes_v1() -> None:
    assert Webhook(secret(KEY, HOOK, 1)).verify(BODY, signed()) == json.loads(BODY)


@pytest.mark.parametrize(
    ("number", "hook", "body"),
    [(2, HOOK, BODY), (1, "0197f0c5-0000-7000-8000-00000000cafe", BODY), (1, HOOK, BODY + b" ")],
    ids=["another secret", "another webhook's", "another body"],
)
def test_and_no_other(number: int, hook: str, body: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(secret(KEY, hook, number)).verify(body, signed(), json_parse=False)


def test_an_old_message_is_refused_by_its_time() -> None:
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret(KEY, HOOK, 1)).verify(BODY, signed(at=datetime.now(UTC) - timedelta(minutes=6)))


def test_both_secrets_sign_while_one_takes_the_place_of_the_other() -> None:
    headers = signed(2, 1)

    for number in (1, 2):
        assert Webhook(secret(KEY, HOOK, number)).verify(BODY, headers)


def test_v1a_holds_by_the_published_keys_and_is_of_this_body() -> None:
    jwks = public_keys(KEY, 1)

    assert v1a_holds(signed(), jwks)
    assert not v1a_holds(signed(), jwks, BODY + b" ")
    assert not v1a_holds(signed(), public_keys(b"o" * 40, 1))


def test_the_next_key_is_published_before_it_signs_and_the_last_one_after() -> None:
    assert v1a_holds(signed(key_number=2), public_keys(KEY, 1))
    assert v1a_holds(signed(key_number=1), public_keys(KEY, 2))
    assert [len(public_keys(KEY, number)["keys"]) for number in (1, 2)] == [2, 3]


def test_a_public_key_is_a_jwk_and_says_nothing_private() -> None:
    for jwk in public_keys(KEY, 2)["keys"]:
        assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
        assert "d" not in jwk and re.fullmatch("[A-Za-z0-9_-]{43}", jwk["kid"])


def test_a_secret_has_the_form_of_the_standard() -> None:
    assert re.fullmatch("whsec_[A-Za-z0-9+/]{43}=", secret(KEY, HOOK, 1))
