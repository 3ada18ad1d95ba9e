"""The money of an escrow: its sums, its journal and its instructions. Every movement goes through `move`.

An instruction is the escrow's open task: it is carried out by the payment provider.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.escrow import journal
from services.escrow.waits import pass_over
from shared.aggregate import LONGEST_PAUSE, Change, Trigger, close_task, open_task
from shared.money import breakdown
from shared.settings import Terms

SUMS = ("funded", "held", "released", "fees", "refunded", "charged_back")

# The sum that an account's balance is (see `journal`); money from the seeker lowers `seeker_funds` and raises `funded`.
_ACCOUNT_OF = {
    "held": "escrow_held",
    "released": "insider_paid",
    "refunded": "seeker_refunds",
    "charged_back": "chargebacks",
}
# `fees` is all that the platform got: the fee itself, and what it kept of a payout for an earlier loss.
_FEES = ("platform_fees", "losses_set_off")


class BrokenBooks(Exception):
    """A movement after which the sums would be wrong; nothing of it is stored."""


def move(
    change: Change, reference: str, *, loss: int = 0, set_off: int = 0, hire_event_id: str | None = None, **moved: int
) -> None:
    """Add to the sums what moved, and write the entry that says so. `loss`: what the platform lost (or got back).
    `set_off`: what of the fees was kept for an earlier loss of the insider's.

    Raises BrokenBooks unless funded = held + released + fees + refunded + charged_back and none is negative.
    """
    sums = {name: change.get(name, 0) + moved.get(name, 0) for name in SUMS}
    total_loss = change.get("loss", 0) + loss
    if sums["funded"] != sum(sums.values()) - sums["funded"] or min(*sums.values(), total_loss) < 0:
        raise BrokenBooks(f"{change.id}: {reference} would leave {sums} and a loss of {total_loss}")
    change.set(**sums, loss=total_loss)
    if set_off:
        change.set(set_off=change.get("set_off", 0) + set_off)
    lines = {"seeker_funds": -moved.get("funded", 0), "chargeback_loss": loss, "platform_cash": -loss}
    lines |= {account: moved.get(name, 0) for name, account in _ACCOUNT_OF.items()}
    lines |= {"platform_fees": moved.get("fees", 0) - set_off, "losses_set_off": set_off}
    entries = change.get("journal", [])
    change.push("journal", journal.next_entry(entries, reference, change.now, lines, hire_event_id))


def instruct(change: Change, kind: str, what: str, amount: int, **terms: Any) -> None:
    """Open an instruction to the provider; `what` it is for numbers it, one number for each that is closed."""
    if amount <= 0:
        raise BrokenBooks(f"{change.id}: nothing is instructed for {amount}")
    number = change.get("closed", {}).get(what, 0) + 1
    terms |= {"what": what, "amount": amount, "currency": change["currency"], "opened_at": change.now}
    open_task(change, f"{change.id}:{what}:{number}", kind, change.now, **terms)


def latest_try(escrow: Mapping[str, Any], terms: Terms, now: datetime) -> datetime:
    """When an open instruction is tried at the latest: what was refused waits for its day, the rest a minute."""
    again: datetime = (escrow.get("blocked") or {}).get("again_at", now)
    return max(now + LONGEST_PAUSE, min(again, now + terms.retry_refused))


def fee_of(change: Change, amount: int) -> int:
    """The platform's fee on a release of `amount`, which is the next part of what the insider earns.

    The fee is one of the whole: what is owed on all that was released until then and on this, less what was taken. So
    the parts sum up to the fee of their sum, whatever the tranches; the last takes the rounding.
    """
    kept = int(change.get("fees", 0))
    earned = int(change.get("released", 0)) + kept + amount
    return max(breakdown(earned, change["fee_bps"]).fee - (kept - int(change.get("set_off", 0))), 0)


def net(instruction: Mapping[str, Any]) -> int:
    """What a payout brings the insider, before anything is set off."""
    return int(instruction["amount"] - instruction["fee"] - instruction.get("refund", 0))


def close(change: Change, outcome: Trigger) -> Mapping[str, Any]:
    """Close the open instruction, its outcome is known; returns what it was. Raises BrokenBooks for another amount."""
    instruction: Mapping[str, Any] = change["instruction"]
    if outcome.name.endswith(".succeeded") and outcome.data["amount"] != instruction["amount"]:
        raise BrokenBooks(f"{instruction['id']}: the provider moved {outcome.data['amount']}")
    closed = change.get("closed", {})
    change.set(closed={**closed, instruction["what"]: closed.get(instruction["what"], 0) + 1})
    close_task(change)
    if change.state == "probation":
        pass_over(change, instruction.get("waits_since", instruction["opened_at"]))
    if change.get("blocked", {}).get("what") == instruction["what"]:
        change.set(blocked=None)
    return instruction


def balanced(doc: Mapping[str, Any]) -> bool:
    """Whether the sums add up, none is negative, and each is what the journal's accounts say."""
    sums = {name: doc.get(name, 0) for name in SUMS}
    accounts = journal.balances(doc.get("journal", []))
    by_journal = {name: accounts.get(account, 0) for name, account in _ACCOUNT_OF.items()}
    by_journal |= {"funded": -accounts.get("seeker_funds", 0), "fees": sum(accounts.get(name, 0) for name in _FEES)}
    loss: int = doc.get("loss", 0)
    whole = sums["funded"] == sum(sums.values()) - sums["funded"] and min(*sums.values(), loss) >= 0
    whole = whole and doc.get("set_off", 0) == accounts.get("losses_set_off", 0)
    return whole and sums == by_journal and loss == accounts.get("chargeback_loss", 0)


def public(change: Change) -> dict[str, Any]:
    """What every escrow.* and dispute.* event carries."""
    entries = change.get("journal", [])
    return {
        "offer_id": change.id,
        **({"listing_id": change["listing_id"]} if change.get("listing_id") else {}),
        "insider": change["insider"],
        "seeker": change["seeker"],
        "status": change.state,
        "currency": change["currency"],
        **{name: change.get(name, 0) for name in SUMS},
        "journal_hash": entries[-1]["hash"] if entries else None,
        "journal_seq": len(entries),
        **_of_set_off(change, entries),
    }


def _of_set_off(change: Change, entries: Sequence[journal.Entry]) -> dict[str, Any]:
    """What is kept for earlier losses, and the end of the journal that the seeker is shown, where that is another."""
    kept, shown = change.get("set_off", 0), journal.seekers(entries)
    said: dict[str, Any] = {"set_off_total": kept} if kept else {}
    if shown != entries:
        said |= {"seekers_journal_hash": shown[-1]["hash"], "seekers_journal_seq": len(shown)}
    return said
