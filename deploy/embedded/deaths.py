"""Processes that die soon after their start, again and again."""

import time
from collections.abc import Callable, Mapping

SOON = 10.0
"""Seconds: who lives so long was started well."""
MOST = 5
"""So many deaths in a row, each soon after the start, and it will not get better by itself."""


class Deaths:
    """Counts for each program how often in a row it died soon after its start. Deaths that we caused do not count."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._started: dict[int, float] = {}
        self._excused: set[int] = set()
        self._in_a_row: dict[str, int] = {}

    def see(self, pids: Mapping[str, int]) -> None:
        """These run now."""
        now = self._monotonic()
        self._started = {pid: self._started.get(pid, now) for pid in pids.values()}

    def excuse(self, pid: int) -> None:
        """It is about to be killed by us."""
        self._excused.add(pid)

    def too_many(self, name: str, pid: int) -> bool:
        """Note that the process `pid` of a program has died; whether that makes too many."""
        lived = self._monotonic() - self._started.pop(pid, self._monotonic())
        if pid in self._excused:
            self._excused.discard(pid)
            return False
        self._in_a_row[name] = self._in_a_row.get(name, 0) + 1 if lived < SOON else 0
        return self._in_a_row[name] >= MOST
