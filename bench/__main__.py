"""python -m bench: measures, prints the table, writes the JSON, and makes the measured part of docs/performance.md."""

import json
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from rich.console import Console

from bench import ground, page, report
from bench.rows import cold, growth, latency, market, memory, paid, relay, requests, scaling, two_workers
from bench.sizes import SIZES, Size
from deploy import ROOT
from tests.support import grounds

ROWS: dict[str, ModuleType] = {
    "memory": memory, "paid": paid, "latency": latency, "market": market, "requests": requests, "growth": growth,
    "scaling": scaling, "two_workers": two_workers, "relay": relay, "cold": cold,
}  # fmt: skip
"""In this order, whatever is asked for: memory at rest comes first, the relay, which leaves documents behind, late, and
last the cold start, which stops the stack."""

ONLY_FULL = (
    "1 and 32 clients", "2,000 hires and 20,000 events waiting", "100,000 and a million listings",
    "a person's offers and escrows", "partitions, workers and web processes", "memory after many hires",
    "a cold make demo",
)  # fmt: skip
"""What three minutes do not hold."""

console = Console(width=200, highlight=False)


@click.command()
@click.option("--full", is_flag=True, help="Everything, in as long as it takes; else three minutes.")
@click.option("--size", type=click.Choice(list(SIZES)), help="tiny tries all of it out and measures nothing.")
@click.option("--stack", "kind", type=click.Choice(grounds.GROUNDS), help="Else containers where an engine is.")
@click.option("--only", multiple=True, type=click.Choice(list(ROWS)), help="These alone; may be given again.")
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Compare with this JSON.")
@click.option("--keep", is_flag=True, help="Put it on the page, beside what an earlier run has of the rest.")
@click.option(
    "--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; else build/bench."
)
def main(
    full: bool,
    size: str | None,
    kind: str | None,
    only: tuple[str, ...],
    against: Path | None,
    keep: bool,
    out: Path | None,
) -> None:
    """Ours beside its floor, row by row, with target and verdict. Exit code 1 where a benchmark could not run."""
    chosen = SIZES[size or ("full" if full else "short")]
    kind = kind or ground.choose()
    names = tuple(name for name in ROWS if not only or name in only)
    if kind == "embedded":
        console.print("no container engine with the images of Apache Kafka and mongo:8, or not asked for: what follows "
                      "is of the embedded stack and says little of speed", style="yellow")  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all that was started is stopped
    began, failed, rows = time.monotonic(), list[str](), list[dict[str, Any]]()
    with ground.opened(kind) as on:
        where = on.described
        for number, name in enumerate(names, 1):
            rows += [{"benchmark": name, **row} for row in _measured(ROWS[name], on, chosen, failed)]
            left_out = _left_out(chosen, kind, names[:number])
            result = _result(where, chosen, rows, time.monotonic() - began, left_out)
            _write(result, out)  # so that what was measured is there, whatever ends a long run
    console.print()
    console.print(report.table(rows))
    console.print(report.where(result), style="dim")
    for why in report.misses(rows):
        console.print(why, style="yellow")
    for what in (*result["left_out"], *failed):
        console.print(f"not measured: {what}", style="yellow")
    if against:
        console.print(report.against(result, json.loads(against.read_text("utf-8"))))
    console.print(f"written to {_path(result, out)}")
    if (keep or not only) and not failed and kind == "containers" and chosen.name in ("short", "full"):
        page.write(result)
        console.print(f"and kept in bench/results/{chosen.name}.json, with docs/performance.md and its pictures")
    sys.exit(bool(failed))


def _measured(benchmark: ModuleType, on: ground.Ground, size: Size, failed: list[str]) -> Iterator[dict[str, Any]]:
    """A benchmark's rows, as they come; what goes wrong in one leaves the others alone."""
    began = time.monotonic()
    try:
        for row in benchmark.rows(on, size):
            found = row.as_json()
            console.print(f"  {found['name']} / {found['floor']}: {report.number(found['ratio']['median'])} "
                          f"(target {found['target']}, {report.verdict(found)})")  # fmt: skip
            yield found
    except (RuntimeError, OSError, TimeoutError) as error:
        failed.append(f"{benchmark.NAME}: {error}")
        console.print(traceback.format_exc(), style="red")
    console.print(f"  {benchmark.NAME}: {time.monotonic() - began:.0f} s", style="dim")


def _left_out(size: Size, kind: str, names: tuple[str, ...]) -> list[str]:
    left = [] if size.full else [f"{each} (FULL=1)" for each in ONLY_FULL]
    if size.full and kind != "containers":
        left.append("partitions and workers: they need containers")
    return left + [each for each in ROWS if each not in names]


def _result(where: str, size: Size, rows: list[dict[str, Any]], seconds: float, left_out: list[str]) -> dict[str, Any]:
    return {
        "on": where,
        "size": size.name,
        "rounds": size.rounds,
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "minutes": round(seconds / 60, 1),
        "commit": _commit(),
        "machine": ground.machine(),
        "rows": rows,
        "left_out": left_out,
    }


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _write(result: dict[str, Any], out: Path | None) -> None:
    path = _path(result, out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _path(result: dict[str, Any], out: Path | None) -> Path:
    return out or ROOT / "build" / "bench" / f"{result['size']}.json"


if __name__ == "__main__":
    main()
