"""One hire over all services: its documents, the events about it on the topics, and what notify made of each.

Kafka is read from the offer's first day on; in the database everything is found by its id.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deploy.mongo.collections import Client, every_aggregate
from deploy.system import NotFound
from deploy.system.connect import System
from deploy.system.records import moment
from deploy.system.topics import read, reader, since_time, spans
from shared.clock import format_time
from shared.events import Event, Poison, decode, source_of
from shared.events.catalogue import PUBLIC_NAMES

_BEFORE = timedelta(minutes=1)
"""How much earlier than its document an event's record may be dated: by another clock."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Trace:
    """`documents`: how each stands now; `timeline`: what happened, the earliest first."""

    documents: list[Json]
    timeline: list[Json]


def trace(system: System, offer_id: str) -> Trace:
    """Raises NotFound where there is no such offer, and what pymongo and Kafka raise."""
    with system.database() as client:
        offer = _one(client, system, "matching", offer_id)
        if offer is None or offer.get("kind") != "offer":
            raise NotFound(f"there is no offer {offer_id}")
        listing_id = str(offer["listing_id"])
        named = {"listing": listing_id, "matching": offer_id, "escrow": offer_id, "notify": f"offer:{offer_id}"}
        found = {service: _one(client, system, service, each) for service, each in named.items()}
        begin = system.times.real(offer["created_at"] - _BEFORE)
        events = list(_events(system, {offer_id, listing_id}, begin))
        made = [*_made(client, system, offer, [event for event, _ in events])]
    rows = [_event_row(event, record) for event, record in events] + made
    return Trace(
        [_standing(service, doc) for service, doc in found.items() if doc],
        sorted(rows, key=lambda row: str(row["at"])),
    )


def _one(client: Client, system: System, service: str, key: str) -> Json | None:
    collections = every_aggregate(client, service, system.database_prefix)
    return next((doc for each in collections if (doc := each.find_one({"_id": key}))), None)


def _many(client: Client, system: System, keys: Sequence[str]) -> Iterator[Json]:
    yield from every_aggregate(client, "notify", system.database_prefix)[0].find({"_id": {"$in": list(keys)}})


def _events(system: System, subjects: set[str], begin: datetime) -> Iterator[tuple[Event, Any]]:
    """Each event about one of these once, with the first of its records."""
    seen = set[str]()
    with reader(system) as consumer:
        for record in read(consumer, since_time(consumer, spans(consumer, PUBLIC_NAMES), begin)):
            if (record.key or b"").decode(errors="replace") not in subjects:
                continue
            try:
                event = decode(record.key, record.value, record.headers)
            except Poison:
                continue
            if event.id not in seen:
                seen.add(event.id)
                yield event, record


def _made(client: Client, system: System, offer: Json, events: Sequence[Event]) -> Iterator[Json]:
    """What notify made of the events: entries of its log, notifications, attempts to deliver."""
    by_id = {event.id: event for event in events}
    for logged in _many(client, system, [f"event:{event.source.rpartition(':')[2]}:{event.id}" for event in events]):
        yield _row(
            logged["arrived_at"], "notify", f"logged {logged['event_type']}", f"number {logged.get('log_number')}"
        )
    people = [offer[name] for name in ("insider", "seeker") if name in offer]
    for told in _many(client, system, [f"{event_id}:{person}" for event_id in by_id for person in people]):
        yield _row(told["created_at"], "notify", f"notification of {told['event_type']}", told["state"])
    hooks = every_aggregate(client, "notify", system.database_prefix)[0].find({"kind": "webhook"}, {"_id": 1})
    names = [hook["_id"] for hook in hooks]
    for delivery in _many(client, system, [f"delivery:{name}:{event_id}" for name in names for event_id in by_id]):
        for tried in delivery.get("attempts", []):
            outcome = f"{tried.get('status') or tried.get('why')}, {tried['milliseconds']} ms"
            does = "delivered" if 200 <= (tried.get("status") or 0) < 300 else "tried to deliver"
            what = f"{does} {delivery['event_type']}"
            yield _row(tried["at"], "notify", what, f"{outcome} to webhook {delivery['webhook_id']}")


def _event_row(event: Event, record: Any) -> Json:
    place = f"{record.topic}/{record.partition}/{record.offset}, written {moment(record.timestamp)[11:23]}"
    service = event.source.removeprefix(source_of(""))
    return _row(event.time, service, event.type, f"#{event.sequence} at {place}")


def _row(at: datetime, service: str, what: str, more: str) -> Json:
    return {"at": format_time(at), "service": service, "what": what, "more": more}


def _standing(service: str, doc: Mapping[str, Any]) -> Json:
    """How a document stands, and what of it still waits."""
    return {
        "service": service,
        "id": doc["_id"],
        "state": doc["state"],
        "version": doc["version"],
        "updated_at": format_time(doc["updated_at"]),
        "unsent": "outbox_at" in doc,
        "parked": len(doc.get("parked", ())),
        "due_at": format_time(doc["due_at"]) if "due_at" in doc else None,
    }
