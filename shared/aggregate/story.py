"""What happened to a document, one line in the log for each: so that the logs alone tell the story of a hire.

    {"message": "offer: accept", "kind": "offer", "id": ..., "trigger": "accept", "trigger_id": ...,
     "before": "proposed", "after": "accepted", "outcome": "taken", "listing_id": ..., "emitted": "offer.accepted"}

Ids and codes alone: no person, no text. A line is written after its document was: a process that dies between the two
leaves it out.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.ids import PERSON_ID

if TYPE_CHECKING:
    from shared.aggregate.change import Change, Document, Trigger

log = logging.getLogger("story")
_ABOUT = ("offer_id", "listing_id")
_DECIDED = ("state", "seq", "timers")


@dataclass(frozen=True, slots=True)
class Step:
    """One trigger that a document answered, its state before and after it, and the types of the events it emitted."""

    trigger: "Trigger"
    outcome: str
    before: str
    after: str
    emitted: tuple[str, ...] = ()


def tell(changes: "Iterable[Change]") -> None:
    """Log what these changes were made of, now that they are written."""
    if log.isEnabledFor(logging.INFO):
        for change in changes:
            for step in change.steps:
                log.info("%s: %s", change.kind, step.trigger.name, extra=_fields(change, step))


def tell_written(changes: "Iterable[Change]", stored: "Mapping[str, Document]") -> None:
    """Log those of a write that lost a race elsewhere: what is stored knows their triggers as they left them, or is
    what they made.
    """
    for change in changes:
        doc = stored.get(change.id, {})
        by_timers = all(step.trigger.kind == "timer" for step in change.steps)
        if change.steps and (all(_is_known(step, doc) for step in change.steps) or by_timers and _is_made(change, doc)):
            tell([change])


def _is_known(step: Step, doc: "Document") -> bool:
    """What another process parked meanwhile was not taken here."""
    parked = any(each["id"] == step.trigger.id for each in doc.get("parked", ()))
    return parked if step.outcome == "parked" else not parked and step.trigger.id in doc.get("applied", ())


def _is_made(change: "Change", doc: "Document") -> bool:
    """Of timers no document keeps the ids."""
    own = {"version": change.version, "updated_at": change.now} | {name: change.get(name) for name in _DECIDED}
    return change.dirty and all(doc.get(name) == value for name, value in own.items())


def _fields(change: "Change", step: Step) -> dict[str, str]:
    trigger = step.trigger
    fields = {
        "kind": change.kind,
        "id": _nobody(change.id),
        "trigger": trigger.name,
        "trigger_id": _nobody(trigger.id),
        "before": step.before,
        "after": step.after,
        "outcome": step.outcome,
    }
    for name in _ABOUT:
        if about := trigger.data.get(name) or change.doc.get(name):
            fields[name] = str(about)
    if step.emitted:
        fields["emitted"] = " ".join(step.emitted)
    return fields


def _nobody(document_or_trigger_id: str) -> str:
    """Documents about a person, and what is done to them, may have the person in their ids."""
    return PERSON_ID.sub("person", document_or_trigger_id)
