"""python -m bench.workers: 1, 2 and 4 of escrow's workers on one database server, for `bench.queueing` to check.

Each is a process of its own with a broker in memory and its own database on the embedded server: what is measured is a
worker's own work and what they wait for of one database and of the cores, no Kafka. Each has a lease of its own, too,
so none waits for another's: what one lease a service costs is not seen here. It prints hires a second and the CPU of a
hire in the worker and in the database, which are the simulation's numbers, how busy the machine was else, and `leased`:
which share of the worker's CPU its relay and poller took, the sandbox provider's part with it, which they do under the
lease in a service.
"""

import json
import multiprocessing
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import click
import psutil
from pymongo import MongoClient

from deploy.embedded.stack import Stack
from tests.service.test_cost import Escrow, accepted, fund


def _work(mongodb: str, database: str, hires: int, ready: Any, go: Any, found: Any) -> None:
    """One worker: everything up to the hire is made ready; from the signal on it takes the hires to their payout."""
    worker = Escrow(mongodb, database)
    for number in range(hires):
        worker.put("offer.accepted", number, 1, accepted(number))
    worker.drain(worker.consumer.step, worker.relay.step)
    for number in range(hires):
        fund(worker, number)
    worker.drain(worker.poller.step, worker.relay.step)
    for number in range(hires):
        hire = {"start_on": "2027-01-01", "confirmed_by": "seeker", "evidence_grade": 0, "status": "hired"}
        worker.put("hire.confirmed", number, 2, accepted(number) | hire | {"confirmed_at": "2027-01-01T00:00:00.000Z"})
    ready.put(1)
    go.wait()
    leased = [0.0]

    def timed(step: Callable[[], int]) -> int:
        began = time.process_time()
        done = step()
        leased[0] += time.process_time() - began
        return done

    before = time.process_time()
    worker.drain(worker.consumer.step, partial(timed, worker.poller.step), partial(timed, worker.relay.step))
    took = time.process_time() - before
    assert worker.store.collection.count_documents({"state": "settled"}) == hires
    found.put((took, leased[0]))


def measure(mongodb: str, server: psutil.Process, workers: int, hires: int) -> dict[str, float]:
    """So many workers with so many hires each: {hires_s, worker_ms, leased, database_ms, load}."""
    context = multiprocessing.get_context("spawn")
    ready, found, go = context.Queue(), context.Queue(), context.Event()
    names = [f"workers_{os.getpid()}_{workers}_{number}" for number in range(workers)]
    running = [context.Process(target=_work, args=(mongodb, name, hires, ready, go, found)) for name in names]
    for process in running:
        process.start()
    for _ in running:
        ready.get(timeout=600)
    began, times = time.monotonic(), server.cpu_times()
    go.set()
    own, leased = map(sum, zip(*(found.get(timeout=600) for _ in running), strict=True))
    took, after = time.monotonic() - began, server.cpu_times()
    for process in running:
        process.join(60)
    with MongoClient[dict[str, Any]](mongodb) as client:
        for name in names:
            client.drop_database(name)
    database = after.user + after.system - times.user - times.system
    count = workers * hires
    return {
        "hires_s": count / took, "worker_ms": 1000 * own / count, "leased": leased / own,
        "database_ms": 1000 * database / count,
        "load": os.getloadavg()[0],
    }  # fmt: skip


@click.command()
@click.option("--hires", type=click.IntRange(10, 1000), default=100, show_default=True, help="Of each worker.")
@click.option("--rounds", type=click.IntRange(1, 10), default=3, show_default=True)
def main(hires: int, rounds: int) -> None:
    """A line of JSON for each number of workers in each round, in turn."""
    stack = Stack()
    try:
        stack.start_servers()
        server = psutil.Process(stack.pid("database"))
        for _ in range(rounds):
            for workers in (1, 2, 4):
                found = measure(stack.mongodb, server, workers, hires)
                click.echo(json.dumps({"workers": workers} | {name: round(each, 2) for name, each in found.items()}))
    finally:
        stack.stop()


if __name__ == "__main__":
    main()
