"""The stack: all processes of the system on this machine, started in order, watched, and stopped in order."""

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.embedded import identity
from deploy.embedded.data import REPLAYED, Data, now
from deploy.embedded.ports import free_ports, is_free
from deploy.embedded.probes import answers, is_alive
from deploy.embedded.programs import MONGODB_OPTIONS, Layout, Program, base_environment, port_names, programs
from deploy.embedded.supervision import Supervisor, SupervisorGone
from deploy.kafka.topics import client_settings, create
from deploy.replay import replay_all

_TICK = 0.2
"""Seconds between two looks at the processes."""

_SERVERS = ("broker", "database")


class StackError(Exception):
    """The stack could not be started, or cannot go on; the message says which process and shows its last lines."""


class _PortLost(StackError):
    """Somebody took a port between the choice and its use."""


class Stack:
    """The whole system, or its servers alone, as a context manager or by `start` and `stop`.

    data             its folder; None: a temporary one, removed at the end; the stack then ends with the thread that
                     started it
    port             the gateway's port; 0: any free one
    kafka, mongodb   use these servers ("host:port", URI) and run none of its own; both or neither
    environment      variables for all its processes, beside the caller's own (durations of the terms, LOG_LEVEL, ...)
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
        database_prefix: str = "",
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        if (kafka is None) != (mongodb is None):
            raise ValueError("give both kafka and mongodb, or neither")
        self._temporary = data is None
        self.data = Data(Path(tempfile.mkdtemp(prefix="golem-")) if data is None else Path(data).absolute())
        self.failure: str | None = None
        self._wanted_port = port
        self._given = (kafka, mongodb)
        self._environment = dict(environment or {})
        self._prefix = database_prefix
        self._listener = say
        self._lock: int | None = None
        self._layout: Layout | None = None
        self._programs: list[Program] = []
        self._supervisor: Supervisor | None = None
        self._recover_since: datetime | None = None
        self._pids: dict[str, int] = {}
        self._died: dict[str, int] = {}
        self._held: set[str] = set()
        self._guard = threading.RLock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="stack-watch", daemon=True)

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
            self._replay(self._recover_since)
            self._recover_since = None
        self.data.beat()
        self._start_and_await([program for program in self._programs if program.group not in _SERVERS])

    def stop(self) -> None:
        """Stop everything in order: gateway, webs, workers, mail, then the servers. May be called twice."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        clean = self._shutdown()
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
        pids = dict(self._pids)
        running = [(program.name, pids[program.name]) for program in self._programs if program.name in pids]
        return [{"name": name, "pid": pid, "started": identity.started(pid)} for name, pid in running]

    def pid(self, name: str) -> int:
        """The pid that `listing-web`, `escrow-worker`, ... has now; KeyError where it does not run."""
        return self._pids[name]

    def database(self, service: str) -> str:
        """The name of a service's database."""
        return f"{self._prefix}{service}"

    def health(self, name: str) -> str:
        """The base URL of a process's own HTTP side (/livez, /readyz, /metrics), behind the gateway's back."""
        return f"http://127.0.0.1:{self._known.ports[name]}"

    def log(self, name: str) -> str:
        """What a process has printed so far."""
        return (self.data.logs / f"{name}.log").read_text(errors="replace")

    def token(self, sub: str, roles: Iterable[str] = ()) -> str:
        """A bearer token for the person `sub`."""
        return self.data.keys.token(sub, roles)

    # -- trouble, for tests and soaks

    def kill(self, name: str, sig: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a process and return the pid it had; it is started again."""
        pid = self._pids[name]
        os.kill(pid, sig)
        return pid

    def wait_restarted(self, name: str, old_pid: int, seconds: float = 30.0) -> None:
        """Wait until another process has the name and answers. Raises StackError."""
        program = self._program(name)
        deadline = time.monotonic() + seconds
        while self._pids.get(name, old_pid) == old_pid or not self._answers(program):
            if time.monotonic() > deadline:
                raise StackError(self._explain(program, "was not started again"))
            time.sleep(0.05)

    def hold(self, name: str) -> None:
        """Stop a process and leave it stopped until `release`."""
        with self._guard:
            self._held.add(name)
            self._running.stop(name)
            self._look()

    def release(self, name: str) -> None:
        """Start a held process again and wait until it answers."""
        self._held.discard(name)
        self._start_and_await([self._program(name)])
        if name == "broker":  # it may acknowledge a little more after it was told to stop, and forget that
            self._replay(now() - REPLAYED)

    # -- the start's steps

    def _take_folder(self) -> None:
        self.data.folder.mkdir(parents=True, exist_ok=True)
        self._lock = self.data.lock()
        left = self.data.read_stack()
        if left and (ended := identity.end_leftovers(left)):
            self._say(f"ended what an earlier run had left running ({ended} processes)")
        self.data.make()
        self._recover_since = self.data.replay_since() if self._given == (None, None) else None

    def _with_other_ports(self, *steps: Callable[[], None]) -> None:
        for attempt in range(1, 6):
            try:
                for step in steps:
                    step()
                break
            except _PortLost as lost:
                self._shutdown()
                if attempt == 5:
                    raise
                self._say(f"{lost}; trying others")
        self._watcher.start()

    def _launch(self) -> None:
        self.data.set_logs_aside()
        self._layout = self._lay_out()
        self._programs = programs(self._layout)
        self._supervisor = Supervisor(self.data, self._layout.ports["supervisor"], self._programs)
        try:
            environment = base_environment(self._layout.own_servers) | self._environment
            self._supervisor.launch(environment, bound=self._temporary)
        except SupervisorGone as gone:
            raise _PortLost(f"supervisor did not start ({gone})") from gone
        self._write()
        self._start_and_await([program for program in self._programs if program.group in _SERVERS])
        create(self._kafka_client())

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

    def _start_and_await(self, chosen: list[Program], patience: float = 60.0) -> None:
        for program in chosen:
            self._running.start(program.name)
        deadline = time.monotonic() + patience
        for program in chosen:
            seen: set[int] = set()
            while not self._answers(program):
                self._look()
                seen |= {self._pids[program.name]} if program.name in self._pids else set()
                self._check(program, deaths=len(seen) - 1)
                if time.monotonic() > deadline:
                    raise StackError(self._explain(program, f"did not answer in {patience:.0f} s"))
                time.sleep(0.05)
            self._say(f"{program.name} answers")
        self._look()

    def _check(self, program: Program, deaths: int) -> None:
        """What need not be waited for: a lost port, a process that dies as often as it starts, a lost supervisor."""
        if "in use" in self._last_words(program).lower():
            raise _PortLost(f"{program.name}'s port was taken by another program")
        if self.failure or deaths >= 3:
            raise StackError(self.failure or self._explain(program, "died again and again"))

    def _shutdown(self) -> bool:
        """Stop what runs; whether it went by itself, so that nothing can be missing in the broker."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return True
        clean = supervisor.running
        records = self.processes
        supervisor.shutdown()
        left = [process for record in records if (process := identity.find(record))]
        identity.end(left)
        self._pids = {}
        self._died = {}
        return clean and not left

    # -- the watch

    def _watch(self) -> None:
        last = 0.0
        while not self._stopping.wait(_TICK):
            try:
                dead = not all(is_alive(pid) for pid in list(self._pids.values()))
                if dead or self._died or time.monotonic() - last > 1:
                    self._look()
                    self.data.beat()
                    last = time.monotonic()
            except Exception as error:  # whatever it is, the one who waits for the stack must hear of it
                self.failure = self.failure or f"{type(error).__name__}: {error}"
                return

    def _look(self) -> None:
        """Take note of what runs now. A process that has died is said so when it is back; supervisor does that."""
        with self._guard:
            pids = self._running.pids()
            for name, pid in self._pids.items():
                if name not in self._held and pids.get(name) != pid:
                    self._died.setdefault(name, pid)
            if "broker" in self._died and "broker" not in pids:
                self._restart_broker()
                pids = self._running.pids()
            for name in [name for name in self._died if name in pids or name in self._held]:
                old = self._died.pop(name)
                if name in pids:
                    self._say(f"{name} died (pid {old}) and was started again (pid {pids[name]})")
            if pids != self._pids:
                self._pids = pids
                self._write()

    def _restart_broker(self) -> None:
        """A broker that died has lost its last second, which is sent again from the documents. The workers go with it:
        what they remember of its offsets is ahead of it now, and would step over what comes again."""
        workers = [self._pids[p.name] for p in self._programs if p.group == "workers" and p.name in self._pids]
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        broker = self._program("broker")
        self._running.start("broker")
        deadline = time.monotonic() + 15
        while not answers(broker, self._running.pids().get("broker")):
            self._check(broker, deaths=0)
            if time.monotonic() > deadline:
                raise StackError(self._explain(broker, "did not come back"))
            time.sleep(0.05)
        create(self._kafka_client())
        if workers:
            self._replay(now() - REPLAYED)

    def _replay(self, since: datetime) -> None:
        client: MongoClient[dict[str, Any]] = MongoClient(self.mongodb)
        try:
            counts = replay_all(client, since, self._prefix)
        except PyMongoError as error:
            raise StackError(f"the events since {since:%H:%M:%S} could not be sent again: {error}") from error
        finally:
            client.close()
        if total := sum(counts.values()):
            self._say(f"the broker ended uncleanly: sending {total} events since {since:%H:%M:%S} UTC again")

    def _write(self) -> None:
        stack: dict[str, Any] = {
            "gateway": self.gateway,
            "kafka": self.kafka,
            "mongodb": self.mongodb,
            "database_prefix": self._prefix,
            "mail": str(self.mail),
            "supervisor": self._running.record,
            "processes": self.processes,
        }
        self.data.write_stack(stack)

    # -- small change

    def _say(self, line: str) -> None:
        with suppress(OSError):  # nobody reads any more; the stack goes on
            self._listener(line)

    def _kafka_client(self) -> dict[str, Any]:
        mine = {"KAFKA_BOOTSTRAP_SERVERS": self.kafka}
        return client_settings(mine if self._known.own_servers else dict(os.environ) | mine)

    def _program(self, name: str) -> Program:
        return next(program for program in self._programs if program.name == name)

    def _answers(self, program: Program) -> bool:
        return answers(program, self._pids.get(program.name))

    def _last_words(self, program: Program) -> str:
        with suppress(FileNotFoundError):
            return "\n".join(self.log(program.name).splitlines()[-15:])
        return ""

    def _explain(self, program: Program, says: str) -> str:
        return f"{program.name} {says}; the end of its log:\n{self._last_words(program)}"

    @property
    def _known(self) -> Layout:
        if self._layout is None:
            raise StackError("the stack was not started")
        return self._layout

    @property
    def _running(self) -> Supervisor:
        if self._supervisor is None:
            raise SupervisorGone("the stack does not run")
        return self._supervisor
