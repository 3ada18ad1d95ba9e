"""The last look before money goes to a person: have they an open loss, have they to wait, is something set off?

It looks at all their escrows, which their lifecycle cannot. What it lets through is marked `cleared` by compare-and-set
before the provider hears of it; from then on the instruction goes its way, whatever comes. What it holds back was never
sent, and is a definite answer. Most payouts have nothing to be held back for: a page of them takes one query and one
write.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.escrow.losses import Losses, Standing
from services.escrow.provider.port.instructions import PAYOUTS
from shared.aggregate import Change, Document, Lifecycle, Store, Trigger
from shared.settings import Terms

OPEN_LOSS = "open_loss"


class Clearance:
    """For the escrows of one store."""

    def __init__(self, store: Store, lifecycle: Lifecycle) -> None:
        self._store, self._lifecycle = store, lifecycle
        self._terms: Terms = lifecycle.terms
        self._losses = Losses(store)

    def of(self, document: Document) -> Document | Trigger | None:
        """The escrow whose open instruction may go out, or the outcome of one that may not; None where another was
        faster. Raises pymongo's errors.
        """
        if not _is_asked(document):
            return document
        standing = self._losses.standing([document["instruction"]["payee"]])
        if document["instruction"]["payee"] in standing.open:
            return self._held_back(document, "refused", reason=OPEN_LOSS)
        if until := self._waits_until(document):
            return self._held_back(document, "postponed", until=until)
        if document["instruction"]["kind"] == "repay":
            amount = self._losses.reserve_return(document)
            return self._cleared(document, amount=amount) if amount else self._held_back(document, "dropped")
        set_off = self._losses.reserve(document) if _owes(document, standing) else 0
        return self._cleared(document, **({"set_off": set_off} if set_off else {}))

    def page(self, documents: Sequence[Document]) -> Sequence[Document]:
        """The same escrows; those with a payout that nothing speaks against are cleared. Raises pymongo's errors."""
        asked = [doc for doc in documents if _is_asked(doc) and doc["instruction"]["kind"] != "repay"]
        if not asked:
            return documents
        standing = self._losses.standing(doc["instruction"]["payee"] for doc in asked)
        changes = {doc["_id"]: self._marked(doc) for doc in asked if self._is_free(doc, standing)}
        if not changes or not self._store.write(changes.values()):
            return documents  # another was faster at one of them: each is looked at by itself
        return [changes[doc["_id"]].document() if doc["_id"] in changes else doc for doc in documents]

    # -- inside

    def _is_free(self, document: Document, standing: Standing) -> bool:
        payee = document["instruction"]["payee"]
        return payee not in standing.open and not _owes(document, standing) and not self._may_wait(document)

    def _marked(self, document: Document) -> Change:
        change = Change(document["_id"], self._lifecycle, document, self._store.clock.now())
        change.set(instruction={**document["instruction"], "cleared": True})
        return change

    def _may_wait(self, document: Document) -> datetime | None:
        """Until when a payout to somebody without history waits, where it does: an arbiter's decision for nothing."""
        now, wait = self._store.clock.now(), self._terms.first_payout_wait
        if document["instruction"]["kind"] != "release" or document.get("decided") or not wait:
            return None
        until = _hired_at(document) + wait
        return until if now < until else None

    def _waits_until(self, document: Document) -> datetime | None:
        until, before = self._may_wait(document), self._store.clock.now() - self._terms.chargeback_window
        return until if until and not self._losses.has_history(document["insider"], before) else None

    def _cleared(self, document: Document, **more: int) -> Document | None:
        asked = document["instruction"]["id"]

        def decide(changes: dict[str, Change]) -> Document | None:
            change = changes[document["_id"]]
            instruction = change.get("instruction") or {"id": None}
            if instruction["id"] != asked:
                return None
            if not instruction.get("cleared"):
                change.set(instruction={**instruction, **more, "cleared": True})
            return change.document()

        return self._store.run({document["_id"]: self._lifecycle}, decide)

    def _held_back(self, document: Document, status: str, **more: Any) -> Trigger:
        instruction = document["instruction"]
        data = {"instruction_id": instruction["id"], "amount": instruction["amount"], "unsent": True}
        trigger_id = f"{instruction['id']}:{status}"
        return Trigger(f"{instruction['kind']}.{status}", trigger_id, "outcome", self._store.clock.now(), data | more)


def _is_asked(document: Document) -> bool:
    """Whether a payout is to go out that was not let go before."""
    instruction = document["instruction"]
    return instruction["kind"] in PAYOUTS and not instruction.get("cleared")


def _owes(document: Document, standing: Standing) -> bool:
    return (document["insider"], document["currency"]) in standing.owing


def _hired_at(document: Document) -> datetime:
    """When the hire became known; of an older version, when the first payout fell due."""
    at: datetime = document.get("hire_known_at") or min(tranche["due_at"] for tranche in document["tranches"])
    return at
