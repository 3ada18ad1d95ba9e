"""`golem backfill`: after an upgrade, services take again what they keep more of, and nobody else hears of it."""

import json
from pathlib import Path

import click

from deploy import SERVICES
from deploy.cli.options import data_option, json_option
from deploy.system.backfill import backfill as send
from deploy.system.connect import find
from deploy.verify.snapshot import routes


@click.command()
@click.argument("services", nargs=-1, type=click.Choice(SERVICES))
@click.option("--types", metavar="TYPE,...", help="Only events of these types.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
@click.option(
    "--rate",
    type=click.IntRange(1, 10_000),
    default=200,
    show_default=True,
    metavar="EVENTS",
    help="A second, at most.",
)
@data_option
@json_option
def backfill(
    services: tuple[str, ...], types: str | None, dry_run: bool, rate: int, data: Path | None, as_json: bool
) -> None:
    """Have services (all, where none is named) take the events that they have read and lack something of.

    Each is sent to that service alone. What it has is not sent; so it may be stopped, and run again, at any time.
    """
    wanted = {name: _types(name, types) for name in services or SERVICES}
    if not any(wanted.values()):
        raise click.BadParameter(f"{types}: not read by {', '.join(wanted)}", param_hint="--types")
    system = find(data)
    done = {}
    for name, some in wanted.items():

        def progress(count: int, total: int, service: str = name) -> None:
            click.echo(f"{service}: {count} of {total} events looked at", err=True)

        done[name] = send(system, name, routes(name), some, None if dry_run else rate, progress)
        if not as_json:
            found = ", ".join(f"{count} {event_type}" for event_type, count in done[name].items())
            click.echo(f"{name}: {f'lacks {found}' if dry_run else f'sent {found}'}" if found else f"{name}: has all")
    if as_json:
        click.echo(json.dumps({"events": done, "sent": not dry_run}))


def _types(service: str, types: str | None) -> list[str]:
    """The types that are named, of those that the service reads."""
    read = routes(service)
    return [name for name in read if types is None or name in types.split(",")]
