"""A clock that a test moves."""

import threading
from datetime import UTC, datetime, timedelta

from shared.clock import to_milliseconds


class ManualClock:
    """Stands still until it is moved; both of its times move together, `set` moves the wall clock alone."""

    def __init__(self, start: datetime = datetime(2027, 1, 1, tzinfo=UTC)) -> None:
        self._now = to_milliseconds(start)
        self._monotonic = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def set(self, moment: datetime) -> None:
        """Put the wall clock at `moment`, backwards too, as an operator or NTP may."""
        self._now = to_milliseconds(moment)

    def advance(self, by: timedelta | float) -> datetime:
        """Let `by` (a timedelta, or seconds; not negative) pass; returns the new time."""
        passed = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if passed < timedelta():
            raise ValueError("time passes forwards; use set() to turn the clock back")
        with self._lock:
            self._now = to_milliseconds(self._now + passed)
            self._monotonic += passed.total_seconds()
        return self._now
