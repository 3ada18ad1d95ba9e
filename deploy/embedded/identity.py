"""Processes by pid and start time, so that only what a stack itself started is ever ended."""

from collections.abc import Iterable, Mapping
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
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def end(processes: Iterable[psutil.Process], patience: float = 5.0) -> None:
    """End processes, kindly first, then after `patience` seconds by SIGKILL."""
    living = list(processes)
    for process in living:
        _quietly(process.terminate)
    for process in psutil.wait_procs(living, timeout=patience)[1]:
        _quietly(process.kill)
    psutil.wait_procs(living, timeout=2.0)


def end_leftovers(stack: Mapping[str, Any]) -> int:
    """End what the stack that wrote this stack.json left running; how many processes that were.

    A supervisor that still runs stops its processes itself, in order; what it then leaves is ended one by one,
    clients before the servers they talk to.
    """
    records = list(stack.get("processes", ()))
    supervisor = find(stack["supervisor"]) if stack.get("supervisor") else None
    children = {child.pid: child for child in _descendants(supervisor)}
    for record in records:
        process = find(record)
        if process:
            children[process.pid] = process
            children |= {child.pid: child for child in _descendants(process)}
    count = len(children) + bool(supervisor)
    if supervisor:
        end([supervisor], patience=15.0)
    servers = {record["pid"] for record in records if record["name"] in ("broker", "database")}
    living = [child for child in children.values() if child.is_running()]
    end([child for child in living if child.pid not in servers])
    end([child for child in living if child.pid in servers])
    return count


def _descendants(process: psutil.Process | None) -> list[psutil.Process]:
    try:
        return process.children(recursive=True) if process else []
    except psutil.Error:
        return []


def _quietly(signal: Any) -> None:
    try:
        signal()
    except psutil.Error:
        return
