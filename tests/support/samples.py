"""The samples that `.ci/samples` built, as processes."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLES, BUILT = ROOT / "samples", ROOT / "build" / "samples"
_NODE = {"node-consumer": "consumer.js", "node-receiver": "receiver.js"}


def is_built(name: str | None) -> bool:
    return name in (None, "python-receiver") or (BUILT / str(name)).is_dir()


def _command(name: str) -> list[str]:
    """How the sample is run, as it is now: what others it needs were put there by `.ci/samples`."""
    if name == "python-receiver":
        return [sys.executable, str(SAMPLES / name / "receiver.py")]
    if name == "go-consumer":
        subprocess.run(["go", "build", "-o", f"{BUILT / name}/", "."], cwd=SAMPLES / name, check=True, timeout=120)
        return [str(BUILT / name / name)]
    script = shutil.copy(SAMPLES / name / _NODE[name], BUILT / name)
    return [str(BUILT / name / "node_modules" / ".bin" / "node"), str(script)]


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    out: Path
    errors: Path

    def lines(self) -> list[str]:
        """What it has printed so far; AssertionError with its errors where it ended by itself."""
        assert self.process.poll() is None, self.errors.read_text()
        return self.said()

    def said(self) -> list[str]:
        return self.out.read_text().splitlines()

    def aside(self, topic: str) -> set[str]:
        """The places in the topic of what it put aside."""
        lines = self.errors.read_text().splitlines()
        return {place for line in lines for place in line.split() if place.startswith(f"{topic}/")}

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.errors.read_text()


@contextmanager
def running(name: str, folder: Path, **environment: str) -> Iterator[Running]:
    """The sample, killed at the end if it was not stopped; `folder` keeps what it says."""
    out, errors = folder / f"{name}.out", folder / f"{name}.errors"
    command = _command(name)
    with out.open("wb") as to, errors.open("wb") as also_to:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=to, stderr=also_to)
        try:
            yield Running(process, out, errors)
        finally:
            process.kill()
            process.wait()
