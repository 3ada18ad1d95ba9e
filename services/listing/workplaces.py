"""Whether a listing's insider gets mail at its employer's domain.

A document `work:<person>` keeps the marks of the domains at which notify has verified an address of that person. When
it learns of one, passes of its timer tell that person's listings; a listing written meanwhile read the document itself.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.listing.store import of_insider
from shared.aggregate import Change, Lifecycle, Store, Trigger, Verdict
from shared.aggregate.verdict import IGNORED, TAKEN
from shared.ids import domain_mark, workplace_mark

KIND = "work"
VERIFIED = "work.verified"
MOST_MARKS = 20
_NOW, _AGAIN = "pass", "again"
_SETTLING = timedelta(minutes=1)
_AT_ONCE = 200


def work_id(person: str) -> str:
    return f"{KIND}:{person}"


class Workplaces:
    """The marks of a listing's employer, and whether its insider is verified there."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store, self._key = store, key

    def of(self, person: str, listing_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that go with the employer in `body`; none where it is silent about the employer."""
        if "employer" not in body:
            return {}
        domain = body["employer"].get("domain")
        if domain is None:
            return {"domain_mark": None, "workplace_mark": None, "insider_verified": False}
        mark = domain_mark(self._key, domain)
        known = (self._store.get(work_id(person)) or {}).get("marks", ())
        mine = workplace_mark(self._key, listing_id, domain)
        return {"domain_mark": mark, "workplace_mark": mine, "insider_verified": mark in known}


class Learn:
    """The route of `work.verified`: the mark is stored, and the person's listings are marked as verified."""

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {work_id(event.data["person_id"]): KIND}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[work_id(event.data["person_id"])]
        if change.knows(event.id):
            return IGNORED
        others = [mark for mark in change.get("marks", ()) if mark != event.data["domain_mark"]]
        change.set(state="known", owner=event.data["person_id"])
        change.set(marks=[*others, event.data["domain_mark"]][-MOST_MARKS:])
        change.apply(event.id)
        change.schedule(_NOW, change.now)
        change.schedule(_AGAIN, change.now + _SETTLING)
        return TAKEN


class Spread:
    """Tells a person's listings of the domains that were verified; a minute later once more, for one just written."""

    def __init__(self, store: Store, listing: Lifecycle) -> None:
        self._store, self._listing = store, listing

    def on_timer(self, change: Change, timer: str) -> None:
        after = None
        while found := of_insider(self._store, change["owner"], after, _AT_ONCE):
            for listing in found:
                mark = listing.get("domain_mark", "")
                if mark in change["marks"] and not listing.get("insider_verified"):
                    self._tell(listing["_id"], mark)
            after = found[-1]["rank"]

    def _tell(self, listing_id: str, mark: str) -> None:
        def decide(changes: dict[str, Change]) -> None:
            change = changes[listing_id]
            trigger_id = f"{listing_id}:{VERIFIED}:{change.base_version}"
            self._listing.fold(change, Trigger(VERIFIED, trigger_id, "event", change.now, {"domain_mark": mark}))

        self._store.run({listing_id: self._listing}, decide)
