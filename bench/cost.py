"""python -m bench.cost: what one hire costs: CPU of each process, bytes stored, bytes on the topics and on the wire.

CPU is the processes' own time, so it holds on a busy machine as well. A hire here: one listing for all of them, then
an offer made, accepted, funded, confirmed and paid, over HTTP through the gateway. What is waited for is read in the
database. `measure` takes any running stack; the command starts the embedded one.
"""

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import bson
import click
import psutil
from pymongo import MongoClient

from deploy import COLLECTIONS, SERVICES
from deploy.embedded.stack import Stack
from deploy.system.connect import System
from deploy.system.topics import read, reader, spans
from shared.events import EVENT_NAMES
from tests.support.hires import Hire, Hires

_AT_ONCE = 4
_UNLIMITED = {"RATE_PER_SECOND": "100000", "RATE_BURST": "1000000", "LOG_LEVEL": "INFO"}
_PATIENCE = timedelta(minutes=5)
_BYTES = re.compile(r"\bbytes_(?:sent|received):(\d+)")
_OWNER = re.compile(r"pid=(\d+)")


def measure(stack: Stack, hires: int) -> dict[str, Any]:
    """Of one hire: {cpu_ms: {process: ms}, documents_bytes and documents: {service: n}, records, records_bytes,
    wire_bytes: {process: bytes, both ways; None where that cannot be read}}.
    """
    roots = {each["name"]: psutil.Process(each["pid"]) for each in stack.processes}
    client: MongoClient[dict[str, Any]] = MongoClient(stack.mongodb)
    with Hires(stack) as played, client:
        at = played.published(seats=500)
        _hire(played, client, stack, at, 3)
        before = _cpu(roots), _stored(client, stack), _records(stack), _wire(roots)
        _hire(played, client, stack, at, hires)
        after = _cpu(roots), _stored(client, stack), _records(stack), _wire(roots)
    (cpu, stored, records, wire), (cpu_, stored_, records_, wire_) = before, after
    return {
        "hires": hires,
        "cpu_ms": {name: round(1000 * (cpu_[name] - cpu[name]) / hires, 1) for name in roots},
        "documents": {s: round((stored_[s][0] - stored[s][0]) / hires, 1) for s in SERVICES},
        "documents_bytes": {s: round((stored_[s][1] - stored[s][1]) / hires) for s in SERVICES},
        "records": round((records_[0] - records[0]) / hires, 1),
        "records_bytes": round((records_[1] - records[1]) / hires),
        "wire_bytes": None if wire is None or wire_ is None else {
            name: round((wire_[name] - wire[name]) / hires) for name in roots
        },
    }  # fmt: skip


def _hire(played: Hires, client: MongoClient[dict[str, Any]], stack: Stack, at: Any, count: int) -> None:
    def play(number: int) -> None:
        seeker = played.person("seeker")
        offer = seeker.post("/v1/offers", {"listing_id": at[1], "help": ["coaching"], "mode": "hold"})
        at[0].post(f"/v1/offers/{offer['id']}/accept")
        hire = Hire(at[0], seeker, at[1], str(offer["id"]))
        _await(client, stack, "escrow", hire.offer_id, "awaiting")
        played.fund(hire)
        _await(client, stack, "matching", hire.offer_id, "active")
        played.confirm(hire, claim=False)
        _await(client, stack, "matching", hire.offer_id, "completed")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(play, range(count)))
    time.sleep(2)  # what follows of it: notifications, mails


def _await(client: MongoClient[dict[str, Any]], stack: Stack, service: str, document_id: str, state: str) -> None:
    documents = client[stack.database(service)][COLLECTIONS[service]]
    until = time.monotonic() + _PATIENCE.total_seconds()
    while documents.find_one({"_id": document_id, "state": state}, {"_id": 1}) is None:
        if time.monotonic() > until:
            raise TimeoutError(f"{service} {document_id} is not {state}")
        time.sleep(0.05)


def _cpu(roots: Mapping[str, psutil.Process]) -> dict[str, float]:
    return {name: sum(_seconds(each) for each in _tree(root)) for name, root in roots.items()}


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _tree(root: psutil.Process) -> list[psutil.Process]:
    return [root, *root.children(recursive=True)]


def _stored(client: MongoClient[dict[str, Any]], stack: Stack) -> dict[str, tuple[int, int]]:
    """Of each service: documents, and their bytes as BSON: before indexes and compression."""
    found: dict[str, tuple[int, int]] = {}
    for service in SERVICES:
        sizes = [len(bson.encode(doc)) for doc in client[stack.database(service)][COLLECTIONS[service]].find()]
        found[service] = len(sizes), sum(sizes)
    return found


def _records(stack: Stack) -> tuple[int, int]:
    """Records of the events' topics, and the bytes of their keys, values and headers: before batches' own."""
    count = size = 0
    with reader(System(None, {"bootstrap_servers": [stack.kafka]}, stack.mongodb)) as consumer:
        for record in read(consumer, spans(consumer, EVENT_NAMES)):
            count += 1
            size += len(record.key or b"") + len(record.value or b"")
            size += sum(len(name) + len(value) for name, value in record.headers)
    return count, size


def _wire(roots: Mapping[str, psutil.Process]) -> dict[str, int] | None:
    """What the open connections of each process have carried, both ways; None without `ss`, or without the right."""
    try:
        shown = subprocess.run(["ss", "-tnipH"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    carried: Counter[int] = Counter()
    for connection in shown.replace("\n\t", " ").splitlines():
        for pid in {int(each) for each in _OWNER.findall(connection)}:
            carried[pid] += sum(map(int, _BYTES.findall(connection)))
    return {name: sum(carried[each.pid] for each in _tree(root)) for name, root in roots.items()} if carried else None


@click.command()
@click.option("--hires", type=click.IntRange(5, 450), default=100, show_default=True)
def main(hires: int) -> None:
    """What one hire costs on the embedded stack, as JSON."""
    with Stack(environment=_UNLIMITED) as stack:
        click.echo(json.dumps(measure(stack, hires), indent=2))


if __name__ == "__main__":
    main()
