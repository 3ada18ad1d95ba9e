"""Memory of each process: at rest, and how it grows with the hires it has done.

At rest (PSS) the floor is a Python that has imported the same and nothing more; target: at most 1.5 times it. A web
program is two processes: gunicorn's master, which has imported no service, and the process that answers.
In FULL thousands of hires follow, and the slope of each worker's memory over them, after the first third, is to be 0
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
_ANSWERS = "services.{0}.main, gunicorn.app.wsgiapp, gunicorn.workers.gthread"
_MASTER = (
    "gunicorn.app.wsgiapp, gunicorn.workers.gthread, shared.process.ending, shared.settings, shared.telemetry.otlp"
)
_STEPS = 9


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    programs = [f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")]
    answering = {service: _imports(_ANSWERS.format(service)) for service in SERVICES}
    master = _imports(_MASTER)
    for name in programs:
        (*masters, last) = _processes(ground, name)[:2]
        floor = answering[name.partition("-")[0]]
        for process, what, imports in (*((each, "'s master", master) for each in masters), (last, "", floor)):
            yield Row(f"{NAME} of {name}{what} at rest", "MB", "the imports alone", Target("at most", 1.5),
                      [_megabytes(process)], [imports])  # fmt: skip
    if not size.full:
        return
    ours, hires = Contestant(ground, ground.prefix, ""), size.hires
    seen: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(_STEPS):
        ours.rate(hires)
        for name in programs:
            seen[name].append(sum(map(_megabytes, _processes(ground, name))))
    for name in programs:
        later = seen[name][_STEPS // 3 :]
        grown = later[0] + slope(later) * 1000 / hires
        steps = " ".join(f"{each:.0f}" for each in seen[name])
        yield Row(f"{NAME} of {name}, a thousand hires later", "MB", f"after {hires * _STEPS // 3:,} hires",
                  Target("at most", 1.01), [grown], [later[0]], {"MB a step": steps})  # fmt: skip


def slope(values: Sequence[float]) -> float:
    """By least squares, a step."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    spread = sum((number - middle) ** 2 for number in range(len(values)))
    return sum((number - middle) * (value - mean) for number, value in enumerate(values)) / spread


def _processes(ground: Ground, name: str) -> list[psutil.Process]:
    """A program's processes: a web program's master comes before the one that answers."""
    process = psutil.Process(ground.stack.pid(name))
    return [process, *process.children(recursive=True)]


def _megabytes(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss / 1e6)


def _imports(modules: str) -> float:
    code = f"import {modules}, time; print('ready', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError(f"{modules} are not imported")
            return _megabytes(psutil.Process(process.pid))
        finally:
            process.kill()
