"""The history of an offer as one of its parties, or staff, may read it. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.matching.offer.acts import STAFF
from services.matching.offer.lifecycle import PARTIES
from shared.aggregate import Document
from shared.aggregate.history import Happened, happened
from shared.http.answer.history import item, phrase, words
from shared.http.answer.html import read_texts
from shared.wording import amount, day

PHRASES = read_texts(__file__, "history.json")

_BY = {
    "offer.made": "seeker",
    "offer.consent_ended": "employer",
    "hire.claimed": "insider",
    "hire.rejected": "seeker",
    **dict.fromkeys(("offer.expired", "offer.activated", "offer.lapsed", "offer.closed", "offer.completed"), "system"),
}
"""Who does what names nobody."""
_CONFIRMED = {"arbiter": "staff", "silence": "system"}
SEEN_BY: Mapping[str, frozenset[str]] = {
    "name_application": frozenset({"seeker", *STAFF}),
    "remove_review_text": frozenset(STAFF),
}
"""Steps that not everybody reads who may see the offer."""


def history(doc: Document, of: frozenset[str], language: str) -> list[dict[str, Any]]:
    """The items, oldest first; `doc` was read with its events."""
    seen = [each for each in happened(doc) if each.what not in SEEN_BY or of & SEEN_BY[each.what]]
    return [_item(doc, each, of, language) for each in seen]


def _item(doc: Document, each: Happened, of: frozenset[str], language: str) -> dict[str, Any]:
    by = _by(doc, each)
    return item(each, by, _words(each, by, language), _text(doc, each, by, of))


def _by(doc: Document, each: Happened) -> str:
    if each.by:
        return each.by
    if each.what == "hire.confirmed":
        return _CONFIRMED.get(each.data["confirmed_by"], str(each.data["confirmed_by"]))
    if each.what == "help.given":
        return "seeker" if each.data.get("answer") else "insider"
    if each.what == "offer.accepted" and not each.data.get("by"):  # an older version's
        return "insider" if doc["proposed_by"] == "seeker" else "seeker"
    return _BY.get(each.what) or str(each.data["by"])


def _words(each: Happened, by: str, language: str) -> str:
    if each.what == "offer.consent_ended" and each.data.get("begun") is False:
        each = replace(each, what="offer.consent_ended.before")
    return words(PHRASES, language, each, by, _values(each.data, language), ("answer", "confirmed_by", "by"))


def _values(data: Mapping[str, Any], language: str) -> dict[str, str]:
    values = {name: day(data[name], language) for name in ("on", "start_on") if data.get(name)}
    if "price" in data:
        price = data["price"]
        free = phrase(PHRASES, language, "free")
        values["price"] = amount(price, data["currency"], language) if price else free
        values["help"] = ", ".join(phrase(PHRASES, language, kind) for kind in data["help"])
    if "kind" in data:
        values["kind"] = phrase(PHRASES, language, data["kind"])
    return values


def _text(doc: Document, each: Happened, by: str, of: frozenset[str]) -> str | None:
    """What was written with it, from where it is kept: nothing once one of the two is forgotten."""
    if doc.get("erased_at"):
        return None
    written: list[Mapping[str, Any]] = []
    if each.what in ("offer.made", "offer.countered") and of.intersection(PARTIES):
        written = [message for message in doc.get("messages", ()) if message["by"] == by]
    elif each.what in ("offer.cancel_asked", "offer.cancelled"):
        kept = doc.get("cancel_asked" if each.what == "offer.cancel_asked" else "cancelled") or {}
        written = [{"at": kept.get("at"), "text": kept.get("reason")}]
    elif by == "staff" and of.intersection(STAFF):
        written = [{"at": done["at"], "text": done.get("reason")} for done in doc.get("audit", ())]
    return next((str(one["text"]) for one in written if one["at"] == each.at and one["text"]), None)
