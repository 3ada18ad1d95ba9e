"""Whether a process answers."""

import http.client
import os
import socket

from deploy.embedded.programs import Program


def answers(program: Program) -> bool:
    """Whether it takes a connection, or says 200 where it speaks HTTP."""
    port, path = program.answers
    try:
        if not path:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return False


def is_alive(pid: int) -> bool:
    """Whether a process has that pid (a dead one that nobody has waited for yet counts)."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
