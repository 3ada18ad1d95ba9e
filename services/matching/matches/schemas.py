"""What comes in and goes out over HTTP about matches, profiles and insiders' records."""

from services.matching.matches.profiles import PERIODS
from services.matching.matches.scoring import WEIGHTS
from services.matching.offer.messages import LONGEST
from shared import fields
from shared.events.schemas_listing import HELP_KINDS
from shared.fields import Body, CodeSchema
from shared.fields.codes import IndustryCode, OccupationCode, Skill
from shared.fields.prices import PricedBreakdown, PricedHelp


class Reason(Body):
    code = fields.Choice(*WEIGHTS)
    points = fields.Integer()
    words = fields.Text()


class Pay(Body):
    min = fields.Integer()
    max = fields.Integer()
    currency = fields.Currency()
    per = fields.Choice(*PERIODS)


class MatchedListing(Body):
    """What a match is about; its text stands at `/v1/listings/{listing_id}`."""

    listing_id = fields.Uuid()
    insider = fields.PersonId()
    href = fields.Text(metadata={"description": "where its title and duties are: no event carries a text"})
    insider_verified = fields.Flag()
    country = fields.Country()
    region = fields.Text(allow_none=True)
    industry = fields.Part(CodeSchema)
    occupation = fields.Part(CodeSchema)
    skills = fields.Several(fields.Text())
    pay = fields.Part(Pay)
    help = fields.Several(fields.Part(PricedHelp))
    fee_bps = fields.Integer(0, 10_000)
    breakdown = fields.Several(fields.Part(PricedBreakdown))
    seats = fields.Integer()
    leaving_on = fields.Date(any_year=True)
    published_at = fields.Instant()


class MatchSchema(Body):
    """A listing that fits; `score` is the sum of its reasons' points. See docs/matching.md."""

    score = fields.Integer()
    reasons = fields.Several(fields.Part(Reason))
    listing = fields.Part(MatchedListing)


class WantedPay(Body):
    """The least you want to be paid, in minor units."""

    amount = fields.Integer(1, required=True)
    currency = fields.Currency(required=True)
    per = fields.Choice(*PERIODS, required=True)


class NewProfile(Body):
    """What you look for. Without an occupation, an industry or a skill there are no matches.

    Of `countries` none means any; listings elsewhere are never matches.
    """

    occupations = fields.Several(fields.Part(OccupationCode), 0, 10, unique=True)
    industries = fields.Several(fields.Part(IndustryCode), 0, 10, unique=True)
    countries = fields.Several(fields.Country(), 0, 10, unique=True)
    regions = fields.Several(fields.Text(1, 64, validate=fields.no_at), 0, 10, unique=True)
    skills = fields.Several(Skill(), 0, 20, unique=True)
    help = fields.Several(fields.Choice(*HELP_KINDS), 0, len(HELP_KINDS), unique=True)
    pay = fields.Part(WantedPay, allow_none=True)


class Profile(NewProfile):
    version = fields.Integer()
    created_at = fields.Instant()
    updated_at = fields.Instant()


class Lasted(Body):
    """How long the jobs last: `running` have not ended, as far as is known, `ended` have, after `median_days`.

    `people_90_days`: how many people's jobs lasted 90 days or more, so far.
    """

    running = fields.Integer()
    ended = fields.Integer()
    median_days = fields.Integer(allow_none=True)
    people_90_days = fields.Integer()


class Stars(Body):
    """How many reviews gave so many stars."""

    one = fields.Integer()
    two = fields.Integer()
    three = fields.Integer()
    four = fields.Integer()
    five = fields.Integer()


class SaidOfInsider(Body):
    """A seeker's review; `offer_id` is there for moderators, who may remove its text."""

    on = fields.Date()
    stars = fields.Integer(1, 5)
    would_again = fields.Flag(optional=True)
    text = fields.Text(1, LONGEST, lines=True, optional=True)
    offer_id = fields.Uuid(optional=True)


class InsiderRecord(Body):
    """What came of an insider's help, with seekers whose address is verified; all accounts of a mailbox are one person.

    `for_nothing`: those of the hires that cost the seeker nothing.
    It is of the newest 500 hires; the reviews are the newest 100, newest hire first.
    """

    insider = fields.PersonId()
    hires = fields.Integer()
    for_nothing = fields.Integer()
    lasted = fields.Part(Lasted)
    stars = fields.Part(Stars)
    reviews = fields.Several(fields.Part(SaidOfInsider))
