"""The issuer's keys from a server that misbehaves: the last good set stays, nobody waits for it, the log says why."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.http.problems import Problem
from shared.http.request.jwks import FETCH_SECONDS, WAIT_SECONDS, FileKeys, UrlKeys, parse_keys, pick
from shared.http.request.tokens import Verifier
from shared.settings import Tokens
from tests.pure.http.test_tokens import jwk
from tests.support.clock import ManualClock
from tests.support.processes import eventually
from tests.support.stub import Play, Stub, answering, silent, stub, trickling, whole

ONE, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
GOOD = whole(json.dumps({"keys": [jwk(ONE, kid="one")]}).encode())
_TOKENS = Tokens("https://golem.local", "good-golem", None, None)

FAULTY: dict[str, Play] = {
    "silent": silent,
    "a byte a second": trickling(GOOD, seconds=1.0),
    "half a chunk": answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"),
    "a garbage status line": answering(b"\x1b[31mgarbage\r\n\r\n"),
    "refused": answering(whole(b"", "403 Forbidden")),
    "too large": answering(whole(b" " * 1_000_001)),
    "nested": answering(whole(b"[" * 100_000)),
    "another document": answering(whole(b'"keys"')),
    "no text": answering(whole(b"\xff\xfe\x00")),
    "without keys": answering(whole(b'{"keys": []}')),
    "an id that is none": answering(whole(json.dumps({"keys": [jwk(ONE, kid=["one"])]}).encode())),
}


@pytest.fixture
def server() -> Iterator[Stub]:
    with stub(answering(GOOD)) as serving:
        yield serving


def finds(keys: UrlKeys, kid: str) -> bool | int:
    """Whether there is such a key, or the status of the refusal."""
    try:
        return bool(keys.find(kid))
    except Problem as problem:
        return problem.status


@pytest.mark.parametrize("how", FAULTY)
def test_the_last_good_set_stays_in_force(server: Stub, how: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the server does; what it did is logged once, and that it is over."""
    caplog.set_level(logging.INFO, "shared.http.request.jwks")
    clock = ManualClock()
    keys = UrlKeys(server.url, clock)
    assert finds(keys, "one") is True
    server.play = FAULTY[how]

    for _ in range(3):
        clock.advance(31)
        start = time.monotonic()
        assert finds(keys, "unknown") == 503  # it may be a new key of the issuer's
        assert finds(keys, "one") is True
        assert time.monotonic() - start < WAIT_SECONDS + 0.5
        eventually(lambda: keys._fetch_under_way is None, "the fetch is over", FETCH_SECONDS + 2)
    server.play = answering(GOOD)
    clock.advance(31)
    assert finds(keys, "unknown") is False

    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert "cannot be fetched" in lines[0]
    assert "no longer" in lines[1]


def test_one_fetch_at_a_time_and_nobody_waits_long(server: Stub) -> None:
    """Thirty callers with thirty unknown ids: one connection, and each has an answer within a second."""
    keys = UrlKeys(server.url, ManualClock())
    server.play = trickling(GOOD, seconds=1.0)
    took: list[float] = []

    def ask(number: int) -> None:
        start = time.monotonic()
        assert finds(keys, f"unknown-{number}") == 503
        took.append(time.monotonic() - start)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(took) == 30
    assert max(took) < WAIT_SECONDS + 0.5
    assert server.connections == 1


def test_threads_are_constant_over_an_outage(server: Stub) -> None:
    clock = ManualClock()
    keys = UrlKeys(server.url, clock)
    server.play = answering(b"garbage")
    before = threading.active_count()
    for _ in range(50):
        clock.advance(6)
        assert finds(keys, "one") == 503
    assert server.connections == 50

    eventually(lambda: threading.active_count() <= before, "no thread is left")


def test_ready_once_there_was_a_key(server: Stub) -> None:
    """Asking whether it is ready waits for nothing, and has the keys fetched."""
    clock = ManualClock()
    server.play = answering(b"garbage")
    keys = UrlKeys(server.url, clock)
    assert not keys.ready()
    eventually(lambda: keys._fetch_under_way is None, "the fetch is over")
    assert not keys.ready()

    server.play = answering(GOOD)
    clock.advance(6)
    eventually(keys.ready, "ready")

    server.play = silent
    clock.advance(3600)
    assert keys.ready()


def signed(key: Ed25519PrivateKey, kid: str | None = None, **claims: Any) -> str:
    said = {"iss": _TOKENS.issuer, "aud": _TOKENS.audience, "sub": "ida", "exp": int(time.time()) + 600} | claims
    return "Bearer " + jwt.encode(said, key, "EdDSA", headers={"kid": kid} if kid else None)


@pytest.mark.parametrize("kid", [None, "same"])
def test_keys_that_no_id_tells_apart_are_all_tried(tmp_path: Path, kid: str | None) -> None:
    """Two without an id, or with the same: a token of either is good, of a third is not, an expired one says so."""
    named: dict[str, Any] = {"kid": kid} if kid else {}
    path = tmp_path / "jwks.json"
    path.write_text(
        json.dumps({"keys": [jwk(ONE, **named), jwk(OTHER, **named), jwk(Ed25519PrivateKey.generate(), kid="x")]})
    )
    verifier = Verifier(_TOKENS, b"k" * 32, FileKeys(path))

    assert verifier.principal(signed(ONE, kid)) == verifier.principal(signed(OTHER, kid))
    for token, rule in (
        (signed(Ed25519PrivateKey.generate(), kid), "signature"),
        (signed(ONE, kid, exp=1), "expired"),
        (signed(OTHER, kid, exp=1), "expired"),
        (signed(ONE, "unknown"), "key"),
    ):
        with pytest.raises(Problem) as refusal:
            verifier.principal(token)
        assert (refusal.value.status, refusal.value.errors[0].rule) == (401, rule)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"keys": 1}', '{"keys": []}', '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', "[" * 100_000]
)
def test_a_document_without_a_usable_key_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        parse_keys(text)


def test_an_id_of_another_type_names_no_key() -> None:
    keys = parse_keys(json.dumps({"keys": [jwk(ONE, kid=["one"]), jwk(OTHER, kid="two")]}))

    assert [len(pick(keys, kid)) for kid in ("two", "one", ["one"], 1)] == [1, 0, 0, 0]


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"keys": []}'])
def test_a_file_that_is_broken_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    """However many tokens come."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [jwk(ONE, kid="one")]}))
    keys = FileKeys(path)
    assert keys.ready()
    path.write_text(text)

    assert all(keys.find("one") for _ in range(10))
    assert len(caplog.records) == 1


def test_another_provider_leaves_people_who_they_were(tmp_path: Path) -> None:
    """Tokens of the new issuer alone are good; the pseudonym is still made with the one before it."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [jwk(ONE, kid="one")]}))
    moved = Tokens("https://new.example", _TOKENS.audience, None, None, former_issuer=_TOKENS.issuer)
    before, after = Verifier(_TOKENS, b"k" * 32, FileKeys(path)), Verifier(moved, b"k" * 32, FileKeys(path))

    assert after.principal(signed(ONE, "one", iss="https://new.example")) == before.principal(signed(ONE, "one"))
    with pytest.raises(Problem):
        after.principal(signed(ONE, "one"))
