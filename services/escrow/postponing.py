"""The acts of a later first day of work: the insider proposes it, the seeker agrees, the payouts to come follow. Pure.

What is due, blocked or paid stays as it is.
"""

from services.escrow import plan
from services.escrow.acts import Says, watch
from shared.aggregate import Change, Trigger


def propose(change: Change, trigger: Trigger) -> Says:
    """A proposal that was not answered gives way to the new one."""
    number = change.get("postponement", {}).get("number", 0) + 1
    day = trigger.data["start_on"]
    change.set(postponement={"start_on": day, "at": change.now, "number": number})
    return {"escrow.postpone_proposed": {"start_on": day}}


def agree(change: Change, trigger: Trigger) -> Says:
    day = trigger.data["start_on"]
    change.set(start_on=day, tranches=plan.postponed(change["tranches"], day, change.now))
    watch(change)
    return _answer(change, trigger, "escrow.postponed")


def decline(change: Change, trigger: Trigger) -> Says:
    return _answer(change, trigger, "escrow.postpone_declined")


def _answer(change: Change, trigger: Trigger, event: str) -> Says:
    change.set(postponement={**change["postponement"], "answer": trigger.data["answer"]})
    return {event: {"start_on": trigger.data["start_on"]}}
