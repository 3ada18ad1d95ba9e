"""Follows `GET /v1/stream`: for ever, over the ends of streams, from the cursor of what was read last."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.system import NotFound
from deploy.system.gateway import Gateway, check, no_golem

RESET = "reset"
_MOVED = "offset-only"
_SILENT_S = 45.0
"""The server sends something each 15 s: a stream that is silent for three times that is dead."""
_REST_S = 2.0


@dataclass(frozen=True)
class Message:
    """One message of the stream: `event` is an event's type, `reset` or `offset-only`."""

    cursor: str
    event: str
    body: Any


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """What server-sent events say: https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
            continue
        if "data" in fields:
            yield Message(fields.get("id", ""), fields.get("event", "message"), json.loads(fields["data"]))
        fields = {}


class Follower:
    """`cursor` is of what was read last, None before anything was; `query` are the parameters.

    `reach` gives the gateway for each stream anew: a stack that was started again is at another port.
    `say` is told why it waits, `opened` of each stream that is open: what happens from then on comes.
    """

    def __init__(
        self,
        reach: Callable[[], Gateway],
        query: Mapping[str, str],
        cursor: str | None = None,
        *,
        say: Callable[[str], None],
        opened: Callable[[], None] = lambda: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._reach, self._query, self._say, self._opened, self._pause = reach, query, say, opened, pause
        self.cursor = cursor

    def events(self) -> Iterator[Message]:
        """Events, and what says that some are gone. The cursor moves on when the next one is asked for.

        Raises Refusal where it is refused for good.
        """
        with httpx.Client(timeout=httpx.Timeout(20, read=_SILENT_S)) as http:
            while True:
                try:
                    yield from self._one_stream(http)
                except httpx.TransportError as error:
                    self._rest(f"the stream broke ({type(error).__name__})")
                except NotFound as error:
                    self._rest(str(error))

    def took(self, message: Message) -> None:
        """Move the cursor on at once: this one is not to come again."""
        self.cursor = message.cursor

    def _rest(self, why: str) -> None:
        self._say(f"{why}: again in {_REST_S:.0f} s")
        self._pause(_REST_S)

    def _one_stream(self, http: httpx.Client) -> Iterator[Message]:
        gateway = self._reach()
        headers = gateway.headers() | ({"Last-Event-ID": self.cursor} if self.cursor else {})
        with http.stream("GET", f"{gateway.url}/v1/stream", params=self._query, headers=headers) as answer:
            after = answer.headers.get("Retry-After", "")
            if answer.status_code in (429, 503) and after.isdecimal():
                self._say(f"{answer.status_code}: again in {after} s")
                self._pause(min(int(after), 60))
                return
            if answer.status_code in (502, 503, 504):
                self._rest(str(answer.status_code))
                return
            if not answer.is_success:
                answer.read()
                check(answer)
            if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                raise no_golem(answer)
            self._opened()
            for message in messages(answer.iter_lines()):
                if message.event != _MOVED:
                    yield message
                self.cursor = message.cursor
        self._pause(_REST_S)


def pages(gateway: Gateway, query: Mapping[str, str], cursor: str) -> Iterator[Message]:
    """What `GET /v1/events` has after a cursor, to its present end. Raises Refusal."""
    while True:
        page = gateway.get("/v1/events", **query, after=cursor, limit="100")
        yield from (Message(each["cursor"], each["event"]["type"], each["event"]) for each in page["items"])
        if not page["more"]:
            return
        cursor = page["next"]
