"""How a listing is found: the fields kept for the search, and the questions made of what a person asks. Pure.

A listing has `facets`, each a text that many listings may share: of a published one the stems of its title and duties,
its country, region, kinds of help, industry and occupation; of every one its insider. It also has a place in every
order (see `orders`). One index is on the facets, one on the state and each place.

A question is answered in one of two ways, and both give the same listings. By facet: those that have its rarest facet
are filtered and sorted; that costs as much as there are of them. By order: the places are read from where the last
page ended, and filtered, until the page is full; that costs the less the more listings fit. `Question.way` says which
is shorter, so a page's cost stays what it is as listings grow.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.listing.orders import Order, in_a_year, order, places
from services.listing.words import asked as words_asked
from services.listing.words import fold, stems
from shared.aggregate import Change

PUBLISHED = "published"
CODED = ("occupation", "industry")
Facets = tuple[str, ...]
"""Facets of which one is enough."""


def index(change: Change) -> None:
    """Bring the fields of the search up to date with the rest of the document."""
    change.set(**{name: value for name, value in fields(change.doc, change.id).items() if change.get(name) != value})


def fields(listing: Mapping[str, Any], listing_id: str) -> dict[str, Any]:
    """The fields of the search; None where there is nothing to keep."""
    found = stems(listing["title"], *listing["duties"])
    prices = {each["kind"]: each["price"]["amount"] for each in listing["help"]}
    pay, region = listing["pay"], listing.get("region")
    return {
        "words": found,
        "codes": codes(listing),
        "region_key": fold(region) if region else None,
        "facets": facets(listing, found),
        "prices": prices,
        "cheapest": min(prices.values()),
        "year_pay": {end: in_a_year(pay[end], pay["per"]) for end in ("min", "max")},
        **places(listing, listing_id),
    }


def codes(listing: Mapping[str, Any]) -> list[str]:
    """Its industry and its occupation."""
    return [_coded(name, f"{listing[name]['scheme']}:{listing[name]['code']}") for name in CODED]


def facets(listing: Mapping[str, Any], found: Sequence[str]) -> list[str]:
    """`found` are its stems. What all may find is there only while it is published."""
    own = [_own(listing["insider"]), _own(listing["insider"], listing["state"])]
    if listing["state"] != PUBLISHED:
        return own
    public = [f"country:{listing['country']}", *(f"help:{each['kind']}" for each in listing["help"])]
    public += [f"region:{fold(listing['region'])}"] if listing.get("region") else []
    return [*own, *public, *codes(listing), *(f"word:{stem}" for stem in found)]


@dataclass(frozen=True)
class Question:
    """What is asked: an order, conditions on plain fields, and the facets that lead to what meets them.

    `state` is the one state that is asked for; where it is None, one facet leads to all of them.
    """

    order: Order
    conditions: Mapping[str, Any]
    leads: tuple[Facets, ...] = ()
    state: str | None = None

    def way(self, counts: Mapping[Facets, int], published: int, wanted: int) -> Facets | None:
        """The facets to enter by, or None: by order. `counts` are how many listings each of `leads` finds.

        By order, as many have to be read as it takes to fill the page, if what is asked is spread evenly.
        """
        if self.state is None:
            return self.leads[0]
        if not self.leads:
            return None
        rarest = min(self.leads, key=lambda lead: counts[lead])
        fitting = math.prod(max(counts[lead], 1) / max(published, counts[lead], 1) for lead in self.leads)
        return rarest if counts[rarest] <= wanted / fitting else None

    def by_facet(self, lead: Facets, after: str | None) -> dict[str, Any]:
        entered = {"facets": lead[0] if len(lead) == 1 else {"$in": list(lead)}}
        return entered | dict(self.conditions) | self.order.behind(after)

    def by_order(self, after: str | None) -> dict[str, Any]:
        return {"state": self.state} | dict(self.conditions) | self.order.behind(after)


def public_question(asked: Mapping[str, Any]) -> Question:
    """Published listings."""
    leads: list[Facets] = [tuple(f"word:{stem}" for stem in group) for group in words_asked(asked.get("q", ""))]
    leads += [(_coded(name, asked[name]),) for name in CODED if name in asked]
    leads += [(f"region:{fold(asked['region'])}",)] if "region" in asked else []
    leads += [(f"{name}:{asked[name]}",) for name in ("country", "help") if name in asked]
    return Question(order(asked), conditions(asked), tuple(leads), PUBLISHED)


def own_question(asked: Mapping[str, Any], insider: str) -> Question:
    """One insider's listings, in whatever state or in the one that is asked for."""
    return Question(order(asked), conditions(asked), ((_own(insider, asked.get("status")),),))


def status_question(asked: Mapping[str, Any]) -> Question:
    """Everyone's listings of one state, for staff."""
    return Question(order(asked), conditions(asked), state=asked["status"])


def conditions(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a listing has to meet, on plain fields: whoever asks and whichever way is taken."""
    found: dict[str, Any] = {}
    if "country" in asked:
        found["country"] = asked["country"]
    if "region" in asked:
        found["region_key"] = fold(asked["region"])
    if "help" in asked:
        found["help.kind"] = asked["help"]
    if groups := words_asked(asked.get("q", "")):
        found["$and"] = [{"words": {"$in": group}} for group in groups]
    if coded := [_coded(name, asked[name]) for name in CODED if name in asked]:
        found["codes"] = {"$all": coded}
    if band := _band(asked.get("min_price"), asked.get("max_price")):
        found[f"prices.{asked['help']}" if "help" in asked else "cheapest"] = band
    if "posted_since" in asked:
        found["published_at"] = {"$gte": asked["posted_since"]}
    return found | _pay(asked)


def _pay(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the role pays in a year meets the band that is asked for, if only at one end."""
    if "pay_currency" not in asked:
        return {}
    least, most = (
        None if asked.get(name) is None else in_a_year(asked[name], asked["pay_per"]) for name in ("pay_min", "pay_max")
    )
    found: dict[str, Any] = {"pay.currency": asked["pay_currency"]}
    found |= {"year_pay.max": _band(least, None)} if least is not None else {}
    return found | ({"year_pay.min": _band(None, most)} if most is not None else {})


def _band(least: int | None, most: int | None) -> dict[str, int]:
    return {name: value for name, value in (("$gte", least), ("$lte", most)) if value is not None}


def _coded(name: str, code: str) -> str:
    return f"{name}:{code}"


def _own(insider: str, state: str | None = None) -> str:
    return f"insider:{insider}:{state}" if state else f"insider:{insider}"
