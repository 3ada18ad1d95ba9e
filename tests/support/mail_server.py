"""A mail server on 127.0.0.1 that refuses, hangs up or trickles where a test says; its certificates are the test's."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

HANG_UP = "hang up"


@dataclass
class MailServer:
    """`answers` is what it says in place of its usual answer, by step: "connect", "EHLO", "STARTTLS", "AUTH", "MAIL",
    "RCPT", "DATA", "message" or "QUIT"; HANG_UP closes the connection there.
    """

    port: int
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    links: int = 0

    def talk(self, link: socket.socket) -> None:
        """One connection, until either side ends it."""
        self.links += 1
        with ExitStack() as encrypted:
            if self.implicit:
                link = encrypted.enter_context(self._encrypted(link))
            self._say(link, "connect", "220 here")
            while self._command(link):
                if self.heard[-1].upper() == "STARTTLS" and "STARTTLS" not in self.answers:
                    link = encrypted.enter_context(self._encrypted(link))

    def _encrypted(self, link: socket.socket) -> ssl.SSLSocket:
        assert self.tls
        return self.tls.wrap_socket(link, server_side=True)

    def _command(self, link: socket.socket) -> bool:
        """Whether there was one that the connection goes on after."""
        line = _line(link)
        self.heard.append(line.decode("latin-1").strip())
        verb = self.heard[-1].partition(" ")[0].upper()
        usual = {"STARTTLS": "220 go on", "DATA": "354 go on", "AUTH": "235 welcome", "QUIT": "221 bye"}
        if verb == "EHLO":
            offered = ["here", "SIZE", "AUTH PLAIN"] + (["STARTTLS"] if self._may_encrypt(link) else [])
            usual["EHLO"] = "\r\n".join(f"250-{each}" for each in offered) + "\r\n250 HELP"
        answer = self._say(link, verb, usual.get(verb, "250 OK")) if line else ""
        if answer.startswith("354"):
            self._message(link)
        return bool(line) and verb != "QUIT"

    def _may_encrypt(self, link: socket.socket) -> bool:
        return self.tls is not None and not isinstance(link, ssl.SSLSocket)

    def _message(self, link: socket.socket) -> None:
        message = b""
        while (line := _line(link)) not in (b".\r\n", b""):
            message += line
        if self.answers.get("message", "250").startswith("2"):
            self.taken.append(message)
        self._say(link, "message", "250 taken")

    def _say(self, link: socket.socket, step: str, usual: str) -> str:
        answer = self.answers.get(step, usual)
        if answer == HANG_UP:
            raise ConnectionAbortedError
        link.sendall(f"{answer}\r\n".encode())
        if answer.startswith("421") or answer.endswith(HANG_UP):
            raise ConnectionAbortedError
        return answer


def _line(link: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (more := link.recv(1)):
        line += more
    return line


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, implicit: bool = False) -> Iterator[MailServer]:
    """Listening until the block ends."""
    threads: list[threading.Thread] = []
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = MailServer(listening.getsockname()[1], tls, implicit)

        def one(link: socket.socket) -> None:
            with link, suppress(OSError):
                server.talk(link)

        def accept() -> None:
            while True:
                link, _ = listening.accept()
                if ended.is_set():
                    link.close()
                    return
                threads.append(threading.Thread(target=one, args=(link,), daemon=True))
                threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            ended.set()
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
            for thread in [accepting, *threads]:
                thread.join(5)
