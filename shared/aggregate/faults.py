"""What is wrong with a lifecycle's table: looked for when it is made, so that a slip ends the process at its start."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.aggregate.lifecycle import Lifecycle


def faults(table: "Lifecycle") -> Iterator[str]:
    """Each in words: unknown states, answers that nobody asks for, empty cells, cells with a row and an answer, and
    events whose status is left open.
    """
    named = {s for row in table.rows for s in (*row.sources, *([row.to] if row.to else []))}
    named |= {s for by_state in table.answers.values() for s in by_state}
    if unknown := named - set(table.states):
        yield f"unknown states {sorted(unknown)}"
    if unasked := set(table.answers) - {*table.events, *table.outcomes}:
        yield f"answers to triggers that are not listed: {sorted(unasked)}"
    if empty := table.empty_cells():
        yield f"empty cells {empty}"
    for row in table.rows:
        if len(row.emits) > 1 and any(event.status is None for event in row.events):
            yield f"{row.trigger} emits several events; each says its status"
    for state in table.states:
        for trigger, by_state in table.answers.items():
            if state in by_state and any(row.when is None for row in table.rows_of(state, trigger)):
                yield f"{trigger} in {state} has a row and an answer"
