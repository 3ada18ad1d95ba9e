"""Rounds of ours and its floor in turn, and what becomes of them: a row of the table."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Side = Callable[[], float]
CORES = "cores busy within the clock"
"""What a row's `beside` calls them."""


@dataclass(frozen=True)
class Target:
    """What ours is to be beside the floor. `how` is "at least" or "at most" (of ours / floor), or "over by at most"
    (of ours - floor, in the row's unit).
    """

    how: str
    value: float

    def met(self, ours: float, floor: float) -> bool:
        if self.how == "over by at most":
            return ours - floor <= self.value
        ratio = ours / floor if floor else float("inf")
        return ratio >= self.value if self.how == "at least" else ratio <= self.value

    def __str__(self) -> str:
        return {"at least": "≥ {}", "at most": "≤ {}", "over by at most": "≤ floor + {}"}[self.how].format(
            f"{self.value:g}"
        )


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure a round for ours and for the floor. `beside` are further figures to read, and
    `curve` is the name of the picture it is a point of, with its place on the axis.
    """

    name: str
    unit: str
    floor: str
    target: Target
    ours: Sequence[float]
    of_floor: Sequence[float]
    beside: Mapping[str, float | str] = field(default_factory=dict)
    curve: tuple[str, float] | None = None

    @property
    def ratios(self) -> list[float]:
        return [one / other if other else 0.0 for one, other in zip(self.ours, self.of_floor, strict=True)]

    def as_json(self) -> dict[str, Any]:
        ours, floor = statistics.median(self.ours), statistics.median(self.of_floor)
        ratios = self.ratios
        return {
            "name": self.name,
            "unit": self.unit,
            "floor": self.floor,
            "target": str(self.target),
            "met": self._met(ours, floor),
            "ours": {"median": _short(ours), "rounds": [_short(each) for each in self.ours]},
            "of_floor": {"median": _short(floor), "rounds": [_short(each) for each in self.of_floor]},
            "ratio": {"median": _short(statistics.median(ratios)), "low": _short(min(ratios)),
                      "high": _short(max(ratios))},
            "beside": dict(self.beside),
            "curve": list(self.curve) if self.curve else None,
        }  # fmt: skip

    def _met(self, ours: float, floor: float) -> bool:
        if self.target.how == "over by at most":
            return self.target.met(ours, floor)
        return self.target.met(statistics.median(self.ratios), 1)


def _short(number: float) -> float:
    return float(f"{number:.4g}")


def in_turn(rounds: int, sides: Mapping[str, Side]) -> dict[str, list[float]]:
    """Each side's figure a round; every other round goes the other way about, so that what drifts strikes all alike."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in order:
            found[name].append(sides[name]())
    return found


def percentile(times: Sequence[float], share: float) -> float:
    """The value below which that share of the times lies."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def paired(rows: Iterator[Row]) -> list[dict[str, Any]]:
    return [row.as_json() for row in rows]
