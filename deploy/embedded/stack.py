"""The stack: all processes of the system on this machine, started in order, watched, and stopped in order."""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from deploy import ROOT
from deploy.embedded import identity, times
from deploy.embedded.data import REPLAYED, Data, now
from deploy.embedded.ports import free_ports, is_free
from deploy.embedded.processes import PortLost, Processes, StackError
from deploy.embedded.programs import MONGODB_OPTIONS, Layout, base_environment, port_names, programs
from deploy.embedded.recovery import make_topics, restart_broker, send_again
from shared.settings import given_in_common

__all__ = ["Stack", "StackError"]

_TICK = 0.2
"""Seconds between two looks at the processes."""

_LIFE_TICK = 5.0
"""Seconds between two looks at what the processes say of themselves."""

_SERVERS = ("broker", "database")


def _from_anywhere(settings: Mapping[str, str]) -> dict[str, str]:
    """With the path of a file as it is from any folder: the processes' own is the checkout."""
    files = {name: str(ROOT / settings[name]) for name in ("RULES_FILE",) if settings.get(name)}
    return {**settings, **files}


class Stack:
    """The whole system, or its servers alone, as a context manager or by `start` and `stop`.

    data             its folder; None: a temporary one, removed at the end; the stack then ends with the thread that
                     started it
    port             the gateway's port; 0: any free one
    kafka, mongodb   use these servers ("host:port", URI) and run none of its own; both or neither
    environment      variables for all its processes, beside the caller's own (durations of the terms, LOG_LEVEL, ...)
    days_in          a day passes in this time (a second at least); None: it takes a day
    database_prefix  put before each service's database name, where the database server is shared
    say              called with one line for what happens: a start, a process that died

    After the start: `gateway` (URL), `kafka` ("host:port"), `mongodb` (URI), `processes` ([{name, pid, started}]).
    """

    def __init__(
        self,
        data: Path | str | None = None,
        port: int = 0,
        *,
        kafka: str | None = None,
        mongodb: str | None = None,
        environment: Mapping[str, str] | None = None,
        days_in: timedelta | None = None,
        database_prefix: str = "",
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        if (kafka is None) != (mongodb is None):
            raise ValueError("give both kafka and mongodb, or neither")
        self._temporary = data is None
        self.data = Data(Path(tempfile.mkdtemp(prefix="golem-")) if data is None else Path(data).absolute())
        self._wanted_port = port
        self._given = (kafka, mongodb)
        self._environment = dict(environment or {})
        self._settings: dict[str, str] = {}
        self._days_in = days_in
        self._prefix = database_prefix
        self.times = times.Times()
        self._listener = say
        self._lock: int | None = None
        self._layout: Layout | None = None
        self._recover_since: datetime | None = None
        self._processes = Processes(self.data, self._say, self._write, self._broker_lost)
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="stack-watch", daemon=True)
        self._life = threading.Thread(target=self._watch_life, name="stack-livez", daemon=True)

    # -- life

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when all of it answers. Raises DataInUse, StackError."""
        self._take_folder()
        self._with_other_ports(self._launch, self.start_services)

    def start_servers(self) -> None:
        """Start the broker and the database alone (none, where they were given), with every topic made."""
        self._take_folder()
        self._with_other_ports(self._launch)

    def start_services(self) -> None:
        """Start the rest: mail, workers, webs, the gateway; returns when each answers."""
        if self._recover_since is not None:
            send_again(self._known, self._recover_since, self._say)
            self._recover_since = None
        self.data.beat()
        self._start(lambda group: group not in _SERVERS)

    def stop(self) -> None:
        """Stop everything in order: gateway, webs, workers, mail, then the servers. May be called twice."""
        self._stopping.set()
        for thread in (self._watcher, self._life):
            if thread.is_alive():
                thread.join()
        clean = self._processes.shutdown(discard=self._temporary)
        if self._lock is not None:
            if clean and self.failure is None and self._recover_since is None:
                self.data.ended_cleanly()
            os.close(self._lock)
            self._lock = None
        if self._temporary:
            shutil.rmtree(self.data.folder, ignore_errors=True)

    def wait(self) -> None:
        """Wait until `stop` is called elsewhere; StackError when the stack cannot go on. Signals' exceptions pass."""
        while not self._stopping.wait(0.5):
            if self.failure:
                raise StackError(self.failure)

    # -- what there is

    @property
    def failure(self) -> str | None:
        """Why the stack cannot go on."""
        return self._processes.failure

    @property
    def gateway(self) -> str:
        return self._known.gateway

    @property
    def kafka(self) -> str:
        return self._known.kafka

    @property
    def mongodb(self) -> str:
        return self._known.mongodb

    @property
    def mail(self) -> Path:
        """The folder where each mail is a .eml file."""
        return self.data.mail

    @property
    def processes(self) -> list[dict[str, Any]]:
        """[{name, pid, started}] of what runs, in the order of the start."""
        return self._processes.records

    def pid(self, name: str) -> int:
        """The pid that `listing-web`, `escrow-worker`, ... has now; KeyError where it does not run."""
        return self._processes.pid(name)

    def database(self, service: str) -> str:
        """The name of a service's database."""
        return f"{self._prefix}{service}"

    def health(self, name: str) -> str:
        """The base URL of a process's own HTTP side (/livez, /readyz, /metrics), behind the gateway's back."""
        return f"http://127.0.0.1:{self._known.ports[name]}"

    def log(self, name: str) -> str:
        """What a process has printed so far."""
        return self._processes.log(name)

    def token(self, sub: str, roles: Iterable[str] = ()) -> str:
        """A bearer token for the person `sub`."""
        return self.data.keys.token(sub, roles)

    # -- trouble, for tests and soaks

    def kill(self, name: str, sig: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a process and return the pid it had; it is started again."""
        return self._processes.kill(name, sig)

    def wait_restarted(self, name: str, old_pid: int, seconds: float = 30.0) -> None:
        """Wait until another process has the name and answers. Raises StackError."""
        self._processes.wait_restarted(name, old_pid, seconds)

    def hold(self, name: str) -> None:
        """Stop a process and leave it stopped until `release`."""
        self._processes.hold(name)

    def release(self, name: str) -> None:
        """Start a held process again and wait until it answers."""
        self._processes.release(name)
        if name == "broker":  # it may acknowledge a little more after it was asked to stop, and forget that
            send_again(self._known, self.times.shown(now() - REPLAYED), self._say)

    # -- the start's steps

    def _take_folder(self) -> None:
        self._lock = self.data.take()
        left, ran_until = self.data.read_stack(), self.data.ran_until()
        if left and (ended := identity.end_leftovers(left)):
            self._say(f"ended what an earlier run had left running ({ended} processes)")
            ran_until = now()
        self.data.make()
        before = times.read(self.data.clock)
        if self._given == (None, None) and (since := self.data.replay_since()):
            self._recover_since = before.shown(since)
        self.times = before.begun(now(), ran_until, self._days_in)
        times.write(self.data.clock, self.times)
        if said := str(self.times):
            self._say(said)

    def _with_other_ports(self, *steps: Callable[[], None]) -> None:
        for attempt in range(1, 6):
            try:
                for step in steps:
                    step()
                break
            except PortLost as lost:
                self._processes.shutdown()
                if attempt == 5:
                    raise
                self._say(f"{lost}; trying others")
        self._watcher.start()
        self._life.start()

    def _launch(self) -> None:
        self.data.set_logs_aside()
        self._layout = self._lay_out()
        environment = base_environment(self._layout.own_servers) | self._environment
        environment |= self.times.environment(environment)
        self._settings = _from_anywhere(given_in_common(environment))
        port = self._layout.ports["supervisor"]
        self._processes.launch(programs(self._layout), port, environment, bound=self._temporary)
        self._write()
        self._start(lambda group: group in _SERVERS)
        make_topics(self._layout)

    def _lay_out(self) -> Layout:
        ports = dict(zip(port_names(), free_ports(), strict=False))
        if self._wanted_port:
            if not is_free(self._wanted_port):
                raise StackError(f"port {self._wanted_port} is taken; give another with --port")
            ports["gateway"] = self._wanted_port
        kafka, mongodb = self._given
        return Layout(
            self.data,
            ports,
            kafka=kafka or f"127.0.0.1:{ports['broker']}",
            mongodb=mongodb or f"mongodb://127.0.0.1:{ports['database']}/?{MONGODB_OPTIONS}",
            own_servers=kafka is None,
            database_prefix=self._prefix,
        )

    def _start(self, chosen: Callable[[str], bool]) -> None:
        """Start the programs of the chosen groups, and wait for them."""
        self._processes.start([program for program in self._processes.programs if chosen(program.group)])

    # -- the watch

    def _watch(self) -> None:
        last = 0.0
        while not self._stopping.wait(_TICK):
            try:
                if not self._processes.are_alive or time.monotonic() - last > 1:
                    self._processes.look()
                    self.data.beat()
                    last = time.monotonic()
            except Exception as error:  # whatever it is, the one who waits for the stack must hear of it
                self._processes.failure = self.failure or f"{type(error).__name__}: {error}"
                return

    def _watch_life(self) -> None:
        while not self._stopping.wait(_LIFE_TICK):
            self._processes.end_hung()

    def _broker_lost(self) -> None:
        restart_broker(self._known, self._processes, self.times, self._say)

    def _write(self) -> None:
        stack: dict[str, Any] = {
            "gateway": self.gateway,
            "kafka": self.kafka,
            "mongodb": self.mongodb,
            "database_prefix": self._prefix,
            "mail": str(self.mail),
            "supervisor": self._processes.supervisor,
            "processes": self.processes,
            "settings": self._settings,
        }
        self.data.write_stack(stack)

    # -- small change

    def _say(self, line: str) -> None:
        with suppress(OSError):  # nobody reads any more; the stack goes on
            self._listener(line)

    @property
    def _known(self) -> Layout:
        if self._layout is None:
            raise StackError("the stack was not started")
        return self._layout
