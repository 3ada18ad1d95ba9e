"""The document of a person."""

from datetime import datetime

from shared.aggregate.documents import Copy
from shared.reports.records import ReportRecord


class PersonDocument(Copy, total=False):
    """Its id is the person's pseudonym. States: known, asking or leaving (to be forgotten), erased.

    `number` is that of the last `contact.verified`.
    """

    mark: str  # of their verified address: two accounts with one mark are one person
    box_mark: str  # the mark of their mailbox, where that is not the address's
    identity: str  # of one who was forgotten: what their mailbox is counted once by, in others' records
    asked_at: datetime  # when they asked to be forgotten
    erasures: list[datetime]  # the last day's


class ReportDocument(ReportRecord, total=False):
    """`report:<person>`: who reported an insider, why, and what moderators decided."""
