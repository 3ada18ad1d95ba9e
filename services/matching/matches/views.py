"""How a match, a profile and an insider's record are shown. Pure."""

from collections.abc import Mapping
from typing import Any

from services.matching.matches.profiles import FIELDS
from services.matching.matches.records import Record
from services.matching.matches.scoring import Match
from shared.aggregate import Document
from shared.money import breakdown

_STARS = ("one", "two", "three", "four", "five")
_AS_IT_IS = ("listing_id", "insider", "country", "industry", "occupation", "leaving_on", "published_at", "seats")


def match_view(match: Match, fee_bps: int) -> dict[str, Any]:
    """`fee_bps`: what an offer that is made today would be charged."""
    listing, currency = match.listing, match.listing["currency"]
    parts = [_broken_down(each, currency, fee_bps) for each in listing["help"]]
    shown = {name: listing.get(name) for name in _AS_IT_IS} | {
        "href": f"/v1/listings/{listing['listing_id']}",
        "insider_verified": bool(listing.get("insider_verified")),
        "region": listing.get("region"),
        "skills": listing.get("skills") or [],
        "pay": {**listing["pay"], "currency": currency},
        "help": [{name: each[name] for name in ("kind", "price")} for each in parts],
        "fee_bps": fee_bps,
        "breakdown": parts,
    }
    return {
        "score": match.score,
        "reasons": [{"code": each.code, "points": each.points, "words": each.explanation} for each in match.reasons],
        "listing": shown,
    }


def _broken_down(offered: Mapping[str, Any], currency: str, fee_bps: int) -> dict[str, Any]:
    price, fee, receives = breakdown(offered["price"], fee_bps)
    amounts = {"price": price, "fee": fee, "insider_receives": receives}
    return {"kind": offered["kind"]} | {
        name: {"amount": amount, "currency": currency} for name, amount in amounts.items()
    }


def profile_view(doc: Document) -> dict[str, Any]:
    return {name: doc.get(name) for name in (*FIELDS, "version", "created_at", "updated_at")}


def record_view(insider: str, record: Record, *, staff: bool) -> dict[str, Any]:
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
    """The day is shown, not the moment, which other lists might give away."""
    shown = {name: review[name] for name in ("stars", "would_again", "text") if name in review}
    return shown | {"on": review["at"].date().isoformat()} | ({"offer_id": review["offer_id"]} if staff else {})
