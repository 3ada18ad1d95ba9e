"""The log read: in the order of its numbers, from a cursor on. A cursor is opaque to whoever gets it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from pymongo.cursor import Cursor

from services.notify.log.numbering import head
from services.notify.log.records import BY_ARRIVAL, BY_NUMBER, BY_READER
from services.notify.recipients import PARTIES, read_by
from shared.aggregate import Document, Store
from shared.clock import format_time
from shared.events import dataschema_uri, latest, source_of

_VERSION = "e1"
_SHOWN = {"applied": 0, "events": 0}
_NUMBERS = {"arrived_at": 1, "log_number": 1, "_id": 0}
_TOGETHER = timedelta(minutes=1)
LONGEST_CURSOR = 64
MOST_LOOKED_AT = 5_000
"""Events that one page looks at. What is asked for may be none of millions: the page ends there, and says where."""

READS_ALL = frozenset({"integrator", "operator"})
"""Roles that read every public event, as a subscriber of the topics does."""


class BadCursor(ValueError):
    """Not a cursor of this log."""


def cursor(number: int) -> str:
    """Where one stands who has read the event of this number and all before; 0: before the first."""
    return urlsafe_b64encode(f"{_VERSION}:{number}".encode()).decode().rstrip("=")


def number_of(text: str) -> int:
    """The number in a cursor. Raises BadCursor."""
    try:
        version, _, number = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(":")
    except ValueError:
        raise BadCursor(text) from None
    if version != _VERSION or not number.isdecimal() or len(text) > LONGEST_CURSOR or cursor(int(number)) != text:
        raise BadCursor(text)
    return int(number)


@dataclass(frozen=True)
class Entry:
    """One event of the log; `readers` are the persons whom it is about."""

    number: int
    id: str
    type: str
    subject: str
    sequence: int
    at: datetime
    data: Mapping[str, Any]
    readers: tuple[str, ...]
    offer_id: str | None = None
    listing_id: str | None = None

    @property
    def cursor(self) -> str:
        return cursor(self.number)

    def is_for(self, person: str, reads_all: bool) -> bool:
        """Whether this person may read it: it is about them, or they read all; a party is nothing but that."""
        is_party = person in (self.data.get(party) for party in PARTIES)
        return person in self.readers or (reads_all and not is_party)

    def structured(self, person: str) -> dict[str, Any]:
        """The event as CloudEvents' JSON, its data as this person reads it."""
        event_type = latest(self.type)
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": source_of(event_type.owner),
            "type": self.type,
            "time": format_time(self.at),
            "subject": self.subject,
            "partitionkey": self.subject,
            "sequence": f"{self.sequence:010}",
            "dataschema": dataschema_uri(self.type, event_type.version),
            "datacontenttype": "application/json",
            "data": dict(read_by(person, self.data)),
        }


def after(
    store: Store,
    number: int,
    most: int,
    wanted: Mapping[str, Any] = MappingProxyType({}),
    until: int | None = None,
) -> Sequence[Entry]:
    """The next events after a number, at most so many; `wanted`: further conditions on the documents, `until`: the
    highest number that is looked at.
    """
    numbers = {"$gt": number} if until is None else {"$gt": number, "$lte": until}
    found = store.collection.find({"log_number": numbers, **wanted}, _SHOWN).sort("log_number")
    index = BY_READER if "readers" in wanted else BY_NUMBER
    return [_entry(doc) for doc in found.hint(list(index)).limit(most)]


def looked_at(store: Store, number: int, person: str, reads_all: bool) -> int | None:
    """Up to which number a page looks for what no index has: at most MOST_LOOKED_AT of the events that the person may
    read are passed over, however rare what they ask for is. None: there are no more than that.
    """
    if reads_all:
        return number + MOST_LOOKED_AT
    own = store.collection.find({"readers": person, "log_number": {"$gt": number}}, {"log_number": 1, "_id": 0})
    last = own.sort("log_number").skip(MOST_LOOKED_AT - 1).limit(1)
    return next((int(doc["log_number"]) for doc in last), None)


def is_for(person: str, reads_all: bool) -> Mapping[str, Any]:
    """`Entry.is_for` as conditions on the documents."""
    own = {"readers": person}
    return {"$or": [own, {f"data.{party}": {"$ne": person} for party in PARTIES}]} if reads_all else own


def lowest(store: Store) -> int | None:
    """The lowest number that is kept; None in an empty log."""
    found = store.collection.find({"log_number": {"$exists": True}}, {"log_number": 1}).sort("log_number").limit(1)
    return next((int(doc["log_number"]) for doc in found), None)


def is_kept(store: Store, number: int) -> bool:
    """Whether nothing that follows this number is gone already, and the number was given at all."""
    first = lowest(store)
    return number <= head(store) and (first is None or number >= first - 1)


def at_time(store: Store, moment: datetime) -> int:
    """The number after which events arrived at this moment or later; the head, where none did.

    The index on arrivals has the first of them. Workers write at once, so one that arrived a little later may have a
    lower number: of all that arrived within a minute of it the lowest counts.
    """
    first = next(iter(_arrived(store, {"$gte": moment}).sort(list(BY_ARRIVAL)).limit(1)), None)
    if first is None:
        return head(store)
    near = _arrived(store, {"$gte": moment, "$lt": first["arrived_at"] + _TOGETHER}).sort("log_number").limit(1)
    return int(next(iter(near), first)["log_number"]) - 1


def _arrived(store: Store, when: Mapping[str, datetime]) -> Cursor[Document]:
    """The numbers of what arrived then, out of the index alone."""
    asked = {"arrived_at": when, "log_number": {"$gt": 0}}
    return store.collection.find(asked, _NUMBERS).hint(list(BY_ARRIVAL))


def _entry(doc: Document) -> Entry:
    return Entry(
        number=doc["log_number"],
        id=doc["event_id"],
        type=doc["event_type"],
        subject=doc["subject"],
        sequence=doc["sequence"],
        at=doc["at"],
        data=doc["data"],
        readers=tuple(doc.get("readers") or ()),
        offer_id=doc.get("offer_id"),
        listing_id=doc.get("listing_id"),
    )
