"""`golem verify`: is everything true that must always be true? Databases, topics, groups and the provider's books."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from deploy import SERVICES
from deploy.cli.options import data_option, json_option
from deploy.cli.output import foreign, say_json
from deploy.system.connect import System, find
from deploy.verify import INVARIANTS, SETTLING, Result, Snapshot, Violation
from deploy.verify import verify as check
from deploy.verify.read import is_drained, snapshot

_LOOK_AGAIN_S = 2.0
_DRAIN_STEP_S = 0.5


@click.command()
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Wait so long until nothing is in flight; then nothing is left out.",
)
@click.option(
    "--acknowledged",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of what was acknowledged to clients: a line SERVICE ID each.",
)
@data_option
@json_option
def verify(wait: float, acknowledged: Path | None, data: Path | None, as_json: bool) -> None:
    """Check the invariants I1 to I13 and name each culprit; exit code 1 where one does not hold.

    It may run while the system works: what is in flight is left out and counted, and a violation counts only where a
    second reading finds it too.
    """
    answered = _read_answers(acknowledged)
    system = find(data)
    drained = wait > 0 and _drain(system, wait)
    settling = timedelta() if drained else SETTLING
    report = examine(lambda: snapshot(system, settling, answered))
    report |= {"drained": drained if wait else None}
    if as_json:
        say_json(report, indent=2)
    else:
        _print(report, wait)
    if not report["holds"] or (wait and not drained):
        sys.exit(1)


def examine(read: Callable[[], Snapshot], look_again_s: float = _LOOK_AGAIN_S) -> dict[str, Any]:
    """Read and check; where something does not hold, once more after a while, and only what is still so counts."""
    seen = read()
    results = check(seen)
    lasting = {violation for result in results for violation in result.violations}
    readings = 1
    if lasting:
        time.sleep(look_again_s)
        seen = read()
        results = check(seen)
        lasting &= {violation for result in results for violation in result.violations}
        readings = 2
    return _report(seen, results, lasting, readings)


def _report(seen: Snapshot, results: list[Result], lasting: set[Violation], readings: int) -> dict[str, Any]:
    words = {invariant.id: invariant.description for invariant in INVARIANTS}
    return {
        "holds": not lasting,
        "readings": readings,
        "settling_seconds": seen.settling.total_seconds(),
        "unreadable_records": sum(record.event is None for record in seen.records),
        "invariants": [
            {
                "id": result.invariant,
                "says": words[result.invariant],
                "checked": result.checked,
                "in_flight": result.left,
                "violations": [
                    {"subject": each.subject, "words": each.message}
                    for each in sorted(set(result.violations) & lasting)
                ],
            }
            for result in results
        ],
    }


def _drain(system: System, seconds: float) -> bool:
    """Wait until nothing is in flight at two looks in a row; False where that was not to be."""
    deadline, quiet = time.monotonic() + seconds, 0
    while quiet < 2:
        quiet = quiet + 1 if is_drained(system) else 0
        if quiet < 2:
            if time.monotonic() > deadline:
                return False
            time.sleep(_DRAIN_STEP_S)
    return True


def _read_answers(path: Path | None) -> list[tuple[str, str]]:
    lines = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()] if path else []
    for number, words in enumerate(lines, start=1):
        if len(words) != 2 or words[0] not in SERVICES:
            raise click.ClickException(f"{path}: line {number} is not SERVICE ID")
    return [(service, document_id) for service, document_id in lines]


def _print(report: dict[str, Any], wait: float) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for each in report["invariants"]:
        wrong = len(each["violations"])
        verdict = f"[red]{wrong} wrong[/red]" if wrong else "[green]holds[/green]"
        left = f", {each['in_flight']} in flight" if each["in_flight"] else ""
        console.print(f"{each['id']:<4}{verdict:<20} {each['says']} ({each['checked']} checked{left})")
        for violation in each["violations"]:
            console.print(foreign(f"      {violation['subject']}: {violation['words']}"))
    if report["drained"] is False:
        console.print(f"not drained within {wait:g} s: see `golem status`")
    if report["settling_seconds"]:
        console.print(f"in flight: changed less than {report['settling_seconds']:g} s before, or on its way; left out")
    if report["unreadable_records"]:
        console.print(f"{report['unreadable_records']} records on the topics are no events: see `golem dlq list`")
    console.print("[green]everything holds[/green]" if report["holds"] else "[red]something does not hold[/red]")
