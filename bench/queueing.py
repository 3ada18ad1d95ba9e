"""python -m bench.queueing: workers, cores and databases as queues: how many hires a second, and what they wait for.

A closed model. Each worker goes round: it takes a batch, folds it (its own CPU), has the database write it (CPU of the
database of its shard, a few commands at a time), waits for the disk, and begins anew. What runs on one machine shares
its cores equally; what others run there takes its share. A share of the workers' CPU (`leased`) is one server's alone:
the worker that holds the service's lease does it for all, one batch after the other, in the one process in which it
folds its own. Deterministic: no chance is in it. It is believed as far as `check` finds it near what was measured.

What `bench.workers` measures never sees the lease: each of its workers has a database, and so a lease, of its own. So
it is held against `leased` 0, and says nothing of a plant with more.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import click

_SECONDS = 300.0
_NEVER = float("inf")
_COMPUTE = ("fold", "write", "leased")
_WAIT_THEIR_TURN = ("queue", "lease")
_STEPS = ("fold", "queue", "write", "disk", "lease", "leased")


@dataclass(frozen=True, kw_only=True)
class Plant:
    """What there is. Times in milliseconds: of a hire the worker's and the database's CPU, of a batch what is the same
    for any size of it, and the disk's wait, in which nobody needs a core.

    `machines` have `cores` each; workers go round over them, and so do the `shards` where `apart` is False; else each
    shard has a machine of its own. A database works on `at_once` commands. `others` are busy processes of others on
    each machine. A worker without a partition has nothing to do. `leased` is the share of the workers' CPU that the
    lease holder does alone; a batch is done once it has done that, and until then its worker takes no other.
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
    leased: float = 0.0


@dataclass
class _Worker:
    """The one whose number is 0 holds the lease."""

    number: int
    machine: int
    shard: int
    step: str = "fold"
    left: float = 0.0
    waits: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_STEPS, 0.0))


@dataclass(frozen=True)
class Found:
    """`waits`: the share of the workers' time in which they fold, wait for the database (`queue`), are written, wait
    for the disk, wait for the lease holder (`lease`), are served by it (`leased`).
    """

    hires_a_second: float
    waits: dict[str, float]


def simulate(plant: Plant, seconds: float = _SECONDS) -> Found:
    """Let the workers go round for so long. Between two moments in which something ends, nothing changes its speed."""
    working = min(plant.workers, plant.partitions)
    workers = [_Worker(n, n % plant.machines, n % plant.shards, left=_fold(plant)) for n in range(working)]
    queues: list[list[_Worker]] = [[] for _ in range(plant.shards)]
    lease: list[_Worker] = []
    now, end, done = 0.0, seconds * 1000, 0
    while now < end:
        speeds = _speeds(plant, workers)
        ends = (w.left / speed if speed else _NEVER for w, speed in zip(workers, speeds, strict=True))
        passed = min(min(ends), end - now)
        now += passed
        for worker, speed in zip(workers, speeds, strict=True):
            worker.waits[worker.step] += passed
            worker.left -= passed * speed
        for worker in workers:
            if worker.left <= 1e-9 and worker.step not in _WAIT_THEIR_TURN:
                done += _next(plant, queues[worker.shard], lease, worker)
    total = sum(sum(worker.waits.values()) for worker in workers)
    shares = {step: sum(worker.waits[step] for worker in workers) / total for step in _STEPS}
    return Found(done / seconds, shares)


def _cpu(plant: Plant) -> float:
    """What a batch takes of the workers, the leased share with the rest."""
    return plant.batch_ms + plant.batch * plant.worker_ms


def _fold(plant: Plant) -> float:
    return (1 - plant.leased) * _cpu(plant)


def _speeds(plant: Plant, workers: Sequence[_Worker]) -> list[float]:
    """How much of a core's time each gets in a millisecond; the disk takes none. A process has one core at most, and
    the lease holder's is one for its own batch and for what it does for all.
    """
    threads = Counter(_process(plant, worker) for worker in workers if worker.step in _COMPUTE)
    busy = Counter(place for place, _, _ in threads)

    def speed(worker: _Worker) -> float:
        if worker.step not in _COMPUTE:
            return 1.0 if worker.step == "disk" else 0.0
        process = _process(plant, worker)
        others = plant.others if process[0] < plant.machines else 0.0
        return min(1.0, plant.cores / (busy[process[0]] + others)) / threads[process]

    return [speed(worker) for worker in workers]


def _process(plant: Plant, worker: _Worker) -> tuple[int, str, int]:
    """(machine, whose, number) of the process that works for it now."""
    match worker.step:
        case "write":
            return _place(plant, worker), "database", worker.number
        case "leased":
            return 0, "worker", 0
    return worker.machine, "worker", worker.number


def _place(plant: Plant, worker: _Worker) -> int:
    """The machine of its shard's database."""
    return plant.machines + worker.shard if plant.apart else worker.shard % plant.machines


def _next(plant: Plant, queue: list[_Worker], lease: list[_Worker], worker: _Worker) -> int:
    """Its next step; how many hires are done by the one that ended."""
    match worker.step:
        case "fold":
            queue.append(worker)
            worker.step = "queue"
            _serve(queue, plant.at_once, "write", plant.batch * plant.database_ms)
            return 0
        case "write":
            queue.remove(worker)
            worker.step, worker.left = "disk", plant.disk_ms
            _serve(queue, plant.at_once, "write", plant.batch * plant.database_ms)
            return 0
        case "disk" if plant.leased:
            lease.append(worker)
            worker.step = "lease"
            _serve(lease, 1, "leased", plant.leased * _cpu(plant))
            return 0
        case "leased":
            lease.remove(worker)
            _serve(lease, 1, "leased", plant.leased * _cpu(plant))
    worker.step, worker.left = "fold", _fold(plant)
    return plant.batch


def _serve(queue: Sequence[_Worker], at_once: int, step: str, takes: float) -> None:
    """The first that wait are taken."""
    for worker in queue[:at_once]:
        if worker.step in _WAIT_THEIR_TURN:
            worker.step, worker.left = step, takes


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
