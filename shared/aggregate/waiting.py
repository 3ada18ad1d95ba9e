"""What waits in a service's documents: for the relay, for its time, and for other events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection

from shared.aggregate.change import Document

LATE = timedelta(seconds=30)
"""What is due or parked for less than this is on its way: being carried out, or ahead of an event of another topic."""


@dataclass(frozen=True)
class Waiting:
    """Documents with events not yet published and the oldest one's age in seconds (0 where there is none), documents
    whose next timer is overdue by more than `LATE`, parked events, and `stranded`: those parked for longer than that
    because an event that should be here is not. What a dispute, a bank or an open instruction holds back may wait.
    """

    outbox: int
    outbox_seconds: float
    due: int
    parked: int
    stranded: int


def waiting(collection: Collection[Document], now: datetime) -> Waiting:
    """Count it, by the three sparse indexes. Raises pymongo's errors."""
    unsent = {"outbox_at": {"$exists": True}}
    oldest = next(iter(collection.find(unsent, {"outbox_at": 1}).sort("outbox_at", ASCENDING).limit(1)), None)
    holding = collection.find({"parked.id": {"$exists": True}}, {"parked": 1})
    parked = [each for doc in holding for each in doc["parked"]]
    return Waiting(
        outbox=collection.count_documents(unsent) if oldest else 0,
        outbox_seconds=max(0.0, (now - oldest["outbox_at"]).total_seconds()) if oldest else 0.0,
        due=collection.count_documents({"due_at": {"$lte": now - LATE}}),
        parked=len(parked),
        stranded=sum(_is_stranded(each, now) for each in parked),
    )


def _is_stranded(parked: Mapping[str, Any], now: datetime) -> bool:
    """Only what waits for another event has a limit."""
    return "until" in parked and bool(parked.get("parked_at", now) <= now - LATE)
