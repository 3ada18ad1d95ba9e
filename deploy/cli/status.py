"""`golem status`: what runs, and what waits where."""

import importlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psutil
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from pymongo.collection import Collection
from rich.console import Console
from rich.table import Table

from deploy import SERVICES
from deploy.cli.connect import System, find
from deploy.cli.options import data_option, json_option
from deploy.embedded import identity
from deploy.replay import aggregates


@click.command()
@data_option
@json_option
def status(data: Path | None, as_json: bool) -> None:
    """Show processes, outboxes, lag, dead letters, what is parked and what is overdue."""
    system = find(data)
    report = {"gateway": system.gateway, "processes": processes(system), "services": services(system)}
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        _print(report)


def processes(system: System) -> list[dict[str, Any]]:
    """[{name, pid, running, seconds, megabytes}] of a stack on this machine; empty for other systems."""
    rows = []
    for record in (system.stack or {}).get("processes", ()):
        process = identity.find(record)
        rows.append(
            {
                "name": record["name"],
                "pid": record["pid"],
                "running": process is not None,
                "seconds": round(time.time() - record["started"]) if process else 0,
                "megabytes": _megabytes(process) if process else 0,
            }
        )
    return rows


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


def _megabytes(process: Any) -> int:
    try:
        whole = [process, *process.children(recursive=True)]
        return int(sum(each.memory_info().rss for each in whole) >> 20)
    except psutil.Error:
        return 0


def _print(report: dict[str, Any]) -> None:
    console = Console(highlight=False)
    if report["gateway"]:
        console.print(f"gateway {report['gateway']}")
    if report["processes"]:
        table = Table("process", "pid", "up for", "memory", box=None, header_style="bold")
        for row in report["processes"]:
            seconds = f"{row['seconds']} s" if row["running"] else "[red]does not run[/red]"
            table.add_row(row["name"], str(row["pid"]), seconds, f"{row['megabytes']} MB")
        console.print(table)
    columns = ("outbox", "oldest", "lag", "dead letters", "parked", "overdue", "by")
    table = Table("service", *columns, box=None, header_style="bold")
    for name, row in report["services"].items():
        counts = (row["lag"], row["dead_letters"], row["parked"], row["overdue"])
        lag, dead, parked, overdue = map(str, counts)
        ages = _seconds(row["outbox_seconds"]), _seconds(row["overdue_seconds"])
        table.add_row(name, str(row["outbox"]), ages[0], lag, dead, parked, overdue, ages[1])
    console.print(table)


def _seconds(age: float | None) -> str:
    return "-" if age is None else f"{age:.1f} s"
