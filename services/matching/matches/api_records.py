"""An insider's public record over HTTP. Everyone has one, so that it does not tell who is here."""

from typing import Any

from services.matching.matches.records import MOST_HIRES, Record, record_of
from services.matching.offer.texts import LONGEST
from services.matching.parts import Parts
from services.matching.store import hires_of
from shared import fields
from shared.fields import Body
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Problem
from shared.ids import PERSON_ID

_STARS = ("one", "two", "three", "four", "five")
operations: Operations[Parts] = Operations("matching", "Insiders' records")


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
    would_again = fields.Flag()
    text = fields.Text(1, LONGEST, lines=True)
    offer_id = fields.Uuid()


class InsiderRecord(Body):
    """What came of an insider's help. `for_nothing`: those of the hires that cost the seeker nothing.

    It is of the newest 500 hires; the reviews are the newest 100, newest hire first.
    """

    insider = fields.PersonId()
    hires = fields.Integer()
    for_nothing = fields.Integer()
    lasted = fields.Part(Lasted)
    stars = fields.Part(Stars)
    reviews = fields.Several(fields.Part(SaidOfInsider))


@operations.get("/v1/insiders/{person:word}", "showInsider", "An insider's record: hires, how long they lasted",
                who=ANYONE, answers={200: InsiderRecord})  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    if not PERSON_ID.fullmatch(call.id):
        raise Problem("not-found", "A person's id is p_ and 32 hex digits.")
    offers = call.parts.offers
    found = hires_of(offers.store, call.id, MOST_HIRES)
    record = record_of(found, offers.lifecycle.terms, offers.store.clock.now())
    return Answer(_view(call.id, record, staff=call.principal.has("moderator")))


def _view(insider: str, record: Record, *, staff: bool) -> dict[str, Any]:
    return {
        "insider": insider,
        "hires": record.hires,
        "for_nothing": record.for_nothing,
        "lasted": {
            "running": record.running,
            "ended": record.ended,
            "median_days": record.median_days,
            "people_90_days": record.lasted,
        },
        "stars": dict(zip(_STARS, record.stars, strict=True)),
        "reviews": [_review(each, staff=staff) for each in record.reviews],
    }


def _review(review: Any, *, staff: bool) -> dict[str, Any]:
    """The day is told, not the moment, which other lists might give away."""
    shown = {name: review[name] for name in ("stars", "would_again", "text") if name in review}
    return shown | {"on": review["at"].date().isoformat()} | ({"offer_id": review["offer_id"]} if staff else {})
