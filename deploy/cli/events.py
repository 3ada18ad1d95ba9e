"""`golem events`: what travels through Kafka, as it comes, or from some time on."""

import difflib
import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from kafka import KafkaConsumer
from rich.console import Console
from rich.text import Text

from deploy.cli.options import before, data_option, json_option, since_option
from deploy.cli.output import say_json
from deploy.system.connect import find
from deploy.system.records import as_object, body, headers, moment
from deploy.system.topics import Spans, read, reader, spans
from shared.characters import printable
from shared.events.catalogue import EVENT_NAMES
from shared.messaging.kafka import Unreadable

_SMALL = 1000
_NUMBER = re.compile("[0-9]{1,20}")
_QUIET = 0.2
"""Seconds between two looks when nothing comes; the embedded broker answers an empty fetch at once."""


@click.command()
@click.argument("types", nargs=-1, metavar="[TYPE]...")
@since_option("Begin with what was emitted then; without it, with what comes next.")
@click.option("--follow/--no-follow", default=True, help="Wait for more, or end with what there is.")
@data_option
@json_option
def events(
    types: tuple[str, ...], since: datetime | timedelta | None, follow: bool, data: Path | None, as_json: bool
) -> None:
    """Show events as they travel: all, or those of the given types (`hire.confirmed`, or `escrow.` for a family)."""
    topics = _topics(types)
    system = find(data)
    console = Console(highlight=False, soft_wrap=True)
    shown = before(since, system.times.clock)
    # The broker notes when it was given a record, by the machine's clock.
    begin = system.times.real(shown) if shown else None if follow else datetime.fromtimestamp(0, UTC)
    with suppress(KeyboardInterrupt), reader(system) as consumer:
        for record in _records(consumer, topics, begin, follow):
            if begin and record.timestamp < begin.timestamp() * 1000:
                continue
            if as_json:
                say_json(as_object(record))
            else:
                console.print(readable(record))


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
    held = spans(consumer, topics)
    if not held:
        raise click.ClickException("the broker has none of these topics; the stack makes them when it starts")
    consumer.assign(list(held))
    wanted = _since(consumer, held, since)
    if not follow:
        yield from sorted(read(consumer, wanted), key=lambda record: (record.timestamp, record.offset))
        return
    for place, (first, _) in wanted.items():
        consumer.seek(place, first)
    yield from _tail(consumer)


def _since(consumer: KafkaConsumer, held: Spans, since: datetime | None) -> Spans:
    """Where each partition is to be read from. The embedded broker has no answer for a partition with a record that it
    cannot parse: one that is small is then read whole.
    """
    if since is None:
        return {place: (end, end) for place, (_, end) in held.items()}
    found = consumer.offsets_for_times({place: int(since.timestamp() * 1000) for place in held})
    firsts = {place: at.offset for place, at in found.items() if at is not None}
    return {
        place: (firsts.get(place, first if end - first <= _SMALL or since.timestamp() <= 0 else end), end)
        for place, (first, end) in held.items()
    }


def _tail(consumer: KafkaConsumer) -> Iterator[Any]:
    while True:
        polled = consumer.poll(timeout_ms=50)
        yield from sorted((r for records in polled.values() for r in records), key=lambda record: record.timestamp)
        if not polled:
            time.sleep(_QUIET)


def readable(record: Any) -> Text:
    """One record on one line: time, type, subject, number, and its data without what the line already says."""
    carried = headers(record)
    subject = carried.get("ce_subject", "")
    when = carried.get("ce_time") or moment(record.timestamp)
    number = carried.get("ce_sequence", "")
    data = body(record)
    if isinstance(record, Unreadable):
        data = f"UNREADABLE ({record.why}) {_short(data)}"
    elif isinstance(data, dict):
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
