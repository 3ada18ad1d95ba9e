"""How a listing is found: the fields kept for the search, and the query made of what a person asks. Pure.

One multikey index serves every question: `facets`, then `rank`. A published listing has a facet for each word of its
title and duties, its country, region and kinds of help; every listing has one for its insider and one for its status.
So a query is equality on facets and one range on `rank`, a unique text that sorts by time (published, else created).
What has no facet (an insider's own drafts by country, the price) is filtered on the plain fields beside it.
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
    at = change.get("published_at") or change["created_at"]
    fields = {
        "words": found,
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
    """Published listings. The facet that is likely the rarest comes first: the index is entered there."""
    wanted = [f"word:{word}" for word in sorted(distinct(words(asked.get("q", ""))), key=len, reverse=True)]
    wanted += [f"region:{fold(asked['region'])}"] if "region" in asked else []
    wanted += [f"help:{asked['help']}"] if "help" in asked else []
    wanted += [f"country:{asked['country']}"] if "country" in asked else []
    return _facets([*wanted, _status(PUBLISHED)]) | _price(asked)


def own_query(asked: Mapping[str, Any], insider: str) -> dict[str, Any]:
    """One insider's listings, in whatever state."""
    return _facets([_own(insider)]) | _plain(asked) | _price(asked)


def status_query(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Everyone's listings of one status, for staff."""
    return _facets([_status(asked["status"])]) | _plain(asked) | _price(asked)


def _own(insider: str) -> str:
    return f"insider:{insider}"


def _status(state: str) -> str:
    return f"status:{state}"


def _facets(wanted: list[str]) -> dict[str, Any]:
    return {"facets": wanted[0] if len(wanted) == 1 else {"$all": wanted}}


def _plain(asked: Mapping[str, Any]) -> dict[str, Any]:
    query = {name: asked[name] for name in ("country", "region") if name in asked}
    if "status" in asked:
        query["state"] = asked["status"]
    if "help" in asked:
        query["help.kind"] = asked["help"]
    if "q" in asked:
        query["words"] = {"$all": distinct(words(asked["q"]))}
    return query


def _price(asked: Mapping[str, Any]) -> dict[str, Any]:
    if "max_price" not in asked:
        return {}
    field = f"prices.{asked['help']}" if "help" in asked else "cheapest"
    return {field: {"$lte": asked["max_price"]}}
