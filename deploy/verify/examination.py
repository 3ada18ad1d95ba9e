"""Goes through all slices, counts, and looks a second time at those in which something did not hold.

How far it is can be kept after each slice, so that an examination that was broken off goes on there.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from deploy.verify.invariants import INVARIANTS, verify
from deploy.verify.slices import Part
from deploy.verify.snapshot import Snapshot
from deploy.verify.tally import Violation

LOOK_AGAIN_S = 2.0


class Reading(Protocol):
    """Where it begins, and the slice of a part with the part that follows it."""

    def first(self) -> Part: ...

    def read(self, part: Part) -> tuple[Snapshot, Part | None]: ...


@dataclass
class Progress:
    """How far it is: `part` is next, None where all were read once. Violations are those of the first look."""

    part: Part | None
    documents: int = 0
    unreadable: int = 0
    settling_s: float = 0.0
    checked: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    suspects: list[Part] = field(default_factory=list)
    violations: set[Violation] = field(default_factory=set)

    def plain(self) -> dict[str, Any]:
        """Ready for JSON."""
        own = {**vars(self), "part": vars(self.part) if self.part else None}
        own["suspects"] = [vars(each) for each in self.suspects]
        return own | {"violations": [vars(each) for each in sorted(self.violations)]}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Progress":
        own = {**plain, "part": Part(**plain["part"]) if plain["part"] else None}
        own["suspects"] = [Part(**each) for each in plain["suspects"]]
        return cls(**own | {"violations": {Violation(**each) for each in plain["violations"]}})


def examine(
    reading: Reading,
    progress: Progress | None = None,
    each: Callable[[Progress], object] = lambda _: None,
    look_again_s: float = LOOK_AGAIN_S,
) -> dict[str, Any]:
    """Read and check all that is left by `progress`; `each` is called after every slice. What does not hold is read
    once more after a while, and only what is still so counts.
    """
    progress = progress or Progress(reading.first())
    while progress.part is not None:
        part = progress.part
        seen, progress.part = reading.read(part)
        _count(progress, part, seen)
        each(progress)
    lasting: set[Violation] = set()
    if progress.suspects:
        time.sleep(look_again_s)
        for part in progress.suspects:
            seen, _ = reading.read(part)
            lasting.update(v for result in verify(seen) for v in result.violations)
    return _report(progress, lasting & progress.violations)


def _count(progress: Progress, part: Part, seen: Snapshot) -> None:
    found: set[Violation] = set()
    for result in verify(seen):
        progress.checked[result.invariant] = progress.checked.get(result.invariant, 0) + result.checked
        progress.left[result.invariant] = progress.left.get(result.invariant, 0) + result.left
        found.update(result.violations)
    progress.documents += sum(len(docs) for docs in seen.documents.values())
    progress.unreadable += sum(record.event is None for record in seen.records)
    progress.settling_s = seen.settling.total_seconds()
    progress.violations |= found
    if found:
        progress.suspects.append(part)


def _report(progress: Progress, lasting: set[Violation]) -> dict[str, Any]:
    return {
        "holds": not lasting,
        "readings": 2 if progress.suspects else 1,
        "documents": progress.documents,
        "settling_seconds": progress.settling_s,
        "unreadable_records": progress.unreadable,
        "invariants": [
            {
                "id": invariant.id,
                "says": invariant.description,
                "checked": progress.checked.get(invariant.id, 0),
                "in_flight": progress.left.get(invariant.id, 0),
                "violations": [
                    {"subject": violation.subject, "words": violation.message}
                    for violation in sorted(lasting)
                    if violation.invariant == invariant.id
                ],
            }
            for invariant in INVARIANTS
        ],
    }
