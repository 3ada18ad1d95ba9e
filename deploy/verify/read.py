"""Opens a running system for a reading in slices. It only reads, and makes what goes on no lock and no pause."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient

from deploy import SERVICES
from deploy.mongo.collections import every_aggregate
from deploy.system.connect import System
from deploy.system.topics import read, reader, spans, when
from deploy.system.waiting import services as waiting
from deploy.verify.slices import Slices, Sources
from deploy.verify.snapshot import Place, Seen
from deploy.verify.spill import Spill
from services.escrow.provider.factory import open_records
from shared.events import EVENT_NAMES, Event, Poison, decode
from shared.messaging.kafka import Unreadable, using
from shared.settings import Settings, load_common

_DEAD = {f"{service}.dead": service for service in SERVICES}
_AT_ONCE = 10_000
"""Records of a partition that are read before they are kept."""

Say = Callable[[int, int], object]
"""Told how many records were read, of how many."""


@contextmanager
def slices(system: System, spill: Spill, settling: timedelta, say: Say = lambda *_: None) -> Iterator[Slices]:
    """A reading of everything. Raises SettingsError, pymongo's and Kafka's errors."""
    held = load_common(system.settings)
    clients = using(KafkaAdminClient, **system.kafka), reader(system), system.database()
    with clients[0] as admin, clients[1] as consumer, clients[2] as client:
        yield Slices(
            Sources(
                collections={s: every_aggregate(client, s, system.database_prefix) for s in SERVICES},
                provider=open_records(held.provider, client[f"{system.database_prefix}provider"]),
                feed=lambda into: _feed(consumer, into, say),
                committed=lambda: _committed(admin),
                now=system.times.clock.now,
                settling=settling * system.times.speed,
                terms=held.terms,
                places=held.rules,
                clocks_apart=max(held.clock_tolerance, Settings.clock_tolerance),
            ),
            spill,
        )


def is_drained(system: System) -> bool:
    """Whether nothing waits: outboxes, groups, timers."""
    return not any(row["outbox"] or row["lag"] or row["overdue"] for row in waiting(system).values())


def _committed(admin: KafkaAdminClient) -> dict[str, dict[Place, int]]:
    return {
        service: {
            (place.topic, place.partition): int(at.offset)
            for place, at in admin.list_group_offsets(service).get(service, {}).items()
            if at.offset >= 0
        }
        for service in SERVICES
    }


def _feed(consumer: KafkaConsumer, spill: Spill, say: Say) -> None:
    """Add every record of the events' topics and every dead letter, from where it was to where they end now."""
    held = spans(consumer, [*EVENT_NAMES, *_DEAD])
    positions = spill.positions()
    left = {p: (max(first, positions.get((p.topic, p.partition), 0)), end) for p, (first, end) in held.items()}
    total, done = sum(max(0, end - first) for first, end in left.values()), 0
    while left := {place: (first, end) for place, (first, end) in left.items() if first < end}:
        some = {place: (first, min(end, first + _AT_ONCE)) for place, (first, end) in left.items()}
        _add(spill, read(consumer, some))
        spill.moved({(place.topic, place.partition): end for place, (_, end) in some.items()})
        spill.commit()
        left = {place: (some[place][1], end) for place, (_, end) in left.items()}
        done += sum(end - first for first, end in some.values())
        say(done, total)


def _add(spill: Spill, records: Iterator[Any]) -> None:
    for record in records:
        if service := _DEAD.get(record.topic):
            if not isinstance(record, Unreadable) and (ce_id := dict(record.headers).get("ce_id")):
                spill.add_dead([(service, ce_id.decode(errors="replace"))])
        else:
            spill.add([_seen(record)])


def _seen(record: Any) -> Seen:
    event = None if isinstance(record, Unreadable) else event_of(record.key, record.value, record.headers)
    return Seen(record.topic, record.partition, record.offset, when(record), event)


def event_of(key: bytes | None, value: bytes | None, headers: Any) -> Event | None:
    """The event of a record; None where nobody can read it."""
    try:
        return decode(key, value, headers)
    except Poison:
        return None
