"""Which processes hang: they run, and say by `/livez` that a loop of theirs stands still, or say nothing any more.

Supervisor starts again what has died, and knows nothing of what hangs. So such a process is killed.
"""

import http.client
from collections.abc import Callable, Iterable, Mapping

from deploy.embedded.programs import Program

_WITHIN_S = 5.0
_STILL, _SILENT = 2, 4
"""So many looks in a row at a process that says no, or that says nothing."""

Asks = Callable[[Program], int | None]


def livez(program: Program) -> int | None:
    """The status that its `/livez` answers with; None where nothing comes within 5 s."""
    connection = http.client.HTTPConnection("127.0.0.1", program.answers[0], timeout=_WITHIN_S)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


class Liveness:
    """`hung(pids)` is asked every few seconds; a process counts from when it first answered on."""

    def __init__(self, programs: Iterable[Program], ask: Asks = livez) -> None:
        self._programs = [program for program in programs if program.answers[1] == "/readyz"]
        self._ask = ask
        self._answered: set[int] = set()
        self._no: dict[int, int] = {}
        self._silent: dict[int, int] = {}

    def hung(self, pids: Mapping[str, int]) -> dict[str, str]:
        """{name: what the matter is} of those that are to be ended."""
        found = {}
        for program in self._programs:
            pid = pids.get(program.name)
            if pid is not None and (fault := self._look(program, pid)):
                found[program.name] = fault
        self._forget(set(pids.values()))
        return found

    def _look(self, program: Program, pid: int) -> str:
        status = self._ask(program)
        if status == 200:
            self._answered.add(pid)
            self._no.pop(pid, None)
            self._silent.pop(pid, None)
            return ""
        if pid not in self._answered:
            return ""
        counts = self._silent if status is None else self._no
        counts[pid] = counts.get(pid, 0) + 1
        if self._no.get(pid, 0) >= _STILL:
            return "one of its loops stands still"
        return "it answers nobody" if self._silent.get(pid, 0) >= _SILENT else ""

    def _forget(self, running: set[int]) -> None:
        self._answered &= running
        self._no = {pid: count for pid, count in self._no.items() if pid in running}
        self._silent = {pid: count for pid, count in self._silent.items() if pid in running}
