"""`golem status`: what runs, and what waits where."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from deploy.cli.options import data_option, json_option
from deploy.cli.output import say_json
from deploy.system.connect import System, find
from deploy.system.processes import processes
from deploy.system.waiting import clock_offset, services
from shared.settings import Settings


@click.command()
@data_option
@json_option
def status(data: Path | None, as_json: bool) -> None:
    """Show processes, outboxes, lag, dead letters, what is parked and what is overdue."""
    system = find(data)
    report = {
        "gateway": system.gateway,
        "broker": _broker(system),
        "clock": str(system.times) or None,
        "clock_offset_seconds": clock_offset(system),
        "processes": processes(system),
        "services": services(system),
    }
    if as_json:
        say_json(report, indent=2)
    else:
        _print(report)


def _broker(system: System) -> str:
    """host:port, comma between; what `kafka-python`, kcat and others are given."""
    return ",".join(system.kafka["bootstrap_servers"])


def _print(report: dict[str, Any]) -> None:
    console = Console(highlight=False)
    if report["gateway"]:
        console.print(f"gateway {report['gateway']}")
    if report["broker"]:
        console.print(f"broker {report['broker']}")
    if report["clock"]:
        console.print(report["clock"], style="yellow")
    if abs(report["clock_offset_seconds"] or 0) > Settings.clock_tolerance.total_seconds():
        console.print(
            f"[red]the clock here is {report['clock_offset_seconds']:+.0f} s from the database's[/red]: processes with "
            "such a clock write nothing; set it, or the database's"
        )
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
    for name, row in report["services"].items():
        for topic in row["paused"]:
            console.print(
                f"[red]{name} reads no more of {topic}[/red]: too many of its records died. `golem dlq list` says why; "
                f"once that is mended, restart the {name} worker"
            )


def _seconds(age: float | None) -> str:
    return "-" if age is None else f"{age:.1f} s"
