"""`golem listen` goes on over the ends of streams: from its last cursor, and after what says that something is gone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy.system import NotFound
from deploy.system.gateway import Gateway, Refusal
from deploy.system.stream import Follower, Message, messages

OPEN = ":connected\n\nretry: 2000\n\n"
Answer = tuple[int, dict[str, str], str]


def message(cursor: str, event: str) -> str:
    return f'id: {cursor}\nevent: {event}\ndata: {{"cursor":"{cursor}"}}\n\n'


@contextmanager
def serving(*answers: Answer) -> Iterator[tuple[str, list[str | None]]]:
    """A server of these answers in turn; its URL, and the Last-Event-ID of each request."""
    left, asked = list(answers), list[str | None]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Last-Event-ID"])
            status, headers, body = left.pop(0)
            self.send_response(status)
            headers = {"Content-Type": "text/event-stream"} | headers
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_it_follows_from_stream_to_stream_until_it_is_refused_for_good() -> None:
    answers = [
        (200, {}, OPEN + message("a", "offset-only") + message("b", "offer.made") + message("c", "offset-only")),
        (503, {"Retry-After": "5"}, ""),
        (502, {}, ""),
        (200, {}, OPEN + message("d", "reset") + message("e", "hire.confirmed") + "id: f\nevent: hire.conf"),
        (401, {}, '{"title": "No", "detail": "The token is over.", "errors": []}'),
    ]
    said, pauses, opened = list[str](), list[float](), list[int]()
    with serving(*answers) as (url, asked):
        follower = Follower(
            lambda: Gateway(url, lambda: "t"), {}, say=said.append, opened=lambda: opened.append(1), pause=pauses.append
        )
        found = follower.events()
        events = [next(found).event for _ in range(3)]
        with pytest.raises(Refusal, match="401 No: The token is over"):
            next(found)

    assert events == ["offer.made", "reset", "hire.confirmed"]
    assert asked == [None, "c", "c", "c", "e"]
    assert (pauses, len(said), len(opened)) == ([2.0, 5, 2.0, 2.0], 2, 2)


def test_what_was_not_taken_is_asked_for_again() -> None:
    """The cursor is of an event once the next one is asked for: who stops while one is forwarded has it again."""
    with serving((200, {}, OPEN + message("a", "offer.made") + message("b", "offer.made"))) as (url, _):
        follower = Follower(lambda: Gateway(url, lambda: "t"), {}, "z", say=lambda _: None)
        found = follower.events()
        next(found)
        assert follower.cursor == "z"
        next(found)
        assert follower.cursor == "a"


def test_what_was_taken_is_not_asked_for_again() -> None:
    with serving((200, {}, OPEN + message("a", "offer.made"))) as (url, _):
        follower = Follower(lambda: Gateway(url, lambda: "t"), {}, say=lambda _: None)
        follower.took(next(follower.events()))

    assert follower.cursor == "a"


def test_a_stack_that_is_started_again_elsewhere_is_found_again() -> None:
    said, places = list[str](), list[str]()

    def find() -> Gateway:
        if not (place := places.pop(0)):
            raise NotFound("no stack runs here")
        return Gateway(place, lambda: "t")

    first = (200, {}, OPEN + message("a", "offer.made"))
    second = (200, {}, OPEN + message("b", "hire.confirmed"))
    with serving(first) as (before, _), serving(second) as (after, asked):
        places += [before, "", after]
        found = Follower(find, {}, say=said.append, pause=lambda _: None).events()

        assert [next(found).event, next(found).event] == ["offer.made", "hire.confirmed"]
    assert asked == ["a"]
    assert said == ["no stack runs here: again in 2 s"]


def test_server_sent_events_are_read_as_the_standard_says() -> None:
    lines = [": a word", "", "id:1", "data: [1,", "data:2]", "", "event: x", "", "data: {}", ""]

    assert list(messages(lines)) == [Message("1", "message", [1, 2]), Message("", "message", {})]
