"""The bodies and queries of the listing's API."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from services.listing.lifecycle import STATES
from services.listing.rules import foreign_prices
from shared.events.schemas_listing import HELP_KINDS
from shared.fields import (
    Body,
    Choice,
    CodeSchema,
    Country,
    Currency,
    Date,
    EmployerDomain,
    Flag,
    Instant,
    Integer,
    Part,
    PersonId,
    Several,
    Text,
    Uuid,
    Violation,
    no_at,
)
from shared.fields.codes import IndustryCode, OccupationCode, Skill
from shared.fields.prices import PricedBreakdown, PricedHelp
from shared.places.fields import Licence, Subdivision
from shared.places.rules import ACKNOWLEDGED
from shared.reports.schemas import OwnReport

STATUSES = tuple(state for state in STATES if state != "new")
PERIODS = ("hour", "day", "week", "month", "year")
REASONS = ("contact_data", "employer_named", "unclear", "unlawful", "not_genuine", "other")


class Employer(Body):
    """`domain`: of its e-mail addresses. It is what a work address and the employer's own word are checked against."""

    name = Text(1, 120, required=True)
    domain = EmployerDomain()


class Pay(Body):
    """What the role pays, in minor units."""

    min = Integer(required=True)
    max = Integer(required=True)
    currency = Currency(required=True)
    per = Choice(*PERIODS, required=True)

    @validates_schema
    def check_range(self, data: dict[str, Any], **_: Any) -> None:
        if data["min"] > data["max"]:
            raise ValidationError({"max": [Violation("pay-range", f"expected {data['min']} or more: not below min")]})


class Tranche(Body):
    """One part of the payout: due so many days after the first day of work; 0 is as soon as the hire is confirmed."""

    due_day = Integer(0, 180, required=True)
    bps = Integer(1, 10_000, required=True)


def _whole_price(tranches: list[dict[str, Any]]) -> None:
    days = [tranche["due_day"] for tranche in tranches]
    if days != sorted(set(days)):
        raise ValidationError([Violation("tranche-days", "expected due days that grow, each once")])
    if sum(tranche["bps"] for tranche in tranches) != 10_000:
        raise ValidationError([Violation("tranche-sum", "expected shares (bps) with the sum 10000")])


class Consent(Body):
    """The employer's consent to a paid word or reference: who gave it (a function), how, and when."""

    who = Text(1, 120, required=True)
    how = Choice("email", "letter", "contract", "spoken", required=True)
    on = Date(required=True)


class ConsentGiven(Body):
    """The insider's word of it (null where there is none), and whose consent stands on record."""

    who = Text(allow_none=True)
    how = Text(allow_none=True)
    on = Date(any_year=True, allow_none=True)
    by = Choice("insider", "employer", optional=True)
    grade = Integer(optional=True, metadata={"description": "0 the insider's word, 3 the employer's own"})
    at = Instant(allow_none=True, optional=True, metadata={"description": "when the employer answered"})


class ConsentAsk(Body):
    """A link that was mailed to the employer, and what became of it."""

    status = Choice("asked", "given", "refused", "withdrawn")
    at = Instant()
    expires_at = Instant()


class NewListing(Body):
    title = Text(1, 120, required=True)
    employer = Part(Employer, required=True)
    country = Country(required=True)
    subdivision = Subdivision(
        allow_none=True,
        metadata={"description": "of the country; required where the rules differ inside it (`GET /v1/rules` says so)"},
    )
    region = Text(1, 64, allow_none=True, validate=no_at)
    industry = Part(IndustryCode, required=True)
    occupation = Part(OccupationCode, required=True)
    duties = Several(Text(1, 300), 1, 20, required=True)
    skills = Several(Skill(), 0, 30, unique=True)
    seats = Integer(1, 500)
    leaving_on = Date(required=True)
    pay = Part(Pay, required=True)
    help = Several(Part(PricedHelp), 1, len(HELP_KINDS), unique="kind", required=True)
    tranches = Several(Part(Tranche), 1, 12, validate=_whole_price)
    consent = Part(Consent, allow_none=True)
    acknowledges = Several(Choice(*ACKNOWLEDGED), 0, 10, unique=True)

    @validates_schema
    def check_currency(self, data: dict[str, Any], **_: Any) -> None:
        """A revision may bring only one of pay and help; the lifecycle checks it then against the other."""
        if "pay" not in data or "help" not in data:
            return
        wrong: dict[int, Any] = {}
        for pointer, message in foreign_prices(data):
            wrong[int(pointer.split("/")[2])] = {"price": {"currency": [Violation("one-currency", message)]}}
        if wrong:
            raise ValidationError({"help": wrong})


class Revision(NewListing):
    """The fields that change; each replaces the old one whole, null takes it away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for field in self.load_fields.values():
            field.required = False

    @validates_schema
    def check_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError([Violation("required", "expected at least one field to change")])


class Refused(Body):
    """Why a moderator gives a listing back or takes it away; the note is for the insider."""

    reason = Choice(*REASONS, required=True)
    note = Text(1, 1000, lines=True)


class Breach(Body):
    rule = Text()
    pointer = Text()
    message = Text()


class Review(Body):
    """A decision about the listing: by the rules (their ids), or by a moderator (their person_id)."""

    outcome = Text(
        metadata={
            "description": "published, held (waits for a moderator), revised, returned, rested (waits for one, as "
            "several people reported it), kept or removed"
        }
    )
    by = Text()
    at = Instant()
    rules = Several(Text(), optional=True)
    reasons = Several(Part(Breach), optional=True)
    reason = Text(optional=True)
    note = Text(optional=True)


class VeiledEmployer(Body):
    name = Text(allow_none=True, metadata={"description": "null while veiled"})
    domain = Text(allow_none=True, metadata={"description": "null while veiled, or where none was given"})
    veiled = Flag()


class Listing(Body):
    """A listing. `insider_verified`: its insider gets mail at the employer's domain, which staff have registered.

    `fee_bps`: what an offer that is made today would be charged; each offer keeps its own.
    `consent` is for who knows the employer, `review` and `consent_asks` for its insider and staff, `audit` for staff.
    """

    id = Uuid()
    status = Choice(*STATUSES)
    version = Integer()
    created_at = Instant()
    updated_at = Instant()
    published_at = Instant(allow_none=True)
    expires_at = Instant(allow_none=True)
    insider = PersonId()
    insider_verified = Flag()
    title = Text()
    employer = Part(VeiledEmployer)
    country = Country()
    subdivision = Text(allow_none=True)
    region = Text(allow_none=True)
    licence = Part(Licence, allow_none=True)
    industry = Part(CodeSchema)
    occupation = Part(CodeSchema)
    duties = Several(Text())
    skills = Several(Text())
    skill_codes = Several(Text(), metadata={"description": "the ESCO codes of those skills that are called as there"})
    seats = Integer()
    seats_taken = Integer()
    leaving_on = Date(any_year=True)
    pay = Part(Pay)
    help = Several(Part(PricedHelp))
    fee_bps = Integer(0, 10_000)
    breakdown = Several(Part(PricedBreakdown))
    tranches = Several(Part(Tranche))
    consent = Part(ConsentGiven, allow_none=True, optional=True)
    acknowledges = Several(Text(), optional=True)
    consent_asks = Several(Part(ConsentAsk), optional=True)
    review = Part(Review, allow_none=True, optional=True)
    audit = Several(Part(Review), optional=True)


class KnownEmployer(Body):
    """A listing whose employer you may see."""

    listing_id = Uuid()
    since = Instant()


class ListingShare(Body):
    """Your listings, in pages. The first page also has the employers that were unveiled to you, the marks of the
    domains at which you verified an address and of your mailbox, and the listings that you reported.
    """

    person_id = PersonId()
    employers_known = Several(Part(KnownEmployer), optional=True)
    work_marks = Several(Text(), optional=True)
    mailbox_mark = Text(allow_none=True, optional=True)
    reports = Several(Part(OwnReport), optional=True)
    items = Several(Part(Listing))
    next = Text(1, 1024, allow_none=True)
