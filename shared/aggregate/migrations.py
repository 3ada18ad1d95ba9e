"""Indexes and other one-time changes of a collection: numbered, each safe to run again, run at start by every
worker.
"""

from collections.abc import Callable, Sequence

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from shared.aggregate.change import Document
from shared.aggregate.tasks import TASK_TIMER

Migration = Callable[[Collection[Document]], None]
_ID = "migrations"


def core_indexes(collection: Collection[Document]) -> None:
    """The outbox, the timers and what is parked: sparse, so that only documents with something to do are in them."""
    collection.create_index([("outbox_at", ASCENDING)], sparse=True)
    collection.create_index([("due_at", ASCENDING)], sparse=True)
    collection.create_index([("parked.id", ASCENDING)], sparse=True)


def by_try(collection: Collection[Document]) -> None:
    """Open tasks by when they are tried next: what a wrong clock has put off is found by it."""
    collection.create_index([(f"timers.{TASK_TIMER}", ASCENDING)], sparse=True)


def migrate(collection: Collection[Document], migrations: Sequence[Migration] = ()) -> int:
    """Run what has not been run, in order, and return how many were. Two at once do the same work twice, harmlessly."""
    every = [core_indexes, *migrations]
    todo = every[len(every) - behind(collection, migrations) :]
    for number, step in enumerate(todo, start=len(every) - len(todo) + 1):
        step(collection)
        try:
            collection.update_one(
                {"_id": _ID, "done": {"$lt": number}}, {"$set": {"kind": _ID, "done": number}}, upsert=True
            )
        except DuplicateKeyError:
            continue  # another worker was faster
    return len(todo)


def behind(collection: Collection[Document], migrations: Sequence[Migration] = ()) -> int:
    """How many have not been run yet; 0 as well where a later version has run more."""
    known = collection.find_one({"_id": _ID}) or {"done": 0}
    return max(0, 1 + len(migrations) - int(known["done"]))
