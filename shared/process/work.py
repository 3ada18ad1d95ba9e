"""What a service does in the background, as one value: its worker process, the simulator and the tests all run it.

Each service makes its own in `main.work`; what turns it, step by step or in threads, is in `loops` and `worker`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event as Flag

from shared.aggregate import Archiving, Change, Lifecycle, Routes, Store
from shared.poller import CarryOut, OnTimer, Page, Prepare

Beat = Callable[[], None]
"""A loop's sign of life; a loop that gives none for a minute counts as stuck."""

Step = Callable[[], int]
"""Does what there is to do now, and returns how much that was."""

Loop = Callable[[Flag, Beat], None]
"""Runs until the flag is set, and gives a sign of life each time it comes round."""


@dataclass(frozen=True)
class Leased:
    """A step that runs while this worker holds the lease. `woken_by`: whether a write of this process left something
    for it to do at once; what others left it finds at its next round.
    """

    step: Step
    woken_by: Callable[[Change], bool]

    def __call__(self) -> int:
        return self.step()


@dataclass(frozen=True, kw_only=True)
class Work:
    """Everything that one service does beside its API, over its store."""

    service: str
    store: Store
    routes: Routes
    lifecycles: Sequence[Lifecycle]
    """Whose timers fire and whose instructions are carried out, each for the documents of its name."""

    timers: Mapping[str, OnTimer] = field(default_factory=dict)
    """What becomes of a timer that is due in a document without a lifecycle, by the document's kind."""

    pages: Mapping[str, Page] = field(default_factory=dict)
    """Of kinds of those: sees a page of due documents together, and says which need nothing but themselves. They are
    written together; the others, and those of kinds that are not here, each by itself.
    """

    carry_out: CarryOut | None = None
    at_once: int = 8
    """How many instructions are under way at the same time; more wait for one of them."""

    prepare: Prepare | None = None
    """Sees a page of documents together before their instructions are carried out, and returns them; it may do nothing
    for any, and `carry_out` does without it.
    """

    archiving: Archiving | None = None
    """Moves what ended long ago, under the lease; None: everything stays."""

    leased: Mapping[str, Leased] = field(default_factory=dict)
    """What runs as relay and poller do, again and again, by name."""

    loops: Mapping[str, Loop] = field(default_factory=dict)
    """What runs beside consumer, relay and poller, by name."""

    @property
    def topics(self) -> tuple[str, ...]:
        """What the service's consumer group reads."""
        return (*self.routes, f"{self.service}.redrive")
