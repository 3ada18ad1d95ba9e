"""A pymongo collection in memory: the part of it that the core uses, and what a bad day does to it.

Documents are kept as BSON, so that what comes out is a copy, times are cut to milliseconds and what MongoDB could not
hold is refused here too. `fault(step)` is called before and after everything that a server would do ("find:before",
"bulk_write.op:before", ...); what it raises is what the caller gets, with the work done so far kept.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from itertools import islice
from typing import Any

import bson
from bson.codec_options import CodecOptions
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, WriteError
from pymongo.results import BulkWriteResult, DeleteResult, InsertOneResult, UpdateResult

Document = dict[str, Any]
Fault = Callable[[str], None]
_SPARSE = ("outbox_at", "due_at")
_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)


def _quiet(step: str) -> None:
    pass


class MemoryCollection:
    """Thread-safe. `calls` counts what was asked of it, by name. `at_once`: a find reads so many documents, then others
    have their turn ("find.more:before"), then it goes on from there in its index, as MongoDB reads its batches: what
    has moved forward meanwhile is found again. None: all of them at one moment.
    """

    def __init__(self, name: str = "documents", fault: Fault = _quiet) -> None:
        self.name = name
        self.fault = fault
        self.calls: dict[str, int] = {}
        self.at_once: int | None = None
        self.database = _Database(self)
        self._kept: dict[str, bytes] = {}
        self._read: dict[str, Document] = {}
        self._unique: dict[str, dict[Any, str]] = {}
        self._lock = threading.RLock()

    def __bool__(self) -> bool:
        raise NotImplementedError("a collection is neither true nor false; compare it with None")

    # -- reading

    def find(self, query: Mapping[str, Any] | None = None, projection: Mapping[str, int] | None = None) -> "_Cursor":
        return _Cursor(lambda order, most: self._find(query or {}, projection, order, most))

    def find_one(self, query: Any = None, projection: Mapping[str, int] | None = None) -> Document | None:
        query = query if isinstance(query, Mapping) or query is None else {"_id": query}
        return next(iter(self.find(query, projection).limit(1)), None)

    def count_documents(self, query: Mapping[str, Any], limit: int = 0) -> int:
        return len(list(self.find(query, {"_id": 1}).limit(limit)))

    def _find(
        self, query: Mapping[str, Any], projection: Mapping[str, int] | None, order: "_Order", most: int | None
    ) -> list[Document]:
        self._step("find")
        if self.at_once is None:
            with self._lock:
                found = [self._projected(i, projection) for i in self._in_order(query, order)[:most]]
        else:
            names = [name for name, _ in order] or [name for name in _SPARSE if name in query]
            found = list(islice(self._in_batches(query, projection, names, self.at_once), most))
        self.fault("find:after")
        return found

    def _in_order(self, query: Mapping[str, Any], order: "_Order") -> list[str]:
        ids = self._matching(query)
        for name, direction in reversed(order):
            ids.sort(key=lambda i: _values(self._read[i], name.split("."))[0], reverse=direction < 0)
        return ids

    def _in_batches(
        self, query: Mapping[str, Any], projection: Mapping[str, int] | None, names: Sequence[str], at_once: int
    ) -> Iterator[Document]:
        """In the order of these fields and of the id, upwards."""
        reached: tuple[Any, ...] | None = None
        while True:
            with self._lock:
                places = sorted(
                    (*(_values(self._read[i], name.split("."))[0] for name in names), i) for i in self._matching(query)
                )
                ahead = [place for place in places if reached is None or place > reached][:at_once]
                found = [self._projected(place[-1], projection) for place in ahead]
            yield from found
            if not ahead:
                return
            reached = ahead[-1]
            self.fault("find.more:before")

    def _matching(self, query: Mapping[str, Any]) -> list[str]:
        """Ids in the order that MongoDB's sparse indexes would give them."""
        ids: Iterable[str] = self._read
        if isinstance(query.get("_id"), str):
            ids = [query["_id"]] if query["_id"] in self._read else []
        found = [i for i in ids if matches(self._read[i], query)]
        for indexed in _SPARSE:
            if query.get(indexed, {"$exists": False}) != {"$exists": False}:
                found.sort(key=lambda i: self._read[i][indexed])
        return found

    def _projected(self, document_id: str, projection: Mapping[str, int] | None) -> Document:
        doc: Document = bson.decode(self._kept[document_id], _CODEC)
        if not projection:
            return doc
        if any(v for k, v in projection.items() if k != "_id"):
            return {k: v for k, v in doc.items() if k == "_id" or any(p.partition(".")[0] == k for p in projection)}
        if projection.get("_id"):
            return {"_id": doc["_id"]}
        return {k: v for k, v in doc.items() if k not in projection}

    # -- writing

    def insert_one(self, document: Document) -> InsertOneResult:
        self._step("insert_one")
        self._insert(document)
        self.fault("insert_one:after")
        return InsertOneResult(document["_id"], True)

    def update_one(self, query: Mapping[str, Any], update: Mapping[str, Any], upsert: bool = False) -> UpdateResult:
        self._step("update_one")
        matched, upserted = self._update(query, update, upsert)
        self.fault("update_one:after")
        return UpdateResult({"n": matched + (upserted is not None), "nModified": matched, "upserted": upserted}, True)

    def replace_one(self, query: Mapping[str, Any], document: Document, upsert: bool = False) -> UpdateResult:
        self._step("replace_one")
        with self._lock:
            found = self._matching(query)[:1]
            for document_id in found:
                self._keep(document_id, bson.encode({"_id": document_id, **document}))
            if not found and upsert:
                self._insert(document)
        self.fault("replace_one:after")
        return UpdateResult({"n": len(found), "nModified": len(found)}, True)

    def find_one_and_update(
        self, query: Mapping[str, Any], update: Mapping[str, Any], return_document: bool = False, upsert: bool = False
    ) -> Document | None:
        self._step("find_one_and_update")
        with self._lock:
            before = next((self._projected(i, None) for i in self._matching(query)), None)
            _, upserted = self._update(query, update, upsert)
            document_id = upserted if before is None else before["_id"]
            after = self._projected(document_id, None) if document_id is not None else None
        self.fault("find_one_and_update:after")
        return after if return_document else before

    def delete_one(self, query: Mapping[str, Any]) -> DeleteResult:
        return self._delete("delete_one", query, 1)

    def delete_many(self, query: Mapping[str, Any]) -> DeleteResult:
        return self._delete("delete_many", query, None)

    def bulk_write(
        self, operations: Sequence[InsertOne[Document] | UpdateOne], ordered: bool = True
    ) -> BulkWriteResult:
        self._step("bulk_write")
        counts = dict.fromkeys(("nInserted", "nMatched", "nModified", "nUpserted", "nRemoved"), 0)
        errors: list[dict[str, Any]] = []
        for index, operation in enumerate(operations):
            self.fault("bulk_write.op:before")
            try:
                self._one(operation, counts)
            except (DuplicateKeyError, WriteError) as error:
                errors.append({"index": index, "code": error.code, "errmsg": str(error)})
                if ordered:
                    break
        self.fault("bulk_write:after")
        details = counts | {"writeErrors": errors, "writeConcernErrors": [], "upserted": []}
        if errors:
            raise BulkWriteError(details)
        return BulkWriteResult(details, True)

    def create_index(self, keys: Any, *, unique: bool = False, **options: Any) -> str:
        """It has none, but keeps to a sparse unique one on one field."""
        self._step("create_index")
        if unique and not isinstance(keys, str):
            ((field, _),) = keys
            self._unique.setdefault(field, {})
        return "index"

    def index_information(self) -> dict[str, Any]:
        """It has no indexes."""
        self._step("index_information")
        return {}

    def _one(self, operation: Any, counts: dict[str, int]) -> None:
        if isinstance(operation, InsertOne):
            self._insert(operation._doc)
            counts["nInserted"] += 1
        elif isinstance(operation, UpdateOne):
            matched, upserted = self._update(operation._filter, operation._doc, bool(operation._upsert))
            counts["nMatched"] += matched
            counts["nModified"] += matched
            counts["nUpserted"] += upserted is not None
        else:
            raise NotImplementedError(type(operation).__name__)

    def _insert(self, document: Mapping[str, Any]) -> None:
        kept = bson.encode(document)
        with self._lock:
            if document["_id"] in self._kept:
                raise DuplicateKeyError("E11000 duplicate key", 11000)
            self._keep(document["_id"], kept)

    def _update(self, query: Mapping[str, Any], update: Mapping[str, Any], upsert: bool) -> tuple[int, str | None]:
        with self._lock:
            found = self._matching(query)[:1]
            if not found and upsert:
                doc = {k: v for k, v in query.items() if not isinstance(v, Mapping) and not k.startswith("$")}
                self._insert(updated(doc, update, new=True))
                return 0, str(doc["_id"])
            for document_id in found:
                self._keep(document_id, bson.encode(updated(self._projected(document_id, None), update)))
            return len(found), None

    def _delete(self, name: str, query: Mapping[str, Any], most: int | None) -> DeleteResult:
        self._step(name)
        with self._lock:
            found = self._matching(query)[:most]
            for document_id in found:
                self._release(document_id)
                del self._kept[document_id], self._read[document_id]
        self.fault(f"{name}:after")
        return DeleteResult({"n": len(found)}, True)

    def _keep(self, document_id: str, kept: bytes) -> None:
        read = bson.decode(kept, _CODEC)
        values = {field: read[field] for field in self._unique if field in read}
        if any(self._unique[field].get(value, document_id) != document_id for field, value in values.items()):
            raise DuplicateKeyError("E11000 duplicate key", 11000)
        self._release(document_id)
        for field, value in values.items():
            self._unique[field][value] = document_id
        self._kept[document_id] = kept
        self._read[document_id] = read

    def _release(self, document_id: str) -> None:
        before = self._read.get(document_id, {})
        for field, held in self._unique.items():
            if field in before:
                del held[before[field]]

    def _step(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1
        self.fault(f"{name}:before")


_Order = Sequence[tuple[str, int]]


class _Database:
    def __init__(self, collection: MemoryCollection) -> None:
        self._collection = collection

    def command(self, name: str) -> Document:
        self._collection.fault(f"{name}:before")
        return {"ok": 1.0}


class _Cursor:
    """What `find` gives: read when it is first iterated, as one snapshot."""

    def __init__(self, read: "Callable[[_Order, int | None], list[Document]]") -> None:
        self._read = read
        self._limit: int | None = None
        self._skipped = 0
        self._order: _Order = []

    def limit(self, most: int) -> "_Cursor":
        self._limit = most or None
        return self

    def skip(self, count: int) -> "_Cursor":
        self._skipped = count
        return self

    def sort(self, key: str | Sequence[tuple[str, int]], direction: int = 1) -> "_Cursor":
        self._order = [(key, direction)] if isinstance(key, str) else list(key)
        return self

    def hint(self, index: Sequence[tuple[str, int]]) -> "_Cursor":
        return self

    def __iter__(self) -> Iterator[Document]:
        most = None if self._limit is None else self._limit + self._skipped
        return iter(self._read(self._order, most)[self._skipped :])


def matches(document: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    """Whether a document fits a query of equalities, dotted names, $(n)in, $lt(e), $gt(e), $ne, $exists, $or, $and."""
    for name, wanted in query.items():
        if name == "$or":
            fits = any(matches(document, each) for each in wanted)
        elif name == "$and":
            fits = all(matches(document, each) for each in wanted)
        elif isinstance(wanted, Mapping) and wanted and all(k.startswith("$") for k in wanted):
            values = _values(document, name.split("."))
            fits = all(_compares(values, operator, operand) for operator, operand in wanted.items())
        else:
            fits = _equals(_values(document, name.split(".")), wanted)
        if not fits:
            return False
    return True


def _values(value: Any, path: Sequence[str]) -> list[Any]:
    """What a dotted name reaches; more than one thing where it goes through a list."""
    if isinstance(value, list):
        whole = [] if path else [value]
        return whole + [found for item in value for found in _values(item, path)]
    if not path:
        return [value]
    if isinstance(value, Mapping) and path[0] in value:
        return _values(value[path[0]], path[1:])
    return []


def _equals(values: Sequence[Any], wanted: Any) -> bool:
    return wanted in values or (wanted is None and not values)


def _compares(values: Sequence[Any], operator: str, operand: Any) -> bool:
    match operator:
        case "$in":
            return any(_equals(values, each) for each in operand)
        case "$nin":
            return not any(_equals(values, each) for each in operand)
        case "$exists":
            return bool(values) == bool(operand)
        case "$ne":
            return not _equals(values, operand)
        case "$lt" | "$lte" | "$gt" | "$gte":
            return any(_ordered(value, operator, operand) for value in values)
    raise NotImplementedError(operator)


def _ordered(value: Any, operator: str, operand: Any) -> bool:
    try:
        match operator:
            case "$lt":
                return bool(value < operand)
            case "$lte":
                return bool(value <= operand)
            case "$gt":
                return bool(value > operand)
        return bool(value >= operand)
    except TypeError:
        return False


def updated(document: Document, update: Mapping[str, Any], new: bool = False) -> Document:
    """The document after $set, $setOnInsert, $unset, $inc, $push ($each) and $pull. Two on one field: WriteError."""
    touched: set[str] = set()
    for operator, fields in update.items():
        for name, value in fields.items():
            if any(name == t or name.startswith(f"{t}.") or t.startswith(f"{name}.") for t in touched):
                raise WriteError(f"Updating the path '{name}' would create a conflict at '{name}'", 40)
            touched.add(name)
            if operator != "$setOnInsert" or new:
                _apply(document, operator, name, value)
    return document


def _apply(document: Document, operator: str, name: str, value: Any) -> None:
    *path, last = name.split(".")
    for step in path:
        document = document.setdefault(step, {})
    match operator:
        case "$set" | "$setOnInsert":
            document[last] = value
        case "$unset":
            document.pop(last, None)
        case "$inc":
            document[last] = document.get(last, 0) + value
        case "$push":
            items = value["$each"] if isinstance(value, Mapping) and "$each" in value else [value]
            document[last] = [*document.get(last, []), *items]
        case "$min":
            document[last] = min(document.get(last, value), value)
        case "$pull":
            document[last] = [item for item in document.get(last, []) if item != value]
        case _:
            raise NotImplementedError(operator)


__all__ = ["Fault", "MemoryCollection", "matches", "updated"]
