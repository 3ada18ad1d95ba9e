"""Which of staff's lists an escrow is on, in each situation that it can come to; and a list as CSV."""

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest

from services.escrow.schemas_staff import PAGES
from services.escrow.staff_lists import LISTS, listed, sort_keys
from shared.http.answer.csv_table import Table, cell
from tests.support.paths import Situation
from tests.support.tables import ESCROWS, explored


@pytest.fixture(scope="module")
def situations() -> list[Situation]:
    return [each for each in explored("escrow").situations.values() if each.document]


def test_an_escrow_is_on_the_lists_that_its_fields_say(situations: list[Situation]) -> None:
    """Held money while there is some, a dispute while it is open, a refusal until it is over, a payout that is due."""
    met = set()
    for one in situations:
        document, on = one.document or {}, one.get("staff_lists", {})
        about = one.path
        assert on == sort_keys(document, ESCROWS.id), about
        assert ("held" in on) == (one.get("held", 0) > 0), about
        assert ("disputes" in on) == ("dispute" in document), about
        assert ("refused" in on) == ("blocked" in document), about
        paying = (one.get("instruction") or {}).get("kind") in ("release", "split", "repay")
        assert ("payouts" in on) == (paying or (one.state == "probation" and "payout" in one.timers)), about
        met |= {*on}
        if one.state in ESCROWS.lifecycle.final:
            assert on.keys() <= {"refused"}, about

    assert met == {*LISTS}


def test_each_list_shows_its_fields(situations: list[Situation]) -> None:
    """Every column of its schema, of each escrow that is on it."""
    for one in situations:
        for name in one.get("staff_lists", {}):
            shown = listed(name, {"_id": ESCROWS.id, **(one.document or {})})
            assert shown.keys() == PAGES[name].item().fields.keys(), (name, one.path)
            assert shown["amount"] > 0 or one.state == "charged_back", (name, one.path)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK(\"https://x.example\")", "＝1", "－2", "＠a"],
)  # fmt: skip
def test_no_cell_is_a_formula(text: str) -> None:
    """What somebody wrote is text to a spreadsheet, and is whole behind the apostrophe."""
    table = Table(("a", "b"), [{"a": text, "b": "plain"}])

    (_, row) = csv.reader(StringIO("".join(table.lines()), newline=""))

    assert row == [f"'{text}", "plain"]


def test_a_table_is_as_rfc_4180_has_it() -> None:
    """A header, CRLF after each record, quotes where they are needed; numbers and times as they are."""
    at = datetime(2027, 1, 4, 12, tzinfo=UTC)
    rows = [{"a": 'He said "no",\nthen =2', "b": -5, "c": at, "d": None}, {"a": "élan", "b": 0}]

    assert "".join(Table(("a", "b", "c", "d"), rows).lines()) == (
        'a,b,c,d\r\n"He said ""no"",\nthen =2",-5,2027-01-04T12:00:00.000Z,\r\nélan,0,,\r\n'
    )
    assert cell("a=b") == "a=b"
