"""A container's health check: exit code 0 where the process is ready, and an end to a process whose loops stand still.

    python healthcheck.py PORT

Docker starts nothing again for being unhealthy, only for having ended. So where `/livez` itself says no, the process is
told to end (SIGTERM), and the restart policy does the rest.
"""

import http.client
import os
import signal
import sys


def status(port: int, path: str) -> int:
    """The HTTP status of a path of this container; OSError where nobody answers in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def main(port: int) -> int:
    try:
        if status(port, "/livez") != 200:
            os.kill(1, signal.SIGTERM)
            return 1
        return 0 if status(port, "/readyz") == 200 else 1
    except (OSError, http.client.HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
