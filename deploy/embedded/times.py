"""What time it is in a stack: the machine's, or that of a clock which runs faster; its data folder remembers which.

A stretch is what one start of the stack went by. The next one goes on from the time that was shown last, so that no
document ever sees time go back, and is never behind the machine's clock.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.embedded.keys import write_private
from shared.clock import Clock, FastClock, SystemClock, format_time
from shared.settings import Terms

DAY = timedelta(days=1)
_BY_HAND = ("code_expiry", "webhook_tolerance")
"""Terms that people and networks race against: they last as long as ever by the machine's clock."""


class Times:
    """The stretches of one stack's clock; none where it has always been the machine's."""

    def __init__(self, stretches: Sequence[FastClock] = ()) -> None:
        self.stretches = tuple(stretches)

    @property
    def fast(self) -> FastClock | None:
        """The clock where it is not the machine's."""
        return self.stretches[-1] if self.stretches else None

    @property
    def clock(self) -> Clock:
        return self.fast or SystemClock()

    @property
    def speed(self) -> float:
        return self.fast.speed if self.fast else 1.0

    def shown(self, real: datetime) -> datetime:
        """What the stack's clock shows, or showed, when the machine's says `real`."""
        before = [stretch for stretch in self.stretches if stretch.real <= real]
        return before[-1].at(real) if before else real

    def real(self, shown: datetime) -> datetime:
        """What the machine's clock said when the stack's showed `shown`."""
        before = [stretch for stretch in self.stretches if stretch.shown <= shown]
        return before[-1].when(shown) if before else shown

    def begun(self, real: datetime, ran_until: datetime, days_in: timedelta | None) -> "Times":
        """With the stretch that begins at `real`, when a stack starts that last ran until `ran_until`.

        A day passes in `days_in`; None: time runs at its own speed, as the machine's clock once it has caught up.
        """
        shown = max(self.shown(ran_until), real)
        if days_in is None and shown <= real:
            return Times([*self.stretches, FastClock(real, real)]) if self.stretches else self
        return Times([*self.stretches, FastClock(real, shown, DAY / days_in if days_in else 1.0)])

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """What the stack's processes are to know of it, beside the variables `given`, which win."""
        if self.fast is None:
            return {}
        spans = {name.upper(): getattr(Terms(), name).total_seconds() * self.speed for name in _BY_HAND}
        longer = {name: f"{span:.0f}" for name, span in spans.items() if name not in given} if self.speed > 1 else {}
        return {"STACK_CLOCK": str(self.fast)} | longer

    def __str__(self) -> str:
        """What to say at the start; empty where there is nothing to say."""
        if self.fast is None:
            return ""
        ahead = self.fast.now() - datetime.now(UTC)
        pace = f"a day passes in {(DAY / self.speed).total_seconds():g} s" if self.speed > 1 else "it runs as any clock"
        return f"time here is not the machine's: it is {format_time(self.fast.now())}, {ahead.days} days ahead; {pace}"


def read(file: Path) -> Times:
    """What a data folder's file remembers. Raises ValueError where it was spoilt."""
    try:
        return Times([FastClock.parse(line) for line in json.loads(file.read_text())])
    except FileNotFoundError:
        return Times()


def write(file: Path, times: Times) -> None:
    if times.fast is not None:
        write_private(file, json.dumps([str(stretch) for stretch in times.stretches], indent=2) + "\n")
