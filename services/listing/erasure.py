"""Erase a person who asked to be forgotten from listing: their listings end and lose their texts.

Codes, amounts, dates and states stay under the pseudonym, as they stand in the events.
"""

from typing import Any

from services.listing.mailboxes import forget_mailbox
from services.listing.search import index
from services.listing.store import KNOWN, VEILED
from services.listing.unveiling import KIND as UNVEILED
from services.listing.unveiling import forget
from services.listing.workplaces import WORK, work_id
from shared.aggregate import Change, Lifecycle, Store, Trigger
from shared.aggregate.erasure import MOST, NOT_ERASED, erase_each, without_fingerprints
from shared.reports.desk import forget_reporter_in, forget_texts_about

GONE = "Erased"
_MAY_WITHDRAW = ("draft", "in_review", "published", "paused")


class Erasing:
    """Passes over the listings of a person, and over which employers were unveiled to them."""

    def __init__(self, store: Store, listing: Lifecycle) -> None:
        self._store, self._listing = store, listing

    def one_pass(self, person: str) -> int:
        own = self._found({"facets": f"insider:{person}", **NOT_ERASED})
        unveiled = self._found({"seeker": person, "state": {"$in": [KNOWN, VEILED]}})
        reported = self._found({"reporters": person})
        return (
            erase_each(own, self._erase)
            + erase_each(unveiled, self._veil)
            + erase_each(reported, lambda record: forget_reporter_in(self._store, record, person))
            + self._forget_work(work_id(person))
            + forget_mailbox(self._store, person)
        )

    def _found(self, query: dict[str, Any]) -> list[str]:
        return [doc["_id"] for doc in self._store.collection.find(query, {"_id": 1}).limit(MOST)]

    def _erase(self, listing_id: str) -> None:
        def decide(changes: dict[str, Change]) -> None:
            change = changes[listing_id]
            erase(change)  # first: the event that it ends has none of it either
            if change.state in _MAY_WITHDRAW:
                self._withdraw(change)

        forget_texts_about(self._store, listing_id)
        self._store.run({listing_id: self._listing}, decide)

    def _withdraw(self, change: Change) -> None:
        """As its insider could."""
        by, roles = change["insider"], frozenset({"insider"})
        self._listing.fold(
            change, Trigger("withdraw", f"{change.id}:erased", "command", change.now, by=by, roles=roles)
        )

    def _veil(self, document_id: str) -> None:
        self._store.run({document_id: UNVEILED}, lambda changes: forget(changes[document_id]))

    def _forget_work(self, document_id: str) -> int:
        """Where they get mail at work; which events verified it stays, so that none does it again."""

        def decide(changes: dict[str, Change]) -> int:
            change = changes[document_id]
            if not change.get("marks"):
                return 0
            change.set(state="erased", marks=[])
            return 1

        return self._store.run({document_id: WORK}, decide)


def erase(change: Change) -> None:
    """All that was written in it, by the insider and by moderators."""
    change.set(title=GONE, employer={"name": GONE}, duties=[], skills=[], region=None, consent=None)
    change.set(consent_links=None, employer_word=None)
    change.set(domain_mark=None, workplace_mark=None, insider_verified=False)
    if change.get("review"):
        change.set(review=_without_words(change["review"]))
    if change.get("audit"):
        change.set(audit=[_without_words(each) for each in change["audit"]])
    without_fingerprints(change, change["insider"])
    change.set(erased_at=change.now)
    index(change)


def _without_words(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision by its codes alone: a note, or the words of a breach, may repeat what was written."""
    reasons = [{**each, "message": GONE} for each in decision.get("reasons", [])]
    return {name: value for name, value in decision.items() if name != "note"} | {"reasons": reasons}
