"""One suite for every database: what the core needs of a collection, over memory and over the real server."""

import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared.aggregate import Batch, Change, Store, Trigger, Verdict, migrate, open_store
from shared.aggregate.store import collection as service_collection
from shared.aggregate.verdict import DUPLICATE, TAKEN
from shared.clock import SystemClock
from shared.messaging.relay import Relay
from shared.poller import Lease, Poller
from shared.settings import MongoDB
from shared.telemetry import outages
from tests.support.clock import ManualClock
from tests.support.memory import MemoryBroker, MemoryCollection, MemoryPublisher
from tests.support.processes import eventually
from tests.support.toy import BOX, DAY, Toys

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", "server"])
def documents(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A service's collection, with the core's indexes."""
    if request.param == "memory":
        made: Any = MemoryCollection()
    else:
        made = service_collection(request.getfixturevalue("database"), "boxes")
    migrate(made)
    yield made


@pytest.fixture
def toys(documents: Any) -> Toys:
    return Toys(documents)


def boxes(documents: Any, query: Any = None, projection: Any = None) -> list[Any]:
    found = documents.find({**(query or {}), "kind": "box"}, projection)
    return sorted(found, key=lambda doc: str(doc["_id"]))


# -- the protocol


def test_a_document_comes_back_as_it_was_with_times_in_utc_to_the_millisecond(documents: Any):
    at = datetime(2027, 1, 1, 12, 0, 0, 123_456, tzinfo=UTC)
    documents.insert_one({"_id": "a", "kind": "box", "at": at, "bytes": b"\x00\xff", "many": [{"n": 1}], "big": 10**12})
    found = documents.find_one({"_id": "a"})

    assert found["at"] == at.replace(microsecond=123_000)
    assert found["at"].tzinfo is not None
    assert (bytes(found["bytes"]), found["many"], found["big"]) == (b"\x00\xff", [{"n": 1}], 10**12)


def test_what_was_read_is_a_copy(documents: Any):
    documents.insert_one({"_id": "a", "kind": "box", "many": [1]})
    documents.find_one({"_id": "a"})["many"].append(2)

    assert documents.find_one({"_id": "a"})["many"] == [1]


def test_projections_leave_out_or_keep(documents: Any):
    documents.insert_one({"_id": "a", "kind": "box", "events": [1], "seq": 1})

    assert documents.find_one({"_id": "a"}, {"events": 0}) == {"_id": "a", "kind": "box", "seq": 1}
    assert documents.find_one({"_id": "a"}, {"seq": 1}) == {"_id": "a", "seq": 1}
    assert documents.find_one({"_id": "a"}, {"_id": 1}) == {"_id": "a"}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"_id": "a"}, "a"),
        ({"_id": {"$in": ["a", "c", "z"]}}, "ac"),
        ({"due_at": {"$lte": NOW}}, "ab"),
        ({"due_at": {"$lt": NOW}}, "a"),
        ({"due_at": {"$gt": NOW}}, "c"),
        ({"due_at": {"$gte": NOW}}, "bc"),
        ({"due_at": {"$lte": NOW}, "$or": [{"timers.parked": {"$lte": NOW}}, {"timers.none": {"$lte": NOW}}]}, "b"),
        ({"missing": None}, "abcd"),
        ({"n": 2}, "b"),
        ({"n": None}, "d"),
        ({"n": {"$exists": False}}, "d"),
        ({"n": {"$ne": 2}}, "acd"),
        ({"words": "x"}, "ad"),
        ({"parts.of": 3}, "c"),
    ],
)  # fmt: skip
def test_queries_find_what_they_say(documents: Any, query: Any, wanted: str):
    hour = timedelta(hours=1)
    for doc in (
        {"_id": "a", "n": 1, "due_at": NOW - hour, "timers": {"shut": NOW - hour}, "words": ["x", "y"]},
        {"_id": "b", "n": 2, "due_at": NOW, "timers": {"shut": NOW + hour, "parked": NOW}},
        {"_id": "c", "n": 3, "due_at": NOW + hour, "timers": {"shut": NOW + hour}, "parts": [{"of": 2}, {"of": 3}]},
        {"_id": "d", "words": "x"},
    ):
        documents.insert_one({"kind": "box", **doc})

    assert "".join(doc["_id"] for doc in boxes(documents, query)) == wanted


def test_a_bulk_write_tells_what_matched_and_what_was_there_already(documents: Any):
    documents.insert_one({"_id": "a", "kind": "box", "version": 1})
    right = UpdateOne({"_id": "a", "version": 1}, {"$set": {"version": 2}})
    stale = UpdateOne({"_id": "a", "version": 1}, {"$set": {"version": 9}})
    result = documents.bulk_write([right, stale, InsertOne({"_id": "b", "kind": "box"})], ordered=False)
    assert (result.matched_count, result.inserted_count) == (1, 1)

    with pytest.raises(BulkWriteError) as failed:
        documents.bulk_write(
            [InsertOne({"_id": "b", "kind": "box"}), UpdateOne({"_id": "a"}, {"$set": {"version": 3}})], ordered=False
        )
    assert [(e["index"], e["code"]) for e in failed.value.details["writeErrors"]] == [(0, 11000)]
    assert failed.value.details["nMatched"] == 1
    assert documents.find_one({"_id": "a"})["version"] == 3


def test_one_update_sets_pushes_unsets_and_counts(documents: Any):
    documents.insert_one({"_id": "a", "kind": "box", "log": [1], "gone": 1, "beat": 1})
    update = {"$set": {"x": 1, "deep.er": 2}, "$push": {"log": {"$each": [2, 3]}, "new": {"$each": ["n"]}}}
    update |= {"$unset": {"gone": "", "never": ""}, "$inc": {"beat": 2, "fresh": 1}}
    result = documents.update_one({"_id": "a"}, update)

    assert result.matched_count == 1
    assert documents.find_one({"_id": "a"}) == {
        "_id": "a", "kind": "box", "log": [1, 2, 3], "beat": 3, "x": 1, "deep": {"er": 2}, "new": ["n"], "fresh": 1,
    }  # fmt: skip
    assert documents.update_one({"_id": "z"}, {"$set": {"x": 1}}).matched_count == 0


def test_two_operators_on_one_field_are_refused(documents: Any):
    documents.insert_one({"_id": "a", "kind": "box", "log": [1]})

    with pytest.raises(BulkWriteError) as failed:
        documents.bulk_write([UpdateOne({"_id": "a"}, {"$set": {"log": []}, "$push": {"log": 1}})], ordered=False)
    assert failed.value.details["writeErrors"][0]["code"] != 11000
    assert documents.find_one({"_id": "a"})["log"] == [1]


def test_insert_and_delete(documents: Any):
    documents.insert_one({"_id": "a", "kind": "box"})
    with pytest.raises(DuplicateKeyError):
        documents.insert_one({"_id": "a", "kind": "box"})

    assert documents.delete_one({"_id": "a", "holder": "me"}).deleted_count == 0
    assert documents.delete_one({"_id": "a"}).deleted_count == 1
    assert documents.find_one({"_id": "a"}) is None


def test_migrations_run_once_and_again_without_harm(documents: Any):
    ran: list[int] = []

    def second(_: Any) -> None:
        ran.append(2)

    assert migrate(documents, [second]) == 1
    assert migrate(documents, [second]) == 0
    assert migrate(documents, [second, second]) == 1
    assert ran == [2, 2]
    documents.delete_one({"_id": "migrations"})
    assert migrate(documents, [second, second]) == 3


# -- the core on it


def test_a_change_is_stored_as_it_was_decided(toys: Toys):
    toys.opened()
    toys.command("fill")
    toys.send(toys.event("thing.sent"), toys.event("box.seen"))
    stored = toys.doc()

    assert (stored["version"], stored["things"], stored["seq"], stored["published"]) == (3, 2, 1, 0)
    assert stored["due_at"] == toys.clock.now() + 10 * DAY
    assert stored["outbox_at"] == stored["updated_at"] == toys.clock.now()
    assert toys.store.get("box-1") == {k: v for k, v in stored.items() if k != "events"}
    assert list(toys.store.load(["box-1", "nothing"])) == ["box-1"]
    assert toys.store.load([]) == {}


def test_parked_events_keep_their_bytes(toys: Toys):
    record = {"topic": "t", "partition": 0, "offset": 1, "key": None, "value": b"\xff", "headers": [["h", b"\x00"]]}
    toys.send(toys.event("thing.sent", record=record))

    (kept,) = toys.doc()["parked"]
    assert kept["record"] == record
    assert type(kept["record"]["value"]) is bytes


def test_through_the_relay_and_the_poller_on_one_document(toys: Toys):
    broker = MemoryBroker()
    publisher = MemoryPublisher(broker)
    relay = Relay("boxes", toys.store, publisher)
    poller = Poller("boxes", toys.store, {"box": BOX}, publisher, may_fire=lambda: True)
    toys.send(toys.event("box.seen"), toys.event("thing.sent"))
    toys.opened()
    assert (relay.step(), relay.step()) == (1, 0)
    toys.clock.advance(10 * DAY)
    assert (poller.step(), poller.step()) == (1, 0)
    assert (relay.step(), relay.step()) == (1, 0)

    stored = toys.doc()
    assert [r.topic for r in broker.records()] == ["escrow.held", "escrow.lapsed"]
    assert (stored["state"], stored["published"], stored["seq"]) == ("shut", 2, 2)
    assert not {"outbox_at", "due_at", "parked"} & set(stored)


def test_the_lease_on_it(documents: Any):
    first_clock, second_clock = ManualClock(), ManualClock()
    first = Lease(documents, "boxes", "one", first_clock)
    second = Lease(documents, "boxes", "two", second_clock)
    assert (first.held(), second.held()) == (True, False)
    for _ in range(2):
        second_clock.advance(1)
        assert not second.held()
    second_clock.advance(1)
    assert second.held()
    first_clock.advance(1)
    assert not first.held()
    second.give_back()
    assert documents.find_one({"_id": "lease"}) is None


def test_many_at_once_on_one_document_lose_nothing(documents: Any):
    """Eight writers, each its own store; each event is taken once, the versions and numbers have no gap."""
    Toys(documents).opened()
    barrier = threading.Barrier(8)
    failed: list[BaseException] = []

    def write(writer: int) -> None:
        toys = Toys(documents)
        toys.store = Store(documents, toys.clock, tries=200)
        barrier.wait()
        try:
            for n in range(5):
                event = toys.event("thing.sent", id=f"{writer}-{n}")
                for _ in range(2):
                    toys.store.run({"box-1": BOX}, lambda changes, e=event: BOX.fold(changes["box-1"], e))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    stored = documents.find_one({"_id": "box-1"})
    assert failed == []
    assert (stored["things"], stored["version"]) == (40, 41)
    assert len(set(stored["applied"])) == len(stored["applied"]) == 41


def test_many_who_make_one_document_at_once_make_one(documents: Any):
    barrier = threading.Barrier(6)

    def write(writer: int) -> None:
        toys = Toys(documents)
        barrier.wait()
        toys.store.run(
            {"box-1": BOX}, lambda changes: BOX.fold(changes["box-1"], toys.event("thing.sent", id=f"e-{writer}"))
        )

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(p["id"] for p in documents.find_one({"_id": "box-1"})["parked"]) == [f"e-{n}" for n in range(6)]


def test_what_is_likely_new_is_written_without_a_look(documents: Any):
    """Made once all the same, whoever else makes it; and `decide` is right about what is there."""
    toys, likely = Toys(documents), {"box-1": BOX}

    def take(event: str, seen: list[bool]) -> Any:
        def decide(changes: dict[str, Change]) -> Verdict:
            seen.append(changes["box-1"].is_new)
            return BOX.fold(changes["box-1"], toys.event("thing.sent", id=event))

        return decide

    unread = list[bool]()
    reads = documents.calls.get("find", 0) if isinstance(documents, MemoryCollection) else None
    toys.store.run(likely, take("e-1", unread), likely_new=True)
    assert unread == [True]
    assert reads is None or documents.calls.get("find", 0) == reads

    read = list[bool]()
    toys.store.run(likely, take("e-2", read), likely_new=True)
    assert read == [True, False], "another was there: it is decided again, of that one"
    assert [each["id"] for each in documents.find_one({"_id": "box-1"})["parked"]] == ["e-1", "e-2"]


def test_what_is_refused_of_something_new_is_asked_again_of_what_is_there(documents: Any):
    toys, asked = Toys(documents), list[bool]()

    def decide(changes: dict[str, Change]) -> str:
        asked.append(changes["box-1"].is_new)
        if changes["box-1"].is_new:
            raise ValueError("of nothing")
        return str(changes["box-1"].state)

    with pytest.raises(ValueError, match="of nothing"):
        toys.store.run({"box-1": BOX}, decide, likely_new=True)
    assert asked == [True, True] and documents.find_one({"_id": "box-1"}) is None

    toys.opened()
    assert toys.store.run({"box-1": BOX}, decide, likely_new=True) == "open"


def test_what_may_be_in_the_archive_is_looked_for(documents: Any):
    """Where there is one, nothing is thought to be new."""
    toys, archive, asked = Toys(documents), MemoryCollection("archive"), list[bool]()
    toys.opened()
    archive.insert_one({**documents.find_one({"_id": "box-1"}), "archived_at": NOW})
    documents.delete_one({"_id": "box-1"})
    store = Store(documents, toys.clock, archive=archive)  # type: ignore[arg-type]

    store.run({"box-1": BOX}, lambda changes: asked.append(changes["box-1"].is_new), likely_new=True)

    assert asked == [False]


def test_a_batch_of_hundreds_of_documents(documents: Any):
    toys = Toys(documents)
    events = [toys.event("thing.sent", f"box-{n}") for n in range(300)]

    assert toys.send(*events) == ["parked"] * 300
    assert toys.send(*events) == ["duplicate"] * 300
    assert len(boxes(documents, {"due_at": {"$lte": toys.clock.now() + 7 * DAY}}, {"_id": 1})) == 300


# -- what the database will never take


class _Growing:
    """A route that puts what an event brings into one document of its own."""

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {event.data["id"]: "box"}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[event.data["id"]]
        if change.knows(event.id):
            return DUPLICATE
        change.set(**event.data["set"])
        change.apply(event.id)
        return TAKEN


NEVER: dict[str, Any] = {
    "larger than the database takes": {"much": b"\0" * 17_000_000},
    "a number beyond 64 bits": {"number": 2**70},
    "a value that is no BSON": {"value": object()},
    "text that is no UTF-8": {"text": "\ud800"},
}


@pytest.mark.parametrize("what", NEVER)
def test_what_can_never_be_written_rejects_its_own_event_alone(database: Any, what: str):
    """The rest of its batch is written, and nothing is tried again for ever."""
    store = Store(service_collection(database, "boxes"), ManualClock())
    batch = Batch(store, {"grown": _Growing()})

    def event(name: str, **fields: Any) -> Trigger:
        return Trigger(name="grown", id=f"e-{name}", kind="event", at=NOW, data={"id": name, "set": fields})

    events = [event("a", n=1), event("b", **NEVER[what]), event("c", n=1)]
    verdicts = batch.process(events)
    assert [verdict.outcome == "rejected" for verdict in verdicts] == [False, True, False]
    assert sorted(doc["_id"] for doc in store.collection.find({"kind": "box"})) == ["a", "c"]


def test_a_document_that_has_grown_too_large_takes_no_more_and_holds_up_no_other(database: Any):
    """Its own changes are small; it is the database that finds the whole too large."""
    store = Store(service_collection(database, "boxes"), ManualClock())
    batch = Batch(store, {"grown": _Growing()})

    def event(number: int, name: str, size: int) -> Trigger:
        data = {"id": name, "set": {f"f{number}": b"\0" * size}}
        return Trigger(name="grown", id=f"e-{number}", kind="event", at=NOW, data=data)

    rejected = [
        [verdict.outcome == "rejected" for verdict in batch.process([event(n, "a", 5_000_000), event(10 + n, "b", 9)])]
        for n in range(4)
    ]
    assert rejected == [[False, False]] * 3 + [[True, False]]
    assert len(store.collection.find_one({"_id": "b"})["applied"]) == 4


def test_that_this_process_ends_is_no_outage(
    mongo_server: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client breaks off what it was asking its server, and says that as if it had failed."""
    monkeypatch.setattr(outages, "away", outages.Outages().away)  # whatever another test left open
    before = {*threading.enumerate()}
    store = open_store(MongoDB(mongo_server, "test_ending"), "boxes", SystemClock())
    assert store.ping()
    watching = {*threading.enumerate()} - before
    assert watching

    with caplog.at_level(logging.WARNING):
        store.collection.database.client.close()
        eventually(lambda: not any(thread.is_alive() for thread in watching), "its threads end")

    assert not caplog.messages
