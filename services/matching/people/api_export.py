"""What matching holds of a person, for themselves, and where the other services' shares are."""

from dataclasses import replace
from typing import Any

from services.matching.matches.alerts import alert_id
from services.matching.matches.profiles import is_there, profile_id
from services.matching.matches.views import profile_view
from services.matching.offer import reviews
from services.matching.offer.lifecycle import PARTIES
from services.matching.offer.views import account_view, roles, view
from services.matching.people.parts import Parts
from services.matching.people.schemas import SHARES, Export, MatchingShare
from services.matching.people.views import person_view
from services.matching.store import own_offers
from shared.aggregate import Document
from shared.http.answer.pages import PageQuery, after_text, text_page
from shared.http.declare.operations import ANYONE, Answer, Call, Operations

PATH = "/v1/me/export"
operations: Operations[Parts] = Operations("matching", "People")


@operations.get(PATH, "exportMe", "List where to export the data held about you", who=ANYONE,
                answers={200: Export})  # fmt: skip
def shares(call: Call[Parts]) -> Answer:
    found = [{"service": name, "href": f"{PATH}/{name}"} for name in SHARES]
    return Answer({"person_id": call.person, "shares": found})


@operations.get(f"{PATH}/matching", "exportMatching", "Export your account, profile and offers",
                who=ANYONE, query=PageQuery, answers={200: MatchingShare})  # fmt: skip
def export(call: Call[Parts]) -> Answer:
    offers, after = call.parts.offers, after_text(call)
    terms, now = offers.lifecycle.terms, offers.store.clock.now()

    def whole(doc: Document) -> dict[str, Any]:
        of = roles(doc, call.principal)
        reviewed = dict.fromkeys(PARTIES) | reviews.seen_by(doc, of, terms, now)
        return view(doc, of) | {"reviews": reviewed}

    found = own_offers(offers.store, call.person, {}, after, call.page.limit + 1)
    answer = text_page(call, found, "position", whole)
    rest = {} if after else _theirs(call)
    return replace(answer, body={"person_id": call.person, **rest, **answer.body})


def _theirs(call: Call[Parts]) -> dict[str, Any]:
    """What is not of an offer."""
    store = call.parts.offers.store
    person, profile = store.get(call.person), store.get(profile_id(call.person))
    return {
        "person": person_view(person) if person else None,
        "account": account_view(call.parts.accounts.standing(call.person)),
        "reports": call.parts.desk.own(call.person),
        "profile": profile_view(profile) if profile and is_there(profile) else None,
        "new_matches": (store.get(alert_id(call.person)) or {}).get("cadence"),
    }
