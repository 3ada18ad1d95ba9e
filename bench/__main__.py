"""python -m bench [--stack embedded|containers|external] [--hires N]: the figures, with what they were measured on."""

import os
import platform
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

import click

from bench import bare, paid
from deploy.embedded.stack import Stack
from tests.support import grounds

_UNLIMITED = {"RATE_PER_SECOND": "100000", "RATE_BURST": "1000000", "LOG_LEVEL": "WARNING"}
_NAMES = {
    "embedded": "the embedded stack (noida-db, SecantusDB)",
    "containers": "apache/kafka:4.3.1 and mongo:8 in containers",
    "external": "the servers of KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI",
}


@contextmanager
def running(ground: str) -> Iterator[Stack]:
    """The whole system on a ground."""
    if ground == "embedded":
        with Stack(environment=_UNLIMITED) as stack:
            yield stack
    elif ground == "containers":
        with (
            grounds.kafka_container() as kafka,
            grounds.mongo_container() as mongodb,
            Stack(kafka=kafka, mongodb=mongodb, environment=_UNLIMITED) as stack,
        ):
            yield stack
    else:
        servers = {"kafka": grounds.external_kafka(), "mongodb": grounds.external_mongo()}
        with Stack(**servers, database_prefix="bench_", environment=_UNLIMITED) as stack:
            yield stack


@click.command()
@click.option("--stack", "ground", type=click.Choice(grounds.GROUNDS), default="embedded", show_default=True)
@click.option("--hires", type=click.IntRange(10, 450), default=100, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 10), default=3, show_default=True)
def main(ground: str, hires: int, rounds: int) -> None:
    """Hires paid a second, as a ratio to the bare I/O of the same work in the same run, and the time a payout takes."""
    click.echo(
        f"on {_NAMES[ground]}; {os.cpu_count()} cores, Python {platform.python_version()}, {hires} hires a round"
    )
    with running(ground) as stack:
        ratios = []
        for _ in range(rounds):
            whole = paid.seconds(stack, hires)
            least = bare.seconds(stack.kafka, stack.mongodb, hires)
            ratios.append(least / whole)
            click.echo(
                f"  {hires / whole:7.1f} hires a second; bare I/O of the same {hires / least:8.1f}; "
                f"ratio {least / whole:.3f}"
            )
        click.echo(f"ratio, median of {rounds}: {statistics.median(ratios):.3f}")
        times = sorted(paid.latencies(stack, hires))
        click.echo(
            f"confirm-hire to escrow.released, one at a time: p50 {_ms(times, 0.5)} ms, p99 {_ms(times, 0.99)} ms "
            f"of {len(times)}"
        )


def _ms(times: list[float], share: float) -> int:
    return round(1000 * times[min(len(times) - 1, int(share * len(times)))])


if __name__ == "__main__":
    main()
