"""What escrow keeps of a person who asked to be forgotten: what was written in a dispute, why it was decided so, and
the account they are paid to.

The sums, the journal and who was paid what stay as they are, under pseudonyms: they are the books. No money moves here.
What is still owed to them goes to the account that the provider knows of them; in its own books that of each payout
stays with it.
"""

from services.escrow import payouts
from services.escrow.lifecycle import ESCROW
from services.escrow.payouts import payout_id
from shared.aggregate import Change, Store
from shared.aggregate.erasure import KIND, MOST, WHAT_IS_LEFT, erase_each, is_left, without_fingerprints

_OTHER = "other"


class Erasing:
    """Passes over what is stored of a person."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def one_pass(self, person: str) -> int:
        erased = self._store.run({payout_id(person): payouts.KIND}, lambda changes: forget(*changes.values()))
        theirs = self._store.find({"parties": person}, WHAT_IS_LEFT)
        found = [doc["_id"] for doc in theirs if is_left(doc, person)][:MOST]
        return erased + erase_each(found, lambda escrow_id: self._erase(escrow_id, person))

    def _erase(self, escrow_id: str, person: str) -> None:
        self._store.run({escrow_id: ESCROW}, lambda changes: erase(changes[escrow_id], person))


def erase(change: Change, person: str) -> None:
    """The words go, of both: they wrote about each other. What was decided, when and by which arbiter stays."""
    if change.get("dispute"):
        change.set(dispute={**change["dispute"], "reason": _OTHER})
    if change.get("decisions"):
        change.set(decisions=[{**each, "reason": KIND} for each in change["decisions"]])
    if change.get("loss_decision"):
        change.set(loss_decision={**change["loss_decision"], "reason": KIND})
    without_fingerprints(change, person)
    change.set(erased_at=change.now)


def forget(payout: Change) -> int:
    """Where they are paid; how many documents that was, 0 or 1."""
    if not payouts.is_there(payout.doc):
        return 0
    payouts.clear(payout)
    return 1
