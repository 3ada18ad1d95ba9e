"""What the checks look at: everything, or a slice of it, as it was read at one time; in plain lists, found by id."""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from deploy import SERVICES
from services.escrow.provider.port import Account, Transfer
from shared.aggregate import Document, Routes
from shared.events import Event
from shared.places import PlaceRules, shipped
from shared.settings import Settings, Terms

Place = tuple[str, int]

SETTLING = timedelta(seconds=5)
"""What was changed less than this before is in flight."""


@dataclass(frozen=True)
class Seen:
    """One record of an event's topic: when it was written, and its event (None where nobody can read it)."""

    topic: str
    partition: int
    offset: int
    at: datetime
    event: Event | None


@dataclass(frozen=True)
class Emitted:
    """An event as its document keeps it: {seq, id, type, version, time, data}."""

    service: str
    doc: Document
    event: Mapping[str, Any]

    @property
    def published(self) -> bool:
        """Whether the relay says that the broker has it."""
        return bool(self.event["seq"] <= self.doc.get("published", 0))

    def __str__(self) -> str:
        return f"{self.event['type']} {self.event['id']} of {self.doc['_id']}"


@dataclass(frozen=True)
class Snapshot:
    """The four databases' documents, the provider's accounts and transfers, the topics (each partition in its order)
    and the groups.

    `at` is when the reading began. What was changed less than `settling` before counts as in flight. `committed` has
    the next offset of each service's group, `dead` the ce_ids among its dead letters. `acknowledged` are (service, id)
    of documents that were acknowledged to clients. `terms` and `places` are what durations and limits are held
    against.
    """

    documents: Mapping[str, Sequence[Document]]
    """What is checked."""

    accounts: Sequence[Account]
    records: Sequence[Seen]
    committed: Mapping[str, Mapping[Place, int]]
    at: datetime
    settling: timedelta = timedelta()
    dead: Mapping[str, frozenset[str]] = field(default_factory=dict)
    acknowledged: Sequence[tuple[str, str]] = ()
    transfers: Sequence[Transfer] = ()
    terms: Terms = Terms()
    places: PlaceRules = field(default_factory=shipped)
    clocks_apart: timedelta = Settings.clock_tolerance
    """How far the clock that `at` is from may be from those of the processes."""

    around: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    """Of a slice, other documents that its checks look up; nothing is checked of them here."""

    seekers: frozenset[str] | None = None
    """Of a slice, whose limits are checked, for all of their offers are there. None: everybody's."""

    insiders: frozenset[str] | None = None
    """Of a slice, of whom all escrows are there. None: of everybody."""

    holders: Mapping[str, str] = field(default_factory=dict)
    """Of a slice, which document was the first to have a command, by `<service> <id of the command>`; and which offer
    an instruction, by `instruction <id>`.
    """

    # -- by id

    @cached_property
    def by_id(self) -> Mapping[str, Mapping[str, Document]]:
        """{service: {id: document}}, with those around."""
        return {service: {doc["_id"]: doc for doc in self._all(service)} for service in SERVICES}

    @cached_property
    def offers(self) -> Mapping[str, Document]:
        return self._aggregates("matching", "offer")

    @cached_property
    def escrows(self) -> Mapping[str, Document]:
        return self._aggregates("escrow", "escrow")

    @cached_property
    def listings(self) -> Mapping[str, Document]:
        return self._aggregates("listing", "listing")

    @cached_property
    def account_of(self) -> Mapping[str, Account]:
        return {account.offer_id: account for account in self.accounts}

    @cached_property
    def transfers_of(self) -> Mapping[str, Sequence[Transfer]]:
        """The provider's transfers for each offer."""
        found: dict[str, list[Transfer]] = {}
        for transfer in self.transfers:
            found.setdefault(transfer.instruction.offer_id, []).append(transfer)
        return found

    @cached_property
    def emitted(self) -> Mapping[str, Emitted]:
        """Each event in the documents' outboxes by its id."""
        return _emitted(self.documents)

    @cached_property
    def causes(self) -> Mapping[str, Emitted]:
        """The same, with those of the documents around."""
        return {**_emitted(self.around), **self.emitted} if self.around else self.emitted

    @cached_property
    def seen(self) -> Mapping[str, Sequence[Seen]]:
        """The records of each event by its id, in the order of their topic."""
        found: dict[str, list[Seen]] = {}
        for record in self.records:
            if record.event is not None:
                found.setdefault(record.event.id, []).append(record)
        return found

    def known(self, service: str, kind: str, among: Iterable[Document] | None = None) -> dict[str, Document]:
        """Documents of a kind that are more than a stub of events that came too early; with those around."""
        docs = self.by_id[service].values() if among is None else among
        return {doc["_id"]: doc for doc in docs if doc.get("kind") == kind and doc.get("state") != "new"}

    def of_people(self, service: str, kind: str, role: str, people: frozenset[str] | None) -> Mapping[str, Document]:
        """What is checked of a kind, with those around in which one of these people has the role."""
        around = self.known(service, kind, self.around.get(service, ()))
        theirs = {each: doc for each, doc in around.items() if doc.get(role) in (people or ())}
        return self._aggregates(service, kind) | theirs

    def _aggregates(self, service: str, kind: str) -> dict[str, Document]:
        return self.known(service, kind, self.documents.get(service, ()))

    def _all(self, service: str) -> Iterable[Document]:
        return (*self.around.get(service, ()), *self.documents.get(service, ()))

    # -- in flight

    def recent(self, moment: datetime) -> bool:
        return moment > self.at - self.settling

    def young(self, *docs: Document | None) -> bool:
        """Whether one of these was changed a moment ago."""
        return any(doc is not None and self.recent(doc["updated_at"]) for doc in docs if doc and "updated_at" in doc)

    def consumed(self, service: str, record: Seen) -> bool:
        return record.offset < self.committed.get(service, {}).get((record.topic, record.partition), 0)


def _emitted(documents: Mapping[str, Sequence[Document]]) -> dict[str, Emitted]:
    return {
        event["id"]: Emitted(service, doc, event)
        for service in SERVICES
        for doc in documents.get(service, ())
        for event in doc.get("events", ())
    }


def routes(service: str) -> Routes:
    """What a service does with the events it reads."""
    found: Routes = importlib.import_module(f"services.{service}.handlers").HANDLERS
    return found


def everything(documents: Mapping[str, Sequence[Document]]) -> Iterable[tuple[str, Document]]:
    """(service, document) of all."""
    return ((service, doc) for service in SERVICES for doc in documents.get(service, ()))
