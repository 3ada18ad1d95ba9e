"""How a service is, for its operator: what waits, and what its workers wrote of themselves."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.aggregate import ClockCheck
from shared.messaging.ports import Message
from shared.process.status import sign
from shared.process.work import Work
from shared.process.worker import Worker
from shared.telemetry import metrics
from tests.support.memory import MemoryBroker, memory_bus
from tests.support.toy import BOX
from tests.support.web import Caller, problem
from tests.support.whole import Whole

SERVICES = ("listing", "matching", "escrow", "notify")


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    yield Whole(tmp_path)
    metrics.unknown(metrics.REACHED, metrics.FRONTIER_PASSED)


def operator(whole: Whole, service: str) -> Caller:
    return Caller(whole.apps[service], "otto", ("operator",))


def worker(whole: Whole, service: str, broker: MemoryBroker) -> Worker:
    work = Work(service=service, store=whole.stores[service], routes={}, lifecycles=(BOX,))
    return Worker(work, memory_bus(broker, service, work.topics), "slot-1")


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_tells_its_operator_and_nobody_else(whole: Whole, service: str) -> None:
    shown = operator(whole, service).get(f"/v1/status/{service}").get_json()

    assert (shown["service"], shown["workers"], shown["outbox"]["documents"]) == (service, [], 0)
    for roles in ((), ("moderator", "arbiter", "integrator")):
        problem(Caller(whole.apps[service], "mo", roles).get(f"/v1/status/{service}"), 403, "forbidden")


def test_a_worker_says_how_far_it_is_and_its_silence_is_seen(whole: Whole) -> None:
    """Lag and dead letters as it found them; none while the broker is away; and how long it has not been heard."""
    broker = MemoryBroker()
    broker.append(Message("listing.redrive", b"k", b"{}"))
    broker.append(Message("listing.dead", b"k", b"?"))
    one, asking = worker(whole, "listing", broker), operator(whole, "listing")
    one.loops.observe()
    one.sign()
    clock = whole.stores["listing"].clock
    (first,) = asking.get("/v1/status/listing").get_json()["workers"]
    assert first["reading"] == {"lag": 1, "paused": [], "dead_letters": 1}
    assert (first["slot"], first["stuck"]) == ("slot-1", [])

    broker.away = True
    one.loops.observe()
    one.sign()
    clock.advance(timedelta(minutes=2))
    (later,) = asking.get("/v1/status/listing").get_json()["workers"]
    assert (later["reading"], later["seen_seconds"]) == (None, first["seen_seconds"] + 120)

    clock.advance(timedelta(days=1))
    assert asking.get("/v1/status/listing").get_json()["workers"] == []


def test_a_worker_that_starts_deletes_what_one_that_is_gone_wrote(whole: Whole) -> None:
    """Once: what is written every five seconds is its own document alone."""
    store = whole.stores["listing"]
    sign(store, "gone", timedelta(0), [], None)
    store.clock.advance(timedelta(hours=2))
    one = worker(whole, "listing", MemoryBroker())
    one.sign()
    assert [doc["slot"] for doc in store.collection.find({"kind": "worker"})] == ["slot-1"]

    store.collection.calls.clear()
    one.sign()
    assert "delete_many" not in store.collection.calls


def test_a_worker_with_a_wrong_clock_writes_nothing(whole: Whole) -> None:
    one, store = worker(whole, "escrow", MemoryBroker()), whole.stores["escrow"]
    asking = operator(whole, "escrow")
    store.check = ClockCheck(
        "escrow", store.clock, lambda: store.clock.now() + timedelta(hours=1), timedelta(minutes=1)
    )
    one.sign()

    shown = asking.get("/v1/status/escrow").get_json()
    assert (shown["workers"], shown["clock_right"]) == ([], False)


def test_the_webhooks_of_all_are_told_in_numbers(whole: Whole) -> None:
    store = whole.stores["notify"]
    now = store.clock.now()
    for document in (
        {"_id": "a", "kind": "webhook", "state": "active", "sends": True, "failing_since": now},
        {"_id": "b", "kind": "webhook", "state": "active", "sends": True},
        {"_id": "tested", "kind": "webhook", "state": "pending", "sends": True},
        {"_id": "c", "kind": "delivery", "deliver_at": now - timedelta(seconds=90)},
    ):
        store.collection.insert_one(document)
    shown = operator(whole, "notify").get("/v1/webhooks/health").get_json()

    assert (shown["active"], shown["failing"], shown["waiting"], shown["overdue_seconds"]) == (2, 1, 1, 90)
    problem(Caller(whole.apps["notify"], "mo", ("moderator",)).get("/v1/webhooks/health"), 403, "forbidden")
