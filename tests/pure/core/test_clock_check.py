"""A clock that is not the database's writes nothing, and what an earlier one has put off is brought back."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from services.escrow.lifecycle import ESCROW
from services.matching.offer.lifecycle import OFFER
from services.notify.lifecycle import NOTIFICATION
from shared.aggregate import ClockCheck, ClockOff, Store
from shared.aggregate.tasks import TASK_TIMER
from shared.process.loops import Loops
from shared.process.work import Work
from shared.telemetry import metrics
from tests.pure.core.test_poller import Polling
from tests.support.clock import ManualClock
from tests.support.memory import MemoryBroker, MemoryCollection, memory_bus
from tests.support.toy import BOX, DAY, ROUTES, Toys

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
MOST = 30 * SECOND
WRONG = [20 * MINUTE, -20 * MINUTE, 31 * SECOND, -31 * SECOND, timedelta(days=400)]


class Compared:
    """A clock and the database's; both move together but for `jump`. `away`: the database does not answer."""

    def __init__(self, offset: timedelta = timedelta(), round_trip: float = 0.0) -> None:
        self.clock, self.database, self.round_trip = ManualClock(), ManualClock(), round_trip
        self.asked, self.away = 0, False
        self.jump(offset)
        self.check = ClockCheck("boxes", self.clock, self.ask, MOST)

    def ask(self) -> datetime:
        self.asked += 1
        if self.away:
            raise AutoReconnect("away")
        self.wait(self.round_trip / 2)
        told = self.database.now()
        self.wait(self.round_trip / 2)
        return told

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.database.advance(seconds)

    def jump(self, by: timedelta) -> None:
        self.clock.set(self.clock.now() + by)


@pytest.mark.parametrize("offset", WRONG)
def test_a_wrong_clock_is_found_at_the_first_question(offset: timedelta) -> None:
    it = Compared(offset)

    assert not it.check.holds()
    assert it.check.offset == pytest.approx(offset.total_seconds(), abs=0.01)
    assert metrics.CLOCK_OFFSET.labels("boxes")._value.get() == it.check.offset


@pytest.mark.parametrize("offset", [timedelta(), 29 * SECOND, -29 * SECOND, MOST])
def test_a_clock_that_is_nearly_right_is_right(offset: timedelta) -> None:
    assert Compared(offset).check.holds()


@pytest.mark.parametrize(("offset", "right"), [(0, 1), (31, 1), (-31, 1), (34, 1), (36, 0), (-36, 0)])
def test_half_the_round_trip_is_taken_into_account(offset: int, right: int) -> None:
    """An answer that took ten seconds was true at any time of them: five either way are not known."""
    it = Compared(offset * SECOND, round_trip=10)

    assert it.check.holds() == bool(right)
    assert it.check.offset == pytest.approx(offset, abs=0.01)


def test_it_is_compared_once_a_minute() -> None:
    it = Compared()
    for _ in range(180):
        assert it.check.holds()
        it.wait(1)

    assert it.asked == 3


@pytest.mark.parametrize("by", WRONG)
def test_a_clock_that_jumps_is_found_at_once_and_so_is_its_return(by: timedelta) -> None:
    it = Compared()
    assert it.check.holds()
    it.wait(5)
    it.jump(by)
    assert not it.check.holds()
    it.wait(45)
    it.jump(-by)

    assert it.check.holds()


def test_a_clock_that_drifts_away_is_found_within_a_minute() -> None:
    it = Compared()
    for _ in range(12):
        assert it.check.holds()
        it.wait(5)
        it.jump(2.6 * SECOND)

    assert not it.check.holds()


def test_a_machine_that_slept_is_compared_at_once_and_goes_on() -> None:
    it = Compared()
    assert it.check.holds()
    for clock in (it.clock, it.database):
        clock.set(clock.now() + timedelta(hours=9))

    assert it.check.holds()
    assert it.asked == 2


def test_a_database_that_is_away_is_no_yes_and_no_no() -> None:
    it = Compared()
    it.away = True
    with pytest.raises(AutoReconnect):
        it.check.holds()
    it.away = False

    assert it.check.holds()


def test_it_says_so_once_and_once_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shared.aggregate.clock_check")
    it = Compared()
    for by in (timedelta(), 20 * MINUTE, timedelta(), -20 * MINUTE, timedelta()):
        it.jump(by)
        it.check.holds()
        it.wait(2)

    assert [record.getMessage() for record in caplog.records] == [
        "this process's clock is wrong, and it writes nothing: +1200 s from the database's",
        "this process's clock is wrong, and it writes nothing: no longer",
    ]


# -- what stops


def watched(toys: Toys) -> Compared:
    it = Compared()
    it.clock = toys.clock
    toys.store.check = it.check = ClockCheck("boxes", toys.clock, it.ask, MOST)
    return it


@pytest.mark.parametrize("by", WRONG)
def test_nothing_is_written_by_a_wrong_clock(by: timedelta) -> None:
    toys = Toys()
    it = watched(toys)
    toys.opened()
    before = toys.doc()
    it.jump(by)
    for write in (lambda: toys.command("ask", "maker"), lambda: toys.send(toys.event("thing.sent"))):
        with pytest.raises(ClockOff):
            write()
    assert toys.doc() == before

    it.jump(-by)
    it.wait(2)
    assert toys.send(toys.event("thing.sent")) == ["taken"]


@pytest.mark.parametrize("by", [20 * MINUTE, -20 * MINUTE, timedelta(days=30)])
def test_a_worker_with_a_wrong_clock_publishes_and_fires_nothing_and_lets_another_do_it(
    by: timedelta,
) -> None:
    broker, clock = MemoryBroker(), ManualClock()
    collection = MemoryCollection()

    def loops(slot: str, its: Any) -> Loops:
        work = Work(service="boxes", store=Store(collection, its), routes=ROUTES, lifecycles=(BOX,))
        return Loops(work, memory_bus(broker, "boxes", work.topics, slot), slot, Flag())

    mine, other = loops("boxes-1", clock), loops("boxes-2", ManualClock())
    toys = Toys(collection)
    toys.opened()
    database = ManualClock()
    mine.store.check = ClockCheck("boxes", clock, database.now, MOST)
    assert mine.lease.held()
    clock.set(clock.now() + by)
    clock.advance(2)

    assert mine.relay() == mine.poll() == 0
    assert "outbox_at" in toys.doc()
    assert other.lease.held()


# -- what was put off


@pytest.mark.parametrize("by", [2 * MINUTE, 20 * MINUTE, timedelta(days=400)])
def test_a_try_that_a_wrong_clock_has_put_off_is_done_within_a_minute_and_named(
    by: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    """As an older version, or a clock that nothing was compared with, has left it; so are the tries that follow."""
    toys = Polling()
    toys.opened()
    right = toys.clock.now()
    toys.clock.set(right + by)
    toys.command("ask", "maker")
    toys.clock.set(right)
    toys.answers = [None, None]
    assert toys.poller.step() == 1
    assert len(toys.asked) == 1
    assert "was put off by a wrong clock" in caplog.text
    for _ in range(2):
        toys.clock.advance(MINUTE)
        toys.poller.step()

    assert len(toys.asked) == 3
    assert toys.state() == "open"


def test_the_next_try_counts_from_the_time_and_not_from_a_change_that_is_to_come() -> None:
    toys = Polling()
    toys.opened()
    toys.command("ask", "maker")
    toys.answers = [None]
    toys.collection.update_one({"_id": "box-1"}, {"$set": {"updated_at": toys.clock.now() + 20 * MINUTE}})
    toys.poller.step()

    assert toys.doc()["timers"][TASK_TIMER] - toys.clock.now() == 2 * SECOND


def test_what_is_rightly_ahead_is_left_alone() -> None:
    toys = Polling()
    toys.opened()
    toys.command("ask", "maker")
    toys.answers = [None] * 20
    for _ in range(20):
        toys.poller.step()
        toys.clock.advance(MINUTE)

    assert len(toys.asked) == 20


def test_what_waits_by_right_or_is_of_an_unknown_kind_hides_nothing_that_was_put_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.poller.ahead._LIMIT", 2)
    toys = Polling()
    latest = lambda doc, terms, now: now + (DAY if doc.get("refused") else MINUTE)  # noqa: E731
    monkeypatch.setattr(BOX, "_latest_try", latest)
    for number in range(3):
        for kind, box in (("later", f"a-{number}"), ("box", f"b-{number}")):
            at = {f"timers.{TASK_TIMER}": toys.clock.now() + 20 * MINUTE}
            toys.opened(box).collection.update_one({"_id": box}, {"$set": {"kind": kind, "refused": True, **at}})
    toys.opened()
    right = toys.clock.now()
    toys.clock.set(right + 30 * MINUTE)
    toys.command("ask", "maker")
    toys.clock.set(right)
    toys.poller.step()

    assert toys.asked == ["box-1:ask:1"]


NOW = ManualClock().now()
LATEST: list[tuple[Callable[..., datetime], dict[str, Any], timedelta]] = [
    (ESCROW.latest_try, {}, MINUTE),
    (ESCROW.latest_try, {"blocked": {"again_at": NOW + timedelta(hours=7)}}, timedelta(hours=7)),
    (ESCROW.latest_try, {"blocked": {"again_at": NOW + timedelta(days=3)}}, timedelta(days=1)),
    (ESCROW.latest_try, {"blocked": {"again_at": NOW - timedelta(days=3)}}, MINUTE),
    (OFFER.latest_try, {}, MINUTE),
    (NOTIFICATION.latest_try, {}, 5 * MINUTE),
    (BOX.latest_try, {}, MINUTE),
]


@pytest.mark.parametrize(("latest", "doc", "ahead"), LATEST)
def test_how_far_ahead_a_try_may_be(latest: Callable[..., datetime], doc: dict[str, Any], ahead: timedelta) -> None:
    assert latest(doc, NOW) == NOW + ahead


def test_events_go_out_whatever_time_their_outbox_says() -> None:
    toys = Polling()
    toys.opened()
    toys.collection.update_one({"_id": "box-1"}, {"$set": {"outbox_at": toys.clock.now() + timedelta(days=400)}})
    work = Work(service="boxes", store=toys.store, routes=ROUTES, lifecycles=(BOX,))
    loops = Loops(work, memory_bus(toys.broker, "boxes", work.topics), "boxes-1", Flag())

    assert loops.relay() == 1
