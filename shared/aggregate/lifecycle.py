"""A lifecycle as one table: rows that are taken, and for every other (state x event) an answer. Pure, no I/O.

    OFFER = Lifecycle("offer", states=(...), public=..., events=("escrow.held", ...),
                      rows=(Row(("proposed",), "accept", to="accepted", by=("other",), ...), ...),
                      answers=cells(ignore={"escrow.held": ("active", ...)}, park={...}, reject={...}))

A command without a row is refused (409), an event without a row must have an answer: the table is checked when it is
made, and an empty cell is an error. In a `busy` state a task is open: events park, commands are refused with
Retry-After, timers wait; only the task's outcome moves the document.
"""

from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from shared.aggregate import history, parking, tasks
from shared.aggregate.change import Change, Document, Trigger
from shared.aggregate.faults import faults
from shared.aggregate.parking import LEFT_TIMER, PARKED_TIMER
from shared.aggregate.table import Cell, Cells, Park, Refusal, Row
from shared.aggregate.tasks import TASK_TIMER, UNKNOWN_OUTCOME
from shared.aggregate.verdict import DUPLICATE, IGNORED, PARKED, TAKEN, Verdict, rejected
from shared.settings import Terms
from shared.settings.in_words import with_terms

_ALWAYS_COUNT = (PARKED_TIMER, LEFT_TIMER, TASK_TIMER)


class Lifecycle:
    """The table, checked when it is made, and the one function that folds a trigger into a change.

    `events` and `outcomes` are the triggers that need an answer in each state; `public` gives the data that every event
    of this aggregate carries. `longest_pause` is the longest between two tries of a task whose outcome is unknown,
    `latest_try` says until when a task may wait where that is longer. `role_words` says for people what a role is whose
    name does not. `keeps_steps`: what no event tells of is written down as well (`shared.aggregate.history`). `derive`
    sets what follows from the document's other fields, after each row. Commands are all other triggers of rows but
    `timer:...`.
    """

    def __init__(
        self,
        name: str,
        *,
        states: tuple[str, ...],
        rows: tuple[Row, ...],
        public: Callable[[Change], Mapping[str, Any]],
        events: tuple[str, ...] = (),
        outcomes: tuple[str, ...] = (),
        answers: Cells | None = None,
        busy: tuple[str, ...] = (),
        frozen: Mapping[str, tuple[str, ...]] | None = None,
        final: tuple[str, ...] = (),
        terms: Terms | None = None,
        role_words: Mapping[str, str] | None = None,
        keeps_steps: bool = False,
        derive: Callable[[Change], None] | None = None,
        longest_pause: timedelta = tasks.LONGEST_PAUSE,
        latest_try: tasks.LatestTry | None = None,
    ) -> None:
        self.name, self.states, self.rows, self.public = name, states, rows, public
        self.events, self.outcomes, self.busy, self.final = events, outcomes, busy, final
        self.frozen = frozen or {}
        self.terms = terms or Terms()
        self.longest_pause, self._latest_try = longest_pause, latest_try or tasks.within(longest_pause)
        self.role_words, self.keeps_steps, self.derive = role_words or {}, keeps_steps, derive
        not_commands = {*events, *outcomes}
        named = dict.fromkeys(row.trigger for row in rows if ":" not in row.trigger)
        self._commands = tuple(name for name in named if name not in not_commands)
        self.answers = {t: dict(by_state) for t, by_state in (answers or {}).items()}
        for state in busy:
            for event in events:
                if not self.rows_of(state, event):
                    self.answers.setdefault(event, {}).setdefault(state, Cell("park"))
        if fault := next(faults(self), None):
            raise ValueError(f"{name}: {fault}")

    def with_terms(self, terms: Terms) -> "Lifecycle":
        """The same table with other durations and limits; actions and conditions read them as `change.terms`."""
        other = copy(self)
        other.terms = terms
        return other

    # -- the table

    def rows_of(self, state: str, trigger: str) -> list[Row]:
        return [row for row in self.rows if state in row.sources and row.trigger == trigger]

    def empty_cells(self) -> list[tuple[str, str]]:
        """(state, event or outcome) pairs that have neither a row without a condition nor an answer."""
        return [
            (state, trigger)
            for trigger in (*self.events, *self.outcomes)
            for state in self.states
            if not any(row.when is None for row in self.rows_of(state, trigger))
            and state not in self.answers.get(trigger, {})
        ]

    def commands(self) -> tuple[str, ...]:
        """All that people may have a document do."""
        return self._commands

    def in_words(self, role: str) -> str:
        """A role for people to read; one that needs no words is called by its name."""
        return self.role_words.get(role, role)

    def _row(self, change: Change, trigger: Trigger) -> Row | None:
        """The row that this trigger takes; its roles, guards and deadline are asked for commands alone."""
        rows = self.rows_of(change.state, trigger.name)
        return next((row for row in rows if row.when is None or row.when.holds(change, trigger)), None)

    def answer(self, state: str, trigger: str) -> Cell | None:
        return self.answers.get(trigger, {}).get(state)

    def counts(self, state: str, timer: str) -> bool:
        """Whether a timer may fire in this state: in a busy one only the task's, in a frozen one those named."""
        if state in self.busy:
            return timer in _ALWAYS_COUNT
        if state in self.frozen:
            return timer in _ALWAYS_COUNT or timer in self.frozen[state]
        return True

    # -- folding

    def fold(self, change: Change, trigger: Trigger) -> Verdict:
        """Let the aggregate answer; commands that are not taken raise Refusal and change nothing."""
        if trigger.kind != "timer" and change.knows(trigger.id):
            return DUPLICATE
        self._own(change)
        verdict = self._command(change, trigger) if trigger.kind == "command" else self._other(change, trigger)
        if verdict is TAKEN:
            self._retry_parked(change)
        return verdict

    def _own(self, change: Change) -> None:
        if change.lifecycle is not self:
            raise TypeError(f"{change.id} was opened as {change.kind} under another lifecycle than this {self.name}")

    def _command(self, change: Change, trigger: Trigger) -> Verdict:
        row = self.allowed(change, trigger)
        self._take(change, row, trigger)
        return TAKEN

    def allowed(self, change: Change, trigger: Trigger) -> Row:
        """The row that this command would take. Raises Refusal where there is none, or a rule forbids it; LookupError
        where no row at all is of that name.
        """
        self._own(change)
        if trigger.name not in self._commands:
            raise LookupError(f"{self.name} has no command {trigger.name}")
        if change.state in self.busy:
            raise Refusal("busy", "instruction-open", "The payment provider is being asked; try again in a moment.")
        rows = self.rows_of(change.state, trigger.name)
        if not rows:
            usual = sorted({s for r in self.rows if r.trigger == trigger.name for s in r.sources})
            detail = f"This is {change.state}; that is possible while it is {' or '.join(usual) or 'something else'}."
            raise Refusal("state", "state", detail.replace("_", " "))
        mine = [row for row in rows if not row.by or trigger.roles.intersection(row.by)]
        if not mine:
            who = sorted({self.in_words(role) for row in rows for role in row.by})
            raise Refusal("forbidden", "role", f"Only {' or '.join(who)} may do this now.")
        fitting = [row for row in mine if row.when is None or row.when.holds(change, trigger)]
        if not fitting:
            needed = " or ".join(with_terms(r.when.description, self.terms) for r in mine if r.when)
            raise Refusal("state", "condition", f"This needs: {needed}.")
        row = fitting[0]
        if row.until and (end := change.timers.get(row.until)) and change.now >= end:
            raise Refusal("state", "deadline", f"The time for this ended at {end:%Y-%m-%d, %H:%M} UTC.")
        for guard in row.guards:
            guard.check(change, trigger)
        return row

    def _other(self, change: Change, trigger: Trigger) -> Verdict:
        if trigger.kind == "timer":
            return self._timer(change, trigger)
        if trigger.kind == "outcome" and trigger.name == UNKNOWN_OUTCOME:
            return self._unknown(change, trigger)
        if row := self._row(change, trigger):
            self._take(change, row, trigger)
            return TAKEN
        answer = self.answer(change.state, trigger.name)
        if answer is None:
            return rejected("unknown_trigger", f"{self.name} does not take {trigger.name}")
        if answer.kind == "ignore":
            change.apply(trigger.id)
            change.note(trigger, "ignored", change.state)
            return IGNORED
        if answer.kind == "park":
            parking.park(change, trigger, answer.park)
            change.note(trigger, "parked", change.state)
            return PARKED
        return rejected(answer.reason, f"{trigger.name} does not fit a {self.name} that is {change.state}")

    def _timer(self, change: Change, trigger: Trigger) -> Verdict:
        name = trigger.name.removeprefix("timer:")
        at = change.timers.get(name)
        if at is None or at > change.now or not self.counts(change.state, name):
            return DUPLICATE
        if name == PARKED_TIMER:
            parking.drop_overdue(change)
            return TAKEN
        if name == LEFT_TIMER:
            parking.drop_dead(change)
            change.schedule(name, None)
            return TAKEN
        change.schedule(name, None)
        if row := self._row(change, trigger):
            self._take(change, row, trigger)
            return TAKEN
        return IGNORED

    def _unknown(self, change: Change, trigger: Trigger) -> Verdict:
        if not tasks.is_answered(change, trigger) or tasks.is_counted(change, trigger):
            return DUPLICATE
        change.note(trigger, "unknown", change.state)
        # From the trigger's time: the document's last change may have been by a clock that was ahead.
        tasks.try_task(change, trigger.at + tasks.pause_after(tasks.count_attempt(change), self.longest_pause))
        return IGNORED

    def _take(self, change: Change, row: Row, trigger: Trigger) -> None:
        before = change.state
        if row.to is not None and row.to != change.state:
            change.set(state=row.to)
        change.traceparent = trigger.traceparent
        extra = row.act(change, trigger) if row.act else None
        if self.derive:
            self.derive(change)
        if trigger.kind != "timer":
            change.apply(trigger.id)
        for event in row.events:
            status = {} if event.status is None else {"status": event.status}
            change.emit(event.type, {**self.public(change), **(extra or {}).get(event.type, {}), **status})
        if self.keeps_steps:
            history.record(change, row, trigger)
        change.note(trigger, "taken", before, tuple(event.type for event in row.events))

    def latest_try(self, document: Document, now: datetime) -> datetime:
        """When the document's open task is tried at the latest; what is set for later was set by a wrong clock."""
        return self._latest_try(document, self.terms, now)

    # -- what is parked

    def leave(self, change: Change, trigger: Trigger) -> Verdict:
        """Park a trigger for the worker's poller to fold at once (a webhook that a web process received)."""
        self._own(change)
        if change.knows(trigger.id):
            return DUPLICATE
        parking.leave(change, trigger)
        return PARKED

    def _retry_parked(self, change: Change) -> None:
        def stays(trigger: Trigger) -> Park | None:
            answer = None if self._row(change, trigger) else self.answer(change.state, trigger.name)
            return answer.park if answer is not None and answer.kind == "park" else None

        parking.offer_again(change, stays, lambda trigger: self._other(change, trigger))


def due(change: Change, lifecycle: Lifecycle, now: datetime) -> list[Trigger]:
    """The timers of a document that may fire now, earliest first, as triggers (the task's own is not among them)."""
    ready = sorted((at, name) for name, at in change.timers.items() if at <= now and name != TASK_TIMER)
    return [
        Trigger(name=f"timer:{name}", id=f"{change.id}:{name}:{at.isoformat()}", kind="timer", at=now)
        for at, name in ready
        if lifecycle.counts(change.state, name)
    ]
