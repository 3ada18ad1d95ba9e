"""What may happen next to a document, by whom, until when: read from the lifecycle's table."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shared.aggregate.change import Change, Document, Trigger
from shared.aggregate.lifecycle import Lifecycle
from shared.aggregate.table import Refusal, Row
from shared.settings.in_words import with_terms


def explain(lifecycle: Lifecycle, doc: Document, roles: frozenset[str], now: datetime) -> list[dict[str, Any]]:
    """What leads on from the document's state: each command once, as the caller would have it taken; timers; events.

    Each is {"what": "command" | "timer" | "event", "name", "by": [roles], "to": state, "note"}; a command also has
    "yours" (whether the caller may do it now, as far as the table can tell without its body) and "until", a timer "at".
    """
    change = Change(doc["_id"], lifecycle, doc, now)
    rows = [row for row in lifecycle.rows if change.state in row.sources]
    commands = lifecycle.commands()
    found: list[dict[str, Any]] = []
    shown: set[str] = set()
    for row in rows:
        if row.trigger not in commands:
            found.extend(_by_itself(change, row))
        elif row.trigger not in shown and change.state not in lifecycle.busy:
            shown.add(row.trigger)
            found.append(_command(change, [each for each in rows if each.trigger == row.trigger], roles))
    return found


class _NotSaid(dict[str, Any]):
    """The body of a command that nobody has sent."""

    def __getitem__(self, name: str) -> Any:
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        raise KeyError(name)


def _step(lifecycle: Lifecycle, change: Change, row: Row) -> dict[str, Any]:
    step: dict[str, Any] = {"name": row.trigger, "to": row.to or change.state}
    step["note"] = with_terms(row.note, lifecycle.terms)
    if row.when:
        step["when"] = with_terms(row.when.description, lifecycle.terms)
    return step


def _by_itself(change: Change, row: Row) -> Iterator[dict[str, Any]]:
    lifecycle = change.lifecycle
    assert lifecycle is not None
    step = _step(lifecycle, change, row)
    if not row.trigger.startswith("timer:"):
        yield {"what": "event", **step}
        return
    timer = row.trigger.removeprefix("timer:")
    at = change.timers.get(timer)
    if at and lifecycle.counts(change.state, timer) and (row.when is None or _holds(row.when.holds, change)):
        yield {"what": "timer", **step, "at": at}


def _command(change: Change, rows: list[Row], roles: frozenset[str]) -> dict[str, Any]:
    """The row that the caller's command would take, or the first where none is theirs to give."""
    lifecycle = change.lifecycle
    assert lifecycle is not None
    mine = [row for row in rows if not row.by or roles.intersection(row.by)]
    fitting = [row for row in mine if row.when is None or _holds(row.when.holds, change, roles)]
    row = (fitting or mine or rows)[0]
    step = {"what": "command", **_step(lifecycle, change, row), "by": list(row.by)}
    yours = bool(fitting) and all(_holds(guard.holds, change, roles) for guard in row.guards)
    if row.until and (end := change.timers.get(row.until)):
        step["until"] = end
        yours = yours and change.now < end
    return {**step, "yours": yours}


def _holds(test: Any, change: Change, roles: frozenset[str] = frozenset()) -> bool:
    """Whether a condition or a guard holds without a body; one that needs the body is given the benefit."""
    try:
        trigger = Trigger(name="", id="", kind="command", at=change.now, data=_NotSaid(), roles=roles)
        return bool(test(change, trigger))
    except (AttributeError, KeyError, Refusal, TypeError):
        return True
