"""The collection `offers`: offers, copies of listings (`listing:<id>`), accounts (`account:<person>`), profiles
(`profile:<person>`), people (`<person>`) and what was reported of insiders (`report:<person>`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from services.matching.staff_lists import index_for_staff, rename_staff_lists
from shared.aggregate import Document, Migration, Store, by_try
from shared.clock import format_time
from shared.reports.desk import index_reports

COLLECTION = "offers"
_UNLISTED = {"events": 0, "steps": 0, "applied": 0, "commands": 0, "parked": 0}
_OF_HIRES = {"hired_by": 1, "state": 1, "seeker": 1, "price": 1, "hire": 1, "ended": 1}
_OF_PEOPLE = {"mark": 1, "box_mark": 1, "identity": 1, "number": 1}
_WITH_REVIEWS = {**_OF_HIRES, "reviews": 1, "hired_at": 1}
_OF_ONE = 20
"""Listings of one insider that are looked at for a match."""
_NAMING = 50
"""Documents that name one application that are read at once."""
_LOOKED_AT = 5
"""So many times the limit is read at most, where a few have many listings."""
_WITHOUT_FACETS = {"facets": 0, "tranches": 0}


def listing_key(listing_id: str) -> str:
    return f"listing:{listing_id}"


def _index_parties(offers: Collection[Document]) -> None:
    """A person's offers, newest first; copies and accounts have neither field."""
    offers.create_index([("parties", ASCENDING), ("position", DESCENDING)], sparse=True)


def _index_listing(offers: Collection[Document]) -> None:
    """The offers that live on a listing, for when it ends."""
    offers.create_index([("live_on", ASCENDING)], sparse=True)


def _index_hires(offers: Collection[Document]) -> None:
    """An insider's hires, the newest first; offers hired under an older version get the fields now."""
    offers.create_index([("hired_by", ASCENDING), ("hired_at", DESCENDING)], sparse=True)
    for doc in offers.find({"kind": "offer", "hire": {"$exists": True}}, {"insider": 1, "hire.confirmed_at": 1}):
        hired = {"hired_by": doc["insider"], "hired_at": f"{format_time(doc['hire']['confirmed_at'])} {doc['_id']}"}
        offers.update_one({"_id": doc["_id"]}, {"$set": hired})


def _index_application(offers: Collection[Document]) -> None:
    """Offers that name an application at an employer, and what the employer's system says of it."""
    offers.create_index([("application", ASCENDING)], sparse=True)


def _index_facets(offers: Collection[Document]) -> None:
    """The copies of listings that may be matches, the newest first."""
    offers.create_index([("facets", ASCENDING), ("rank", DESCENDING)], sparse=True)


def _index_wants(offers: Collection[Document]) -> None:
    """Who is to be told at once of a new listing, by its facets."""
    offers.create_index([("wants", ASCENDING), ("since", ASCENDING)], sparse=True)


MIGRATIONS: Sequence[Migration] = (
    _index_parties,
    _index_listing,
    _index_hires,
    index_for_staff,
    _index_facets,
    _index_application,
    rename_staff_lists,
    by_try,
    index_reports,
    _index_wants,
)


def own_offers(store: Store, person: str, asked: Mapping[str, Any], after: str | None, limit: int) -> list[Document]:
    """A person's offers, the newest first, those after the sort key `after`; `asked`: role, status, listing_id."""
    query: dict[str, Any] = {"parties": person}
    if "role" in asked:
        query[asked["role"]] = person
    if "status" in asked:
        query["state"] = asked["status"]
    if "listing_id" in asked:
        query["listing_id"] = asked["listing_id"]
    if after:
        query["position"] = {"$lt": after}
    return store.find(query, _UNLISTED, [("position", DESCENDING)], limit)


def naming(store: Store, application: str, kind: str, states: Sequence[str] = ()) -> list[Document]:
    """Documents of this kind, in these states where any are given, that name an application."""
    query: dict[str, Any] = {"application": application, "kind": kind}
    if states:
        query["state"] = {"$in": list(states)}
    return store.find(query, {"events": 0}, limit=_NAMING)


def offers_on(store: Store, listing_id: str, states: Sequence[str], after: str, limit: int) -> list[str]:
    """Ids of offers that live on this listing and are in these states, in order, those after the id `after`."""
    query = {"live_on": listing_id, "state": {"$in": list(states)}, "_id": {"$gt": after}}
    found = store.collection.find(query, {"_id": 1}).sort("_id", ASCENDING).limit(limit)
    return [doc["_id"] for doc in found]


def with_offers(store: Store, listing_ids: Iterable[str], states: Sequence[str], limit: int) -> set[str] | None:
    """Which of these listings have offers that live on them in these states; None where there are too many to tell."""
    if not (ids := sorted(set(listing_ids))):
        return set()
    query = {"live_on": {"$in": ids}, "state": {"$in": list(states)}}
    found = list(store.collection.find(query, {"_id": 0, "live_on": 1}).limit(limit))
    return None if len(found) == limit else {doc["live_on"] for doc in found}


def hires_of(store: Store, insider: str, limit: int) -> list[Document]:
    """An insider's offers in which a hire was confirmed, the newest first."""
    return store.find({"hired_by": insider}, _WITH_REVIEWS, [("hired_at", DESCENDING)], limit)


def hires_of_all(store: Store, insiders: Iterable[str], limit: int) -> dict[str, list[Document]]:
    """`hires_of` several insiders in one query, `limit` for all together, without the reviews."""
    found: dict[str, list[Document]] = {}
    order = [("hired_by", ASCENDING), ("hired_at", DESCENDING)]
    query = {"hired_by": {"$in": sorted(insiders)}}
    for doc in store.find(query, {**_OF_HIRES, "hired_at": 1}, order, limit):
        found.setdefault(doc["hired_by"], []).append(doc)
    return found


def people_of(store: Store, hires: Iterable[Document]) -> dict[str, Document]:
    """What is known of the addresses of those who were hired and of who helped them, by person."""
    people = sorted({hire[name] for hire in hires for name in ("seeker", "hired_by")})
    return {doc["_id"]: doc for doc in store.collection.find({"_id": {"$in": people}}, _OF_PEOPLE)} if people else {}


def listings_with(store: Store, facets: Sequence[str], limit: int) -> list[Document]:
    """Copies of published listings that have one of these facets, the newest first; of one insider a few, so that
    nobody crowds out the others.
    """
    query = {"facets": {"$in": list(facets)}}
    seen: Counter[str] = Counter()
    found: list[Document] = []
    for doc in store.collection.find(query, _WITHOUT_FACETS).sort("rank", DESCENDING).limit(limit * _LOOKED_AT):
        seen[doc["insider"]] += 1
        if seen[doc["insider"]] <= _OF_ONE:
            found.append(doc)
        if len(found) == limit:
            break
    return found


def alerts_wanting(store: Store, facets: Sequence[str], arrived: datetime, limit: int) -> list[str]:
    """Ids of alerts that want a listing with these facets, and have not looked since it arrived."""
    query = {"wants": {"$in": list(facets)}, "since": {"$lt": arrived}}
    return [doc["_id"] for doc in store.collection.find(query, {"_id": 1}).limit(limit)]
