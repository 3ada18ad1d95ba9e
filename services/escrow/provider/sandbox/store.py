"""Where the sandbox keeps its accounts: its own database, or memory for tests and the simulator.

A store keeps one document an offer and changes it by compare-and-set on `version`; nothing else is asked of a database.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Protocol

from bson.codec_options import CodecOptions
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from services.escrow.provider.port import Balance, Chargeback, Instruction, Outcome, Unavailable
from services.escrow.provider.sandbox.accounts import Account, Claim, Entry, Planned, Unsent


class Store(Protocol):
    """Each method raises Unavailable when the database cannot be reached or its answer is lost."""

    def load(self, offer_id: str) -> Account | None:
        """One offer's account."""

    def holding(self, instruction_id: str) -> Account | None:
        """The account that took this instruction."""

    def save(self, account: Account) -> Account | None:
        """Stores it if its version is still the stored one; the account with its new version, or None = lost."""

    def due(self, now: datetime, limit: int) -> list[Account]:
        """Accounts with something to do at `now`, in no order."""

    def every(self, offer_ids: Iterable[str] | None = None) -> Iterator[Account]:
        """The accounts of these offers, or all."""


class MemoryStore:
    """The same promises, in memory."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._lock = Lock()

    def load(self, offer_id: str) -> Account | None:
        return self._accounts.get(offer_id)

    def holding(self, instruction_id: str) -> Account | None:
        return next((account for account in self.every() if account.entry(instruction_id)), None)

    def save(self, account: Account) -> Account | None:
        with self._lock:
            stored = self._accounts.get(account.offer_id)
            if account.version != (stored.version if stored else 0) or self._has_foreign_id(account):
                return None
            self._accounts[account.offer_id] = replace(account, version=account.version + 1)
            return self._accounts[account.offer_id]

    def due(self, now: datetime, limit: int) -> list[Account]:
        return [account for account in self.every() if account.due_at is not None and account.due_at <= now][:limit]

    def every(self, offer_ids: Iterable[str] | None = None) -> Iterator[Account]:
        accounts = dict(self._accounts)
        wanted = accounts if offer_ids is None else [offer_id for offer_id in offer_ids if offer_id in accounts]
        return iter([accounts[offer_id] for offer_id in wanted])

    def _has_foreign_id(self, account: Account) -> bool:
        new = {entry.instruction.id for entry in account.entries}
        others = (other for other in self._accounts.values() if other.offer_id != account.offer_id)
        return any(entry.instruction.id in new for other in others for entry in other.entries)


class MongoStore:
    """The collection `accounts` of the provider's own database. `_id` = offer_id; call `migrate` once at start."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        codec = CodecOptions[dict[str, Any]](tz_aware=True, tzinfo=UTC)
        self._accounts: Collection[dict[str, Any]] = database.get_collection("accounts", codec_options=codec)

    def migrate(self) -> None:
        """Makes the indexes; harmless when they are there."""
        with _reaching():
            self._accounts.create_index("entries.instruction.id", name="instruction", unique=True)
            self._accounts.create_index("webhook_due_at", name="webhook_due_at", sparse=True)

    def load(self, offer_id: str) -> Account | None:
        with _reaching():
            document = self._accounts.find_one({"_id": offer_id})
        return _account(document) if document else None

    def holding(self, instruction_id: str) -> Account | None:
        with _reaching():
            document = self._accounts.find_one({"entries.instruction.id": instruction_id})
        return _account(document) if document else None

    def save(self, account: Account) -> Account | None:
        saved = replace(account, version=account.version + 1)
        with _reaching():
            try:
                if account.version == 0:
                    self._accounts.insert_one(_document(saved))
                    return saved
                same = {"_id": account.offer_id, "version": account.version}
                return saved if self._accounts.replace_one(same, _document(saved)).matched_count else None
            except DuplicateKeyError:
                return None

    def due(self, now: datetime, limit: int) -> list[Account]:
        with _reaching():
            return [_account(found) for found in self._accounts.find({"webhook_due_at": {"$lte": now}}).limit(limit)]

    def every(self, offer_ids: Iterable[str] | None = None) -> Iterator[Account]:
        chosen = {} if offer_ids is None else {"_id": {"$in": list(offer_ids)}}
        with _reaching():
            for document in self._accounts.find(chosen):
                yield _account(document)


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(f"the provider's database: {type(error).__name__}") from error


def _document(account: Account) -> dict[str, Any]:
    document = {"_id": account.offer_id} | asdict(account)
    if account.due_at is not None:
        document["webhook_due_at"] = account.due_at
    return document


def _account(document: dict[str, Any]) -> Account:
    return Account(
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
