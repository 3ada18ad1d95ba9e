"""The data of `listing.*`. Each carries the whole public state of the listing, so a copy is simply overwritten."""

from functools import partial
from typing import Any

from marshmallow import ValidationError

from shared.events.event_type import EventType
from shared.fields import (
    Amount,
    Country,
    Currency,
    Date,
    EventData,
    Flag,
    Id,
    Integer,
    Label,
    Part,
    Pattern,
    PersonId,
    Several,
    Time,
    Word,
)

LISTING_STATES = ("draft", "in_review", "published", "paused", "filled", "expired", "withdrawn", "removed")
HELP_KINDS = ("good_word", "reference", "coaching")


class Classified(EventData):
    """A code and the public scheme it belongs to."""

    scheme = Id("the classification, such as NACE-2 or ISCO-08")
    code = Id("the code within it")


class Pay(EventData):
    """What the employer pays for the role."""

    min = Amount("the least")
    max = Amount("the most")
    per = Word("the period paid for", known=("hour", "day", "week", "month", "year"))


class PricedHelp(EventData):
    """One kind of help and what the insider asks for it."""

    kind = Word("the kind of help", known=HELP_KINDS)
    price = Amount("the price; 0 is help free of charge")


class Licence(EventData):
    """A licence of the operator's."""

    place = Id("where it holds: a country or subdivision of ISO 3166")
    number = Label("its number")
    valid_until = Date("its last day")


class AskedOfSeeker(EventData):
    """What the law of the place has a seeker asked before this help costs them something."""

    rule = Id("the rule, as GET /v1/rules names it")
    asks = Word("what is asked", known=("foreign_national",))
    help = Several(Word("a kind of help", known=HELP_KINDS), 1, 10, "the help that it is asked for")


class Tranche(EventData):
    """One part of the payout."""

    due_day = Integer(0, 180, "days after start_on; 0 = as soon as the hire is confirmed")
    bps = Integer(1, 10_000, "its share of the price, in basis points")


def _whole_price(tranches: list[dict[str, Any]]) -> None:
    if sum(tranche["bps"] for tranche in tranches) != 10_000:
        raise ValidationError("The shares of the tranches do not sum to 10000 basis points.")


def tranches(*, optional: bool = False) -> Several:
    """The field `tranches` as listings and offers carry it: 1..12 of them, the sum of `bps` is 10,000."""
    says = "how the price is paid out; the shares sum to 10000 basis points"
    return Several(Part(Tranche), 1, 12, says, validate=_whole_price, optional=optional)


class ConsentEnded(EventData):
    """The employer has said no."""

    times = Integer(1, 1000, "how often so far: refused, or taken back")
    help = Several(Word("a kind of help", known=HELP_KINDS), 1, 10, "the help that needs its consent there")


class ListingState(EventData):
    """The public state of a listing."""

    listing_id = Id("the listing")
    insider = PersonId("who listed it")
    status = Word("where the listing stands after this event", known=LISTING_STATES)
    country = Country("ISO 3166-1 alpha-2")
    subdivision = Id("ISO 3166-2, of that country, where it was named", optional=True)
    licence = Part(Licence, "the operator's licence that its prices stand under", optional=True)
    price_cap = Amount("the most that all its help together may cost, in currency", optional=True)
    fixed_help = Several(
        Word("a kind of help", known=HELP_KINDS), 0, 10, "the help that no offer may price higher than it is listed",
        optional=True,
    )  # fmt: skip
    seeker_asked = Several(Part(AskedOfSeeker), 0, 10, "what a seeker is asked there", optional=True)
    consent_grade = Integer(0, 3, "the employer's consent: 0 the insider's word of it, 3 its own", optional=True)
    consent_ended = Part(ConsentEnded, "where the employer refused, or took its consent back", optional=True)
    region = Label("the region within the country", allow_none=True)
    industry = Part(Classified, "the employer's industry")
    occupation = Part(Classified, "the role's occupation")
    skills = Several(Label(), 0, 100, "skills asked for, by their public names")
    skill_codes = Several(Id(), 0, 100, "the ESCO codes of those skills that have the names of ESCO", optional=True)
    pay = Part(Pay, "the pay of the role, in currency")
    help = Several(Part(PricedHelp), 1, 10, "the help on offer, each with its price in currency")
    currency = Currency("ISO 4217, of every amount in this event")
    seats = Integer(1, 500, "how many may be hired through it")
    tranches = tranches()
    leaving_on = Date("when the insider leaves the role", any_year=True)
    published_at = Time("when it was first published; null before", allow_none=True)
    insider_verified = Flag(
        "whether the insider gets mail at the employer's domain, which staff have registered", optional=True
    )
    workplace_mark = Id("whoever knows the employer's domain knows it again, in this listing alone", optional=True)


class ListingCreated(ListingState):
    published_at = Time("when it was published")


class ListingReturned(ListingState):
    reason = Word("why it was not published")


class ConsentAsked(ListingState):
    """What notify needs to mail the link."""

    link_id = Id("of the link")
    until = Time("when the link ends")
    language = Word("of the mail", known=("en", "fr"))
    sealed = Pattern("[A-Za-z0-9_=-]{40,1000}", "a sealed text", "the mailbox, which only notify reads")


class ListingRemoved(ListingState):
    reason = Word("why it was removed", optional=True, allow_none=True)


_event = partial(EventType, owner="listing", subject_field="listing_id")
EVENTS = (
    _event("listing.submitted", ListingState, "the insider asks for it to be published"),
    _event("listing.created", ListingCreated, "published: seekers may make offers", promised=True),
    _event("listing.returned", ListingReturned, "a moderator gave it back to its insider"),
    _event("listing.revised", ListingState, "new terms, for later offers only"),
    _event("listing.paused", ListingState, "takes no new offers for now"),
    _event("listing.resumed", ListingState, "takes offers again"),
    _event("listing.rested", ListingState, "waits for a moderator, as several people reported it"),
    _event("listing.kept", ListingState, "a moderator looked at what was reported, and left it as it was"),
    _event("listing.filled", ListingState, "its last seat is taken"),
    _event("listing.expired", ListingState, "its time is over"),
    _event("listing.withdrawn", ListingState, "the insider took it back"),
    _event("listing.removed", ListingRemoved, "a moderator took it away"),
    _event("listing.consent_given", ListingState, "the employer consents to its paid help"),
    _event("listing.consent_refused", ListingState, "the employer refuses"),
    _event("listing.consent_withdrawn", ListingState, "the employer takes its consent back"),
    _event("listing.consent_asked", ConsentAsked, "the employer is asked by mail", internal=True),
)
