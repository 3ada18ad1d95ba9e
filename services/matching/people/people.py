"""A person here: whose address is whose, and being forgotten. A document has the person's pseudonym as its id.

The document is `documents.PersonDocument`. Two accounts with one mark or mailbox are one person, who does not deal
with themselves.

To be forgotten: while money of theirs is open it is refused. `asking`, they are looked at once more: who reserves for
an offer looks at this document afterwards, and who asks looks at the reservations afterwards, so an agreement on money
and a leave that race have one winner. `leaving`, nothing is reserved between them and others any more, and passes end
and empty their offers. In the end `person.erased` tells the other services; the document stays.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from services.matching.matches.identities import identity
from services.matching.offer.accounts import Accounts
from services.matching.offer.lifecycle import OPEN
from services.matching.people.erasure import Erasing
from services.matching.people.open_money import ENDS_BY, ends_at
from shared.aggregate import Change, Contended, Document, Refusal, Store, Trigger, Verdict, last_number
from shared.aggregate.erasure import AGAIN_AFTER, PASS
from shared.aggregate.verdict import IGNORED, TAKEN

KIND = "person"
_MONEY_ENDED = ("free", "settled", "refunded", "split", "lapsed", "charged_back")
"""Where an escrow is when nothing waits in it. What a bank took back may never come again: nobody waits for that."""
_ASKING = ("asking", "leaving")
_ASKS_NO_LONGER = timedelta(seconds=30)
"""By then the process that asked has looked once more, or is dead."""
_DAY = timedelta(days=1)
MOST_A_DAY = 5
"""Each time stays in the document as an event."""
_WAITS = timedelta(hours=1)
"""For money that a bank gave back just when its person left."""


class Marks:
    """The route of `contact.verified`: the mark of a person's address, where the event is newer than the copy."""

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {event.data["person_id"]: KIND}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        change = changes[event.data["person_id"]]
        if event.sequence <= last_number(change):
            return IGNORED
        change.set(number=event.sequence, mark=event.data["mark"], box_mark=event.data.get("box_mark"), identity=None)
        if change.state == "new":
            change.set(state="known")
        return TAKEN


def mailbox_of(store: Store, person: str) -> str | None:
    """The mark of the mailbox that a person has verified."""
    doc = store.get(person) or {}
    mark: str | None = doc.get("box_mark") or doc.get("mark")
    return mark


class MoneyOpen(Refusal):
    """The person is needed still: `offers` are those in which money waits, each with when that ends by itself."""

    def __init__(self, offers: Mapping[str, datetime | None]) -> None:
        detail = "Money of your agreements is still open. See them through or call them off, then ask again."
        super().__init__("state", "money-open", detail)
        self.offers = offers


class TooOften(Exception):
    """They were forgotten so often today that they are asked to wait."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("forgotten too often")
        self.wait = wait


class People:
    """The people of the offers' collection."""

    def __init__(self, store: Store, accounts: Accounts, erasing: Erasing) -> None:
        self._store, self._accounts, self._erasing = store, accounts, erasing

    def between(self, one: str, other: str) -> bool:
        """Whether two accounts are one person, as far as is known: they have one verified mailbox.

        Asked after something was reserved for an offer between them. Raises Refusal where one of them is leaving.
        """
        found = self._store.load((one, other))
        if any(doc.get("state") in _ASKING for doc in found.values()):
            raise Refusal("state", "leaving", "One of the two is leaving: this offer ends.")
        of_one, of_other = (_marks(found.get(person) or {}) for person in (one, other))
        return bool(of_one & of_other)

    def leave(self, person: str) -> datetime:
        """Begin to forget a person; since when. Asking again while it goes on changes nothing.

        Raises MoneyOpen, TooOften, and Contended where it took too long to look.
        """
        if offers := self._money_open(person):
            raise MoneyOpen(offers)
        self._change(person, _ask)
        if offers := self._money_open(person):
            self._change(person, _stay)
            raise MoneyOpen(offers)
        asked_at = self._change(person, _leave)
        if asked_at is None:
            raise Contended(f"{person} asked too slowly")
        return asked_at

    def on_timer(self, change: Change, timer: str) -> None:
        """One pass over what is theirs here; the last one tells the others."""
        if change.state == "asking":
            _stay(change)
        if change.state != "leaving":
            return
        until = self._accounts.under_way_until(change.id)  # before the pass: what is written by now, it finds
        left = self._erasing.one_pass(change.id)
        if left.erased:
            change.schedule(PASS, change.now + AGAIN_AFTER)
        elif until:
            change.schedule(PASS, until)
        elif left.waiting:
            change.schedule(PASS, change.now + _WAITS)
        else:
            change.set(identity=identity({"_id": change.id, **change.doc}), mark=None, box_mark=None)
            change.set(state="erased", erased_at=change.now, erasures=[*_recent(change), change.now])
            change.emit("person.erased", {"person_id": change.id})

    def _change(self, person: str, decide: Callable[[Change], datetime | None]) -> datetime | None:
        return self._store.run({person: KIND}, lambda changes: decide(changes[person]))

    def _money_open(self, person: str) -> dict[str, datetime | None]:
        """Their offers in which money waits, or is about to (the seeker's reservation is made, and the acceptance may
        be on its way), each with when that ends by itself.
        """
        fields = dict.fromkeys(("state", "seeker", "price", "accepted_at", "escrow_status", *ENDS_BY), 1)
        offers = [doc for doc in self._store.collection.find({"parties": person}, fields) if doc["price"]]
        agreed = [doc["_id"] for doc in offers if doc.get("accepted_at") and not _money_ended(doc)]
        asked = [doc for doc in offers if doc["state"] in OPEN]
        held = self._accounts.reserved({doc["seeker"] for doc in asked})
        open_ = [*agreed, *(doc["_id"] for doc in asked if held.get(doc["_id"]))]
        ends = {doc["_id"]: ends_at(doc, self._erasing.terms) for doc in offers}
        return {offer_id: ends[offer_id] for offer_id in open_}


def may_go(offer: Document) -> bool:
    """Whether an offer that ended long ago may go to the archive: not while money of it may still move."""
    return not offer.get("accepted_at") or not offer["price"] or _money_ended(offer)


def _money_ended(offer: Document) -> bool:
    return offer.get("escrow_status") in _MONEY_ENDED


def _marks(person: Document) -> set[str]:
    """Of the address as it was given and of its mailbox: either may be all that an older document has of the other."""
    return {person[name] for name in ("mark", "box_mark") if person.get(name)}


def _recent(change: Change) -> list[datetime]:
    """When they were forgotten in the last day."""
    return [at for at in change.get("erasures", ()) if change.now - at < _DAY]


def _ask(change: Change) -> None:
    if change.state not in _ASKING:
        if len(recent := _recent(change)) >= MOST_A_DAY:
            raise TooOften(min(recent) + _DAY - change.now)
        change.set(state="asking", asked_at=change.now)
        change.schedule(PASS, change.now + _ASKS_NO_LONGER)


def _stay(change: Change) -> None:
    if change.state == "asking":
        change.set(state="known", asked_at=None)
        change.schedule(PASS, None)


def _leave(change: Change) -> datetime | None:
    """None where they do not ask any more."""
    if change.state not in _ASKING:
        return None
    if change.state == "asking":
        change.set(state="leaving")
        change.schedule(PASS, change.now)
    asked_at: datetime = change["asked_at"]
    return asked_at
