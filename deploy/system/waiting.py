"""What waits where: in the outboxes, in Kafka, parked, and past its time."""

import importlib
import time
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient
from pymongo.collection import Collection

from deploy import SERVICES
from deploy.mongo.collections import aggregates
from deploy.system.connect import System
from deploy.system.records import headers
from deploy.system.topics import read, reader, spans
from shared.messaging.frontier import paused_topics
from shared.messaging.kafka import using
from shared.messaging.redriven import LETTER


def clock_offset(system: System) -> float | None:
    """Seconds that the clock here is ahead of the database's; None where the stack goes by a clock of its own."""
    if system.times.fast is not None:
        return None
    with system.database() as client:
        before, began = datetime.now(UTC), time.monotonic()
        told: datetime = client.admin.command("hello")["localTime"].replace(tzinfo=UTC)
        return round((before - told).total_seconds() + (time.monotonic() - began) / 2, 1)


def services(system: System) -> dict[str, dict[str, Any]]:
    """{service: {outbox, outbox_seconds, lag, paused, dead_letters, parked, overdue, overdue_seconds}}.

    `paused` are the topics that the service reads no more; `dead_letters` were not sent again.
    """
    with using(KafkaAdminClient, **system.kafka) as admin, reader(system) as consumer, system.database() as client:
        return {
            service: waiting(aggregates(client, service, system.database_prefix), system.times.clock.now())
            | _reading(admin, consumer, service)
            | {"dead_letters": _letters(consumer, service)}
            for service in SERVICES
        }


def waiting(collection: Collection[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """What waits in the documents: for the relay, parked, and past its time. Ages in seconds, None where nothing is."""
    unsent = [row["outbox_at"] for row in collection.find({"outbox_at": {"$exists": True}}, {"outbox_at": 1})]
    overdue = [row["due_at"] for row in collection.find({"due_at": {"$lte": now}}, {"due_at": 1})]
    parked = collection.find({"parked.id": {"$exists": True}}, {"parked.id": 1})
    return {
        "outbox": len(unsent),
        "outbox_seconds": _age(unsent, now),
        "parked": sum(len(row["parked"]) for row in parked),
        "overdue": len(overdue),
        "overdue_seconds": _age(overdue, now),
    }


def _age(times: list[datetime], now: datetime) -> float | None:
    return round(max(0.0, (now - min(times)).total_seconds()), 1) if times else None


def _reading(admin: KafkaAdminClient, consumer: KafkaConsumer, service: str) -> dict[str, Any]:
    """How much the service has still to take, over all topics it reads, and which of them it has paused."""
    topics = [*importlib.import_module(f"services.{service}.handlers").HANDLERS, f"{service}.redrive"]
    held = spans(consumer, topics)
    offsets = admin.list_group_offsets(service).get(service, {})
    taken = {place: int(at.offset) for place, at in offsets.items()}
    lag = sum(max(0, end - max(taken.get(place, 0), first)) for place, (first, end) in held.items())
    return {"lag": lag, "paused": sorted(paused_topics(offsets))}


def _letters(consumer: KafkaConsumer, service: str) -> int:
    """The dead letters that were not sent again; they are counted, for offsets belong to markers as well."""
    letters = {f"{r.partition}/{r.offset}" for r in read(consumer, spans(consumer, [f"{service}.dead"]))}
    sent = {headers(r).get(LETTER) for r in read(consumer, spans(consumer, [f"{service}.redrive"]))}
    return len(letters - sent)
