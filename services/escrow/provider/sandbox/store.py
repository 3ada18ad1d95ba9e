"""Where the sandbox keeps its ledgers: its own database.

A store keeps one document an offer and changes it by compare-and-set on `version`; nothing else is asked of a database.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from bson.codec_options import CodecOptions
from pymongo import ASCENDING, InsertOne, ReplaceOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, PyMongoError

from services.escrow.provider.port import Balance, Chargeback, Instruction, Outcome, Unavailable
from services.escrow.provider.sandbox.ledger import Claim, Entry, Ledger, Planned, Unsent

_TAKEN = 11000
"""The code of a write error: the id is another's (DuplicateKey)."""


class PartyStore(Protocol):
    """Each method raises Unavailable when the database cannot be reached or its answer is lost."""

    def load(self, offer_id: str) -> Ledger | None:
        """One offer's ledger."""

    def holding(self, instruction_id: str) -> Ledger | None:
        """The ledger that took this instruction."""

    def save(self, ledgers: Sequence[Ledger]) -> bool:
        """Stores each, one version on, if its version is still the stored one; False where one of them was not, or an
        instruction's id is another ledger's: the others are stored all the same.
        """

    def due(self, now: datetime, limit: int) -> list[Ledger]:
        """Ledgers with something to do at `now`, in no order."""

    def some(self, offer_ids: Sequence[str]) -> list[Ledger]:
        """The ledgers of these offers that there are, by offer id."""

    def after(self, offer_id: str, limit: int) -> list[Ledger]:
        """At most `limit` ledgers, by offer id, of those after this one ("" = from the first)."""


class MongoStore:
    """The collection `accounts` of the provider's own database. `_id` = offer_id; call `migrate` once at start."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        codec = CodecOptions[dict[str, Any]](tz_aware=True, tzinfo=UTC)
        self._ledgers: Collection[dict[str, Any]] = database.get_collection("accounts", codec_options=codec)

    def migrate(self) -> None:
        """Makes the indexes; harmless when they are there."""
        with _reaching():
            self._ledgers.create_index("entries.instruction.id", name="instruction", unique=True)
            self._ledgers.create_index("webhook_due_at", name="webhook_due_at", sparse=True)

    def load(self, offer_id: str) -> Ledger | None:
        with _reaching():
            document = self._ledgers.find_one({"_id": offer_id})
        return _ledger(document) if document else None

    def holding(self, instruction_id: str) -> Ledger | None:
        with _reaching():
            document = self._ledgers.find_one({"entries.instruction.id": instruction_id})
        return _ledger(document) if document else None

    def save(self, ledgers: Sequence[Ledger]) -> bool:
        if not ledgers:
            return True
        with _reaching():
            try:
                writes = [_operation(ledger) for ledger in sorted(ledgers, key=lambda each: each.offer_id)]
                result = self._ledgers.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                if error.details["writeConcernErrors"] or {e["code"] for e in error.details["writeErrors"]} != {_TAKEN}:
                    raise
                return False
        return result.inserted_count + result.matched_count == len(ledgers)

    def due(self, now: datetime, limit: int) -> list[Ledger]:
        with _reaching():
            found = self._ledgers.find({"webhook_due_at": {"$lte": now}}).limit(limit)
            by_id = {document["_id"]: document for document in found}  # one that moves meanwhile is found twice
        return [_ledger(document) for document in by_id.values()]

    def some(self, offer_ids: Sequence[str]) -> list[Ledger]:
        with _reaching():
            found = [_ledger(document) for document in self._ledgers.find({"_id": {"$in": list(offer_ids)}})]
        return sorted(found, key=lambda ledger: ledger.offer_id)

    def after(self, offer_id: str, limit: int) -> list[Ledger]:
        by_id = [("_id", ASCENDING)]
        with _reaching():
            found = self._ledgers.find({"_id": {"$gt": offer_id}}).sort(by_id).hint(by_id).limit(limit)
            return [_ledger(document) for document in found]


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(f"the provider's database: {type(error).__name__}") from error


def _operation(ledger: Ledger) -> InsertOne[dict[str, Any]] | ReplaceOne[dict[str, Any]]:
    document = _document(replace(ledger, version=ledger.version + 1))
    if ledger.version == 0:
        return InsertOne(document)
    return ReplaceOne({"_id": ledger.offer_id, "version": ledger.version}, document)


def _document(ledger: Ledger) -> dict[str, Any]:
    document = {"_id": ledger.offer_id} | asdict(ledger)
    if ledger.due_at is not None:
        document["webhook_due_at"] = ledger.due_at
    return document


def _ledger(document: dict[str, Any]) -> Ledger:
    return Ledger(
        balance=Balance(**document["balance"]),
        version=document["version"],
        entries=tuple(
            Entry(
                instruction=Instruction(**entry["instruction"]),
                reference=entry["reference"],
                outcome=Outcome(**entry["outcome"]) if entry["outcome"] else None,
                told=entry["told"],
                pay_to=entry.get("pay_to"),
            )
            for entry in document["entries"]
        ),
        claims=tuple(
            Claim(
                chargeback=Chargeback(**claim["chargeback"]),
                opened_at=claim["opened_at"],
                reversed_at=claim["reversed_at"],
            )
            for claim in document["claims"]
        ),
        planned=tuple(Planned(**planned) for planned in document["planned"]),
        unsent=tuple(Unsent(**unsent) for unsent in document["unsent"]),
    )
