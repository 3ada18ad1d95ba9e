"""The data of `offer.*`, `help.given` and `hire.*`: the parties, the listing, the status and the terms of the offer."""

from marshmallow import Schema

from shared.events.schemas_listing import HELP_KINDS, tranches
from shared.fields.events import Amount, Choice, Code, Currency, Day, Id, PersonId, Several, Time, Whole

OFFER_STATES = (
    "proposed", "countered", "accepted", "declined", "withdrawn", "expired", "cancelled", "active", "hire_claimed",
    "hired", "ended", "completed", "lapsed", "closed",
)  # fmt: skip
BY = ("insider", "seeker", "employer", "staff", "system")


class Parties(Schema):
    """Whose offer it is, and where it stands."""

    offer_id = Id("the offer")
    listing_id = Id("the listing it is for")
    insider = PersonId("who helps")
    seeker = PersonId("who is helped")
    status = Code("where the offer stands after this event", known=OFFER_STATES)


class OfferState(Parties):
    """The public state of an offer: the parties and the terms, which it keeps from when it was made or countered."""

    help = Several(Code(known=HELP_KINDS), 1, 10, "the kinds of help agreed or asked for")
    price = Amount("for all of the help, in currency")
    currency = Currency("ISO 4217, of every amount in this event")
    tranches = tranches()
    fee_bps = Whole(0, 10_000, "the platform's share of each payout, in basis points")
    accepted_at = Time("when both agreed; null before", nullable=True)


class OfferAccepted(OfferState):
    accepted_at = Time("when both agreed")
    by = Code("who accepted", optional=True, known=BY)


class OfferBy(OfferState):
    by = Code("whose doing it is", known=BY)


class OfferCancelled(OfferBy):
    reason = Code("why", optional=True, nullable=True)


class OfferClosed(OfferState):
    reason = Code("why the money went another way", optional=True, nullable=True)


class HelpGiven(OfferState):
    kind = Code("the kind of help that was given", known=HELP_KINDS)
    on = Day("the day it was given")
    answer = Choice(
        ("confirmed", "denied"), "what the seeker says of it; null or absent before", optional=True, nullable=True
    )


class HireClaimed(OfferState):
    start_on = Day("the first day of work")
    evidence_grade = Whole(
        0, 3, "0 a word, 1 a document, 2 with a work mail verified at the employer, 3 the employer or its system"
    )


class HireConfirmed(Parties):
    """The promised fields are required; the terms of the offer come beside them and may be absent."""

    start_on = Day("the first day of work")
    confirmed_by = Choice(("seeker", "employer", "ats", "arbiter", "silence"), "who or what confirmed the hire")
    evidence_grade = Whole(
        0, 3, "0 a word, 1 a document, 2 with a work mail verified at the employer, 3 the employer or its system"
    )
    confirmed_at = Time("when it was confirmed")
    help = Several(Code(known=HELP_KINDS), 1, 10, "the kinds of help agreed", optional=True)
    price = Amount("for all of the help, in currency", optional=True)
    currency = Currency("ISO 4217, of every amount in this event", optional=True)
    tranches = tranches(optional=True)
    fee_bps = Whole(0, 10_000, "the platform's share of each payout, in basis points", optional=True)
    accepted_at = Time("when both agreed", optional=True)


class HireEnded(OfferState):
    by = Choice(("insider", "seeker", "employer"), "who says so")
    on = Day("the last day of work")
