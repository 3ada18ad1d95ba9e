"""`golem up` as a person uses it: in a terminal of its own, stopped by Ctrl-C, or killed."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy import ROOT, SERVICES
from deploy.embedded import identity
from tests.support.processes import eventually

pytestmark = pytest.mark.embedded

EVERYTHING = {"broker", "database", "mail", "gateway", "notify-streams"} | {
    f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")
}


class Up:
    """One `golem up` on a data folder; what it prints goes to a file."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.output = data.parent / f"up-{len(list(data.parent.glob('up-*')))}.txt"
        command = [sys.executable, "-c", "from deploy.cli import main; main()", "up", "--data", str(data), *options]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)

    @property
    def lines(self) -> list[str]:
        return self.output.read_text().splitlines()

    def ready(self) -> str:
        """Wait for the line `ready URL` and return the URL."""
        eventually(lambda: self._url() is not None or self.process.poll() is not None, "ready", seconds=180)
        url = self._url()
        assert url, "\n".join(self.lines)
        return url

    def _url(self) -> str | None:
        return next((line.split()[1] for line in self.lines if line.startswith("ready ")), None)

    def stack(self) -> dict[str, Any]:
        stack: dict[str, Any] = json.loads((self.data / "stack.json").read_text())
        return stack

    def pids(self) -> dict[str, int]:
        return {process["name"]: process["pid"] for process in self.stack()["processes"]}

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(sig)
        return self.process.wait(30)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whatever still runs on it at the end is ended."""
    folder = tmp_path / "data"
    yield folder
    if (folder / "stack.json").exists():
        identity.end_leftovers(json.loads((folder / "stack.json").read_text()))


@pytest.mark.alone
def test_up_until_ctrl_c(data: Path) -> None:
    """It says ready, everything it lists runs, what dies is back within 2 s and said so, Ctrl-C ends all with 0."""
    up = Up(data)
    gateway = up.ready()
    pids = up.pids()
    with urllib.request.urlopen(f"{gateway}/v1/openapi/listing.json", timeout=5) as answer:
        assert answer.status == 200

    assert set(pids) == EVERYTHING
    assert up.stack()["gateway"] == gateway
    for name in ("listing-web", "escrow-worker"):
        os.kill(pids[name], signal.SIGKILL)
        took = eventually(lambda: up.pids().get(name, pids[name]) != pids[name], f"{name} is back", seconds=5)  # noqa: B023
        assert took < 2
        assert any(f"{name} died (pid {pids[name]})" in line for line in up.lines)

    pids = up.pids()
    assert up.stop(signal.SIGINT) == 0
    assert not [name for name, pid in pids.items() if psutil.pid_exists(pid)]
    assert up.lines[-1] == "stopped"


def test_up_after_a_killed_up(data: Path) -> None:
    """What a killed `up` left is ended by the next one, which goes on with the same keys; a third is refused."""
    first = Up(data)
    first.ready()
    left, keys = first.pids(), (data / "keys" / "jwks.json").read_bytes()
    first.process.kill()
    first.process.wait()
    second = Up(data)
    second.ready()

    assert any("ended what an earlier run had left" in line for line in second.lines)
    assert not [name for name, pid in left.items() if psutil.pid_exists(pid) and pid not in second.pids().values()]
    assert (data / "keys" / "jwks.json").read_bytes() == keys
    third = Up(data)
    assert third.process.wait(20) == 1
    assert "another stack runs on" in third.lines[-1]
    assert second.stop() == 0


def test_stopped_while_it_starts(data: Path) -> None:
    """SIGTERM in the middle of the start leaves nothing behind."""
    up = Up(data)
    eventually(lambda: (data / "stack.json").exists() and "database" in up.pids(), "the servers run", seconds=30)
    pids = up.pids()

    assert up.stop() == 0
    assert not [name for name, pid in pids.items() if psutil.pid_exists(pid)]
