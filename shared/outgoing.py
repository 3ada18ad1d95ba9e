"""Asks another server over HTTP, with limits on the whole exchange.

A time-out of a socket bounds one read, so a server that sends a byte a second holds its caller for ever. Here
everything that is read of an answer, the status line and headers as well, counts against one deadline.
"""

import io
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib import request
from urllib.error import HTTPError, URLError

USER_AGENT = "good-golem"
"""Some providers refuse the name that Python's own client gives."""


class NoAnswer(Exception):
    """There was no whole answer within the limits: `reason` is what went wrong, in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Deadline:
    """The end of an exchange, `seconds` after it was made."""

    seconds: float
    begun: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """The seconds until then; TimeoutError where there are none."""
        left = self.begun + self.seconds - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"not within {self.seconds:g} s")
        return left


def bounded_reader(sock: socket.socket, left: Callable[[], float]) -> io.BufferedReader:
    """What `sock.makefile("rb")` gives, with every read within the seconds that are left by then."""
    return io.BufferedReader(_Bounded(sock, left))


class _Bounded(io.RawIOBase):
    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._sock, self._left = sock, left
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def get(url: str, *, seconds: float, most_bytes: int, headers: Mapping[str, str] | None = None) -> bytes:
    """The body of the answer to a GET; proxies of the environment are used, redirects followed. NoAnswer where the
    status is not 2xx, or the answer is not whole within the limits.
    """
    _, body = _exchange(request.Request(url, headers=dict(headers or {})), seconds, most_bytes, _FOLLOWING)
    return body


def probe(url: str, *, seconds: float) -> int:
    """The status of the answer to a GET, without a proxy; no redirect is followed, and no body read. NoAnswer where
    there was none in time.
    """
    status, _ = _exchange(request.Request(url), seconds, None, ())
    return status


def ask(url: str, *, seconds: float, most_bytes: int) -> tuple[int, bytes]:
    """As `probe`, with the body of the answer, whatever its status."""
    return _exchange(request.Request(url), seconds, most_bytes, ())


def post(url: str, body: bytes, *, seconds: float, headers: Mapping[str, str]) -> int:
    """The status of the answer to a POST; no redirect is followed, and no body of an answer is read. NoAnswer where
    there was none in time.
    """
    status, _ = _exchange(request.Request(url, body, dict(headers), method="POST"), seconds, None, ())
    return status


def submit(url: str, body: bytes, *, seconds: float, most_bytes: int, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """(status, body) of the answer to a POST, whatever its status; proxies of the environment are used, no redirect is
    followed. NoAnswer where the answer is not whole within the limits.
    """
    asked = request.Request(url, body, dict(headers), method="POST")
    return _exchange(asked, seconds, most_bytes, (request.ProxyHandler,))


def _exchange(
    asked: request.Request, seconds: float, most_bytes: int | None, following: tuple[type[request.BaseHandler], ...]
) -> tuple[int, bytes]:
    deadline = Deadline(seconds)
    opener = request.OpenerDirector()
    opener.addheaders = [("User-Agent", USER_AGENT)]
    with ExitStack() as opened:
        handlers = (_Http(deadline, opened), _Https(deadline, opened), *(kind() for kind in following))
        for handler in handlers:
            opener.add_handler(handler)
        try:
            answer = opener.open(asked, timeout=seconds)
            if answer is None:
                raise NoAnswer(f"{asked.type} is no scheme to ask by")
            return answer.status, b"" if most_bytes is None else _read(answer, most_bytes)
        except HTTPError as error:
            error.close()
            raise NoAnswer(f"status {error.code}") from None
        except (OSError, HTTPException, ValueError) as error:
            cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
            raise NoAnswer(f"{type(cause).__name__}: {cause}"[:200]) from error


def _read(answer: HTTPResponse, most_bytes: int) -> bytes:
    body = answer.read(most_bytes + 1)
    if len(body) > most_bytes:
        raise NoAnswer(f"more than {most_bytes} bytes")
    if answer.length:
        raise NoAnswer(f"the answer ended {answer.length} bytes early")
    return body


class _Http(request.HTTPHandler):
    def __init__(self, deadline: Deadline, opened: ExitStack) -> None:
        super().__init__()
        self._connecting = _connecting(HTTPConnection, deadline, opened)

    def http_open(self, req: request.Request) -> HTTPResponse:
        return self.do_open(self._connecting, req)


class _Https(request.HTTPSHandler):
    def __init__(self, deadline: Deadline, opened: ExitStack) -> None:
        super().__init__()
        self._connecting = _connecting(HTTPSConnection, deadline, opened)

    def https_open(self, req: request.Request) -> HTTPResponse:
        return self.do_open(self._connecting, req)


def _connecting(kind: type[HTTPConnection], deadline: Deadline, opened: ExitStack) -> Callable[..., HTTPConnection]:
    """Makes connections of this kind that connect and read within the deadline; `opened` closes their answers."""

    class Response(HTTPResponse):
        def __init__(self, sock: socket.socket, *more: Any, **named: Any) -> None:
            super().__init__(sock, *more, **named)
            self.fp.close()
            self.fp = bounded_reader(sock, deadline.left)
            opened.callback(self.close)

    def connecting(host: str, **named: Any) -> HTTPConnection:
        connection = kind(host, **named | {"timeout": deadline.left()})
        connection.response_class = Response
        return connection

    return connecting


_FOLLOWING = (
    request.ProxyHandler, request.HTTPRedirectHandler, request.HTTPErrorProcessor, request.HTTPDefaultErrorHandler,
)  # fmt: skip
