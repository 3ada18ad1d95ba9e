"""A loop's pace, and its sign of life."""

import threading

from shared.clock import Clock
from shared.telemetry import metrics

PAUSE_FIRST, PAUSE_LAST = 0.01, 0.15
MANY = 10
"""After a round that did so much the next follows at once."""

_IN_VAIN = 3.0
"""Rounds in vain rest so many times as long as they took: where the database is busy, they are the fewer."""

STUCK_AFTER = 60.0
"""Seconds."""


class Pulse:
    """Quick while there is work, slower and slower while there is none; `woken` set ends a pause at once. So what this
    process writes is found at once, and what other processes write after `PAUSE_LAST` at the latest.
    """

    def __init__(self, service: str, name: str, clock: Clock, stop: threading.Event) -> None:
        self.name, self._service, self._clock, self._stop = name, service, clock, stop
        self.woken = threading.Event()
        self._pause = PAUSE_FIRST
        self.beat_at = clock.monotonic()

    def beat(self) -> None:
        self.beat_at = self._clock.monotonic()
        metrics.LOOP_HEARTBEAT.labels(self._service, self.name).set(self._clock.now().timestamp())

    def rest(self, worked: int, took: float = 0.0) -> None:
        """Wait before the next round, after one that did `worked` things in `took` seconds; not at all where it did
        many: there may be more.
        """
        self._pause = PAUSE_FIRST if worked else min(max(self._pause * 1.5, took * _IN_VAIN), PAUSE_LAST)
        if worked < MANY and not self._stop.is_set() and self.woken.wait(self._pause):
            self._pause = PAUSE_FIRST
        self.woken.clear()

    def alive(self) -> bool:
        return self._clock.monotonic() - self.beat_at < STUCK_AFTER
