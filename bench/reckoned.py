"""python -m bench.reckoned: the tables of docs/scale.md that are reckoned from what a hire was measured to cost.

A service's workers share its partitions, and the busiest has ceil(partitions / workers) of them: the range assignor
gives no two workers of one group more than one partition's difference, and each topic's the same way. What runs under
the lease (relay, poller; in notify numbering, fan-out and deliveries too: `shared/process/loops.py`) the worker that
holds it does alone, beside its partitions. How large a share of a service's CPU that is (`leased`) was never measured:
it is a parameter here. A worker is one Python process, so one core at most.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor, log10

import click

WORKER_MS: Mapping[str, float] = {"listing": 45, "matching": 70, "escrow": 68, "notify": 95}
OURS_MS, DATABASE_MS = 320.0, 352.0
"""CPU of a hire as `bench.cost` measured it: a service's worker; all of ours; the embedded database."""

STORED: Mapping[str, float] = {"listing": 385, "matching": 5_407, "escrow": 5_368}
NOTIFY, NOTIFY_KEPT, LOG = 20_401.0, 5_000.0, 9_526.0
"""Bytes a hire: for ever, as `bench.cost` measured them; in notify while all is kept and when its words and the log are
gone; of it the log. Those of notify are counted in memory (`tests/pure/test_reckoned.py`)."""

ON_TOPICS, REPLICAS = 8_342.0, 3
KEPT_DAYS, DAYS = 90, 365
SHARD = 4e12
BUSY, PEAK = 0.6, 4
_STEP, _MORE = 12, 1.05
"""Partitions are so many or a multiple, with which no service needs more than so much of its workers' even number."""

_SHARES = (1.0, 0.5, 0.25, 0.1, 0.01)
_A_DAY = (10**4, 10**6, 10**8)


def peak(a_day: float) -> float:
    """Hires a second."""
    return PEAK * a_day / 86_400


def load(rate: float, ms: float) -> float:
    """How many workers a service would keep as busy as they may be, were all of it shared evenly."""
    return rate * ms / 1000 / BUSY


def holder(load_: float, leased: float, workers: int, partitions: int) -> float:
    """How busy the lease holder is, the busiest of them all; 1: as busy as it may be."""
    return load_ * (leased + (1 - leased) * ceil(partitions / workers) / partitions)


def workers(load_: float, partitions: int, leased: float = 0.0) -> int | None:
    """The fewest that suffice; None where none do: more workers than partitions have nothing to do."""
    if leased == 1:
        return 1 if load_ <= 1 else None
    per_worker = floor(partitions * (1 / load_ - leased) / (1 - leased) + 1e-9)
    return ceil(partitions / min(per_worker, partitions)) if per_worker >= 1 else None


def partitions(loads: Mapping[str, float]) -> int:
    """The fewest, in steps, that divide well enough among each service's workers; 1 where one worker each is enough."""
    if all(each <= 1 for each in loads.values()):
        return 1
    count = _STEP
    while not all((found := workers(each, count)) and found <= _MORE * ceil(each) for each in loads.values()):
        count += _STEP
    return count


def most(ms: float, leased: float) -> float:
    """Hires a second that the lease holder can do, however many others there are."""
    return 1000 * BUSY / (ms * leased)


@dataclass(frozen=True)
class Needs:
    """What so many hires a day need. `leased`: the share from which on no number of workers is enough."""

    a_day: float
    cores: float
    database_cores: float
    partitions: int
    workers: Mapping[str, int | None]
    leased: float
    sharded: float
    notify: float
    log: float
    topics: float


def needs(a_day: float) -> Needs:
    rate = peak(a_day)
    loads = {name: load(rate, ms) for name, ms in WORKER_MS.items()}
    count = partitions(loads)
    return Needs(
        a_day,
        load(rate, OURS_MS),
        load(rate, DATABASE_MS),
        count,
        {name: workers(each, count) for name, each in loads.items()},
        min(1.0, 1 / max(loads.values())),
        sum(STORED.values()) * DAYS * a_day,
        (NOTIFY_KEPT * DAYS + (NOTIFY - NOTIFY_KEPT) * KEPT_DAYS) * a_day,
        LOG * KEPT_DAYS * a_day,
        ON_TOPICS * REPLICAS * DAYS * a_day,
    )


def machines() -> Iterator[str]:
    """Lines of the table: what so many hires a day need, where nothing of it were leased."""
    yield ("| hires a day | a second: mean, peak | cores: ours, database | workers: listing, matching, escrow, notify "
           "| partitions | leased share at most |")  # fmt: skip
    yield "|---" * 6 + "|"
    for each in map(needs, _A_DAY):
        count = ", ".join(f"{n:,}" for n in each.workers.values() if n)
        who = "1 each (2 for a spare)" if set(each.workers.values()) == {1} else count
        yield (f"| {_power(each.a_day)} | {_short(each.a_day / 86_400)}, {_short(peak(each.a_day))} "
               f"| {_short(each.cores)}, {_short(each.database_cores)} | {who} | {each.partitions:,} "
               f"| {'any' if each.leased == 1 else at_most(each.leased)} |")  # fmt: skip


def leases() -> Iterator[str]:
    """Lines of the table: what a leased share allows, however many workers there are."""
    yield f"| leased share | hires a second at the peak: {', '.join(WORKER_MS)} | hires a day, by notify's |"
    yield "|---" * 3 + "|"
    for share in _SHARES:
        rates = {name: most(ms, share) for name, ms in WORKER_MS.items()}
        a_day = min(rates.values()) * 86_400 / PEAK
        yield f"| {share:g} | {', '.join(at_most(each) for each in rates.values())} | {at_most(a_day)} |"


def stores() -> Iterator[str]:
    """Lines of the table: what is stored after a year."""
    yield ("| hires a day | listing, matching, escrow | shards for them | notify, which cannot be sharded "
           "| of it the log | topics × 3 |")  # fmt: skip
    yield "|---" * 6 + "|"
    for each in map(needs, _A_DAY):
        count = ceil(each.sharded / SHARD)
        yield (f"| {_power(each.a_day)} | {_bytes(each.sharded)} | {'none' if count == 1 else f'{count:,}'} "
               f"| {_bytes(each.notify)} | {_bytes(each.log)} | {_bytes(each.topics)} |")  # fmt: skip


def one_log() -> float:
    """Hires a day whose log fills a shard."""
    return SHARD / (LOG * KEPT_DAYS)


def _power(a_day: float) -> str:
    return "10" + str(len(f"{a_day:.0f}") - 1).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _short(number: float) -> str:
    """Two digits that say something."""
    return f"{float(f'{number:.2g}'):,.10g}"


def at_most(number: float) -> str:
    """The same, rounded down."""
    digit = 10.0 ** (floor(log10(number)) - 1)
    return _short(floor(number / digit + 1e-9) * digit)


def _bytes(count: float) -> str:
    return f"{_short(count / 1e12)} TB" if count >= 1e11 else f"{_short(count / 1e9)} GB"


@click.command()
def main() -> None:
    """Print the tables."""
    for table in (machines, leases, stores):
        click.echo("\n".join(table()) + "\n")
    click.echo(f"one log is enough for {at_most(one_log())} hires a day, by its bytes")


if __name__ == "__main__":
    main()
