"""What of an escrow a caller sees, what the caller is to it, and how a payout account is shown. Pure."""

from datetime import datetime
from typing import Any

from services.escrow import schemas
from services.escrow.books import SUMS
from services.escrow.seekers import as_read
from services.escrow.store import FOR_STAFF
from shared.aggregate import Document
from shared.fields import null_at_first
from shared.http.declare.principal import Principal

STAFF = ("arbiter", "operator")
_SHOWN = frozenset(schemas.Escrow().fields)
_AT_FIRST = null_at_first(schemas.Escrow())


def roles(doc: Document, principal: Principal) -> frozenset[str]:
    """What the caller is to this escrow; staff who are a party to it are nothing but that."""
    mine = {role for role in ("insider", "seeker") if doc.get(role) == principal.person_id}
    if mine and doc.get("dispute") and doc["dispute"]["by"] in mine:
        mine.add("opener")
    return frozenset(mine) or principal.roles.intersection(STAFF)


def view(doc: Document, of: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The escrow as its parties and staff see it; which arbiter decided is shown to staff alone, what was set off for
    an earlier loss to them and the insider.
    """
    doc = as_read(doc, of)
    shown = {name: value for name, value in doc.items() if name in _SHOWN}
    if "decisions" in doc and not of.intersection(STAFF):
        shown["decisions"] = [{k: v for k, v in each.items() if k != "by"} for each in doc["decisions"]]
    return (
        _AT_FIRST
        | {"decisions": []}
        | shown
        | {
            "offer_id": doc["_id"],
            "status": doc["state"],
            **{name: doc.get(name, 0) for name in (*SUMS, "set_off")},
            "due": due(doc),
            "fund_attempts": doc.get("fund_attempts", 0),
            "created_at": doc["opened_at"],
        }
    )


def due(doc: Document) -> list[dict[str, Any]]:
    """The tranches, each with its day where the hire is known; one whose payout is under way is `paying`."""
    paying = (doc.get("instruction") or {}).get("tranche")
    return [
        {
            "due_on": tranche["due_at"].date().isoformat() if "due_at" in tranche else None,
            "amount": tranche["amount"],
            "status": "paying" if index == paying else tranche["status"],
        }
        for index, tranche in enumerate(doc["tranches"])
    ]


def looked(doc: Document) -> dict[str, Any]:
    """The escrow as staff see it in the reconciliation."""
    why = [name for name, path in FOR_STAFF.items() if path.partition(".")[0] in doc]
    own = {name: doc.get(name) for name in ("flagged", "loss_since", "loss_decision")}
    return view(doc, frozenset(STAFF)) | {"why": why, "loss": doc.get("loss", 0), **own}


def payout_view(doc: Document, now: datetime) -> dict[str, Any]:
    shown = {name: doc.get(name) for name in ("account", "version", "created_at", "updated_at")}
    if now < doc.get("serves_from", now):
        shown |= {name: doc[name] for name in ("serves_from", "until_then") if name in doc}
    return shown
