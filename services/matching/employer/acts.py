"""What the rows of a registered employer's lifecycle do to it, and what its events carry. Pure.

The document is `documents.EmployerDocument`. The secret never leaves the database.
"""

from typing import Any

from services.matching.staff_lists import EMPLOYERS, enlist
from shared.aggregate import Change, Trigger

KIND = "employer"


def employer_id(mark: str) -> str:
    return f"{KIND}:{mark}"


def mark_of(employer_id: str) -> str:
    return employer_id.removeprefix(f"{KIND}:")


def public(change: Change) -> dict[str, Any]:
    """Marks alone: who reads the event knows an address or a domain again, and learns none."""
    return {"domain_mark": mark_of(change.id), "marks": change.get("marks", [])}


def register(change: Change, trigger: Trigger) -> None:
    change.set(mailboxes=[], marks=[], ats=None)
    enlist(change, EMPLOYERS, change.now)
    revise(change, trigger)


def revise(change: Change, trigger: Trigger) -> None:
    changed = dict(trigger.data)
    if changed.get("ats"):
        changed["ats"] = {**changed["ats"], "set_at": change.now}
    change.set(**changed)
    _record(change, trigger)


def remove(change: Change, trigger: Trigger) -> None:
    change.set(ats=None, mailboxes=[], marks=[])
    _record(change, trigger)


def _record(change: Change, trigger: Trigger) -> None:
    change.push("audit", {"by": trigger.by, "at": change.now, "action": trigger.name})
