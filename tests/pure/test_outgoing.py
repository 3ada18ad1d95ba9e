"""Asking another server: whatever it does, the exchange ends within its limits, and says why."""

import time
from collections.abc import Callable

import pytest

from services.escrow.provider.sandbox.webhook import http_post
from shared import outgoing
from shared.outgoing import NoAnswer
from tests.support.stub import Play, answering, silent, stub, trickling, whole

SECONDS = 0.5
ANSWER = whole(b"x" * 1000)
HEAD = len(ANSWER) - 1000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

NEVER_WHOLE: dict[str, Play] = {
    "says nothing": silent,
    "trickles the status line": trickling(ANSWER),
    "trickles the headers": trickling(ANSWER, at_once=17),
    "trickles the body": trickling(ANSWER, at_once=HEAD),
    "trickles a chunk's length": trickling(CHUNKED + b"1" * 1000, at_once=len(CHUNKED)),
    "trickles headers without end": trickling(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000, at_once=19),
    "trickles answers of 100": trickling(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, at_once=25),
}


def fetch(url: str) -> bytes:
    return outgoing.get(url, seconds=SECONDS, most_bytes=1000)


def probe(url: str) -> int:
    return outgoing.probe(url, seconds=SECONDS)


def post(url: str) -> int:
    return http_post(url, timeout=SECONDS)(b"{}", "t=1,v1=0")


def asked(ask: Callable[[str], object], play: Play) -> tuple[str, float]:
    """(why there was no answer, the seconds it took)."""
    with stub(play) as server:
        start = time.monotonic()
        with pytest.raises(NoAnswer) as failure:
            ask(server.url)
        return failure.value.reason, time.monotonic() - start


@pytest.mark.parametrize("how", NEVER_WHOLE)
def test_the_whole_fetch_ends_within_its_limit(how: str) -> None:
    reason, took = asked(fetch, NEVER_WHOLE[how])

    assert reason.startswith("TimeoutError")
    assert took < SECONDS + 1


@pytest.mark.parametrize("how", [how for how in NEVER_WHOLE if "body" not in how and "chunk" not in how])
@pytest.mark.parametrize("ask", [post, probe])
def test_so_do_a_delivery_and_a_probe(how: str, ask: Callable[[str], int]) -> None:
    """Of their answers only the head is read."""
    reason, took = asked(ask, NEVER_WHOLE[how])

    assert reason.startswith("TimeoutError")
    assert took < SECONDS + 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (whole(b"x" * 1001), "more than 1000 bytes"),
        (CHUNKED + b"7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n", "more than 1000 bytes"),
        (CHUNKED + b"10\r\nhalf", "IncompleteRead"),
        (ANSWER[:-1], "ended 1 bytes early"),
        (b"garbage\r\n\r\n", "BadStatusLine"),
        (b"", "RemoteDisconnected"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "HTTPException"),
        (b"HTTP/1.1 200 " + b"x" * 100_000, "LineTooLong"),
        (CHUNKED + b"zz\r\n", "IncompleteRead"),
        (whole(b"no", "403 Forbidden"), "status 403"),
        (whole(b"", "500 Oh"), "status 500"),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[/\r\nContent-Length: 0\r\n\r\n", "ValueError"),
    ],
)
def test_an_answer_that_is_none_says_why(answer: bytes, reason: str) -> None:
    assert reason in asked(fetch, answering(answer))[0]


def test_a_whole_answer_and_who_asked() -> None:
    """Under a name of our own; a redirect is followed."""
    heads: list[bytes] = []
    with stub(answering(whole(b"here"), heads)) as there:
        moved = f"HTTP/1.1 301 Moved\r\nLocation: {there.url}\r\nContent-Length: 0\r\n\r\n".encode()
        with stub(answering(moved, heads)) as first:
            assert fetch(first.url) == b"here"

    assert [b"User-Agent: good-golem" in head for head in heads] == [True, True]


def test_no_connection() -> None:
    with stub(silent) as gone:
        url = gone.url
    for ask in (fetch, post):
        with pytest.raises(NoAnswer, match="ConnectionRefusedError"):
            ask(url)
