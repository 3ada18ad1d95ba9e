"""The form of a rules file."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from shared.events.schemas_listing import HELP_KINDS
from shared.fields import Body, Choice, Currency, Date, Flag, Integer, Part, Pattern, Several, Text, Violation
from shared.folding import words
from shared.places.rules import ACKNOWLEDGED, ASKED, DECISIONS

_ID = "[a-z0-9]+(-[a-z0-9]+)*"


class Source(Body):
    act = Text(1, 300, required=True)
    section = Text(1, 100, allow_none=True, load_default=None)
    says = Text(1, 1000, required=True)


class Entry(Body):
    id = Pattern(_ID, "an id such as price-policy-ca-on-coaching", required=True)
    place = Text(1, 6, required=True)
    help = Several(Choice(*HELP_KINDS), 1, len(HELP_KINDS), unique=True, required=True)
    source = Part(Source, required=True)
    checked = Date(required=True)
    doubt = Text(1, 1000, allow_none=True, load_default=None)
    own = Flag(load_default=False)


class Decision(Entry):
    decision = Choice(*DECISIONS, required=True)
    licence = Text(1, 300, allow_none=True, load_default=None)


class Question(Entry):
    asks = Choice(*ASKED, required=True)


class Consent(Entry):
    by = Choice("insider", "employer", required=True)


class Acknowledgement(Entry):
    acknowledges = Choice(*ACKNOWLEDGED, required=True)


def _has_a_word(value: str) -> None:
    if not words(value):
        raise ValidationError([Violation("characters", "expected a phrase with a word in it")])


class Phrases(Entry):
    phrases = Several(Text(2, 100, validate=_has_a_word), 1, 100, required=True)


def _amounts(**options: Any) -> fields.Dict:
    return fields.Dict(keys=Currency(), values=Integer(), **options)


class Cap(Body):
    id = Pattern(_ID, "an id", load_default="price-cap")
    checked = Date(required=True)
    says = Text(1, 1000, required=True)
    pay_bps = Integer(0, 10_000)
    periods_in_a_year = fields.Dict(
        keys=Choice("hour", "day", "week", "month", "year"), values=Integer(1, 10_000), validate=validate.Length(1, 10)
    )
    absolute = _amounts()
    exposure = _amounts()


class RulesFile(Body):
    notice = Text(1, 1000)
    price_cap = Part(Cap, required=True)
    decisions = Several(Part(Decision), 0, 2000)
    questions = Several(Part(Question), 0, 2000)
    consents = Several(Part(Consent), 0, 2000)
    acknowledgements = Several(Part(Acknowledgement), 0, 2000)
    phrases = Several(Part(Phrases), 0, 2000)
