"""The collection `offers`: offers, copies of listings (`listing:<id>`) and accounts (`account:<person>`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from shared.aggregate import Document, Migration, Store

COLLECTION = "offers"
_UNLISTED = {"events": 0, "applied": 0, "commands": 0, "parked": 0}


def listing_key(listing_id: str) -> str:
    return f"listing:{listing_id}"


def _index_parties(offers: Collection[Document]) -> None:
    """One's own offers, newest first; copies and accounts have neither field."""
    offers.create_index([("parties", ASCENDING), ("position", DESCENDING)], sparse=True)


def _index_listing(offers: Collection[Document]) -> None:
    """The offers that live on a listing, for when it ends."""
    offers.create_index([("live_on", ASCENDING)], sparse=True)


MIGRATIONS: Sequence[Migration] = (_index_parties, _index_listing)


def own_offers(store: Store, person: str, asked: Mapping[str, Any], after: str | None, limit: int) -> list[Document]:
    """A person's offers, the newest first, those after the position `after`; `asked`: role, status, listing_id."""
    query: dict[str, Any] = {"parties": person}
    if "role" in asked:
        query[asked["role"]] = person
    if "status" in asked:
        query["state"] = asked["status"]
    if "listing_id" in asked:
        query["listing_id"] = asked["listing_id"]
    if after:
        query["position"] = {"$lt": after}
    return list(store.collection.find(query, _UNLISTED).sort("position", DESCENDING).limit(limit))


def offers_on(store: Store, listing_id: str, states: Sequence[str], limit: int = 200) -> list[str]:
    """Ids of offers on this listing in these states, that its end was not told before."""
    query = {"live_on": listing_id, "state": {"$in": list(states)}}
    return [doc["_id"] for doc in store.collection.find(query, {"_id": 1}).limit(limit)]
