"""The collection `notifications`: notifications, and the contacts (`contact:<person_id>`) they are mailed to."""

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from shared.aggregate import Document, Store

COLLECTION = "notifications"
_SHOWN = {"events": 0, "applied": 0}


def by_person(collection: Collection[Document]) -> None:
    """One's own notifications, newest first."""
    collection.create_index([("person", ASCENDING), ("rank", DESCENDING)])


MIGRATIONS = (by_person,)


def contact_id(person: str) -> str:
    return f"contact:{person}"


def own(store: Store, person: str, after: str | None, limit: int) -> list[Document]:
    """A person's notifications, newest first, from below the rank `after`."""
    below = {"rank": {"$lt": after}} if after else {}
    return list(store.collection.find({"person": person, **below}, _SHOWN).sort("rank", DESCENDING).limit(limit))
