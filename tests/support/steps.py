"""What a lifecycle does, watched row by row from outside: one `Step` for each row that is taken."""

from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any

from shared.aggregate import Change, Lifecycle, Row, Trigger
from tests.support.paths import Watched


@dataclass(frozen=True)
class Step:
    """A document before and after one row, what made it take that, and the events that came of it."""

    before: Mapping[str, Any]
    trigger: Trigger
    after: Mapping[str, Any]
    events: Mapping[str, Mapping[str, Any]]
    """{type: data}"""

    def __str__(self) -> str:
        asked = f" by {self.trigger.by} as {sorted(self.trigger.roles)}" if self.trigger.kind == "command" else ""
        states = f"{self.before['state']} > {self.after['state']}"
        return f"{states} on {self.trigger.name}{asked} at {self.trigger.at}: {dict(self.trigger.data)}"


Rules = Mapping[str, Callable[[Step], bool]]
"""By what each says; it gives False where a step breaks it."""


def judged(rules: Rules, tell: Callable[[str], object]) -> type[Watched]:
    """A lifecycle that tells which rule a row broke, and how."""

    class Judged(Watched):
        def _take(self, change: Change, row: Row, trigger: Trigger) -> None:
            before, emitted = _seen(change), len(change.pushed.get("events", ()))
            super()._take(change, row, trigger)
            events = {each["type"]: each["data"] for each in change.pushed.get("events", ())[emitted:]}
            step = Step(before, trigger, _seen(change), events)
            for says, holds in rules.items():
                if not holds(step):
                    tell(f"{says}: {step}")

    return Judged


def judge(lifecycle: Lifecycle, rules: Rules, tell: Callable[[str], object]) -> Lifecycle:
    """The same lifecycle, judged."""
    watched = copy(lifecycle)
    watched.__class__ = judged(rules, tell)
    assert isinstance(watched, Watched)
    watched.taken = []
    return watched


def _seen(change: Change) -> dict[str, Any]:
    document = change.document()
    return {name: deepcopy(value) for name, value in document.items() if name not in ("events", "applied", "parked")}
