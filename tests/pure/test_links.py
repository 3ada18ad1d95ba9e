"""Signed links: only what was signed for this purpose is read, and only until it expires."""

import base64
import hashlib
import hmac
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.links import LONGEST, BadLink, read, sign

KEY = b"k" * 32
NOW = datetime(2027, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=14)
CLAIMS: dict[str, str | int] = {"offer_id": "0198f3a0-0000-7000-8000-000000000001", "jti": "x" * 22, "n": 3}
TOKEN = sign(KEY, "unsubscribe", CLAIMS, LATER)
_SAFE = string.ascii_letters + string.digits + "-_."


def refused(token: str, key: bytes = KEY, purpose: str = "unsubscribe", now: datetime = NOW) -> str:
    with pytest.raises(BadLink) as error:
        read(key, purpose, token, now)
    return str(error.value)


def test_what_was_signed_is_read() -> None:
    assert read(KEY, "unsubscribe", TOKEN, NOW) == CLAIMS
    assert set(TOKEN) <= set(_SAFE) and len(TOKEN) <= LONGEST
    assert sign(KEY, "unsubscribe", CLAIMS, LATER) == TOKEN


def test_it_ends_at_the_second_it_says() -> None:
    assert read(KEY, "unsubscribe", TOKEN, LATER - timedelta(milliseconds=1)) == CLAIMS
    refused(TOKEN, now=LATER)
    refused(TOKEN, now=LATER + timedelta(days=9_999))


def test_another_key_or_purpose_is_a_forgery() -> None:
    refused(TOKEN, key=b"q" * 32)
    refused(TOKEN, purpose="employer")
    refused(TOKEN, purpose="")
    refused(sign(KEY, "employer", CLAIMS, LATER))


def test_all_refusals_say_the_same() -> None:
    """Whoever tries does not learn how near they came."""
    said = {refused("x"), refused(TOKEN[:-1]), refused(TOKEN, purpose="employer"), refused(TOKEN, now=LATER)}

    assert said == {"the link is not valid, or not any more"}


@pytest.mark.parametrize("place", range(len(TOKEN)))
def test_each_character_matters(place: int) -> None:
    """Also the spare bits at the ends of the two parts: one text, one token."""
    for other in _SAFE:
        if other != TOKEN[place]:
            refused(TOKEN[:place] + other + TOKEN[place + 1 :])


@pytest.mark.parametrize("cut", range(0, len(TOKEN), 7))
def test_a_part_of_a_token_is_none(cut: int) -> None:
    for token in (TOKEN[:cut], TOKEN[cut + 1 :], TOKEN[:cut] + TOKEN[cut + 1 :], TOKEN + TOKEN[:cut] + "="):
        refused(token)


@given(st.text(max_size=700))
def test_no_text_raises_anything_else(text: str) -> None:
    refused(text)
    refused(f"{text}.{TOKEN.partition('.')[2]}")
    refused(f"{TOKEN.partition('.')[0]}.{text}")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", TOKEN + "\n", " " + TOKEN, TOKEN + ".", "é" * 44, "x" * 10**6])
def test_what_is_no_token(token: str) -> None:
    refused(token)


def test_a_body_under_another_signature_of_the_same_key() -> None:
    """What else the pseudonym key signs (a person's id) is no link: the key of links is derived."""
    body = TOKEN.partition(".")[0]
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))

    refused(f"{body}.{base64.urlsafe_b64encode(hmac.new(KEY, raw, hashlib.sha256).digest()).rstrip(b'=').decode()}")


@given(
    st.dictionaries(
        st.text(string.ascii_lowercase, min_size=1, max_size=6).filter(lambda name: name != "exp"),
        st.one_of(st.integers(-(2**63), 2**63), st.text(string.printable, max_size=12)),
        max_size=5,
    )
)
def test_whatever_fits_comes_back(claims: dict[str, str | int]) -> None:
    assert read(KEY, "p", sign(KEY, "p", claims, LATER), NOW) == claims


@pytest.mark.parametrize("claims", [{"exp": 1}, {"a": 1.5}, {"a": True}, {"a": None}, {"a": ["b"]}, {"a": "x" * 400}])
def test_what_cannot_be_signed(claims: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="claims"):
        sign(KEY, "p", claims, LATER)  # type: ignore[arg-type]
