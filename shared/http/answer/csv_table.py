"""A list as CSV (RFC 4180) in UTF-8, for those who read it in a spreadsheet.

Whoever wrote a text must not write a formula: a cell that a spreadsheet would calculate begins with an apostrophe.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from shared.clock import format_time
from shared.http.declare.operation import Call

CONTENT_TYPE = "text/csv; charset=utf-8"
FORMATS = ("json", "csv")
MOST_ROWS = 1000
"""Of one answer; a Link header names the next."""

_CALCULATED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 these are meant


@dataclass(frozen=True)
class Table:
    """Rows by column; what a row lacks is empty."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]

    def lines(self) -> Iterator[str]:
        """The header, then one record a row, each with its CRLF."""
        yield _record(self.columns)
        for row in self.rows:
            yield _record([cell(row.get(name)) for name in self.columns])


def cell(value: Any) -> str:
    """A value as it stands in a cell: times in RFC 3339, amounts as whole numbers, texts so that none is a formula."""
    match value:
        case None:
            return ""
        case datetime():
            return format_time(value)
        case int():
            return str(value)
        case _:
            text = str(value)
            return f"'{text}" if text.startswith(_CALCULATED) else text


def wants_csv(call: Call[Any]) -> bool:
    """Whether CSV is asked for: by the parameter `format`, else by an Accept that likes it better than JSON."""
    if chosen := call.query.get("format"):
        return bool(chosen == "csv")
    accept = parse_accept_header((call.header("Accept") or "")[:1000], MIMEAccept)
    return accept.best_match(["application/json", "text/csv"]) == "text/csv"


def _record(cells: Sequence[str]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
