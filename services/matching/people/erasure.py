"""Erase a person who asked to be forgotten from matching: their offers end, and lose what was written in them.

Who agreed with whom, on what, and what became of it stays under pseudonyms: the other one needs it, and so do
the books. What the two wrote goes with both sides of it, as each wrote about the other.
"""

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from services.matching.employer.ats import forget
from services.matching.matches import alerts
from services.matching.matches.profiles import KIND as PROFILE
from services.matching.matches.profiles import is_there, profile_id, remove
from services.matching.offer.lifecycle import LIVE, PARTIES
from shared.aggregate import Change, Document, Lifecycle, Store, Trigger
from shared.aggregate.erasure import MOST, WHAT_IS_LEFT, erase_each, is_left, without_fingerprints
from shared.reports.desk import forget_reporter_in, forget_texts_about
from shared.settings import Terms

_PERSONAL_TEXTS = ("messages", "application")
"""Fields of an offer that are nothing but a person's own words, or lead to them elsewhere."""
_GONE = "erased"


@dataclass(frozen=True)
class Pass:
    """How many documents were erased, and how many offers have to wait as money in them is open again."""

    erased: int
    waiting: int


class Erasing:
    """Passes over the offers of a person."""

    def __init__(self, store: Store, offer: Lifecycle) -> None:
        self._store, self._offer = store, offer

    @property
    def terms(self) -> Terms:
        return self._offer.terms

    def one_pass(self, person: str) -> Pass:
        """End and empty some of their offers, and delete what is theirs alone."""
        theirs = self._store.find({"parties": person}, WHAT_IS_LEFT)
        left = [doc["_id"] for doc in theirs if is_left(doc, person)]
        waiting, ended = list[str](), list[str]()

        def erase(offer_id: str) -> None:
            (ended if self._erase(offer_id, person) else waiting).append(offer_id)

        # However many wait, they hide none that has ended.
        erase_each(takewhile(lambda offer_id: len(ended) < MOST, left), erase)
        erased = len(ended)
        erased += self._store.run({profile_id(person): PROFILE}, lambda changes: _forget(changes[profile_id(person)]))
        reported = self._store.collection.find({"reporters": person}, {"_id": 1}).limit(MOST)
        erased += erase_each(
            [doc["_id"] for doc in reported], lambda record: forget_reporter_in(self._store, record, person)
        )
        own_alert = alerts.alert_id(person)
        erased += self._store.run({own_alert: alerts.KIND}, lambda changes: _tell_no_more(changes[own_alert]))
        return Pass(erased + forget_texts_about(self._store, person), len(waiting))

    def _erase(self, offer_id: str, person: str) -> bool:
        def decide(changes: dict[str, Change]) -> bool:
            change = changes[offer_id]
            if change.state in LIVE:
                self._end(change, person)
            if change.state in LIVE:
                return False
            if application := change.get("application"):
                forget(self._store, application)
            change.set(erased_at=change.now, **_emptied(change.doc))
            without_fingerprints(change, person)
            return True

        return self._store.run({offer_id: self._offer}, decide)

    def _end(self, change: Change, person: str) -> None:
        """What was not agreed, and what was agreed without money; the rest is left alone."""
        by = next(role for role in PARTIES if change[role] == person)
        trigger_id = f"{change.id}:erased"
        self._offer.fold(change, Trigger("person.erased", trigger_id, "event", change.now, {"by": by}))


def _forget(profile: Change) -> int:
    if not is_there(profile.doc):
        return 0
    remove(profile)
    return 1


def _tell_no_more(alert: Change) -> int:
    if "cadence" not in alert.doc and "told_at" not in alert.doc:
        return 0
    alerts.forget(alert)
    alert.set(told_at=None)
    return 1


def _emptied(offer: Document) -> dict[str, Any]:
    emptied: dict[str, Any] = {name: None for name in _PERSONAL_TEXTS if name in offer}
    for name in ("cancel_asked", "cancelled"):
        if offer.get(name, {}).get("reason"):
            emptied[name] = {**offer[name], "reason": None}
    if offer.get("audit"):
        emptied["audit"] = [{**each, "reason": None} for each in offer["audit"]]
    if offer.get("claims"):
        emptied["claims"] = [{**each, "evidence": []} for each in offer["claims"]]
    if offer.get("reviews"):
        emptied["reviews"] = {writer: _without_text(review) for writer, review in offer["reviews"].items()}
    return emptied


def _without_text(review: dict[str, Any]) -> dict[str, Any]:
    """The stars stay: they are the other party's record."""
    rest = {name: value for name, value in review.items() if name != "text"}
    return rest | ({"removed": {**review["removed"], "reason": _GONE}} if "removed" in review else {})
