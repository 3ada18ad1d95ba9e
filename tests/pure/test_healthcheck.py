"""A container's health check: what hangs is ended after three looks, what begins or is slow once is left alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.healthcheck import main

ROOT = Path(__file__).parents[2]
INIT = ("sh", str(ROOT / "deploy" / "init.sh"), sys.executable, "-c")
TERM, KILL, CONT = (7, signal.SIGTERM), (7, signal.SIGKILL), (1, signal.SIGCONT)


class Container:
    """Process 1, its child 7 with a child 8 of its own, and the check itself, which `docker exec` started."""

    def __init__(self, folder: Path, seconds_up: float = 1000) -> None:
        self.folder, self.kills = folder, list[tuple[int, signal.Signals]]()
        self.states = {"1": ("S", 0), "7": ("S", 1), "8": ("S", 7), "30": ("R", 0)}
        self.seconds_up = seconds_up

    def look(self, livez: int | None, readyz: int | None = None) -> int:
        """One look; None is no answer in time."""
        for pid, (state, parent) in self.states.items():
            (self.folder / pid).mkdir(exist_ok=True)
            rest = " ".join([state, str(parent), *["0"] * 17, "500"])
            (self.folder / pid / "stat").write_text(f"{pid} (a (strange) name) {rest} 0 0")
        begun = 500 / os.sysconf("SC_CLK_TCK")
        (self.folder / "uptime").write_text(f"{begun + self.seconds_up} 1.0")

        def ask(port: int, path: str) -> int:
            status = livez if path == "/livez" else (readyz or livez)
            if status is None:
                raise TimeoutError
            return status

        return main(8000, self.folder / "memory", self.folder, ask, lambda pid, sig: self.kills.append((pid, sig)))


def test_ready_is_healthy_and_not_ready_is_not(tmp_path: Path) -> None:
    it = Container(tmp_path)

    assert [it.look(200), it.look(200, 503), it.look(200)] == [0, 1, 0]
    assert it.kills == []


@pytest.mark.parametrize("looks", [[200, None, None, None], [200, 200, None, None, None], [None, None, None]])
def test_what_says_nothing_three_times_in_a_row_is_killed(tmp_path: Path, looks: list[int | None]) -> None:
    it = Container(tmp_path)
    for livez in looks[:-1]:
        it.look(livez)
    assert it.kills == []

    assert it.look(looks[-1]) == 1
    assert it.kills == [KILL, CONT]


def test_what_answers_in_between_is_left_alone(tmp_path: Path) -> None:
    it = Container(tmp_path)
    for livez in (200, None, None, 200, None, None, 200):
        it.look(livez)

    assert it.kills == []


def test_what_begins_is_left_alone(tmp_path: Path) -> None:
    it = Container(tmp_path, seconds_up=100)
    for _ in range(100):
        assert it.look(None) == 1

    assert it.kills == []


def test_what_says_no_is_told_to_end_and_killed_where_it_does_not(tmp_path: Path) -> None:
    it = Container(tmp_path)
    for livez in (200, 503, 503, 503):
        it.look(livez)

    assert it.kills == [TERM, CONT, TERM, CONT, KILL, CONT]


@pytest.mark.parametrize("pid", ["1", "7"])
def test_what_is_stopped_is_killed_though_its_workers_answer(tmp_path: Path, pid: str) -> None:
    it = Container(tmp_path)
    it.look(200)
    it.states[pid] = ("T", it.states[pid][1])
    for _ in range(3):
        assert it.look(200) == 1

    assert it.kills == [KILL, CONT]


# -- the first process


def test_the_first_process_ends_with_the_code_of_the_command() -> None:
    assert subprocess.run([*INIT, "raise SystemExit(78)"], timeout=30).returncode == 78


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_process_passes_on_that_it_is_to_end(number: signal.Signals) -> None:
    """And waits for the child, which finishes what it does."""
    block = f"signal.pthread_sigmask(signal.SIG_BLOCK, {{{int(number)}}})"  # else it may come between two lines of it
    wait = f"signal.sigwait({{{int(number)}}})"
    child = f"import signal, sys; {block}; print('up', flush=True); {wait}; sys.exit(7)"
    with first_process(child) as process:
        assert process.stdout is not None and process.stdout.readline() == "up\n"
        process.send_signal(number)

        assert process.wait(30) == 7


def test_the_first_process_ends_when_its_child_is_killed() -> None:
    with first_process("import os; os.kill(os.getpid(), 9)") as process:
        assert process.wait(30) == 137


@contextmanager
def first_process(child: str) -> Iterator[subprocess.Popen[str]]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background has it ignored, for good
    try:
        process = subprocess.Popen([*INIT, child], stdout=subprocess.PIPE, text=True, start_new_session=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        try:
            yield process
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # the child of what does not end
            raise
