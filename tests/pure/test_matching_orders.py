"""Whatever the order of the escrow's events, however often each: the same offer in the end."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.matching import START, Offer, confirm

LATER = "2027-03-01"


@dataclass(frozen=True)
class Path:
    """The escrow's events after the offer was accepted, as (type, status), in the order of their numbers from 2 on.

    `first` of them cause what a person does next (`then`), so they come before the rest; `end` is where all orders end.
    `more` is what the events carry beside.
    """

    events: tuple[tuple[str, str], ...]
    end: str
    first: int = 0
    then: Callable[[Offer], object] = lambda offer: None
    more: Mapping[str, Any] = field(default_factory=dict)


HELD = ("escrow.held", "held")
PROBATION = ("escrow.probation_started", "probation")
RELEASED = ("escrow.released", "probation")
SETTLED = ("escrow.settled", "settled")
REFUNDED = ("escrow.refunded", "refunded")
OPENED = ("dispute.opened", "disputed")
BACK = ("escrow.charged_back", "charged_back")


PATHS = {
    "held": Path((("escrow.opened", "awaiting"), HELD), "active"),
    "declined, then held": Path((("escrow.opened", "awaiting"), ("escrow.declined", "awaiting"), HELD), "active"),
    "never funded": Path((("escrow.opened", "awaiting"), ("escrow.lapsed", "lapsed")), "lapsed"),
    "paid": Path((HELD, PROBATION, RELEASED, SETTLED), "completed", 1, confirm),
    "cancelled": Path((HELD, REFUNDED), "cancelled", 0, lambda offer: offer.command("cancel", "seeker")),
    "disputed and withdrawn": Path((HELD, OPENED, ("dispute.withdrawn", "held")), "active"),
    "disputed and refunded": Path((HELD, OPENED, ("dispute.resolved", "refunding"), REFUNDED), "closed"),
    "disputed and split": Path(
        (HELD, PROBATION, OPENED, ("dispute.resolved", "splitting"), ("escrow.split", "split")), "closed", 1, confirm,
    ),
    "disputed and paid": Path(
        (HELD, PROBATION, OPENED, ("dispute.resolved", "releasing"), SETTLED), "completed", 1, confirm,
    ),
    "charged back and reversed, held": Path(
        (HELD, BACK, ("escrow.chargeback_reversed", "refunding"), REFUNDED), "closed"
    ),
    "charged back and reversed, in probation": Path(
        (HELD, PROBATION, BACK, ("escrow.chargeback_reversed", "probation"), SETTLED), "completed", 1, confirm,
    ),
    "charged back after it was paid": Path((HELD, PROBATION, SETTLED, BACK), "completed", 1, confirm),
    "a later first day": Path(
        (HELD, PROBATION, ("escrow.postponed", "probation"), SETTLED), "completed", 1, confirm, {"start_on": LATER},
    ),
    "ended": Path(
        (HELD, PROBATION, REFUNDED), "ended", 1,
        lambda offer: (confirm(offer), offer.command("end", "insider", on=START)),
    ),
}  # fmt: skip


def outcome(offer: Offer) -> dict[str, Any]:
    """What must not depend on the order."""
    kept = ("state", "hire", "escrow_status", "escrow_number", "parked", "waiting", "timers", "due_at")
    return {name: offer[name] for name in kept}


@pytest.mark.parametrize("path", PATHS)
def test_every_order_ends_the_same(path: str) -> None:
    """All orders of a path's events, each of them twice: one final offer, nothing waits, nothing is dead."""
    its = PATHS[path]
    ends = []
    numbers = range(2, 2 + len(its.events))
    first, rest = numbers[: its.first], numbers[its.first :]
    for order in set(itertools.permutations((*rest, *rest))):
        offer = Offer().accepted()
        for number in (*first, *first):
            deliver(offer, its, number)
        its.then(offer)
        for number in (*order, *first):
            assert deliver(offer, its, number) != "rejected"
        offer.check()
        ends.append(outcome(offer))

    assert ends[0]["state"] == its.end
    assert ends[0]["parked"] is None
    assert all(end == ends[0] for end in ends)
    assert ends[0]["hire"] is None or ends[0]["hire"]["start_on"] == its.more.get("start_on", START)


def deliver(offer: Offer, path: Path, number: int) -> str:
    name, status = path.events[number - 2]
    return offer.escrow(name, number, status, **path.more).outcome
