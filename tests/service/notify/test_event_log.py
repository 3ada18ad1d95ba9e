"""The log of events: numbers without a gap, whoever gives them; over memory and over the real server."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient, monitoring

from services.notify.log import reading
from services.notify.log.numbering import Numbering, head
from services.notify.log.records import KIND, Logged, record_id
from services.notify.store import COLLECTION, MIGRATIONS
from services.notify.webhooks import fan_out
from services.notify.webhooks.fan_out import FanOut
from shared.aggregate import Store, Trigger, migrate
from shared.aggregate.store import collection as service_collection
from shared.settings import Terms
from tests.support.clock import ManualClock
from tests.support.memory import MemoryCollection

NOW = datetime(2027, 1, 1, tzinfo=UTC)
MANY, AT_ONCE = 1_000, 100


@pytest.fixture(params=["memory", "server"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        made: Any = MemoryCollection()
    else:
        made = service_collection(request.getfixturevalue("database"), COLLECTION)
    migrate(made, MIGRATIONS)
    yield Store(made, ManualClock(NOW))


def events(store: Store, count: int, **data: str) -> list[Trigger]:
    told = {"offer_id": str(uuid4()), "listing_id": str(uuid4()), "insider": "p_one", "seeker": "p_two", **data}
    at = store.clock.now()
    return [Trigger("hire.confirmed", str(uuid4()), "event", at, told, sequence=each) for each in range(1, count + 1)]


def write(store: Store, some: list[Trigger]) -> None:
    route = Logged(Terms())
    kinds = {record_id(event.name, event.id): KIND for event in some}
    store.run(kinds, lambda changes: [route.fold(changes, event) for event in some])


def numbered(store: Store) -> None:
    while Numbering(store, Terms()).step():
        pass


def numbers(store: Store, **how: Any) -> list[int]:
    return [entry.number for entry in reading.after(store, 0, MANY + 1, **how)]


def test_an_event_is_logged_once_with_what_it_said(store: Store) -> None:
    (event,) = some = events(store, 1)
    for _ in range(2):
        write(store, some)
        numbered(store)

    (entry,) = reading.after(store, 0, 10)

    assert (entry.number, entry.cursor, reading.number_of(entry.cursor)) == (1, reading.cursor(1), 1)
    assert entry.structured("p_one") == {
        "specversion": "1.0",
        "id": event.id,
        "source": "urn:good-golem:matching",
        "type": "hire.confirmed",
        "time": "2027-01-01T00:00:00.000Z",
        "subject": event.data["offer_id"],
        "partitionkey": event.data["offer_id"],
        "sequence": "0000000001",
        "dataschema": "https://goodgolem.example/schemas/hire.confirmed/1",
        "datacontenttype": "application/json",
        "data": dict(event.data),
    }


def test_a_person_reads_what_is_about_them_alone(store: Store) -> None:
    write(store, [*events(store, 2), *events(store, 1, seeker="p_three")])
    numbered(store)

    def read_by(person: str, reads_all: bool = False) -> int:
        entries = [entry for entry in reading.after(store, 0, MANY) if entry.is_for(person, reads_all)]
        assert numbers(store, wanted=reading.is_for(person, reads_all)) == [entry.number for entry in entries]
        return len(entries)

    assert numbers(store) == [1, 2, 3]
    assert (read_by("p_one"), read_by("p_two"), read_by("p_stranger")) == (3, 2, 0)
    assert read_by("p_staff", reads_all=True) == read_by("p_one", reads_all=True) == 3


def test_staff_who_are_a_party_read_as_that_party(store: Store) -> None:
    """What was set off against the insider's earlier loss is told to no seeker, whatever else they may read."""
    parties = {"offer_id": str(uuid4()), "listing_id": str(uuid4()), "insider": "p_one", "seeker": "p_two"}
    sums = {"amount": 900, "released": 900, "fees": 100, "set_off": 40, "set_off_total": 40}
    told = dict.fromkeys(("escrow.released", "escrow.set_off_returned"), parties | sums)
    at = store.clock.now()
    write(
        store, [Trigger(n, str(uuid4()), "event", at, data, sequence=k) for k, (n, data) in enumerate(told.items(), 1)]
    )
    numbered(store)

    def read(person: str) -> dict[str, bool]:
        found = reading.after(store, 0, MANY, reading.is_for(person, reads_all=True))
        assert all(entry.is_for(person, reads_all=True) for entry in found)
        return {entry.type: "set_off" in entry.structured(person)["data"] for entry in found}

    assert read("p_two") == {"escrow.released": False}
    assert read("p_one") == read("p_staff") == {"escrow.released": True, "escrow.set_off_returned": True}


def test_two_who_give_numbers_at_once_leave_no_gap_to_a_reader(store: Store) -> None:
    """A thousand events (over memory fewer) are written by two, numbered by two, read by one who never looks back."""
    many, at_once = (100, 10) if isinstance(store.collection, MemoryCollection) else (MANY, AT_ONCE)
    written, errors, read = threading.Event(), list[BaseException](), list[int]()

    def guarded(body: Any) -> threading.Thread:
        def run() -> None:
            try:
                body()
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def writing() -> None:
        for _ in range(many // 2 // at_once):
            write(store, events(store, at_once))

    def numbering() -> None:
        numberer, over = Numbering(store, Terms()), False
        while numberer.step() or not over:
            over = written.wait(0.01)

    def following() -> None:
        while len(read) < many and not errors:
            found = [entry.number for entry in reading.after(store, read[-1] if read else 0, at_once)]
            read.extend(found)
            written.wait(0 if found else 0.01)

    writers = [guarded(writing) for _ in range(2)]
    others = [guarded(each) for each in (numbering, numbering, following)]
    for thread in writers:
        thread.join()
    written.set()
    for thread in others:
        thread.join()

    assert errors == []
    assert read == list(range(1, many + 1))
    assert store.collection.count_documents({"arrival": {"$exists": True}}) == 0


class Interrupted:
    """A collection in which something happens before the n-th of the calls that are made on it."""

    def __init__(self, collection: Any, before: int, happens: Callable[[], object]) -> None:
        self._collection, self._left, self._happens = collection, before, happens

    def __getattr__(self, name: str) -> Any:
        self._left -= 1
        if self._left == 0:
            self._happens()
        return getattr(self._collection, name)


@pytest.mark.parametrize("call", [1, 2, 3])
def test_another_who_numbers_one_between_two_calls_leaves_no_gap(store: Store, call: int) -> None:
    write(store, events(store, 4))
    other = Numbering(store, Terms(), at_once=1)
    beside: Any = Interrupted(store.collection, call, other.step)
    Numbering(Store(beside, store.clock), Terms()).step()
    numbered(store)

    assert numbers(store) == [1, 2, 3, 4]


def test_a_number_that_was_remembered_while_another_went_on_leaves_no_gap(store: Store) -> None:
    one, other = Numbering(store, Terms()), Numbering(store, Terms())
    for numbering in (one, other, one, one, other, other, one):
        write(store, events(store, 2))
        numbering.step()
    numbered(store)

    assert numbers(store) == list(range(1, 15))


def test_who_was_refused_a_number_reads_the_highest_anew(store: Store) -> None:
    """At once, not when what it remembers is too old."""
    one, other = Numbering(store, Terms()), Numbering(store, Terms())
    for numbering in (one, other):
        write(store, events(store, 2))
        numbering.step()
    write(store, events(store, 2))
    for _ in range(2):
        one.step()

    assert numbers(store) == list(range(1, 7))


def test_what_another_has_numbered_and_left_is_fanned_out_within_a_second(store: Store) -> None:
    clock, taking = store.clock, FanOut(store)
    assert isinstance(clock, ManualClock)
    assert taking.step() == 0
    write(store, events(store, 3))
    numbered(store)
    assert taking.step(numbered=0) == 0

    clock.advance(timedelta(seconds=1))

    assert taking.step(numbered=0) == 3
    assert taking.step(numbered=0) == 0


def test_a_step_of_the_fan_out_is_one_write(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that numbers, which are given between its steps, do not wait for many deliveries."""
    monkeypatch.setattr(fan_out, "_MOST_WRITES", 2)
    write(store, events(store, 5))
    numbered(store)
    taking = FanOut(store)

    assert [taking.step() for _ in range(4)] == [2, 2, 1, 0]


def test_old_events_go_from_the_bottom_and_numbers_go_on(store: Store) -> None:
    clock, kept = store.clock, Terms().keep_events
    assert isinstance(clock, ManualClock)
    write(store, events(store, 3))
    numbered(store)
    clock.advance(kept + timedelta(days=1))
    numbered(store)

    assert (numbers(store), head(store)) == ([3], 3)
    assert [reading.is_kept(store, number) for number in (1, 2, 3, 4)] == [False, True, True, False]

    write(store, events(store, 1))
    numbered(store)

    assert numbers(store) == [4]
    assert reading.at_time(store, clock.now()) == 3


def test_a_time_finds_its_number_by_the_index_on_arrivals(mongo_server: str, database: Any) -> None:
    """Whatever the database would choose by itself; a time to come is answered with the head, and nothing is walked."""
    looked = list[dict[str, Any]]()

    class Looking(monitoring.CommandListener):
        def started(self, event: monitoring.CommandStartedEvent) -> None:
            if event.command_name == "find":
                looked.append(dict(event.command))

        def succeeded(self, event: Any) -> None: ...

        def failed(self, event: Any) -> None: ...

    clock = ManualClock(NOW)
    with MongoClient[Any](mongo_server, event_listeners=[Looking()]) as client:
        store = Store(service_collection(client[database.name], COLLECTION), clock)
        migrate(store.collection, MIGRATIONS)
        for _ in range(5):
            write(store, events(store, 10))
            numbered(store)
            clock.advance(timedelta(hours=1))
        looked.clear()

        found = [reading.at_time(store, NOW + timedelta(hours=each)) for each in (-1, 0, 2, 4)]
        by_index, ahead = list(looked), looked.clear()
        head_at_once = reading.at_time(store, clock.now() + timedelta(days=1000))

        assert (found, head_at_once, ahead) == ([0, 0, 20, 40], 50, None)
        assert [each["hint"] for each in by_index] == [{"arrived_at": 1, "log_number": 1}] * 8
        assert [each.get("hint") for each in looked] == [{"arrived_at": 1, "log_number": 1}, None]
        assert all(
            not each["projection"]["_id"] and set(each["filter"]) == {"arrived_at", "log_number"} for each in by_index
        )


def test_of_workers_that_write_at_once_none_is_left_out(store: Store) -> None:
    """The second to write was the first to read the time: the lower number arrived a little later."""
    clock = store.clock
    assert isinstance(clock, ManualClock)
    write(store, events(store, 1))
    numbered(store)
    clock.set(NOW + timedelta(seconds=3))
    write(store, events(store, 1))
    numbered(store)
    clock.set(NOW + timedelta(seconds=1))
    write(store, events(store, 1))
    numbered(store)

    moments = [NOW + timedelta(seconds=each) for each in (0, 1, 2, 3, 4)]
    assert [reading.at_time(store, each) for each in moments] == [0, 1, 1, 1, 3]


def test_old_events_are_looked_for_at_the_bottom_alone(store: Store) -> None:
    """None goes from between others: its number would be missing to whoever reads on from below."""
    clock, kept = store.clock, Terms().keep_events
    assert isinstance(clock, ManualClock)
    for days in (2, 0, 3):
        clock.set(NOW + timedelta(days=days))
        write(store, events(store, 1))
        numbered(store)
    clock.set(NOW + kept + timedelta(days=1))
    numbered(store)

    assert numbers(store) == [1, 2, 3]


def test_an_event_older_than_the_log_is_not_taken(store: Store) -> None:
    some = events(store, 1)
    assert isinstance(store.clock, ManualClock)
    store.clock.advance(Terms().keep_events)
    write(store, some)
    numbered(store)

    assert numbers(store) == []


@pytest.mark.parametrize(
    "text", ["", "1", "MQ", "ZTE6", "ZTE6LTE", "ZTE6MDE", "ZTE6MQ==", "ZTI6MQ", "é", "A" * 100, "ZTE6MQ\n"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(reading.BadCursor):
        reading.number_of(text)
