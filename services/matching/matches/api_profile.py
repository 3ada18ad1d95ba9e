"""One's profile over HTTP: what one looks for. Nobody else sees it."""

from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError

from services.matching.matches import profiles
from services.matching.matches.profiles import FIELDS, KIND, PERIODS, profile_id
from services.matching.parts import Parts
from shared import fields
from shared.aggregate import Change, Document
from shared.events.schemas_listing import HELP_KINDS
from shared.fields import Body
from shared.fields.codes import IndustryCode, OccupationCode, Skill
from shared.http.answer.documents import document_response
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Problem

operations: Operations[Parts] = Operations("matching", "One's profile")


def _no_at(value: str) -> None:
    """As in listings: names of regions have no @."""
    if "@" in value:
        raise ValidationError([fields.Violation("characters", "expected a name without @")])


class WantedPay(Body):
    """The least that one wants to be paid, in minor units."""

    amount = fields.Integer(1, required=True)
    currency = fields.Currency(required=True)
    per = fields.Choice(*PERIODS, required=True)


class NewProfile(Body):
    """What one looks for. Without an occupation, an industry or a skill there are no matches.

    Of `countries` none means any; listings elsewhere are never matches.
    """

    occupations = fields.Several(fields.Part(OccupationCode), 0, 10, unique=True)
    industries = fields.Several(fields.Part(IndustryCode), 0, 10, unique=True)
    countries = fields.Several(fields.Country(), 0, 10, unique=True)
    regions = fields.Several(fields.Text(1, 64, validate=_no_at), 0, 10, unique=True)
    skills = fields.Several(Skill(), 0, 20, unique=True)
    help = fields.Several(fields.Choice(*HELP_KINDS), 0, len(HELP_KINDS), unique=True)
    pay = fields.Part(WantedPay, allow_none=True)


class Profile(NewProfile):
    version = fields.Integer()
    created_at = fields.Instant()
    updated_at = fields.Instant()


@operations.get("/v1/me/profile", "getProfile", "What one looks for", who=ANYONE, answers={200: Profile})
def show(call: Call[Parts]) -> Answer:
    doc = call.parts.offers.store.get(profile_id(call.person))
    if doc is None or not profiles.is_there(doc):
        raise Problem("not-found", "You have no profile here.")
    return document_response(_view(doc))


@operations.put("/v1/me/profile", "putProfile", "Say what one looks for", who=ANYONE, body=NewProfile, match=True,
                answers={200: Profile})  # fmt: skip
def put(call: Call[Parts]) -> Answer:
    doc = _change(call, lambda change: profiles.put(change, call.body))
    return document_response(_view(doc))


@operations.delete("/v1/me/profile", "deleteProfile", "Have one's profile forgotten", who=ANYONE, match=True,
                   answers={204: None})  # fmt: skip
def delete(call: Call[Parts]) -> Answer:
    _change(call, lambda change: profiles.remove(change) if not change.is_new else None)
    return Answer(status=204)


def _change(call: Call[Parts], decide: Callable[[Change], None]) -> Document:
    """Change one's profile by compare-and-set; it as it is then. Raises Problem 412."""

    def checked(changes: dict[str, Change]) -> Document:
        (change,) = changes.values()
        if not change.is_new or call.if_match.versions is not None:
            call.if_match.check(change.version)
        decide(change)
        return change.document()

    return call.parts.offers.store.run({profile_id(call.person): KIND}, checked)


def _view(doc: Document) -> dict[str, Any]:
    return {name: doc.get(name) for name in (*FIELDS, "version", "created_at", "updated_at")}
