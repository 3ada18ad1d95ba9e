"""python -m bench.queueing: workers, cores and databases as queues: how many hires a second, and what they wait for.

A closed model. Each worker goes round: it takes a batch, folds it (its own CPU), has the database write it (CPU of the
database of its shard, a few commands at a time), waits for the disk, and begins anew. What runs on one machine shares
its cores equally; what others run there takes its share. Deterministic: no chance is in it. It is believed as far as
`check` finds it near what was measured.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import click

_SECONDS = 300.0
_NEVER = float("inf")


@dataclass(frozen=True, kw_only=True)
class Plant:
    """What there is. Times in milliseconds: of a hire the worker's and the database's CPU, of a batch what is the same
    for any size of it, and the disk's wait, in which nobody needs a core.

    `machines` have `cores` each; workers go round over them, and so do the `shards` where `apart` is False; else each
    shard has a machine of its own. A database works on `at_once` commands. `others` are busy processes of others on
    each machine. A worker without a partition has nothing to do.
    """

    workers: int = 1
    partitions: int = 1
    shards: int = 1
    machines: int = 1
    cores: int = 2
    others: float = 0.0
    apart: bool = False
    at_once: int = 1
    batch: int = 100
    worker_ms: float = 10.0
    database_ms: float = 5.0
    batch_ms: float = 5.0
    disk_ms: float = 10.0


@dataclass
class _Worker:
    machine: int
    shard: int
    step: str = "fold"
    left: float = 0.0
    waits: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("fold", "queue", "write", "disk"), 0.0))


@dataclass(frozen=True)
class Found:
    """`waits`: the share of the workers' time in which they fold, wait for the database, are written, wait for disk."""

    hires_a_second: float
    waits: dict[str, float]


def simulate(plant: Plant, seconds: float = _SECONDS) -> Found:
    """Let the workers go round for so long. Between two moments in which something ends, nothing changes its speed."""
    working = min(plant.workers, plant.partitions)
    workers = [_Worker(n % plant.machines, n % plant.shards, left=_fold(plant)) for n in range(working)]
    queues: list[list[_Worker]] = [[] for _ in range(plant.shards)]
    now, end, done = 0.0, seconds * 1000, 0
    while now < end:
        speeds = [_speed(plant, workers, queues, worker) for worker in workers]
        ends = (w.left / speed if speed else _NEVER for w, speed in zip(workers, speeds, strict=True))
        passed = min(min(ends), end - now)
        now += passed
        for worker, speed in zip(workers, speeds, strict=True):
            worker.waits[worker.step] += passed
            worker.left -= passed * speed
        for worker in workers:
            if worker.left <= 1e-9 and worker.step != "queue":
                done += _next(plant, queues, worker)
    total = sum(sum(worker.waits.values()) for worker in workers)
    shares = {step: sum(worker.waits[step] for worker in workers) / total for step in workers[0].waits}
    return Found(done / seconds, shares)


def _fold(plant: Plant) -> float:
    return plant.batch_ms + plant.batch * plant.worker_ms


def _speed(plant: Plant, workers: Sequence[_Worker], queues: Sequence[Sequence[_Worker]], worker: _Worker) -> float:
    """How much of a core's time it gets in a millisecond; the disk takes none."""
    if worker.step == "queue":
        return 0.0
    if worker.step == "disk":
        return 1.0
    here = _place(plant, worker)
    busy = sum(1 for each in workers if each.step in ("fold", "write") and _place(plant, each) == here)
    others = plant.others if here < plant.machines else 0.0
    return min(1.0, plant.cores / (busy + others))


def _place(plant: Plant, worker: _Worker) -> int:
    """On which machine it is worked for: in `write` that of its shard's database."""
    if worker.step != "write":
        return worker.machine
    return plant.machines + worker.shard if plant.apart else worker.shard % plant.machines


def _next(plant: Plant, queues: Sequence[list[_Worker]], worker: _Worker) -> int:
    """Its next step; how many hires are done by the one that ended."""
    queue = queues[worker.shard]
    match worker.step:
        case "fold":
            queue.append(worker)
            worker.step = "queue"
            _serve(plant, queue)
        case "write":
            queue.remove(worker)
            worker.step, worker.left = "disk", plant.disk_ms
            _serve(plant, queue)
        case "disk":
            worker.step, worker.left = "fold", _fold(plant)
            return plant.batch
    return 0


def _serve(plant: Plant, queue: Sequence[_Worker]) -> None:
    """The database takes the first that wait."""
    for worker in queue[: plant.at_once]:
        if worker.step == "queue":
            worker.step, worker.left = "write", plant.batch * plant.database_ms


def check(plant: Plant, measured: dict[int, float]) -> Iterator[tuple[int, float, float, float]]:
    """(workers, measured, simulated, how far off) of each; hires a second, as a share of the measured."""
    for workers, rate in sorted(measured.items()):
        found = simulate(replace(plant, workers=workers, partitions=max(workers, plant.partitions))).hires_a_second
        yield workers, rate, found, found / rate - 1


@click.command()
@click.option("--plant", "given", default="{}", help="JSON of the fields of `Plant`.")
@click.option("--measured", default="{}", help='JSON {"workers": hires a second}: what was measured of that plant.')
@click.option("--within", default=0.25, show_default=True, help="How far off it may be; exit code 1 where it is more.")
def main(given: str, measured: str, within: float) -> None:
    """Simulate a plant; or hold the simulation against what was measured."""
    plant = Plant(**json.loads(given))
    rows = list(check(plant, {int(name): float(rate) for name, rate in json.loads(measured).items()}))
    for workers, rate, found, off in rows:
        click.echo(f"{workers} workers: measured {rate:.0f}, simulated {found:.0f} hires/s ({off:+.0%})")
    if not rows:
        found_ = simulate(plant)
        shares = ", ".join(f"{step} {share:.0%}" for step, share in found_.waits.items())
        click.echo(f"{found_.hires_a_second:.0f} hires/s; {shares}")
    sys.exit(any(abs(off) > within for *_, off in rows))


if __name__ == "__main__":
    main()
