"""What was kept of payouts for a loss that the bank gave back goes to the insider, from the escrow it was kept in.

The reversal of one escrow says that something may be too much in others: its event sets a timer of `debt:<person>`,
which looks at all their escrows and sets the timer `repay` of those it was kept in. Such an escrow asks for a repayment
when nothing else is under way there; how much it is, the last look decides (see `clearance`), so that it may be asked
for twice and is paid once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.escrow.acts import Says
from services.escrow.books import close, instruct, move
from services.escrow.losses import KIND, Debt, Losses, debt_id
from services.escrow.rules import is_refused
from shared.aggregate import Change, Condition, Document, Kind, Lifecycle, Store, Trigger, Verdict, is_answered
from shared.aggregate.verdict import DUPLICATE, TAKEN

LOOK, REPAY = "look", "repay"
SOON = timedelta(minutes=1)
"""While a payout is under way of which something is set off: as long as the longest pause between two tries."""

KEPT = Condition("something was set off here", lambda change, trigger: change.get("set_off", 0) > 0)


def repaid_in(state: str) -> Condition:
    return Condition(f"it is the open instruction's, and this was {state} before", lambda c, t: _is_of(c, t, state))


def unpaid_in(state: str) -> Condition:
    return Condition(
        f"it is the open instruction's outcome, and this was {state} before",
        lambda c, t: is_refused(c, t) and _is_of(c, t, state),
    )


def _is_of(change: Change, trigger: Trigger, state: str) -> bool:
    return is_answered(change, trigger) and bool(change["instruction"]["before"] == state)


# -- acts


def ask_repay(before: str) -> Any:
    """The act of a repayment out of an escrow that was `before`: at most all that is set off there."""

    def act(change: Change, trigger: Trigger) -> None:
        terms = {"payee": change["insider"], "hold_id": change["hold_id"], "before": before}
        instruct(change, "repay", "repay", change["set_off"], **terms)

    return act


def repay(change: Change, trigger: Trigger) -> Says:
    done = close(change, trigger)
    change.set(repay_blocked=None)
    amount = done["amount"]
    cause = change["hire_event_id"]
    move(change, done["id"], hire_event_id=cause, released=amount, fees=-amount, set_off=-amount)
    return {"escrow.set_off_returned": {"amount": amount}}


def drop_repay(change: Change, trigger: Trigger) -> None:
    """Nothing is to be given back any more."""
    close(change, trigger)
    change.set(repay_blocked=None)


# -- over all escrows of a person


@dataclass(frozen=True)
class OfReversal:
    """A chargeback is reversed: whether too much is kept now is looked for, once the event is taken."""

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return {debt_id(event.data["insider"]): KIND}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[debt_id(event.data["insider"])]
        if change.knows(event.id):
            return DUPLICATE
        change.set(owner=event.data["insider"])
        change.schedule(LOOK, change.now)
        change.apply(event.id)
        return TAKEN


class Repaying:
    """The timer of `debt:<person>`: it comes again until nothing is kept that is not owed."""

    def __init__(self, store: Store, lifecycle: Lifecycle) -> None:
        self._store, self._lifecycle = store, lifecycle
        self._losses = Losses(store)

    def on_timer(self, change: Change, timer: str) -> None:
        """Raises pymongo's errors and Contended."""
        for debt in self._losses.debts(change["owner"], change.get("pending", {})):
            if again := self._look(debt):
                at = change.now + again
                change.schedule(LOOK, min(change.timers.get(LOOK, at), at))

    def _look(self, debt: Debt) -> timedelta | None:
        """Have what is too much repaid, where it can be; when to look again, if ever."""
        too_much = -debt.left
        able = sorted((d for d in debt.escrows.values() if d.get("set_off", 0) > 0), key=_is_stopped)
        for doc in able:
            if too_much <= 0:
                break
            self._store.run({doc["_id"]: self._lifecycle}, lambda changes: _begin(*changes.values()))
            too_much -= doc["set_off"]
        if debt.under_way and debt.left - debt.under_way < 0:
            return SOON
        waits = debt.left < 0 and any(not _is_stopped(doc) for doc in able)
        return self._lifecycle.terms.retry_refused if waits else None


def _begin(change: Change) -> None:
    if change.state != "repaying" and REPAY not in change.timers:
        change.schedule(REPAY, change.now)


def _is_stopped(doc: Document) -> bool:
    """The bank has its money: whatever is asked for there waits for the reversal."""
    return bool(doc["state"] == "charged_back")
