"""Tokens for Kafka: asked for once, kept while they last, and whatever the issuer answers ends in time and by name."""

import base64
import json
import time

import pytest
from kafka.errors import KafkaConnectionError

from shared.messaging.kafka.tokens import TokenProvider
from shared.settings import OAuth
from tests.support.stub import Play, answering, silent, stub, trickling, whole


def answer(**said: object) -> bytes:
    return whole(json.dumps({"access_token": "abc.def", "token_type": "Bearer", **said}).encode())


def provider(url: str, scope: str | None = None) -> TokenProvider:
    return TokenProvider(OAuth(url, "listing", "p:ss word", scope))


def test_a_token_is_asked_for_by_client_credentials() -> None:
    """RFC 6749: the login by Basic, each half form-encoded; the scope where there is one."""
    asked: list[bytes] = []
    with stub(answering(answer(expires_in=300), asked)) as issuer:
        token = provider(issuer.url, "kafka write").token()

    assert token == "abc.def"
    assert asked[0].startswith(b"POST ")
    assert f"Basic {base64.b64encode(b'listing:p%3Ass+word').decode()}".encode() in asked[0]


@pytest.mark.parametrize(("expires_in", "times"), [(300, 1), ("300", 1), (0, 3), (-5, 3), (None, 1)])
def test_a_token_is_kept_while_it_lasts(expires_in: object, times: int) -> None:
    """One that has run out is never shown; one whose issuer does not say is kept for a minute."""
    said = {} if expires_in is None else {"expires_in": expires_in}
    with stub(answering(answer(**said))) as issuer:
        mine = provider(issuer.url)
        tokens = {mine.token() for _ in range(3)}

        assert (tokens, issuer.connections) == ({"abc.def"}, times)


REFUSED: dict[str, Play] = {
    "a wrong login": answering(whole(b'{"error": "invalid_client"}', "401 Unauthorized")),
    "a fault of the issuer's": answering(whole(b"oops", "503 Service Unavailable")),
    "a redirect": answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
    "no JSON": answering(whole(b"<html>")),
    "no object": answering(whole(b"[1]")),
    "no token": answering(whole(b'{"token_type": "bearer"}')),
    "another kind of token": answering(answer(token_type="mac")),
    "a kind that is no text": answering(answer(token_type=1)),
    "a token that is no text": answering(answer(access_token=7)),
    "a token with a break in it": answering(answer(access_token="a\u0001b")),
    "a time that is no number": answering(answer(expires_in="soon")),
    "too much": answering(whole(b"x" * 100_000)),
    "silence": silent,
    "a trickle": trickling(answer()),
}  # fmt: skip


@pytest.mark.parametrize("how", REFUSED)
def test_without_a_token_it_is_tried_again(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Like a broker that is away, within the limit; and no word of the secret."""
    monkeypatch.setattr("shared.messaging.kafka.tokens._SECONDS", 0.5)
    with stub(REFUSED[how]) as issuer:
        mine, began = provider(issuer.url), time.monotonic()
        with pytest.raises(KafkaConnectionError) as refusal:
            mine.token()

        assert time.monotonic() - began < 1.5
        assert refusal.value.retriable
        assert "ss word" not in str(refusal.value)
        issuer.play = answering(answer())
        assert mine.token() == "abc.def"
