"""A server on 127.0.0.1 that is foreign and faulty: for each connection it plays what a test gives it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

Play = Callable[[socket.socket, threading.Event], None]
"""What becomes of one connection; the flag is set when the server ends."""


@dataclass
class Stub:
    """`play` may be exchanged at any time; `connections` counts what was opened."""

    port: int
    play: Play
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/keys"


@contextmanager
def stub(play: Play) -> Iterator[Stub]:
    """Listening until the block ends; each connection has a thread of its own."""
    ended = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = Stub(listening.getsockname()[1], play)

        def one(link: socket.socket) -> None:
            with link, suppress(OSError):
                found.play(link, ended)

        def accept() -> None:
            while not ended.is_set():
                with suppress(OSError):
                    link, _ = listening.accept()
                    if ended.is_set():
                        link.close()
                        return
                    found.connections += 1
                    threads.append(threading.Thread(target=one, args=(link,), daemon=True))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield found
        finally:
            ended.set()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", found.port), timeout=1).close()
            for thread in [accepting, *threads]:
                thread.join(5)


def head_of(link: socket.socket) -> bytes:
    """The request's head."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = link.recv(4096)
        if not more:
            break
        read += more
    return read


def answering(answer: bytes, found: list[bytes] | None = None) -> Play:
    """Reads the request, sends these bytes and closes."""

    def play(link: socket.socket, ended: threading.Event) -> None:
        head = head_of(link)
        if found is not None:
            found.append(head)
        link.sendall(answer)

    return play


def trickling(answer: bytes, at_once: int = 0, seconds: float = 0.1, reads: bool = True) -> Play:
    """Sends the first `at_once` bytes, then one at a time, each `seconds` after the last; first `reads` a request."""

    def play(link: socket.socket, ended: threading.Event) -> None:
        if reads:
            head_of(link)
        link.sendall(answer[:at_once])
        for byte in answer[at_once:]:
            if ended.wait(seconds):
                return
            link.sendall(bytes([byte]))

    return play


def silent(link: socket.socket, ended: threading.Event) -> None:
    """Reads and never answers."""
    head_of(link)
    ended.wait()


def relaying(host: str, port: int, frozen: threading.Event) -> Play:
    """Passes all on to another server and back, until it is `frozen`: then it takes everything and says nothing."""

    def play(link: socket.socket, ended: threading.Event) -> None:
        with socket.create_connection((host, port)) as there:
            back = threading.Thread(target=pump, args=(there, link), daemon=True)
            back.start()
            pump(link, there)
            there.shutdown(socket.SHUT_RDWR)
            back.join(5)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while read := source.recv(65_536):
                if not frozen.is_set():
                    sink.sendall(read)

    return play


def whole(body: bytes, status: str = "200 OK") -> bytes:
    """An answer as it should be."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
