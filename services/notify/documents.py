"""The documents of the collection `notifications`: notifications, addresses, employer's links, and small copies."""

from datetime import datetime
from typing import Any, TypedDict

from shared.aggregate.documents import Copy, CoreDocument, OpenTask


class NotificationDocument(CoreDocument, total=False):
    """`<event id>:<person>`. All but the core fields and the event's type goes after a while, or with its person."""

    person: str
    event_type: str
    text_key: str  # of the template
    subject: str
    text: str
    language: str
    offer_id: str
    listing_id: str
    rank: str  # sort key of a person's notifications: by the event's time
    instruction: OpenTask  # the mail
    undelivered: str  # why there was no mail


class Code(TypedDict):
    """A code that was mailed: the keyed hash of the nonce, which is stored nowhere."""

    nonce: str
    sent_at: datetime
    expires_at: datetime
    tries: int


class FormerAddress(TypedDict):
    email: str
    at: datetime  # when it was replaced or deleted


class FormerDocument(CoreDocument, total=False):
    """`former:<person>`: their verified addresses of before."""

    owner: str
    addresses: list[FormerAddress]  # the oldest first; gone once none counts


class AddressDocument(CoreDocument, total=False):
    """`contact:<person>`, where mail goes, and `work_mail:<person>`, at an employer."""

    owner: str
    email: str
    verified_at: datetime  # absent: nothing goes there but the code
    code: Code
    sent: list[datetime]  # when the last day's codes were mailed
    instruction: OpenTask  # the code's mail
    undelivered: str

    # of a contact: the person's preferences
    language: str
    unmailed: list[str]  # groups of notifications that are not mailed
    matches: str  # how often they are told of new matches; absent: never
    matches_changes: int  # how often that was changed


class MailboxDocument(CoreDocument, total=False):
    """`mailbox:<mark>`: how much went there that nobody there asked for."""

    sent: dict[str, list[datetime]]  # codes by kind of address, and links; gone when none counts


class OfferCopy(Copy, total=False):
    """`offer:<offer_id>`"""

    offer_id: str
    listing_id: str
    insider: str
    seeker: str
    status: str
    activated: bool  # its help has begun (an older version: it was active once)
    hired: bool  # a hire was confirmed
    parties: list[str]  # who may reach each other; gone once one of them is forgotten


class Asked(TypedDict):
    id: str
    at: datetime
    mark: str  # a keyed hash of the request


class Link(TypedDict):
    id: str
    employer: str  # the employer's mark
    at: datetime
    until: datetime


class EmployerLinkDocument(CoreDocument, total=False):
    """`employer_link:<offer_id>`: the employer was asked by mail to confirm the hire."""

    offer_id: str
    asked: list[Asked]  # the last week's
    link: Link  # the last one
    language: str
    address: str  # with `reference` there only until the mail is out, or is given up
    reference: str
    instruction: OpenTask  # the mail
    undelivered: str


class ConsentMailDocument(CoreDocument, total=False):
    """`consent_mail:<link id>`: the employer was asked by mail to consent to paid help."""

    listing_id: str
    link_id: str
    language: str
    at: datetime
    until: datetime
    instruction: OpenTask  # the mail
    undelivered: str

    # there only until the mail is out, or is given up
    sealed: str  # the address
    insider: str
    help: list[dict[str, Any]]
    currency: str


class LoggedEvent(CoreDocument, total=False):
    """`event:<owner>:<event id>`: a public event in the log."""

    event_id: str
    event_type: str
    subject: str
    sequence: int
    at: datetime
    data: dict[str, Any]
    offer_id: str
    listing_id: str
    readers: list[str]  # whom it is about; who was forgotten is none of them
    arrived_at: datetime
    arrival: str  # sort key of those that wait for their number
    log_number: int  # from 1, without a gap


class EmployerCopy(Copy, total=False):
    """`employer:<domain mark>`"""

    marks: list[str]  # of the mailboxes that answer for hires


class ListingCopy(Copy, total=False):
    """`listing:<listing_id>`"""

    workplace_mark: str
