"""Staff's lists of escrows, each the oldest first: payouts due, held money, refused transfers, open disputes.

`staff_lists` of an escrow, {list: sort key}, follows from its other fields: the lifecycle sets it anew with every row
that is taken, in the same write. Pure.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.escrow.plan import next_waiting, struck
from services.escrow.provider.port.instructions import PAYOUTS
from shared.aggregate import Change, Document
from shared.clock import format_time, parse_time

Since = Callable[[Mapping[str, Any]], datetime | None]


def enlist(change: Change) -> None:
    """Put the escrow onto the lists that it is on from now, and take it off the others."""
    found = sort_keys(change.doc, change.id)
    if found != change.get("staff_lists", {}):
        change.set(staff_lists=found or None)


def sort_keys(doc: Mapping[str, Any], escrow_id: str) -> dict[str, str]:
    """{list: sort key} of the lists that an escrow is on; `doc` was read with its journal."""
    since = {name: at for name, of in LISTS.items() if (at := of(doc)) is not None}
    return {name: f"{format_time(at)} {escrow_id}" for name, at in since.items()}


# -- since when an escrow is on a list; None where it is not


def _payout_due(doc: Mapping[str, Any]) -> datetime | None:
    """When its next payout falls due, or was given to the provider, who has not answered yet."""
    instruction = doc.get("instruction") or {}
    if instruction.get("kind") in PAYOUTS:
        given: datetime = instruction["opened_at"]
        return given
    return doc.get("timers", {}).get("payout") if doc["state"] == "probation" else None


def _held_since(doc: Mapping[str, Any]) -> datetime | None:
    """When what is held came, as the journal says: the last entry before which nothing was."""
    held, since = 0, None
    for entry in doc.get("journal", ()):
        before, held = held, held + sum(line["amount"] for line in entry["lines"] if line["account"] == "escrow_held")
        since = entry["at"] if held and not before else since
    return parse_time(since) if held and since else None


def _refused_at(doc: Mapping[str, Any]) -> datetime | None:
    return doc["blocked"]["since"] if "blocked" in doc else None


def _disputed_at(doc: Mapping[str, Any]) -> datetime | None:
    return doc["dispute"]["opened_at"] if "dispute" in doc else None


LISTS: Mapping[str, Since] = {
    "payouts": _payout_due,
    "held": _held_since,
    "refused": _refused_at,
    "disputes": _disputed_at,
}


# -- what a list shows


def listed(name: str, doc: Document) -> dict[str, Any]:
    """An escrow as the list shows it."""
    own = {field: doc[field] for field in ("currency", "insider", "seeker")}
    since = parse_time(doc["staff_lists"][name].partition(" ")[0])
    return {"offer_id": doc["_id"], "status": doc["state"], "since": since, **own, **_MORE[name](doc)}


def _to_move(doc: Document) -> dict[str, Any]:
    """What the open instruction moves, or else the next payout will; fee included."""
    waiting = next_waiting(doc["tranches"])
    next_ = doc["tranches"][waiting]["amount"] if waiting is not None else doc.get("held", 0)
    return {"amount": (doc.get("instruction") or {}).get("amount", next_)}


def _held(doc: Document) -> dict[str, Any]:
    return {"amount": doc.get("held", 0)}


def _refused(doc: Document) -> dict[str, Any]:
    blocked = doc["blocked"]
    what = blocked["what"].partition(":")[0]
    kept = {"amount": doc["set_off"]} if what == "repay" else {}
    if what == "refund" and "instruction" not in doc:
        kept = {"amount": struck(doc["tranches"])}
    return {"what": what, **{name: blocked[name] for name in ("reason", "again_at")}, **_to_move(doc), **kept}


def _disputed(doc: Document) -> dict[str, Any]:
    return {**{name: doc["dispute"][name] for name in ("by", "reason", "expires_at")}, **_held(doc)}


_MORE: Mapping[str, Callable[[Document], dict[str, Any]]] = {
    "payouts": _to_move,
    "held": _held,
    "refused": _refused,
    "disputes": _disputed,
}
