"""What of an offer a caller sees, what the caller is to it, and how an account and the two reviews are shown. Pure."""

from datetime import datetime
from typing import Any

from services.matching.offer import reviews, schemas
from services.matching.offer.accounts import Standing
from services.matching.offer.acts import STAFF
from services.matching.offer.beginning import has_begun, is_forbidden
from services.matching.offer.lifecycle import PARTIES
from services.matching.offer.reservations import OLDEST, currency_of
from shared.aggregate import Document
from shared.fields import null_at_first
from shared.http.declare.principal import Principal
from shared.money import breakdown
from shared.settings import Terms

_SHOWN = frozenset(schemas.Offer().fields)

_NOT_FOR_ALL = ("messages", "application", "declares", "audit")

_FOR_SEEKER = ("application", "declares")

_AT_FIRST = null_at_first(schemas.Offer())


def roles(doc: Document, principal: Principal) -> frozenset[str]:
    """What the caller is to this offer; the maker made the last proposal, the other has to answer it."""
    mine = {role for role in PARTIES if doc.get(role) == principal.person_id}
    if mine:
        return frozenset(mine | {"maker" if doc["proposed_by"] in mine else "other"})
    return principal.roles.intersection(STAFF)


def view(doc: Document, of: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The offer as its two parties and staff see it.

    What the two write to each other is shown to them alone, what staff did to staff alone.
    """
    shown = {name: value for name, value in doc.items() if name in _SHOWN and name not in _NOT_FOR_ALL}
    messages = {"messages": doc.get("messages", [])} if of.intersection(PARTIES) else {}
    if of.intersection(("seeker", *STAFF)):
        shown |= {name: doc[name] for name in _FOR_SEEKER if name in doc}
    if is_forbidden(doc):
        shown["begins_at"] = None  # it does not, any more
    parts = breakdown(doc["price"], doc["fee_bps"])._asdict()
    audit = {"audit": doc["audit"]} if "audit" in doc and of.intersection(STAFF) else {}
    return _AT_FIRST | shown | messages | audit | {
        "id": doc["_id"],
        "status": doc["state"],
        "price": {"amount": doc["price"], "currency": doc["currency"]},
        "breakdown": {name: _money(amount, doc["currency"]) for name, amount in parts.items()},
        "mode": "hold",
        "help_given": doc.get("given", []),
        "claims": _claims(doc, of),
    }  # fmt: skip


def _claims(doc: Document, of: frozenset[str]) -> list[dict[str, Any]]:
    """The seeker sees the documents' hashes, which the insider writes, from when the two may reach each other."""
    claims: list[dict[str, Any]] = doc.get("claims", [])
    if "seeker" not in of or has_begun(doc) or "hire" in doc:
        return claims
    return [{**claim, "evidence": []} for claim in claims]


def account_view(standing: Standing) -> dict[str, Any]:
    """What a seeker may still ask for and agree to, and what is reserved, the oldest first."""
    used = standing.requests_used
    return {
        "requests": {
            "a_week": standing.requests_a_week,
            "used": used,
            "left": max(0, standing.requests_a_week - used),
            "next_at": standing.next_at,
        },
        "exposure": _exposure(standing, OLDEST),
        "exposures": [_exposure(standing, currency) for currency in sorted(standing.exposures)],
        "reservations": [
            {
                "offer_id": offer_id,
                "listing_id": each["listing_id"],
                "at": each["at"],
                "amount": _money(each["amount"], currency_of(each)),
                "until": each.get("until"),
            }
            for offer_id, each in sorted(standing.reserved.items(), key=lambda item: (item[1]["at"], item[0]))
        ],
    }  # fmt: skip


def reviews_view(doc: Document, of: frozenset[str], terms: Terms, now: datetime) -> dict[str, Any]:
    """Of an offer only its reviews, as far as the caller may see them now."""
    writer = next((role for role in PARTIES if role in of), "")
    until = reviews.open_until(doc, writer, terms) if writer else None
    return {
        **dict.fromkeys(PARTIES),
        **reviews.seen_by(doc, of, terms, now),
        "offer_id": doc["_id"],
        "given": [role for role in PARTIES if role in doc.get("reviews", {})],
        "shown_from": reviews.shown_from(doc, terms),
        "until": until if until and now < until else None,
    }


def _exposure(standing: Standing, currency: str) -> dict[str, object]:
    cap, used = standing.exposures[currency]
    return {
        name: _money(value, currency) for name, value in (("cap", cap), ("used", used), ("left", max(0, cap - used)))
    }


def _money(amount: int, currency: str) -> dict[str, object]:
    return {"amount": amount, "currency": currency}
