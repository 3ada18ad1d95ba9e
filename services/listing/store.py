"""The collection `listings`: listings, and for a seeker who knows the employer `unveiled:<listing_id>:<person_id>`."""

from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from shared.aggregate import Document, Store

COLLECTION = "listings"
_SHOWN = {"events": 0, "applied": 0, "commands": 0, "words": 0, "facets": 0}


def by_facet(collection: Collection[Document]) -> None:
    """The one index of every search: equality on a facet, then newest first."""
    collection.create_index([("facets", ASCENDING), ("rank", DESCENDING)])


def by_seeker(collection: Collection[Document]) -> None:
    """Which employers a person was told of."""
    collection.create_index([("seeker", ASCENDING)], sparse=True)


MIGRATIONS = (by_facet, by_seeker)


def unveiled_id(listing_id: str, person: str) -> str:
    return f"unveiled:{listing_id}:{person}"


def is_unveiled(store: Store, listing_id: str, person: str) -> bool:
    """Whether an offer of this person on the listing has been active."""
    query = {"_id": unveiled_id(listing_id, person), "state": "known"}
    return store.collection.find_one(query, {"_id": 1}) is not None


def find(store: Store, query: Mapping[str, Any], after: str | None, limit: int) -> list[Document]:
    """Listings of a query of `search`, newest first, from below the rank `after`."""
    below = {"rank": {"$lt": after}} if after else {}
    return list(store.collection.find({**query, **below}, _SHOWN).sort("rank", DESCENDING).limit(limit))
