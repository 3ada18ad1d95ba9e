"""The aggregate store: documents of one service's collection, read by id and written by compare-and-set."""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import pymongo
from bson.codec_options import CodecOptions
from pymongo import DESCENDING, MongoClient, ReadPreference
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError

from shared.aggregate import story
from shared.aggregate.change import Change, Document, Kind
from shared.aggregate.clock_check import ClockCheck
from shared.clock import Clock
from shared.settings import MongoDB
from shared.telemetry import metrics
from shared.telemetry.outages import Heartbeats

Result = TypeVar("Result")
_DUPLICATE_KEY = 11000
_LIMITS_MS: Mapping[str, Any] = {"serverSelectionTimeoutMS": 3000, "connectTimeoutMS": 2000, "socketTimeoutMS": 10_000}
"""Where the URI names none: a database that hangs holds a thread no longer than that."""

_PING_SECONDS = 2.0
FOR_GOOD = frozenset(
    {
        2,  # BadValue
        9,  # FailedToParse
        14,  # TypeMismatch
        15,  # Overflow
        16,  # InvalidLength
        22,  # InvalidBSON
        28,  # PathNotViable
        40,  # ConflictingUpdateOperators
        52, 53, 54, 55, 56, 57, 58,  # names of fields and ids
        66,  # ImmutableField
        121,  # DocumentValidationFailure
        171,  # CannotIndexParallelArrays
        10334, 17419, 17420, 285999133,  # the document would be too large (the last: as DocumentDB says it)
        16837, 16755, 17280,  # an update of that form, an index's key
    }
)  # fmt: skip
"""Codes of write errors that no repeat makes go away."""
_WITHOUT_OUTBOX = {"events": 0}
ARCHIVED_AT = "archived_at"
"""Of a document in the archive: since when it is there. What lives does not have it."""


class Contended(Exception):
    """Others changed the document again and again while this change was tried; nothing was written."""


class ClockOff(Contended):
    """This process's clock is wrong; nothing was written, for every change has times in it."""


class Unwritable(Exception):
    """The database will never take this change, whoever asks how often. Other documents' changes may be written."""


def once(found: Iterable[Document]) -> list[Document]:
    """Each document once, as it was read last: one that moves forward in the index while more than a batch of it is
    read (by its due time, its outbox's time) is found twice.
    """
    return list({doc["_id"]: doc for doc in found}.values())


class Store:
    """One collection, and its archive where the service has one. `run` is the whole contract: read, let a pure function
    change, write, and once more if somebody was faster.

    Errors of the database pass as pymongo raises them: then the outcome is unknown, and the caller runs the same again
    (ids make that harmless).
    """

    def __init__(
        self,
        collection: Collection[Document],
        clock: Clock,
        tries: int = 12,
        sleep: Callable[[float], object] = time.sleep,
        archive: Collection[Document] | None = None,
    ) -> None:
        self.collection, self.archive = collection, archive
        self.clock = clock
        self.check: ClockCheck | None = None
        self.tries = tries
        self.sleep = sleep
        self._listeners: list[Callable[[Sequence[Change]], object]] = []

    def on_write(self, listener: Callable[[Sequence[Change]], object]) -> None:
        """Have `listener` called after each write, with what was written (or lost its race): it may have left something
        for the relay, the poller or another loop.
        """
        self._listeners.append(listener)

    def in_time(self) -> bool:
        """Whether the clock agrees with the database's, as far as it is compared with it; raises pymongo's errors."""
        return self.check is None or self.check.holds()

    def ping(self) -> bool:
        """Whether the database answers within two seconds; raises pymongo's error where it does not."""
        with pymongo.timeout(_PING_SECONDS):
            return bool(self.collection.database.command("ping"))

    def has_documents(self) -> bool:
        """Whether anything was ever written here, also where the database does not say. The lease is no document."""
        try:
            return any(True for _ in self.collection.find({"version": {"$gt": 0}}, {"_id": 1}).limit(1))
        except PyMongoError:
            return True

    def get(self, document_id: str) -> Document | None:
        """The document without its outbox, or None."""
        return self.load((document_id,)).get(document_id)

    def whole(self, document_id: str) -> Document | None:
        """The document with its outbox, or None."""
        return self._load([document_id], None).get(document_id)

    def load(self, ids: Iterable[str]) -> dict[str, Document]:
        """Documents by id, without their outboxes, in one query; where there is an archive, those that are missing in
        one more, and once more among those that live: they may just have come back.
        """
        return self._load(sorted(set(ids)), _WITHOUT_OUTBOX)

    def living(self, ids: Iterable[str]) -> dict[str, Document]:
        """The same of kinds that are never archived: in one query, wherever they are missing."""
        query = {"_id": {"$in": sorted(set(ids))}}
        return {doc["_id"]: doc for doc in self.collection.find(query, _WITHOUT_OUTBOX)}

    def find(
        self,
        query: Mapping[str, Any],
        fields: Mapping[str, int],
        order: Sequence[tuple[str, int]] = (),
        limit: int = 0,
    ) -> list[Document]:
        """Documents by another field than the id, also those in the archive; as many as there are where `limit` is 0.
        `fields` has those of the order.

        With an archive, those that live are read before it and after it: one that moves meanwhile, either way, is found
        once.
        """
        living = list(_ordered(self.collection.find(query, fields), order, limit))
        if self.archive is None:
            return living
        found = {doc["_id"]: doc for doc in living}
        moved = {doc["_id"]: doc for doc in _ordered(self.archive.find(query, fields), order, limit)}
        old = self.collection.find({"_id": {"$in": sorted(moved)}}, {"_id": 1}) if moved else ()
        for document_id in [doc["_id"] for doc in old]:
            del moved[document_id]
        found |= moved
        found |= {doc["_id"]: doc for doc in _ordered(self.collection.find(query, fields), order, limit)}
        documents = list(found.values())
        for name, direction in reversed(order):
            documents.sort(key=itemgetter(name), reverse=direction == DESCENDING)
        return documents[:limit] if limit else documents

    def run(
        self, kinds: Mapping[str, Kind], decide: Callable[[dict[str, Change]], Result], *, likely_new: bool = False
    ) -> Result:
        """Change the documents named in `kinds` ({id: its lifecycle, or the name of a kind that has none}) by `decide`,
        which may be called several times. `likely_new`: none of them is thought to be there, so they are first written
        without a look, unless there is an archive; the write fails where one is.

        Returns what `decide` returned in the try that was written. Raises Contended after `tries` lost races, ClockOff
        and Unwritable, and what `decide` raises of the documents as they are.
        """
        if likely_new and self.archive is None and (made := self._run_unread(kinds, decide)) is not None:
            return made[0]
        changes: dict[str, Change] = {}
        for attempt in range(self.tries):
            documents = self.load(kinds)
            story.tell_written(changes.values(), documents)
            now = self.clock.now()
            changes = {i: Change(i, kind, documents.get(i), now) for i, kind in kinds.items()}
            result = decide(changes)
            if self.write(changes.values()):
                story.tell(changes.values())
                return result
            self.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))
        raise Contended(f"lost {self.tries} races for {sorted(kinds)[:3]}")

    def write(self, changes: Iterable[Change]) -> bool:
        """Write what is dirty in one bulk write; False if any lost its race (the others are written all the same)."""
        # By id, as all who write several: where the database locks each document, no two wait for each other in turn.
        changes = sorted((change for change in changes if change.dirty), key=lambda change: change.id)
        operations = [change.operation() for change in changes]
        if not operations:
            return True
        if not self.in_time():
            raise ClockOff("the clock is not the database's")
        back = self._bring_back(changes)
        try:
            result = self.collection.bulk_write(operations, ordered=False)
            whole = result.matched_count + result.inserted_count == len(operations)
        except BulkWriteError as error:
            faults = [fault for fault in error.details["writeErrors"] if fault["code"] != _DUPLICATE_KEY]
            if any(fault["code"] not in FOR_GOOD for fault in faults):
                raise
            if faults:
                raise Unwritable(_words(faults[0])) from error
            if error.details["writeConcernErrors"]:
                raise AutoReconnect("written where it may yet be rolled back") from error
            whole = False
        except OperationFailure as error:  # the whole command, nothing of it is written
            if error.code in FOR_GOOD:
                raise Unwritable(str(error)[:500]) from error
            raise
        for listener in self._listeners:
            listener(changes)
        if not whole:
            metrics.RACES_LOST.inc()
        elif back and self.archive is not None:
            self.archive.delete_many({"$or": back})
        return whole

    # -- inside

    def _run_unread(
        self, kinds: Mapping[str, Kind], decide: Callable[[dict[str, Change]], Result]
    ) -> tuple[Result] | None:
        """`run` of documents that are not there; None where `decide` refused, or one is there."""
        now = self.clock.now()
        changes = {i: Change(i, kind, None, now) for i, kind in kinds.items()}
        try:
            result = decide(changes)
        except Exception:  # it is asked again about what is there
            return None
        if not self.write(changes.values()):
            return None
        story.tell(changes.values())
        return (result,)

    def _load(self, ids: Sequence[str], fields: Mapping[str, int] | None) -> dict[str, Document]:
        found: dict[str, Document] = {}
        places = [self.collection] if self.archive is None else [self.collection, self.archive, self.collection]
        for place in places:
            if left := [each for each in ids if each not in found]:
                query: Mapping[str, Any] = {"_id": left[0]} if len(left) == 1 else {"_id": {"$in": left}}
                found |= {doc["_id"]: doc for doc in place.find(query, fields)}
        return found

    def _bring_back(self, changes: Iterable[Change]) -> list[dict[str, Any]]:
        """Have those of the changed documents that are in the archive live again, as they were; what is to be deleted
        there once they are changed.
        """
        moved = [change for change in changes if change.get(ARCHIVED_AT)]
        copies = [{"_id": change.id, "version": change.base_version} for change in moved]
        for copy in copies:
            whole = None if self.archive is None else self.archive.find_one(copy)
            try:
                if whole is not None:
                    self.collection.insert_one({name: each for name, each in whole.items() if name != ARCHIVED_AT})
            except DuplicateKeyError:
                continue  # another process was faster, or one died here before
        return copies


def _ordered(cursor: Any, order: Sequence[tuple[str, int]], limit: int) -> Any:
    return (cursor.sort(list(order)) if order else cursor).limit(limit)


def _words(fault: Mapping[str, Any]) -> str:
    return f"the database refuses it: code {fault['code']}, {str(fault.get('errmsg', ''))[:300]}"


def collection(database: Database[Document], name: str) -> Collection[Document]:
    """A service's collection: times in UTC, and what decides is read from the primary.

    Write and read concern are the URI's (`w=majority` and `readConcernLevel=majority` on MongoDB).
    """
    codec: CodecOptions[Document] = CodecOptions(tz_aware=True)
    return database.get_collection(name, codec_options=codec, read_preference=ReadPreference.PRIMARY)


def open_store(settings: MongoDB, name: str, clock: Clock, archived: bool = False) -> Store:
    """The store of a service's process, on the collection `name`; with its archive if it is `archived`."""
    given = settings.uri.lower()
    limits = {name: ms for name, ms in _LIMITS_MS.items() if f"{name.lower()}=" not in given}
    client: MongoClient[Document] = MongoClient(settings.uri, event_listeners=[Heartbeats()], **limits)
    database = client[settings.database]
    archive = collection(database, archive_of(name)) if archived else None
    return Store(collection(database, name), clock, archive=archive)


def archive_of(name: str) -> str:
    """The archive of the collection `name`."""
    return f"{name}_archive"
