"""Reads a running system slice by slice, so that any size of it needs the same memory.

All cursors go by id, side by side: a slice is the documents of the four services with ids from one to another, the
provider's books of those escrows, the records on the topics about them, and what their checks look up elsewhere.
Afterwards the provider's books are gone through for what has no escrow. What is read of a slice is read in the order
that `Snapshot` needs: documents, the provider, the groups, the topics; what is looked up comes last.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection

from deploy import SERVICES
from deploy.verify.around import Around
from deploy.verify.snapshot import Place, Snapshot
from deploy.verify.spill import Spill
from services.escrow.provider.port import Records, every
from shared.aggregate import Document
from shared.places import PlaceRules, shipped
from shared.settings import Settings, Terms

LIMIT = 400
"""Documents of one service in a slice at most."""

PRIVATE = {
    "title": 0, "duties": 0, "employer": 0, "consent": 0, "words": 0, "facets": 0, "subject": 0, "text": 0, "ats": 0,
}  # fmt: skip
_BY_ID = [("_id", ASCENDING)]


@dataclass(frozen=True)
class Part:
    """What a slice is of: `documents`, `accounts` or `transfers`, those behind `after`, up to and with `upto` (None:
    all that follow; of the provider's books, one page).
    """

    what: str
    after: str = ""
    upto: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where is read. `collections` are those in which a service's documents are, the one that counts first."""

    collections: Mapping[str, Sequence[Collection[Document]]]
    provider: Records
    feed: Callable[[Spill], object]
    """Adds to the spill what the topics hold by now."""

    committed: Callable[[], Mapping[str, Mapping[Place, int]]]
    now: Callable[[], datetime]
    settling: timedelta = timedelta()
    terms: Terms = field(default_factory=Terms)
    places: PlaceRules = field(default_factory=shipped)
    clocks_apart: timedelta = Settings.clock_tolerance


class Slices:
    """`first()` is where to begin; `read(part)` gives its slice and the part that follows, None at the end.

    Raises pymongo's and Kafka's errors, and Unavailable.
    """

    def __init__(self, sources: Sources, spill: Spill, limit: int = LIMIT) -> None:
        self._sources, self._spill, self._limit = sources, spill, limit
        self._around = Around(sources.collections, spill)

    def first(self) -> Part:
        self._sources.feed(self._spill)
        return self._documents_behind("")

    def total(self) -> int:
        """About how many documents there are."""
        return sum(each.estimated_document_count() for all_ in self._sources.collections.values() for each in all_)

    def read(self, part: Part) -> tuple[Snapshot, Part | None]:
        return self._documents(part) if part.what == "documents" else self._books(part)

    # -- documents

    def _documents_behind(self, after: str) -> Part:
        """As many as the service with the most of them has in one slice."""
        ends = [self._spill.edge(after, self._limit)]
        for collections in self._sources.collections.values():
            for each in collections:
                ids = list(each.find({"_id": {"$gt": after}}, {"_id": 1}).sort(_BY_ID).hint(_BY_ID).limit(self._limit))
                ends.append(ids[-1]["_id"] if len(ids) == self._limit else None)
        return Part("documents", after, min((end for end in ends if end is not None), default=None))

    def _documents(self, part: Part) -> tuple[Snapshot, Part]:
        sources, at = self._sources, self._sources.now()
        documents = {service: self._span(service, part) for service in SERVICES}
        ids = [doc["_id"] for doc in documents["escrow"] if doc.get("kind") == "escrow"]
        accounts, transfers = (
            tuple(every(sources.provider.accounts, ids)),
            tuple(every(sources.provider.transfers, ids)),
        )
        committed = sources.committed()
        sources.feed(self._spill)
        found = self._around.of(documents)
        seen = Snapshot(
            documents=documents,
            accounts=accounts,
            transfers=transfers,
            committed=committed,
            records=self._spill.records(part.after, part.upto),
            acknowledged=self._spill.acknowledged(part.after, part.upto),
            dead=self._dead(documents),
            holders=self._holders(documents, {each.instruction.id: each.instruction.offer_id for each in transfers}),
            around=found.documents,
            seekers=found.seekers,
            insiders=found.insiders,
            **self._common(at),
        )
        return seen, Part("accounts") if part.upto is None else self._documents_behind(part.upto)

    def _span(self, service: str, part: Part) -> list[Document]:
        """A service's documents by id. One that is in two places was being moved: the first counts."""
        query = {"_id": {"$gt": part.after} | ({} if part.upto is None else {"$lte": part.upto})}
        found: dict[str, Document] = {}
        for collection in self._sources.collections[service]:
            for doc in collection.find(query, PRIVATE).sort(_BY_ID).hint(_BY_ID):
                found.setdefault(doc["_id"], doc)
        return list(found.values())

    def _dead(self, documents: Mapping[str, Sequence[Document]]) -> dict[str, frozenset[str]]:
        ids = [event["id"] for docs in documents.values() for doc in docs for event in doc.get("events", ())]
        return {service: self._spill.dead(service, ids) for service in SERVICES}

    def _holders(
        self, documents: Mapping[str, Sequence[Document]], of_instructions: Mapping[str, str]
    ) -> dict[str, str]:
        """Who was the first to have each command and each instruction."""
        found: dict[str, str] = {}
        for service, docs in documents.items():
            own = {str(each.get("id")): doc["_id"] for doc in docs for each in _listed(doc, "commands")}
            found |= {f"{service} {name}": first for name, first in self._spill.holders(service, own).items()}
        first_of = self._spill.holders("instruction", of_instructions)
        return found | {f"instruction {name}": first for name, first in first_of.items()}

    # -- the provider's books

    def _books(self, part: Part) -> tuple[Snapshot, Part | None]:
        """One page of them: what belongs to no escrow."""
        at, books = self._sources.now(), self._sources.provider
        read: Any = books.accounts if part.what == "accounts" else books.transfers
        page = read(after=part.after or None)
        ids = {_offer_of(each) for each in page.items}
        strays = sorted(ids - self._with_escrow(ids))
        seen = Snapshot(
            documents={},
            accounts=tuple(every(books.accounts, strays)) if part.what == "accounts" else (),
            transfers=tuple(every(books.transfers, strays)) if strays else (),
            committed={},
            records=(),
            **self._common(at),
        )
        if page.after is not None:
            return seen, Part(part.what, page.after)
        return seen, Part("transfers") if part.what == "accounts" else None

    def _with_escrow(self, ids: Iterable[str]) -> set[str]:
        query = {"_id": {"$in": sorted(ids)}}
        return {doc["_id"] for each in self._sources.collections["escrow"] for doc in each.find(query, {"_id": 1})}

    def _common(self, at: datetime) -> dict[str, Any]:
        own = self._sources
        held = {"terms": own.terms, "places": own.places, "clocks_apart": own.clocks_apart}
        return {"at": at, "settling": own.settling} | held


def _offer_of(item: Any) -> str:
    found: str = item.offer_id if hasattr(item, "offer_id") else item.instruction.offer_id
    return found


def _listed(doc: Document, name: str) -> list[Any]:
    found = doc.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
