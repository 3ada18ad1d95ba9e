"""Whether this process's clock agrees with the database's: with a wrong one nothing is written that has a time."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pymongo.collection import Collection

from shared.aggregate.change import Document
from shared.clock import Clock
from shared.telemetry import metrics
from shared.telemetry.outage import Outage

log = logging.getLogger(__name__)
_EVERY, _AGAIN = 60.0, 1.0
"""Seconds from one comparison to the next, while the clock is right and while it is wrong."""


class ClockCheck:
    """Compares the clock with `ask()`, the database's time, at the first question, every minute, and at once where the
    wall clock has moved by more than `most` otherwise than the monotonic one since the last comparison.
    """

    def __init__(self, service: str, clock: Clock, ask: Callable[[], datetime], most: timedelta) -> None:
        self._service, self._clock, self._ask, self._most = service, clock, ask, most.total_seconds()
        self._outage = Outage(log, "this process's clock is wrong, and it writes nothing")
        self._lock = threading.Lock()
        self._seen: tuple[datetime, float] | None = None
        self.offset = 0.0
        """Seconds that the clock was ahead of the database's when they were last compared; negative: behind."""

        self.right = True

    def holds(self) -> bool:
        """Whether the clock is right, by at most `most`. Raises pymongo's errors where it is to be compared and the
        database is away.
        """
        if self._is_due():
            with self._lock:
                if self._is_due():
                    self._compare()
        return self.right

    def _is_due(self) -> bool:
        if self._seen is None:
            return True
        wall, monotonic = self._seen
        passed = self._clock.monotonic() - monotonic
        if not self.right:
            return passed >= _AGAIN
        return passed >= _EVERY or abs((self._clock.now() - wall).total_seconds() - passed) > self._most

    def _compare(self) -> None:
        """The answer was true half a round trip ago, give or take as much: only what is beyond that counts."""
        before, began = self._clock.now(), self._clock.monotonic()
        told = self._ask()
        after = self._clock.monotonic()
        half = (after - began) / 2
        self.offset = (before - told).total_seconds() + half
        self.right = abs(self.offset) <= self._most + half
        self._seen = (before, began)
        metrics.CLOCK_OFFSET.labels(self._service).set(self.offset)
        if self.right:
            self._outage.ended()
        else:
            self._outage.failed(f"{self.offset:+.0f} s from the database's")


def time_of(collection: Collection[Document]) -> datetime:
    """What the clock of the database's primary shows. Raises pymongo's errors."""
    told: datetime = collection.database.command("hello")["localTime"]
    return told.replace(tzinfo=UTC)
