"""`golem events`: what travels through Kafka, as it comes, or from some time on."""

import difflib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click
from kafka import KafkaConsumer
from rich.console import Console
from rich.text import Text

from deploy.cli.listen import line
from deploy.cli.options import before, data_option, gateway_option, json_option, since_option
from deploy.cli.output import say, say_json
from deploy.system.connect import find
from deploy.system.gateway import Gateway, Refusal, gateway
from deploy.system.records import as_object, body, headers, moment
from deploy.system.stream import RESET, Follower, pages
from deploy.system.topics import Spans, read, reader, since_time, spans
from shared.characters import printable
from shared.events.catalogue import EVENT_NAMES, PUBLIC_NAMES
from shared.messaging.kafka import Unreadable

_NUMBER = re.compile("[0-9]{1,20}")
_QUIET = 0.2
"""Seconds between two looks when nothing comes; the embedded broker answers an empty fetch at once."""


@click.command()
@click.argument("types", nargs=-1, metavar="[TYPE]...")
@since_option("Begin with what was emitted then; without it, with what comes next.")
@click.option("--follow/--no-follow", default=True, help="Wait for more, or end with what there is.")
@click.option("--after", metavar="CURSOR", help="Read the log over HTTP instead, from what came after that.")
@gateway_option
@data_option
@json_option
def events(
    types: tuple[str, ...],
    since: datetime | timedelta | None,
    follow: bool,
    after: str | None,
    gateway_url: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Show events as they travel: all, or those of the given types (`hire.confirmed`, or `escrow.*` for a family).

    They are read from Kafka, by whoever may; with --after from the log that `GET /v1/events` and /v1/stream give out.
    """
    topics = _topics(types, EVENT_NAMES if after is None else PUBLIC_NAMES)
    if after is not None:
        if since is not None:
            raise click.UsageError("--after and --since are two ways to say where to begin")
        reach = partial(gateway, gateway_url, data, "events", ("integrator",))
        _of_log(reach, topics if types else (), after, follow, as_json)
        return
    if gateway_url is not None:
        raise click.UsageError("--gateway goes with --after: Kafka is not behind it")
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


def _of_log(reach: Callable[[], Gateway], types: Sequence[str], after: str, follow: bool, as_json: bool) -> None:
    query = {"types": ",".join(types)} if types else {}
    said = partial(click.echo, err=True)
    try:
        at = reach()
        found = Follower(reach, query, after, say=said).events() if follow else pages(at, query, after)
        with suppress(KeyboardInterrupt):
            for message in found:
                if message.event == RESET:
                    said("what followed the cursor is not kept any more")
                elif as_json:
                    say_json({"cursor": message.cursor, "event": message.body})
                else:
                    say(line(message.body))
    except Refusal as error:
        raise click.ClickException(str(error)) from error


def _topics(types: Sequence[str], names: Sequence[str]) -> list[str]:
    """Those of `names` that are meant."""
    if not types:
        return list(names)
    chosen = []
    for wanted in types:
        family = wanted.removesuffix("*")
        found = [name for name in names if name == wanted or (family.endswith(".") and name.startswith(family))]
        if not found:
            near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.3) or ["hire.confirmed"]
            raise click.ClickException(f"no event is called {wanted!r}; there is {', '.join(near)}, ...")
        chosen += found
    return list(dict.fromkeys(chosen))


def _records(consumer: KafkaConsumer, topics: Sequence[str], since: datetime | None, follow: bool) -> Iterator[Any]:
    """Records in the order they are met; without `follow`, in the order of their times, until the present end."""
    held = spans(consumer, topics, missing_ok=True)
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
    """Where each partition is to be read from."""
    if since is None:
        return {place: (end, end) for place, (_, end) in held.items()}
    return since_time(consumer, held, since)


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
