"""Whoever sets a timer, and by whatever way: the document's `due_at` says when the poller has to come."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.aggregate import Batch, Copy, Document, open_task
from shared.poller import Poller
from tests.support.memory import MemoryBroker, MemoryPublisher
from tests.support.toy import BOX, DAY, Toys

COPY = "copy:box-1"


def by_a_row(toys: Toys) -> Document:
    """`open` sets the timer that shuts it."""
    return toys.opened().doc()


def by_a_task(toys: Toys) -> Document:
    toys.opened().command("ask")
    return toys.doc()


def by_parking(toys: Toys) -> Document:
    toys.send(toys.event("thing.sent"))
    return toys.doc()


def by_leaving(toys: Toys) -> Document:
    """A web process leaves what it was told for the worker."""
    toys.opened()
    toys.on("box-1", lambda change: BOX.leave(change, toys.event("thing.sent")))
    return toys.doc()


def by_hand(toys: Toys) -> Document:
    toys.opened()
    toys.on("box-1", lambda change: change.schedule("tick", change.now + timedelta(hours=1)))
    return toys.doc()


def by_a_task_opened_by_hand(toys: Toys) -> Document:
    toys.opened()
    toys.on("box-1", lambda change: open_task(change, "t", "mail", change.now))
    return toys.doc()


def by_a_copy(toys: Toys) -> Document:
    """A route without a lifecycle, whose `then` sets a timer."""
    route = Copy("copy", "box", lambda event: {"seen": True}, lambda change, event: change.schedule("look", change.now))
    Batch(toys.store, {"box.seen": route}).process([toys.event("box.seen")])
    return toys.doc(COPY)


def by_a_plain_timer(toys: Toys) -> Document:
    """The function of a kind without a lifecycle sets the next one."""
    by_a_copy(toys)
    again = {"copy": lambda change, timer: change.schedule("again", change.now + DAY)}
    publisher = MemoryPublisher(MemoryBroker())
    assert Poller("boxes", toys.store, {}, publisher, may_fire=lambda: True, timers=again).step() == 1
    return toys.doc(COPY)


PATHS = [
    by_a_row, by_a_task, by_parking, by_leaving, by_hand, by_a_task_opened_by_hand, by_a_copy, by_a_plain_timer,
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_a_timer_that_was_set_is_found_by_the_poller(path: Callable[[Toys], Document]):
    doc = path(Toys())

    counting = {at for name, at in doc["timers"].items() if doc["kind"] != "box" or BOX.counts(doc["state"], name)}
    assert doc["due_at"] == min(counting)


def test_a_change_is_folded_by_the_lifecycle_it_was_opened_under():
    """Else its terms and its timers would be another's."""
    toys = Toys().opened()
    plain = {"box-1": "box"}
    other = {"box-1": BOX.with_terms(BOX.terms)}

    for kinds in (plain, other):
        with pytest.raises(TypeError, match="another lifecycle"):
            toys.store.run(kinds, lambda changes: BOX.fold(changes["box-1"], toys.event("thing.sent")))
