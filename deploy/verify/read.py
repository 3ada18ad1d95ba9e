"""Reads a running system into a `Snapshot`. It only reads; what goes on meanwhile makes it no lock and no pause."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from kafka.admin import KafkaAdminClient

from deploy import SERVICES
from deploy.mongo.collections import aggregates
from deploy.system import NotFound
from deploy.system.connect import System
from deploy.system.letters import read as read_letters
from deploy.system.topics import read, reader, spans, when
from deploy.system.waiting import services as waiting
from deploy.verify.snapshot import Place, Seen, Snapshot
from services.escrow.provider.factory import open_records
from services.escrow.provider.port import every
from shared.events import EVENT_NAMES, Event, Poison, decode
from shared.messaging.kafka import Unreadable, using
from shared.settings import PROVIDERS, values
from shared.settings.environment import Reader

_PRIVATE = {
    "title": 0, "duties": 0, "employer": 0, "consent": 0, "words": 0, "facets": 0, "subject": 0, "text": 0, "ats": 0,
}  # fmt: skip


def snapshot(system: System, settling: timedelta, acknowledged: Sequence[tuple[str, str]] = ()) -> Snapshot:
    """Everything, documents first: what they say is published is then on the topics. Raises pymongo's and Kafka's
    errors.
    """
    at = system.times.clock.now()
    with system.database() as client:
        documents = {
            service: list(aggregates(client, service, system.database_prefix).find({}, _PRIVATE))
            for service in SERVICES
        }
        records = open_records(_provider(), client[f"{system.database_prefix}provider"])
        accounts, transfers = tuple(every(records.accounts)), tuple(every(records.transfers))
    return Snapshot(
        documents=documents,
        accounts=accounts,
        committed=_committed(system),
        records=_records(system),
        dead={service: _dead(system, service) for service in SERVICES},
        at=at,
        settling=settling * system.times.speed,
        acknowledged=acknowledged,
        transfers=transfers,
        terms=Reader(os.environ).terms(),
    )


def is_drained(system: System) -> bool:
    """Whether nothing waits: outboxes, groups, timers."""
    return not any(row["outbox"] or row["lag"] or row["overdue"] for row in waiting(system).values())


def _provider() -> str:
    """The provider's name, by the services' own setting. Raises NotFound where it is none."""
    try:
        return values.choice(*PROVIDERS)(os.environ.get("PROVIDER", "").strip() or PROVIDERS[0])
    except ValueError as error:
        raise NotFound(f"PROVIDER: {error}") from None


def _committed(system: System) -> dict[str, dict[Place, int]]:
    with using(KafkaAdminClient, **system.kafka) as admin:
        return {
            service: {
                (place.topic, place.partition): int(at.offset)
                for place, at in admin.list_group_offsets(service).get(service, {}).items()
                if at.offset >= 0
            }
            for service in SERVICES
        }


def _records(system: System) -> list[Seen]:
    """Every record of the events' topics, up to where they end now, each partition in its order."""
    with reader(system) as consumer:
        found = [_seen(record) for record in read(consumer, spans(consumer, EVENT_NAMES))]
    return sorted(found, key=lambda seen: (seen.topic, seen.partition, seen.offset))


def _seen(record: Any) -> Seen:
    event = None if isinstance(record, Unreadable) else event_of(record.key, record.value, record.headers)
    return Seen(record.topic, record.partition, record.offset, when(record), event)


def event_of(key: bytes | None, value: bytes | None, headers: Any) -> Event | None:
    """The event of a record; None where nobody can read it."""
    try:
        return decode(key, value, headers)
    except Poison:
        return None


def _dead(system: System, service: str) -> frozenset[str]:
    """The ce_ids among a service's dead letters."""
    ids = (dict(letter.headers).get("ce_id") for letter in read_letters(system, service))
    return frozenset(each.decode(errors="replace") for each in ids if each)
