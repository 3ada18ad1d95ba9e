"""The lease: one poller at a time, its own back at once, another's only after three silent seconds."""

import random

import pytest
from pymongo.errors import AutoReconnect

from shared.poller import Lease
from tests.support.clock import ManualClock
from tests.support.memory import MemoryCollection


class Slots:
    """Workers of one service, each with its own monotonic clock that started at another time."""

    def __init__(self) -> None:
        self.collection = MemoryCollection()
        self.clocks: list[ManualClock] = []

    def worker(self, slot: str) -> Lease:
        clock = ManualClock()
        clock.advance(1000 * len(self.clocks))
        self.clocks.append(clock)
        return Lease(self.collection, "escrow", slot, clock)

    def after(self, seconds: float) -> None:
        for clock in self.clocks:
            clock.advance(seconds)


def test_the_first_has_it_and_the_second_does_not():
    slots = Slots()
    first, second = slots.worker("a"), slots.worker("b")

    assert (first.held(), second.held()) == (True, False)
    for _ in range(20):
        slots.after(1)
        assert (first.held(), second.held()) == (True, False)


def test_a_restarted_worker_takes_its_own_back_at_once():
    slots = Slots()
    assert slots.worker("a").held()

    assert slots.worker("a").held()


def test_another_takes_over_after_three_silent_seconds_and_not_before():
    slots = Slots()
    first, second = slots.worker("a"), slots.worker("b")
    first.held()
    assert not second.held()
    for _ in range(2):
        slots.after(1)
        assert not second.held()
    slots.after(0.9)
    assert not second.held()
    slots.after(0.2)
    assert second.held()

    slots.after(1)
    assert not first.held()


@pytest.mark.parametrize("pauses", [(10,), (1, 60, 0.5)], ids=["it looks rarely", "all stood still for a while"])
def test_what_beats_is_not_taken(pauses: tuple[float, ...]):
    """Silence is what it saw itself, not the time since it looked last: where the machine or the database was away for
    all of them, the holder beats again before anybody takes over.
    """
    slots = Slots()
    first, second = slots.worker("a"), slots.worker("b")
    for _ in range(5):
        first.held()
        for seconds in pauses:
            assert not second.held()
            slots.after(seconds)


def test_it_is_renewed_at_most_once_a_second():
    slots = Slots()
    lease = slots.worker("a")
    lease.held()
    slots.collection.calls.clear()
    for _ in range(100):
        slots.after(0.05)
        assert lease.held()

    assert slots.collection.calls["update_one"] <= 5


def test_given_back_it_is_free_at_once():
    slots = Slots()
    first, second = slots.worker("a"), slots.worker("b")
    first.held()
    first.give_back()

    assert second.held()
    second.give_back()
    first.give_back()
    assert slots.collection.find_one({"_id": "lease"}) is None


def test_who_lost_it_gives_nothing_back():
    slots = Slots()
    first, second = slots.worker("a"), slots.worker("b")
    first.held()
    for _ in range(3):
        taken = second.held()
        slots.after(2)
    assert taken
    first.give_back()

    slots.after(1)
    assert second.held()


def test_of_many_at_once_one_gets_it():
    slots = Slots()
    workers = [slots.worker(name) for name in "abcdef"]
    slots.worker("gone").held()
    for _ in range(2):
        assert [worker.held() for worker in workers] == [False] * 6
        slots.after(2)
    chance = random.Random(7)
    chance.shuffle(workers)

    assert [worker.held() for worker in workers] == [True, False, False, False, False, False]


def test_two_who_insert_it_at_once():
    slots = Slots()
    first, second = slots.worker("a"), slots.worker("b")
    rival = [second.held]
    slots.collection.fault = lambda step: rival and step == "insert_one:before" and rival.pop()()

    assert not first.held()
    slots.after(1)
    assert second.held()


def test_the_database_is_away():
    slots = Slots()
    lease = slots.worker("a")

    def away(step: str) -> None:
        raise AutoReconnect("gone")

    slots.collection.fault = away
    with pytest.raises(AutoReconnect):
        lease.held()
    slots.collection.fault = lambda step: None
    assert lease.held()
