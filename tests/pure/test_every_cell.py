"""Every state, command, role, event, outcome and timer of the three tables, tried in every situation that can be.

The situations are found by playing the lifecycle itself from the start (`tests.support.paths`). What a row allows does
what the row says and emits exactly its events; all else is answered as its cell says and changes nothing else.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from shared.aggregate import Change, Lifecycle, Refusal, Row, Trigger
from shared.aggregate.parking import LEFT_TIMER, PARKED_TIMER
from shared.aggregate.tasks import UNKNOWN_OUTCOME
from shared.events.catalogue import read_data
from tests.support.paths import Folded, Situation, Table
from tests.support.tables import TABLES, explored

Refused = tuple[str, str]
Expected = Row | Refused | str
"""The row that is taken, a refusal's (kind, rule), or the verdict's outcome."""


# -- what the table says


def expected(table: Lifecycle, change: Change, trigger: Trigger) -> Expected:
    """Read from the table what must come of it."""
    rows = _by_cell(table).get((change.state, trigger.name), [])
    if trigger.kind == "command":
        return _command(table, change, trigger, rows)
    if trigger.name == UNKNOWN_OUTCOME:
        asked = change.get("instruction") or {"id": None}
        return "ignored" if asked["id"] == trigger.data["instruction_id"] else "duplicate"
    if trigger.kind == "timer":
        name = trigger.name.removeprefix("timer:")
        at = change.timers.get(name)
        if at is None or at > trigger.at or not table.counts(change.state, name):
            return "duplicate"
        if name in (PARKED_TIMER, LEFT_TIMER):
            return "taken"
    elif change.knows(trigger.id):
        return "duplicate"
    holding = [row for row in rows if row.when is None or row.when.holds(change, trigger)]
    if holding:
        return holding[0]
    if trigger.kind == "timer":
        return "ignored"
    answer = table.answers[trigger.name][change.state]
    return {"ignore": "ignored", "park": "parked", "reject": "rejected"}[answer.kind]


@cache
def _by_cell(table: Lifecycle) -> dict[tuple[str, str], list[Row]]:
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in table.rows:
        for state in row.sources:
            cells.setdefault((state, row.trigger), []).append(row)
    return cells


def _command(table: Lifecycle, change: Change, trigger: Trigger, rows: list[Row]) -> Expected:
    if change.state in table.busy:
        return "busy", "instruction-open"
    if not rows:
        return "state", "state"
    rows = [row for row in rows if set(row.by) & trigger.roles]
    if not rows:
        return "forbidden", "role"
    rows = [row for row in rows if row.when is None or row.when.holds(change, trigger)]
    if not rows:
        return "state", "condition"
    deadline = change.timers.get(rows[0].until or "")
    if deadline and trigger.at >= deadline:
        return "state", "deadline"
    for guard in rows[0].guards:
        try:
            guard.check(change, trigger)
        except Refusal as refusal:
            return refusal.kind, refusal.rule
    return rows[0]


# -- what came of it


def check(table: Table, situation: Situation, trigger: Trigger) -> Expected:
    """Try it, and compare with what the table says; AssertionError."""
    says = expected(table.lifecycle, Change(table.id, table.lifecycle, situation.document, trigger.at), trigger)
    before = Change(table.id, table.lifecycle, situation.document, trigger.at).document()
    try:
        folded = table.fold(situation, trigger)
    except Refusal as refusal:
        assert (refusal.kind, refusal.rule) == says
        assert Change(table.id, table.lifecycle, situation.document, trigger.at).document() == before
        return says
    assert folded.verdict.outcome == ("taken" if isinstance(says, Row) else says)
    if says in ("duplicate", "rejected"):
        assert not folded.change.dirty and not folded.change.dead
        return says
    after = folded.document
    assert after["version"] == before["version"] + (folded.change.base_version == before["version"])
    if isinstance(says, Row):
        _as_the_row_says(situation, trigger, says, folded)
    else:
        _as_the_cell_says(situation, trigger, says, folded)
    counting = [at for name, at in after.get("timers", {}).items() if table.lifecycle.counts(after["state"], name)]
    assert after.get("due_at") == min(counting, default=None)
    then = Situation(after, folded.change.now)
    table.holds(then)
    if trigger.kind == "timer":
        name = trigger.name.removeprefix("timer:")
        assert then.timers.get(name) != situation.timers[name], "it fired, and is still set"
    _not_twice(table, then, trigger)
    return says


def _as_the_row_says(situation: Situation, trigger: Trigger, row: Row, folded: Folded) -> None:
    """Its state and exactly its events; what was parked may follow, by rows of its own."""
    assert folded.rows[0] is row
    assert len(folded.rows) == 1 or situation.get("parked")
    state, emitted = situation.state, []
    for taken in folded.rows:
        assert state in taken.sources
        state = taken.to or state
        emitted += [(event.type, event.status or state) for event in taken.events]
    assert folded.change.state == state
    assert [(event["type"], event["data"]["status"]) for event in folded.events] == emitted
    _valid(situation, folded)
    if trigger.kind != "timer":
        assert trigger.id in folded.change["applied"]
    if folded.events:
        assert folded.change["outbox_at"] == folded.change.now


def _valid(situation: Situation, folded: Folded) -> None:
    """The events are numbered on, and fit the catalogue."""
    first = situation.get("seq", 0) + 1
    assert [event["seq"] for event in folded.events] == list(range(first, first + len(folded.events)))
    for event in folded.events:
        assert read_data(event["type"], event["version"], event["data"]) == event["data"]
    if len(folded.rows) == 1 and folded.events:
        assert folded.events[-1]["data"]["status"] == folded.change.state


def _as_the_cell_says(situation: Situation, trigger: Trigger, says: str, folded: Folded) -> None:
    """The state stays, nothing is emitted, and nothing changes but what remembers the trigger."""
    assert (folded.change.state, folded.events, folded.rows) == (situation.state, [], [])
    before, after = situation.document or {}, folded.document
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)} - {"version", "updated_at"}
    if not situation.document:
        changed -= {"_id", "kind", "state"}
    match says, trigger.kind:
        case "parked", _:
            assert changed <= {"parked", "timers", "due_at"}
            assert [kept["id"] for kept in after["parked"]][-1] == trigger.id
        case "ignored", "timer":
            assert changed <= {"timers", "due_at"}
            assert set(situation.timers) - set(after["timers"]) == {trigger.name.removeprefix("timer:")}
        case "ignored", _ if trigger.name == UNKNOWN_OUTCOME:
            assert changed <= {"instruction", "timers", "due_at"}
            assert after["instruction"]["attempts"] == before["instruction"].get("attempts", 0) + 1
        case "ignored", _:
            assert changed == {"applied"}
            assert after["applied"] == [*before.get("applied", []), trigger.id]
        case _:
            _parked_too_long(situation, folded, changed)


def _parked_too_long(situation: Situation, folded: Folded, changed: set[str]) -> None:
    """The timer of what is parked: each becomes a dead letter."""
    over = [kept for kept in situation.get("parked") if kept.get("until", folded.change.now) <= folded.change.now]
    assert changed <= {"parked", "timers", "due_at"}
    assert [kept["id"] for kept in folded.change.dead] == [kept["id"] for kept in over]


def _not_twice(table: Table, then: Situation, trigger: Trigger) -> None:
    """The same again changes nothing, unless the timer was set again; not knowing is no outcome, and may repeat."""
    again_at = then.timers.get(trigger.name.removeprefix("timer:"))
    if trigger.name == UNKNOWN_OUTCOME or (trigger.kind == "timer" and again_at and again_at <= trigger.at):
        return
    again = table.fold(then, trigger)
    assert again.verdict.outcome == "duplicate"
    assert not again.change.dirty


# -- all of it


@dataclass
class Tried:
    """What was tried with one table: how often, which cells, which rows were taken, and what was wrong by state."""

    count: Counter[str] = field(default_factory=Counter)
    cells: set[tuple[str, str, str]] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    situations: int = 0


@cache
def tried(name: str) -> Tried:
    table, result = TABLES[name], Tried()
    for situation in explored(name).situations.values():
        result.situations += 1
        for who, trigger in table.attempts(situation):
            result.count[trigger.kind] += 1
            result.cells.add((situation.state, trigger.name, who if trigger.kind == "command" else ""))
            try:
                says = check(table, situation, trigger)
            except Exception as error:
                path = " > ".join(situation.path)
                about = f"{path} > {trigger.name} ({who}) at {trigger.at}: {type(error).__name__}: {error}"
                result.wrong.setdefault(situation.state, []).append(about)
                continue
            if isinstance(says, Row) and not any(says is row for row in result.rows):
                result.rows.append(says)
    return result


STATES = [(name, state) for name, table in TABLES.items() for state in table.lifecycle.states]


@pytest.mark.parametrize(("name", "state"), STATES, ids=[f"{name} {state}" for name, state in STATES])
def test_every_cell(name: str, state: str) -> None:
    """Whatever is tried in this state is answered as the table says."""
    wrong = tried(name).wrong.get(state, [])

    assert not wrong, f"{len(wrong)} wrong, the first: {wrong[0]}"


@pytest.mark.parametrize("name", TABLES)
def test_nothing_is_left_out(name: str) -> None:
    """Each state with each command by each role, each event, outcome and timer; and each row was taken."""
    table, result = TABLES[name].lifecycle, tried(name)
    roles = {role for row in table.rows for role in row.by} - {"maker", "other", "opener"}
    wanted = {(state, command, role) for state in table.states[1:] for command in table.commands() for role in roles}
    wanted |= {("new", command, "maker") for command in table.commands() if name != "escrow"}
    wanted |= {(state, told, "") for state in table.states for told in (*table.events, *table.outcomes)}
    timers = {row.trigger for row in table.rows if row.trigger.startswith("timer:")}
    wanted |= {(state, timer, "") for state in table.states for timer in timers}

    missing, never = wanted - result.cells, [row for row in table.rows if not any(row is each for each in result.rows)]
    triggers = sorted({trigger for _, trigger, _ in missing})
    assert not missing, (
        f"not tried: {triggers}; a command has its bodies in `_{name}_bodies` of tests/support/tables.py"
    )
    rows = [(row.sources, row.trigger, row.to) for row in never]
    assert not rows, f"never taken: {rows}; tests/support/tables.py lacks a body, or `_{name}_alike` is too coarse"


def test_the_count(capsys: pytest.CaptureFixture[str]) -> None:
    """Say how much was tried."""
    all_ = {name: tried(name) for name in TABLES}
    lines: list[Any] = [
        f"{name}: {sum(each.count.values())} tries of {len(each.cells)} cells in {each.situations} situations "
        f"({', '.join(f'{count} {kind}s' for kind, count in sorted(each.count.items()))})"
        for name, each in all_.items()
    ]
    with capsys.disabled():
        print("", *lines, sep="\n")

    assert all(each.count.keys() == {"command", "event", "outcome", "timer"} for each in (*all_.values(),)[1:])
