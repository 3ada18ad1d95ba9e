"""Processes by pid and start time, so that only what a stack itself started is ever ended."""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import psutil

_SAME_START = 2.0
"""Seconds by which one process's start time may be read differently, as the system's clock is adjusted."""


def started(pid: int) -> float | None:
    """When the process began (seconds since the epoch), or None where there is none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def find(record: Mapping[str, Any]) -> psutil.Process | None:
    """The live process of a record {pid, started}, or None: gone, or the pid is somebody else's by now."""
    try:
        process = psutil.Process(record["pid"])
        same = abs(process.create_time() - record["started"]) < _SAME_START
    except psutil.Error:
        return None
    return process if same and not _gone(process) else None


def end(processes: Iterable[psutil.Process], patience: float = 5.0) -> None:
    """End processes, kindly first, then after `patience` seconds by SIGKILL."""
    living = [process for process in processes if not _gone(process)]
    for signal, seconds in ((psutil.Process.terminate, patience), (psutil.Process.kill, 2.0)):
        for process in living:
            with suppress(psutil.Error):
                signal(process)
        deadline = time.monotonic() + seconds
        while living and time.monotonic() < deadline:
            time.sleep(0.03)
            living = [process for process in living if not _gone(process)]


def end_leftovers(stack: Mapping[str, Any]) -> int:
    """End what the stack that wrote this stack.json left running; how many processes that were.

    Its supervisor is halted meanwhile, so that it starts nothing again and still takes what the others print; clients
    go before the servers they talk to.
    """
    supervisor = find(stack["supervisor"]) if stack.get("supervisor") else None
    if supervisor:
        supervisor.suspend()
    living = {child.pid: child for child in _descendants(supervisor)}
    for record in stack.get("processes", ()):
        if process := find(record):
            living |= {each.pid: each for each in (process, *_descendants(process))}
    servers = {record["pid"] for record in stack.get("processes", ()) if record["name"] in ("broker", "database")}
    end(process for pid, process in living.items() if pid not in servers)
    end(process for pid, process in living.items() if pid in servers)
    if supervisor:
        end([supervisor], patience=0.0)
    return len(living) + bool(supervisor)


def _gone(process: psutil.Process) -> bool:
    """Ended, also where its parent has not taken note yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _descendants(process: psutil.Process | None) -> list[psutil.Process]:
    try:
        return process.children(recursive=True) if process else []
    except psutil.Error:
        return []
