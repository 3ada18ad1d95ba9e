"""The record of all reports about one listing, or one person: one document, `report:<id of what it is about>`. Pure.

One report a reporter: a person with an account (of one mailbox all accounts are one), or a keyed mark of an address.
So many are kept whole (a person behind many addresses takes no place from people with an account), the rest are
counted. States: open, decided; and new once all that it held is past its time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from shared.aggregate import Change
from shared.aggregate.documents import CoreDocument
from shared.clock import format_time
from shared.settings import Terms

KIND = "report"
REASONS = ("fraud", "money_outside", "names_employer", "discriminates", "not_a_role", "other")
MOST_OF_PEOPLE, MOST_OF_ADDRESSES = 400, 100
TIDY = "tidy"
ERASED = "erased"


class Report(TypedDict, total=False):
    person: str  # who reported, with an account; `erased` once they were forgotten
    mark: str  # of the address it came from, or of the mailbox of who reported, for a while
    reason: str
    text: str
    at: datetime
    decision: str  # of the moderator, once there is one


class Decision(TypedDict, total=False):
    decision: str
    by: str
    at: datetime
    note: str


class ReportRecord(CoreDocument, total=False):
    """`report:<id of what it is about>`"""

    about: str
    insider: str  # whom it is about, or whose listing
    reports: list[Report]
    more: int  # reports beyond those that are kept
    reporters: list[str]  # people with an account
    decisions: list[Decision]
    opened_at: datetime
    report_status: str  # it is in the moderators' queue of that status
    report_sort_key: str


@dataclass(frozen=True)
class Reporter:
    """A person has a mark where their mailbox is known, whoever has no account always."""

    person: str | None = None
    mark: str | None = None

    def made(self, report: Mapping[str, Any]) -> bool:
        by_mark = self.mark is not None and report.get("mark") == self.mark
        return by_mark or (self.person is not None and report.get("person") == self.person)


def record_id(about: str) -> str:
    return f"{KIND}:{about}"


def has_reported(record: Mapping[str, Any], reporter: Reporter) -> bool:
    return any(reporter.made(each) for each in record.get("reports", ()))


def add(change: Change, about: str, insider: str, reporter: Reporter, said: Mapping[str, Any], terms: Terms) -> None:
    """Take a report; of a reporter who made one already nothing is taken."""
    if has_reported(change.doc, reporter):
        return
    if change.state != "open":
        change.set(state="open", about=about, insider=insider, opened_at=change.now)
        _enlist(change)
    if change.get("created_at") is None:
        change.set(created_at=change.now)
    kept = change.get("reports", [])
    of_people = sum("person" in each for each in kept)
    if of_people >= MOST_OF_PEOPLE if reporter.person else len(kept) - of_people >= MOST_OF_ADDRESSES:
        change.set(more=change.get("more", 0) + 1)
        return
    more = {"person": reporter.person, "mark": reporter.mark, "text": said.get("text")}
    report = {name: value for name, value in more.items() if value} | {"reason": said["reason"], "at": change.now}
    change.set(reports=[*kept, report])
    if reporter.person:
        change.set(reporters=[*change.get("reporters", ()), reporter.person])
    _schedule(change, terms)


def recent_people(change: Change, terms: Terms) -> int:
    """How many people with an account have reported it lately and wait for a decision."""
    since = change.now - terms.reports_within
    return len({r["person"] for r in undecided(change) if r.get("person") not in (None, ERASED) and r["at"] > since})


def undecided(change: Change) -> list[Mapping[str, Any]]:
    return [each for each in change.get("reports", ()) if "decision" not in each]


def decide(change: Change, decision: str, by: str, note: str | None) -> list[str]:
    """Record what a moderator decided; the people with an account whose reports it is about."""
    told = [r["person"] for r in undecided(change) if r.get("person") not in (None, ERASED)]
    change.set(reports=[{"decision": decision, **each} for each in change["reports"]])
    record = {"decision": decision, "by": by, "at": change.now} | ({"note": note} if note else {})
    change.set(decisions=[*change.get("decisions", ()), record])
    _enlist(change)
    return told


def tidy(change: Change, terms: Terms) -> None:
    """What is past its time goes: first the marks of addresses, then the reports, with the last of them the record."""
    reports = [each for each in change.get("reports", ()) if each["at"] + terms.reports_kept > change.now]
    reports = [each if _keeps_mark(each, change, terms) else _without(each, "mark") for each in reports]
    change.set(reports=reports, reporters=_people(reports))
    if reports:
        _schedule(change, terms)
        return
    for name in ("reports", "reporters", "more", "decisions", "opened_at", "report_status", "report_sort_key",
                 "about", "insider", "commands"):  # fmt: skip
        change.set(**{name: None})
    change.set(state="new")


def forget_reporter(change: Change, person: str) -> None:
    """Of somebody who was forgotten: that there was a report, why and when stays, who and in what words does not."""
    reports = [
        {**_without(_without(each, "text"), "mark"), "person": ERASED} if each.get("person") == person else each
        for each in change.get("reports", ())
    ]
    change.set(reports=reports, reporters=_people(reports))


def forget_texts(change: Change) -> None:
    """Whom it is about was forgotten: what was written about them goes, reasons and decisions stay."""
    change.set(reports=[_without(each, "text") for each in change.get("reports", ())])
    change.set(decisions=[_without(each, "note") for each in change.get("decisions", ())] or None)
    change.set(erased_at=change.now)


def _people(reports: Iterable[Mapping[str, Any]]) -> list[str] | None:
    return sorted({each["person"] for each in reports if each.get("person") not in (None, ERASED)}) or None


def _keeps_mark(report: Mapping[str, Any], change: Change, terms: Terms) -> bool:
    return "mark" not in report or bool(report["at"] + terms.report_marks_kept > change.now)


def _without(report: Mapping[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in report.items() if name != field}


def _schedule(change: Change, terms: Terms) -> None:
    ends = [r["at"] + (terms.report_marks_kept if "mark" in r else terms.reports_kept) for r in change["reports"]]
    change.schedule(TIDY, min(ends))


def _enlist(change: Change) -> None:
    change.set(report_status=change.state, report_sort_key=f"{format_time(change.now)} {change.id}")
