"""Whatever the order, however often, and whatever fails on the way: the same end, and the books are right."""

import itertools
import os
import random
from contextlib import suppress
from typing import Any

import pytest

from services.escrow.lifecycle import ENDS
from services.escrow.provider.port import every
from services.escrow.provider.sandbox.sources import SOURCES
from shared.aggregate import Refusal
from tests.support.escrow import AT_ONCE, INSIDER, SEEKER, THREE, Escrow

PATHS = {
    "paid": ("offer.accepted", "hire.confirmed"),
    "ended": ("offer.accepted", "hire.confirmed", "hire.ended"),
    "cancelled": ("offer.accepted", "offer.cancelled"),
    "lapsed": ("offer.accepted", "offer.lapsed"),
}
SEEDS = int(os.environ.get("ESCROW_SEEDS", "300"))


def deliver(escrow: Escrow, name: str, path: tuple[str, ...]) -> None:
    """One event of a path; the seeker funds the escrow as soon as it waits for it."""
    on = {"on": "2027-01-20"} if name == "hire.ended" else {}
    escrow.event(name, sequence=path.index(name) + 1, **on)
    if escrow.state == "awaiting":
        with suppress(Refusal):
            escrow.command("fund", "seeker", source="tok_visa")


def outcome(escrow: Escrow) -> dict[str, Any]:
    """What must not depend on the order."""
    document = escrow.document
    assert document is not None
    tranches = [(tranche["amount"], tranche["status"]) for tranche in document["tranches"]]
    entries = [(entry["reference"], entry["lines"]) for entry in document.get("journal", [])]
    return {"state": document["state"], "sums": escrow.sums, "tranches": tranches, "journal": entries}


@pytest.mark.parametrize("tranches", [AT_ONCE, THREE], ids=["at once", "three"])
@pytest.mark.parametrize("at_once", [True, False], ids=["worked at once", "worked at the end"])
@pytest.mark.parametrize("path", PATHS)
def test_every_order_ends_the_same(path: str, at_once: bool, tranches: list[dict[str, int]]) -> None:
    """All permutations of a path's events, each event twice: one final escrow, nothing left waiting, nothing dead.

    What is cancelled before it is accepted here never waits for money, so that no seeker can pay it: that ends lapsed.
    """
    names = PATHS[path]
    ends = []
    for order in set(itertools.permutations(names * 2)):
        escrow = Escrow(tranches=tranches)
        for name in order:
            deliver(escrow, name, names)
            if at_once:
                escrow.work()
        escrow.work().wait(days=120)
        escrow.check()
        escrow.check_provider()
        assert (escrow.document or {}).get("parked", []) == escrow.dead == []
        if path == "cancelled" and order.index("offer.cancelled") < order.index("offer.accepted"):
            assert escrow.emitted == ["escrow.opened", "escrow.lapsed"]
            continue
        assert escrow.emitted.count("escrow.held") == 1
        ends.append(outcome(escrow))

    assert all(end == ends[0] for end in ends)
    assert ends[0]["state"] == (
        "settled" if path == "paid" or (path == "ended" and tranches is AT_ONCE) else "refunded"
    )


def test_cancelled_while_the_provider_is_asked() -> None:
    """The cancellation waits for the outcome; the money that came is given back."""
    escrow = Escrow().accepted()
    escrow.command("fund", "seeker", source="tok_visa")
    escrow.event("offer.cancelled")
    assert escrow.state == "funding"

    escrow.work()

    assert (escrow.state, escrow.sums) == ("refunded", {"funded": 50_000, "refunded": 50_000})


def test_cancelled_while_the_card_is_declined() -> None:
    """Nothing came, so there is nothing to give back."""
    escrow = Escrow().accepted()
    escrow.command("fund", "seeker", source="tok_declined")
    escrow.event("offer.cancelled")

    assert escrow.work().state == "lapsed"
    assert escrow.emitted == ["escrow.opened", "escrow.declined", "escrow.lapsed"]


def test_a_time_out_whose_hold_succeeded() -> None:
    """The lost answer is asked for, not sent again as another hold: one hold, one release."""
    escrow = Escrow().accepted()
    escrow.lost = 10
    escrow.command("fund", "seeker", source="tok_timeout")
    assert escrow.work().state == "funding"
    assert escrow.document is not None and escrow.document["instruction"]["attempts"] == 1

    escrow.wait(seconds=2)

    assert escrow.state == "held"
    assert len(list(every(escrow.provider.transfers))) == 1
    escrow.wait(hours=2)
    assert escrow.emitted == ["escrow.opened", "escrow.held"]


def test_an_answer_by_the_webhook_alone() -> None:
    """A late provider is waited for; 72 hours may pass meanwhile."""
    escrow = Escrow().accepted()
    escrow.lost = 20
    escrow.command("fund", "seeker", source="tok_late")
    escrow.wait(hours=80)
    escrow.lost = 0

    assert escrow.wait(hours=2).state == "held"
    assert len(list(every(escrow.provider.transfers))) == 1


def test_answer_and_webhook_are_one() -> None:
    """Both bring the same id: the second is a duplicate."""
    escrow = Escrow().held()
    assert escrow.document is not None
    version = escrow.document["version"]

    escrow.wait(hours=3)

    assert escrow.document["version"] == version
    assert len(escrow.document["journal"]) == 1


def test_a_chargeback_whose_notices_come_after_the_payout() -> None:
    """Opened and reversed at the provider before the payout, told after it: both are forgotten."""
    escrow = Escrow().held()
    escrow.provider.charge_back(str(escrow.document and escrow.document["_id"]))
    escrow.provider.reverse_chargeback(str(escrow.document and escrow.document["_id"]))
    escrow.event("hire.confirmed")
    escrow.fire()
    escrow.ask()
    assert escrow.state == "settled"

    escrow.wait(hours=2)

    assert (escrow.state, escrow.document and escrow.document.get("parked")) == ("settled", None)
    escrow.check_provider()


@pytest.mark.parametrize("first", ["chargeback.opened", "chargeback.reversed"])
def test_a_reversal_overtakes_its_opening(first: str) -> None:
    """In either order a chargeback of what is held, and its reversal, refund it."""
    escrow = Escrow().held()
    assert escrow.document is not None
    escrow.provider.charge_back(escrow.document["_id"])
    if first == "chargeback.reversed":
        escrow.lost = 1
        escrow.work()
        escrow.provider.reverse_chargeback(escrow.document["_id"])
        escrow.work()
        escrow.wait(hours=1)
    else:
        escrow.work()
        escrow.provider.reverse_chargeback(escrow.document["_id"])
        escrow.work()

    assert escrow.state == "refunded"
    escrow.check_provider()


def test_a_chargeback_while_a_refund_is_on_its_way() -> None:
    """The provider refuses the refund; the chargeback is taken though an instruction waits, and after it the refund."""
    escrow = Escrow().held()
    assert escrow.document is not None
    escrow.event("offer.cancelled")
    escrow.provider.charge_back(escrow.document["_id"])
    escrow.work()
    assert (escrow.state, escrow.emitted[-2:]) == ("charged_back", ["escrow.refund_refused", "escrow.charged_back"])
    assert escrow.data("escrow.charged_back")["before"] == "refunding"

    escrow.wait(days=5)
    escrow.provider.reverse_chargeback(escrow.document["_id"])
    escrow.work()

    assert escrow.state == "refunded"
    escrow.check()
    escrow.check_provider()


class Adversary:
    """Does to an escrow whatever may happen to one, in a random order that a seed gives again."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        tranches = self.dice.choice([AT_ONCE, THREE, [{"due_day": 30, "bps": 10_000}]])
        self.escrow = Escrow(tranches=tranches, price=self.dice.choice([1, 101, 50_000]))
        self.source = self.dice.choice(sorted(SOURCES))
        self.path = PATHS[self.dice.choice(sorted(PATHS))]
        self.events = list(self.path)

    def run(self) -> Escrow:
        for _ in range(self.dice.randrange(5, 60)):
            self.dice.choice([self.deliver, self.deliver, self.work, self.pass_time, self.command, self.command,
                              self.fund, self.lose, self.crash, self.charge_back])()  # fmt: skip
            self.escrow.check()
        return self.heal()

    def deliver(self) -> None:
        self.escrow.event(name := self.dice.choice(self.events), sequence=self.path.index(name) + 1)

    def work(self) -> None:
        self.escrow.work()

    def pass_time(self) -> None:
        self.escrow.clock.advance(self.dice.choice([1.0, 60.0, 3_600.0, 86_400.0, 864_000.0]))
        if self.dice.random() < 0.7:
            self.work()

    def fund(self) -> None:
        self.tried("fund", "seeker", source=self.source)

    def command(self) -> None:
        role = self.dice.choice(["insider", "seeker", "arbiter", "operator"])
        decision = self.dice.choice(["return", "refund", "split", "release"])
        share = {"insider_bps": self.dice.randrange(1, 10_000)} if decision == "split" else {}
        match self.dice.choice(["dispute", "withdraw", "resolve"]):
            case "dispute":
                self.tried("dispute", role, reason="other")
            case "withdraw":
                self.tried("withdraw", role)
            case _:
                self.tried("resolve", role, decision=decision, reason="so it is", **share)

    def tried(self, name: str, role: str, **data: Any) -> None:
        before = self.escrow.document
        try:
            self.escrow.command(name, role, {"insider": INSIDER, "seeker": SEEKER}.get(role), **data)
        except Refusal:
            assert self.escrow.document == before

    def lose(self) -> None:
        self.escrow.lost = self.dice.randrange(0, 4)

    def crash(self) -> None:
        """The provider is asked, and the process dies before the outcome is stored."""
        document = self.escrow.document
        if document and document.get("instruction") and "instruction" in self.escrow.timers:
            self.escrow.payments.carry_out(document)

    def charge_back(self) -> None:
        hook = self.dice.choice([self.escrow.provider.charge_back, self.escrow.provider.reverse_chargeback])
        if self.dice.random() < 0.3 and self.escrow.document:
            try:
                hook(self.escrow.document["_id"])
            except LookupError:
                return

    def heal(self) -> Escrow:
        """All is delivered, every chargeback is reversed, and a year passes."""
        escrow = self.escrow
        escrow.lost = 0
        for name in self.path:
            deliver(escrow, name, self.path)
        for _ in range(60):
            escrow.clock.advance(864_000.0)
            escrow.work()
            if escrow.state == "charged_back" and escrow.document:
                escrow.provider.reverse_chargeback(escrow.document["_id"])
        return escrow


@pytest.mark.parametrize("seed", range(SEEDS))
def test_adversary(seed: int) -> None:
    """No state without an exit: each escrow ends, with the provider's own sums, nothing open and nothing waiting."""
    escrow = Adversary(seed).run()

    assert escrow.document is not None
    escrow.check()
    escrow.check_provider()
    assert escrow.state in ENDS
    assert escrow.sums.get("held", 0) == 0
    left = {name: escrow.document.get(name) for name in ("instruction", "parked", "due_at", "timers", "blocked")}
    assert not any(left.values()), left
    assert {kept["reason"] for kept in escrow.dead} <= {"parked_too_long"} or escrow.state == "lapsed"
    moved = {
        t.instruction.id for t in every(escrow.provider.transfers) if t.outcome and t.outcome.status == "succeeded"
    }
    booked = {entry["reference"] for entry in escrow.document.get("journal", [])}
    assert moved == {reference for reference in booked if not reference.startswith("cb_")}
