"""The documents of employers: the register, and what their applicant tracking systems reported."""

from datetime import datetime
from typing import TypedDict

from shared.aggregate.documents import CoreDocument


class ApplicantTracking(TypedDict):
    kind: str  # greenhouse
    secret: str  # signs what the system reports; never leaves the database
    set_at: datetime


class EmployerAction(TypedDict):
    by: str
    at: datetime
    action: str


class InStaffList(CoreDocument, total=False):
    """A document that staff see in a list (see `staff_lists`)."""

    staff_list: str  # the list's name
    staff_sort_key: str


class EmployerDocument(InStaffList, total=False):
    """`employer:<mark of its domain>`"""

    name: str
    domain: str
    mailboxes: list[str]  # the addresses that answer for hires, without their domain
    marks: list[str]  # of these addresses
    ats: ApplicantTracking
    audit: list[EmployerAction]


class AtsOutcome(TypedDict, total=False):
    rule: str  # the rule that forbids it
    offers: list[str]


class AtsEventDocument(InStaffList, total=False):
    """`ats_event:<employer's mark>:<mark of the application>`: what was reported of one application."""

    employer: str  # the employer's mark
    application: str  # its id in the employer's system
    start_on: str
    received_at: datetime
    said_at: datetime  # the latest time that a report gave as its own: an older one counts no more
    seen: list[str]  # digests of the bodies that were taken: a repeat changes nothing
    outcome: AtsOutcome
