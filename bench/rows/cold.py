"""A cold `make demo`: from a fresh copy of the sources to the end of the story, over `pip install` of the lock.

The floor is a new venv and the install of the same lock. Target: at most 25 s over it. The wheels come from pip's cache
or the index, alike for both. It is the last benchmark: the stack that the others ran on is stopped, for a newcomer's
machine runs no other.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.ground import Ground
from bench.measure import Row, Target, in_turn
from bench.sizes import Size
from deploy import ROOT

NAME = "a cold make demo"
_ROUNDS = 2


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    """On the embedded stack, which the demo starts itself, whatever the ground."""
    if not size.full:
        return
    ground.stack.stop()
    found = in_turn(_ROUNDS, {"ours": _demo, "floor": _install})
    yield Row(NAME, "s", "pip install of the lock", Target("over by at most", 25), found["ours"], found["floor"])


def _demo() -> float:
    with tempfile.TemporaryDirectory(prefix="cold-") as folder:
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        return _timed(["make", "demo"], Path(folder))


def _install() -> float:
    with tempfile.TemporaryDirectory(prefix="cold-") as folder:
        began = _timed([sys.executable, "-m", "venv", f"{folder}/venv"], Path(folder))
        pip = [
            f"{folder}/venv/bin/python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--only-binary",
            ":all:",
        ]
        return began + _timed([*pip, "-r", str(ROOT / "requirements" / "stack.txt")], Path(folder))


def _timed(command: list[str], folder: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return time.perf_counter() - began
