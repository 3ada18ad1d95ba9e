"""Every situation that an aggregate can come to: found by playing triggers from the start through its own lifecycle.

A `Table` says what may be tried in a situation (commands by everyone, events, outcomes, timers, now and at the
deadlines) and what makes two situations alike; `explore` walks from an absent document until nothing unlike is found.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from shared.aggregate import Change, Document, Lifecycle, Refusal, Row, Trigger, Verdict
from tests.support.clock import ManualClock

START = ManualClock().now()
MOMENT = timedelta(milliseconds=1)
STRANGER = "p_" + "3" * 32


class Watched(Lifecycle):
    """Keeps the rows that were taken, in order."""

    taken: list[Row]

    def _take(self, change: Change, row: Row, trigger: Trigger) -> None:
        super()._take(change, row, trigger)
        self.taken.append(row)


@dataclass(frozen=True)
class Situation:
    """A document at a moment, and how it came there."""

    document: Document | None = None
    now: datetime = START
    path: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        return str(self.document["state"]) if self.document else "new"

    @property
    def version(self) -> int:
        return int(self.document["version"]) if self.document else 0

    def get(self, name: str, default: Any = None) -> Any:
        return (self.document or {}).get(name, default)

    @property
    def timers(self) -> Mapping[str, datetime]:
        timers: Mapping[str, datetime] = self.get("timers", {})
        return timers


@dataclass(frozen=True)
class Folded:
    """What became of one trigger in one situation."""

    change: Change
    verdict: Verdict
    rows: list[Row]

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.change.pushed.get("events", [])

    @property
    def document(self) -> Document:
        document = self.change.document()
        document.pop("events", None)
        return document


Caller = tuple[str, frozenset[str]]


@dataclass(frozen=True)
class Table:
    """A lifecycle and what may be tried with it.

    `callers`: {who: (person, roles)} in a situation. `bodies`: {command: {variant: data}}. `told`: {variant: trigger}
    of events and outcomes. `later`: moments beside now and the deadlines. `besides`: documents that come about in
    another way than by this lifecycle (a copied status). `watched` looks on.
    """

    lifecycle: Lifecycle
    id: str
    alike: Callable[[Situation], Hashable]
    callers: Callable[[Situation], Mapping[str, Caller]]
    bodies: Callable[[Situation, datetime], Mapping[str, Mapping[str, Mapping[str, Any]]]]
    told: Callable[[Situation], Iterable[tuple[str, Trigger]]]
    holds: Callable[[Situation], None]
    later: Callable[[Situation], Iterable[datetime]] = lambda situation: ()
    besides: Callable[[Situation], Iterable[Situation]] = lambda situation: ()
    watched: type[Watched] = Watched

    def fold(self, situation: Situation, trigger: Trigger) -> Folded:
        """Let the document take it at the trigger's own moment; Refusal passes."""
        watched, taken = self._watching, list[Row]()
        watched.taken = taken
        change = Change(self.id, watched, situation.document, trigger.at)
        return Folded(change, watched.fold(change, trigger), taken)

    @cached_property
    def _watching(self) -> Watched:
        watched = copy(self.lifecycle)
        watched.__class__ = self.watched
        assert isinstance(watched, Watched)
        return watched

    def attempts(self, situation: Situation) -> Iterator[tuple[str, Trigger]]:
        """(who or which variant, trigger) of all that is tried in a situation."""
        yield from self._commands(situation)
        yield from self.told(situation)
        yield from self._timers(situation)

    def moments(self, situation: Situation) -> list[datetime]:
        deadlines = {row.until for row in self.lifecycle.rows if situation.state in row.sources} & {*situation.timers}
        ahead = {*(situation.timers[name] for name in deadlines if name), *self.later(situation)}
        return [situation.now, *sorted(at for at in ahead if at > situation.now)]

    def _commands(self, situation: Situation) -> Iterator[tuple[str, Trigger]]:
        callers = self.callers(situation)
        for at in self.moments(situation):
            for name, variants in self.bodies(situation, at).items():
                for variant, data in variants.items():
                    for who, (person, roles) in callers.items():
                        trigger_id = f"{name}:{variant}:{who}:{situation.version}"
                        yield who, Trigger(name, trigger_id, "command", at, data, by=person, roles=roles)

    def _timers(self, situation: Situation) -> Iterator[tuple[str, Trigger]]:
        rows = {row.trigger for row in self.lifecycle.rows if row.trigger.startswith("timer:")}
        for name in sorted(rows | {f"timer:{name}" for name in situation.timers if name != "instruction"}):
            at = situation.timers.get(name.removeprefix("timer:"), situation.now)
            for which, moment in (("early", at - MOMENT), ("due", max(at, situation.now)), ("late", at + 30 * MOMENT)):
                if moment >= situation.now:
                    yield which, Trigger(name, f"{self.id}:{name}:{at.isoformat()}", "timer", moment)


@dataclass
class Found:
    """The situations of one table, by what makes them unlike."""

    table: Table
    situations: dict[Hashable, Situation] = field(default_factory=dict)

    def of(self, state: str) -> list[Situation]:
        return [situation for situation in self.situations.values() if situation.state == state]


def explore(table: Table, most: int = 4_000) -> Found:
    """All unlike situations, each by a shortest path; AssertionError where there are more than `most`."""
    start = Situation()
    found = Found(table, {table.alike(start): start})
    queue = deque([start])
    while queue:
        for situation in _next(table, queue.popleft()):
            key = table.alike(situation)
            if key not in found.situations:
                found.situations[key] = situation
                queue.append(situation)
                assert len(found.situations) <= most, f"{table.lifecycle.name}: more than {most} unlike situations"
    return found


def _next(table: Table, situation: Situation) -> Iterator[Situation]:
    if situation.document:
        yield from table.besides(situation)
    for who, trigger in table.attempts(situation):
        try:
            folded = table.fold(situation, trigger)
        except Refusal:
            continue
        if folded.verdict.outcome in ("taken", "parked"):
            step = f"{trigger.name} ({who})"
            yield Situation(folded.document, folded.change.now, (*situation.path, step))
