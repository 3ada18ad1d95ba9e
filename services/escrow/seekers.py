"""An escrow as its seeker reads it: what was set off against an earlier loss of the insider's was paid to them.

That the insider owes something, that they were kept from a payout by it or got it back is theirs alone to know, and
staff's; what the seeker reads adds up all the same, in every answer and event (`shared.events.seekers`). Pure.
"""

from collections.abc import Mapping
from typing import Any

from services.escrow import journal
from services.escrow.clearance import OPEN_LOSS
from services.escrow.repaying import REPAY
from shared.aggregate import Document
from shared.aggregate.history import Happened
from shared.events.seekers import as_the_seeker_reads

_UNSAID = "refused"
"""Instead of the reason that the insider has an open loss."""

_OF_REPAYING = (f"timer:{REPAY}", "repay.dropped", "escrow.set_off_returned")


def as_read(doc: Document, of: frozenset[str]) -> Document:
    """The escrow as a caller of these roles reads it."""
    return _as_the_seeker_reads(doc) if "seeker" in of else doc


def happened_to(found: list[Happened], of: frozenset[str]) -> list[Happened]:
    """What happened, as a caller of these roles reads it."""
    if "seeker" not in of:
        return found
    shown = [each for each in found if each.what not in _OF_REPAYING and not _is_refused_repay(each)]
    return [Happened(each.what, each.at, each.status, each.by, _said(each.data)) for each in shown]


def _as_the_seeker_reads(doc: Document) -> Document:
    read = dict(doc)
    if kept := doc.get("set_off"):
        read |= {"released": doc["released"] + kept, "fees": doc["fees"] - kept, "set_off": 0}
    if "journal" in doc:
        read["journal"] = journal.seekers(doc["journal"])
    if doc["state"] == "repaying":
        read["state"] = read.pop("instruction")["before"]
    if REPAY in doc.get("timers", {}):
        read["timers"] = {name: at for name, at in doc["timers"].items() if name != REPAY}
    if blocked := doc.get("blocked"):
        read["blocked"] = None if blocked["what"] == REPAY else _said(blocked)
    return read


def _said(data: Mapping[str, Any]) -> Mapping[str, Any]:
    read = as_the_seeker_reads(data)
    return {**read, "reason": _UNSAID} if read.get("reason") == OPEN_LOSS else read


def _is_refused_repay(each: Happened) -> bool:
    """A payout's refusal names its tranche, a split's comes while it is `splitting`."""
    return each.what == "escrow.release_refused" and "tranche" not in each.data and each.status != "splitting"
