"""How many listings a person may hand in within a week, so that nobody floods the market.

A document `account:<person>` has {listings: {listing_id: {at, held_by}}}, written by compare-and-set before the listing
is handed in. What was handed in within the week and comes back from a moderator costs nothing more. `held_by` are the
requests that reserved it, each by a ticket of its own: one that is refused gives back its own alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from shared.aggregate import Change, Contended, Refusal, Store
from shared.http.answer.commands import problem_of_refusal
from shared.http.problems import Problem
from shared.ids import new_id

KIND = "account"
_WEEK = timedelta(days=7)


def account_id(person: str) -> str:
    return f"{KIND}:{person}"


class Budget:
    """Of all insiders; `a_week` listings each."""

    def __init__(self, store: Store, a_week: int) -> None:
        self._store, self._a_week = store, a_week

    @contextmanager
    def reserved(self, person: str, listing_id: str) -> Iterator[None]:
        """A listing is handed in inside; where that is refused, what was reserved is free again.

        Raises Problem 422: the budget of the week is used up.
        """
        ticket = new_id()
        try:
            self._reserve(person, listing_id, ticket)
        except Refusal as refusal:
            raise problem_of_refusal(refusal) from refusal
        try:
            yield
        except (Problem, Contended):
            self._release(person, listing_id, ticket)
            raise

    # -- inside

    def _reserve(self, person: str, listing_id: str, ticket: str) -> None:
        def decide(changes: dict[str, Change]) -> None:
            change = changes[account_id(person)]
            recent = _recent(change)
            if listing_id not in recent and len(recent) >= self._a_week:
                raise Refusal("rule", "listing-budget", self._said(recent))
            mine = recent.get(listing_id, {"at": change.now, "held_by": []})
            change.set(listings={**recent, listing_id: {**mine, "held_by": [*mine["held_by"], ticket]}})

        self._store.run({account_id(person): KIND}, decide)

    def _release(self, person: str, listing_id: str, ticket: str) -> None:
        def decide(changes: dict[str, Change]) -> None:
            change = changes[account_id(person)]
            recent = _recent(change)
            mine = recent.pop(listing_id, None)
            left = [each for each in mine["held_by"] if each != ticket] if mine else []
            if left:
                recent[listing_id] = {**(mine or {}), "held_by": left}
            change.set(listings=recent)

        self._store.run({account_id(person): KIND}, decide)

    def _said(self, recent: Mapping[str, Any]) -> str:
        says = f"You can hand in {self._a_week} listings a week."
        if not self._a_week:
            return says
        free_at: datetime = sorted(each["at"] for each in recent.values())[-self._a_week] + _WEEK
        return f"{says} The next is possible on {free_at:%Y-%m-%d, %H:%M} UTC."


def _recent(change: Change) -> dict[str, dict[str, Any]]:
    """What was handed in within the last week."""
    return {key: each for key, each in change.get("listings", {}).items() if each["at"] > change.now - _WEEK}
