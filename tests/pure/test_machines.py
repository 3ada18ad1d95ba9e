"""State machines against a model: one whole agreement on an injected clock, and what the tables promise of every state.

500 examples; 10,000 with HYPOTHESIS_PROFILE=soak (`make soak`).
"""

import os
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.escrow.provider.port import every
from services.escrow.provider.sandbox.sources import SOURCES
from shared.aggregate import Lifecycle, Refusal
from tests.support.agreement import Agreement, Side
from tests.support.matching import LETTER, listing
from tests.support.tables import TABLES

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
EXAMPLES = 10_000 if SOAK else 500

PARTIES = ("insider", "seeker")
PLANS: tuple[list[dict[str, int]], ...] = (
    [{"due_day": 0, "bps": 10_000}],
    [{"due_day": 0, "bps": 3_333}, {"due_day": 30, "bps": 3_333}, {"due_day": 90, "bps": 3_334}],
    [{"due_day": 30, "bps": 10_000}],
)
SPANS = [timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(hours=48), timedelta(days=3),
         timedelta(days=7), timedelta(days=14), timedelta(days=40), timedelta(days=75)]  # fmt: skip
ENDS_OF_LISTING = ("filled", "expired", "withdrawn", "removed")

# How an offer and its escrow may stand together when nothing moves any more; charged_back: the bank keeps the money.
TOGETHER = {
    "declined": {"absent"},
    "withdrawn": {"absent"},
    "expired": {"absent"},
    "completed": {"settled", "free", "charged_back"},
    "lapsed": {"lapsed", "refunded", "free", "charged_back"},
    "cancelled": {"lapsed", "refunded", "free", "charged_back"},
    "closed": {"refunded", "split", "charged_back"},
    "ended": {"settled", "refunded", "split", "charged_back"},
}
TWO_OUTCOMES = ["closed", "completed"]
"""The bank took the payment and gave it back, and then it was paid out."""


class AgreementMachine(RuleBasedStateMachine):
    """Both parties, staff, the bank, the listing and the network do what they may, in any order.

    The model: what the provider was really asked to move, and which of the offer's events came first.
    """

    @initialize(
        price=st.sampled_from([0, 1, 101, 50_000]),
        plan=st.sampled_from(PLANS),
        source=st.sampled_from(sorted(SOURCES)),
        gives_back=st.booleans(),
        begin=st.sampled_from(["proposed", "accepted", "active", "hired"]),
    )
    def begin(self, price: int, plan: list[dict[str, int]], source: str, gives_back: bool, begin: str) -> None:
        self.both = Agreement()
        self.source, self.gives_back = source, gives_back
        kinds = ("coaching",) if price else ("good_word",)
        self.both.offer.propose(help=kinds, **_listed(price, plan))
        if begin != "proposed":
            self.both.offer.command("accept", "insider")
        self.both.send()
        if begin in ("active", "hired"):
            self.both.deliver_all()
            if price:
                self.both.escrow.command("fund", "seeker", source=source)
            self.both.work()
            self.both.deliver_all()
        if begin == "hired":
            self.offer_command("seeker", "confirm_hire")

    # -- people

    @rule(
        role=st.sampled_from(["insider", "seeker"]),
        name=st.sampled_from(["accept", "counter", "decline", "withdraw", "cancel", "claim", "claim with a letter",
                              "reject_hire", "confirm_hire", "end"]),
    )  # fmt: skip
    def offer_command(self, role: str, name: str) -> None:
        now = self.both.clock.now().date().isoformat()
        data: dict[str, Any] = {
            "counter": {"price": {"amount": self.both.offer["price"], "currency": "EUR"}},
            "claim": {"start_on": now, "evidence": []},
            "claim with a letter": {"start_on": now, "evidence": LETTER},
            "confirm_hire": {"start_on": now},
            "end": {"on": now},
        }.get(name, {})
        if name == "claim with a letter" and self.both.offer.state == "active":
            self.both.offer.verify()
        self._ordered(self.both.offer, "claim_hire" if name.startswith("claim") else name, role, **data)

    @rule(name=st.sampled_from(["cancel", "confirm_hire"]))
    def staff(self, name: str) -> None:
        start = {"start_on": self.both.clock.now().date().isoformat()} if name == "confirm_hire" else {}
        self._ordered(self.both.offer, name, "arbiter", reason="So it is.", **start)

    @rule(role=st.sampled_from(PARTIES), name=st.sampled_from(["fund", "dispute", "withdraw"]))
    def escrow_command(self, role: str, name: str) -> None:
        data = {"fund": {"source": self.source}, "dispute": {"reason": "other"}}.get(name, {})
        self._ordered(self.both.escrow, name, role, **data)

    @precondition(lambda self: self.both.escrow.state == "disputed")
    @rule(decision=st.sampled_from(["return", "refund", "split", "release"]), bps=st.integers(1, 9_999))
    def decide(self, decision: str, bps: int) -> None:
        share = {"insider_bps": bps} if decision == "split" else {}
        self._ordered(self.both.escrow, "resolve", "arbiter", decision=decision, reason="So it is.", **share)

    def _ordered(self, one: Any, name: str, role: str, **data: Any) -> None:
        """A command is taken, or refused and then nothing has changed."""
        before = one.document
        try:
            one.command(name, role, **data)
        except Refusal:
            assert one.document is before
        self.both.send()

    # -- the network, the provider, the bank, the listing, the clock

    @precondition(lambda self: self.both.messages)
    @rule(data=st.data())
    def a_message_comes(self, data: st.DataObject) -> None:
        """Any of them, whatever the order; one that came may come again."""
        self.both.deliver(data.draw(st.sampled_from(self.both.messages)))

    @precondition(lambda self: self.both.waiting())
    @rule(backwards=st.booleans())
    def all_messages_come(self, backwards: bool) -> None:
        self.both.deliver_all(backwards)

    @rule(count=st.integers(0, 5))
    def webhooks_are_lost(self, count: int) -> None:
        self.both.escrow.lost = count

    @precondition(lambda self: "instruction" in self.both.escrow.timers)
    @rule()
    def crash_after_asking(self) -> None:
        """The provider was asked, and the process died before the outcome was stored."""
        self.both.escrow.payments.carry_out(self.both.escrow.document or {})

    @precondition(lambda self: (self.both.escrow.document or {}).get("funded"))
    @rule(takes=st.booleans())
    def bank(self, takes: bool) -> None:
        provider = self.both.escrow.provider
        with suppress(LookupError):
            (provider.charge_back if takes else provider.reverse_chargeback)(self.both.escrow.document["_id"])

    @rule(status=st.sampled_from(ENDS_OF_LISTING))
    def listing_ends(self, status: str) -> None:
        if self.both.offer.listing_status in ("published", status) or status == "removed":
            self.both.offer.listing_ends(status)
            self.both.send()

    @rule(span=st.sampled_from(SPANS))
    def time_passes(self, span: timedelta) -> None:
        self.both.pass_time(span)

    @rule(side=st.sampled_from(["offer", "escrow"]))
    def timers_fire(self, side: Side) -> None:
        self.both.fire(side)

    @rule()
    def workers_work(self) -> None:
        self.both.work()

    # -- what always holds

    @invariant()
    def books_are_right(self) -> None:
        """Conserved, never negative, chained; no payout without the hire.confirmed that caused it; one hold at most."""
        escrow, offer = self.both.escrow, self.both.offer
        escrow.check()
        document = escrow.document or {}
        hires = {event["id"] for event in offer.events if event["type"] == "hire.confirmed"}
        assert len(hires) <= 1
        assert not document.get("released") or {document["hire_event_id"]} == hires
        assert document.get("funded", 0) in (0, offer["price"])
        moved = [
            t.instruction for t in every(escrow.provider.transfers) if t.outcome and t.outcome.status == "succeeded"
        ]
        assert len({one.id for one in moved}) == len(moved)
        assert sum(one.amount for one in moved if one.kind == "hold") <= offer["price"]
        assert sum(one.amount for one in moved if one.kind != "hold") <= offer["price"]
        released = [one.id.split(":")[2] for one in moved if one.kind == "release"]
        assert len(set(released)) == len(released)

    @invariant()
    def one_outcome_at_most(self) -> None:
        self.both.offer.check()
        outcomes = self.both.outcomes
        assert len(outcomes) <= 1 or outcomes == TWO_OUTCOMES
        assert outcomes[-1:] in ([], [self.both.offer.state])
        assert self.both.offer.dead == self.both.escrow.dead == []

    def teardown(self) -> None:
        """Left alone for long enough everything ends, and the money is where the outcome says."""
        if not hasattr(self, "both"):
            return
        both = self.both
        both.leave_alone(self._bank_decides)
        offer, escrow = both.offer, both.escrow
        self.books_are_right()
        self.one_outcome_at_most()
        escrow.check_provider()
        ends = TOGETHER[offer.state]
        assert escrow.state in (ends if both.accepted else {"absent"}), (offer.state, escrow.state)
        assert both.accepted <= (len(both.outcomes) >= 1)
        if escrow.document:
            kept = {name: escrow.document.get(name) for name in ("held", "instruction", "parked", "due_at", "blocked")}
            assert escrow.state == "charged_back" or not any(kept.values()), kept
            assert offer["escrow_status"] == escrow.state
        assert not offer["parked"] and not offer["due_at"]

    def _bank_decides(self) -> None:
        if self.gives_back and self.both.escrow.state == "charged_back":
            self.bank(takes=False)


def _listed(price: int, plan: list[dict[str, int]]) -> dict[str, Any]:
    return {"listing": listing(price, tranches=plan), "price": {"amount": price, "currency": "EUR"}}


TestAgreement = AgreementMachine.TestCase
TestAgreement.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=30, deadline=None, print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


# -- the tables themselves

WAIT_FOR_A_PERSON = {"listing": ("new",), "offer": ("new",), "escrow": ()}
"""What nobody else depends on, and no money lies in, may wait for its owner. A draft does, too, unless it was published
before: then a hire may fill it.
"""


def _steps(table: Lifecycle, by_itself: bool) -> set[tuple[str, str]]:
    """(from, to) of the rows that lead on; `by_itself`: without a person's command."""
    commands = table.commands()
    rows = [row for row in table.rows if row.to and not (by_itself and row.trigger in commands)]
    return {(source, row.to) for row in rows for source in row.sources if row.to and row.to != source}


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_reached(name: str) -> None:
    table = TABLES[name].lifecycle
    reached = {"new"}
    while more := {to for source, to in _steps(table, by_itself=False) if source in reached} - reached:
        reached |= more

    assert reached == set(table.states)


@pytest.mark.parametrize("name", TABLES)
def test_no_state_is_without_an_exit(name: str) -> None:
    """From every state that is not an end, timers, events and outcomes alone lead to an end, whatever people do not
    do.
    """
    table = TABLES[name].lifecycle
    ending, steps = set(table.final), _steps(table, by_itself=True)
    while more := {source for source, to in steps if to in ending} - ending:
        ending |= more

    assert set(table.states) - ending == set(WAIT_FOR_A_PERSON[name])


@pytest.mark.parametrize("name", TABLES)
def test_every_timer_leads_somewhere(name: str) -> None:
    """A deadline that ends a command's window has a row of its own wherever the command has one."""
    table = TABLES[name].lifecycle
    timers = {(source, row.trigger) for row in table.rows for source in row.sources if row.trigger[:6] == "timer:"}

    ends = {(source, f"timer:{row.until}") for row in table.rows if row.until for source in row.sources}
    assert ends - timers == set()
