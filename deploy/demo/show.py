"""How the story looks in a terminal: who does what, and under it the events as they come by."""

import threading
import time
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.demo.events import Overheard
from shared.characters import printable
from shared.money import format_amount

_SHORT = 8


class Show:
    """Prints the story. Numbers stand for offers and listings: a short id each, the same wherever it is seen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self.events = 0

    def chapter(self, title: str) -> None:
        self._print(Text())
        self._print(Text(title, style="bold"))

    def step(self, who: str, does: str, result: str) -> None:
        self._print(self._line("→", f"{who} {does}", result, "cyan"))

    def waited(self, subject: str, what: str, seconds: float) -> None:
        self._print(self._line("✓", f"{what}", subject, "green", f"{seconds * 1000:.0f} ms"))

    def event(self, heard: Overheard) -> None:
        event = heard.event
        self.events += 1
        self._print(
            self._line("⚡", event.type, printable(event.subject), "magenta", printable(_gist(event.data)), indent=6)
        )

    def ending(self, outcome: dict[str, Any], where: list[tuple[str, str]]) -> None:
        self._print(Text())
        self._print(_journal_table(outcome["hired"]["journal"]))
        lines = [line["amount"] for entry in outcome["hired"]["journal"] for line in entry["lines"]]
        escrow = outcome["hired"]["escrow"]
        self._print(Text(f"sum of all journal lines: {sum(lines)}", style="bold green" if sum(lines) == 0 else "red"))
        paid = f"released {_money(escrow, 'released')} + fee {_money(escrow, 'fees')}"
        cause = "paid out because one event, hire.confirmed, travelled through Kafka"
        self._print(Text(f"funded {_money(escrow, 'funded')} = {paid} · {cause}"))
        self._print(Text(f"{self.events} events overheard in {time.monotonic() - self._began:.1f} s", style="dim"))
        self._print(Text())
        for what, how in where:
            self._print(Text.assemble((f"  {what:<34}", "dim"), how))

    def _line(self, mark: str, what: str, subject: str, style: str, more: str = "", indent: int = 2) -> Text:
        at = f"{time.monotonic() - self._began:6.2f}s "
        return Text.assemble(
            (at, "dim"), " " * indent, (f"{mark} ", style), (what, style if mark == "⚡" else ""),
            (f"  {subject[-_SHORT:]}", "dim"), (f"  {more}" if more else "", "dim"),
        )  # fmt: skip

    def _print(self, what: Any) -> None:
        with self._lock:
            self._console.print(what, soft_wrap=True, highlight=False)


def _gist(data: dict[str, Any]) -> str:
    """The few fields of an event that move the story."""
    names = ("status", "held", "released", "refunded", "amount", "fee", "confirmed_by", "reason")
    return " ".join(f"{name}={data[name]}" for name in names if data.get(name) not in (None, 0))


def _money(escrow: dict[str, Any], name: str) -> str:
    return format_amount(escrow[name], escrow["currency"])


def _journal_table(entries: list[dict[str, Any]]) -> Table:
    table = Table(title="The journal of the hire that paid out", title_justify="left", title_style="bold")
    for column in ("#", "reference", "account", "amount", "hash"):
        table.add_column(column, justify="right" if column in ("#", "amount") else "left", no_wrap=True)
    for entry in entries:
        for number, line in enumerate(entry["lines"]):
            first = number == 0
            table.add_row(
                str(entry["seq"]) if first else "",
                entry["reference"].split(":", 1)[-1] if first else "",
                line["account"],
                f"{line['amount']:,}",
                entry["hash"][:12] if first else "",
            )
    return table
