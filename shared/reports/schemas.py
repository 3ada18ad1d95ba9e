"""The bodies and queries of reports."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from shared.fields import Body, Choice, Flag, Instant, Integer, Part, Several, Text, Violation
from shared.http.answer.pages import PageQuery
from shared.reports.records import REASONS

STATUSES = ("open", "decided")


class NewReport(Body):
    """Why it is reported; `text` says it in words, and is needed where the reason is `other`."""

    reason = Choice(*REASONS, required=True)
    text = Text(1, 1000, lines=True)

    @validates_schema
    def check_text(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("reason") == "other" and "text" not in data:
            raise ValidationError({"text": [Violation("required", "expected words, as the reason is other")]})


class ReportReceived(Body):
    """A moderator looks at it. The same again is the same report."""

    about = Text(metadata={"description": "the listing, or the person"})
    policy = Text(metadata={"description": "where it stands what becomes of it"})


class Queue(PageQuery):
    status = Choice(*STATUSES, load_default="open")


class ReasonCount(Body):
    reason = Choice(*REASONS)
    count = Integer()


class ReportSeen(Body):
    """One report; who made it is not shown, only whether they have an account."""

    reason = Choice(*REASONS)
    text = Text(optional=True)
    at = Instant()
    account = Flag()
    decision = Text(optional=True)


class DecisionSeen(Body):
    decision = Text()
    by = Text()
    at = Instant()
    note = Text(optional=True)


class Reported(Body):
    """All that was reported of one listing or person: `people` have an account, `addresses` have none, `more` are not
    kept one by one. `reports` are the latest fifty.
    """

    id = Text(metadata={"description": "the listing's, or the person's"})
    status = Choice(*STATUSES)
    version = Integer()
    since = Instant()
    people = Integer()
    addresses = Integer()
    more = Integer()
    reasons = Several(Part(ReasonCount))
    reports = Several(Part(ReportSeen))
    decisions = Several(Part(DecisionSeen))


class OwnReport(Body):
    """A report of yours."""

    about = Text()
    reason = Choice(*REASONS)
    text = Text(optional=True)
    at = Instant()
    decision = Text(optional=True)


def decision_of(name: str, *decisions: str) -> type[Body]:
    """The body of a moderator's decision; its note is for the record, and goes to nobody."""
    members: dict[str, Any] = {
        "decision": Choice(*decisions, required=True),
        "note": Text(1, 1000, lines=True),
    }
    return type(name, (Body,), members)
