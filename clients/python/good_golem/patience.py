"""Asks again, for a limited time: after an answer with Retry-After, and where no answer came to what is safe to repeat.

One service may not know yet what another has just done: it answers 404 or 409 with Retry-After (`x-ask-again` in the
OpenAPI document). Without that header these two are final.
"""

import json
import re
import time
from collections.abc import Callable
from uuid import uuid4

import httpx

KEY = "Idempotency-Key"
_AGAIN = frozenset({404, 409, 429, 503})
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
_NO_KEY = re.compile(
    r"/(reports|verify)$|/(employer-confirmations|employer-consents|unsubscribe|webhooks/greenhouse)/[^/]+$"
    r"|/webhooks/provider$"
)
_NEVER_SENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
"""What is wrong with the request itself: it would be the next time, too."""

_NO_JSON = frozenset({"text/event-stream", "text/csv", "application/xml"})
"""What some operations answer with instead."""

_OF_A_PROBLEM = frozenset({"type", "title", "status", "detail"})

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0


def takes_key(path: str) -> bool:
    """Whether a POST to this path happens once however often it is sent, given a key."""
    return _NO_KEY.search(path) is None


class Patience(httpx.BaseTransport):
    """A transport of httpx over another one. A POST without an Idempotency-Key is given one, where its path takes it;
    each repeat has the same.
    """

    def __init__(
        self,
        transport: httpx.BaseTransport | None = None,
        *,
        within: float = 30.0,
        pause: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`within`: no attempt begins so many seconds after the first; `pause` waits for a number of seconds."""
        self._transport = transport or httpx.HTTPTransport()
        self._within, self._pause, self._monotonic = within, pause, monotonic

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The last answer. Raises httpx.TransportError where none came, or none may be asked for again."""
        if request.method == "POST" and takes_key(request.url.path) and KEY not in request.headers:
            request.headers[KEY] = str(uuid4())
        repeatable = request.method in _REPEATABLE or KEY in request.headers
        request.read()
        ends, pause = self._monotonic() + self._within, _FIRST_PAUSE
        while True:
            try:
                answer = _whole(self._transport.handle_request(request))
            except httpx.TransportError as error:
                if isinstance(error, _NEVER_SENT) or not repeatable or self._monotonic() + pause > ends:
                    raise
                self._pause(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            after = _asked_to_wait(answer)
            if after is None or self._monotonic() + after > ends:
                return _as_problem(request, answer)
            answer.close()
            self._pause(after)

    def close(self) -> None:
        self._transport.close()


def _whole(answer: httpx.Response) -> httpx.Response:
    """The answer with its body, but for one that goes on for ever. Raises httpx.TransportError where it breaks off."""
    if _kind(answer) == "text/event-stream":
        return answer
    assert isinstance(answer.stream, httpx.SyncByteStream), "the transport is no asynchronous one"
    try:
        body = b"".join(answer.stream)
    finally:
        answer.close()
    return _with_body(answer, body)


def _with_body(answer: httpx.Response, body: bytes) -> httpx.Response:
    return httpx.Response(
        answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body), extensions=answer.extensions
    )


def _as_problem(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    """The answer, where it is what operations read: an object, or what else was asked for; a refusal that is a problem.
    Else, such as a proxy's page, it becomes a problem: a refusal of its own status, and 503 in place of a 2xx, for what
    came of the request is not known.
    """
    kind, status = _kind(answer), answer.status_code
    if status < 400 and (_may_be_empty(request, status) or kind in _NO_JSON or _asked_for_pages(request, kind)):
        return answer
    body = b"".join(answer.stream) if isinstance(answer.stream, httpx.SyncByteStream) else b""
    answer = _with_body(answer, body)
    read = _with_body(answer, body)
    said = _object(read.read())
    if said is not None and (status < 400 or said.keys() >= _OF_A_PROBLEM):
        return answer
    title, detail = read.reason_phrase, read.text[:300]
    if status < 400:
        origin = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
        detail = f"{origin} answers {status}, but not as a Good Golem does: {detail}"
        status, title = 503, "No JSON"
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    after = {name: value for name, value in answer.headers.items() if name == "retry-after"}
    return httpx.Response(status, headers={"Content-Type": "application/problem+json"} | after, json=problem)


def _kind(answer: httpx.Response) -> str:
    return str(answer.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _may_be_empty(request: httpx.Request, status: int) -> bool:
    return request.method == "HEAD" or status in (204, 205) or 300 <= status < 400


def _asked_for_pages(request: httpx.Request, kind: str) -> bool:
    return kind == "text/html" and kind in request.headers.get("Accept", "")


def _object(text: bytes) -> dict[str, object] | None:
    """The JSON object that this is, if it is one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _asked_to_wait(answer: httpx.Response) -> float | None:
    """Seconds after which to ask again, never at once; None where the answer is final."""
    after = answer.headers.get("Retry-After", "")
    said = answer.status_code in _AGAIN and re.fullmatch("[0-9]{1,6}", after)
    return max(int(after), _FIRST_PAUSE) if said else None
