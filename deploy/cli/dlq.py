"""`golem dlq`: the dead letters of the services: look at them, and send them again once their cause is mended."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from rich.console import Console
from rich.table import Table

from deploy import SERVICES
from deploy.cli.connect import System, find
from deploy.cli.events import body, headers
from deploy.cli.options import data_option, json_option, service_option
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
    letters = [letter for name in ([service] if service else SERVICES) for letter in read(find(data), name)]
    if as_json:
        click.echo(json.dumps([about(letter) for letter in letters], indent=2))
        return
    if not letters:
        click.echo("no dead letters")
        return
    table = Table("letter", "when (UTC)", "reason", "from", "key", box=None, header_style="bold")
    for letter in letters:
        said = about(letter)
        table.add_row(said["letter"], said["at"][:19], said["reason"], said["origin"], said["key"] or "")
    Console(highlight=False, soft_wrap=True).print(table)


@dlq.command()
@click.argument("letter")
@data_option
@json_option
def show(letter: str, data: Path | None, as_json: bool) -> None:
    """Show one dead letter whole: why it died, its headers and its bytes."""
    service, partition, offset = _parse(letter)
    record = one(find(data), service, partition, offset)
    said = about(record) | {"headers": headers(record), "value": body(record)}
    if as_json:
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
        return
    for name in ("letter", "at", "reason", "origin", "key"):
        click.echo(f"{name:8} {said[name]}")
    click.echo(f"error    {said['error']}")
    click.echo("headers")
    for name, value in said["headers"].items():
        if not name.startswith(PREFIX):
            click.echo(f"  {name}: {value}")
    click.echo("value")
    value = said["value"]
    click.echo(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))


@dlq.command()
@click.argument("letters", nargs=-1, metavar="[LETTER]...")
@click.option("--all", "everything", is_flag=True, help="All letters of --service (they are not marked: know which).")
@service_option
@data_option
@json_option
def redrive(letters: tuple[str, ...], everything: bool, service: str | None, data: Path | None, as_json: bool) -> None:
    """Send dead letters again, as they were, to the service that could not take them."""
    if everything == bool(letters) or everything != bool(service):
        raise click.UsageError("name letters, or say --all with --service")
    parsed = [_parse(letter) for letter in letters]
    system = find(data)
    records = read(system, service) if service else [one(system, *each) for each in parsed]
    _send([(record.topic.removesuffix(".dead"), record) for record in records], system)
    sent = [about(record)["letter"] for record in records]
    if as_json:
        click.echo(json.dumps({"redriven": sent}))
    else:
        click.echo(f"{len(sent)} sent again" + (": " + " ".join(sent) if sent else ""))


def read(system: System, service: str) -> list[Any]:
    """All records of `<service>.dead`, the oldest first."""
    return sorted(_read(system, service), key=lambda record: (record.timestamp, record.partition, record.offset))


def _read(system: System, service: str, only: tuple[int, int] | None = None) -> Iterator[Any]:
    consumer = KafkaConsumer(**system.kafka, enable_auto_commit=False)
    try:
        topic = f"{service}.dead"
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        firsts, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
        if only is not None:
            place = TopicPartition(topic, only[0])
            if place not in firsts or not firsts[place] <= only[1] < ends[place]:
                return
            places, firsts, ends = [place], {place: only[1]}, {place: only[1] + 1}
        places = [place for place in places if firsts[place] < ends[place]]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, firsts[place])
        while any(consumer.position(place) < ends[place] for place in places):
            for place, records in consumer.poll(timeout_ms=200).items():
                yield from (record for record in records if record.offset < ends[place])
    finally:
        consumer.close(autocommit=False)


def one(system: System, service: str, partition: int, offset: int) -> Any:
    for record in _read(system, service, (partition, offset)):
        return record
    raise click.ClickException(f"there is no dead letter {service}/{partition}/{offset}; `golem dlq list` shows them")


def about(record: Any) -> dict[str, Any]:
    """{letter, at, reason, error, origin, key} of a dead letter."""
    said = headers(record)
    origin = "/".join(said.get(f"{PREFIX}{name}", "?") for name in ("topic", "partition", "offset"))
    return {
        "letter": f"{record.topic.removesuffix('.dead')}/{record.partition}/{record.offset}",
        "at": datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="seconds"),
        "reason": said.get(f"{PREFIX}reason", "?"),
        "error": said.get(f"{PREFIX}error", ""),
        "origin": origin,
        "key": record.key.decode(errors="replace") if record.key is not None else None,
    }


def _send(letters: list[tuple[str, Any]], system: System) -> None:
    producer = KafkaProducer(**system.kafka, acks="all", max_block_ms=5000, request_timeout_ms=5000)
    try:
        futures = [
            producer.send(
                f"{service}.redrive",
                key=record.key,
                value=record.value,
                headers=[header for header in record.headers if not header[0].startswith(PREFIX)],
            )
            for service, record in letters
        ]
        for future in futures:
            future.get(timeout=15)
    finally:
        producer.close(timeout=5)


def _parse(letter: str) -> tuple[str, int, int]:
    service, _, place = letter.partition("/")
    partition, _, offset = place.partition("/")
    if service not in SERVICES or not partition.isdigit() or not offset.isdigit():
        raise click.BadParameter(f"{letter!r} is not SERVICE/PARTITION/OFFSET, such as escrow/0/12")
    return service, int(partition), int(offset)
