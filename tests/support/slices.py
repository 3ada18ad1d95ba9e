"""A snapshot, read in slices: its documents in collections in memory, its records in a spill."""

from collections.abc import Sequence
from typing import Any

from deploy import SERVICES
from deploy.verify import Snapshot
from deploy.verify.slices import Part, Slices, Sources
from deploy.verify.spill import Spill
from services.escrow.provider.port import PAGE, Account, Page, Transfer
from tests.support.memory import MemoryCollection


class Given:
    """`port.Records` of given accounts and transfers."""

    def __init__(self, accounts: Sequence[Account], transfers: Sequence[Transfer]) -> None:
        self._accounts, self._transfers = accounts, transfers

    def accounts(self, offer_ids: Any = None, *, after: str | None = None, limit: int = PAGE) -> Page[Account]:
        chosen = [each for each in self._accounts if offer_ids is None or each.offer_id in offer_ids]
        return _page(chosen, after, limit)

    def transfers(self, offer_ids: Any = None, *, after: str | None = None, limit: int = PAGE) -> Page[Transfer]:
        chosen = [each for each in self._transfers if offer_ids is None or each.instruction.offer_id in offer_ids]
        return _page(chosen, after, limit)


def _page(items: list[Any], after: str | None, limit: int) -> Page[Any]:
    begin = int(after or 0)
    return Page(tuple(items[begin : begin + limit]), str(begin + limit) if begin + limit < len(items) else None)


class One:
    """A reading of one slice after the other, each a whole snapshot."""

    def __init__(self, *snapshots: Snapshot) -> None:
        self._left = list(snapshots)

    def first(self) -> Part:
        return Part("documents")

    def read(self, part: Part) -> tuple[Snapshot, Part | None]:
        return self._left.pop(0), None


def sliced(whole: Snapshot, limit: int = 3, spill: Spill | None = None, archived: bool = False) -> Slices:
    """What a reading in slices of at most `limit` documents finds of a system that is like this; `archived`: of every
    three documents one is in the archive, and one is there and lives as well.
    """
    spill = spill or Spill()
    spill.add_acknowledged(whole.acknowledged)
    spill.add_dead((service, each) for service, ids in whole.dead.items() for each in ids)
    collections: dict[str, Any] = {}
    for service in SERVICES:
        places = collections[service] = [MemoryCollection(), MemoryCollection()]
        for number, doc in enumerate(whole.documents.get(service, ())):
            for place in (places[:1], places, places[1:])[number % 3] if archived else places[:1]:
                place.insert_one(doc)
    sources = Sources(
        collections=collections,
        provider=Given(whole.accounts, whole.transfers),
        feed=lambda into: into.add(whole.records),
        committed=lambda: whole.committed,
        now=lambda: whole.at,
        settling=whole.settling,
        terms=whole.terms,
        clocks_apart=whole.clocks_apart,
    )
    return Slices(sources, spill, limit)
