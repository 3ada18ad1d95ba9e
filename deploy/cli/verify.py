"""`golem verify`: is everything true that must always be true? Databases, topics, groups and the provider's books."""

import sqlite3
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from deploy import SERVICES
from deploy.cli.options import data_option, json_option
from deploy.cli.output import foreign, say_json
from deploy.system.connect import System, find
from deploy.verify import SETTLING, Progress, examine
from deploy.verify.read import is_drained, slices
from deploy.verify.spill import Spill

_DRAIN_STEP_S = 0.5
_LINE_EVERY_S = 10.0


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
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep in this file how far it is, and go on from there where it was broken off; gone once all is checked.",
)
@data_option
@json_option
def verify(wait: float, acknowledged: Path | None, resume: Path | None, data: Path | None, as_json: bool) -> None:
    """Check the invariants I1 to I13 and name each culprit; exit code 1 where one does not hold.

    It may run while the system works: what is in flight is left out and counted, and a violation counts only where a
    second reading finds it too. It reads in slices: memory does not grow with the system; on disk (in TMPDIR, or in
    the file to resume from) it takes about as much room as the topics.
    """
    answered = _read_answers(acknowledged)
    system = find(data)
    drained = wait > 0 and _drain(system, wait)
    settling = timedelta() if drained else SETTLING
    try:
        report = _examined(system, settling, answered, resume) | {"drained": drained if wait else None}
    except sqlite3.Error as error:
        where = resume or "the folder that TMPDIR names (else /var/tmp)"
        raise click.ClickException(f"what was read cannot be kept in {where}: {error}") from error
    if as_json:
        say_json(report, indent=2)
    else:
        _print(report, wait)
    if not report["holds"] or (wait and not drained):
        sys.exit(1)


def _examined(
    system: System, settling: timedelta, answered: list[tuple[str, str]], resume: Path | None
) -> dict[str, Any]:
    spill, shown = Spill(str(resume or "")), Shown()
    kept = spill.progress()
    spill.add_acknowledged(answered)

    def keep(progress: Progress) -> None:
        spill.keep(progress.plain())
        shown.documents(progress.documents)

    try:
        with slices(system, spill, settling, shown.records) as reading, shown.bar:
            shown.total = reading.total()
            report = examine(reading, Progress.of(kept) if kept else None, keep)
    finally:
        spill.close()
    if resume:
        resume.unlink()
    return report


class Shown:
    """How far it is, on stderr: a bar with the rate on a terminal, else a line every ten seconds."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn()
        self.bar = Bar(TextColumn("{task.description}"), *columns, console=console, disable=not console.is_terminal)
        self.total = 0
        self._task = self.bar.add_task("topics", total=None, rate="")
        self._began = self._said = time.monotonic()
        self._from: int | None = None

    def records(self, done: int, total: int) -> None:
        if self._from is None:
            self._say("records of the topics", done, total, done)

    def documents(self, done: int) -> None:
        if self._from is None:
            self._from, self._began = done, time.monotonic()
        self._say("documents", done, max(self.total, done), done - self._from)

    def _say(self, what: str, done: int, total: int, since: int) -> None:
        now = time.monotonic()
        rate = f"{since / max(now - self._began, 0.001):,.0f}/s"
        self.bar.update(self._task, description=what, completed=done, total=total, rate=rate)
        if self.bar.disable and now - self._said >= _LINE_EVERY_S:
            self._said = now
            click.echo(f"{what}: {done:,} of {total:,} ({rate})", err=True)


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
