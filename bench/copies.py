"""Hires without number: one hire is played for real, and copied with other ids, documents and records alike.

To play thousands over HTTP would take longer than to measure them. A copy is what the services themselves would have
written for other people: every UUID, pseudonym and reference is another one, the same in all databases and on all
topics, and the journal's chain is made anew, so that `golem verify` holds for copies too. What of it falls due within
the hour is left out: nothing of it is to fall into a measurement.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from kafka import KafkaProducer
from pymongo import MongoClient

from services.escrow.journal import digest

Doc = dict[str, Any]
Client = MongoClient[Doc]

COLLECTIONS = {
    "listing": "listings",
    "matching": "offers",
    "escrow": "escrows",
    "notify": "notifications",
    "provider": "accounts",
}
"""Of each database the collection that holds its documents."""

_SHARED = {"naming", "migrations", "lease", "worker"}
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|p_[0-9a-f]{32}|tr_[0-9a-f]{24}")
_AT_ONCE = 2000


@dataclass(frozen=True)
class Record:
    """A record of a topic, as it is there."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]

    @property
    def id(self) -> str:
        return dict(self.headers)["ce_id"].decode()


@dataclass(frozen=True)
class Copy:
    """One copy's ids, and its documents by database."""

    offer_id: str
    listing_id: str
    documents: Mapping[str, list[Doc]]
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Template:
    """A real hire as it stood at one moment: its documents by database, its records on the topics in their order."""

    offer_id: str
    listing_id: str
    insider: str
    seeker: str
    documents: Mapping[str, list[Doc]]
    records: tuple[Record, ...] = field(repr=False)

    def copy(self, name: str, people: Mapping[str, str] | None = None) -> Copy:
        """The copy of that name: the same name gives the same ids. `people` are pseudonyms to use for the template's
        own; others are made up.
        """
        ids = _Ids(name, {self.insider: _made_up("p_", name, "i"), self.seeker: _made_up("p_", name, "s")})
        ids.known.update(people or {})
        documents = {where: [ids.replace(doc) for doc in docs] for where, docs in self.documents.items()}
        for doc in documents.get("escrow", ()):
            ids.known.update(_rechained(doc.get("journal", ())))
        if "escrow" in documents:
            documents["escrow"] = [_rehashed(doc, ids.known) for doc in documents["escrow"]]
        records = tuple(ids.record(each) for each in self.records)
        return Copy(ids(self.offer_id), ids(self.listing_id), documents, records)

    def only(self, *records: str) -> "Template":
        """The same with the records of these topics alone."""
        kept = tuple(each for each in self.records if each.topic in records)
        return Template(self.offer_id, self.listing_id, self.insider, self.seeker, self.documents, kept)


def documents_of(client: Client, prefix: str, offer_id: str, listing_id: str, people: Iterable[str]) -> dict[str, Any]:
    """What the databases hold of one hire, by database: each document in which one of its ids stands."""
    wanted = (offer_id, listing_id, *people)
    found: dict[str, list[Doc]] = {}
    for where, collection in COLLECTIONS.items():
        docs = client[f"{prefix}{where}"][collection].find({"_id": {"$nin": list(_SHARED)}})
        own = (doc for doc in docs if any(each in json.dumps(doc, default=str) for each in wanted))
        found[where] = [_unnumbered(_calm(doc)) for doc in own]
    return found


def insert(client: Client, prefix: str, copies: Iterable[Copy]) -> None:
    """Put the copies' documents into the databases of that prefix."""
    waiting: dict[str, list[Doc]] = {where: [] for where in COLLECTIONS}
    for copy in copies:
        for where, docs in copy.documents.items():
            waiting[where].extend(docs)
    for where, docs in waiting.items():
        for begin in range(0, len(docs), _AT_ONCE):
            client[f"{prefix}{where}"][COLLECTIONS[where]].insert_many(docs[begin : begin + _AT_ONCE], ordered=False)


def produce(producer: KafkaProducer, records: Iterable[Record], prefix: str = "") -> None:
    """Put records on their topics, and wait until the broker has them all."""
    futures = [
        producer.send(prefix + each.topic, key=each.key, value=each.value, headers=list(each.headers))
        for each in records
    ]
    for future in futures:
        future.get(timeout=60)


class _Ids:
    """Other ids for those of a template, the same wherever they stand."""

    def __init__(self, name: str, known: dict[str, str]) -> None:
        self._name, self.known = name, known

    def __call__(self, old: str) -> str:
        if old not in self.known:
            prefix = old[:3] if old.startswith("tr_") else old[:2] if old.startswith("p_") else ""
            self.known[old] = _made_up(prefix, self._name, old)
        return self.known[old]

    def text(self, text: str) -> str:
        return _ID.sub(lambda match: self(match[0]), text)

    def replace(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.replace(each) for name, each in value.items()}
        return [self.replace(each) for each in value] if isinstance(value, list) else value

    def record(self, record: Record) -> Record:
        value = re.sub(r'(?<="journal_hash":")[0-9a-f]{64}', lambda m: self.known.get(m[0], m[0]),
                       self.text(record.value.decode()))  # fmt: skip
        headers = tuple((name, self.text(each.decode()).encode()) for name, each in record.headers)
        return Record(record.topic, self.text(record.key.decode()).encode(), value.encode(), headers)


def _made_up(prefix: str, name: str, old: str) -> str:
    if not prefix:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {old}"))
    return prefix + sha256(f"{name} {old}".encode()).hexdigest()[: 24 if prefix == "tr_" else 32]


def _rechained(journal: Iterable[Doc]) -> dict[str, str]:
    """Give each entry the hash of what it says now; {hash before: hash now}."""
    changed: dict[str, str] = {}
    for entry in journal:
        entry["previous"] = changed.get(entry["previous"], entry["previous"])
        before, entry["hash"] = entry["hash"], digest(entry)
        changed[before] = entry["hash"]
    return changed


def _rehashed(doc: Doc, hashes: Mapping[str, str]) -> Doc:
    for event in doc.get("events", ()):
        known = event["data"].get("journal_hash")
        if known is not None:
            event["data"]["journal_hash"] = hashes.get(known, known)
    return doc


def _unnumbered(doc: Doc) -> Doc:
    """An event of the log waits for a number of its own."""
    if "log_number" not in doc:
        return doc
    kept = {name: each for name, each in doc.items() if name != "log_number"}
    return kept | {"arrival": f"{doc['arrived_at'].isoformat()}/{doc['event_id']}"}


def _calm(doc: Doc) -> Doc:
    """The document without what falls due within the hour."""
    soon = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)
    timers = doc.get("timers")
    if not timers or all(at > soon for at in timers.values()):
        return doc
    kept = {name: at for name, at in timers.items() if at > soon}
    calm = {name: each for name, each in doc.items() if name != "due_at"}
    if "instruction" in timers and "instruction" not in kept:
        calm.pop("instruction", None)
    return calm | {"timers": kept} | ({"due_at": min(kept.values())} if kept else {})
