"""What was measured, as a table for the terminal, as lines of a page, and beside an earlier run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table

from bench.limits import limit

Measured = Mapping[str, Any]
HEADINGS = ("row", "ours", "floor or peer", "ratio", "spread", "target", "verdict")


def verdict(row: Measured) -> str:
    return "met" if row["met"] else "missed"


def line(row: Measured) -> tuple[str, ...]:
    """A row's cells, in the order of `HEADINGS`."""
    ratio, unit = row["ratio"], row["unit"]
    beside = "".join(f"; {name}: {value}" for name, value in row["beside"].items())
    return (
        row["name"] + beside,
        f"{number(row['ours']['median'])} {unit}",
        f"{number(row['of_floor']['median'])} ({row['floor']})",
        number(ratio["median"]),
        f"{number(ratio['low'])}–{number(ratio['high'])}",
        row["target"],
        verdict(row),
    )


def number(value: float) -> str:
    """Three digits that say something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(rows: Iterable[Measured]) -> Table:
    made = Table(*HEADINGS, box=None, pad_edge=False)
    for row in rows:
        made.add_row(*line(row), style="" if row["met"] else "yellow")
    return made


def misses(rows: Iterable[Measured]) -> list[str]:
    """For each row that missed its target what keeps it from it, and what shows that."""
    return [
        f"missed: {row['name']} / {row['floor']}: {limit(row) or 'why is not known'}" for row in rows if not row["met"]
    ]


def markdown(rows: Iterable[Measured]) -> str:
    """The table of a page; what was missed says why."""
    lines = [f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}"]
    for row in rows:
        *cells, said = line(row)
        lines.append(f"| {' | '.join([*cells, said if row['met'] else f'{said}: {limit(row)}'])} |")
    return "\n".join(lines)


def where(result: Measured) -> str:
    """One line on what it was measured on."""
    machine = result["machine"]
    return (
        f"{result['on']}; {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, "
        f"Python {machine['python']}; {result['rounds']} rounds, {result['minutes']} min, commit {result['commit']}"
    )


def earlier(rows: Iterable[Measured]) -> str:
    """Which benchmarks' rows are of another run than the others: "" where none."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        if "of" in row:
            found.setdefault(row["of"], {})[row["benchmark"]] = None
    return "; ".join(f"{', '.join(names)}: of an earlier run, {of}" for of, names in found.items())


def against(now: Measured, then: Measured) -> Table:
    """Each row that both runs have: its ratio then and now. Ratios are compared, for machines differ."""
    before = {(row["name"], row["floor"]): row for row in then["rows"]}
    made = Table(
        "row", "floor or peer", "ratio then", "ratio now", "change", "ours then", "ours now", box=None, pad_edge=False
    )
    for row in now["rows"]:
        old = before.get((row["name"], row["floor"]))
        if old is None:
            continue
        change = row["ratio"]["median"] / old["ratio"]["median"] - 1 if old["ratio"]["median"] else 0.0
        apart = row["ratio"]["low"] > old["ratio"]["high"] or row["ratio"]["high"] < old["ratio"]["low"]
        made.add_row(
            row["name"], row["floor"], number(old["ratio"]["median"]), number(row["ratio"]["median"]),
            f"{change:+.0%}{'' if apart else ' (within the spread)'}", number(old["ours"]["median"]),
            number(row["ours"]["median"]), style="bold" if apart else "",
        )  # fmt: skip
    return made


def curves(rows: Sequence[Measured]) -> dict[str, list[Measured]]:
    """The rows of each curve, by its name, in the order of their place on the axis."""
    found: dict[str, list[Measured]] = {}
    for row in rows:
        if row["curve"]:
            found.setdefault(row["curve"][0], []).append(row)
    return {name: sorted(some, key=lambda row: row["curve"][1]) for name, some in found.items()}
