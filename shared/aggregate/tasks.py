"""The one open task of a document: what the worker does for it in the world outside, and the outcome that closes it.

It stands in the document as `instruction` {id, kind, attempts, what it takes to carry it out}; the timer of that name
says when it is tried next. Its outcome names it by `instruction_id`: one of an earlier task closes nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.aggregate.change import Change, Document, Trigger
from shared.aggregate.table import Condition
from shared.settings import Terms

TASK_TIMER = "instruction"
UNKNOWN_OUTCOME = "unknown"


def open_task(change: Change, task_id: str, kind: str, at: datetime, **needs: Any) -> None:
    """Have the worker carry it out, first at `at`; the id stays the same however often it is tried."""
    change.set(instruction={"id": task_id, "kind": kind, "attempts": 0, **needs})
    try_task(change, at)


def try_task(change: Change, at: datetime | None) -> None:
    """Set when the open task is tried next; with None it waits until this is called again."""
    change.schedule(TASK_TIMER, at)


def close_task(change: Change) -> Mapping[str, Any]:
    """Its outcome is known, or no longer wanted; what it was, empty where none was open."""
    task: Mapping[str, Any] = change.get("instruction") or {}
    change.set(instruction=None)
    try_task(change, None)
    return task


def is_answered(change: Change, trigger: Trigger) -> bool:
    """Whether the outcome is that of the open task."""
    task: Mapping[str, Any] = change.get("instruction") or {}
    return bool(task) and bool(task["id"] == trigger.data["instruction_id"])


ANSWERED = Condition("it is the open instruction's outcome", is_answered)


# -- for the worker


def is_due(document: Document, now: datetime) -> bool:
    """Whether the document has an open task that is to be tried now."""
    at = document.get("timers", {}).get(TASK_TIMER)
    return bool(at and at <= now and document.get("instruction"))


def unknown_outcome(document: Document, now: datetime) -> Trigger:
    """What is folded where trying the open task gave no outcome: it stays open, and is tried again later."""
    task = document["instruction"]
    attempts = task.get("attempts", 0)
    return Trigger(
        name=UNKNOWN_OUTCOME,
        id=f"{task['id']}:unknown:{attempts}",
        kind="outcome",
        at=now,
        data={"instruction_id": task["id"], "attempts": attempts},
    )


def is_counted(change: Change, unknown: Trigger) -> bool:
    """Whether that try without an outcome has been counted: nothing else says so, for the task stays open."""
    attempts = int(change["instruction"].get("attempts", 0))
    return bool(unknown.data.get("attempts", attempts) != attempts)


def count_attempt(change: Change) -> int:
    """One more try without an outcome; how many there were."""
    task = change["instruction"]
    attempts = int(task.get("attempts", 0)) + 1
    change.set(instruction={**task, "attempts": attempts})
    return attempts


LONGEST_PAUSE = timedelta(minutes=1)


def pause_after(attempts: int, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    """How long the worker waits before it tries again: twice as long each time, up to `longest`."""
    return min(timedelta(seconds=2 ** min(attempts, 10)), longest)


LatestTry = Callable[[Document, Terms, datetime], datetime]
"""Until when, at most, a document's open task may wait for its next try, as seen at a time."""


def within(longest: timedelta) -> LatestTry:
    """At most `longest` from now."""
    return lambda document, terms, now: now + longest
