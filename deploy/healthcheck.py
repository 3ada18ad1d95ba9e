"""A container's health check: exit code 0 where the process is ready, and an end to a process that hangs.

    python healthcheck.py PORT

Docker starts nothing again for being unhealthy, only for having ended. So where `/livez` itself says no, the process is
told to end (SIGTERM), and where it says nothing, or goes on all the same, three times in a row, it is killed; the
restart policy does the rest. The container's first process is `init.sh`: nobody inside can kill that one, its child is
what hangs.
"""

import http.client
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

_WITHIN_S = 8
_PATIENCE = 3
"""So many looks in a row at a process that says nothing, or that does not end when it was told to."""

_BEGUN_WITHIN_S = 180
"""A process that has answered nobody since it was started may be at its beginning for so long."""


def status(port: int, path: str) -> int:
    """The HTTP status of a path of this container; OSError where nobody answers in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_WITHIN_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def main(
    port: int,
    memory: Path = Path("/tmp/healthcheck"),
    proc: Path = Path("/proc"),
    ask: Callable[[int, str], int] = status,
    kill: Callable[[int, signal.Signals], None] = os.kill,
) -> int:
    live, ready = 0, False
    try:
        if not _stopped(proc):
            live = ask(port, "/livez")
            ready = live == 200 and ask(port, "/readyz") == 200
    except (OSError, http.client.HTTPException):
        pass
    if live == 200:
        memory.write_text("0")
    elif _in_a_row(memory, proc) >= _PATIENCE:
        _end(proc, signal.SIGKILL, kill)
    elif live:
        _end(proc, signal.SIGTERM, kill)
    return 0 if ready else 1


def _in_a_row(memory: Path, proc: Path) -> int:
    """How often it was not well in a row, this time counted; 0 while it may be at its beginning."""
    try:
        count = int(memory.read_text()) + 1
    except (OSError, ValueError):  # it has not answered yet
        if _age(proc) < _BEGUN_WITHIN_S:
            return 0
        count = 1
    memory.write_text(str(count))
    return count


def _age(proc: Path) -> float:
    """Seconds since the first process was started."""
    ticks = int(_stat(proc, "1")[19])
    return float((proc / "uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


def _stopped(proc: Path) -> bool:
    """Whether the first process or its child is stopped: it would not end by itself, and restart nothing."""
    return any(_stat(proc, pid)[0] in "Tt" for pid in ("1", *_children(proc)))


def _children(proc: Path) -> Iterator[str]:
    """The first process's own; what `docker exec` started, as this check, is not among them."""
    for each in proc.glob("[0-9]*"):
        try:
            if _stat(proc, each.name)[1] == "1":
                yield each.name
        except OSError:
            continue


def _stat(proc: Path, pid: str) -> list[str]:
    """The fields of a process's `stat` after its name: state, parent, ..."""
    return (proc / pid / "stat").read_text().rpartition(")")[2].split()


def _end(proc: Path, number: signal.Signals, kill: Callable[[int, signal.Signals], None]) -> None:
    """Signal the first process's children, or itself where it has none; what is stopped goes on, to end."""
    for pid in list(_children(proc)) or ["1"]:
        print(f"process {pid} hangs: {number.name}")
        kill(int(pid), number)
    kill(1, signal.SIGCONT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
