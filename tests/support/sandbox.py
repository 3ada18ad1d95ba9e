"""The sandbox over memory, whose bank acts when a test says so."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from services.escrow.provider.port import Chargeback
from services.escrow.provider.sandbox import ledger as ledgers
from services.escrow.provider.sandbox import party
from services.escrow.provider.sandbox.ledger import Ledger


class Sandbox(party.Sandbox):
    """As its sources do, for an offer of any source."""

    def charge_back(self, offer_id: str) -> Chargeback:
        """The seeker's bank takes the money back; while a chargeback is open, that one.

        Raises LookupError when the offer was never funded.
        """
        ledger = self._change_one(offer_id, lambda known: ledgers.charge_back(known, self._clock.now()))
        if ledger.open_claim is None:
            raise LookupError(f"offer {offer_id!r} was never funded")
        return ledger.open_claim.chargeback

    def reverse_chargeback(self, offer_id: str) -> Chargeback:
        """The bank gives it back; when it did already, the last one. Raises LookupError when there was none."""
        ledger = self._change_one(offer_id, lambda known: ledgers.reverse(known, self._clock.now()))
        if not ledger.claims:
            raise LookupError(f"offer {offer_id!r} has no chargeback")
        return ledger.claims[-1].chargeback

    def _change_one(self, offer_id: str, change: Callable[[Ledger], Ledger]) -> Ledger:
        """Raises LookupError where there is no such ledger."""
        for ledger in self._change(self._store.some([offer_id]), change):
            self._wake.set()
            return ledger
        raise LookupError(f"the provider never heard of offer {offer_id!r}")


class MemoryStore:
    """Keeps what a `PartyStore` promises, in memory."""

    def __init__(self) -> None:
        self._ledgers: dict[str, Ledger] = {}
        self._lock = Lock()

    def load(self, offer_id: str) -> Ledger | None:
        return self._ledgers.get(offer_id)

    def holding(self, instruction_id: str) -> Ledger | None:
        return next((ledger for ledger in self._every() if ledger.entry(instruction_id)), None)

    def save(self, ledgers: Sequence[Ledger]) -> bool:
        saved = [self._save(ledger) for ledger in ledgers]
        return all(saved)

    def _save(self, ledger: Ledger) -> bool:
        with self._lock:
            stored = self._ledgers.get(ledger.offer_id)
            if ledger.version != (stored.version if stored else 0) or self._has_foreign_id(ledger):
                return False
            self._ledgers[ledger.offer_id] = replace(ledger, version=ledger.version + 1)
            return True

    def due(self, now: datetime, limit: int) -> list[Ledger]:
        return [ledger for ledger in self._every() if ledger.due_at is not None and ledger.due_at <= now][:limit]

    def some(self, offer_ids: Sequence[str]) -> list[Ledger]:
        return [ledger for ledger in self._every() if ledger.offer_id in offer_ids]

    def after(self, offer_id: str, limit: int) -> list[Ledger]:
        return [ledger for ledger in self._every() if ledger.offer_id > offer_id][:limit]

    def _every(self) -> list[Ledger]:
        return [ledger for _, ledger in sorted(dict(self._ledgers).items())]

    def _has_foreign_id(self, ledger: Ledger) -> bool:
        new = {entry.instruction.id for entry in ledger.entries}
        others = (other for other in self._ledgers.values() if other.offer_id != ledger.offer_id)
        return any(entry.instruction.id in new for other in others for entry in other.entries)
