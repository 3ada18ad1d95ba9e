"""The money's rules and the hire's, held against every row and cell of the tables by playing them, and on random walks.

`test_every_cell` takes what is right from the table, so to it a wrong row is right. Here a row is right by
`tests.support.money_rules` and `tests.support.hire_rules`, which know nothing of the rows. Each mistake planted below
is a table that does exactly what it says.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.escrow import acts, chargebacks, losses, plan, refusals, repaying, waits
from services.escrow.acts import ask_refund
from services.escrow.books import close, instruct, move
from services.escrow.provider.sandbox.sources import SOURCES
from services.escrow.rules import HIRE_KNOWN, REFUSED
from services.matching.offer import acts as offer_acts
from services.matching.offer import beginning, closing
from services.matching.offer.beginning import MAY_CANCEL_ALONE
from services.matching.offer.rules import FREE, STAFF_REASON
from shared.aggregate import ANSWERED, Change, Lifecycle, Refusal, Row, Trigger
from shared.money import share
from tests.support.escrow import Escrow
from tests.support.hire_rules import HIRES
from tests.support.money_rules import MONEY
from tests.support.paths import explore
from tests.support.steps import Rules, judge, judged
from tests.support.tables import ESCROWS, OFFERS

_ended = plan.ended
TABLES = {"escrow": (ESCROWS, MONEY), "offer": (OFFERS, HIRES)}


class Broken(AssertionError):
    """A step broke a rule."""


def tell(what: str) -> None:
    raise Broken(what)


@pytest.mark.parametrize("name", TABLES)
def test_every_row_and_cell_keeps_the_rules(name: str) -> None:
    """Whatever is tried in every situation: no step that the table allows breaks a rule."""
    table, rules = TABLES[name]
    broken: list[str] = []

    explored = explore(replace(table, watched=judged(rules, broken.append)))

    assert broken == []
    assert {each.state for each in explored.situations.values()} == set(table.lifecycle.states)


# -- random walks

PLANS: tuple[list[dict[str, int]], ...] = (
    [{"due_day": 0, "bps": 10_000}],
    [{"due_day": 0, "bps": 3_333}, {"due_day": 30, "bps": 3_333}, {"due_day": 90, "bps": 3_334}],
    [{"due_day": 30, "bps": 2_500}, {"due_day": 31, "bps": 7_500}],
)
DAYS = (0.1, 1, 2.9, 7, 29, 30, 31, 60)
STEPS = ("cancelled", "lapsed", "hired", "ended", "dispute", "withdraw", "resolve", "bank", "back", "wait", "work")


class Walk:
    """One escrow that many things happen to; what people may not do is refused, as always."""

    def __init__(self, draw: Callable[[Any], Any], rules: Rules = MONEY) -> None:
        self.draw = draw
        price, fee_bps = draw(st.sampled_from([1, 101, 50_000, 99_999])), draw(st.sampled_from([0, 333, 500, 1_000]))
        self.escrow = Escrow(price=price, fee_bps=fee_bps, tranches=draw(st.sampled_from(PLANS)))
        self.escrow.lifecycle = judge(self.escrow.lifecycle, rules, tell)
        self.start_on = self.escrow.clock.now().date()

    def go(self) -> None:
        self.escrow.accepted()
        with suppress(Refusal):
            self.escrow.command("fund", "seeker", source=self.draw(st.sampled_from(sorted(SOURCES))))
        self.escrow.work()
        for name in self.draw(st.lists(st.sampled_from(STEPS), max_size=14)):
            with suppress(Refusal, LookupError):
                self.step(name)
        self._see_it_through()

    def step(self, name: str) -> None:
        escrow, draw = self.escrow, self.draw
        match name:
            case "cancelled" | "lapsed":
                escrow.event(f"offer.{name}")
            case "hired":
                self.start_on = escrow.clock.now().date() + timedelta(days=draw(st.integers(-30, 40)))
                escrow.event("hire.confirmed", start_on=self.start_on.isoformat())
            case "ended":
                by, on = draw(st.sampled_from(["insider", "seeker", "employer"])), self._last_day().isoformat()
                escrow.event("hire.ended", by=by, on=on)
            case "dispute" | "withdraw":
                escrow.command(name, draw(st.sampled_from(["insider", "seeker"])), reason="other")
            case "resolve":
                decision = draw(st.sampled_from(["return", "refund", "split", "release"]))
                bps = draw(st.integers(1, 9_999))
                escrow.command("resolve", "arbiter", decision=decision, reason="So it is.", insider_bps=bps)
            case "bank":
                escrow.provider.charge_back(escrow.data("escrow.opened")["offer_id"])
            case "back":
                escrow.provider.reverse_chargeback(escrow.data("escrow.opened")["offer_id"])
            case "wait":
                self._pass(timedelta(days=draw(st.sampled_from(DAYS))))
            case _:
                escrow.work()

    def _pass(self, span: timedelta) -> None:
        self.escrow.clock.advance(span)
        self.escrow.work()

    def _see_it_through(self) -> None:
        for _ in range(20):
            self.escrow.check()
            due = (self.escrow.document or {}).get("due_at")
            if due is None:
                return
            self._pass(max(due - self.escrow.clock.now(), timedelta(hours=1)))
        raise AssertionError("it does not end")

    def _last_day(self) -> date:
        """A tranche's own day, the day before, the day after."""
        days = [each["due_day"] for each in (self.escrow.document or {})["tranches"]]
        return self.start_on + timedelta(days=self.draw(st.sampled_from(days)) + self.draw(st.integers(-1, 1)))


_WALKS = settings(
    max_examples=400, deadline=None, print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


@_WALKS
@given(data=st.data())
def test_every_walk_keeps_the_rules(data: st.DataObject) -> None:
    Walk(data.draw).go()


# -- mistakes that the rules must find

Plant = Callable[[Lifecycle, pytest.MonkeyPatch], Lifecycle]


def first(*rows: Row) -> Plant:
    """These rows before all others."""

    def plant(table: Lifecycle, patch: pytest.MonkeyPatch) -> Lifecycle:
        other = copy(table)
        other.rows = (*rows, *table.rows)
        return other

    return plant


def each(change: Callable[[Row], Row]) -> Plant:
    """Every row changed."""

    def plant(table: Lifecycle, patch: pytest.MonkeyPatch) -> Lifecycle:
        other = copy(table)
        other.rows = tuple(change(row) for row in table.rows)
        return other

    return plant


def acting(act: Callable[..., Any], instead: Callable[..., Any]) -> Plant:
    """Every row that did one does the other."""
    return each(lambda row: replace(row, act=instead) if row.act is act else row)


def patched(owner: Any, name: str, by: Any) -> Plant:
    def plant(table: Lifecycle, patch: pytest.MonkeyPatch) -> Lifecycle:
        patch.setattr(owner, name, by)
        return table

    return plant


def _pay_the_seeker_the_insiders_share(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    other = 10_000 - trigger.data["insider_bps"]
    return acts.decide_split(change, replace(trigger, data={**trigger.data, "insider_bps": other}))


def _book_the_shares_swapped(change: Change, trigger: Trigger) -> None:
    done = close(change, trigger)
    back = done["amount"] - done["refund"] - done["fee"]
    move(change, done["id"], held=-done["amount"], released=done["refund"], fees=done["fee"], refunded=back)


def _pay_without_a_fee(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    done = close(change, trigger)
    move(change, done["id"], held=-done["amount"], released=done["amount"])
    return {"escrow.released": {"tranche": done["tranche"], "amount": done["amount"], "fee": 0, "hire_event_id": "e"}}


def _strike_all(of: plan.Plan, *_: Any) -> list[plan.Tranche]:
    return plan.marked(of, "struck", of=("waiting",))


def _strike_the_day_itself(of: plan.Plan, start_on: str, on: str, *_: Any) -> list[plan.Tranche]:
    return [
        tranche | {"status": "struck"}
        if tranche["status"] == "waiting" and tranche["due_day"] and tranche["due_at"].date().isoformat() >= on
        else tranche
        for tranche in of
    ]


def _forget_the_loss(change: Change, trigger: Trigger) -> None:
    claim = change["chargeback"]
    if not claim["from_held"]:
        return chargebacks.give_back(change, trigger)
    move(change, f"{claim['id']}:reversed", held=claim["from_held"], charged_back=-claim["from_held"])
    change.set(chargeback=None)
    return None


def _refund_at_once(change: Change, trigger: Trigger) -> None:
    acts.end_hire(change, replace(trigger, data={**trigger.data, "by": "insider"}))


def _release_to_the_seeker(change: Change, kind: str, what: str, amount: int, **terms: Any) -> None:
    instruct(change, kind, what, amount, **terms | ({"payee": change["seeker"]} if "payee" in terms else {}))


def _confirm_for_the_seeker(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    return offer_acts.confirm(change, replace(trigger, roles=frozenset({"seeker"})))


def _hire_by_the_seeker(change: Change, trigger: Trigger) -> None:
    acts.start_probation(change, replace(trigger, data={**trigger.data, "confirmed_by": "seeker"}))


def _strike_what_was_due_when_told(of: plan.Plan, start_on: str, on: str, *_: Any) -> list[plan.Tranche]:
    return _ended(of, start_on, on)


def _move_to_the_new_day(of: plan.Plan, start_on: str, now: datetime) -> list[plan.Tranche]:
    dated = plan.dated(of, start_on, now)
    return [new if plan.is_to_come(one, now) else one for one, new in zip(of, dated, strict=True)]


def _forget_the_wait(change: Change, trigger: Trigger) -> None:
    close(change, trigger)
    acts.watch(change)


def _pay_what_is_set_off(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    kept = {name: value for name, value in change["instruction"].items() if name != "set_off"}
    change.set(instruction=kept)
    return acts.release(change, trigger)


def _take_the_fee_of_what_is_set_off(change: Change, amount: int) -> int:
    kept = int(change.get("fees", 0))
    return max(share(int(change.get("released", 0)) + kept + amount, change["fee_bps"]) - kept, 0)


def _repay_and_keep_it(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    done = close(change, trigger)
    move(change, done["id"], hire_event_id=change["hire_event_id"], released=done["amount"], fees=-done["amount"])
    return {"escrow.set_off_returned": {"amount": done["amount"]}}


def _repay_the_fee(row: Row) -> Row:
    def act(change: Change, trigger: Trigger) -> None:
        assert row.act
        row.act(change, trigger)
        change.set(instruction={**change["instruction"], "amount": change["fees"]})

    return replace(row, act=act) if row.trigger == "timer:repay" else row


def _drop_the_refused(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    repaying.drop_repay(change, trigger)
    return {"escrow.release_refused": {"reason": "refused"}}


def _ask_for_the_split_again(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    return {"escrow.release_refused": refusals.instruct_again(change, trigger)}


def _decide_nothing(change: Change, trigger: Trigger) -> None:
    change.set(loss_since=None)


def _a_party_decides(row: Row) -> Row:
    return replace(row, by=("insider",)) if row.trigger == "decide_loss" else row


def _anyone(row: Row) -> Row:
    return replace(row, by=("insider", "seeker")) if row.trigger == "fund" else row


def _without(guard: Any) -> Callable[[Row], Row]:
    return lambda row: replace(row, guards=tuple(one for one in row.guards if one is not guard))


MONEY_MISTAKES: dict[str, Plant] = {
    "cancelling refunds in probation": first(Row(("probation",), "offer.cancelled", to="refunding", act=ask_refund)),
    "lapsing refunds in probation": first(Row(("probation",), "offer.lapsed", to="refunding", act=ask_refund)),
    "the end of a hire refunds all of it": first(
        Row(("probation",), "hire.ended", to="refunding", act=ask_refund, when=None)
    ),
    "the end of a hire strikes what was earned": patched(plan, "ended", _strike_all),
    "the seeker says it ended, and is refunded at once": acting(acts.end_hire, _refund_at_once),
    "an arbiter pays out what nobody was hired for": each(_without(HIRE_KNOWN)),
    "a split to the wrong shares": acting(acts.decide_split, _pay_the_seeker_the_insiders_share),
    "a split booked to the wrong owners": acting(acts.split, _book_the_shares_swapped),
    "a payout without the fee": acting(acts.release, _pay_without_a_fee),
    "a payout to the seeker": patched(acts, "instruct", _release_to_the_seeker),
    "any claim's reversal gives the open one back": patched(chargebacks, "_is_open_here", lambda change, trigger: True),
    "a reversal forgets the loss": acting(chargebacks.give_back, _forget_the_loss),
    "the insider funds": each(_anyone),
    "a hire by silence is paid at once": acting(acts.start_probation, _hire_by_the_seeker),
    "a later first day ends the wait after silence": patched(plan, "postponed", _move_to_the_new_day),
    "the seeker's word strikes what was due when they said it": patched(plan, "ended", _strike_what_was_due_when_told),
    "who has no history is paid at once": acting(acts.postpone_release, _forget_the_wait),
    "what was let go is held back": each(lambda row: replace(row, when=ANSWERED) if row.when is REFUSED else row),
    "what is set off is paid out": acting(acts.release, _pay_what_is_set_off),
    "what was set off counts as the fee": patched(acts, "fee_of", _take_the_fee_of_what_is_set_off),
    "what is given back stays set off": acting(repaying.repay, _repay_and_keep_it),
    "the fee is given back": each(_repay_the_fee),
    "a repayment that is refused is forgotten": acting(refusals.block_repay, _drop_the_refused),
    "a repayment ends where it was not": each(
        lambda row: replace(row, to="settled") if row.trigger.startswith("repay.") else row
    ),
    "a refused refund holds up what was earned": each(
        lambda row: replace(row, to=None, act=refusals.renew) if row.act is refusals.block_refund else row
    ),
    "a refused split holds up both": each(
        lambda row: replace(row, to=None, act=_ask_for_the_split_again) if row.act is refusals.share_apart else row
    ),
    "a refused split is paid out whole": patched(plan, "shared", lambda of, insiders, at: plan.brought_forward(of, at)),
    "the insider decides about the loss": each(_a_party_decides),
    "a loss is decided, and nobody says how": acting(losses.decide_loss, _decide_nothing),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MONEY_MISTAKES)
def test_a_mistake_with_money_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = MONEY_MISTAKES[mistake](ESCROWS.lifecycle, monkeypatch)

    with pytest.raises(Broken):
        explore(replace(ESCROWS, lifecycle=planted, watched=judged(MONEY, tell)))


def test_a_tranche_of_the_very_last_day_is_earned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walks find who strikes it."""
    monkeypatch.setattr(plan, "ended", _strike_the_day_itself)
    the_same = settings(_WALKS, derandomize=True, database=None, phases=[Phase.generate])
    walk = the_same(given(data=st.data())(lambda data: Walk(data.draw).go()))

    with pytest.raises(Broken, match="strikes what falls due later"):
        walk()


@pytest.mark.parametrize("bank", [False, True], ids=["a dispute", "a claim of the bank"])
def test_time_that_is_used_up_is_found(bank: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the tables' situations no time passes while money is disputed or at the bank; here it does."""
    monkeypatch.setattr(waits, "_resumed", lambda change, until, *_: until)
    monkeypatch.setattr(chargebacks, "resume_dispute", lambda *_: None)
    escrow = Escrow().held()
    escrow.lifecycle = judge(escrow.lifecycle, MONEY, tell)
    escrow.event("hire.confirmed", confirmed_by="silence")
    escrow.command("dispute", "insider", reason="other")
    if bank:
        escrow.provider.charge_back(str(escrow.document and escrow.document["_id"]))
    escrow.work().wait(days=59)

    with pytest.raises(Broken, match="has its time again" if bank else "is given back"):
        if bank:
            escrow.provider.reverse_chargeback(str(escrow.document and escrow.document["_id"]))
            escrow.work()
        else:
            escrow.command("withdraw", "insider")


_CONFIRM: dict[str, Any] = {"to": "hired", "emits": ("hire.confirmed",), "act": offer_acts.confirm}
_CANCEL: dict[str, Any] = {"to": "cancelled", "emits": ("offer.cancelled",), "act": offer_acts.cancel_alone}

HIRE_MISTAKES: dict[str, Plant] = {
    "a proof that is rejected leaves no days": patched(offer_acts, "leave_undisturbed", lambda change: None),
    "the insider confirms the hire": first(
        Row(("active",), "confirm_hire", by=("insider",), **_CONFIRM | {"act": _confirm_for_the_seeker})
    ),
    "a moderator confirms the hire": first(Row(("active",), "confirm_hire", by=("moderator",), **_CONFIRM)),
    "silence confirms what nobody claimed": first(
        Row(("hire_claimed",), "timer:lapse", **_CONFIRM)
    ),
    "an arbiter confirms without a reason": each(_without(STAFF_REASON)),
    "one calls it off alone, whenever": each(
        lambda row: replace(row, when=None) if row.when is MAY_CANCEL_ALONE else row
    ),
    "the hired are called off": first(Row(("hired",), "cancel", by=("seeker",), **_CANCEL)),
    "an expired listing takes what was accepted": first(
        Row(("accepted", "active"), "listing.ended", **_CANCEL | {"act": closing.listing_ended})
    ),
    "whoever leaves takes paid agreements along": each(
        lambda row: replace(row, when=None) if row.trigger == "person.erased" and row.when is FREE else row
    ),
    "the maker accepts their own proposal": each(
        lambda row: replace(row, by=("maker", "other")) if row.trigger == "accept" else row
    ),
    "active before it is paid for": first(
        Row(("accepted",), "escrow.lapsed", to="active", emits=("offer.activated",), act=beginning.activate)
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", HIRE_MISTAKES)
def test_a_mistake_about_a_hire_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = HIRE_MISTAKES[mistake](OFFERS.lifecycle, monkeypatch)

    with pytest.raises(Broken):
        explore(replace(OFFERS, lifecycle=planted, watched=judged(HIRES, tell)))
