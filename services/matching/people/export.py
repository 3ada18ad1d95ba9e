"""What matching holds of a person, for themselves, and where the other services' shares are."""

from dataclasses import replace
from typing import Any

from services.matching.matches.api_profile import Profile
from services.matching.matches.profiles import is_there, profile_id
from services.matching.offer import api_account, reviews, schemas
from services.matching.offer.api_reviews import Review
from services.matching.offer.lifecycle import PARTIES
from services.matching.parts import Parts
from services.matching.store import own_offers
from shared import fields
from shared.aggregate import Document
from shared.fields import Body
from shared.http.answer.commands import Roles, View
from shared.http.answer.pages import PageQuery, after_text, text_page
from shared.http.declare.operations import ANYONE, Answer, Call, Operations

PATH = "/v1/me/export"
SHARES = ("listing", "matching", "escrow", "notify")


class Share(Body):
    service = fields.Text()
    href = fields.Text()


class Export(Body):
    """Everything that is held of oneself, a part for each service; each part comes in pages."""

    person_id = fields.PersonId()
    shares = fields.Several(fields.Part(Share))


class Person(Body):
    """`state`: known, asking or leaving (to be forgotten), erased. `mark`: what one's verified address is known by."""

    state = fields.Text()
    mark = fields.Text(allow_none=True)
    asked_at = fields.Instant(allow_none=True)
    erased_at = fields.Instant(allow_none=True)


class BothReviews(Body):
    """The other's is there once it is shown."""

    insider = fields.Part(Review, allow_none=True)
    seeker = fields.Part(Review, allow_none=True)


class WithReviews(schemas.Offer):
    reviews = fields.Part(BothReviews)


class MatchingShare(Body):
    """One's offers, in pages. The first page has one's account and profile as well."""

    person_id = fields.PersonId()
    person = fields.Part(Person, allow_none=True)
    account = fields.Part(api_account.Account)
    profile = fields.Part(Profile, allow_none=True)
    items = fields.Several(fields.Part(WithReviews))
    next = fields.Text(1, 1024, allow_none=True)


def declare(operations: Operations[Parts], roles: Roles, view: View) -> None:
    """The operations; what of an offer one sees is the API's."""

    @operations.get(PATH, "exportMe", "Where everything is that is held of oneself", who=ANYONE,
                    answers={200: Export})  # fmt: skip
    def shares(call: Call[Parts]) -> Answer:
        found = [{"service": name, "href": f"{PATH}/{name}"} for name in SHARES]
        return Answer({"person_id": call.person, "shares": found})

    @operations.get(f"{PATH}/matching", "exportMatching", "What is held of oneself here: account, profile, offers",
                    who=ANYONE, query=PageQuery, answers={200: MatchingShare})  # fmt: skip
    def export(call: Call[Parts]) -> Answer:
        offers, after = call.parts.offers, after_text(call)
        terms, now = offers.lifecycle.terms, offers.store.clock.now()

        def whole(doc: Document) -> dict[str, Any]:
            of = roles(doc, call.principal)
            said = dict.fromkeys(PARTIES) | reviews.seen_by(doc, of, terms, now)
            return view(doc, of) | {"reviews": said}

        found = own_offers(offers.store, call.person, {}, after, call.page.limit + 1)
        answer = text_page(call, found, "position", whole)
        rest = {} if after else _theirs(call)
        return replace(answer, body={"person_id": call.person, **rest, **answer.body})


def _theirs(call: Call[Parts]) -> dict[str, Any]:
    """What is not of an offer."""
    store = call.parts.offers.store
    person, profile = store.get(call.person), store.get(profile_id(call.person))
    return {
        "person": {name: person.get(name) for name in Person().fields} if person else None,
        "account": api_account.show(call).body,
        "profile": profile if is_there(profile) else None,
    }
