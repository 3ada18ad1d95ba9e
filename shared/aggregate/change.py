"""A change of one aggregate: the document as it was read, and what it becomes in one atomic write.

The document (MongoDB) has these fields beside the domain's own, which stand flat beside them:

    _id, kind, version   what it is; +1 a change, the ETag
    state                of its lifecycle
    updated_at           time of the last change; the next is never before it
    applied              ids of the triggers already taken (the inbox)
    parked               triggers that came too early: [{id, name, kind, data, at, until, ...}]
    events, seq          the outbox: [{seq, id, type, version, time, data, traceparent}], numbered 1..seq
    published, outbox_at the relay's watermark; outbox_at is there only while published < seq
    replays              how often `golem replay` has lowered it
    timers, due_at       {name: time}; due_at is the earliest that counts in this state, absent if none does
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Union

from pymongo import InsertOne, UpdateOne

from shared.aggregate.story import Step
from shared.events import emit_data, latest
from shared.ids import event_id
from shared.settings import Terms

if TYPE_CHECKING:
    from shared.aggregate.lifecycle import Lifecycle

Document = dict[str, Any]
Kind = Union[str, "Lifecycle"]
"""What a document is: the lifecycle that decides it, or the name of a kind that has none (a copy, an account)."""

Operation = InsertOne[Document] | UpdateOne
_DECIDE_DUE = frozenset({"state", "timers"})
TriggerKind = Literal["command", "event", "timer", "outcome"]


@dataclass(frozen=True)
class Trigger:
    """What asks an aggregate to change: a person's command, an event, a timer that is due, an instruction's outcome.

    `id` is unique and makes repeats harmless: the event's ce_id, the command's id, `<instruction>:<outcome>`.
    `by` is the caller's person_id and `roles` what the caller is to this document and to the platform (commands only).
    `record` is the Kafka record an event came in, stored with it while it is parked, for the dead letter it may become.
    `late`: an operator had it sent again to this service alone, long after it was read; nobody is mailed of it.
    """

    name: str
    id: str
    kind: TriggerKind
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    by: str | None = None
    roles: frozenset[str] = frozenset()
    sequence: int = 0
    traceparent: str | None = None
    record: Mapping[str, Any] | None = None
    late: bool = False


class Change:
    """One aggregate being changed. Pure: it reads no clock and does no I/O; `operation()` is the write it amounts to.

    `now` is the process clock's time, moved forward to the document's last change where that is later. `terms` are
    those of the document's lifecycle. Values are replaced, never changed in place, so that `save()` can be a shallow
    copy.
    """

    def __init__(self, aggregate_id: str, kind: Kind, document: Document | None, now: datetime) -> None:
        self.id = aggregate_id
        self.lifecycle = None if isinstance(kind, str) else kind
        self.kind = kind if isinstance(kind, str) else kind.name
        self.terms = Terms() if self.lifecycle is None else self.lifecycle.terms
        self.base_version: int = document["version"] if document else 0
        self.doc: Document = dict(document) if document else {"state": "new"}
        self.now = max(now, self.doc.get("updated_at", now))
        self.pushed: dict[str, list[Any]] = {}
        self.touched: set[str] = set()
        self.dead: list[Mapping[str, Any]] = []
        self.traceparent: str | None = None
        self.steps: list[Step] = []

    # -- reading

    @property
    def is_new(self) -> bool:
        return self.base_version == 0

    @property
    def state(self) -> str:
        return str(self.doc["state"])

    @property
    def version(self) -> int:
        """The version the document will have once this is written (its present one, where nothing changed)."""
        return self.base_version + (1 if self.dirty else 0)

    @property
    def seq(self) -> int:
        return int(self.doc.get("seq", 0))

    @property
    def timers(self) -> dict[str, datetime]:
        return dict(self.doc.get("timers", {}))

    @property
    def parked(self) -> list[dict[str, Any]]:
        return list(self.doc.get("parked", []))

    @property
    def dirty(self) -> bool:
        return bool(self.touched or self.pushed)

    def __getitem__(self, name: str) -> Any:
        return self.doc[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.doc.get(name, default)

    def knows(self, trigger_id: str) -> bool:
        """Whether that trigger was taken, ignored or parked here before."""
        return trigger_id in self.doc.get("applied", ()) or any(p["id"] == trigger_id for p in self.parked)

    # -- changing

    def set(self, **fields: Any) -> None:
        """Set fields of the domain; None removes a field."""
        for name, value in fields.items():
            if value is None:
                if name not in self.doc:
                    continue
                self.doc.pop(name)
            else:
                self.doc[name] = value
            self.touched.add(name)

    def push(self, name: str, *items: Any) -> None:
        """Append to a list of the document that only ever grows."""
        self.doc[name] = [*self.doc.get(name, []), *items]
        self.pushed[name] = [*self.pushed.get(name, []), *items]

    def note(self, trigger: Trigger, outcome: str, before: str, emitted: tuple[str, ...] = ()) -> None:
        """Have the log say, once this is written, what the trigger did here."""
        self.steps.append(Step(trigger, outcome, before, self.state, emitted))

    def apply(self, trigger_id: str) -> None:
        """Remember a trigger, so that its repeat is known."""
        self.push("applied", trigger_id)

    def emit(self, event_type: str, data: Mapping[str, Any]) -> str:
        """Write an event into the outbox and return its id. Raises SchemaError where its schema does not accept
        `data`.
        """
        seq = self.seq + 1
        if seq == 1:
            self.set(published=0)
        event = {
            "seq": seq,
            "id": event_id(),
            "type": event_type,
            "version": latest(event_type).version,
            "time": self.now,
            "data": emit_data(event_type, data),
        }
        if self.traceparent:
            event["traceparent"] = self.traceparent
        self.push("events", event)
        self.set(seq=seq, outbox_at=self.now)
        return str(event["id"])

    def schedule(self, name: str, at: datetime | None) -> None:
        """Set a timer, or clear it with None."""
        timers = self.timers
        if timers.get(name) == at:
            return
        if at is None:
            timers.pop(name, None)
        else:
            timers[name] = at
        self.set(timers=timers)

    def settle(self) -> None:
        """Set `due_at` to the earliest timer that counts in this state, or of all where there is no lifecycle; absent
        where there is none. What is read or written of a change is settled: nobody need call this after it.
        """
        due = min((at for name, at in self.timers.items() if self._counts(name)), default=None)
        if self.doc.get("due_at") != due:
            self.set(due_at=due)

    def _counts(self, timer: str) -> bool:
        return self.lifecycle is None or self.lifecycle.counts(self.state, timer)

    def park(self, parked: list[dict[str, Any]]) -> None:
        self.set(parked=parked or None)

    # -- a point to return to

    def save(self) -> tuple[Any, ...]:
        copies = dict(self.doc), {k: list(v) for k, v in self.pushed.items()}, set(self.touched), list(self.dead)
        return (*copies, list(self.steps), self.traceparent)

    def restore(self, saved: tuple[Any, ...]) -> None:
        doc, pushed, touched, dead, steps, self.traceparent = saved
        self.doc, self.pushed = dict(doc), {k: list(v) for k, v in pushed.items()}
        self.touched, self.dead, self.steps = set(touched), list(dead), list(steps)

    # -- writing

    def document(self) -> Document:
        """The document as it is after this change (without the events emitted before it, where it was not new)."""
        own = {"_id": self.id, "kind": self.kind, "version": self.version}
        return self._settled() | own | ({"updated_at": self.now} if self.dirty else {})

    def operation(self) -> Operation:
        """The write: an insert, or a compare-and-set on `version` of what changed."""
        if self.is_new:
            own = {"_id": self.id, "kind": self.kind, "version": 1}
            return InsertOne({**own, **self._settled(), "updated_at": self.now})
        return UpdateOne({"_id": self.id, "version": self.base_version}, self.update())

    def update(self) -> dict[str, Any]:
        """What changed, as an update of the stored document."""
        doc = self._settled()
        changed = {n: doc[n] for n in self.touched if n in doc}
        gone = {n: "" for n in self.touched if n not in doc}
        pushed = {n: {"$each": items} for n, items in self.pushed.items() if n not in self.touched}
        update: dict[str, Any] = {"$set": changed | {"version": self.base_version + 1, "updated_at": self.now}}
        if pushed:
            update["$push"] = pushed
        if gone:
            update["$unset"] = gone
        return update

    def _settled(self) -> Document:
        """What it is set by may have changed: then `due_at` is set anew."""
        if self.touched & _DECIDE_DUE:
            self.settle()
        return self.doc
