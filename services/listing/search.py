"""How a listing is found: its search fields, and the queries made of what a person asks. Pure.

A listing has `facets`, each a text that many listings may share: of a published one the stems of its title and duties,
its country, subdivision, region, kinds of help, industry and occupation with their groups; of every one its insider.
It also has a sort key for every order (see `orders`). One index is on the facets, one on the state and each sort key.

A question is answered in one of two ways, and both give the same listings. By facet: those that have its facets are
filtered and sorted; that costs as much as there are of the rarest. By order: the sort keys are read from where the last
page ended, and filtered, until the page is full; that costs the less the more listings fit. The shorter way is taken,
so a page's cost stays about what it is as listings grow.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.listing.orders import NEWEST, Order, in_a_year, order, sort_keys
from services.listing.stems import asked as words_asked
from services.listing.stems import fold, stems
from shared.aggregate import Change
from shared.codes import ancestors

PUBLISHED = "published"
CODED = ("occupation", "industry")
Facets = tuple[str, ...]
"""Facets of which one is enough."""

_SORTED = 2
"""A listing that is found and sorted costs about as much as two that are passed over."""
_NEAR = 4
"""A facet so many times as common as the rarest narrows the search less than looking it up costs."""


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
        **sort_keys(listing, listing_id),
    }


def codes(listing: Mapping[str, Any]) -> list[str]:
    """Its occupation and its industry, and the groups that these belong to."""
    found: list[str] = []
    for name in CODED:
        scheme, code = listing[name]["scheme"], listing[name]["code"]
        found += [_coded(name, f"{scheme}:{each}") for each in (*ancestors(scheme, code), code)]
    return found


def facets(listing: Mapping[str, Any], found: Sequence[str]) -> list[str]:
    """`found` are its stems. What all may find is there only while it is published."""
    own = [_own(listing["insider"]), _own(listing["insider"], listing["state"])]
    if listing["state"] != PUBLISHED:
        return own
    public = [f"country:{listing['country']}", *(f"help:{each['kind']}" for each in listing["help"])]
    public += [f"subdivision:{listing['subdivision']}"] if listing.get("subdivision") else []
    public += [f"region:{fold(listing['region'])}"] if listing.get("region") else []
    return [*own, *public, *codes(listing), *(f"word:{stem}" for stem in found)]


@dataclass(frozen=True)
class Question:
    """What is asked: an order, and conditions.

    `leads` are facets, for each with the condition on plain fields that says the same; `rest` are the other conditions.
    `state` is the one state that is asked for; where it is None, the leads are of whoever asks and always there.
    `shared` is whether each insider has a share of a page at most, while others have some (see `crowds`).
    """

    order: Order
    leads: Mapping[Facets, Mapping[str, Any]]
    rest: Mapping[str, Any]
    state: str | None = None
    shared: bool = False

    def of(self, insider: str) -> "Question":
        """The same about one insider's listings."""
        return replace(self, leads={**self.leads, (_own(insider, self.state),): {"insider": insider}})

    def without(self, insiders: Collection[str]) -> "Question":
        """The same about everyone else's listings."""
        if not insiders:
            return self
        return replace(self, rest=_all([self.rest, {"insider": {"$nin": sorted(insiders)}}]))

    def entry(self, counts: Mapping[Facets, int], published: int, wanted: int, first: bool) -> tuple[Facets, ...]:
        """The facets to enter by, the others are filtered; none: by order is the shorter way.

        `counts` are how many listings each of `leads` finds; `first`: the first page is asked for. By order, as many
        have to be read as it takes to fill the page, if what is asked for is spread evenly. The index of the facets has
        the newest first, so where one facet is much rarer than the others, a first page in that order is read from it
        until it is full.
        """
        if self.state is None or not self.leads:
            return tuple(self.leads)
        rarest = min(counts[lead] for lead in self.leads)
        near = tuple(lead for lead in self.leads if counts[lead] <= rarest * _NEAR)
        if first and self.order.field == NEWEST.field and [len(lead) for lead in near] == [1]:
            return near
        fitting = math.prod(max(counts[lead], 1) / max(published, counts[lead], 1) for lead in self.leads)
        return near if rarest * _SORTED <= wanted / fitting else ()

    def by_facet(self, entry: Collection[Facets], after: str | None) -> dict[str, Any]:
        found = [{"facets": lead[0] if len(lead) == 1 else {"$in": list(lead)}} for lead in entry]
        filtered = [plain for lead, plain in self.leads.items() if lead not in entry]
        return _all([*found, *filtered, self.rest, self.order.behind(after)])

    def by_order(self, after: str | None) -> dict[str, Any]:
        return _all([{"state": self.state}, *self.leads.values(), self.rest, self.order.behind(after)])


def public_question(asked: Mapping[str, Any]) -> Question:
    """Published listings."""
    return Question(order(asked), leads(asked), rest(asked), PUBLISHED, shared=True)


def own_question(asked: Mapping[str, Any], insider: str) -> Question:
    """One insider's listings, in whatever state or in the one that is asked for."""
    own = (_own(insider, asked.get("status")),)
    return Question(order(asked), {own: {}}, _all([*leads(asked).values(), rest(asked)]))


def status_question(asked: Mapping[str, Any]) -> Question:
    """Everyone's listings of one state, for staff."""
    return Question(order(asked), {}, _all([*leads(asked).values(), rest(asked)]), asked["status"])


def leads(asked: Mapping[str, Any]) -> dict[Facets, dict[str, Any]]:
    """What is asked for that published listings have facets for, and the same on plain fields."""
    found: dict[Facets, dict[str, Any]] = {
        tuple(f"word:{stem}" for stem in group): {"words": {"$in": group}} for group in words_asked(asked.get("q", ""))
    }
    found |= {(code := _coded(name, asked[name]),): {"codes": code} for name in CODED if name in asked}
    if "region" in asked:
        key = fold(asked["region"])
        found[f"region:{key}",] = {"region_key": key}
    if "country" in asked:
        found[f"country:{asked['country']}",] = {"country": asked["country"]}
    if "subdivision" in asked:
        found[f"subdivision:{asked['subdivision']}",] = {"subdivision": asked["subdivision"]}
    if "help" in asked:
        found[f"help:{asked['help']}",] = {"help.kind": asked["help"]}
    return found


def rest(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What else a listing has to meet."""
    found: dict[str, Any] = {}
    if band := _band(asked.get("min_price"), asked.get("max_price")):
        found[f"prices.{asked['help']}" if "help" in asked else "cheapest"] = band
    if "posted_since" in asked:
        found["published_at"] = {"$gte": asked["posted_since"]}
    return found | _pay(asked)


def _all(conditions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All of the conditions; those on one field stand apart."""
    found: dict[str, Any] = {}
    apart: list[Mapping[str, Any]] = []
    for condition in conditions:
        if found.keys() & condition.keys() or "$and" in condition:
            apart.append(condition)
        else:
            found |= condition
    return found | ({"$and": apart} if apart else {})


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
