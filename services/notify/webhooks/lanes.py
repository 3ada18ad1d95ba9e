"""How many deliveries are under way at once, in all, for each webhook and for each person, so that a slow one keeps no
other waiting.

A webhook whose last attempt failed or took long gets one at a time, and all of those together no more than half of the
places; all webhooks of a person together get a quarter.
"""

from collections import Counter
from threading import Lock

_MOST, _MOST_UNWELL, _MOST_OF_ONE, _MOST_OF_A_PERSON = 32, 16, 4, 8


class Lanes:
    """Thread-safe; times are of the monotonic clock."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        self._of_person: Counter[str] = Counter()
        self._unwell: set[str] = set()
        self._rest_until: dict[str, float] = {}
        self._lock = Lock()

    def free(self) -> int:
        """How many more may begin."""
        with self._lock:
            return _MOST - self._under_way.total()

    def full(self, now: float) -> set[str]:
        """The webhooks for which none may begin now."""
        with self._lock:
            self._rest_until = {name: until for name, until in self._rest_until.items() if until > now}
            known = {*self._under_way, *self._unwell, *self._rest_until}
            return {webhook for webhook in known if not self._has_room(webhook)}

    def full_people(self) -> set[str]:
        """Those for none of whose webhooks one may begin now."""
        with self._lock:
            return {person for person, count in self._of_person.items() if count >= _MOST_OF_A_PERSON}

    def take(self, webhook: str, person: str) -> bool:
        """Begin one for this webhook of this person, where that may be."""
        with self._lock:
            if self._of_person[person] >= _MOST_OF_A_PERSON:
                return False
            if not self._has_room(webhook) or self._under_way.total() >= _MOST:
                return False
            self._under_way[webhook] += 1
            self._of_person[person] += 1
            return True

    def give(self, webhook: str, person: str, well: bool | None, rest_until: float | None = None) -> None:
        """It is over: whether the receiver answered in time (None: it was not asked), and until when it wants rest."""
        with self._lock:
            self._under_way[webhook] -= 1
            self._of_person[person] -= 1
            self._under_way += Counter()  # drops what is at 0
            self._of_person += Counter()
            if well is not None:
                (self._unwell.discard if well else self._unwell.add)(webhook)
            if rest_until is not None:
                self._rest_until[webhook] = rest_until

    def _has_room(self, webhook: str) -> bool:
        if webhook in self._rest_until:
            return False
        if webhook not in self._unwell:
            return self._under_way[webhook] < _MOST_OF_ONE
        return self._under_way[webhook] < 1 and self._busy_unwell() < _MOST_UNWELL

    def _busy_unwell(self) -> int:
        return sum(count for webhook, count in self._under_way.items() if webhook in self._unwell)
