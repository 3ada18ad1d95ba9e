"""What may be charged where, as `GET /v1/rules` shows it."""

from shared.fields import Body, Choice, Country, Currency, Date, Flag, Integer, Part, Query, Several, Text
from shared.places.fields import Licence, Subdivision
from shared.places.rules import ACKNOWLEDGED, ASKED, DECISIONS


class Asked(Query):
    """A place, and the currency that amounts are shown in; without one, of every currency that has a cap."""

    country = Country(required=True)
    subdivision = Subdivision(metadata={"description": "of the country; needed where the rules differ inside it"})
    currency = Currency()


class Source(Body):
    """The law, or the own rule, that it comes from."""

    act = Text()
    section = Text(allow_none=True)
    says = Text()


class Rule(Body):
    """`place`: the country or subdivision that it stands for, `*` for any. `doubt`: what is uncertain in it.
    `own_rule`: no law says so; the market or its operator does.
    """

    id = Text()
    place = Text()
    source = Part(Source)
    checked = Date()
    doubt = Text(allow_none=True)
    own_rule = Flag()


class DecisionRule(Rule):
    """For one kind of help. `licensed`: may be charged under `licence_needed` alone; `licence` is the operator's, or
    null. `may_be_charged`: whether a price above 0 is possible there now.
    """

    help = Text()
    decision = Choice(*DECISIONS)
    may_be_charged = Flag()
    licence_needed = Text(allow_none=True)
    licence = Part(Licence, allow_none=True)
    words = Text(metadata={"description": "the decision in one sentence"})


class ConsentRule(Rule):
    """Whose word it takes that the employer agrees, before that help has a price."""

    help = Text()
    by = Choice("insider", "employer")


class AcknowledgementRule(Rule):
    """What an insider acknowledges before that help has a price."""

    help = Text()
    acknowledges = Choice(*ACKNOWLEDGED)


class QuestionRule(Rule):
    """What a seeker declares before that help costs them something; who says yes is charged nothing."""

    help = Several(Text())
    asks = Choice(*ASKED)


class PhrasesRule(Rule):
    """What a posting may not say there."""

    phrases = Several(Text())


class Cap(Body):
    """In minor units: the most that all help of a listing may cost, beside `pay_bps` of the year's pay; and the most
    that a seeker may have agreed to at once.
    """

    currency = Currency()
    amount = Integer()
    exposure = Integer()


class RulesOfPlace(Body):
    """What may be charged in a place, by which decisions. It is no legal advice."""

    place = Text()
    name = Text()
    subdivision_needed = Flag()
    decisions = Several(Part(DecisionRule))
    consents = Several(Part(ConsentRule))
    acknowledgements = Several(Part(AcknowledgementRule))
    questions = Several(Part(QuestionRule))
    phrases = Several(Part(PhrasesRule))
    pay_bps = Integer()
    caps = Several(Part(Cap))
    fee_bps = Integer()
    notice = Text()
