"""Whether a process answers."""

import json
import os
import socket

import psutil

from deploy.embedded.programs import Program
from shared import outgoing


def answers(program: Program, pid: int | None) -> bool:
    """Whether it says 200 where it speaks HTTP, else whether the process `pid` itself takes a connection.

    A worker that has paused a topic answers, too: it does all the rest, and starting it again would not change that.
    """
    port, path = program.answers
    try:
        if not path:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return pid is not None and _listens(pid, port)
        status, body = outgoing.ask(f"http://127.0.0.1:{port}{path}", seconds=5, most_bytes=10_000)
        return status == 200 or (status == 503 and _works_but_for_a_topic(body))
    except (OSError, outgoing.NoAnswer):
        return False


def _works_but_for_a_topic(problem: bytes) -> bool:
    try:
        return [fault["rule"] for fault in json.loads(problem)["errors"]] == ["consuming"]
    except (ValueError, KeyError, TypeError):
        return False


def _listens(pid: int, port: int) -> bool:
    """Not another program that took the port first."""
    try:
        sockets = psutil.Process(pid).net_connections("tcp4")
    except psutil.Error:
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in sockets)


def is_alive(pid: int) -> bool:
    """Whether a process has that pid (a dead one that nobody has waited for yet counts)."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
