"""`golem events`: what travels through Kafka, as it comes, or from some time on."""

import difflib
import json
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from kafka import KafkaConsumer, TopicPartition
from rich.console import Console
from rich.text import Text

from deploy.cli.options import data_option, json_option, since_option
from deploy.cli.output import say_json
from deploy.system.connect import find
from deploy.system.records import as_object, body, headers, moment
from shared.characters import printable
from shared.events.catalogue import EVENT_NAMES

_NUMBER = re.compile("[0-9]{1,20}")
_QUIET = 0.2
"""Seconds between two looks when nothing comes; the embedded broker answers an empty fetch at once."""


@click.command()
@click.argument("types", nargs=-1, metavar="[TYPE]...")
@since_option("Begin with what was emitted then; without it, with what comes next.")
@click.option("--follow/--no-follow", default=True, help="Wait for more, or end with what there is.")
@data_option
@json_option
def events(types: tuple[str, ...], since: datetime | None, follow: bool, data: Path | None, as_json: bool) -> None:
    """Show events as they travel: all, or those of the given types (`hire.confirmed`, or `escrow.` for a family)."""
    topics = _topics(types)
    system = find(data)
    console = Console(highlight=False, soft_wrap=True)
    consumer = KafkaConsumer(**system.kafka, enable_auto_commit=False)
    try:
        if since is None and not follow:
            since = datetime.fromtimestamp(0, UTC)
        for record in _records(consumer, topics, since, follow):
            if as_json:
                say_json(as_object(record))
            else:
                console.print(readable(record))
    except KeyboardInterrupt:
        return
    finally:
        consumer.close(autocommit=False)


def _topics(types: Sequence[str]) -> list[str]:
    if not types:
        return list(EVENT_NAMES)
    chosen = []
    for wanted in types:
        found = [name for name in EVENT_NAMES if name == wanted or (wanted.endswith(".") and name.startswith(wanted))]
        if not found:
            near = difflib.get_close_matches(wanted, EVENT_NAMES, n=3, cutoff=0.3) or ["hire.confirmed"]
            raise click.ClickException(f"no event is called {wanted!r}; there is {', '.join(near)}, ...")
        chosen += found
    return list(dict.fromkeys(chosen))


def _records(consumer: KafkaConsumer, topics: Sequence[str], since: datetime | None, follow: bool) -> Iterator[Any]:
    """Records in the order they are met; without `follow`, in the order of their times, until the present end."""
    places = [
        TopicPartition(topic, number)
        for topic in topics
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]
    if not places:
        raise click.ClickException("the broker has none of these topics; the stack makes them when it starts")
    ends = consumer.end_offsets(places)
    consumer.assign(places)
    firsts = consumer.offsets_for_times({p: int(since.timestamp() * 1000) for p in places}) if since else {}
    for place in places:
        first = firsts.get(place)
        consumer.seek(place, first.offset if first else ends[place])
    if follow:
        yield from _tail(consumer)
    else:
        yield from sorted(_until(consumer, ends), key=lambda record: (record.timestamp, record.offset))


def _tail(consumer: KafkaConsumer) -> Iterator[Any]:
    while True:
        polled = consumer.poll(timeout_ms=50)
        yield from sorted((r for records in polled.values() for r in records), key=lambda record: record.timestamp)
        if not polled:
            time.sleep(_QUIET)


def _until(consumer: KafkaConsumer, ends: dict[TopicPartition, int]) -> Iterator[Any]:
    left = {place for place, end in ends.items() if consumer.position(place) < end}
    while left:
        for place, records in consumer.poll(timeout_ms=200).items():
            yield from (record for record in records if record.offset < ends[place])
        left = {place for place in left if consumer.position(place) < ends[place]}


def readable(record: Any) -> Text:
    """One record on one line: time, type, subject, number, and its data without what the line already says."""
    carried = headers(record)
    subject = carried.get("ce_subject", "")
    when = carried.get("ce_time") or moment(record.timestamp)
    number = carried.get("ce_sequence", "")
    data = body(record)
    if isinstance(data, dict):
        data = " ".join(f"{name}={_short(value)}" for name, value in data.items() if value != subject)
    return Text.assemble(
        (printable(when[11:23].rstrip("Z")).ljust(12) + "  ", "dim"),
        (printable(carried.get("ce_type", record.topic)).ljust(26), "bold cyan"),
        f"{printable(subject)} ",
        (f"#{int(number)} " if _NUMBER.fullmatch(number) else "", "dim"),
        (printable(str(data)), "dim"),
    )


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
