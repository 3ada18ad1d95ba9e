"""What runs of a stack: its programs under supervisor, their pids now, and which of them died."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from deploy.embedded import identity
from deploy.embedded.data import Data
from deploy.embedded.deaths import Deaths
from deploy.embedded.liveness import Liveness
from deploy.embedded.probes import answers, is_alive
from deploy.embedded.programs import Program
from deploy.embedded.supervision import Supervisor, SupervisorGone, Unfit

_ANSWERS_WITHIN, _COMES_BACK_WITHIN = 180.0, 15.0
"""Seconds."""


class StackError(Exception):
    """The stack could not be started, or cannot go on; the message says which process and shows its last lines."""


class PortLost(StackError):
    """Somebody took a port between the choice and its use."""


class Processes:
    """The processes of one stack, by their programs' names.

    say       called with one line when a process answers, or was started again
    changed   called when a pid is another one
    broker_lost
              called when the broker has died; it has to be started again by `restart`
    """

    def __init__(
        self, data: Data, say: Callable[[str], None], changed: Callable[[], None], broker_lost: Callable[[], None]
    ) -> None:
        self.programs: list[Program] = []
        self.failure: str | None = None
        self._data, self._say, self._changed, self._broker_lost = data, say, changed, broker_lost
        self._supervisor: Supervisor | None = None
        self._pids: dict[str, int] = {}
        self._died: dict[str, int] = {}
        self._held: set[str] = set()
        self._deaths = Deaths()
        self._liveness: Liveness | None = None
        self._guard = threading.RLock()

    # -- life

    def launch(self, programs: list[Program], port: int, environment: Mapping[str, str], *, bound: bool) -> None:
        """Start supervisor on `port`; none of the programs runs yet. Raises PortLost, StackError."""
        self.programs = programs
        self._liveness = Liveness(programs)
        self._supervisor = Supervisor(self._data, port, programs)
        try:
            self._supervisor.launch(environment, bound=bound)
        except Unfit as unfit:
            raise StackError(f"the stack cannot start: {unfit}") from unfit
        except SupervisorGone as gone:
            raise PortLost(f"supervisor did not start ({gone})") from gone

    def start(self, chosen: Sequence[Program]) -> None:
        """Start programs and wait until each answers. Raises PortLost, StackError."""
        for program in chosen:
            self._running.start(program.name)
        deadline = time.monotonic() + _ANSWERS_WITHIN
        for program in chosen:
            seen: set[int] = set()
            while not self._answers(program):
                self.look()
                seen |= {self._pids[program.name]} if program.name in self._pids else set()
                self._check(program, deaths=len(seen) - 1)
                if time.monotonic() > deadline:
                    raise StackError(self._explain(program, f"did not answer in {_ANSWERS_WITHIN:.0f} s"))
                time.sleep(0.05)
            self._say(f"{program.name} answers")
        self.look()

    def restart(self, name: str) -> None:
        """Start a program that has died, and wait until it answers. Raises PortLost, StackError."""
        program = self.program(name)
        self._running.start(name)
        deadline = time.monotonic() + _COMES_BACK_WITHIN
        while not answers(program, self._running.pids().get(name)):
            self._check(program, deaths=0)
            if time.monotonic() > deadline:
                raise StackError(self._explain(program, "did not come back"))
            time.sleep(0.05)

    def shutdown(self, *, discard: bool = False) -> bool:
        """Stop what runs; whether it went by itself, so that nothing can be missing in the broker. `discard`: nobody
        wants what is stored.
        """
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return True
        clean = supervisor.running
        records = self.records
        supervisor.shutdown(discard=discard)
        left = [process for record in records if (process := identity.find(record))]
        identity.end(left)
        self._pids = {}
        self._died = {}
        self._deaths = Deaths()
        return clean and not left

    # -- the watch

    @property
    def are_alive(self) -> bool:
        """Whether each process lives that ran at the last look, and none is on its way back."""
        return not self._died and all(is_alive(pid) for pid in list(self._pids.values()))

    def look(self) -> None:
        """Take note of what runs now. A process that has died is told of when it is back; supervisor does that."""
        with self._guard:
            pids = self._running.pids()
            for name, pid in self._pids.items():
                if name not in self._held and pids.get(name) != pid:
                    self._died.setdefault(name, pid)
            if "broker" in self._died and "broker" not in pids:
                self._broker_lost()
                pids = self._running.pids()
            for name in [name for name in self._died if name in pids or name in self._held]:
                old = self._died.pop(name)
                if name in pids:
                    self._say(f"{name} died (pid {old}) and was started again (pid {pids[name]})")
                    self._count(name, old)
            if pids != self._pids:
                self._deaths.see(pids)
                self._pids = pids
                self._changed()

    def _count(self, name: str, pid: int) -> None:
        """Supervisor starts a process again for ever; where it dies as often, something is wrong that stays wrong."""
        if self._deaths.too_many(name, pid):
            self.failure = self.failure or self._explain(self.program(name), "dies as often as it is started")

    @property
    def records(self) -> list[dict[str, Any]]:
        """[{name, pid, started}] of what runs, in the order of the start."""
        pids = dict(self._pids)
        running = [(program.name, pids[program.name]) for program in self.programs if program.name in pids]
        return [{"name": name, "pid": pid, "started": identity.started(pid)} for name, pid in running]

    @property
    def supervisor(self) -> dict[str, Any] | None:
        """The record of supervisor itself."""
        return self._running.record

    def pid(self, name: str) -> int:
        """The pid that a program has now; KeyError where it does not run."""
        return self._pids[name]

    # -- trouble

    def kill(self, name: str, sig: signal.Signals) -> int:
        pid = self._pids[name]
        self._deaths.excuse(pid)
        os.kill(pid, sig)
        return pid

    def kill_group(self, group: str) -> int:
        """Kill all processes of a group at once; how many there were."""
        pids = [self._pids[each.name] for each in self.programs if each.group == group and each.name in self._pids]
        for pid in pids:
            self._deaths.excuse(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)

    def wait_restarted(self, name: str, old_pid: int, seconds: float) -> None:
        program = self.program(name)
        deadline = time.monotonic() + seconds
        while self._pids.get(name, old_pid) == old_pid or not self._answers(program):
            if time.monotonic() > deadline:
                raise StackError(self._explain(program, "was not started again"))
            time.sleep(0.05)

    def hold(self, name: str) -> None:
        with self._guard:
            self._held.add(name)
            self._running.stop(name)
            self.look()

    def release(self, name: str) -> None:
        self._held.discard(name)
        self.start([self.program(name)])

    def end_hung(self) -> None:
        """Kill what runs and hangs: supervisor starts it again. It may take seconds, for each is asked."""
        if self._liveness is None:
            return
        pids = {name: pid for name, pid in dict(self._pids).items() if name not in self._held}
        for name, fault in self._liveness.hung(pids).items():
            self._say(f"{name} hangs ({fault}); it is ended and started again")
            with suppress(ProcessLookupError):
                os.kill(pids[name], signal.SIGKILL)

    # -- what there is of one program

    def program(self, name: str) -> Program:
        return next(program for program in self.programs if program.name == name)

    def log(self, name: str) -> str:
        """What a process has printed so far."""
        return (self._data.logs / f"{name}.log").read_text(errors="replace")

    def _answers(self, program: Program) -> bool:
        return answers(program, self._pids.get(program.name))

    def _check(self, program: Program, deaths: int) -> None:
        """What need not be waited for: a lost port, a process that dies as often as it starts, a lost supervisor."""
        if "in use" in self._last_words(program).lower():
            raise PortLost(f"{program.name}'s port was taken by another program")
        if self.failure or deaths >= 3:
            raise StackError(self.failure or self._explain(program, "died again and again"))

    def _last_words(self, program: Program) -> str:
        with suppress(FileNotFoundError):
            return "\n".join([*dict.fromkeys(self.log(program.name).splitlines())][-15:])
        return ""

    def _explain(self, program: Program, fault: str) -> str:
        return f"{program.name} {fault}; the end of its log:\n{self._last_words(program)}"

    @property
    def _running(self) -> Supervisor:
        if self._supervisor is None:
            raise SupervisorGone("the stack does not run")
        return self._supervisor
