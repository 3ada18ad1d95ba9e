"""How a listing is found: the fields kept for the search, and the query made of what a person asks. Pure.

One multikey index serves every question: `facets`, then `rank`. A published listing has a facet for each word of its
title and duties, its country, region and kinds of help; every listing has one for its insider and one for its status.
A query enters at one facet, reads downwards by `rank` (a unique text that sorts by time: published, else created), and
filters on the plain fields. One facet, as the embedded database uses no index for several at once.
"""

from collections.abc import Mapping
from typing import Any

from services.listing.words import distinct, fold, words
from shared.aggregate import Change
from shared.events import format_time

PUBLISHED = "published"


def index(change: Change) -> None:
    """Bring the fields of the search up to date with the rest of the document."""
    found = distinct(words(change["title"], *change["duties"]))
    prices = {each["kind"]: each["price"]["amount"] for each in change["help"]}
    region, at = change.get("region"), change.get("published_at") or change["created_at"]
    fields = {
        "words": found,
        "region_key": fold(region) if region else None,
        "facets": facets(change.doc, found),
        "prices": prices,
        "cheapest": min(prices.values()),
        "rank": f"{format_time(at)}/{change.id}",
    }
    change.set(**{name: value for name, value in fields.items() if change.get(name) != value})


def facets(listing: Mapping[str, Any], found: list[str]) -> list[str]:
    own = [_own(listing["insider"]), _status(listing["state"])]
    if listing["state"] != PUBLISHED:
        return own
    public = [f"country:{listing['country']}", *(f"help:{each['kind']}" for each in listing["help"])]
    public += [f"region:{fold(listing['region'])}"] if listing.get("region") else []
    return [*own, *public, *(f"word:{word}" for word in found)]


def public_query(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Published listings. The facet that is likely the rarest leads."""
    found = sorted(distinct(words(asked.get("q", ""))), key=len, reverse=True)
    rarest_first = [f"word:{word}" for word in found[:1]]
    rarest_first += [f"region:{fold(asked['region'])}"] if "region" in asked else []
    rarest_first += [f"country:{asked['country']}"] if "country" in asked else []
    rarest_first += [f"help:{asked['help']}"] if "help" in asked else []
    return _query([*rarest_first, _status(PUBLISHED)][0], asked)


def own_query(asked: Mapping[str, Any], insider: str) -> dict[str, Any]:
    """One insider's listings, in whatever state."""
    return _query(_own(insider), asked)


def status_query(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Everyone's listings of one status, for staff."""
    return _query(_status(asked["status"]), asked)


def _own(insider: str) -> str:
    return f"insider:{insider}"


def _status(state: str) -> str:
    return f"status:{state}"


def _query(leading: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The index is entered at the leading facet; what else is asked filters what is found there."""
    query: dict[str, Any] = {"facets": leading}
    if "country" in asked:
        query["country"] = asked["country"]
    if "region" in asked:
        query["region_key"] = fold(asked["region"])
    if "status" in asked:
        query["state"] = asked["status"]
    if "help" in asked:
        query["help.kind"] = asked["help"]
    if "q" in asked:
        query["words"] = {"$all": distinct(words(asked["q"]))}
    if "max_price" in asked:
        query[f"prices.{asked['help']}" if "help" in asked else "cheapest"] = {"$lte": asked["max_price"]}
    return query
