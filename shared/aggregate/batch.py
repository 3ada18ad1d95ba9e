"""The batch form: many events, the documents they touch in one query, folded in pure code, one bulk write.

`Routes` maps an event type to a `Route`: which documents the event touches and how they take it. A service's HANDLERS
table is such a mapping; `OnLifecycle` and `Copy` are the two usual routes.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pymongo.errors import PyMongoError

from shared.aggregate.change import Change, Kind, Trigger
from shared.aggregate.lifecycle import Lifecycle
from shared.aggregate.store import Contended, Store, Unwritable
from shared.aggregate.verdict import IGNORED, TAKEN, Verdict, rejected
from shared.events import MAX_SEQUENCE


class Route(Protocol):
    """What one event type does in a service."""

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        """{document id: its lifecycle, or the name of a kind that has none} of what the event may change."""
        ...

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        """Change those documents in memory."""
        ...


Routes = Mapping[str, Route]


@dataclass(frozen=True)
class OnLifecycle:
    """The event is a trigger of one document's lifecycle; its id stands in the event's data (or is its subject)."""

    lifecycle: Lifecycle
    key: str

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return {str(event.data[self.key]): self.lifecycle}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        return self.lifecycle.fold(changes[str(event.data[self.key])], event)


@dataclass(frozen=True)
class Copy:
    """The event overwrites a copy of another service's data, where its sequence number is higher than the stored one.

    `fields` gives what the copy keeps of an event; `then` is called on a copy that was overwritten (timers of its own).
    The event that it was copied from, sent again, gives it the fields that it lacks, for an older version copied it; a
    late one also mends those that an older version left as they were before. Nothing else follows of that.
    """

    kind: str
    key: str
    fields: Callable[[Trigger], Mapping[str, object]]
    then: Callable[[Change, Trigger], None] | None = None

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return {f"{self.kind}:{event.data[self.key]}": self.kind}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[f"{self.kind}:{event.data[self.key]}"]
        copied = last_number(change)
        if event.sequence < copied:
            return IGNORED
        fields = self.fields(event)
        if event.sequence == copied:
            wrong = {name: value for name, value in fields.items() if change.get(name) != value}
            mended = {name: value for name, value in wrong.items() if event.late or name not in change.doc}
            change.set(**mended)
            return TAKEN if mended else IGNORED
        change.set(number=event.sequence, **fields)
        if self.then:
            self.then(change, event)
        return TAKEN


def last_number(change: Change, field: str = "number") -> int:
    """The number of the last event that a copy took; 0 where no document can have emitted it: an earlier version took
    any from anybody, and such a copy follows its owner again from the next replay on.
    """
    number = int(change.get(field, 0))
    return number if number <= MAX_SEQUENCE else 0


class Batch:
    """Folds records' events into a store's documents."""

    def __init__(self, store: Store, routes: Routes) -> None:
        self.store = store
        self.routes = routes

    def process(self, events: Sequence[Trigger]) -> list[Verdict]:
        """Fold the events and write the result: one `find` and one `bulk_write`; where a race was lost, once more of
        both. The verdict of each event, in order.

        What folding one event raises rejects that event alone; so does what the database's client cannot write or the
        database refuses for good, found by taking the events one by one. Raises pymongo's errors (nothing is known
        then; process the same events again) and Contended.
        """
        try:
            return self._process(events)
        except (PyMongoError, Contended):
            raise
        except Unwritable as error:
            if len(events) == 1:
                return [rejected("unwritable", str(error))]
        except Exception:
            if len(events) == 1:
                return [rejected("error", traceback.format_exc())]
        return [verdict for event in events for verdict in self.process([event])]

    def lacks(self, events: Sequence[Trigger]) -> list[bool]:
        """Of each event whether the documents, as they are stored, would change by it. Nothing is written.

        Raises pymongo's errors.
        """
        kinds: dict[str, Kind] = {}
        for event in events:
            kinds |= self.routes[event.name].touches(event)
        documents, now = self.store.load(kinds), self.store.clock.now()
        changes = {i: Change(i, kind, documents.get(i), now) for i, kind in kinds.items()}
        return [self._changes(changes, event) for event in events]

    def _changes(self, changes: Mapping[str, Change], event: Trigger) -> bool:
        touched = {i: changes[i] for i in self.routes[event.name].touches(event)}
        before = {i: dict(change.doc) for i, change in touched.items()}
        self._fold_one(event, touched)
        return any(change.doc != before[i] for i, change in touched.items())

    def _process(self, events: Sequence[Trigger]) -> list[Verdict]:
        kinds: dict[str, Kind] = {}
        unroutable: dict[int, Verdict] = {}
        for index, event in enumerate(events):
            try:
                kinds |= self.routes[event.name].touches(event)
            except Exception:
                unroutable[index] = rejected("error", traceback.format_exc())
        return self.store.run(kinds, lambda changes: self._fold_all(events, changes, unroutable))

    def _fold_all(
        self, events: Sequence[Trigger], changes: dict[str, Change], unroutable: Mapping[int, Verdict]
    ) -> list[Verdict]:
        verdicts = []
        for index, event in enumerate(events):
            if index in unroutable:
                verdicts.append(unroutable[index])
            else:
                touched = {i: changes[i] for i in self.routes[event.name].touches(event)}
                verdicts.append(self._fold_one(event, touched))
        return verdicts

    def _fold_one(self, event: Trigger, touched: dict[str, Change]) -> Verdict:
        saved = {i: change.save() for i, change in touched.items()}
        try:
            verdict = self.routes[event.name].fold(touched, event)
        except Exception:
            verdict = rejected("error", traceback.format_exc())
        if verdict.outcome == "rejected":
            for i, change in touched.items():
                change.restore(saved[i])
        return verdict
