"""What a lifecycle's table is made of: rows, conditions, guards, and the answers where there is no row. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from shared.aggregate.change import Change, Trigger

Action = Callable[[Change, Trigger], Mapping[str, Any] | None]
Test = Callable[[Change, Trigger], bool]


class Refusal(Exception):
    """A command that is not taken: `kind` state | busy | rule | forbidden, the rule's id, and words for a person."""

    def __init__(
        self, kind: Literal["state", "busy", "rule", "forbidden"], rule: str, detail: str, pointer: str | None = None
    ) -> None:
        super().__init__(detail)
        self.kind, self.rule, self.detail, self.pointer = kind, rule, detail, pointer


@dataclass(frozen=True)
class Condition:
    """Which of several rows with the same state and trigger is taken; `words` are for people.

    They may name terms of the agreement in braces (`shared.settings.in_words`), as a row's note may.
    """

    words: str
    holds: Test


@dataclass(frozen=True)
class Guard:
    """A rule that may refuse a command: `holds` or the command is refused with the rule's id and these words.

    `words` may be a function of the change and the trigger where the refusal says more than a constant could.
    """

    rule: str
    holds: Test
    words: str | Callable[[Change, Trigger], str]
    pointer: str | None = None

    def check(self, change: Change, trigger: Trigger) -> None:
        if not self.holds(change, trigger):
            words = self.words if isinstance(self.words, str) else self.words(change, trigger)
            raise Refusal("rule", self.rule, words, self.pointer)


@dataclass(frozen=True)
class Row:
    """One transition. `to` None keeps the state; `by` are the roles that may command it; `until` is the timer that
    ends it.

    `act` changes the document's fields (the state is already the new one) and may return data that the events carry
    beside the public state. `emits` are the event types written, in order.
    """

    sources: tuple[str, ...]
    trigger: str
    to: str | None = None
    emits: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    when: Condition | None = None
    guards: tuple[Guard, ...] = ()
    act: Action | None = None
    until: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Park:
    """Keep the trigger in the document until the state fits; after `limit` it becomes `then`. No limit: for ever."""

    limit: timedelta | None = None
    then: Literal["ignore", "reject"] = "reject"


@dataclass(frozen=True)
class Answer:
    """What a cell without a row says to an event or an outcome."""

    kind: Literal["ignore", "park", "reject"]
    park: Park = field(default_factory=Park)
    reason: str = ""


Cells = Mapping[str, Mapping[str, Answer]]


def cells(
    *,
    ignore: Mapping[str, Iterable[str]] | None = None,
    park: Mapping[str, Mapping[str, Park]] | None = None,
    reject: Mapping[str, Iterable[str]] | None = None,
) -> Cells:
    """Answers by trigger and state: `ignore` and `reject` give states a trigger, `park` a Park for each state."""
    table: dict[str, dict[str, Answer]] = {}

    def put(trigger: str, state: str, answer: Answer) -> None:
        if state in table.setdefault(trigger, {}):
            raise ValueError(f"{trigger} in {state} is answered twice")
        table[trigger][state] = answer

    for trigger, states in (ignore or {}).items():
        for state in states:
            put(trigger, state, Answer("ignore"))
    for trigger, parks in (park or {}).items():
        for state, how in parks.items():
            put(trigger, state, Answer("park", how))
    for trigger, states in (reject or {}).items():
        for state in states:
            put(trigger, state, Answer("reject", reason="not_in_this_state"))
    return table
