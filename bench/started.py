"""Starts a floor's processes and ends them."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy import ROOT


@contextmanager
def processes(
    commands: Sequence[Sequence[str]], environments: Sequence[Mapping[str, str]] = ()
) -> Iterator[Callable[[], None]]:
    """All of them run until the block ends. What is yielded raises RuntimeError, with the end of its log, where one of
    them has ended."""
    with tempfile.TemporaryDirectory(prefix="floor-") as folder:
        logs = [Path(folder) / f"{number}.log" for number in range(len(commands))]
        running: list[subprocess.Popen[bytes]] = []
        try:
            for number, command in enumerate(commands):
                extra = environments[number] if environments else {}
                with logs[number].open("wb") as log:
                    running.append(
                        subprocess.Popen(
                            command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
                            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **extra},
                        )
                    )  # fmt: skip

            def check() -> None:
                for command, process, log in zip(commands, running, logs, strict=True):
                    if process.poll() is not None:
                        raise RuntimeError(f"{' '.join(command)} ended:\n{log.read_text()[-2000:]}")

            yield check
        finally:
            for process in running:
                process.terminate()
            for process in running:
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]
