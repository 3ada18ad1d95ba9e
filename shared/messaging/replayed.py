"""What all workers of a service know of a replay that comes: a document, there from when one of them found the topics
without their records until one has read all that came. Whoever takes an old event meanwhile says so in it.
"""

from pymongo.collection import Collection

from shared.aggregate import Document

_ID = "replayed"


class Replayed:
    """Each raises pymongo's errors while the database is away."""

    def __init__(self, collection: Collection[Document]) -> None:
        self._collection = collection

    def note(self) -> None:
        """That something is still to come, or came just now."""
        self._collection.update_one({"_id": _ID}, {"$inc": {"signs": 1}, "$setOnInsert": {"kind": _ID}}, upsert=True)

    def signs(self) -> int | None:
        """A number that moves with each note; None where nothing is replayed."""
        found = self._collection.find_one({"_id": _ID})
        return int(found["signs"]) if found else None

    def over(self) -> None:
        self._collection.delete_one({"_id": _ID})
