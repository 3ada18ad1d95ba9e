"""How many deliveries are under way at once, in all and for each webhook, so that a slow one keeps no other waiting.

A webhook whose last attempt failed gets one at a time, and all of those together no more than half of the places.
"""

from collections import Counter
from threading import Lock

MOST, MOST_UNWELL, MOST_OF_ONE = 32, 16, 4


class Lanes:
    """Thread-safe; times are of the monotonic clock."""

    def __init__(self, most: int = MOST, most_unwell: int = MOST_UNWELL, most_of_one: int = MOST_OF_ONE) -> None:
        self._most, self._most_unwell, self._most_of_one = most, most_unwell, most_of_one
        self._under_way: Counter[str] = Counter()
        self._unwell: set[str] = set()
        self._rest_until: dict[str, float] = {}
        self._lock = Lock()

    def free(self) -> int:
        """How many more may begin."""
        with self._lock:
            return self._most - self._under_way.total()

    def full(self, now: float) -> set[str]:
        """The webhooks for which none may begin now."""
        with self._lock:
            self._rest_until = {name: until for name, until in self._rest_until.items() if until > now}
            known = {*self._under_way, *self._unwell, *self._rest_until}
            return {webhook for webhook in known if not self._has_room(webhook)}

    def take(self, webhook: str) -> bool:
        """Begin one for this webhook, where that may be."""
        with self._lock:
            if not self._has_room(webhook) or self._under_way.total() >= self._most:
                return False
            self._under_way[webhook] += 1
            return True

    def give(self, webhook: str, well: bool | None, rest_until: float | None = None) -> None:
        """It is over: whether the receiver answered (None: it was not asked), and until when it wants rest."""
        with self._lock:
            self._under_way[webhook] -= 1
            self._under_way += Counter()  # drops what is at 0
            if well is not None:
                (self._unwell.discard if well else self._unwell.add)(webhook)
            if rest_until is not None:
                self._rest_until[webhook] = rest_until

    def _has_room(self, webhook: str) -> bool:
        if webhook in self._rest_until:
            return False
        if webhook not in self._unwell:
            return self._under_way[webhook] < self._most_of_one
        return self._under_way[webhook] < 1 and self._busy_unwell() < self._most_unwell

    def _busy_unwell(self) -> int:
        return sum(count for webhook, count in self._under_way.items() if webhook in self._unwell)
