"""How often employers are asked for their consent within a week: for one listing, and at one mailbox, whoever asks.

Documents `consent_asks:<listing id or mailbox's mark>` count {command's id: time}. They are written before the ask, by
compare-and-set: two who ask at once may find one place too few, never one too many.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from shared.aggregate import Change, Contended, Store
from shared.http.problems import Problem

KIND = "consent_asks"
_WEEK = timedelta(days=7)
_TOO_MANY = "As many asked this employer this week as may ask it."


class Asks:
    """Of all listings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def reserved(self, command_id: str, most: Mapping[str, int]) -> Iterator[None]:
        """The employer is asked inside; where that is refused, what was reserved is free again.

        `most` a week, by what counts. Raises Problem 429. A repeat of a command that was counted counts no more.
        """
        held: list[str] = []
        try:
            for what, number in most.items():
                if self._reserve(f"{KIND}:{what}", command_id, number):
                    held.append(f"{KIND}:{what}")
            yield
        except (Problem, Contended):
            for asks_id in held:
                self._release(asks_id, command_id)
            raise

    # -- inside

    def _reserve(self, asks_id: str, command_id: str, most: int) -> bool:
        """Whether this is new."""

        def decide(changes: dict[str, Change]) -> bool:
            change = changes[asks_id]
            recent = _recent(change)
            if command_id in recent:
                return False
            if len(recent) >= most:
                wait = min(recent.values()) + _WEEK - change.now if recent else _WEEK
                raise Problem("too-many-requests", _TOO_MANY, retry_after=wait.total_seconds())
            change.set(state="known", asked={**recent, command_id: change.now})
            return True

        return self._store.run({asks_id: KIND}, decide)

    def _release(self, asks_id: str, command_id: str) -> None:
        def decide(changes: dict[str, Change]) -> None:
            change = changes[asks_id]
            change.set(asked={each: at for each, at in _recent(change).items() if each != command_id})

        self._store.run({asks_id: KIND}, decide)


def _recent(change: Change) -> dict[str, datetime]:
    return {each: at for each, at in change.get("asked", {}).items() if change.now - at < _WEEK}
