"""The stream of events: what one client is sent, from where, and when it ends."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from services.notify.log import reading
from services.notify.log.numbering import Numbering
from services.notify.log.records import KIND, Logged, record_id
from services.notify.main import build
from services.notify.stream.streams import EACH, Places, Streams, Wanted
from shared.aggregate import Store, Trigger
from shared.http.problems import Problem
from shared.settings import Terms
from tests.support.clock import ManualClock
from tests.support.web import Caller, problem, settings

AT_ONCE = 3


@pytest.fixture
def app(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    ending = threading.Event()
    monkeypatch.setattr("services.notify.main.ENDING", ending)
    yield build(settings("notify", tmp_path, STREAMS=str(AT_ONCE)), store)
    ending.set()


@pytest.fixture
def system(app: Flask) -> Caller:
    return Caller(app, "a-system", ("integrator",))


def happened(store: Store, name: str = "hire.confirmed", **data: str) -> Trigger:
    """An event of a new offer comes into the log, with its number."""
    said = {"offer_id": str(uuid4()), "listing_id": str(uuid4()), "insider": "p_one", "seeker": "p_two", **data}
    event = Trigger(name, str(uuid4()), "event", store.clock.now(), said, sequence=1)
    store.run({record_id(name, event.id): KIND}, lambda changes: Logged(Terms()).fold(changes, event))
    while Numbering(store, Terms()).step():
        pass
    return event


class Reading:
    """A stream that is open, message by message."""

    def __init__(self, answer: TestResponse) -> None:
        assert answer.status_code == 200, answer.get_json()
        assert answer.content_type.startswith("text/event-stream")
        self.answer = answer
        self._chunks: Iterator[bytes] = iter(answer.iter_encoded())
        self._left: list[dict[str, str]] = []
        assert next(self._chunks) == b":connected\n\nretry: 2000\n\n"

    def message(self) -> dict[str, str]:
        while not self._left:
            blocks = next(self._chunks).decode().removesuffix("\n\n").split("\n\n")
            self._left = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
        return self._left.pop(0)

    def event(self) -> dict[str, Any]:
        """The next message that is an event of the log."""
        while (found := self.message())["event"] in ("offset-only", "reset"):
            pass
        body: dict[str, Any] = json.loads(found["data"])
        assert body["type"] == found["event"]
        return body


def opened(caller: Caller, query: str = "", **headers: str) -> Reading:
    return Reading(caller.get(f"/v1/stream{query}", **headers))


def test_a_stream_sends_what_happens_from_now_on(store: Store, system: Caller) -> None:
    happened(store)
    stream = opened(system)

    assert stream.message()["id"] == reading.cursor(1)

    event = happened(store)

    assert stream.event()["id"] == event.id


def test_a_cursor_says_from_where_and_the_header_comes_first(store: Store, system: Caller) -> None:
    first, second, third = (happened(store) for _ in range(3))

    assert opened(system, f"?after={reading.cursor(0)}").event()["id"] == first.id
    assert opened(system, f"?after={reading.cursor(1)}").event()["id"] == second.id
    answer = opened(system, f"?after={reading.cursor(0)}", Last_Event_ID=reading.cursor(2))
    assert answer.event()["id"] == third.id


def test_a_time_says_from_where(store: Store, system: Caller) -> None:
    clock = store.clock
    assert isinstance(clock, ManualClock)
    happened(store)
    clock.advance(timedelta(hours=1))
    later = happened(store)

    stream = opened(system, f"?from_timestamp={clock.now():%Y-%m-%dT%H:%M:%SZ}")

    assert stream.event()["id"] == later.id


def test_a_cursor_of_what_is_gone_begins_with_a_reset(store: Store, system: Caller) -> None:
    clock = store.clock
    assert isinstance(clock, ManualClock)
    for _ in range(3):
        happened(store)
    clock.advance(Terms().keep_events + timedelta(days=1))
    last = happened(store)
    for _ in range(2):
        Numbering(store, Terms()).step()
    stream = opened(system, f"?after={reading.cursor(1)}")

    assert stream.message()["event"] == "reset"
    assert stream.event()["id"] == last.id


def test_a_person_is_sent_their_own_alone(store: Store, anna: Caller, bo: Caller) -> None:
    happened(store)
    own = happened(store, insider=anna.id)
    happened(store)

    mine, others = (opened(each, f"?after={reading.cursor(0)}") for each in (anna, bo))

    assert mine.event()["id"] == own.id
    assert [others.message()["event"] for _ in range(2)] == ["offset-only", "offset-only"]


def test_a_filter_moves_the_cursor_past_what_it_leaves_out(store: Store, system: Caller) -> None:
    happened(store)
    wanted = happened(store, "offer.lapsed")
    stream = opened(system, f"?after={reading.cursor(0)}&types=offer.*")

    assert stream.event()["id"] == wanted.id

    happened(store)

    assert stream.message() == {
        "id": reading.cursor(3),
        "event": "offset-only",
        "data": f'{{"cursor":"{reading.cursor(3)}"}}',
    }


def test_one_stream_too_many_is_asked_to_come_later(store: Store, system: Caller) -> None:
    """One that ends, read or not, makes room."""
    happened(store)
    open_ones = [system.get("/v1/stream") for _ in range(AT_ONCE)]
    refused = system.get("/v1/stream")

    problem(refused, 503, "unavailable")
    assert refused.headers["Retry-After"] == "5"

    open_ones[0].close()

    assert system.get("/v1/stream").status_code == 200


def test_one_person_does_not_take_the_places_of_all() -> None:
    places = Places(EACH + 2)
    for _ in range(EACH):
        places.take("anna")

    with pytest.raises(Problem) as refused:
        places.take("anna")
    assert (refused.value.slug, refused.value.headers["Retry-After"]) == ("too-many-requests", "15")

    places.take("bo")
    places.take(None)
    with pytest.raises(Problem) as refused:
        places.take(None)
    assert refused.value.slug == "unavailable"

    places.give_back("anna")
    places.take("anna")


@pytest.mark.parametrize("query", ["?after=1", "?types=no.such", "?types=person_account.*", "?unknown=1"])
def test_a_wrong_question_is_refused(store: Store, system: Caller, query: str) -> None:
    assert system.get(f"/v1/stream{query}").status_code == 422
    assert system.get("/v1/stream", Last_Event_ID="1").status_code == 422


def test_a_stream_ends_by_itself_and_with_the_process(store: Store) -> None:
    happened(store)
    seconds = iter(range(0, 1000, 100))
    ending = threading.Event()
    over = Streams(store, 1, ending, lambda: next(seconds))
    asked = Streams(store, 1, ending)
    lines = asked.open(0, Wanted("p_reader", reads_all=True), reset=False)

    assert len(list(over.open(0, Wanted("p_reader", reads_all=True), reset=False))) == 4

    read = [next(lines) for _ in range(3)]
    ending.set()

    assert len(read + list(lines)) == 3
