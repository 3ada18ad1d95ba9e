"""Waiting for what other processes do, with a limit and a word about what did not happen."""

import time
from collections.abc import Callable


def eventually(happened: Callable[[], bool], what: str, seconds: float = 20.0) -> float:
    """Wait until `happened()` and return the seconds it took; AssertionError names `what` after `seconds`."""
    start = time.monotonic()
    while not happened():
        waited = time.monotonic() - start
        assert waited < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - start
