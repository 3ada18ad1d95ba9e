"""Losses: what a chargeback took after it was paid out, which staff decide about, and what is set off for it.

While a loss is open nobody who had a part in that escrow is paid. Staff decide: it is the platform's (`write_off`), or
it is the insider's (`set_off`): then later payouts to them are kept, in whole or in part, until what they were paid is
made good; the fee in it is the platform's. A loss that the bank gives back is none any more, and what was kept beyond
what is still owed goes back to them (`repaying`). A document `debt:<person>` serves as the lock under which both are
reserved: {pending: {offer_id: {instruction_id, amount}}}, written before the instruction goes out; the amount of one
that gives back is negative.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.escrow.books import net
from shared.aggregate import Change, Document, Store, Trigger
from shared.aggregate.erasure import words

KIND = "debt"
DECISIONS = ("write_off", "set_off")
_SUMS = {"state": 1, "currency": 1, "loss": 1, "released": 1, "loss_decision": 1, "set_off": 1, "instruction": 1}
_STANDING = {"parties": 1, "insider": 1, "currency": 1, "loss_since": 1}


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


@dataclass
class Standing:
    """Of some people: who had a part in an open loss, and who owes in which currency, by decision of staff."""

    open: set[str] = field(default_factory=set)
    owing: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Debt:
    """What a person owes in one currency, by their escrows as the insider and what is reserved. In minor units."""

    escrows: Mapping[str, Document]
    pending: Mapping[str, Mapping[str, Any]]

    @property
    def left(self) -> int:
        """What is still to be kept of payouts; negative where too much was kept. What is on its way back is back."""
        owed = sum(_owed(doc) for doc in self.escrows.values() if _is_owed(doc))
        kept = sum(int(doc.get("set_off", 0)) for doc in self.escrows.values())
        back = sum(int(-each["amount"]) for each in self.pending.values() if each["amount"] < 0)
        return owed - kept + back

    @property
    def under_way(self) -> int:
        """What payouts that are not over yet will set off."""
        return sum(int(each["amount"]) for each in self.pending.values() if each["amount"] > 0)


class Losses:
    """What is known of people's losses, over all their escrows. Raises pymongo's errors."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def standing(self, people: Iterable[str]) -> Standing:
        """How they stand, in one query."""
        asked = sorted(set(people))
        which = [{"loss_since": {"$exists": True}}, {"loss_decision.decision": "set_off"}]
        parties: Any = asked[0] if len(asked) == 1 else {"$in": asked}
        found = Standing()
        for doc in self._store.collection.find({"parties": parties, "$or": which}, _STANDING):
            if "loss_since" in doc:
                found.open.update(doc["parties"])
            else:
                found.owing.add((doc["insider"], doc["currency"]))
        return found

    def has_history(self, person: str, before: datetime) -> bool:
        """Whether the person was paid by an escrow that ended before then, and no loss came of it."""
        query: dict[str, Any] = {"parties": person, "insider": person, "state": {"$in": ["settled", "split"]}}
        query |= {"updated_at": {"$lte": before}, "loss": {"$in": [0, None]}}
        return bool(self._store.find(query, {"_id": 1}, limit=1))

    def reserve(self, document: Document) -> int:
        """What of the payout that this escrow has open is set off: the same when asked again. In minor units."""
        most = net(document["instruction"])
        return self._reserve(document, lambda debt: max(0, min(most, debt.left - debt.under_way)))

    def reserve_return(self, document: Document) -> int:
        """What of the set-off of this escrow, which has its repayment open, goes back to its insider now: the same when
        asked again. In minor units.
        """
        most = document["instruction"]["amount"]
        return -self._reserve(document, lambda debt: min(0, max(-most, debt.left)))

    def debts(self, person: str, pending: Mapping[str, Any]) -> list[Debt]:
        """One for each currency that they have escrows in as the insider."""
        query = {"parties": person, "insider": person}
        found: dict[str, dict[str, Document]] = {}
        for doc in self._store.collection.find(query, _SUMS):
            found.setdefault(doc.get("currency", ""), {})[doc["_id"]] = doc
        return [Debt(escrows, _still(pending, escrows)) for escrows in found.values()]

    # -- inside

    def _reserve(self, document: Document, amount_of: Callable[[Debt], int]) -> int:
        """By compare-and-set on the person's debt, before the instruction goes out."""
        person, offer_id, instruction = document["insider"], document["_id"], document["instruction"]

        def decide(changes: dict[str, Change]) -> int:
            change = changes[debt_id(person)]
            escrows = self._of(person, document["currency"])
            kept = {**change.get("pending", {})}
            others = {key: each for key, each in kept.items() if key not in escrows}  # in another currency
            kept = _still(kept, escrows)
            mine = kept.pop(offer_id, None)
            amount = int(mine["amount"]) if mine else amount_of(Debt(escrows, kept))
            kept[offer_id] = {"instruction_id": instruction["id"], "amount": amount}
            change.set(owner=person, pending=others | kept)
            return amount

        return self._store.run({debt_id(person): KIND}, decide)

    def _of(self, person: str, currency: str) -> dict[str, Document]:
        """Their escrows as the insider, in one currency: debts in another are not set off."""
        query = {"parties": person, "insider": person, "currency": currency}
        return {doc["_id"]: doc for doc in self._store.collection.find(query, _SUMS)}


def _owed(doc: Document) -> int:
    """What of its loss can be the insider's: what they were paid, whatever of that was kept; not the platform's fee."""
    return int(min(doc.get("loss", 0), doc.get("released", 0) + doc.get("set_off", 0)))


def _is_owed(doc: Document) -> bool:
    """Whether staff decided that its loss is the insider's to make good."""
    return bool((doc.get("loss_decision") or {}).get("decision") == "set_off")


def _still(pending: Mapping[str, Any], escrows: Mapping[str, Document]) -> dict[str, Any]:
    """What is reserved for instructions that are open: once one is over, the escrow's own sum says what came of it."""
    return {key: each for key, each in pending.items() if _is_open(escrows.get(key), each)}


def _is_open(escrow: Document | None, pending: Mapping[str, Any]) -> bool:
    instruction = (escrow or {}).get("instruction") or {}
    return bool(instruction.get("id") == pending["instruction_id"])
