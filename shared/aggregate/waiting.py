"""What waits in a service's documents: for the relay, for its time, and for other events."""

from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING
from pymongo.collection import Collection

from shared.aggregate.change import Document


@dataclass(frozen=True)
class Waiting:
    """Documents with events not yet published and the oldest one's age in seconds (0 where there is none), documents
    whose next timer is overdue, and parked events.
    """

    outbox: int
    outbox_seconds: float
    due: int
    parked: int


def waiting(collection: Collection[Document], now: datetime) -> Waiting:
    """Count it, by the three sparse indexes. Raises pymongo's errors."""
    unsent = {"outbox_at": {"$exists": True}}
    oldest = next(iter(collection.find(unsent, {"outbox_at": 1}).sort("outbox_at", ASCENDING).limit(1)), None)
    parked = collection.find({"parked.id": {"$exists": True}}, {"parked.id": 1})
    return Waiting(
        outbox=collection.count_documents(unsent) if oldest else 0,
        outbox_seconds=max(0.0, (now - oldest["outbox_at"]).total_seconds()) if oldest else 0.0,
        due=collection.count_documents({"due_at": {"$lte": now}}),
        parked=sum(len(doc["parked"]) for doc in parked),
    )
