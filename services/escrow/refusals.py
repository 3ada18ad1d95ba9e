"""What an escrow does when the provider refuses a payout, a refund or a split: a new instruction follows.

What is refused stands in `blocked`. Two that may be refused beside a payout stand in a field of their own as well: in
`refund_blocked` what was struck and cannot go back while something earned is still to be paid, in `repay_blocked` what
was set off and cannot be given back.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.escrow import plan
from services.escrow.acts import Says, reason, watch
from services.escrow.books import close, instruct
from shared.aggregate import Change, Trigger, try_task

TOLD_AGAIN = timedelta(days=7)
"""A transfer that is refused daily for the same reason is told to people at first, and then once in so long."""


def block_release(change: Change, trigger: Trigger) -> Says:
    """The payout was refused: a new instruction for the same tranche after a while."""
    refused, says = refuse(change, trigger)
    watch(change)
    return {"escrow.release_refused": {**says, "tranche": refused["tranche"]}}


def block_refund(change: Change, trigger: Trigger) -> Says:
    """What the end of the hire struck cannot go back yet: what was earned before is paid meanwhile, or disputed."""
    payout = change.get("blocked")
    _, says = refuse(change, trigger)
    change.set(refund_blocked=change["blocked"], refund_at=change["blocked"]["again_at"], blocked=payout)
    watch(change)
    return {"escrow.refund_refused": says}


def block_repay(change: Change, trigger: Trigger) -> Says:
    """What was set off cannot be given back yet: again after a while, whatever is refused beside it."""
    payout = change.get("blocked")
    _, says = refuse(change, trigger)
    refused = change["blocked"]
    keeps = payout and payout["what"] != refused["what"]
    change.set(repay_blocked=refused, blocked=payout if keeps else refused)
    change.schedule("repay", refused["again_at"])
    return {"escrow.release_refused": says}


def renew(change: Change, trigger: Trigger) -> Says:
    """A refund was refused: the same again as a new instruction, after a while."""
    says = instruct_again(change, trigger)
    try_task(change, change["blocked"]["again_at"])
    return {"escrow.refund_refused": says}


def share_apart(change: Change, trigger: Trigger) -> Says:
    """A decided split was refused, for one of the two cannot be given theirs: from now on each is given it alone.

    What is the seeker's goes back as if the end of the hire had struck it, the rest is paid out; whichever is refused
    again holds up the other no more.
    """
    asked, says = refuse(change, trigger)
    tranches = plan.shared(change["tranches"], asked["amount"] - asked["refund"], change.now)
    index = plan.next_waiting(tranches)
    payout = None if index is None else {**change["blocked"], "what": f"release:{index}"}
    gone = dict.fromkeys(("refund_blocked", "payout_from", "silent_until"))
    change.set(tranches=tranches, refund_at=change.now, decided=True, blocked=payout, **gone)
    watch(change)
    return {"escrow.release_refused": says}


def instruct_again(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    """The open instruction was refused: the same as a new one. Returns what is said of it."""
    refused, says = refuse(change, trigger)
    change.set(refund_blocked=None)
    terms = {k: v for k, v in refused.items() if k in ("payee", "fee", "refund", "hold_id")}
    instruct(change, refused["kind"], refused["what"], refused["amount"], **terms)
    return says


def refuse(change: Change, trigger: Trigger) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Close the open instruction, which was refused, and block what it was for; returns it, and what is said of it.

    `repeated`: for the same reason as before, of which people were told not long ago.
    """
    what, why = change["instruction"]["what"], reason(trigger)
    known = [change.get(name) or {} for name in ("blocked", "refund_blocked", "repay_blocked")]
    before = next((each for each in known if (each.get("what"), each.get("reason")) == (what, why)), None)
    told_at = (before or {}).get("told_at", change.now - TOLD_AGAIN)
    repeated = change.now < told_at + TOLD_AGAIN
    refused = close(change, trigger)
    blocked = {"what": what, "reason": why, "since": before["since"] if before else change.now}
    blocked["again_at"] = change.now + change.terms.retry_refused
    change.set(blocked=blocked | {"told_at": told_at if repeated else change.now})
    return refused, {"reason": why} | ({"repeated": True} if repeated else {})
