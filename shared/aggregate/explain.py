"""What may happen next to a document, by whom, until when: read from the lifecycle's table."""

from datetime import datetime
from typing import Any

from shared.aggregate.change import Change, Document, Trigger
from shared.aggregate.lifecycle import Lifecycle
from shared.aggregate.table import Refusal
from shared.settings.in_words import with_terms


def explain(lifecycle: Lifecycle, doc: Document, roles: frozenset[str], now: datetime) -> list[dict[str, Any]]:
    """The rows that lead on from the document's state.

    Each is {"what": "command" | "timer" | "event", "name", "by": [roles], "to": state, "note"}; a command also has
    "yours" (whether the caller may do it now, as far as the table can tell without its body) and "until", a timer "at".
    """
    change = Change(doc["_id"], lifecycle, doc, now)
    waiting = change.state in lifecycle.busy
    found = []
    for row in lifecycle.rows:
        if change.state not in row.sources:
            continue
        step: dict[str, Any] = {"name": row.trigger, "to": row.to or change.state}
        step["note"] = with_terms(row.note, lifecycle.terms)
        if row.when:
            step["when"] = with_terms(row.when.description, lifecycle.terms)
        if row.trigger in lifecycle.events or row.trigger in lifecycle.outcomes:
            found.append({"what": "event", **step})
        elif row.trigger.startswith("timer:"):
            at = change.timers.get(row.trigger.removeprefix("timer:"))
            if at and lifecycle.counts(change.state, row.trigger.removeprefix("timer:")):
                found.append({"what": "timer", **step, "at": at})
        elif not waiting:
            step |= {"by": list(row.by), "yours": bool(not row.by or roles.intersection(row.by))}
            if row.until and (end := change.timers.get(row.until)):
                step["until"] = end
                step["yours"] = step["yours"] and change.now < end
            if row.when and step["yours"]:
                step["yours"] = _holds(row.when.holds, change, roles)
            found.append({"what": "command", **step})
    return found


def _holds(test: Any, change: Change, roles: frozenset[str]) -> bool:
    """Whether a row's condition holds for a command with an empty body; one that needs the body is given the
    benefit.
    """
    try:
        return bool(test(change, Trigger(name="", id="", kind="command", at=change.now, roles=roles)))
    except (KeyError, Refusal, TypeError):
        return True
