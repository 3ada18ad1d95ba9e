"""The documents of offers: the offer, the copy of a listing, and the account of a seeker."""

from datetime import datetime
from typing import Any, TypedDict

from shared.aggregate.documents import Copy, CoreDocument, OpenTask


class Tranche(TypedDict):
    due_day: int  # days after the first day of work; 0: when the hire is confirmed
    bps: int  # share of the price; all together 10 000


class Evidence(TypedDict, total=False):
    kind: str
    sha256: str


class Claim(TypedDict, total=False):
    """The insider's claim that the seeker was hired."""

    at: datetime
    start_on: str
    evidence: list[Evidence]  # empty once one of the two was forgotten
    grade: int  # 0 to 2


class HelpGiven(TypedDict, total=False):
    kind: str
    on: str
    at: datetime
    answer: str  # the seeker's: confirmed or denied


class Hire(TypedDict, total=False):
    start_on: str
    confirmed_by: str  # seeker, employer, ats, arbiter or silence
    evidence_grade: int  # 0 to 3
    confirmed_at: datetime


class Ended(TypedDict):
    by: str
    on: str  # the last day of work
    at: datetime


class Cancelling(TypedDict, total=False):
    """A cancellation, or one that was asked for."""

    by: str  # insider, seeker, staff or system
    at: datetime
    code: str  # alone, agreed, staff, left, no_reservation, consent_ended, listing_<status>
    reason: str | None  # the person's own text


class Closed(TypedDict):
    at: datetime
    reason: str  # refunded, split or charged_back


class Message(TypedDict):
    by: str
    at: datetime
    text: str


class Removed(TypedDict):
    at: datetime
    reason: str


class Review(TypedDict, total=False):
    stars: int
    would_again: bool
    text: str  # absent once removed by staff, or forgotten
    at: datetime
    removed: Removed


class StaffAction(TypedDict, total=False):
    by: str
    at: datetime
    action: str  # the command
    reason: str | None


class OfferDocument(CoreDocument, total=False):
    # the terms, as they were when the offer was made
    listing_id: str
    insider: str
    seeker: str
    help: list[str]
    price: int  # the last proposal's, in minor units of `currency`
    currency: str
    tranches: list[Tranche]
    fee_bps: int
    listed_price: int  # what the listing asked for this help; an older version wrote `listed`
    most: int  # the most that this help may cost
    licence: dict[str, str]  # the operator's, under which the listing's price stands
    place: str  # whose rules held for the listing when this was offered; absent where an older version made it
    seeker_asked: list[dict[str, Any]]  # what the law of the place has the seeker asked: {rule, asks, help} each
    declares: dict[str, bool]  # what the seeker declared
    consent_times: int  # how often the listing's employer had said no by then; absent in those of an older version

    # the agreement
    proposed_by: str  # who made the last proposal
    rounds: int
    messages: list[Message]
    accepted_at: datetime
    accepted_by: str
    activated_at: datetime
    lapse_at: datetime
    begins_at: datetime  # when the help begins by itself; absent where an older version activated it: it has begun
    begun_at: datetime
    cancel_asked: Cancelling
    cancelled: Cancelling
    closed: Closed
    closing: str  # why it ends once a claim or a dispute is over: the status of the listing's end, or consent_ended
    instruction: OpenTask  # the check that listing and reservation are there

    # the hire
    given: list[HelpGiven]
    claims: list[Claim]
    hire: Hire
    ended: Ended
    reviews: dict[str, Review]  # by its writer: insider or seeker
    application: str  # the id of the seeker's application in the employer's system
    applications: int  # how often an application was named
    audit: list[StaffAction]

    # the copy of the escrow
    escrow_status: str
    escrow_number: int  # the sequence number of the event it was copied from
    paid_at: datetime  # when the escrow ended after money was paid out, or was charged back
    waiting: dict[str, datetime]  # deadlines that stand still while the escrow is disputed
    undisturbed_until: datetime  # no deadline is earlier, after a dispute or a good proof that was rejected

    # for queries
    parties: list[str]
    position: str  # sort key of a person's offers
    live_on: str  # the listing's id while its end concerns the offer
    hired_by: str  # the insider, once a hire was confirmed
    hired_at: str  # sort key of their hires


class ListingCopy(Copy, total=False):
    """`listing:<listing_id>`, from every `listing.*` event."""

    listing_id: str
    insider: str
    status: str
    help: list[dict[str, Any]]
    pay: dict[str, Any]
    currency: str
    tranches: list[Tranche]
    insider_verified: bool
    workplace_mark: str
    country: str
    region: str
    industry: dict[str, str]
    occupation: dict[str, str]
    skills: list[str]
    seats: int
    leaving_on: str
    published_at: str
    subdivision: str
    licence: dict[str, str]
    price_cap: int  # the most that all its help may cost; absent where an older version copied it
    fixed_help: list[str]  # of which no offer may ask more than the listing; absent as above
    seeker_asked: list[dict[str, Any]]
    consent_ended: dict[str, Any]  # the employer said no: {times, help}
    consent_closed: int  # how many of those times its offers were told of
    consent_told: dict[str, Any]  # all were told of the no of that number, and will be once more: {times, at}
    consent_reached: dict[str, Any]  # amid the passes, how far they are: {why, after, moved}
    ended_reached: dict[str, Any]  # the same where the listing has ended
    facets: list[str]  # what it may be found by as a match; there while it is published
    rank: str  # sort key of matches: by the time it was published
    arrived_at: datetime  # when it was first copied, if it was new then: who is told of new matches is told since


class Reservation(TypedDict, total=False):
    listing_id: str
    at: datetime
    amount: int  # minor units; 0 until the offer is accepted
    currency: str  # EUR where an older version wrote it
    held_by: dict[str, int]  # by ticket: the requests that reserved it, each with its amount
    over: bool  # the offer is over, and its payment may still be charged back
    until: datetime  # so long, once it was paid out


class AccountDocument(CoreDocument, total=False):
    """`account:<person>`, written before the offer is: a seeker's budget of requests and their exposure."""

    reservations: dict[str, Reservation]  # by offer id
    requests: dict[str, datetime]  # by offer id: the last week's
