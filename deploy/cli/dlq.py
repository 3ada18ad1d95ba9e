"""`golem dlq`: the dead letters of the services: look at them, and send them again once their cause is mended."""

import base64
import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from deploy import SERVICES
from deploy.cli.options import data_option, json_option, service_option
from deploy.cli.output import foreign, say, say_json
from deploy.system.connect import find
from deploy.system.letters import about, one, read, send_again, sent_again
from deploy.system.records import body, headers
from shared.messaging.dead_letters import PREFIX


@click.group()
def dlq() -> None:
    """Dead letters: what a service could not take, with the reason and the original bytes.

    A letter's name is SERVICE/PARTITION/OFFSET, as `golem dlq list` prints it.
    """


@dlq.command(name="list")
@service_option
@data_option
@json_option
def list_letters(service: str | None, data: Path | None, as_json: bool) -> None:
    """List dead letters, the oldest first."""
    system = find(data)
    names = [service] if service else SERVICES
    again = {letter: at for name in names for letter, at in sent_again(system, name).items()}
    letters = [about(letter) for name in names for letter in read(system, name)]
    letters = [letter | {"sent_again": again.get(letter["letter"])} for letter in letters]
    if as_json:
        say_json(letters, indent=2)
        return
    if not letters:
        click.echo("no dead letters")
        return
    table = Table("letter", "when (UTC)", "reason", "from", "key", "sent again", box=None, header_style="bold")
    for row in letters:
        cells = row["letter"], row["at"][:19], row["reason"], row["origin"], row["key"] or "", row["sent_again"] or ""
        table.add_row(*map(foreign, cells))
    Console(highlight=False, soft_wrap=True).print(table)


@dlq.command()
@click.argument("letter")
@data_option
@json_option
def show(letter: str, data: Path | None, as_json: bool) -> None:
    """Show one dead letter whole: why it died, its headers and its bytes."""
    service, partition, offset = _parse(letter)
    record = one(find(data), service, partition, offset)
    summary = about(record) | {"headers": headers(record), "value": body(record)}
    if as_json:
        say_json(summary | {"base64": base64.b64encode(record.value or b"").decode()}, indent=2)
        return
    for name in ("letter", "at", "reason", "origin", "key"):
        say(f"{name:8} {summary[name]}")
    say(f"error    {summary['error']}", lines=True)
    click.echo("headers")
    for name, value in summary["headers"].items():
        if not name.startswith(PREFIX):
            say(f"  {name}: {value}")
    click.echo("value")
    value = summary["value"]
    if isinstance(value, str):
        say(value, lines=True)
    else:
        say_json(value, indent=2)


@dlq.command()
@click.argument("letters", nargs=-1, metavar="[LETTER]...")
@click.option("--all", "everything", is_flag=True, help="All letters of --service that were not sent again yet.")
@service_option
@data_option
@json_option
def redrive(letters: tuple[str, ...], everything: bool, service: str | None, data: Path | None, as_json: bool) -> None:
    """Send dead letters again, as they were, to the service that could not take them: each once.

    One that it still cannot take is another letter then. Left is what was sent again before, what came without a letter
    itself, and what was too large to be put aside whole.
    """
    if everything == bool(letters) or everything != bool(service):
        raise click.UsageError("name letters, or say --all with --service")
    parsed = [_parse(letter) for letter in letters]
    system = find(data)
    records = read(system, service) if service else [one(system, *each) for each in parsed]
    done = send_again(records, system)
    if as_json:
        click.echo(json.dumps({"redriven": done.sent} | ({"left": done.left} if done.left else {})))
        return
    click.echo(f"{len(done.sent)} sent again" + (": " + " ".join(done.sent) if done.sent else ""))
    for letter, why in done.left.items():
        if letters or "was sent again" not in why:
            click.echo(f"left: {letter} {why}")


def _parse(letter: str) -> tuple[str, int, int]:
    service, _, place = letter.partition("/")
    partition, _, offset = place.partition("/")
    if service not in SERVICES or not partition.isdecimal() or not offset.isdecimal():
        raise click.BadParameter(f"{letter!r} is not SERVICE/PARTITION/OFFSET, such as escrow/0/12")
    return service, int(partition), int(offset)
