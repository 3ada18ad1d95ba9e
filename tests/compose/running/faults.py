"""What goes wrong with a running deployment, caused on purpose and taken back."""

import ctypes
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pymongo.collection import Collection

from tests.compose.running.conftest import compose, run

Json = dict[str, Any]
_CLOCK = """
FROM python:3.13-slim AS debian
RUN apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends libfaketime && \\
    cp /usr/lib/*/faketime/libfaketime.so.1 /
FROM scratch
COPY --from=debian /libfaketime.so.1 /
"""
_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
"""Requests of ptrace(2)."""

_HEARTBEAT = re.compile(r'^golem_loop_heartbeat_seconds\{loop="(.*?)".*\} (.*)$', re.MULTILINE)
_READ = "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:8001/metrics', timeout=2).read().decode())"


def state(name: str) -> Json:
    """What the engine knows of a service's container."""
    found: list[Any] = json.loads(run("docker", "inspect", *compose("ps", "--all", "--quiet", name).split()))
    told: Json = found[0]["State"]
    return told


def children(pid: int) -> list[int]:
    """A process's own processes."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def held(name: str) -> tuple[int, int]:
    """Threads and open descriptors of all processes of a service's container."""
    found, threads, descriptors = [int(state(name)["Pid"])], 0, 0
    while found:
        pid = found.pop()
        threads += len(os.listdir(f"/proc/{pid}/task"))
        descriptors += len(os.listdir(f"/proc/{pid}/fd"))
        found += children(pid)
    return threads, descriptors


@contextmanager
def stopped(*names: str) -> Iterator[None]:
    """These containers are away meanwhile."""
    compose("stop", "--timeout", "40", *names, seconds=120)
    try:
        yield
    finally:
        compose("up", "--detach", "--no-deps", "--wait", *names, seconds=300)


@contextmanager
def made_with(folder: Path, changed: Mapping[str, Json], *, wait: bool = True) -> Iterator[None]:
    """These services' containers are made anew with something else in compose's file, and afterwards as they were;
    `wait`: until they are healthy.
    """
    override = folder / "changed.yml"
    override.write_text(json.dumps({"services": changed}))
    anew = ("up", "--detach", "--no-deps", "--force-recreate", *changed)
    try:
        compose("--file", str(override), *anew, *(["--wait"] if wait else []), seconds=300)
        yield
    finally:
        compose(*anew, "--wait", seconds=300)


class WrongClock:
    """The clock of some services' processes: the machine's, but for what `ahead` adds (libfaketime; the clock that only
    counts on stays as it is, as in a machine whose time is set).
    """

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self._folder = folder
        (folder / "Dockerfile").write_text(_CLOCK)
        run("docker", "build", "--output", f"type=local,dest={folder}", str(folder), seconds=300)
        self.ahead("0s")

    def ahead(self, by: str) -> None:
        """`by`: as in "20m"; read again by the second."""
        (self._folder / "offset").write_text(f"+{by}\n")

    def service(self) -> Json:
        """What is added to a service in compose's file."""
        environment = {
            "LD_PRELOAD": "/clock/libfaketime.so.1",
            "FAKETIME_TIMESTAMP_FILE": "/clock/offset",
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        return {"environment": environment, "volumes": [f"{self._folder}:/clock:ro"]}


@contextmanager
def standing_still(name: str) -> Iterator[str]:
    """One loop of a worker stands still, as in a call that never returns, while the process goes on: the loop's name.

    Each of its threads is held in turn, until one of them is a loop's. Its health check must not end it.
    """
    process = children(state(name)["Pid"])[0]
    for thread in sorted(map(int, os.listdir(f"/proc/{process}/task"))):
        if thread == process:
            continue
        _ptrace(_SEIZE, thread)
        try:
            _ptrace(_INTERRUPT, thread)
            if still := _loops_that_stand(name):
                yield still
                return
        finally:
            _ptrace(_DETACH, thread)
    raise AssertionError(f"no thread of {name} is a loop's")


def _loops_that_stand(name: str) -> str:
    """A loop that has not come round within two seconds, of those that do; "" where all have or nobody answers."""
    time.sleep(0.5)
    before = _beats(name)
    time.sleep(2)
    after = _beats(name)
    quick = ("relay", "poller")
    return next((loop for loop in quick if loop in after and after[loop] == before.get(loop)), "")


def _beats(name: str) -> dict[str, str]:
    """{loop: when it last came round}; nothing where the process does not answer."""
    try:
        told = compose("exec", "-T", name, "python", "-c", _READ, check=False, seconds=10)
    except subprocess.TimeoutExpired:
        return {}
    return dict(_HEARTBEAT.findall(told))


def _ptrace(request: int, thread: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    call = libc.ptrace
    call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if call(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace({request:#x}) of thread {thread}")


@contextmanager
def damaged(collection: Collection[Json], doc_id: str, field: str, by: int) -> Iterator[None]:
    """A number in a document is another one meanwhile; the document's version stays, as after damage."""
    assert collection.update_one({"_id": doc_id}, {"$inc": {field: by}}).modified_count == 1
    try:
        yield
    finally:
        assert collection.update_one({"_id": doc_id}, {"$inc": {field: -by}}).modified_count == 1
