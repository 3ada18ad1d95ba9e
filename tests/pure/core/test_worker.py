"""The worker process in memory: its loops in threads, its signs of life, and how it ends."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from shared.aggregate import Change, Document, Trigger, Verdict
from shared.aggregate.verdict import TAKEN
from shared.clock import format_time
from shared.messaging.dead_letters import DeadLetter, message
from shared.messaging.kafka.holding import is_held
from shared.messaging.ports import Record
from shared.process.health import probe
from shared.process.loops import Loops
from shared.process.main import run
from shared.process.pulse import MANY, PAUSE_FIRST, PAUSE_LAST, STUCK_AFTER, Pulse
from shared.process.work import Beat, Leased, Loop, Work
from shared.process.worker import Worker
from shared.settings import Address
from shared.settings import Worker as WorkerSettings
from tests.support.clock import ManualClock
from tests.support.collector import collector
from tests.support.memory import MemoryBroker, MemoryCollection, memory_bus
from tests.support.processes import eventually
from tests.support.records import erased
from tests.support.toy import BOX, DAY, Toys, public
from tests.support.web import settings

LOOPS = ("consumer", "relay", "poller", "frontier")
"""The loops of every worker."""


class Folding:
    """A route on one document; `then` is called in the middle of a batch."""

    def __init__(self) -> None:
        self.then: Callable[[], object] = lambda: None

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {"person-1": "person"}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        self.then()
        changes["person-1"].apply(event.id)
        return TAKEN


class Quick(threading.Event):
    """Pauses of a process are over at once."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(timeout and 0.0001)


class Given:
    """Boxes in memory and a worker of theirs; `steps` are what it asked of the database and the broker, by thread."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []
        self.fault: Callable[[str, str], None] = lambda loop, step: None
        self.toys = Toys(MemoryCollection(fault=self._asked))
        self.broker, self.route = MemoryBroker(), Folding()
        self.asked_to_carry_out: Callable[[Document], Trigger | None] = lambda doc: None
        self.timers: dict[str, Callable[[Change, str], None]] = {}
        self.leased: dict[str, Leased] = {}

    def _asked(self, step: str) -> None:
        loop = threading.current_thread().name
        self.steps.append((loop, step))
        self.fault(loop, step)

    def work(self, **loops: Loop) -> Work:
        return Work(
            service="boxes",
            store=self.toys.store,
            routes={"person.erased": self.route},
            lifecycles=(BOX,),
            timers=self.timers,
            leased=self.leased,
            carry_out=lambda doc: self.asked_to_carry_out(doc),
            loops=loops,
        )

    def worker(self, slot: str = "one", stop_within: float = 15.0, **loops: Loop) -> Worker:
        work = self.work(**loops)
        bus = memory_bus(self.broker, "boxes", work.topics, slot, fault=self._asked)
        bus.ends.fault = self._asked  # type: ignore[attr-defined]
        return Worker(work, bus, slot, Quick(), stop_within)

    def write(self, **headers: bytes) -> None:
        self.broker.append(erased(**headers))

    def has_read(self) -> None:
        """The group is no new one: an earlier worker was in it."""
        self.broker.group("boxes").committed = {("boxes.redrive", 0): 0}


@pytest.fixture
def given() -> Given:
    return Given()


# -- pace and signs of life


class Pauses(threading.Event):
    """How long was waited for it; `woken` once it ends a pause."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []
        self.wakes = False

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0)
        return self.wakes


def test_a_loop_with_nothing_to_do_slows_down_and_is_quick_again_once_woken() -> None:
    pulse = Pulse("boxes", "relay", ManualClock(), threading.Event())
    pulse.woken = pauses = Pauses()

    for _ in range(12):
        pulse.rest(0)
    slowing = list(pauses.asked)
    pulse.rest(3)
    pulse.rest(0)
    pauses.wakes = True
    pulse.rest(0)
    pauses.wakes = False
    pulse.rest(0)

    assert slowing == sorted(slowing) and slowing[-1] == PAUSE_LAST
    after_work, quiet, woken, again = pauses.asked[12:]
    assert (after_work, quiet, again) == (PAUSE_FIRST, PAUSE_FIRST * 1.5, PAUSE_FIRST * 1.5)
    assert woken > quiet


def test_a_round_that_found_much_is_followed_by_the_next_at_once() -> None:
    pulse = Pulse("boxes", "relay", ManualClock(), threading.Event())
    pulse.woken = pauses = Pauses()
    pulse.woken.set()

    pulse.rest(MANY)

    assert pauses.asked == [] and not pulse.woken.is_set()
    pulse.rest(MANY - 1)
    assert pauses.asked == [PAUSE_FIRST]


@pytest.mark.parametrize(("took", "rests"), [(0.001, PAUSE_FIRST * 1.5), (0.02, 0.06), (0.04, 0.12), (3, PAUSE_LAST)])
def test_a_look_in_vain_rests_for_longer_where_it_took_long(took: float, rests: float) -> None:
    """And never so long that what another process wrote waits for more than the longest pause."""
    pulse = Pulse("boxes", "relay", ManualClock(), threading.Event())
    pulse.woken = pauses = Pauses()

    pulse.rest(0, took)

    assert pauses.asked == [pytest.approx(rests)]


def test_a_loop_that_has_done_something_does_not_rest_for_its_length() -> None:
    pulse = Pulse("boxes", "relay", ManualClock(), threading.Event())
    pulse.woken = pauses = Pauses()

    pulse.rest(1, 5.0)

    assert pauses.asked == [PAUSE_FIRST]


def test_a_loop_that_gives_no_sign_for_a_minute_is_not_alive() -> None:
    clock = ManualClock()
    pulse = Pulse("boxes", "relay", clock, threading.Event())
    clock.advance(STUCK_AFTER - 0.001)
    before = pulse.alive()
    clock.advance(0.001)
    after = pulse.alive()
    pulse.beat()

    assert (before, after, pulse.alive()) == (True, False, True)


def test_every_loop_counts_for_liveness_further_ones_too(given: Given) -> None:
    """One that stands still is named, and is the only one."""

    def turning(stop: threading.Event, beat: Beat) -> None:
        beat()

    worker = given.worker(reconciliation=turning, webhooks=turning)
    begun = probe(worker.live())
    given.toys.clock.advance(STUCK_AFTER)
    for name in LOOPS:
        worker.pulses[name].beat()
    worker.work.loops["webhooks"](worker.stop, worker.pulses["webhooks"].beat)

    assert set(worker.live()) == {*LOOPS, "reconciliation", "webhooks"}
    assert begun[0] == 200
    assert [name for name, alive in worker.live().items() if not alive()] == ["reconciliation"]
    assert probe(worker.live())[0] == 503


def test_each_loop_beats_while_it_runs(given: Given) -> None:
    """Also the further ones, by the function that they are given."""

    def all_alive() -> list[bool]:
        return [alive() for alive in worker.live().values()]

    def turning(stop: threading.Event, beat: Beat) -> None:
        until = time.monotonic() + 5
        while not all(all_alive()) and time.monotonic() < until:
            beat()
        worker.end()

    worker = given.worker(reconciliation=turning)
    given.toys.clock.advance(STUCK_AFTER)
    before = all_alive()

    assert worker.run() == 0
    assert (any(before), all(all_alive())) == (False, True)


def test_ready_while_the_database_answers_the_group_is_joined_and_it_consumes(given: Given) -> None:
    worker = given.worker()
    begun = probe(worker.ready())[0]
    worker.loops.consumer.ok = False
    worker.bus.source.close()

    assert begun == 200
    assert [name for name, holds in worker.ready().items() if not holds()] == ["joined", "consuming"]


# -- the lease


def test_only_who_holds_the_lease_relays_and_polls_while_all_consume(given: Given) -> None:
    given.toys.opened()
    given.write()
    work = given.work()
    first, second = (
        Loops(work, memory_bus(given.broker, "boxes", work.topics, slot), slot, threading.Event())
        for slot in ("one", "two")
    )

    published = [first.relay(), second.relay()]
    given.toys.command("ask")
    first.observe(), second.observe()
    carried_out = [second.poll(), first.poll()]

    assert published == [1, 0]
    assert carried_out == [0, 1]
    assert first.consume() + second.consume() == 1


# -- deadlines


def test_a_real_workers_deadlines_wait_for_what_lies_in_the_topics(given: Given) -> None:
    """The timer is long due; the event that it must not overtake waits in Kafka."""
    given.has_read()
    given.toys.opened()
    given.toys.clock.advance(11 * DAY)
    given.write()
    work = given.work()
    loops = given.worker().loops
    loops.relay()
    loops.observe()
    assert (loops.poll(), given.toys.state()) == (0, "open")

    assert loops.consume() == 1
    loops.observe()
    assert loops.poll() == 1
    assert given.toys.state() != "open"
    assert work.topics == ("person.erased", "boxes.redrive")


def test_a_real_workers_deadlines_wait_while_a_replay_goes_on(given: Given) -> None:
    """The broker is new, the documents are not: what it is given is days old, and more of it comes again and again."""
    given.toys.opened()
    given.toys.clock.advance(400 * DAY)
    loops = given.worker().loops
    for number in range(4):
        given.broker.append(erased(f"e-{number}"))
        loops.observe()
        assert loops.consume() == 1
        given.toys.clock.advance(timedelta(seconds=50))
        loops.observe()
        assert (loops.poll(), given.toys.state()) == (0, "open")

    given.toys.clock.advance(timedelta(seconds=10))
    loops.observe()
    loops.poll()
    assert given.toys.state() != "open"


def test_a_real_worker_takes_what_is_sent_again_by_its_letter(given: Given) -> None:
    event = erased("again")
    record = Record(event.topic, 0, 0, event.key, event.value, event.headers)
    buried = given.broker.append(message("boxes", DeadLetter(record, "error", "")))
    place = f"{buried.partition}/{buried.offset}".encode()
    given.broker.append(replace(event, topic="boxes.redrive", headers=(*event.headers, ("dlq_letter", place))))
    given.broker.append(erased("forged", topic="boxes.redrive"))
    loops = given.worker().loops

    assert loops.consume() == 2
    assert given.toys.collection.find_one({"_id": "person-1"})["applied"] == ["again"]


def test_readiness_names_a_paused_topic(given: Given) -> None:
    worker = given.worker()
    for number in range(60):
        given.broker.append(erased(str(number), value=b"{"))
    worker.loops.consume()
    status, _, body = probe(worker.ready())

    assert status == 503
    assert b"person.erased" in body


# -- what is wired to what


def _until(holds: Callable[[], bool], worker: Worker) -> Loop:
    """A further loop that ends the worker once that holds, or after five seconds."""

    def look(stop: threading.Event, beat: Beat) -> None:
        until = time.monotonic() + 5
        while not holds() and time.monotonic() < until:
            stop.wait(0.001)
        worker.end()

    return look


def test_deadlines_wait_for_what_is_in_kafka(given: Given) -> None:
    """The frontier that the loops observe is the one that the poller asks."""
    given.has_read()
    given.toys.opened()
    given.toys.clock.advance(11 * DAY)
    given.write()
    work = given.work()
    loops = Loops(work, memory_bus(given.broker, "boxes", work.topics, "one"), "one", threading.Event())
    loops.observe()
    before = loops.poll(), given.toys.state()
    loops.consume()
    loops.observe()

    assert before == (0, "open")
    assert (loops.poll(), given.toys.state()) == (1, "shut")


def test_a_running_worker_reads_on_fires_timers_carries_out_and_publishes(given: Given) -> None:
    """All of it by its own loops, each in its thread: nobody else observes, consumes, polls or relays here."""
    given.has_read()
    given.toys.opened().opened("box-2")
    given.toys.clock.advance(11 * DAY)
    given.toys.command("ask", box="box-2")
    given.toys.store.run({"copy:1": "copy"}, lambda changes: changes["copy:1"].schedule("a", changes["copy:1"].now))
    given.write(ce_time=format_time(given.toys.clock.now()).encode())
    fired: list[str] = []
    data = {"instruction_id": given.toys.doc("box-2")["instruction"]["id"]}
    given.asked_to_carry_out = lambda doc: Trigger("ask.done", "done", "outcome", given.toys.clock.now(), data)

    def all_of_it() -> bool:
        took = given.toys.state() == "shut" and given.toys.doc("box-2").get("answer") == "yes"
        read = given.broker.lag("boxes", ["person.erased"]) == 0
        return (
            took
            and read
            and fired == ["a"]
            and all("outbox_at" not in given.toys.doc(box) for box in ("box-1", "box-2"))
        )

    given.timers = {"copy": lambda change, timer: fired.append(timer)}
    worker = given.worker(watch=lambda stop, beat: _until(all_of_it, worker)(stop, beat))

    assert (worker.run(), worker.failed) == (0, None)
    assert all_of_it()


def _emitted(given: Given) -> None:
    given.toys.opened()


def _due(given: Given) -> None:
    given.toys.store.run({"copy-1": "copy"}, lambda changes: changes["copy-1"].schedule("ring", changes["copy-1"].now))


def _due_tomorrow(given: Given) -> None:
    given.toys.store.run(
        {"copy-1": "copy"}, lambda changes: changes["copy-1"].schedule("ring", changes["copy-1"].now + DAY)
    )


def _to_be_counted(given: Given) -> None:
    given.toys.store.run({"copy-1": "copy"}, lambda changes: changes["copy-1"].set(to_be_counted=True))


@pytest.mark.parametrize(
    ("write", "who"),
    [(_emitted, {"relay"}), (_due, {"poller"}), (_due_tomorrow, set()), (_to_be_counted, {"counting"})],
)
def test_what_the_process_writes_wakes_those_who_have_something_to_do(
    given: Given, write: Callable[[Given], None], who: set[str]
) -> None:
    woken: list[tuple[str, str]] = []
    by_the_write: set[str] = set()

    class Bell(threading.Event):
        def set(self) -> None:
            woken.append((self.name, threading.current_thread().name))
            super().set()

        name = ""

    def writing(stop: threading.Event, beat: Beat) -> None:
        write(given)
        by_the_write.update(name for name, thread in woken if thread == "writing")
        worker.end()

    given.leased = {"counting": Leased(lambda: 0, woken_by=lambda change: "to_be_counted" in change.doc)}
    worker = given.worker(writing=writing)
    for name in ("relay", "poller", "counting"):
        worker.pulses[name].woken = bell = Bell()
        bell.name = name
    worker.run()

    assert by_the_write == who


@pytest.mark.parametrize("waited", [False, True])
def test_a_consumer_that_waited_in_its_poll_does_not_rest(given: Given, waited: bool) -> None:
    rests: list[int] = []
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        if steps == 20:
            worker.end()
        return 0

    worker = given.worker()
    worker.bus.source.waited = waited
    worker.loops.consume = step  # type: ignore[method-assign]
    worker.pulses["consumer"].rest = lambda worked, took: rests.append(worked)  # type: ignore[method-assign]
    worker.run()

    assert len(rests) == (0 if waited else 20)


class Watch:
    """What the worker sees of the time: as late as it was told to be."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None: ...


@pytest.mark.parametrize(("fails", "took"), [(False, 0.25), (True, 0.0)])
def test_a_loop_says_how_long_its_step_took(
    given: Given, monkeypatch: pytest.MonkeyPatch, fails: bool, took: float
) -> None:
    """One that failed has waited already."""
    watch, rests = Watch(), list[tuple[int, float]]()
    monkeypatch.setattr("shared.process.worker.time", watch)
    monkeypatch.setattr("shared.process.worker._AGAIN_AFTER", 0.0)

    def step() -> int:
        watch.now += 0.25
        if fails:
            raise AutoReconnect("away")
        return 3

    def rest(worked: int, took: float) -> None:
        rests.append((worked, took))
        if len(rests) == 3:
            worker.end()

    worker = given.worker()
    worker.loops.relay = step  # type: ignore[method-assign]
    worker.pulses["relay"].rest = rest  # type: ignore[method-assign]
    worker.run()

    assert rests[:3] == [(0 if fails else 3, took)] * 3


@pytest.mark.parametrize(
    ("took", "before", "after"),
    [(500.0, False, True), (2.0, True, False), (2.0, False, False), (50.0, True, True), (50.0, False, False),
     (None, True, True), (0.0, True, True)],
)  # fmt: skip
def test_whether_the_broker_holds_fetches_back(took: float | None, before: bool, after: bool) -> None:
    """By how long they take on average; where that does not tell, it is as before."""
    metrics = {} if took is None else {"consumer-fetch-manager-metrics": {"fetch-latency-avg": took}}

    assert is_held(metrics, before) is after


# -- what fails


@pytest.mark.logs_errors
@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_that_dies_ends_the_process(given: Given, loop: str) -> None:
    error = ZeroDivisionError("nobody thought of it")

    def fault(name: str, step: str) -> None:
        if name == loop:
            raise error

    given.fault = fault
    worker = given.worker()

    assert (worker.run(), worker.failed) == (1, error)


def _dies(stop: threading.Event, beat: Beat) -> None:
    raise ZeroDivisionError


def _returns(stop: threading.Event, beat: Beat) -> None:
    beat()


@pytest.mark.logs_errors
@pytest.mark.parametrize(("loop", "failure"), [(_dies, ZeroDivisionError), (_returns, RuntimeError)])
def test_a_further_loop_that_ends_ends_the_process_as_well(given: Given, loop: Loop, failure: type) -> None:
    worker = given.worker(reconciliation=loop)

    assert worker.run() == 1
    assert isinstance(worker.failed, failure)


@pytest.mark.parametrize("loop", ["relay", "poller", "consumer"])
def test_a_loop_without_its_database_goes_on(given: Given, loop: str) -> None:
    failed: list[str] = []
    given.write()

    def fault(name: str, step: str) -> None:
        if name == loop and "find" in step and len(failed) < 3:
            failed.append(step)
            raise AutoReconnect(step)
        if len(failed) == 3:
            worker.end()

    given.fault = fault
    worker = given.worker()

    assert (worker.run(), len(failed)) == (0, 3)


def test_a_loop_that_does_not_end_is_not_waited_for(given: Given) -> None:
    go_on = threading.Event()
    worker = given.worker(stop_within=0.01, reconciliation=lambda stop, beat: go_on.wait() and None)
    worker.end()

    code = worker.run()
    go_on.set()

    assert (code, worker.hung, worker.failed) == (1, True, None)


# -- the end


@pytest.fixture
def handlers_restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Closing:
    """A client of the broker that notes when it is closed."""

    def __init__(self, client: Any, name: str, order: list[str]) -> None:
        self._client, self._name, self._order = client, name, order

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def close(self) -> None:
        self._order.append(f"{self._name} closed")
        self._client.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_finishes_commits_leaves_gives_the_lease_back_and_closes(
    given: Given, tmp_path: Path, handlers_restored: None, number: int
) -> None:
    """Asked in the middle of a batch. What was traced until then has gone out when the process ends."""
    order: list[str] = []
    noted = {"bulk_write:after": "written", "commit:after": "committed", "delete_one:after": "lease given back"}

    def fault(loop: str, step: str) -> None:
        if step in noted and (loop == "consumer" or step.startswith("delete")):
            order.append(noted[step])

    def asked_to_end() -> None:
        assert worker.loops.lease.held()
        os.kill(os.getpid(), number)
        threading.Event.wait(worker.stop, 5)
        order.append("asked to end")

    given.fault, given.route.then = fault, asked_to_end
    given.write(traceparent=b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01")
    worker = given.worker()
    bus = worker.bus
    worker.bus = replace(
        bus, source=Closing(bus.source, "source", order), publisher=Closing(bus.publisher, "publisher", order),
        ends=Closing(bus.ends, "ends", order),
    )  # fmt: skip
    with collector() as seen:
        bind = WorkerSettings("one", Address("127.0.0.1", 0))
        code = run(worker, replace(settings("listing", tmp_path), worker=bind, otlp_endpoint=seen.url))

    assert code == 0
    assert order == ["asked to end", "written", "committed", "source closed", "lease given back", "publisher closed",
                     "ends closed"]  # fmt: skip
    assert given.broker.lag("boxes", ["person.erased"]) == 0
    assert given.broker.group("boxes").members == {}
    assert [(span.process, span.name) for span in seen.spans] == [("boxes-worker", "process person.erased")]


def test_an_instruction_under_way_is_carried_out_before_the_end(given: Given) -> None:
    given.toys.opened().command("ask")
    instruction_id = given.toys.doc()["instruction"]["id"]

    def carry_out(doc: Document) -> Trigger:
        worker.end()
        data = {"instruction_id": instruction_id}
        return Trigger("ask.done", f"{instruction_id}:done", "outcome", given.toys.clock.now(), data)

    given.asked_to_carry_out = carry_out
    worker = given.worker()

    assert worker.run() == 0
    assert given.toys.state() == "open"


def test_an_outcome_is_folded_though_another_holds_the_lease_by_then(given: Given) -> None:
    """What was asked for is heard, and asked for no second time by whoever holds it now."""
    toys = given.toys
    toys.opened()
    toys.command("ask")
    given.asked_to_carry_out = lambda doc: toys.trigger("ask.done", "outcome", {"instruction_id": "box-1:ask:1"})
    worker = given.worker("one")
    worker.loops.poller.in_hand.carry(toys.doc())
    given.worker("other").loops.lease.held()

    assert worker.loops.poll() == 0
    assert toys.state() == "open"


def test_until_its_loops_have_ended_it_keeps_the_lease(given: Given) -> None:
    """A send may take longer than a lease without a beat lasts: another worker would send the same."""
    leases, taken = given.toys.store.collection, list[bool]()

    def beats() -> tuple[str | None, int]:
        lease = leases.find_one({"_id": "lease"}) or {}
        return lease.get("holder"), lease.get("beat", 0)

    def slow(stop: threading.Event, beat: Callable[[], None]) -> None:
        eventually(lambda: beats()[0] == "one", "the worker has the lease")
        worker.end()
        for _ in range(6):
            before = beats()
            taken.append(other.held())
            given.toys.clock.advance(1)
            eventually(lambda: beats() != before, "a beat")  # noqa: B023

    worker, other = given.worker(slow=slow), given.worker("other").loops.lease

    assert (worker.run(), worker.failed) == (0, None)
    assert taken == [False] * 6
    assert leases.find_one({"_id": "lease"}) is None


def test_until_its_instructions_are_carried_out_it_keeps_the_lease(given: Given) -> None:
    """A mail may take longer than a lease without a beat lasts: another worker would send it as well."""
    given.toys.opened().command("ask")
    leases, taken = given.toys.store.collection, list[bool]()

    def slowly(doc: Document) -> Trigger:
        worker.end()
        for _ in range(6):
            before = (leases.find_one({"_id": "lease"}) or {}).get("beat")
            taken.append(other.held())
            given.toys.clock.advance(1)
            eventually(lambda: (leases.find_one({"_id": "lease"}) or {}).get("beat") != before, "a beat")  # noqa: B023
        return given.toys.trigger("ask.done", "outcome", {"instruction_id": doc["instruction"]["id"]})

    given.asked_to_carry_out = slowly
    worker, other = given.worker("one"), given.worker("other").loops.lease

    assert (worker.run(), worker.failed) == (0, None)
    assert taken == [False] * 6
    assert given.toys.state() == "open"
    assert leases.find_one({"_id": "lease"}) is None


def test_a_worker_that_ends_notes_what_was_done_though_the_database_fails_for_a_moment(given: Given) -> None:
    """What came of an instruction, and what its relay has sent, before another worker takes either up."""
    toys, failures = given.toys, ["relay", "MainThread"]
    begun, ends = threading.Event(), threading.Event()
    toys.opened().command("ask")

    def fault(loop: str, step: str) -> None:
        if begun.is_set() and step == "bulk_write:before" and failures and loop == failures[0]:
            failures.pop(0)
            worker.end()
            ends.set()
            raise AutoReconnect("gone")

    def carry_out(doc: Document) -> Trigger:
        toys.on("box-1", lambda change: change.emit("escrow.held", public(change)))
        begun.set()
        worker.pulses["relay"].woken.set()
        assert ends.wait(10)
        return toys.trigger("ask.done", "outcome", {"instruction_id": doc["instruction"]["id"]})

    worker = given.worker()
    given.asked_to_carry_out, given.fault = carry_out, fault

    assert (worker.run(), worker.failed) == (0, None)
    assert failures == []
    assert toys.state() == "open"
    assert worker.loops.relaying.unmarked() == []
    assert toys.doc()["published"] >= 1


def test_the_lease_that_cannot_be_given_back_holds_up_nobody(given: Given) -> None:
    def fault(loop: str, step: str) -> None:
        if step.startswith("delete"):
            raise AutoReconnect(step)

    given.fault = fault
    worker = given.worker()
    worker.loops.lease.held()
    worker.end()

    assert (worker.run(), worker.failed) == (0, None)
