"""What may be charged in a place, over HTTP."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from services.listing.parts import Parts
from services.listing.rules import Rules, in_words
from services.listing.schemas_rules import Asked, RulesOfPlace
from shared.events.schemas_listing import HELP_KINDS
from shared.http.declare.operations import OPEN, Answer, Call, Operations
from shared.http.problems import Fault, invalid
from shared.places import Entry, name_of
from shared.places.rules import plain

operations: Operations[Parts] = Operations("listing", "Rules")
NOTICE = "Findings from public pages, and the operator's own decisions. This is no legal advice."
E = TypeVar("E", bound=Entry)


@operations.get(
    "/v1/rules", "showRules", "Show what may be charged in a place", who=OPEN, query=Asked,
    answers={200: RulesOfPlace},
)  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    asked, market = call.query, call.parts.market
    country, subdivision = asked["country"], asked.get("subdivision")
    if subdivision and not subdivision.startswith(f"{country}-"):
        raise invalid([Fault.of_query("subdivision", "subdivision", f"expected a subdivision of {country}")])
    currencies = market.places.cap.absolute
    if "currency" in asked and asked["currency"] not in currencies:
        says = f"expected a currency that has a cap, {', '.join(sorted(currencies))}; in others prices are 0"
        raise invalid([Fault.of_query("currency", "price-cap", says)])
    listings = call.parts.listings
    shown = of_place(market, subdivision or country, listings.store.clock.now().date())
    terms = listings.lifecycle.terms
    exposure = market.places.exposure_caps(terms.exposure_cap)
    wanted = [asked["currency"]] if "currency" in asked else sorted(currencies)
    caps = [{"currency": each, "amount": currencies[each], "exposure": exposure.get(each, 0)} for each in wanted]
    return Answer({**shown, "caps": caps, "fee_bps": terms.fee_bps, "notice": NOTICE})


def of_place(market: Rules, place: str, on: date) -> dict[str, Any]:
    """What holds there on that day, by kind of help."""
    places = market.places
    return {
        "place": place,
        "name": name_of(place),
        "subdivision_needed": "-" not in place and places.needs_subdivision(place),
        "decisions": [_decision(market, place, kind, on) for kind in HELP_KINDS],
        "consents": _each(places.consent, place, lambda rule: {"by": rule.by}),
        "acknowledgements": _each(places.acknowledgement, place, lambda rule: {"acknowledges": rule.acknowledges}),
        "questions": [
            plain(each) | {"help": list(each.help), "asks": each.asks}
            for each in places.questions_of(place, HELP_KINDS)
        ],
        "phrases": [plain(each) | {"phrases": list(each.phrases)} for each in places.phrases_of(place)],
        "pay_bps": places.cap.pay_bps,
    }


def _each(
    find: Callable[[str, str], E | None], place: str, more: Callable[[E], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    found = ((kind, find(place, kind)) for kind in HELP_KINDS)
    return [plain(rule) | {"help": kind, **more(rule)} for kind, rule in found if rule]


def _decision(market: Rules, place: str, kind: str, on: date) -> dict[str, Any]:
    rule = market.places.decision(place, kind)
    licence = market.licences.of(place, on) if rule.decision == "licensed" else None
    return plain(rule) | {
        "help": kind,
        "decision": rule.decision,
        "may_be_charged": rule.decision == "paid" or licence is not None,
        "licence_needed": rule.licence,
        "licence": licence and licence.shown(),
        "words": in_words(place, kind, rule),
    }
