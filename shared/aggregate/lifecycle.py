"""A lifecycle as one table: rows that are taken, and for every other (state x event) an answer. Pure, no I/O.

    OFFER = Lifecycle("offer", states=(...), public=..., events=("escrow.held", ...),
                      rows=(Row(("proposed",), "accept", to="accepted", by=("other",), ...), ...),
                      answers=cells(ignore={"escrow.held": ("active", ...)}, park={...}, reject={...}))

A command without a row is refused (409), an event without a row must have an answer: the table is checked when it is
made, and an empty cell is an error. In a `busy` state a task is open: events park, commands are told to come again,
timers wait; only the task's outcome moves the document.
"""

import traceback
from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from shared.aggregate.change import Change, Trigger
from shared.aggregate.table import Answer, Cells, Park, Refusal, Row
from shared.aggregate.verdict import DUPLICATE, IGNORED, PARKED, TAKEN, Verdict, rejected
from shared.settings import Terms
from shared.settings.in_words import with_terms

PARKED_TIMER = "parked"
LEFT_TIMER = "left"
INSTRUCTION_TIMER = "instruction"
UNKNOWN_OUTCOME = "unknown"
_ALWAYS_COUNT = (PARKED_TIMER, LEFT_TIMER, INSTRUCTION_TIMER)


class Lifecycle:
    """The table, checked when it is made, and the one function that folds a trigger into a change.

    `events` and `outcomes` are the triggers that need an answer in each state; `public` gives the data that every event
    of this aggregate carries. Commands are all other triggers of rows but `timer:...`.
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
        retry_after: Callable[[int], timedelta] = lambda attempts: timedelta(seconds=min(2**attempts, 60)),
    ) -> None:
        self.name, self.states, self.rows, self.public = name, states, rows, public
        self.events, self.outcomes, self.busy, self.final = events, outcomes, busy, final
        self.frozen = frozen or {}
        self.terms = terms or Terms()
        self.retry_after = retry_after
        self.answers = {t: dict(by_state) for t, by_state in (answers or {}).items()}
        for state in busy:
            for event in events:
                if not self._rows(state, event):
                    self.answers.setdefault(event, {}).setdefault(state, Answer("park"))
        self._check()

    def with_terms(self, terms: Terms) -> "Lifecycle":
        """The same table with other durations and limits; actions and conditions read them as `change.terms`."""
        other = copy(self)
        other.terms = terms
        return other

    # -- the table

    def _rows(self, state: str, trigger: str) -> list[Row]:
        return [row for row in self.rows if state in row.sources and row.trigger == trigger]

    def empty_cells(self) -> list[tuple[str, str]]:
        """(state, event or outcome) pairs that have neither a row without a condition nor an answer."""
        return [
            (state, trigger)
            for trigger in (*self.events, *self.outcomes)
            for state in self.states
            if not any(row.when is None for row in self._rows(state, trigger))
            and state not in self.answers.get(trigger, {})
        ]

    def _check(self) -> None:
        named = {s for row in self.rows for s in (*row.sources, *([row.to] if row.to else []))}
        named |= {s for by_state in self.answers.values() for s in by_state}
        if unknown := named - set(self.states):
            raise ValueError(f"{self.name}: unknown states {sorted(unknown)}")
        if unasked := set(self.answers) - {*self.events, *self.outcomes}:
            raise ValueError(f"{self.name}: answers to triggers that are not listed: {sorted(unasked)}")
        if empty := self.empty_cells():
            raise ValueError(f"{self.name}: empty cells {empty}")
        for state in self.states:
            for trigger, by_state in self.answers.items():
                if state in by_state and any(row.when is None for row in self._rows(state, trigger)):
                    raise ValueError(f"{self.name}: {trigger} in {state} has a row and an answer")

    def commands(self) -> tuple[str, ...]:
        others = {*self.events, *self.outcomes}
        return tuple(dict.fromkeys(r.trigger for r in self.rows if r.trigger not in others and ":" not in r.trigger))

    def answer(self, state: str, trigger: str) -> Answer | None:
        return self.answers.get(trigger, {}).get(state)

    def counts(self, state: str, timer: str) -> bool:
        """Whether a timer may fire in this state (in a busy one only the instruction's, in a frozen one those
        named).
        """
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
        change.terms = self.terms
        verdict = self._command(change, trigger) if trigger.kind == "command" else self._other(change, trigger)
        if verdict is TAKEN:
            self._retry_parked(change)
        change.settle(lambda timer: self.counts(change.state, timer))
        return verdict

    def _command(self, change: Change, trigger: Trigger) -> Verdict:
        row = self.allowed(change, trigger)
        self._take(change, row, trigger)
        return TAKEN

    def allowed(self, change: Change, trigger: Trigger) -> Row:
        """The row that this command would take; raises Refusal where there is none, or a rule forbids it."""
        change.terms = self.terms
        if change.state in self.busy and trigger.name in self.commands():
            raise Refusal("busy", "instruction_open", "The payment provider is being asked; try again in a moment.")
        rows = self._rows(change.state, trigger.name)
        if not rows:
            usual = sorted({s for r in self.rows if r.trigger == trigger.name for s in r.sources})
            words = f"This is {change.state}; that is possible while it is {' or '.join(usual) or 'something else'}."
            raise Refusal("state", "state", words.replace("_", " "))
        mine = [row for row in rows if not row.by or trigger.roles.intersection(row.by)]
        if not mine:
            who = sorted({role for row in rows for role in row.by})
            raise Refusal("forbidden", "role", f"Only {' or '.join(who)} may do this.")
        fitting = [row for row in mine if row.when is None or row.when.holds(change, trigger)]
        if not fitting:
            needed = " or ".join(with_terms(r.when.words, self.terms) for r in mine if r.when)
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
        for row in self._rows(change.state, trigger.name):
            if row.when is None or row.when.holds(change, trigger):
                self._take(change, row, trigger)
                return TAKEN
        answer = self.answer(change.state, trigger.name)
        if answer is None:
            return rejected("unknown_trigger", f"{self.name} does not take {trigger.name}")
        if answer.kind == "ignore":
            change.apply(trigger.id)
            return IGNORED
        if answer.kind == "park":
            self._park(change, trigger, answer.park)
            return PARKED
        return rejected(answer.reason, f"{trigger.name} does not fit a {self.name} that is {change.state}")

    def _timer(self, change: Change, trigger: Trigger) -> Verdict:
        name = trigger.name.removeprefix("timer:")
        at = change.timers.get(name)
        if at is None or at > change.now or not self.counts(change.state, name):
            return DUPLICATE
        if name == LEFT_TIMER:
            self._drop_parked(change, [p for p in change.parked if "reason" in p])
            change.schedule(name, None)
            return TAKEN
        if name == PARKED_TIMER:
            self._drop_parked(change, [p for p in change.parked if "until" in p and p["until"] <= change.now])
            return TAKEN
        change.schedule(name, None)
        for row in self._rows(change.state, trigger.name):
            if row.when is None or row.when.holds(change, trigger):
                self._take(change, row, trigger)
                return TAKEN
        return IGNORED

    def _unknown(self, change: Change, trigger: Trigger) -> Verdict:
        instruction = change.get("instruction")
        if not instruction or instruction["id"] != trigger.data["instruction_id"]:
            return DUPLICATE
        attempts = int(instruction.get("attempts", 0)) + 1
        change.set(instruction={**instruction, "attempts": attempts})
        change.schedule(INSTRUCTION_TIMER, change.now + self.retry_after(attempts))
        return IGNORED

    def _take(self, change: Change, row: Row, trigger: Trigger) -> None:
        if row.to is not None and row.to != change.state:
            change.set(state=row.to)
        change.traceparent = trigger.traceparent
        extra = row.act(change, trigger) if row.act else None
        if trigger.kind != "timer":
            change.apply(trigger.id)
        for event_type in row.emits:
            change.emit(event_type, {**self.public(change), **(extra or {}).get(event_type, {})})

    # -- what is parked

    def leave(self, change: Change, trigger: Trigger) -> Verdict:
        """Only keep a trigger, for the worker's poller to fold at once (what a web process is told by others)."""
        if change.knows(trigger.id):
            return DUPLICATE
        self._keep(change, trigger, {"offer_at": change.now, "then": "reject"})
        change.settle(lambda timer: self.counts(change.state, timer))
        return PARKED

    def _park(self, change: Change, trigger: Trigger, how: Park) -> None:
        limit = {"until": change.now + how.limit} if how.limit else {}
        self._keep(change, trigger, {"then": how.then, **limit})

    def _keep(self, change: Change, trigger: Trigger, how: Mapping[str, Any]) -> None:
        kept: dict[str, Any] = {
            "id": trigger.id,
            "name": trigger.name,
            "kind": trigger.kind,
            "data": dict(trigger.data),
        }
        kept |= {"at": trigger.at, "sequence": trigger.sequence, "parked_at": change.now, **how}
        if trigger.traceparent:
            kept["traceparent"] = trigger.traceparent
        if trigger.record:
            kept["record"] = dict(trigger.record)
        self._set_parked(change, [*change.parked, kept])

    def _set_parked(self, change: Change, parked: list[dict[str, Any]]) -> None:
        """Two timers: when the first was parked too long (a deadline like any other: what it waits for may still be in
        Kafka), and when the first was left here to be folded, or died and is to be buried, which waits for nothing.
        """
        change.park(parked)
        for timer, field in ((PARKED_TIMER, "until"), (LEFT_TIMER, "offer_at")):
            change.schedule(timer, min((p[field] for p in parked if field in p), default=None))

    def _retry_parked(self, change: Change) -> None:
        """Offer each parked trigger to the new state, oldest first, until none moves any more."""
        moved = True
        while moved:
            oldest_first = sorted(change.parked, key=lambda p: (p["at"], p["sequence"], p["id"]))
            moved = any(self._retry(change, kept) for kept in oldest_first if "reason" not in kept)

    def _retry(self, change: Change, kept: dict[str, Any]) -> bool:
        """Offer one parked trigger to the state; False if it stays parked. What it raises kills it alone."""
        saved = change.save()
        try:
            answer = self._cell(change, kept)
            if answer is not None and answer.kind == "park":
                self._renew(change, kept, answer.park)
                return False
            self._set_parked(change, [p for p in change.parked if p["id"] != kept["id"]])
            verdict = self._other(change, unparked(kept))
        except Exception:
            verdict = rejected("error", traceback.format_exc())
        if verdict.outcome == "rejected":
            change.restore(saved)
            self._die(change, kept, verdict)
        return verdict is not PARKED

    def _cell(self, change: Change, kept: Mapping[str, Any]) -> Answer | None:
        trigger = unparked(kept)
        if any(r.when is None or r.when.holds(change, trigger) for r in self._rows(change.state, kept["name"])):
            return None
        return self.answer(change.state, kept["name"])

    def _renew(self, change: Change, kept: dict[str, Any], how: Park) -> None:
        fresh = {k: v for k, v in kept.items() if k not in ("until", "offer_at")}
        if how.limit is not None:
            fresh |= {"until": kept.get("until", change.now + how.limit), "then": how.then}
        if fresh != kept:
            self._set_parked(change, [fresh if p["id"] == kept["id"] else p for p in change.parked])

    def _die(self, change: Change, kept: dict[str, Any], verdict: Verdict) -> None:
        """It leaves the document as a dead letter, which the poller sends at once."""
        over = {name: value for name, value in kept.items() if name != "until"}
        over |= {"offer_at": change.now, "then": "reject", "reason": verdict.reason, "error": verdict.detail}
        self._set_parked(change, [over if p["id"] == kept["id"] else p for p in change.parked])

    def _drop_parked(self, change: Change, over: list[dict[str, Any]]) -> None:
        """These leave the document: into `change.dead`, for their dead letters, or into what was ignored."""
        self._set_parked(change, [p for p in change.parked if p not in over])
        for kept in over:
            if kept["then"] == "reject":
                change.dead.append({"reason": "parked_too_long", **kept})
            else:
                change.apply(kept["id"])


def unparked(kept: Mapping[str, Any]) -> Trigger:
    """The trigger that was parked."""
    return Trigger(
        name=kept["name"],
        id=kept["id"],
        kind=kept["kind"],
        at=kept["at"],
        data=kept["data"],
        sequence=kept["sequence"],
        traceparent=kept.get("traceparent"),
        record=kept.get("record"),
    )


def due(change: Change, lifecycle: Lifecycle, now: datetime) -> list[Trigger]:
    """The timers of a document that may fire now, earliest first, as triggers (the instruction's own is not among
    them).
    """
    ready = sorted((at, name) for name, at in change.timers.items() if at <= now and name != INSTRUCTION_TIMER)
    return [
        Trigger(name=f"timer:{name}", id=f"{change.id}:{name}:{at.isoformat()}", kind="timer", at=now)
        for at, name in ready
        if lifecycle.counts(change.state, name)
    ]
