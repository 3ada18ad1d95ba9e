"""Whether a listing's insider gets mail at its employer's domain, and staff have registered that domain.

A document `work:<person>` has the marks of the domains at which notify has verified an address of that person;
`employer:<domain_mark>` is a copy of matching's register. When one of them changes, passes of its timer tell the
listings that it concerns, in whichever order the events came; a listing written meanwhile read the documents itself.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from services.listing.store import EMPLOYER, SPREAD, at_employer, employer_id, of_insider
from shared.aggregate import Change, Copy, Document, Lifecycle, Store, Trigger, Verdict
from shared.aggregate.verdict import IGNORED, TAKEN
from shared.ids import domain_mark, workplace_mark

WORK = "work"
MOST_MARKS = 20
_AGAIN = "again"
_SETTLING = timedelta(minutes=1)
_PASS_EVERY = timedelta(seconds=1)
_AT_ONCE = 200


def work_id(person: str) -> str:
    return f"{WORK}:{person}"


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
        verified = Verified(self._store, [{"insider": person, "domain_mark": mark}])
        mine = workplace_mark(self._key, listing_id, domain)
        return {"domain_mark": mark, "workplace_mark": mine, "insider_verified": verified.at(person, mark)}


class Verified:
    """Which domains of some listings are registered, and at which of them their insiders get mail, as of now."""

    def __init__(self, store: Store, listings: Iterable[Document]) -> None:
        asked = {work_id(each["insider"]) for each in listings} | {employer_id(_mark(each)) for each in listings}
        found = store.collection.find({"_id": {"$in": sorted(asked)}}, {"state": 1, "marks": 1})
        self._documents = {doc["_id"]: doc for doc in found}

    def registered(self, mark: str) -> bool:
        return bool(self._documents.get(employer_id(mark), {}).get("state") == "registered")

    def at(self, person: str, mark: str) -> bool:
        return self.registered(mark) and mark in self._documents.get(work_id(person), {}).get("marks", ())


class Learn:
    """The route of `work.verified`: the mark is stored, and the person's listings are told."""

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {work_id(event.data["person_id"]): WORK}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[work_id(event.data["person_id"])]
        if change.knows(event.id):
            return IGNORED
        others = [mark for mark in change.get("marks", ()) if mark != event.data["domain_mark"]]
        change.set(state="known", owner=event.data["person_id"])
        change.set(marks=[*others, event.data["domain_mark"]][-MOST_MARKS:])
        change.apply(event.id)
        _spread(change, event)
        return TAKEN


def _spread(change: Change, event: Trigger) -> None:
    change.set(after=None)
    change.schedule(SPREAD, change.now)
    change.schedule(_AGAIN, change.now + _SETTLING)


OF_EMPLOYER = Copy(
    EMPLOYER, "domain_mark",
    lambda event: {"state": event.name.removeprefix("employer."), "marks": event.data.get("marks", [])},
    _spread,
)  # fmt: skip
"""The route of `employer.registered` and `employer.removed`."""


class Spread:
    """Tells listings whether their insiders are verified; a minute later once more, for one written meanwhile."""

    def __init__(self, store: Store, listing: Lifecycle) -> None:
        self._store, self._listing = store, listing

    def on_timer(self, change: Change, timer: str) -> None:
        """One pass over the listings of a person, or of an employer; another follows while there are more."""
        after = change.get("after") if timer == SPREAD else None
        if change.kind == WORK:
            found, key = of_insider(self._store, change["owner"], after, _AT_ONCE), "rank"
        else:
            mark = change.id.removeprefix(employer_id(""))
            found, key = at_employer(self._store, mark, after or "", _AT_ONCE), "_id"
        verified = Verified(self._store, found)
        for listing in found:
            if name := _news(listing, verified, change.kind):
                self._tell(listing["_id"], name, _mark(listing))
        change.set(after=None)
        if len(found) == _AT_ONCE:
            change.set(after=found[-1][key])
            change.schedule(SPREAD, change.now + _PASS_EVERY)

    def _tell(self, listing_id: str, name: str, mark: str) -> None:
        def decide(changes: dict[str, Change]) -> None:
            change = changes[listing_id]
            trigger_id = f"{listing_id}:{name}:{change.base_version}"
            self._listing.fold(change, Trigger(name, trigger_id, "event", change.now, {"domain_mark": mark}))

        self._store.run({listing_id: self._listing}, decide)


def _mark(listing: Document) -> str:
    return str(listing.get("domain_mark") or "")


def _news(listing: Document, verified: Verified, kind: str) -> str | None:
    """What the listing is to be told, if anything. Who was verified stays so while the domain is registered."""
    mark = _mark(listing)
    if listing.get("insider_verified"):
        return "employer.removed" if mark and not verified.registered(mark) else None
    if not verified.at(listing["insider"], mark):
        return None
    return "work.verified" if kind == WORK else "employer.registered"
