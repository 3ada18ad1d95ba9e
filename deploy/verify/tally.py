"""Counts what was checked, and keeps what did not hold with the ids of the culprits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Violation:
    """`subject` names the culprit (`escrow 0197…`); `message` is the same as long as the thing itself is the same."""

    invariant: str
    subject: str
    message: str


@dataclass
class Tally:
    """Of one invariant. `left` are things left out as they are in flight: changed a moment ago, or on their way."""

    invariant: str
    checked: int = 0
    left: int = 0
    violations: list[Violation] = field(default_factory=list)

    def check(self, holds: bool, subject: str, message: str) -> None:
        self.checked += 1
        if not holds:
            self.fail(subject, message)

    def fail(self, subject: str, message: str) -> None:
        self.violations.append(Violation(self.invariant, subject, message))

    def leave(self) -> None:
        self.left += 1

    @contextmanager
    def reading(self, subject: str) -> Iterator[None]:
        """What lacks a field or has it in another form is a culprit too, and must not hide the others."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            self.fail(subject, f"is not of its form: {type(error).__name__} {error}")
