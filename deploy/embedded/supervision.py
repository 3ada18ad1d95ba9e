"""supervisor (supervisord): its configuration for a set of programs, and a client for the one that runs."""

import base64
import http.client
import os
import re
import resource
import secrets
import shlex
import subprocess
import sys
import threading
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from typing import Any

from deploy import ROOT
from deploy.embedded import identity
from deploy.embedded.data import Data
from deploy.embedded.keys import write_private
from deploy.embedded.programs import GROUPS, Program

_FILES = 1024
"""Open files that supervisord asks for."""
_COMMENT = re.compile(r"\s[#;]")


class Unfit(Exception):
    """What supervisor cannot work with: a path of the checkout, the Python or the data folder, or a limit."""


class NoMoreFiles(Unfit):
    """Fewer open files are allowed here than the stack needs."""


class SupervisorGone(Exception):
    """supervisord does not run (any more)."""


class Supervisor:
    """One supervisord and its programs. It is started with none of them running; `start` starts them."""

    def __init__(self, data: Data, port: int, programs: Sequence[Program]) -> None:
        self.data = data
        self.programs = {program.name: program for program in programs}
        self._port = port
        self._password = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._one_call_at_a_time = threading.Lock()

    # -- the supervisor itself

    def launch(self, environment: Mapping[str, str], bound: bool = False) -> None:
        """Start supervisord; SupervisorGone if it ends before it answers (its port was taken, most likely), Unfit.

        `bound`: it stops everything by itself when the calling thread is gone.
        """
        _allow_files()
        module = ["deploy.embedded.bound", str(os.getpid())] if bound else ["supervisor.supervisord"]
        conf = self.data.folder / "supervisord.conf"
        write_private(conf, self.configuration())
        write_private(self.data.logs / "supervisord.err", "")
        with (self.data.logs / "supervisord.err").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *module, "--nodaemon", "--configuration", str(conf)],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
                umask=0o077,  # supervisor sets its own only where it becomes a daemon
            )
        deadline = time.monotonic() + 15
        while True:
            try:
                self.pids()
                return
            except SupervisorGone as gone:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise SupervisorGone(self._last_words() or str(gone)) from gone
                time.sleep(0.05)

    def _last_words(self) -> str:
        """What supervisord said of why it ended."""
        said = (self.data.logs / "supervisord.err").read_text(errors="replace")
        return next((line for line in said.splitlines() if line.startswith("Error")), "")

    @property
    def record(self) -> dict[str, Any] | None:
        if self._process is None:
            return None
        return {"pid": self._process.pid, "started": identity.started(self._process.pid)}

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def shutdown(self, patience: float = 30.0, *, discard: bool = False) -> None:
        """Stop all programs, group after group, then supervisord; by force after `patience` seconds. Where what they
        have stored is to be discarded, the database has nothing to put in order first.
        """
        if self._process is None:
            return
        deadline = time.monotonic() + patience
        try:
            for group in reversed(GROUPS):
                self._stop_group(group, deadline, "KILL" if discard and group == "database" else None)
            self._call("shutdown")
            self._process.wait(max(deadline - time.monotonic(), 1.0))
        except (SupervisorGone, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _stop_group(self, group: str, deadline: float, signal: str | None = None) -> None:
        members = {program.name for program in self.programs.values() if program.group == group}
        if members:
            self._call("stopProcessGroup", group, False)
            if signal:
                self._call("signalProcessGroup", group, signal)
        # Each question also wakes supervisord, which would notice an end only once a second.
        while members & self.pids().keys() and time.monotonic() < deadline:
            time.sleep(0.03)

    # -- its programs

    def start(self, name: str) -> None:
        """Start one program if it does not run; does not wait for it."""
        self._call("startProcess", self._full(name), False, accept=(60,))  # ALREADY_STARTED

    def stop(self, name: str) -> None:
        """Stop one program and leave it stopped."""
        self._call("stopProcess", self._full(name), True, accept=(70,))  # NOT_RUNNING

    def pids(self) -> dict[str, int]:
        """The pid of each program that runs."""
        states: list[dict[str, Any]] = self._call("getAllProcessInfo")
        return {state["name"]: state["pid"] for state in states if state["pid"]}

    def _full(self, name: str) -> str:
        return f"{self.programs[name].group}:{name}"

    def _call(self, method: str, *arguments: Any, accept: tuple[int, ...] = ()) -> Any:
        with self._one_call_at_a_time:
            try:
                return _request(self._port, self._password, f"supervisor.{method}", arguments)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode in accept:
                    return None
                raise SupervisorGone(f"{method}{arguments}: {fault.faultString}") from fault
            except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
                raise SupervisorGone(f"supervisor does not answer: {error}") from error

    # -- its configuration

    def configuration(self) -> str:
        """supervisord.conf. It holds its own password and must be readable by its owner alone."""
        logs = self.data.logs
        sections = [
            _section(
                "supervisord",
                logfile=logs / "supervisord.log",
                logfile_maxbytes="1MB",
                logfile_backups=1,
                pidfile=self.data.folder / "supervisord.pid",
                loglevel="info",
            ),
            _section("inet_http_server", port=f"127.0.0.1:{self._port}", username="golem", password=self._password),
            _section(
                "rpcinterface:supervisor",
                **{"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
            ),
        ]
        for priority, group in enumerate(GROUPS, start=1):
            members = [program for program in self.programs.values() if program.group == group]
            if members:
                sections.append(
                    _section(f"group:{group}", programs=",".join(p.name for p in members), priority=priority)
                )
                sections += [self._program(program) for program in members]
        return "\n\n".join(sections) + "\n"

    def _program(self, program: Program) -> str:
        return _section(
            f"program:{program.name}",
            command=shlex.join(program.command),
            environment=",".join(f"{name}={_quoted(value)}" for name, value in program.environment.items()),
            directory=ROOT,
            autostart="false",
            autorestart="true" if program.restarted_by_supervisor else "false",
            startsecs=0,
            stopwaitsecs=10,
            stopasgroup="false",
            killasgroup="true",
            redirect_stderr="true",
            stdout_logfile=self.data.logs / f"{program.name}.log",
            stdout_logfile_maxbytes="10MB",
            stdout_logfile_backups=1,
        )


def _allow_files() -> None:
    """Raise this process's limit of open files to what supervisor asks for, as far as it may. Raises NoMoreFiles."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES:
        if hard != resource.RLIM_INFINITY and hard < _FILES:
            raise NoMoreFiles(f"{hard} open files are allowed here (ulimit -n), and it needs {_FILES}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, hard))


def _quoted(value: str) -> str:
    """As supervisor reads `environment`: it knows quotes, and no way to escape one. Unfit for both kinds in a value.

    It also takes every quote off both ends, whichever was put there.
    """
    quote = "'" if '"' in value else '"'
    if quote in value:
        raise Unfit(f"both kinds of quotes in {value!r}; choose another folder")
    if value.strip("'\"") != value:
        raise Unfit(f"a quote at the end of {value!r}; choose another folder")
    return f"{quote}{value}{quote}"


def _section(title: str, **values: object) -> str:
    lines = [f"{name} = {_escaped(name, str(value))}" for name, value in values.items() if str(value)]
    return "\n".join([f"[{title}]", *lines])


def _escaped(name: str, value: str) -> str:
    """supervisor expands % in every value, and in a program's log file twice; ` #` and ` ;` begin a comment."""
    if found := _COMMENT.search(value):
        raise Unfit(f"{found[0]!r} in {value!r}; choose another folder")
    if not value.isprintable():
        raise Unfit(f"a control character in {value!r}; choose another folder")
    return value.replace("%", "%%%%" if name == "stdout_logfile" else "%%")


def _request(port: int, password: str, method: str, arguments: tuple[Any, ...]) -> Any:
    """One XML-RPC call over one connection, which is closed: none is left open in a process that forks."""
    body = xmlrpc.client.dumps(arguments, method)
    credentials = base64.b64encode(f"golem:{password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Content-Type": "text/xml", "Authorization": f"Basic {credentials}"}
        connection.request("POST", "/RPC2", body, headers)
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise xmlrpc.client.ProtocolError(f"127.0.0.1:{port}", response.status, response.reason, {})
    (value,) = xmlrpc.client.loads(answer)[0]
    return value
