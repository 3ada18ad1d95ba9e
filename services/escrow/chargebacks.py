"""Chargebacks: the seeker's bank takes money back through the provider, and may give it back.

The provider tells both by webhook, and a webhook can be late. So each notice says how much of it was still held, and
is taken only when that is what the books here say too; one that comes after later payouts waits for its reversal,
and then both are forgotten, for together they moved nothing. While a claim is open the provider refuses all else.
"""

from collections.abc import Mapping
from typing import Any

from services.escrow.acts import Says, start_probation, watch
from services.escrow.books import move
from services.escrow.losses import forget_loss, open_loss
from services.escrow.refusals import instruct_again
from services.escrow.waits import resume, resume_dispute
from shared.aggregate import Change, Condition, Trigger, try_task

OPENED, REVERSED = "chargeback.opened", "chargeback.reversed"


# -- conditions


def fits(change: Change, trigger: Trigger) -> bool:
    """Whether what was still held at the provider is what is held here."""
    return bool(trigger.data["from_held"] == change.get("held", 0))


def _is_blocked(change: Change) -> bool:
    return bool(change.get("blocked", {}).get("what") == change["instruction"]["what"])


def _parked(change: Change, name: str, chargeback_id: str) -> Mapping[str, Any] | None:
    return next((p for p in change.parked if p["name"] == name and p["data"]["chargeback_id"] == chargeback_id), None)


def _is_over_already(change: Change, trigger: Trigger) -> bool:
    return not fits(change, trigger) and _parked(change, REVERSED, trigger.data["chargeback_id"]) is not None


def _was_never_taken(change: Change, trigger: Trigger) -> bool:
    opening = _parked(change, OPENED, trigger.data["chargeback_id"])
    return opening is not None and opening["data"]["from_held"] != change.get("held", 0)


def _is_open_here(change: Change, trigger: Trigger) -> bool:
    return bool(change["chargeback"]["id"] == trigger.data["chargeback_id"])


FITS = Condition("what was held at the provider is what is held here", fits)
FITS_BLOCKED = Condition(
    "the provider refused the instruction, and what was held there is what is held here",
    lambda change, trigger: _is_blocked(change) and fits(change, trigger),
)
OVER_ALREADY = Condition("it is reversed already, and later payouts came between", _is_over_already)
NEVER_TAKEN = Condition("its opening still waits, later payouts came between", _was_never_taken)


def _was_held(change: Change, trigger: Trigger) -> bool:
    before = change["chargeback"]["before"]
    return bool(before == "held" or (before == "disputed" and change["dispute"]["before"] == "held"))


def reversed_to(before: str) -> Condition:
    return Condition(
        f"it is the open one, and this was {before} before",
        lambda change, trigger: _is_open_here(change, trigger) and change["chargeback"]["before"] == before,
    )


REVERSED_TO_HELD = Condition(
    "it is the open one, and this was held before, or disputed while the hire was not known",
    lambda change, trigger: _is_open_here(change, trigger) and _was_held(change, trigger),
)
FROM_HELD = Condition("the hire was not known before", _was_held)


# -- acts


def charge_back(before: str) -> Any:
    """The act of a chargeback on what was `before`: what was held is gone, the rest is the platform's loss."""

    def act(change: Change, trigger: Trigger) -> Says:
        claim, taken = trigger.data, trigger.data["from_held"]
        lost = claim["amount"] - taken
        move(change, f"{claim['chargeback_id']}:opened", held=-taken, charged_back=taken, loss=lost)
        opened = {"id": claim["chargeback_id"], "amount": claim["amount"], "from_held": taken, "before": before}
        change.set(chargeback=opened | {"opened_at": change.now})
        if lost:
            open_loss(change)
        try_task(change, None)
        return {"escrow.charged_back": {"before": before}}

    return act


def give_back(change: Change, trigger: Trigger) -> None:
    """All of it is undone; an instruction that waited is carried out now, other waits have the time that was left."""
    claim = change["chargeback"]
    taken = claim["from_held"]
    lost = claim["amount"] - taken
    move(change, f"{claim['id']}:reversed", held=taken, charged_back=-taken, loss=-lost)
    change.set(chargeback=None)
    if lost:
        forget_loss(change)
    if change.get("instruction"):
        try_task(change, change.now)
    if change.state == "disputed":
        resume_dispute(change, claim["opened_at"])
    elif change.state == "probation":
        resume(change, claim["opened_at"])
        watch(change)
    elif change.state == "refunding" and change.get("hire_known_at"):
        resume(change, claim["opened_at"])  # for when it is refused
        change.set(instruction={**change["instruction"], "waits_since": change.now})


def give_back_to_held(change: Change, trigger: Trigger) -> None:
    """Who charged back before a hire wants the money back; so do they get it, and a dispute has no object any more.

    By a timer, which as each deadline waits until all that the topics hold is read: a hire that was confirmed meanwhile
    may be among it.
    """
    give_back(change, trigger)
    change.set(dispute=None)
    change.schedule("dispute", None)
    change.schedule("refund", change.now)


def forget_reversal(change: Change, trigger: Trigger) -> None:
    _forget(change, REVERSED, trigger)


def forget_opening(change: Change, trigger: Trigger) -> None:
    _forget(change, OPENED, trigger)


def _forget(change: Change, name: str, trigger: Trigger) -> None:
    waiting = _parked(change, name, trigger.data["chargeback_id"])
    if waiting is not None:
        change.park([parked for parked in change.parked if parked["id"] != waiting["id"]])
        change.apply(waiting["id"])


def confirm_in_chargeback(change: Change, trigger: Trigger) -> None:
    """The hire is confirmed while the bank has the money: should it come back, it is for the insider."""
    claim = change["chargeback"]
    if claim["before"] == "held":
        change.set(chargeback={**claim, "before": "probation"})
    else:
        change.set(dispute={**change["dispute"], "before": "probation"})
    start_probation(change, trigger)


def renew_for_later(change: Change, trigger: Trigger) -> None:
    """A refund or split that was on its way when the claim was opened was refused; a new one waits for the reversal."""
    instruct_again(change, trigger)
    try_task(change, None)
