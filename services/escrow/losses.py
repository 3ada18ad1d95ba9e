"""Losses: what a chargeback took after it was paid out, which staff decide about, and what is set off for it.

While a loss is open nobody who had a part in that escrow is paid. Staff decide: it is the platform's (`write_off`), or
it is the insider's (`set_off`): then later payouts to them are kept, in whole or in part, until it is made good. A loss
that the bank gives back is none any more. A document `debt:<person>` serves as the lock under which what is set off
is reserved: {pending: {offer_id: {instruction_id, amount}}}, written before the payout goes out.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.escrow.books import net
from shared.aggregate import Change, Document, Store, Trigger
from shared.aggregate.erasure import words

KIND = "debt"
DECISIONS = ("write_off", "set_off")
_SUMS = {"loss": 1, "loss_decision": 1, "set_off": 1, "instruction": 1}


def debt_id(person: str) -> str:
    return f"{KIND}:{person}"


# -- acts


def open_loss(change: Change) -> None:
    """A chargeback took what was paid out already: staff are to decide."""
    change.set(loss_since=change.now, loss_decision=None)


def forget_loss(change: Change) -> None:
    """The bank gave it back."""
    change.set(loss_since=None, loss_decision=None)


def decide_loss(change: Change, trigger: Trigger) -> None:
    """Whose it is, recorded with the reason and who decided."""
    decision = {"decision": trigger.data["decision"], "reason": words(change, trigger.data["reason"])}
    change.set(loss_since=None, loss_decision=decision | {"by": trigger.by, "at": change.now})


# -- what stands in several escrows


class Losses:
    """What is known of a person's losses, over all their escrows. Raises pymongo's errors."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def is_open(self, person: str) -> bool:
        """Whether a loss waits to be decided in an escrow that this person had a part in."""
        query = {"parties": person, "loss_since": {"$exists": True}}
        return self._store.collection.find_one(query, {"_id": 1}) is not None

    def has_history(self, person: str, before: datetime) -> bool:
        """Whether the person was paid by an escrow that ended before then, and no loss came of it."""
        query: dict[str, Any] = {"parties": person, "insider": person, "state": {"$in": ["settled", "split"]}}
        query |= {"updated_at": {"$lte": before}, "loss": {"$in": [0, None]}}
        return self._store.collection.find_one(query, {"_id": 1}) is not None

    def reserve(self, person: str, document: Document) -> int:
        """What of the payout that this escrow has open is set off: reserved by compare-and-set, the same when asked
        again. In minor units.
        """
        offer_id, instruction = document["_id"], document["instruction"]
        if not self._owed(person, document["currency"]):
            return 0

        def decide(changes: dict[str, Change]) -> int:
            change = changes[debt_id(person)]
            escrows = self._of(person, document["currency"])
            pending: Mapping[str, Any] = change.get("pending", {})
            kept = {key: each for key, each in pending.items() if _is_open(escrows.get(key), each)}
            mine = kept.pop(offer_id, None)
            made_good = sum(each.get("set_off", 0) for each in escrows.values())
            left = _owed(escrows) - made_good - sum(each["amount"] for each in kept.values())
            amount = mine["amount"] if mine else max(0, min(net(instruction), left))
            kept[offer_id] = {"instruction_id": instruction["id"], "amount": amount}
            change.set(owner=person, pending=kept)
            return int(amount)

        return self._store.run({debt_id(person): KIND}, decide)

    # -- inside

    def _owed(self, person: str, currency: str) -> int:
        return _owed(self._of(person, currency))

    def _of(self, person: str, currency: str) -> dict[str, Document]:
        """Their escrows as the insider, in one currency: debts in another are not set off."""
        query = {"parties": person, "insider": person, "currency": currency}
        return {doc["_id"]: doc for doc in self._store.collection.find(query, _SUMS)}


def _owed(escrows: Mapping[str, Document]) -> int:
    """What staff decided is the insider's to make good."""
    ours = (doc for doc in escrows.values() if (doc.get("loss_decision") or {}).get("decision") == "set_off")
    return sum(int(doc.get("loss", 0)) for doc in ours)


def _is_open(escrow: Document | None, pending: Mapping[str, Any]) -> bool:
    """Whether the payout is still under way: once it is over, the escrow's own sum says what was set off."""
    instruction = (escrow or {}).get("instruction") or {}
    return bool(instruction.get("id") == pending["instruction_id"])
