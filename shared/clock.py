"""Time as the process sees it, injected everywhere, so that a test can hold it still or move it; and as text."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:)([0-9]{2})(\.[0-9]{1,30})?([Zz]|[+-][0-9]{2}:[0-5][0-9])"
)
_LEAP = "60"

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
"""What comes from outside names no other time: any setting's duration can be added to one, or taken from it."""


class Clock(Protocol):
    """What a component may ask about time."""

    def now(self) -> datetime:
        """The wall clock: aware, UTC, in whole milliseconds (what MongoDB keeps)."""

    def monotonic(self) -> float:
        """Seconds that never run backwards, for waiting and measuring only."""


def to_milliseconds(moment: datetime) -> datetime:
    """`moment` in UTC, cut to whole milliseconds; a naive `moment` raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def in_reach(moment: datetime) -> datetime:
    """`moment`, an aware one, if it is from 1970 to 2199; else ValueError."""
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("expected a time from 1970 to 2199")
    return moment


def days_at(moment: datetime) -> tuple[date, date]:
    """The first and the last day that people may call today at `moment` (UTC), wherever on earth they are."""
    day = moment.date()
    return day - timedelta(days=1), day + timedelta(days=1)


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z; a naive `moment` raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """Any RFC 3339 time as an aware datetime in UTC, cut to microseconds; else ValueError.

    A leap second, the last of a day in UTC, is the first moment of the next day.
    """
    found = _RFC_3339.fullmatch(text)
    if found is None:
        raise ValueError("not an RFC 3339 time")
    day, minute, second, fraction, zone = found.groups()
    parts = f"{minute}{'59' if second == _LEAP else second}{(fraction or '')[:7]}{zone.upper()}"
    try:
        moment = datetime.fromisoformat(f"{day}T{parts}").astimezone(UTC)
        return _after_leap(moment) if second == _LEAP else moment
    except OverflowError:
        raise ValueError("not a time in UTC's range") from None


def _after_leap(second_before: datetime) -> datetime:
    if (second_before.hour, second_before.minute) != (23, 59):
        raise ValueError("a leap second is the last of a day in UTC")
    return second_before.replace(microsecond=0) + timedelta(seconds=1)


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC))

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(frozen=True)
class FastClock:
    """Showed `shown` when the machine's clock said `real`, and has run `speed` times as fast as that one since.

    For trying out on one machine: all its processes are given the same three and so agree, without asking each other.
    """

    real: datetime
    shown: datetime
    speed: float = 1.0

    def now(self) -> datetime:
        return self.at(datetime.now(UTC))

    def monotonic(self) -> float:
        """The machine's own: what is waited for and measured takes as long as ever."""
        return time.monotonic()

    def at(self, real: datetime) -> datetime:
        """What it shows when the machine's clock says `real`; it stands still where that one is turned back."""
        return to_milliseconds(self.shown + max(real - self.real, timedelta()) * self.speed)

    def when(self, shown: datetime) -> datetime:
        """What the machine's clock says when this one shows `shown`."""
        return self.real + (shown - self.shown) / self.speed

    def __str__(self) -> str:
        return f"{format_time(self.shown)} at {format_time(self.real)} times {self.speed:g}"

    @classmethod
    def parse(cls, text: str) -> "FastClock":
        """Reads what `str` makes. Raises ValueError."""
        found = re.fullmatch(r"(\S+) at (\S+) times ([0-9]{1,5}(?:\.[0-9]{1,6})?)", text)
        if found is None or not 1 <= float(found[3]) <= FASTEST:
            raise ValueError(f"expected TIME at TIME times 1 to {FASTEST}, both RFC 3339")
        return cls(parse_time(found[2]), parse_time(found[1]), float(found[3]))


FASTEST = 86_400
"""How fast a `FastClock` may run: a day a second."""
