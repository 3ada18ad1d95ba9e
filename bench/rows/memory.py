"""Memory of each program: at rest, and how it grows with the hires it has done.

At rest (PSS) the floor has imported the same, and does nothing; target: at most 1.5 times it. A worker is one process,
and so is its floor. A web program is two: gunicorn's master, and the process that it forks, which imports the service
and answers. They share pages, which PSS divides among whoever has them; so both are counted together, beside a Python
that imports what the master does and forks one that imports the service. One round.
In FULL thousands of hires follow, and the slope of each program's memory over them, after the first steps, is to be 0
(at most 1 % of its memory a thousand hires).
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence

import psutil

from bench.ground import Ground
from bench.measure import Row, Target
from bench.rows.paid import Contestant
from bench.sizes import Size
from deploy import ROOT, SERVICES

NAME = "memory"
_MASTER = (
    "gunicorn.app.wsgiapp, gunicorn.workers.gthread, shared.process.ending, shared.settings, shared.telemetry.otlp"
)
_ALONE = """
import services.{service}.main, time
print("ready", flush=True)
time.sleep(600)
"""
_FORKED = """
import {master}, os, time
if not os.fork():
    import services.{service}.main
    print("ready", flush=True)
time.sleep(600)
"""
_LEFT_OUT = 3
"""Of the steps, at the beginning: what is loaded once."""
_STEPS = 9
_FLOOR = "the imports alone"


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    programs = [f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")]
    for name in programs:
        service, _, kind = name.partition("-")
        code = (_FORKED if kind == "web" else _ALONE).format(service=service, master=_MASTER)
        what, floor = (", master and worker", "the imports alone, forked likewise") if kind == "web" else ("", _FLOOR)
        yield Row(f"{NAME} of {name}{what}, at rest", "MB", floor, Target("at most", 1.5),
                  [_together(_processes(ground, name))], [_imports(code)])  # fmt: skip
    if not size.full:
        return
    ours, hires = Contestant(ground, ground.prefix, ""), size.hires
    seen: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(_STEPS):
        ours.rate(hires)
        for name in programs:
            seen[name].append(_together(_processes(ground, name)))
    for name in programs:
        later = seen[name][_LEFT_OUT:]
        grown = later[0] + slope(later) * 1000 / hires
        steps = " ".join(f"{each:.0f}" for each in seen[name])
        yield Row(f"{NAME} of {name}, a thousand hires later", "MB", f"after {hires * (_LEFT_OUT + 1):,} hires",
                  Target("at most", 1.01), [grown], [later[0]], {"MB a step": steps})  # fmt: skip


def slope(values: Sequence[float]) -> float:
    """By least squares, a step."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    spread = sum((number - middle) ** 2 for number in range(len(values)))
    return sum((number - middle) * (value - mean) for number, value in enumerate(values)) / spread


def _processes(ground: Ground, name: str) -> list[psutil.Process]:
    """A program's processes: of a web program gunicorn's master, and the one that answers."""
    process = psutil.Process(ground.stack.pid(name))
    return [process, *process.children(recursive=True)]


def _together(some: Sequence[psutil.Process]) -> float:
    """Megabytes; pages that they share are counted once."""
    return sum(float(each.memory_full_info().pss / 1e6) for each in some)


def _imports(code: str) -> float:
    """Of a Python that runs this, and of what it has forked, once it says that it is ready."""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        first = psutil.Process(process.pid)
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError(f"it does not get ready: {code}")
            return _together([first, *first.children(recursive=True)])
        finally:
            for each in [*first.children(recursive=True), first]:
                each.kill()
