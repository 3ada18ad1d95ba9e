"""What a lifecycle's table is made of: rows, conditions, guards, and the answers where there is no row. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from shared.aggregate.change import Change, Trigger

Action = Callable[[Change, Trigger], Mapping[str, Any] | None]
Test = Callable[[Change, Trigger], bool]


class Refusal(Exception):
    """A command that is not taken: `kind` says as what, then the rule's id, and a message."""

    def __init__(
        self, kind: Literal["state", "busy", "rule", "forbidden"], rule: str, detail: str, pointer: str | None = None
    ) -> None:
        super().__init__(detail)
        self.kind, self.rule, self.detail, self.pointer = kind, rule, detail, pointer


@dataclass(frozen=True)
class Condition:
    """Which of several rows with the same state and trigger is taken; `description` is for people.

    They may name terms of the agreement in braces (`shared.settings.in_words`), as a row's note may.
    """

    description: str
    holds: Test


@dataclass(frozen=True)
class Guard:
    """A rule that may refuse a command: `holds`, or the command is refused with the rule's id and this message.

    `message` may be a function of the change and the trigger where the refusal says more than a constant could; where
    the guard stands for a set of rules, it returns a `Breach`, which names the one that is broken. `refuses` says as
    what: a rule about what was sent, the state that things are in, or a right that the caller has not.
    """

    rule: str
    holds: Test
    message: "str | Callable[[Change, Trigger], str | Breach]"
    pointer: str | None = None
    refuses: Literal["rule", "state", "forbidden"] = "rule"

    def check(self, change: Change, trigger: Trigger) -> None:
        if self.holds(change, trigger):
            return
        message = self.message if isinstance(self.message, str) else self.message(change, trigger)
        if isinstance(message, Breach):
            raise Refusal(self.refuses, message.rule, message.message, message.pointer)
        raise Refusal(self.refuses, self.rule, message, self.pointer)


@dataclass(frozen=True)
class Breach:
    """One rule that is broken: its id, the JSON pointer of the field, and what would be allowed."""

    rule: str
    pointer: str
    message: str


@dataclass(frozen=True)
class Emit:
    """An event of a row. `status` is what it says of the aggregate: the state that is reached where none is given."""

    type: str
    status: str | None = None


@dataclass(frozen=True)
class Row:
    """One transition. `to` None keeps the state; `by` are the roles that may command it; `until` is the timer that
    ends it.

    `act` changes the document's fields (the state is already the new one) and may return data that the events carry
    beside the public state. `emits` are the events written, in order: each type alone, or an `Emit` with the status
    that it carries, which a row of several events says of each. `recorded`: it stands in the document's history
    though it neither moves the document nor emits.
    """

    sources: tuple[str, ...]
    trigger: str
    to: str | None = None
    emits: tuple[str | Emit, ...] = ()
    by: tuple[str, ...] = ()
    when: Condition | None = None
    guards: tuple[Guard, ...] = ()
    act: Action | None = None
    until: str | None = None
    note: str = ""
    recorded: bool = False

    @property
    def events(self) -> tuple[Emit, ...]:
        return tuple(Emit(each) if isinstance(each, str) else each for each in self.emits)


@dataclass(frozen=True)
class Park:
    """Keep the trigger in the document until the state fits; after `limit` it is a dead letter. No limit: for ever."""

    limit: timedelta | None = None


@dataclass(frozen=True)
class Cell:
    """What a cell without a row says to an event or an outcome."""

    kind: Literal["ignore", "park", "reject"]
    park: Park = field(default_factory=Park)
    reason: str = ""


Cells = Mapping[str, Mapping[str, Cell]]


def cells(
    *,
    ignore: Mapping[str, Iterable[str]] | None = None,
    park: Mapping[str, Mapping[str, Park]] | None = None,
    reject: Mapping[str, Iterable[str]] | None = None,
) -> Cells:
    """Answers by trigger and state: `ignore` and `reject` give states a trigger, `park` a Park for each state."""
    table: dict[str, dict[str, Cell]] = {}

    def put(trigger: str, state: str, answer: Cell) -> None:
        if state in table.setdefault(trigger, {}):
            raise ValueError(f"{trigger} in {state} is answered twice")
        table[trigger][state] = answer

    for trigger, states in (ignore or {}).items():
        for state in states:
            put(trigger, state, Cell("ignore"))
    for trigger, parks in (park or {}).items():
        for state, how in parks.items():
            put(trigger, state, Cell("park", how))
    for trigger, states in (reject or {}).items():
        for state in states:
            put(trigger, state, Cell("reject", reason="not_in_this_state"))
    return table
