"""What an escrow does when it changes: small functions on a Change, named in the rows of `lifecycle`.

Each is called when the row is taken (the state is already the new one) and returns, by event type, what an event says
beside the public state. The chargebacks' acts stand in `chargebacks`.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.escrow import plan, waits
from services.escrow.books import close, fee_of, instruct, move
from shared.aggregate import Change, Trigger
from shared.aggregate.erasure import words
from shared.clock import format_time, parse_time
from shared.money import share

Says = Mapping[str, Any]
DISPUTE_REASONS = ("not_hired", "hired_elsewhere", "help_not_given", "hire_not_confirmed", "ended_early", "other")


# -- opened and funded


def open_escrow(change: Change, trigger: Trigger) -> Says:
    """The offer's terms are taken over; the seeker has from now on the whole window to fund it."""
    offer = trigger.data
    change.set(
        **{name: offer[name] for name in ("listing_id", "insider", "seeker", "price", "currency", "fee_bps")},
        parties=[offer["insider"], offer["seeker"]],
        accepted_at=parse_time(offer["accepted_at"]),
        opened_at=change.now,
        position=f"{format_time(change.now)} {change.id}",
        tranches=plan.planned(offer["price"], offer["tranches"]) if offer["price"] else [],
    )
    if not offer["price"]:
        return {}
    change.set(fund_by=change.now + change.terms.fund_within)
    change.schedule("fund", change["fund_by"])
    return {"escrow.opened": {"fund_by": change["fund_by"], "price": offer["price"]}}


def ask_hold(change: Change, trigger: Trigger) -> None:
    begin = trigger.data.get("begin") or None
    change.set(fund_attempts=change.get("fund_attempts", 0) + 1, declined=None, begin=begin)
    instruct(change, "hold", "hold", change["price"], source=trigger.data["source"])


def hold(change: Change, trigger: Trigger) -> Says:
    done = close(change, trigger)
    move(change, done["id"], funded=done["amount"], held=done["amount"])
    change.set(hold_id=done["id"], fund_by=None)
    change.schedule("fund", None)
    return {"escrow.held": {"begin": True} if change.get("begin") else {}}


def decline(change: Change, trigger: Trigger) -> Says:
    close(change, trigger)
    change.set(declined=reason(trigger))
    return {"escrow.declined": {"reason": reason(trigger)}}


def lapse(change: Change, trigger: Trigger) -> None:
    change.set(fund_by=None)
    change.schedule("fund", None)


# -- the hire


def start_probation(change: Change, trigger: Trigger) -> None:
    """The hire is known: its event is remembered as the cause of every payout, and the tranches get their days.

    Day 0 is at once, whatever clock the event's time was read from. Where silence confirmed it, nothing is paid for a
    while, which is the seeker's to dispute it: it begins now, for before that nobody could.
    """
    hire = trigger.data
    confirmed_at = min(parse_time(hire["confirmed_at"]), change.now)
    not_before = change.now + change.terms.silence_payout_after if hire["confirmed_by"] == "silence" else None
    change.set(
        hire_event_id=trigger.id,
        hire_known_at=change.now,
        start_on=hire["start_on"],
        silent_until=not_before,
        tranches=plan.dated(change["tranches"], hire["start_on"], confirmed_at, not_before),
    )
    watch(change)


def end_hire(change: Change, trigger: Trigger) -> None:
    """Strike what is earned after the last day; the seeker has the rest back at once, or in some days if they reported
    it themselves.

    What was due when that was said stays due, whatever day is named, unless the insider says it: it is theirs. The days
    to dispute it begin now, when it is known here.
    """
    on, by_insider = trigger.data["on"], trigger.data["by"] == "insider"
    told_at = None if by_insider else min(trigger.at, change.now)
    change.set(tranches=plan.ended(change["tranches"], change["start_on"], on, told_at), ended_on=on)
    change.set(ended_told_at=told_at)
    wait = change.terms.ended_refund_after if trigger.data["by"] == "seeker" else change.terms.ended_refund_after * 0
    at = change.now + wait
    change.set(refund_at=min(change.get("refund_at", at), at))
    watch(change)


def watch(change: Change) -> None:
    """Set the timers to when the next tranche falls due, and to when what was struck is refunded."""
    index = plan.next_waiting(change["tranches"])
    blocked = change.get("blocked")
    if blocked and blocked["what"] != f"release:{index}":
        blocked = None
    change.set(blocked=blocked or change.get("refund_blocked") or change.get("repay_blocked"))
    due: datetime | None = None if index is None else change["tranches"][index]["due_at"]
    if due:
        due = max(due, change.get("payout_from", due), blocked["again_at"] if blocked else due)
    change.schedule("payout", due)
    change.schedule("refund", change["refund_at"] if plan.struck(change["tranches"]) else None)


# -- paid out


def ask_release(change: Change, trigger: Trigger) -> None:
    """Instruct the next tranche: the fee to the platform, the rest to the insider."""
    index = plan.next_waiting(change["tranches"])
    if index is None:
        raise ValueError(f"{change.id}: no tranche waits")
    change.schedule("payout", None)
    amount = change["tranches"][index]["amount"]
    fee = fee_of(change, amount)
    terms = {"payee": change["insider"], "fee": fee, "tranche": index, "hold_id": change["hold_id"]}
    instruct(change, "release", f"release:{index}", amount, **terms)


def release(change: Change, trigger: Trigger) -> Says:
    done = close(change, trigger)
    amount, fee, set_off = done["amount"], done["fee"], done.get("set_off", 0)
    hire, paid = change["hire_event_id"], amount - fee - set_off
    moved = {"held": -amount, "released": paid, "fees": fee + set_off, "set_off": set_off}
    move(change, done["id"], hire_event_id=hire, **moved)
    change.set(tranches=plan.marked(change["tranches"], "paid", index=done["tranche"]))
    watch(change)
    says = {"tranche": done["tranche"], "amount": paid, "fee": fee, "hire_event_id": hire}
    return {"escrow.released": says | ({"set_off": set_off} if set_off else {})}


def postpone_release(change: Change, trigger: Trigger) -> None:
    """The insider has no history yet: what falls due is paid from then on."""
    close(change, trigger)
    change.set(payout_from=trigger.data.get("until", change.now))
    watch(change)


# -- given back, or shared


def ask_refund(change: Change, trigger: Trigger) -> None:
    """Instruct that all that is held goes back to the seeker."""
    stop_timers(change)
    instruct(change, "refund", "refund", change["held"], hold_id=change["hold_id"])


def ask_refund_of_struck(change: Change, trigger: Trigger) -> None:
    """Instruct that what the end of the hire struck goes back; a tranche that was earned stays held."""
    amount = plan.struck(change["tranches"])
    instruct(change, "refund", "refund", amount, hold_id=change["hold_id"])


def refund(change: Change, trigger: Trigger) -> Says:
    done = close(change, trigger)
    move(change, done["id"], held=-done["amount"], refunded=done["amount"])
    over = ("struck", "waiting") if change["held"] == 0 else ("struck",)
    change.set(tranches=plan.marked(change["tranches"], "refunded", of=over), refund_at=None, refund_blocked=None)
    watch(change)
    return {"escrow.refunded": {"amount": done["amount"]}}


def split(change: Change, trigger: Trigger) -> Says:
    done = close(change, trigger)
    set_off, kept = done.get("set_off", 0), done["fee"] + done.get("set_off", 0)
    sums = {"held": -done["amount"], "fees": kept, "set_off": set_off, "refunded": done["refund"]}
    sums["released"] = done["amount"] - done["refund"] - kept
    move(change, done["id"], hire_event_id=change["hire_event_id"], **sums)
    change.set(tranches=plan.marked(change["tranches"], "split", of=("waiting", "struck")), refund_at=None)
    return {"escrow.split": {"set_off": change["set_off"]} if change.get("set_off") else {}}


# -- disputed


def open_dispute(before: str) -> Any:
    """The act of a dispute about an escrow that was `before`."""

    def act(change: Change, trigger: Trigger) -> Says:
        by = "insider" if trigger.by == change["insider"] else "seeker"
        text = words(change, trigger.data["reason"], "other")
        dispute = {"by": by, "reason": text, "opened_at": change.now, "before": before}
        dispute["expires_at"] = change.now + change.terms.dispute_expiry
        change.set(dispute=dispute, disputed_by=[*change.get("disputed_by", []), by])
        change.schedule("dispute", dispute["expires_at"])
        return {"dispute.opened": {"by": by, "reason": text if text in DISPUTE_REASONS else "other"}}

    return act


def end_dispute(change: Change, trigger: Trigger) -> Says:
    """Withdrawn, expired or returned: nothing moves, and what waited goes on with the time that was left of it."""
    by, since = change["dispute"]["by"], change["dispute"]["opened_at"]
    decide(change, trigger)
    if change.state == "probation":
        waits.resume(change, since)
        watch(change)
    return {"dispute.withdrawn": {"by": by}, "dispute.resolved": {"decision": "return"}}


def decide_refund(change: Change, trigger: Trigger) -> Says:
    decide(change, trigger)
    ask_refund(change, trigger)
    return {"dispute.resolved": {"decision": "refund"}}


def decide_release(change: Change, trigger: Trigger) -> Says:
    """All that is held is for the insider, now: the tranches are brought forward, one payout follows the other."""
    decide(change, trigger)
    change.set(
        tranches=plan.brought_forward(change["tranches"], change.now),
        **dict.fromkeys(("refund_at", "blocked", "refund_blocked", "payout_from", "silent_until")),
        decided=True,
    )
    watch(change)
    ask_release(change, trigger)
    return {"dispute.resolved": {"decision": "release"}}


def decide_split(change: Change, trigger: Trigger) -> Says:
    """`insider_bps` of what is held are for the insider, less the fee; the rest is for the seeker."""
    decide(change, trigger)
    stop_timers(change)
    gross = share(change["held"], trigger.data["insider_bps"])
    fee, back = fee_of(change, gross), change["held"] - gross
    terms = {"payee": change["insider"], "fee": fee, "refund": back, "hold_id": change["hold_id"]}
    instruct(change, "split", "split", change["held"], **terms)
    return {"dispute.resolved": {"decision": "split"}}


def decide(change: Change, trigger: Trigger) -> None:
    """The dispute is over; an arbiter's decision is recorded with its reason and who made it."""
    if trigger.kind == "command" and "decision" in trigger.data:
        decision = {"decision": trigger.data["decision"], "reason": words(change, trigger.data["reason"])}
        change.push("decisions", decision | {"by": trigger.by, "at": change.now})
    change.set(dispute=None)
    change.schedule("dispute", None)


def confirm_in_dispute(change: Change, trigger: Trigger) -> None:
    """The hire is confirmed while the money waits: from now on it is a probation that is disputed."""
    change.set(dispute={**change["dispute"], "before": "probation"})
    start_probation(change, trigger)


# -- what several of these share


def stop_timers(change: Change) -> None:
    change.set(blocked=None, refund_blocked=None)
    for name in ("fund", "payout", "refund", "dispute"):
        change.schedule(name, None)


def reason(trigger: Trigger) -> str:
    """The provider's reason as an event may carry it."""
    text = str(trigger.data.get("reason") or "")
    return text if re.fullmatch(r"[a-z][a-z0-9_]{0,39}", text) else "refused"
