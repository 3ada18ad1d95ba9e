"""The last look before money goes to a person: have they an open loss, have they to wait, is something set off?

It looks at all their escrows, which their lifecycle cannot. What it lets through is marked `cleared` by compare-and-set
before the provider hears of it; from then on the instruction goes its way, whatever comes. What it holds back was never
sent, and is a definite answer.
"""

from datetime import datetime

from services.escrow.losses import Losses
from shared.aggregate import Change, Document, Lifecycle, Store, Trigger
from shared.settings import Terms

PAYOUTS = ("release", "split")
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
        instruction = document["instruction"]
        if instruction["kind"] not in PAYOUTS or instruction.get("cleared"):
            return document
        if self._losses.is_open(instruction["payee"]):
            return self._held_back(document, "refused")
        if until := self._waits_until(document):
            return self._held_back(document, "postponed", until)
        return self._cleared(document)

    # -- inside

    def _waits_until(self, document: Document) -> datetime | None:
        """When a payout to somebody without history is made; an arbiter's decision waits for nothing."""
        now, wait = self._store.clock.now(), self._terms.first_payout_wait
        if document["instruction"]["kind"] != "release" or document.get("decided") or not wait:
            return None
        until = _hired_at(document) + wait
        if now >= until or self._losses.has_history(document["insider"], now - self._terms.chargeback_window):
            return None
        return until

    def _cleared(self, document: Document) -> Document | None:
        asked, set_off = document["instruction"]["id"], self._losses.reserve(document["insider"], document)

        def decide(changes: dict[str, Change]) -> Document | None:
            change = changes[document["_id"]]
            instruction = change.get("instruction") or {"id": None}
            if instruction["id"] != asked:
                return None
            if not instruction.get("cleared"):
                change.set(instruction={**instruction, "cleared": True, **({"set_off": set_off} if set_off else {})})
            return change.document()

        return self._store.run({document["_id"]: self._lifecycle}, decide)

    def _held_back(self, document: Document, status: str, until: datetime | None = None) -> Trigger:
        instruction = document["instruction"]
        data = {"instruction_id": instruction["id"], "amount": instruction["amount"], "unsent": True}
        more = {"reason": OPEN_LOSS} if until is None else {"until": until}
        trigger_id = f"{instruction['id']}:{status}"
        return Trigger(f"{instruction['kind']}.{status}", trigger_id, "outcome", self._store.clock.now(), data | more)


def _hired_at(document: Document) -> datetime:
    """When the hire became known; of an older version, when the first payout fell due."""
    at: datetime = document.get("hire_known_at") or min(tranche["due_at"] for tranche in document["tranches"])
    return at
