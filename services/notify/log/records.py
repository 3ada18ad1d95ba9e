"""An event that notify read, as a document of its log. Pure.

It waits, without a number, until `numbering` gives it one. The document is `documents.LoggedEvent`.
"""

from collections.abc import Mapping

from pymongo import ASCENDING

from services.notify.recipients import PARTIES, RECIPIENTS
from shared.aggregate import Change, Trigger, Verdict
from shared.aggregate.verdict import IGNORED, TAKEN
from shared.clock import format_time
from shared.events import latest
from shared.settings import Terms

KIND = "event"
BY_ARRIVAL = (("arrived_at", ASCENDING), ("log_number", ASCENDING))
"""The index by which a time finds its number."""

BY_NUMBER = (("log_number", ASCENDING),)
BY_READER = (("readers", ASCENDING), ("log_number", ASCENDING))
"""The indexes by which the log, and what one person may read of it, is read in order, whatever else is asked."""

_ABOUT = ("offer_id", "listing_id")


def record_id(event_type: str, event_id: str) -> str:
    """The document's id: of the event's source and id, so that a repeat finds it there."""
    return f"{KIND}:{latest(event_type).owner}:{event_id}"


def readers(event: Trigger) -> list[str]:
    """The persons whom the event is about: they may read it."""
    if event.name == "person.erased":
        return []  # who is forgotten reads nothing
    row = RECIPIENTS.get(event.name)
    names = (row.who,) if row and row.alone else (*PARTIES, "person_id")
    return sorted({str(event.data[name]) for name in names if name in event.data})


class Logged:
    """The route of a public event into the log. What is older than the log keeps is left out: it would go at once."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {record_id(event.name, event.id): KIND}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[record_id(event.name, event.id)]
        if not change.is_new or change.dirty or change.now - event.at >= self._terms.keep_events:
            return IGNORED
        field = latest(event.name).subject_field
        change.set(
            event_id=event.id,
            event_type=event.name,
            subject=str(event.data[field]) if field else str(event.data.get("person_id", "")),
            sequence=event.sequence,
            at=event.at,
            data=dict(event.data),
            readers=readers(event),
            arrived_at=change.now,
            arrival=f"{format_time(change.now)}/{event.id}",
            **{name: event.data[name] for name in _ABOUT if name in event.data},
        )
        return TAKEN
