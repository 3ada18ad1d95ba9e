"""How a service is, for its operator: what waits in its documents, and what its workers last wrote of themselves.

A web process has no client of Kafka. So each worker writes into the service's own collection, every few seconds, how
far its group is; a worker that is away writes no more, and the age of what it wrote says so.

worker:<slot>   what the worker of that slot wrote last
"""

from datetime import timedelta
from typing import Any

from pymongo.collection import Collection

from shared.aggregate import Document, Store, waiting
from shared.fields import Body, Flag, Integer, Part, Several, Text
from shared.http.declare.operations import Answer, Call, Operations, roles
from shared.messaging.frontier import Position

KIND = "worker"
_ALL = {"_id": {"$gte": f"{KIND}:", "$lt": f"{KIND};"}}
_FORGOTTEN_AFTER = timedelta(hours=1)


class Reading(Body):
    """How far the service's consumer group is, as the worker found it."""

    lag = Integer(description="records of its topics that the group has still to take")
    paused = Several(Text(), description="topics that it reads no more, since too many of their records died")
    dead_letters = Integer(description="records in the service's topic of dead letters, sent again or not")


class WorkerStatus(Body):
    slot = Text(metadata={"description": "the worker's stable name"})
    seen_seconds = Integer(description="since it last wrote; more than half a minute: it is away, or cannot write")
    up_seconds = Integer(description="from its start until then")
    stuck = Several(Text(), description="loops that gave no sign of life for a minute")
    reading = Part(Reading, "null: it did not reach the broker", allow_none=True)


class Outbox(Body):
    documents = Integer(description="with events that the broker has not acknowledged yet")
    oldest_seconds = Integer(description="since the oldest of those was emitted")


class ServiceStatus(Body):
    """How a service is."""

    service = Text()
    version = Text()
    outbox = Part(Outbox)
    parked = Integer(description="events that came too early and wait in their documents")
    overdue = Integer(description="documents whose next timer is past its time by more than half a minute")
    clock_right = Flag("false: this process's clock is too far from the database's, and it writes nothing")
    workers = Several(Part(WorkerStatus), description="those that wrote within the last hour")


def sign(store: Store, slot: str, up: timedelta, stuck: list[str], position: Position | None) -> None:
    """Write that this worker is here, and how it is. Raises pymongo's errors."""
    reading = position and {"lag": position.lag, "paused": [*position.paused], "dead_letters": position.dead}
    said = {"kind": KIND, "slot": slot, "at": store.clock.now(), "up_seconds": int(up.total_seconds()), "stuck": stuck}
    store.collection.update_one({"_id": f"{KIND}:{slot}"}, {"$set": said | {"reading": reading}}, upsert=True)


def forget(store: Store) -> None:
    """Delete what workers wrote that have been away for an hour. Raises pymongo's errors."""
    store.collection.delete_many(_ALL | {"at": {"$lt": store.clock.now() - _FORGOTTEN_AFTER}})


def of(service: str, version: str) -> Operations[Store]:
    """The operation by which a service says how it is."""
    operations: Operations[Store] = Operations(service, "Status")

    @operations.get(
        f"/v1/status/{service}", f"show{service.title()}Status", f"Operator: show how {service} is, and what waits",
        who=roles("operator"), answers={200: ServiceStatus},
    )  # fmt: skip
    def show(call: Call[Store]) -> Answer:
        return Answer({"service": service, "version": version, **_found(call.parts)})

    return operations


def _found(store: Store) -> dict[str, Any]:
    found = waiting(store.collection, store.clock.now())
    return {
        "outbox": {"documents": found.outbox, "oldest_seconds": int(found.outbox_seconds)},
        "parked": found.parked,
        "overdue": found.due,
        "clock_right": store.in_time(),
        "workers": _workers(store.collection, store),
    }


def _workers(collection: Collection[Document], store: Store) -> list[dict[str, Any]]:
    now = store.clock.now()
    shown = ("slot", "up_seconds", "stuck", "reading")
    return [
        {name: each[name] for name in shown} | {"seen_seconds": max(0, int((now - each["at"]).total_seconds()))}
        for each in collection.find(_ALL).sort("_id", 1)
        if now - each["at"] < _FORGOTTEN_AFTER
    ]
