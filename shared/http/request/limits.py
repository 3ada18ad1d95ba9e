"""How fast one person may ask: a burst, then a steady rate. Counted in memory, so each process counts for itself."""

import time

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from shared.http.problems import Problem


class PersonLimit:
    """At most `burst` requests in any `burst / per_second` seconds: a burst at once, over time `per_second`."""

    def __init__(self, per_second: int, burst: int) -> None:
        self._item = RateLimitItemPerSecond(max(burst, per_second), max(1, round(burst / per_second)))
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, person_id: str) -> None:
        """Counts one request of this person; Problem 429 with Retry-After where it is one too many."""
        if not self._limiter.hit(self._item, person_id):
            reset = self._limiter.get_window_stats(self._item, person_id).reset_time
            wait = max(1.0, reset - time.time())
            raise Problem("too-many-requests", f"Wait {wait:.0f} s, then go on more slowly.", retry_after=wait)
