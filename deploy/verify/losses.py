"""Losses, which span a person's escrows: what was kept of their payouts for one is owed, or on its way back (I13)."""

from collections import defaultdict

from deploy.verify.snapshot import Snapshot
from deploy.verify.tally import Tally
from services.escrow.losses import Debt, debt_id
from services.escrow.repaying import LOOK, REPAY
from shared.aggregate import Document

_REVERSED = "escrow.chargeback_reversed"


def owed(seen: Snapshot, tally: Tally) -> None:
    """Of each insider and currency: what is set off is at most what staff decided is theirs to make good. What is more
    is on its way back: its timer is set or its instruction open, or it waits, as the bank has that escrow's money.
    """
    theirs: dict[tuple[str, str], dict[str, Document]] = defaultdict(dict)
    for offer_id, doc in seen.of_people("escrow", "escrow", "insider", seen.insiders).items():
        with tally.reading(f"escrow {offer_id}"):
            theirs[doc["insider"], doc.get("currency", "")][offer_id] = doc
    for (person, currency), escrows in theirs.items():
        subject = f"insider {person}"
        with tally.reading(subject):
            debt = seen.by_id["escrow"].get(debt_id(person), {})
            too_much = -Debt(escrows, {}).left
            if too_much > 0 and (seen.young(debt, *escrows.values()) or _is_to_be_looked_at(debt, escrows)):
                tally.leave()
                continue
            waits = sum(doc.get("set_off", 0) for doc in escrows.values() if _waits(doc))
            message = f"{too_much} {currency} is kept for a loss that is none any more, and {waits} is to go back"
            tally.check(too_much <= waits, subject, message)


def _is_to_be_looked_at(debt: Document, escrows: dict[str, Document]) -> bool:
    events = (event for doc in escrows.values() for event in doc.get("events", ()))
    unread = any(each["type"] == _REVERSED and each["id"] not in debt.get("applied", ()) for each in events)
    return unread or LOOK in debt.get("timers", {})


def _waits(doc: Document) -> bool:
    return bool(doc.get("instruction") or REPAY in doc.get("timers", {}) or doc["state"] == "charged_back")
