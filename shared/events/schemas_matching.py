"""The data of `offer.*`, `help.given` and `hire.*`: the parties, the listing, the status and the terms of the offer."""

from functools import partial

from shared.events.event_type import EventType
from shared.events.schemas_listing import HELP_KINDS, tranches
from shared.fields import Amount, Choice, Currency, Date, EventData, Flag, Id, Integer, PersonId, Several, Time, Word

OFFER_STATES = (
    "proposed", "countered", "accepted", "declined", "withdrawn", "expired", "cancelled", "active", "hire_claimed",
    "hired", "ended", "completed", "lapsed", "closed",
)  # fmt: skip
BY = ("insider", "seeker", "employer", "staff", "system")


class Parties(EventData):
    """Whose offer it is, and where it stands."""

    offer_id = Id("the offer")
    listing_id = Id("the listing it is for")
    insider = PersonId("who helps")
    seeker = PersonId("who is helped")
    status = Word("where the offer stands after this event", known=OFFER_STATES)


class OfferState(Parties):
    """The public state of an offer: the parties and the terms, which it keeps from when it was made or countered."""

    help = Several(Word(known=HELP_KINDS), 1, 10, "the kinds of help agreed or asked for")
    price = Amount("for all of the help, in currency")
    currency = Currency("ISO 4217, of every amount in this event")
    tranches = tranches()
    fee_bps = Integer(0, 10_000, "the platform's share of each payout, in basis points")
    accepted_at = Time("when both agreed; null before", allow_none=True)


class OfferAccepted(OfferState):
    accepted_at = Time("when both agreed")
    by = Word("who accepted", optional=True, known=BY)


class OfferActivated(OfferState):
    begins_at = Time(
        "when the help begins by itself, contacts and the employer being veiled until then; null: it begins at once",
        optional=True,
        allow_none=True,
    )


class OfferBy(OfferState):
    by = Word("whose doing it is", known=BY)


class OfferCancelled(OfferBy):
    reason = Word("why", optional=True, allow_none=True)


class OfferConsentEnded(OfferState):
    begun = Flag(
        "false: the help has not begun, and does not any more; a claim or a dispute is in the way of the offer's end, "
        "which follows if that comes to nothing",
        optional=True,
    )


class OfferClosed(OfferState):
    reason = Word("why the money went another way", optional=True, allow_none=True)


class HelpGiven(OfferState):
    kind = Word("the kind of help that was given", known=HELP_KINDS)
    on = Date("the day it was given")
    answer = Choice(
        "confirmed",
        "denied",
        description="what the seeker says of it; null or absent before",
        optional=True,
        allow_none=True,
    )


class HireClaimed(OfferState):
    start_on = Date("the first day of work")
    evidence_grade = Integer(
        0, 3, "0 a word, 1 a document, 2 with a work mail at a registered employer, 3 the employer or its system"
    )


class HireRejected(OfferState):
    again = Flag("whether the insider may claim the hire once more", optional=True)


class HireConfirmed(Parties):
    """The promised fields are required; the terms of the offer come beside them and may be absent."""

    start_on = Date("the first day of work")
    confirmed_by = Choice(
        "seeker", "employer", "ats", "arbiter", "silence", description="who or what confirmed the hire"
    )
    evidence_grade = Integer(
        0, 3, "0 a word, 1 a document, 2 with a work mail at a registered employer, 3 the employer or its system"
    )
    confirmed_at = Time("when it was confirmed")
    help = Several(Word(known=HELP_KINDS), 1, 10, "the kinds of help agreed", optional=True)
    price = Amount("for all of the help, in currency", optional=True)
    currency = Currency("ISO 4217, of every amount in this event", optional=True)
    tranches = tranches(optional=True)
    fee_bps = Integer(0, 10_000, "the platform's share of each payout, in basis points", optional=True)
    accepted_at = Time("when both agreed", optional=True)


class HireEnded(OfferState):
    by = Choice("insider", "seeker", "employer", description="who says so")
    on = Date("the last day of work")


_event = partial(EventType, owner="matching", subject_field="offer_id")
EVENTS = (
    _event("offer.made", OfferState, "a seeker asks an insider for help"),
    _event("offer.countered", OfferBy, "other terms are proposed"),
    _event("offer.accepted", OfferAccepted, "both agree on help and price", promised=True),
    _event("offer.declined", OfferBy, "the other side says no"),
    _event("offer.withdrawn", OfferBy, "the one who made it takes it back"),
    _event("offer.expired", OfferState, "nobody answered in time"),
    _event("offer.cancelled", OfferCancelled, "called off by a party, staff, or as its listing ended"),
    _event("offer.cancel_asked", OfferBy, "a party asks the other to call it off"),
    _event("offer.consent_ended", OfferConsentEnded, "the employer says no, and it goes on; see `begun`"),
    _event("offer.activated", OfferActivated, "the money is held, or there is none"),
    _event("offer.begun", OfferBy, "the help begins: contacts and the employer are revealed"),
    _event("offer.lapsed", OfferState, "it was not funded, or no hire came of it in time"),
    _event("offer.completed", OfferState, "the hire is paid out in full, or was free of charge"),
    _event("offer.closed", OfferClosed, "ended as its money went another way"),
    _event("offer.reviewed", OfferBy, "one of the two has reviewed the other; the event does not carry the text"),
    _event("help.given", HelpGiven, "the insider records help; the seeker confirms or denies it"),
    _event("hire.claimed", HireClaimed, "the insider says that the seeker was hired"),
    _event("hire.rejected", HireRejected, "the seeker says that they were not"),
    _event("hire.confirmed", HireConfirmed, "the seeker was hired: the escrow pays", promised=True),
    _event("hire.ended", HireEnded, "the job that was found has ended"),
)
