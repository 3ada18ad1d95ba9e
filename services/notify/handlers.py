"""What notify does with the events it reads: a notification for each person whom the table of recipients names."""

from collections.abc import Mapping
from dataclasses import replace

from services.notify.lifecycle import NOTIFICATION, TOLD
from services.notify.recipients import READ, people
from shared.aggregate import Change, Lifecycle, Routes, Trigger, Verdict
from shared.aggregate.verdict import IGNORED, TAKEN


class Tell:
    """One document a person told, its id made of the event's and the person's, so that a repeat finds it there."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {_id(event, person): self.lifecycle.name for person in people(event.name, event.data)}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        verdicts = []
        for person in people(event.name, event.data):
            change = changes[_id(event, person)]
            if change.is_new and change.now - event.at >= self.lifecycle.terms.keep_notifications:
                continue  # it would be forgotten at once
            data = {"event_type": event.name, "event": event.data, "person": person}
            verdicts.append(self.lifecycle.fold(change, replace(event, name=TOLD, data=data)))
        return TAKEN if TAKEN in verdicts else next(iter(verdicts), IGNORED)


def _id(event: Trigger, person: str) -> str:
    return f"{event.id}:{person}"


def handlers(notification: Lifecycle = NOTIFICATION) -> Routes:
    return HANDLERS if notification is NOTIFICATION else {event_type: Tell(notification) for event_type in READ}


HANDLERS: Routes = {event_type: Tell(NOTIFICATION) for event_type in READ}
