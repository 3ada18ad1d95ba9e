"""The documents of the collection `listings`: listings, who knows which employer, where people get mail at work, and
which employers' domains are registered.
"""

from datetime import datetime
from typing import Any, TypedDict

from shared.aggregate.documents import Copy, CoreDocument
from shared.reports.records import ReportRecord


class Employer(TypedDict, total=False):
    name: str
    domain: str  # of its e-mail addresses


class Code(TypedDict):
    scheme: str
    code: str


class Pay(TypedDict, total=False):
    min: int  # minor units
    max: int
    currency: str
    per: str


class Price(TypedDict):
    amount: int
    currency: str


class Help(TypedDict):
    kind: str
    price: Price


class Tranche(TypedDict):
    due_day: int
    bps: int


class Consent(TypedDict):
    """The employer's, to paid help."""

    who: str  # a function
    how: str
    on: str


class Asked(TypedDict):
    """What the employer was asked: the price of each kind of help, and whose domain it was."""

    domain_mark: str
    currency: str
    help: dict[str, int]
    status: str  # of a link: asked; of an answer: given, refused or withdrawn
    at: datetime


class ConsentLink(Asked):
    """A link that was mailed to the employer; the link itself is stored nowhere."""

    id: str
    until: datetime


class Licence(TypedDict):
    place: str
    number: str
    valid_until: str


class Reason(TypedDict):
    rule: str
    pointer: str
    message: str


class Decision(TypedDict, total=False):
    """A decision of the rules or of staff."""

    outcome: str  # published, held, revised, rested, kept, returned, removed
    by: str  # `rules`, or the moderator
    at: datetime
    rules: list[str]  # rules that were applied
    reasons: list[Reason]
    reason: str
    note: str


class Rested(TypedDict):
    was: str  # published or paused
    at: datetime


class ListingDocument(CoreDocument, total=False):
    # as its insider wrote it
    insider: str
    title: str
    employer: Employer
    country: str
    subdivision: str  # ISO 3166-2, of that country
    region: str
    industry: Code
    occupation: Code
    duties: list[str]
    skills: list[str]
    seats: int
    leaving_on: str
    pay: Pay
    help: list[Help]
    tranches: list[Tranche]
    consent: Consent
    acknowledges: list[str]

    # the employer's own consent
    consent_links: list[ConsentLink]
    employer_word: Asked  # its last answer, and to what
    consent_ends: int  # how often it has refused, or taken its consent back

    # what became of it
    published_at: datetime
    licence: Licence  # the operator's, under which its price stands
    price_cap: int  # the most that all its help together might cost when it was published or last changed
    seeker_asked: list[dict[str, Any]]  # what the law of the place has a seeker asked: {rule, asks, help} each
    hired: int  # seats taken
    unsubmitted: str  # `<person> <when it was written>`, until it is handed in
    edits: int  # how often its insider changed it
    domain_mark: str  # of the employer's domain
    workplace_mark: str  # of the employer's domain and this listing
    insider_verified: bool  # its insider gets mail at the employer's domain, which staff have registered
    rested: Rested  # several people reported it, and no moderator has decided yet
    review: Decision  # the last one
    audit: list[Decision]

    # for the search (see `search` and `orders`)
    words: list[str]  # stems of title and duties
    codes: list[str]
    region_key: str
    facets: list[str]
    prices: dict[str, int]  # by kind of help
    cheapest: int
    year_pay: dict[str, int]
    rank: str  # sort key: newest
    place_leaving: str  # sort keys of the other orders
    place_best_paid: str
    place_cheapest: str
    place_coaching: str
    place_reference: str
    place_good_word: str


class UnveiledDocument(CoreDocument, total=False):
    """`unveiled:<listing_id>:<person_id>`: whether a seeker may see the employer."""

    listing_id: str
    seeker: str
    offers: list[str]  # whose help has begun: a repeat unveils nothing again
    hired: list[str]  # those that led to a hire
    ended: list[str]  # those that ended; without a hire, that veils it again
    forgotten: list[str]  # those of before the seeker was forgotten


class HandedIn(TypedDict):
    at: datetime
    held_by: list[str]  # tickets of the requests that handed it in


class AccountDocument(CoreDocument, total=False):
    """`account:<person>`: what they handed in within the week."""

    listings: dict[str, HandedIn]  # by listing id


class WorkDocument(CoreDocument, total=False):
    """`work:<person>`: the employers' domains at which a person has verified an address."""

    owner: str
    marks: list[str]  # of the domains
    after: str  # sort key of the last listing of an unfinished pass


class MailboxCopy(Copy, total=False):
    """`mailbox:<person>`: the mailbox that a person has verified. States: known, erased."""

    mark: str  # of the mailbox


class AskedOfListing(TypedDict):
    name: str  # rest, keep or remove
    id: str  # of the trigger
    by: str  # reports, or the moderator
    reason: str  # of a removal


class ReportDocument(ReportRecord, total=False):
    """`report:<listing_id>`: who reported the listing, why, and what moderators decided."""

    asked: list[AskedOfListing]  # what the worker has the listing do next
    rests: int  # how many decisions there were when it last had the listing rest


class EmployerCopy(Copy, total=False):
    """`employer:<domain_mark>`: whether staff have registered that domain. States: registered, removed.

    `employer:`, of no domain, has all listings looked at once after an upgrade; it is new.
    """

    after: str  # id of the last listing of an unfinished pass
    marks: list[str]  # of the mailboxes that answer for the employer; absent where an older version copied it


class AsksDocument(CoreDocument, total=False):
    """`consent_asks:<listing id, or the mark of a mailbox>`: how often an employer was asked within the week."""

    asked: dict[str, datetime]  # by the command's id
