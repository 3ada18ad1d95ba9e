"""One POST to whatever a receiver may do: bounded in time and size, no redirect, no more than the headers read."""

import socket
import threading
import time
from collections.abc import Callable
from ipaddress import ip_network

import pytest

from services.notify.webhooks.destinations import Destinations
from services.notify.webhooks.posting import Answered, Poster, Unanswered
from tests.support.webhooks import Talk, receiver

WITHIN = 0.6
LOCAL = Destinations([ip_network("127.0.0.1/32")])


def post(talk: Talk, body: bytes = b'{"a": 1}', **headers: str) -> Answered:
    with receiver(talk) as url:
        return Poster(LOCAL, seconds=WITHIN).post(url, body, headers)


def says(answer: bytes) -> Talk:
    return lambda connection, request: connection.sendall(answer)


def trickles(each: bytes) -> Talk:
    def talk(connection: socket.socket, request: bytes) -> None:
        while True:
            connection.sendall(each)
            stopped.wait(0.05)

    stopped = threading.Event()
    return talk


def hangs(connection: socket.socket, request: bytes) -> None:
    connection.recv(1)


def test_what_is_sent_arrives_as_it_was_given() -> None:
    seen: list[bytes] = []

    def talk(connection: socket.socket, request: bytes) -> None:
        seen.append(request)
        connection.sendall(b"HTTP/1.1 204 No Content\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n")

    answer = post(talk, b'{"a": 1}', Authorization="Bearer x")

    assert (answer.status, answer.headers["x-two"]) == (204, "1")
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nAuthorization: Bearer x" in head and b"\r\nUser-Agent: good-golem" in head
    assert body == b'{"a": 1}'


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    connects: list[object] = []
    ours = threading.get_ident()  # what other tests left running connects as ever
    original: Callable[[socket.socket, object], None] = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if threading.get_ident() == ours:
            connects.append(address)
        original(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)

    answer = post(says(b"HTTP/1.1 %d Go\r\nLocation: http://169.254.169.254/latest\r\n\r\n" % status))

    assert answer.status == status
    assert [address[0] for address in connects if isinstance(address, tuple)] == ["127.0.0.1"]


@pytest.mark.parametrize(
    "talk",
    [
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nlittle"),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + b"much" * 100_000),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"),
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n"),
        says(b"HTTP/1.1 200 OK\r\n\r\n" + b"endless" * 100_000),
    ],
    ids=["too long", "too short", "negative", "no number", "chunk that never comes", "no length"],
)
def test_a_receiver_that_lies_about_its_length_has_answered(talk: Talk) -> None:
    assert post(talk).status == 200


@pytest.mark.parametrize(
    "talk",
    [hangs, trickles(b"H"), trickles(b"HTTP/1.1 100 Continue\r\n\r\n"), trickles(b"X-More: y\r\n")],
    ids=["silent", "a byte at a time", "continue for ever", "no status line"],
)
def test_a_receiver_that_hangs_is_left_within_the_time_for_all_of_it(talk: Talk) -> None:
    begun = time.monotonic()

    with pytest.raises(Unanswered) as unanswered:
        post(talk)

    assert unanswered.value.why in ("timeout", "bad_answer")
    assert time.monotonic() - begun < 3 * WITHIN


def test_a_receiver_that_does_not_read_is_left_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        begun = time.monotonic()
        with pytest.raises(Unanswered) as unanswered:
            Poster(LOCAL, seconds=WITHIN).post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"x" * 50_000_000, {})

    assert unanswered.value.why == "timeout"
    assert time.monotonic() - begun < 3 * WITHIN


@pytest.mark.parametrize(
    "answer",
    [b"", b"\r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500,
     b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"],
    ids=["nothing", "empty", "another protocol", "no status", "too many headers", "too long a header"],
)  # fmt: skip
def test_what_is_no_answer_counts_as_none(answer: bytes) -> None:
    with pytest.raises(Unanswered) as unanswered:
        post(says(answer))

    assert unanswered.value.why in ("bad_answer", "no_connection")


def test_nobody_there_and_an_unknown_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    def no_such_name(*_: object) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    poster = Poster(Destinations([ip_network("127.0.0.1/32")], no_such_name), seconds=WITHIN)
    for url, why in ((f"http://127.0.0.1:{port}/", "no_connection"), ("https://nobody.example/", "unknown_host")):
        with pytest.raises(Unanswered) as unanswered:
            (Poster(LOCAL, seconds=WITHIN) if why == "no_connection" else poster).post(url, b"", {})
        assert unanswered.value.why == why


def test_a_certificate_of_nobody_known_is_refused() -> None:
    with receiver(says(b"HTTP/1.1 200 OK\r\n\r\n")) as url, pytest.raises(Unanswered) as unanswered:
        Poster(LOCAL, seconds=WITHIN).post(url.replace("http:", "https:"), b"", {})

    assert unanswered.value.why in ("tls", "timeout")
