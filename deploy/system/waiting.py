"""What waits where: in the outboxes, in Kafka, parked, and past its time."""

import importlib
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from pymongo.collection import Collection

from deploy import SERVICES
from deploy.mongo.collections import aggregates
from deploy.system.connect import System


def services(system: System) -> dict[str, dict[str, Any]]:
    """{service: {outbox, outbox_seconds, lag, dead_letters, parked, overdue, overdue_seconds}}."""
    consumer = KafkaConsumer(**system.kafka, enable_auto_commit=False)
    admin = KafkaAdminClient(**system.kafka)
    try:
        with system.database() as client:
            return {
                service: waiting(aggregates(client, service, system.database_prefix))
                | {"lag": _lag(admin, consumer, service), "dead_letters": _records(consumer, f"{service}.dead")}
                for service in SERVICES
            }
    finally:
        admin.close()
        consumer.close(autocommit=False)


def waiting(collection: Collection[dict[str, Any]]) -> dict[str, Any]:
    """What waits in the documents: for the relay, parked, and past its time. Ages in seconds, None where nothing is."""
    now = datetime.now(UTC)
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


def _lag(admin: KafkaAdminClient, consumer: KafkaConsumer, service: str) -> int:
    """How many records the service has still to take, over all topics it reads."""
    read = [*importlib.import_module(f"services.{service}.handlers").HANDLERS, f"{service}.redrive"]
    places = _places(consumer, read)
    ends, firsts = consumer.end_offsets(places), consumer.beginning_offsets(places)
    taken = {place: int(at.offset) for place, at in admin.list_group_offsets(service).get(service, {}).items()}
    return sum(max(0, ends[place] - max(taken.get(place, 0), firsts[place])) for place in places)


def _records(consumer: KafkaConsumer, topic: str) -> int:
    places = _places(consumer, [topic])
    return int(sum(consumer.end_offsets(places).values()) - sum(consumer.beginning_offsets(places).values()))


def _places(consumer: KafkaConsumer, topics: list[str]) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic) or ()]
