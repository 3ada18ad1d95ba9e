"""What of a listing a caller sees, and how a code is shown. Pure.

The employer is veiled until the help of an offer of the caller's has begun.
"""

from typing import Any

from services.listing.acts import DRAFT, EXPIRY
from services.listing.consents import GRADES
from shared import codes
from shared.aggregate import Document
from shared.http.declare.principal import Principal
from shared.money import breakdown

STAFF = frozenset({"moderator", "arbiter", "operator"})
KNOWS_EMPLOYER = STAFF | {"insider", "seeker"}
SEEN_BY_ALL = ("published", "paused", "filled", "expired")
_AS_IT_IS = (
    "version", "created_at", "updated_at", "insider", "title", "country", "industry", "occupation", "duties", "seats",
    "leaving_on", "pay", "help", "tranches",
)  # fmt: skip


def roles(doc: Document, principal: Principal, *, unveiled: bool = False) -> frozenset[str]:
    """What the caller is to a listing; nothing at all where it is not theirs to see. Nobody is staff to their own."""
    if doc["insider"] == principal.person_id:
        return frozenset({"insider"})
    if doc.get("erased_at"):
        return principal.roles & STAFF
    staff = principal.roles & STAFF
    if staff or unveiled:
        return staff | ({"seeker"} if unveiled else frozenset())
    return frozenset({"other"}) if doc["state"] in SEEN_BY_ALL else frozenset()


def view(doc: Document, roles: frozenset[str], fee_bps: int, consent_by: str | None = None) -> dict[str, Any]:
    """`fee_bps`: what an offer that is made today would be charged. `consent_by`: whose consent stands behind its paid
    help (`consents.on_record`).
    """
    known = bool(roles & KNOWS_EMPLOYER)
    shown = {name: doc[name] for name in _AS_IT_IS} | {
        "id": doc["_id"],
        "status": doc["state"],
        "fee_bps": fee_bps,
        "breakdown": [_broken_down(each, fee_bps) for each in doc["help"]],
        "published_at": doc.get("published_at"),
        "expires_at": doc.get("timers", {}).get(DRAFT if doc["state"] == "draft" else EXPIRY),
        "employer": {name: doc["employer"].get(name) if known else None for name in ("name", "domain")}
        | {"veiled": not known},
        "insider_verified": doc.get("insider_verified", False),
        "subdivision": doc.get("subdivision"),
        "region": doc.get("region"),
        "licence": doc.get("licence"),
        "skills": doc.get("skills", []),
        "skill_codes": codes.coded("ESCO", doc.get("skills", [])),
        "seats_taken": doc["hired"],
    }
    if known:
        shown["consent"] = _consent(doc, consent_by)
        shown["acknowledges"] = doc.get("acknowledges") or []
    if roles & (STAFF | {"insider"}):
        shown["review"] = doc.get("review")
        shown["consent_asks"] = [
            {"status": each["status"], "at": each["at"], "expires_at": each["until"]}
            for each in doc.get("consent_links", [])
        ]
    if roles & STAFF:
        shown["audit"] = doc.get("audit", [])
    return shown


def _broken_down(offered: dict[str, Any], fee_bps: int) -> dict[str, Any]:
    price = offered["price"]
    parts = breakdown(price["amount"], fee_bps)
    return offered | {
        name: {"amount": getattr(parts, name), "currency": price["currency"]} for name in ("fee", "insider_receives")
    }


def _consent(doc: Document, by: str | None) -> dict[str, Any] | None:
    """The insider's word of it, and above it the employer's own."""
    word = doc.get("consent")
    if by == "employer":
        written = word or dict.fromkeys(("who", "how", "on"))
        return {**written, "by": by, "grade": GRADES[by], "at": doc["employer_word"]["at"]}
    return {**word, "by": "insider", "grade": GRADES["insider"], "at": None} if word else None


def code_view(entry: codes.Entry, lang: str) -> dict[str, Any]:
    name, spoken = entry.label(lang)
    plain = {"scheme": entry.scheme, "code": entry.code, "kind": entry.kind, "level": entry.level}
    return plain | {"name": name, "lang": spoken, "parent": entry.parent or None}
