"""The history of a document: the events it emitted, and between them the steps that no event tells of.

Both stand in the document itself and are written with what they tell of, so neither can disagree with it. A lifecycle
that `keeps_steps` writes `steps` [{after, at, what, by, status}]: `after` is the number of the last event before it. A
document that an older version made has none of the time before; what its events tell is there all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.aggregate.change import Change, Document, Trigger
from shared.aggregate.table import Row

PEOPLE = ("employer", "ats", "insider", "seeker")
ACTORS = (*PEOPLE, "staff", "provider", "system")
"""Who may have done something: never which person."""


@dataclass(frozen=True)
class Happened:
    """One thing that happened. `by` is None where only the event's data and type say who did it."""

    what: str
    at: datetime
    status: str
    by: str | None
    data: Mapping[str, Any]


def record(change: Change, row: Row, trigger: Trigger) -> None:
    """Write the step down, if the row emits nothing: it moved the document, or is declared `recorded`."""
    if "new" in row.sources:
        change.set(steps_whole=True)
    if not row.emits and (row.to is not None or row.recorded):
        step = {"after": change.seq, "at": change.now, "what": trigger.name, "by": _who(trigger)}
        change.push("steps", step | {"status": change.state})


def is_whole(doc: Document) -> bool:
    """Whether its steps were written from the start on."""
    return bool(doc.get("steps_whole"))


def happened(doc: Document) -> list[Happened]:
    """All that happened to a document that was read with its events, oldest first."""
    events = [
        ((event["seq"], 0), Happened(event["type"], event["time"], event["data"]["status"], None, event["data"]))
        for event in doc.get("events", ())
    ]
    steps = [
        ((step["after"], 1), Happened(step["what"], step["at"], step["status"], step["by"], {}))
        for step in doc.get("steps", ())
    ]
    return [each for _, each in sorted([*events, *steps], key=lambda item: item[0])]


def _who(trigger: Trigger) -> str:
    """A command's role, whom an event names, or the provider, whose outcome it is."""
    if trigger.kind == "command":
        return next((role for role in PEOPLE if role in trigger.roles), "staff")
    if trigger.kind == "outcome":
        return "provider"
    named = trigger.data.get("by")
    return named if named in ACTORS else "system"
