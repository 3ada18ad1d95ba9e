"""What the commands print of what others wrote: it can be read, and acts on nothing."""

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from deploy.cli.events import readable
from deploy.cli.output import foreign, say, say_json
from deploy.system.records import body, moment

ACTS = ["\x1b[31mred", "\x9b2J", "\u202egnp.exe", "a\rb", "bell\x07", "\ud800", "[/red] [bold]", "a\u2028b"]


def printed(what: Any) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, highlight=False, soft_wrap=True)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def record(**changed: Any) -> Any:
    shape = {
        "topic": "hire.ended",
        "partition": 0,
        "offset": 0,
        "timestamp": 0,
        "key": b"k",
        "value": b"{}",
        "headers": [],
    }
    return SimpleNamespace(**shape | changed)


@pytest.mark.parametrize("text", ACTS)
def test_nothing_acts(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a row of a table, in a line, in JSON, in an event's line; and JSON says what it said."""
    table = Table("column")
    table.add_row(foreign(text))
    say(text)
    say_json({"text": text})
    line, written = capsys.readouterr().out.splitlines()
    values = {"value": json.dumps({"text": text}).encode()}
    of_event = record(headers=[(f"ce_{each}", text.encode(errors="replace")) for each in ("time", "type", "subject")])

    shown = [printed(table), line, written, printed(readable(of_event)), printed(readable(record(**values)))]

    assert all(each == "\n" or each.isprintable() for output in shown for each in output)
    assert json.loads(written) == {"text": text}
    assert "[/red] [bold]" not in text or "[/red] [bold]" in shown[0]


@pytest.mark.parametrize("sequence", ["²", "-1", "1e3", "9" * 5000, "٣"])
def test_a_number_that_is_none_is_left_out(sequence: str) -> None:
    assert "#" not in readable(record(headers=[("ce_sequence", sequence.encode())])).plain


@pytest.mark.parametrize("milliseconds", [-(10**15), 10**18, 2**63 - 1])
def test_a_time_that_is_none_is_its_number(milliseconds: int) -> None:
    assert moment(milliseconds) == str(milliseconds)
    assert readable(record(timestamp=milliseconds)).plain


@pytest.mark.parametrize("value", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"\xff", b""])
def test_what_no_parser_takes_is_shown_as_text(value: bytes) -> None:
    assert isinstance(body(record(value=value)), str)
