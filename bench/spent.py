"""The CPU that all processes took within a row's own clock: ours, the servers' in their containers, the benchmark's.

What a limit of the machine is shown by: "cores busy" of as many as there are, and what one hire takes of them.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psutil

from bench.ground import Ground
from bench.measure import CORES

_GROUPS: Mapping[str, re.Pattern[str]] = {
    "workers": re.compile(r"-worker$"), "webs": re.compile(r"-web$"), "database": re.compile(r"^database$"),
    "broker": re.compile(r"^broker$"),
}  # fmt: skip
_OTHERS, _OWN = "gateway and mail", "the benchmark"
_SERVERS = ("broker", "database")
_STARTED_WITHIN_S = 5.0
_MACHINE = ("user", "nice", "system", "irq", "softirq")


@dataclass
class Spent:
    """Seconds of CPU by group of processes, of `seconds` by the clock; several stretches add up. `machine` is what all
    that runs on the machine took, others' processes and the kernel's with it. `unseen` are servers whose processes
    cannot be seen from here.
    """

    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    machine: float = 0.0
    unseen: tuple[str, ...] = ()

    def add(self, seconds: float, cpu: Mapping[str, float], machine: float) -> None:
        self.seconds += seconds
        self.machine += machine
        for name, each in cpu.items():
            self.cpu[name] = self.cpu.get(name, 0.0) + each

    def beside(self, count: float, what: str = "a hire") -> dict[str, float | str]:
        """What a row says beside its figure, where `count` were done in that time."""
        if not self.seconds or not count:
            return {}
        parts = ", ".join(f"{name} {1000 * each / count:.1f}" for name, each in self.cpu.items())
        cores, seen = os.cpu_count() or 1, sum(self.cpu.values())
        said: dict[str, float | str] = {
            f"CPU within the clock, ms {what}": f"{1000 * seen / count:.1f} ({parts})",
            CORES: f"{seen / self.seconds:.2f} of {cores} (the whole machine: {self.machine / self.seconds:.2f})",
        }
        return said | ({"not seen": ", ".join(self.unseen)} if self.unseen else {})


@contextmanager
def spending(ground: Ground, spent: Spent) -> Iterator[None]:
    """Counts what is done in the block. Processes are looked up before its clock begins, and after it has ended."""
    roots, unseen = _roots(ground)
    before, machine, began = _cpu(roots), _busy(), time.perf_counter()
    yield
    took, machine_, after = time.perf_counter() - began, _busy(), _cpu(roots)
    spent.unseen = unseen
    spent.add(took, {name: max(0.0, after[name] - before[name]) for name in roots}, machine_ - machine)


def _roots(ground: Ground) -> tuple[dict[str, list[psutil.Process]], tuple[str, ...]]:
    """The first processes of each group; which servers have none that can be seen."""
    found: dict[str, list[psutil.Process]] = {name: [] for name in (*_GROUPS, _OTHERS)}
    for each in ground.stack.processes:
        name = next((group for group, names in _GROUPS.items() if names.search(each["name"])), _OTHERS)
        found[name].append(psutil.Process(each["pid"]))
    for name, address in zip(_SERVERS, (ground.stack.kafka, ground.stack.mongodb), strict=True):
        found[name] += [] if found[name] else _in_container(port_of(address))
    unseen = tuple(name for name in _SERVERS if not found[name])
    found[_OWN] = [psutil.Process()]
    return {name: each for name, each in found.items() if each}, unseen


def port_of(address: str) -> str:
    """Of a server's `host:port`, or of a URI: what stands before its @ may have colons and digits as well."""
    found = re.search(r":(\d+)", address.rpartition("@")[2])
    return found[1] if found else ""


def _in_container(port: str) -> list[psutil.Process]:
    """The first process of the container that has this port, where it is a process of this machine."""
    try:
        asked = ("docker", "ps", "--quiet", "--filter", f"publish={port}")
        ids = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout.split()
        shown = ("docker", "inspect", "--format", "{{.State.Pid}} {{.State.StartedAt}}", *ids)
        lines = subprocess.run(shown, capture_output=True, text=True, timeout=30, check=True).stdout if ids else ""
    except (OSError, subprocess.SubprocessError):
        return []
    found = []
    for pid, _, started in (line.partition(" ") for line in lines.splitlines()):
        at = datetime.fromisoformat(f"{started[:19]}+00:00").timestamp()
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid))  # another's, where the engine is on another machine
            if abs(process.create_time() - at) < _STARTED_WITHIN_S:
                found.append(process)
    return found


def _cpu(roots: Mapping[str, Iterable[psutil.Process]]) -> dict[str, float]:
    """Seconds of each group, in one pass over what runs. The benchmark's own are without its children's, which are
    the others.
    """
    seconds: dict[int, float] = {}
    below: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid", "cpu_times"]):
        below.setdefault(process.info["ppid"] or 0, []).append(process.pid)
        seconds[process.pid] = _seconds(process.info["cpu_times"], process.pid == os.getpid())

    def tree(pid: int) -> float:
        return seconds.get(pid, 0.0) + sum(map(tree, below.get(pid, ())))

    own = seconds.get(os.getpid(), 0.0)
    return {n: own if n == _OWN else sum(tree(root.pid) for root in some) for n, some in roots.items()}


def _seconds(times: Any, alone: bool) -> float:
    """With what its children took that have ended, unless `alone`."""
    names = ("user", "system") if alone else ("user", "system", "children_user", "children_system")
    return sum(float(getattr(times, name, 0.0)) for name in names)


def _busy() -> float:
    times = psutil.cpu_times()
    return sum(float(getattr(times, name, 0.0)) for name in _MACHINE)
