"""One POST to a receiver: pinned to a checked address, within one deadline for all of it, and nothing of the answer's
body is read. No redirect is followed, no proxy is used.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Literal
from urllib.parse import urlsplit

from ssrfguard import Target

from services.notify.webhooks.destinations import Destinations, Refused
from shared.outgoing import USER_AGENT, Deadline, bounded_reader

WITHIN_SECONDS = 15.0
"""From looking the name up to the last header of the answer."""

Why = Literal["refused_address", "unknown_host", "no_connection", "tls", "timeout", "bad_answer"]


@dataclass(frozen=True)
class Answered:
    """What a receiver answered; names of headers are in small letters, of two with one name the first counts."""

    status: int
    headers: Mapping[str, str]


class Unanswered(Exception):
    """There was no answer within the limits, or no connection was made at all."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


Post = Callable[[str, bytes, Mapping[str, str]], Answered]
"""Sends a body with these headers to a URL. Raises Unanswered."""


def nobody(url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
    """A way out that leads nowhere."""
    raise Unanswered("no_connection")


class Poster:
    """`post` sends one body; the certificates of the system's authorities are trusted."""

    def __init__(self, destinations: Destinations, seconds: float = WITHIN_SECONDS) -> None:
        self._destinations, self._seconds = destinations, seconds
        self._context = ssl.create_default_context()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        deadline = Deadline(self._seconds)
        connection: HTTPConnection | None = None
        try:
            target = self._destinations.check(url)
            connection = _connection(target, self._opened(target, deadline), deadline)
            connection.request("POST", _path_of(url), body, {"User-Agent": USER_AGENT, **headers})
            answer = connection.getresponse()
            given = dict(reversed([(name.lower(), value) for name, value in answer.getheaders()]))
            return Answered(answer.status, given)
        except Exception as error:
            raise Unanswered(_why(error)) from error
        finally:
            if connection is not None:
                connection.close()

    def _opened(self, target: Target, deadline: Deadline) -> socket.socket:
        """Connected, and for https encrypted with a certificate of the name that was asked for."""
        opened = self._destinations.connect(target, deadline.left)
        if target.scheme == "http":
            return opened
        try:
            opened.settimeout(deadline.left())
            return self._context.wrap_socket(opened, server_hostname=target.host)
        except BaseException:
            opened.close()
            raise


def _connection(target: Target, opened: socket.socket, deadline: Deadline) -> HTTPConnection:
    """A connection that was made already, and that sends and reads within the deadline; it never connects by itself."""

    class Response(HTTPResponse):
        def __init__(self, sock: socket.socket, *more: Any, **named: Any) -> None:
            super().__init__(sock, *more, **named)
            self.fp.close()
            self.fp = bounded_reader(sock, deadline.left)

    class Connection(HTTPConnection):
        response_class = Response
        auto_open = 0
        default_port = 443 if target.scheme == "https" else 80

        def send(self, data: Any) -> None:
            rest = memoryview(data)
            while rest:
                opened.settimeout(deadline.left())
                rest = rest[opened.send(rest) :]

    connection = Connection(target.host, target.port)
    connection.sock = opened
    return connection


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _why(error: Exception) -> Why:
    match error:
        case Refused():
            return "refused_address"
        case socket.gaierror():
            return "unknown_host"
        case TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "tls"
        case HTTPException() | ValueError():
            return "bad_answer"
        case OSError():
            return "no_connection"
    raise error
