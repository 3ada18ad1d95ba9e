"""The journal of one escrow: double entry, each entry chained to the one before by its hash. Pure, no I/O.

An entry says where money went: the amounts of its lines (minor units of the escrow's currency) go into an account where
they are positive and out of it where they are negative, so each entry sums to 0. What lies in an account is the sum of
its lines, and the escrow's own sums are these balances:

    seeker_funds    - funded          escrow_held      held            insider_paid    released
    seeker_refunds  refunded          chargebacks      charged_back
    platform_fees, losses_set_off     together fees: the fee itself, and what the platform kept of a payout for an
                                      earlier loss of the insider's
    chargeback_loss, platform_cash    what a chargeback took beyond what was held, and whose cash it took
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.clock import format_time

Entry = dict[str, Any]

ACCOUNTS = (
    "seeker_funds", "escrow_held", "insider_paid", "platform_fees", "seeker_refunds", "chargebacks",
    "chargeback_loss", "platform_cash", "losses_set_off",
)  # fmt: skip
GENESIS = "0" * 64
"""The `previous` of the first entry."""

_HASHED = ("seq", "reference", "at", "lines", "previous", "hire_event_id")
_EXACT = 2**53  # RFC 8785 writes numbers as IEEE doubles do; below this an integer is exact


def canonical(value: Any) -> str:
    """RFC 8785 (JCS) of a value made of str, int (below 2**53 either way), list and dict with str keys.

    Anything else, floats, booleans and None included, raises TypeError; text that UTF-8 cannot say, UnicodeEncodeError.
    """
    if type(value) is str:
        return json.dumps(value.encode().decode(), ensure_ascii=False)
    if type(value) is int and abs(value) < _EXACT:
        return str(value)
    if type(value) is list:
        return f"[{','.join(map(canonical, value))}]"
    if type(value) is dict and all(type(name) is str for name in value):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    raise TypeError(f"{type(value).__name__} has no canonical form here")


def digest(entry: Mapping[str, Any]) -> str:
    """The hash an entry must carry: SHA-256, in hex, of the canonical form of all its other fields."""
    return hashlib.sha256(canonical({name: entry[name] for name in _HASHED if name in entry}).encode()).hexdigest()


def next_entry(
    journal: Sequence[Entry], reference: str, at: datetime, lines: Mapping[str, int], hire_event_id: str | None = None
) -> Entry:
    """The entry that follows; lines of 0 are left out.

    Raises ValueError where the lines do not sum to 0, an account is unknown or the reference was used before.
    """
    if any(entry["reference"] == reference for entry in journal):
        raise ValueError(f"the journal has an entry {reference} already")
    if sum(lines.values()) != 0 or not set(lines) <= set(ACCOUNTS) or not any(lines.values()):
        raise ValueError(f"the lines of {reference} are no entry: {dict(lines)}")
    said: Entry = {"reference": reference, "at": format_time(at), "lines": _lines(lines)}
    if hire_event_id is not None:
        said["hire_event_id"] = hire_event_id
    return _linked(journal, said)


def seekers(journal: Sequence[Entry]) -> Sequence[Entry]:
    """The journal as the seeker is shown it: what was set off for an earlier loss of the insider's was paid to them.

    From the first such entry on it is a chain of its own; an entry that moved nothing else is none there.
    """
    begins = next((number for number, entry in enumerate(journal) if _kept(entry)), len(journal))
    shown = list(journal[:begins])
    for entry in journal[begins:]:
        lines = {line["account"]: line["amount"] for line in entry["lines"]}
        if kept := lines.pop("losses_set_off", 0):
            lines = {"escrow_held": 0, "insider_paid": 0} | lines  # in the order of every other payout's
            lines["insider_paid"] += kept
        if written := _lines(lines):
            shown.append(_linked(shown, entry | {"lines": written}))
    return shown


def _kept(entry: Entry) -> bool:
    return any(line["account"] == "losses_set_off" for line in entry["lines"])


def _lines(lines: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"account": account, "amount": amount} for account, amount in lines.items() if amount]


def _linked(journal: Sequence[Entry], said: Mapping[str, Any]) -> Entry:
    entry: Entry = {"seq": len(journal) + 1, **{name: said[name] for name in ("reference", "at", "lines")}}
    entry["previous"] = journal[-1]["hash"] if journal else GENESIS
    if "hire_event_id" in said:
        entry["hire_event_id"] = said["hire_event_id"]
    return entry | {"hash": digest(entry)}


def balances(journal: Sequence[Entry]) -> dict[str, int]:
    """What lies in each account that was used."""
    sums: dict[str, int] = {}
    for entry in journal:
        for line in entry["lines"]:
            sums[line["account"]] = sums.get(line["account"], 0) + line["amount"]
    return sums


def faults(journal: Sequence[Entry]) -> list[str]:
    """What is wrong with a journal, recomputed from its first entry: nothing, where it is as it was written."""
    found, previous, references = [], GENESIS, set()
    for number, entry in enumerate(journal, start=1):
        if entry["seq"] != number:
            found.append(f"entry {number} says it is {entry['seq']}")
        if entry["previous"] != previous:
            found.append(f"entry {number} does not follow the one before it")
        if sum(line["amount"] for line in entry["lines"]) != 0:
            found.append(f"entry {number} does not sum to 0")
        if entry["hash"] != digest(entry):
            found.append(f"entry {number} is not what its hash says")
        if entry["reference"] in references:
            found.append(f"entry {number} repeats the reference {entry['reference']}")
        references.add(entry["reference"])
        previous = entry["hash"]
    return found
