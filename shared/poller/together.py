"""What the poller folds together: a page's timers, or outcomes that have come, by the consumer's batch.

Each is a route of that batch, for one document. Where one document's write lost its race, the batch reads all of them
again; those that were written have nothing to do then, and the one is written by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.aggregate import Batch, Change, Kind, Lifecycle, Route, Store, Trigger, Unwritable, Verdict
from shared.aggregate.lifecycle import due
from shared.aggregate.parking import LEFT_TIMER
from shared.aggregate.verdict import DUPLICATE, IGNORED

Bury = Callable[[Change, Sequence[Mapping[str, Any]]], bool]
OnTimer = Callable[[Change, str], None]


def fold_together(store: Store, routes: Mapping[str, Route]) -> list[Verdict]:
    """Follow each route once: one read and one write for all. Raises pymongo's errors and Contended."""
    now = store.clock.now()
    return Batch(store, routes).process([Trigger(name=name, id=name, kind="timer", at=now) for name in routes])


class Timers:
    """The timers of one document, and after the fold how many `moved` and the `fault` that one raised."""

    document_id: str
    kind: str
    moved = 0
    fault: Exception | None = None

    def refused(self, why: str) -> None:
        """Nothing of it was written, and never will be."""
        self.moved, self.fault = 0, Unwritable(why)


def fold_timers(store: Store, routes: Sequence["DueTimers"] | Sequence["PlainTimers"]) -> int:
    """Fire them together; how many moved."""
    for route, verdict in zip(routes, fold_together(store, {each.document_id: each for each in routes}), strict=True):
        if verdict.outcome == "rejected":
            route.refused(verdict.detail)
    return sum(route.moved for route in routes)


class DueTimers(Timers):
    """The timers of one document that were due at `now`; behind a closed gate (`deadlines` false) only what was left to
    be folded. After the fold `fired` names those that a row took.
    """

    def __init__(self, document_id: str, lifecycle: Lifecycle, now: datetime, deadlines: bool, bury: Bury) -> None:
        self.document_id, self.lifecycle, self._now, self._deadlines, self._bury = (
            document_id, lifecycle, now, deadlines, bury,
        )  # fmt: skip
        self.kind = lifecycle.name
        self.fired: list[str] = []

    def refused(self, why: str) -> None:
        super().refused(why)
        self.fired = []

    def ready(self, change: Change) -> list[Trigger]:
        timers = due(change, self.lifecycle, self._now)
        return [t for t in timers if self._deadlines or t.name == f"timer:{LEFT_TIMER}"]

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return {self.document_id: self.lifecycle}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        """What one timer raises leaves those before it as they are."""
        change = changes[self.document_id]
        if ready := self.ready(change):
            self.fired, self.moved, self.fault = [], 0, None
        for trigger in ready:
            saved = change.save()
            try:
                verdict = self._fold_one(change, trigger)
            except Exception as error:
                change.restore(saved)
                self.fault = error
                break
            if verdict is DUPLICATE:
                change.restore(saved)
                continue
            self.moved += 1
            if verdict.outcome == "taken":
                self.fired.append(trigger.name.removeprefix("timer:"))
        return IGNORED

    def _fold_one(self, change: Change, trigger: Trigger) -> Verdict:
        """What died while it was parked is buried before it leaves the document."""
        before = len(change.dead)
        verdict = self.lifecycle.fold(change, trigger)
        return verdict if self._bury(change, change.dead[before:]) else DUPLICATE


def ring(change: Change, on_timer: OnTimer) -> int:
    """Fire the timers that are due in a document without a lifecycle, in the order of their times; how many."""
    ready = [name for name, at in sorted(change.timers.items(), key=lambda each: each[1]) if at <= change.now]
    for name in ready:
        change.schedule(name, None)
        on_timer(change, name)
    return len(ready)


class PlainTimers(Timers):
    """The timers of one document without a lifecycle, where what they do changes that document alone; where one raises,
    it stays as it was.
    """

    def __init__(self, document_id: str, kind: str, on_timer: OnTimer) -> None:
        self.document_id, self.kind, self._on_timer = document_id, kind, on_timer

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return {self.document_id: self.kind}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        """Where another document lost its race, this one is written already and nothing is due in it any more."""
        change, self.fault = changes[self.document_id], None
        saved = change.save()
        try:
            self.moved = ring(change, self._on_timer) or self.moved
        except Exception as error:
            change.restore(saved)
            self.fault = error
        return IGNORED


class TaskOutcome:
    """The outcome of one document's task."""

    def __init__(self, document_id: str, lifecycle: Lifecycle, outcome: Trigger) -> None:
        self.document_id, self._lifecycle, self._outcome = document_id, lifecycle, outcome
        self._taken = False

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return {self.document_id: self._lifecycle}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        """One that is known because this batch has written it already, and is folded once more for another document
        that lost a race, is none that closes nothing.
        """
        verdict = self._lifecycle.fold(changes[self.document_id], self._outcome)
        if verdict is DUPLICATE and self._taken:
            return IGNORED
        self._taken = verdict.outcome in ("taken", "ignored", "parked")
        return verdict
