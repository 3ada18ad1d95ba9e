"""The history of an escrow as one of its parties, or staff, may read it. Pure."""

from collections.abc import Mapping
from typing import Any

from services.escrow.lifecycle import ESCROW, OUTCOMES
from services.escrow.seekers import happened_to
from services.escrow.views import STAFF
from shared.aggregate import Document
from shared.aggregate.history import Happened, happened
from shared.http.answer.history import item, words
from shared.http.answer.html import read_texts
from shared.wording import amount, day

PHRASES = read_texts(__file__, "history.json")

_COMMANDED = {("insider",): "insider", ("seeker",): "seeker", ("arbiter",): "staff"}
_BY = {
    **{event.type: _COMMANDED[row.by] for row in ESCROW.rows for event in row.events if row.by in _COMMANDED},
    **{event.type: "provider" for row in ESCROW.rows for event in row.events if row.trigger in OUTCOMES},
    **dict.fromkeys(("escrow.charged_back", "escrow.chargeback_reversed"), "provider"),
    "escrow.settled": "system",
}
"""Who does what names nobody, by the rows; the bank's part comes by the provider, and nobody settles."""
SEEN_BY: Mapping[str, frozenset[str]] = {"decide_loss": frozenset(STAFF)}
"""Steps that not everybody reads who may see the escrow."""
_AMOUNTS = ("price", "amount", "fee", "held", "released", "refunded")


def history(doc: Document, of: frozenset[str], language: str) -> list[dict[str, Any]]:
    """The items, oldest first; `doc` was read with its events."""
    found = happened_to(happened(doc), of)
    seen = [each for each in found if each.what not in SEEN_BY or of & SEEN_BY[each.what]]
    return [_item(doc, each, language) for each in seen]


def _item(doc: Document, each: Happened, language: str) -> dict[str, Any]:
    by = each.by or _BY.get(each.what) or each.data.get("by", "system")
    return item(each, by, _words(each, by, language), _text(doc, each))


def _words(each: Happened, by: str, language: str) -> str:
    data = each.data
    values = {name: amount(data[name], data["currency"], language) for name in _AMOUNTS if name in data}
    if data.get("start_on"):
        values["start_on"] = day(data["start_on"], language)
    return words(PHRASES, language, each, by, values, ("decision",))


def _text(doc: Document, each: Happened) -> str | None:
    """What was written with it, from where it is kept: nothing once one of the two is forgotten."""
    if doc.get("erased_at"):
        return None
    written: list[Mapping[str, Any]] = []
    if each.what == "dispute.opened" and doc.get("dispute"):
        written = [doc["dispute"] | {"at": doc["dispute"]["opened_at"]}]
    elif each.what == "dispute.resolved":
        written = doc.get("decisions", [])
    elif each.what == "decide_loss" and doc.get("loss_decision"):
        written = [doc["loss_decision"]]
    return next((str(one["reason"]) for one in written if one["at"] == each.at), None)
