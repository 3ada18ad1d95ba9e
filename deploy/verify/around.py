"""What the checks of a slice look up in other documents: found by id and by person, with as few fields as they need."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.collection import Collection

from deploy import SERVICES
from deploy.verify.snapshot import Emitted, routes
from deploy.verify.spill import Spill
from services.escrow.losses import debt_id
from services.matching.offer.accounts import KIND as ACCOUNT
from services.matching.offer.accounts import account_id
from shared.aggregate import Document, Trigger

_KNOWN = dict.fromkeys(
    ("kind", "state", "applied", "parked.id", "number", "escrow_number", "updated_at", "reservations", "timers"), 1
)
"""What tells whether a document knows an event; of an account, what is reserved."""

_OF_SEEKER = dict.fromkeys(("kind", "state", "seeker", "price", "currency", "accepted_at", "position", "updated_at"), 1)
_OF_INSIDER = dict.fromkeys(
    (
        "kind", "state", "insider", "currency", "loss", "loss_decision", "set_off", "instruction", "timers",
        "updated_at", "events.type", "events.id",
    ),
    1,
)  # fmt: skip
_EMITTED = dict.fromkeys(("kind", "events", "published"), 1)


@dataclass(frozen=True)
class Found:
    """`seekers`: people of whom all offers are there. `insiders`: people of whom all escrows are."""

    documents: Mapping[str, Sequence[Document]]
    seekers: frozenset[str]
    insiders: frozenset[str]


class Around:
    """Finds it, in the collections that hold each service's documents."""

    def __init__(self, collections: Mapping[str, Sequence[Collection[Document]]], spill: Spill) -> None:
        self._collections, self._spill = collections, spill

    def of(self, documents: Mapping[str, Sequence[Document]]) -> Found:
        """What belongs to a slice's documents."""
        found: dict[str, dict[str, Document]] = {service: {} for service in SERVICES}
        for service, ids in _touched(documents).items():
            self._add(found[service], service, {"_id": {"$in": sorted(ids)}}, _KNOWN)
        for service, ids in self._emitters(documents).items():
            self._add(found[service], service, {"_id": {"$in": sorted(ids)}}, _EMITTED)
        seekers = self._seekers(documents["matching"], found["matching"])
        self._add(found["matching"], "matching", {"parties": {"$in": sorted(seekers)}}, _OF_SEEKER)
        insiders = frozenset(str(doc.get("insider")) for doc in documents["escrow"] if doc.get("set_off"))
        self._add(found["escrow"], "escrow", {"parties": {"$in": sorted(insiders)}}, _OF_INSIDER)
        self._add(found["escrow"], "escrow", {"_id": {"$in": [debt_id(each) for each in sorted(insiders)]}}, {})
        own = {service: {doc["_id"] for doc in docs} for service, docs in documents.items()}
        around = {service: [d for i, d in docs.items() if i not in own[service]] for service, docs in found.items()}
        return Found(around, seekers, insiders)

    def _add(self, found: dict[str, Document], service: str, query: Mapping[str, Any], fields: Any) -> None:
        if not next(iter(query.values()))["$in"]:
            return
        read: dict[str, Document] = {}
        for collection in self._collections[service]:
            for doc in collection.find(query, fields or None):
                read.setdefault(doc["_id"], doc)
        for document_id, doc in read.items():
            found[document_id] = {**found.get(document_id, {}), **doc}

    def _emitters(self, documents: Mapping[str, Sequence[Document]]) -> dict[str, set[str]]:
        """The documents that emitted what notifications tell of, and the hires that listings have counted. Where a
        topic has lost the event, those that the notification names.
        """
        found: dict[str, set[str]] = {service: set() for service in SERVICES}
        told = {d["_id"].rpartition(":")[0]: d for d in documents["notify"] if d.get("kind") == "notification"}
        listings = [doc for doc in documents["listing"] if doc.get("kind") == "listing"]
        taken = [each for doc in listings for each in _texts(doc.get("applied"))]
        known = self._spill.subjects(list(told))
        for source, subject in (*known.values(), *self._spill.subjects(taken, "hire.confirmed").values()):
            if (service := source.rpartition(":")[2]) in found:
                found[service].add(subject)
        for notification in (told[each] for each in told.keys() - known.keys()):
            for service in SERVICES:
                found[service].update(_texts(notification.get(name) for name in ("offer_id", "listing_id")))
        return found

    def _seekers(self, documents: Sequence[Document], around: Mapping[str, Document]) -> frozenset[str]:
        """Those whose accounts are in the slice, and those who have offers in it and no account at all."""
        accounts = {doc["_id"] for doc in documents if doc.get("kind") == ACCOUNT}
        offers = _texts(doc.get("seeker") for doc in documents if doc.get("kind") == "offer")
        homeless = {each for each in offers if account_id(each) not in around and account_id(each) not in accounts}
        return frozenset({each.removeprefix(account_id("")) for each in accounts} | homeless)


def _touched(documents: Mapping[str, Sequence[Document]]) -> dict[str, set[str]]:
    """By service: what its readers change by the slice's events; offers' listings, seekers' accounts."""
    found: dict[str, set[str]] = {service: set() for service in SERVICES}
    for offer in documents["matching"]:
        if offer.get("kind") == "offer":
            found["listing"].update(_texts([offer.get("listing_id")]))
            found["matching"].update(account_id(each) for each in _texts([offer.get("seeker")]))
    for service in SERVICES:
        readers = routes(service)
        for emitted in _events(documents):
            if route := readers.get(str(emitted.event.get("type"))):
                try:
                    found[service].update(route.touches(trigger_of(emitted)))
                except (KeyError, TypeError, ValueError, AttributeError):
                    continue  # the check names it
    return found


def _events(documents: Mapping[str, Sequence[Document]]) -> Iterator[Emitted]:
    for service, docs in documents.items():
        for doc in docs:
            for event in doc.get("events", ()):
                yield Emitted(service, doc, event)


def trigger_of(emitted: Emitted) -> Trigger:
    """The event as its readers take it. Raises what an event that is not of its form makes it raise."""
    event = emitted.event
    return Trigger(event["type"], event["id"], "event", event["time"], event["data"], sequence=event["seq"])


def _texts(values: Iterable[Any] | None) -> list[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, Iterable) else []
