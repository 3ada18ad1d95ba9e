"""Waiting for what other processes do, with a limit and a word about what did not happen."""

import os
import time
from collections.abc import Callable


def patience(seconds: float) -> float:
    """How long to wait for what would take `seconds` at most, had this run of tests the machine to itself."""
    return seconds * int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def eventually(happened: Callable[[], bool], what: str, seconds: float = 20.0) -> float:
    """Wait until `happened()` and return the seconds it took; AssertionError names `what` after `seconds`, which are
    more where other tests run beside this one."""
    start = time.monotonic()
    while not happened():
        waited = time.monotonic() - start
        assert waited < patience(seconds), f"{what}: not within {patience(seconds)} s"
        time.sleep(0.05)
    return time.monotonic() - start
