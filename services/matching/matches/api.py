"""One's matches over HTTP: the open listings that fit one's profile, each with its score and why."""

from typing import Any

from services.matching.matches import finding as matches
from services.matching.matches import profiles
from services.matching.matches.profiles import PERIODS, profile_id
from services.matching.matches.scoring import WEIGHTS, Match
from services.matching.parts import Parts
from shared import fields
from shared.events.schemas_listing import HELP_KINDS
from shared.fields import Body, CodeSchema, MoneySchema
from shared.http.answer.pages import PageQuery, page_of, page_response
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Fault, Problem, invalid

operations: Operations[Parts] = Operations("matching", "Matches")
_AS_IT_IS = ("listing_id", "insider", "country", "industry", "occupation", "leaving_on", "published_at", "seats")


class Reason(Body):
    code = fields.Choice(*WEIGHTS)
    points = fields.Integer()
    words = fields.Text()


class Pay(Body):
    min = fields.Integer()
    max = fields.Integer()
    currency = fields.Currency()
    per = fields.Choice(*PERIODS)


class PricedHelp(Body):
    kind = fields.Choice(*HELP_KINDS)
    price = fields.Part(MoneySchema)


class MatchedListing(Body):
    """What a match is about; its text stands at `/v1/listings/{listing_id}`."""

    listing_id = fields.Uuid()
    insider = fields.PersonId()
    insider_verified = fields.Flag()
    country = fields.Country()
    region = fields.Text(allow_none=True)
    industry = fields.Part(CodeSchema)
    occupation = fields.Part(CodeSchema)
    skills = fields.Several(fields.Text())
    pay = fields.Part(Pay)
    help = fields.Several(fields.Part(PricedHelp))
    seats = fields.Integer()
    leaving_on = fields.Date()
    published_at = fields.Instant()


class MatchSchema(Body):
    """A listing that fits; `score` is the sum of its reasons' points. See docs/matching.md."""

    score = fields.Integer()
    reasons = fields.Several(fields.Part(Reason))
    listing = fields.Part(MatchedListing)


@operations.get("/v1/matches", "listMatches", "Open listings that fit one's profile, the best first", who=ANYONE,
                query=PageQuery, answers={200: page_of(MatchSchema)})  # fmt: skip
def list_matches(call: Call[Parts]) -> Answer:
    offers, after = call.parts.offers, _after(call)
    profile = offers.store.get(profile_id(call.person))
    if profile is None or not profiles.is_there(profile):
        raise Problem("conflict", "Matches are made from your profile: write one first, at /v1/me/profile.")
    all_ = matches.find(offers.store, call.parts.accounts, offers.lifecycle.terms, call.person, profile)
    rest = [each for each in all_ if after is None or _place(each) > after]
    shown = rest[: call.page.limit]
    last = [shown[-1].score, shown[-1].listing["listing_id"]] if len(rest) > len(shown) else None
    return page_response(call, [_view(each) for each in shown], last)


def _place(match: Match) -> tuple[int, str]:
    return -match.score, match.listing["listing_id"]


def _after(call: Call[Parts]) -> tuple[int, str] | None:
    """Where the last page ended. Raises Problem 422 for the cursor of another list."""
    match call.page.after:
        case None:
            return None
        case [int(score), str(listing_id)]:
            return -score, listing_id
        case _:
            raise invalid([Fault.of_query("cursor", "cursor", "expected the `next` of a page of the same list")])


def _view(match: Match) -> dict[str, Any]:
    listing, currency = match.listing, match.listing["currency"]
    help_ = [{"kind": each["kind"], "price": {"amount": each["price"], "currency": currency}}
             for each in listing["help"]]  # fmt: skip
    shown = {name: listing.get(name) for name in _AS_IT_IS} | {
        "insider_verified": bool(listing.get("insider_verified")),
        "region": listing.get("region"),
        "skills": listing.get("skills") or [],
        "pay": {**listing["pay"], "currency": currency},
        "help": help_,
    }
    return {
        "score": match.score,
        "reasons": [{"code": each.code, "points": each.points, "words": each.words} for each in match.reasons],
        "listing": shown,
    }
