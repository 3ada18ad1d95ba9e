"""The sandbox's records, page by page: all that a reader needs of it. No money moves here."""

from collections.abc import Collection

from services.escrow.provider.port import PAGE, Account, Page, Transfer
from services.escrow.provider.sandbox.ledger import Ledger
from services.escrow.provider.sandbox.store import PartyStore


class StoredRecords:
    """`port.Records` over a store. Pages go by the offers' ids; within an offer, by the order of its instructions."""

    def __init__(self, store: PartyStore) -> None:
        self._store = store

    def accounts(
        self, offer_ids: Collection[str] | None = None, *, after: str | None = None, limit: int = PAGE
    ) -> Page[Account]:
        """See `port.Records.accounts`; the cursor is the last offer's id."""
        ledgers, last = self._next(offer_ids, after or "", limit)
        return Page(tuple(_account(ledger) for ledger in ledgers), last)

    def transfers(
        self, offer_ids: Collection[str] | None = None, *, after: str | None = None, limit: int = PAGE
    ) -> Page[Transfer]:
        """See `port.Records.transfers`; the cursor is `<offer_id> <n>`: of that offer n are read, of those before all.

        An offer's transfers are only ever added to, at their end.
        """
        offer_id, _, count = (after or "").rpartition(" ")
        begun = self._store.load(offer_id) if offer_id else None
        found = [(offer_id, n, each) for n, each in enumerate(_transfers(begun), 1) if n > int(count or 0)]
        ledgers, last = self._next(offer_ids, offer_id, limit)
        found += [(ledger.offer_id, n, each) for ledger in ledgers for n, each in enumerate(_transfers(ledger), 1)]
        chosen = tuple(each for _, _, each in found[:limit])
        if len(found) > limit:
            offer_id, n, _ = found[limit - 1]
            return Page(chosen, f"{offer_id} {n}")
        if last is None:
            return Page(chosen)
        return Page(chosen, f"{last} {sum(each == last for each, _, _ in found)}")

    def _next(self, offer_ids: Collection[str] | None, after: str, limit: int) -> tuple[list[Ledger], str | None]:
        """At most `limit` ledgers after an offer's id, and the id that the next begin after, None where none follow."""
        if offer_ids is None:
            ledgers = self._store.after(after, limit)
            return ledgers, ledgers[-1].offer_id if len(ledgers) == limit else None
        wanted = sorted(each for each in set(offer_ids) if each > after)
        return self._store.some(wanted[:limit]), wanted[limit - 1] if len(wanted) > limit else None


def _account(ledger: Ledger) -> Account:
    return Account(balance=ledger.balance, in_flight=ledger.due_at is not None)


def _transfers(ledger: Ledger | None) -> list[Transfer]:
    entries = ledger.entries if ledger is not None else ()
    return [Transfer(instruction=entry.instruction, outcome=entry.outcome) for entry in entries]
