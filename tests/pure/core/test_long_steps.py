"""No step of a loop works on without a sign of life until its process would be ended: each answer takes 20 s here."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from services.matching.offer.lifecycle import OFFER
from services.notify.webhooks.upkeep import Upkeep
from shared.aggregate import Archiving, Change, Store
from shared.messaging.relay import Relay
from shared.poller.poller import Poller
from shared.process.pulse import STUCK_AFTER, Pulse
from shared.settings import Terms
from tests.provider import instructions
from tests.support.clock import ManualClock
from tests.support.memory import MemoryBroker, MemoryCollection, MemoryPublisher
from tests.support.sandbox import MemoryStore, Sandbox
from tests.support.toy import BOX, Toys, public

ANSWER_S = 20.0
MANY = 10


class Watched:
    """A loop's pulse; `answer` is how long an outside answer takes, and whether the loop counted as alive after it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.pulse = Pulse("boxes", "loop", clock, threading.Event())
        self.alive: list[bool] = []

    def answer(self, *_: Any) -> None:
        self.clock.advance(ANSWER_S)
        self.alive.append(self.pulse.alive())

    def went_well(self) -> bool:
        return len(self.alive) >= MANY and all(self.alive)


def test_so_many_answers_are_too_many_without_a_sign_of_life() -> None:
    assert MANY * ANSWER_S > 2 * STUCK_AFTER and ANSWER_S < STUCK_AFTER / 2


def test_a_relay_that_sends_many_rounds() -> None:
    toys, broker = Toys(), MemoryBroker()
    watched = Watched(toys.clock)
    broker.on_publish = lambda message: watched.answer() or "ok"
    toys.on("box-1", lambda change: [change.emit("escrow.held", public(change)) for _ in range(MANY)])

    assert Relay("escrow", toys.store, MemoryPublisher(broker), beat=watched.pulse.beat).step() == MANY
    assert watched.went_well()


def test_a_poller_that_rings_many_documents_without_a_lifecycle() -> None:
    toys = Toys()
    watched = Watched(toys.clock)
    for number in range(MANY):
        name = f"copy:{number}"
        toys.store.run({name: "copy"}, lambda changes, name=name: changes[name].schedule("a", changes[name].now))
    publisher, timers = MemoryPublisher(MemoryBroker()), {"copy": watched.answer}

    poller = Poller(
        "boxes", toys.store, {"box": BOX}, publisher, may_fire=lambda: True, timers=timers, beat=watched.pulse.beat
    )
    assert poller.step() == MANY
    assert watched.went_well()


def test_a_poller_whose_page_is_slow_to_see_and_slow_to_write() -> None:
    """Each has a sign of life of its own before it, and so has what is rung by itself after them."""
    toys, answers = Toys(), iter(range(MANY))
    watched = Watched(toys.clock)
    for name in ("copy:alone", "copy:together"):
        toys.store.run({name: "copy"}, lambda changes, name=name: changes[name].schedule("a", changes[name].now))
    slow = STUCK_AFTER - 1

    def answer(*_: Any) -> None:
        next(answers)
        watched.clock.advance(timedelta(seconds=slow))
        watched.alive.append(watched.pulse.alive())

    def page(copies: Any) -> dict[str, Any]:
        answer()
        return {"copy:together": answer}

    poller = Poller(
        "boxes", toys.store, {"box": BOX}, MemoryPublisher(MemoryBroker()), may_fire=lambda: True,
        timers={"copy": answer}, pages={"copy": page}, beat=watched.pulse.beat,
    )  # fmt: skip

    assert poller.step() == 2
    assert watched.alive == [True] * 3


def test_an_archive_that_moves_many() -> None:
    clock = ManualClock()
    watched, slow = Watched(clock), [False]

    def fault(step: str) -> None:
        if slow[0]:
            watched.answer()

    live, archive = MemoryCollection("offers"), MemoryCollection("archive", fault)
    store = Store(live, clock, archive=archive)  # type: ignore[arg-type]

    def end(changes: dict[str, Change]) -> None:
        for change in changes.values():
            change.set(state="declined", seeker="bo", parties=["bo"])

    store.run({f"deal-{number}": OFFER for number in range(MANY)}, end)
    clock.advance(timedelta(days=8))
    slow[0] = True
    watched.pulse.beat()

    assert Archiving("matching", store, OFFER, timedelta(days=7), lambda doc: True).step(watched.pulse.beat) == MANY
    assert watched.went_well()


def test_a_provider_whose_receiver_refuses_slowly() -> None:
    clock = ManualClock()
    watched = Watched(clock)

    def receive(body: bytes, signature: str) -> int:
        watched.answer()
        return 503

    sandbox = Sandbox(MemoryStore(), clock, receive, "s" * 32)
    for number in range(MANY):
        sandbox.carry_out(instructions.hold("tok_late", f"i-{number}", offer_id=f"offer-{number}"))
    clock.advance(timedelta(hours=1))
    watched.pulse.beat()

    assert sandbox.deliver_due(watched.pulse.beat) == 0
    assert watched.went_well()


@pytest.mark.parametrize("webhooks", [2, 3])
def test_many_replays_of_webhooks_are_a_step_each(webhooks: int) -> None:
    """What was asked for at once is done one webhook after the other, and each has its turn."""
    toys = Toys()
    for number in range(webhooks):
        at = {"kind": "webhook", "sends": True, "state": "active", "version": 1, "replay_after": "0"}
        toys.collection.insert_one({"_id": f"wh_{number}", **at})
        for each in range(1, 4):
            failed = {"kind": "delivery", "state": "failed", "version": 1, "webhook_id": f"wh_{number}"}
            toys.collection.insert_one({"_id": f"{number}:{each}", "sort_key": f"{each}", **failed})
    upkeep = Upkeep(toys.store, Terms())

    assert [upkeep.step() for _ in range(webhooks + 1)] == [3] * webhooks + [0]
