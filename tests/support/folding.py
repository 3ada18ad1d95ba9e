"""Folding triggers into one document without any I/O: what a lifecycle's tests are made of."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.aggregate import Change, Document, Lifecycle, Trigger, Verdict
from shared.aggregate.change import TriggerKind
from shared.aggregate.lifecycle import due
from tests.support.clock import ManualClock


@dataclass
class Folded:
    """One aggregate in memory: `fold` changes it, `events` has what it emitted, in order."""

    lifecycle: Lifecycle
    id: str
    clock: ManualClock = field(default_factory=ManualClock)
    document: Document | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fold(self, trigger: Trigger) -> Verdict:
        """Refusal passes, and then nothing changed."""
        change = Change(self.id, self.lifecycle, self.document, self.clock.now())
        verdict = self.lifecycle.fold(change, trigger)
        if change.dirty:
            self.document = change.document()
            self.events = [*self.events, *change.pushed.get("events", [])]
        return verdict

    def _next(self, kind: TriggerKind, name: str, **options: Any) -> Verdict:
        trigger_id = options.pop("id", f"{kind}-{next(self._numbers)}")
        at: datetime = options.pop("at", self.clock.now())
        return self.fold(Trigger(name=name, id=trigger_id, kind=kind, at=at, **options))

    def command(self, name: str, role: str, by: str, **data: Any) -> Verdict:
        return self._next("command", name, by=by, roles=frozenset({role}), data=data)

    def event(self, name: str, data: dict[str, Any], **options: Any) -> Verdict:
        return self._next("event", name, data=data, **options)

    def outcome(self, name: str, **data: Any) -> Verdict:
        return self._next("outcome", name, data=data)

    def fire_timers(self) -> int:
        """Fire what is due, as the poller does; how many fired."""
        change = Change(self.id, self.lifecycle, self.document, self.clock.now())
        ready = due(change, self.lifecycle, change.now)
        for trigger in ready:
            self.fold(trigger)
        return len(ready)

    @property
    def state(self) -> str:
        return str((self.document or {"state": "new"})["state"])

    @property
    def emitted(self) -> list[str]:
        return [event["type"] for event in self.events]
