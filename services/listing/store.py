"""The collection `listings`: listings, and for a seeker who knows the employer `unveiled:<listing_id>:<person_id>`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.collection import Collection

from services.listing.census import Census
from services.listing.orders import INDEXED, NEWEST, Order
from services.listing.search import Question, fields, own_question
from shared.aggregate import Document, Store
from shared.clock import to_milliseconds
from shared.reports.desk import index_reports

COLLECTION = "listings"
KNOWN, VEILED, ERASED = "known", "veiled", "erased"
"""States of what says whether a seeker sees an employer."""
_SHOWN = {"events": 0, "applied": 0, "commands": 0, "words": 0, "facets": 0, "codes": 0}
_TEXTS = {"events": 0, "applied": 0, "commands": 0}
_AT_ONCE = 500
_ON_A_MAP = 10_000
_HAS_DOMAIN = {"domain_mark": {"$exists": True}}
_REGISTER_READ_WITHIN = timedelta(hours=1)
EMPLOYER, ANY = "employer", ""
SPREAD = "pass"
"""The timer of a pass that tells listings whether their insiders are verified."""


def by_facet(collection: Collection[Document]) -> None:
    """The one index on a list. Newest first is the order of most searches, so it costs nothing more there."""
    collection.create_index([("facets", ASCENDING), ("rank", DESCENDING)])


def by_seeker(collection: Collection[Document]) -> None:
    """Which employers were unveiled to a person."""
    collection.create_index([("seeker", ASCENDING)], sparse=True)


def by_order(collection: Collection[Document]) -> None:
    """An index for each order, and the fields of the search of every listing as they are made now.

    A listing that changes meanwhile is left alone: whoever changes it makes them anew.
    """
    for field, down in INDEXED:
        collection.create_index([("state", ASCENDING), (field, DESCENDING if down else ASCENDING)])
    made: dict[str, UpdateOne] = {}
    for doc in collection.find({"kind": "listing"}, _TEXTS):
        if "created_at" not in doc:
            continue  # never more than a place for events that came too early
        as_read = {"_id": doc["_id"], "version": doc["version"]}
        made[doc["_id"]] = UpdateOne(as_read, {"$set": fields(doc, doc["_id"])})
        if len(made) == _AT_ONCE:
            _write(collection, made)
            made = {}
    if made:
        _write(collection, made)


def _write(collection: Collection[Document], made: Mapping[str, UpdateOne]) -> None:
    """In the order of the ids, as all who write several documents."""
    collection.bulk_write([made[each] for each in sorted(made)], ordered=False)


def by_employer(collection: Collection[Document]) -> None:
    """Which listings are at an employer, by the mark of its domain."""
    collection.create_index([("domain_mark", ASCENDING), ("_id", ASCENDING)], partialFilterExpression=_HAS_DOMAIN)


def verified_anew(collection: Collection[Document]) -> None:
    """Have all listings with a domain looked at again: before, an insider was verified at any domain.

    In an hour, so that the register has been read by then and what staff have registered does not change twice. The
    document is of a kind that older workers leave alone.
    """
    if collection.find_one({"kind": "listing"}, {"_id": 1}) is None:
        return
    at = to_milliseconds(datetime.now(UTC)) + _REGISTER_READ_WITHIN
    sweep = {"kind": EMPLOYER, "version": 1, "state": "new", "timers": {SPREAD: at}, "due_at": at}
    collection.update_one({"_id": employer_id(ANY)}, {"$setOnInsert": sweep}, upsert=True)


def by_unsubmitted(collection: Collection[Document]) -> None:
    """How many listings a person wrote and did not hand in. Those that an older version wrote are not counted."""
    collection.create_index([("unsubmitted", ASCENDING)], sparse=True)


MIGRATIONS = (by_facet, by_seeker, by_order, by_employer, verified_anew, index_reports, by_unsubmitted)


def newest(store: Store) -> Iterator[tuple[str, datetime]]:
    """(id, when it last changed) of the published listings, the newest ten thousand, newest first."""
    shown = {"updated_at": 1}
    found = store.collection.find({"state": "published"}, shown).sort(NEWEST.field, DESCENDING).limit(_ON_A_MAP)
    return ((doc["_id"], doc["updated_at"]) for doc in found)


def unveiled_id(listing_id: str, person: str) -> str:
    return f"unveiled:{listing_id}:{person}"


def is_unveiled(store: Store, listing_id: str, person: str) -> bool:
    """Whether the employer is shown to this person, as an offer of theirs has begun."""
    query = {"_id": unveiled_id(listing_id, person), "state": KNOWN}
    return store.collection.find_one(query, {"_id": 1}) is not None


def find(store: Store, census: Census, question: Question, after: str | None, limit: int) -> list[Document]:
    """The listings that meet a question, in its order, after the sort key `after`."""
    counts = {lead: census.having(lead) for lead in question.leads} if question.state else {}
    published = census.published() if counts else 0
    entry = question.entry(counts, published, limit, after is None)
    query = question.by_facet(entry, after) if entry else question.by_order(after)
    return _read(store, query, question.order, limit)


def of_insider(store: Store, person: str, after: str | None, limit: int) -> list[Document]:
    """A person's listings, newest first, after the sort key `after`."""
    question = own_question({}, person)
    return _read(store, question.by_facet(question.leads.keys(), after), NEWEST, limit)


def employer_id(mark: str) -> str:
    return f"{EMPLOYER}:{mark}"


def at_employer(store: Store, mark: str, after: str, limit: int) -> list[Document]:
    """The listings at the employer whose domain has that mark (`ANY`: at any), by id, after the id `after`."""
    query = {"domain_mark": _HAS_DOMAIN["domain_mark"] if mark == ANY else mark, "_id": {"$gt": after}}
    return list(store.collection.find(query, _SHOWN).sort("_id", ASCENDING).limit(limit))


def _read(store: Store, query: Mapping[str, Any], order: Order, limit: int) -> list[Document]:
    direction = DESCENDING if order.down else ASCENDING
    return list(store.collection.find(query, _SHOWN).sort(order.field, direction).limit(limit))


def employers_known(store: Store, person: str) -> list[dict[str, Any]]:
    """The listings whose employer a person may see, and since when."""
    found = store.collection.find({"seeker": person, "state": KNOWN}, {"listing_id": 1, "created_at": 1})
    return [{"listing_id": doc["listing_id"], "since": doc["created_at"]} for doc in found]
