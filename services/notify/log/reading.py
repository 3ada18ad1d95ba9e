"""The log read: in the order of its numbers, from a cursor on. A cursor is opaque to whoever gets it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.notify.log.numbering import head
from services.notify.recipients import PARTIES, read_by
from shared.aggregate import Document, Store
from shared.clock import format_time
from shared.events import dataschema_uri, latest, source_of

_VERSION = "e1"
_SHOWN = {"applied": 0, "events": 0}
LONGEST_CURSOR = 64
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
    arrived_at: datetime
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


def after(store: Store, number: int, most: int, wanted: Mapping[str, Any] = MappingProxyType({})) -> Sequence[Entry]:
    """The next events after a number, at most so many; `wanted`: further conditions on the documents."""
    asked = {"log_number": {"$gt": number}, **wanted}
    found = store.collection.find(asked, _SHOWN).sort("log_number").limit(most)
    return [_entry(doc) for doc in found]


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
    """The number after which events arrived at this moment or later; the head, where none did."""
    asked = {"log_number": {"$exists": True}, "arrived_at": {"$gte": moment}}
    found = store.collection.find(asked, {"log_number": 1}).sort("log_number").limit(1)
    return next((int(doc["log_number"]) - 1 for doc in found), head(store))


def _entry(doc: Document) -> Entry:
    return Entry(
        number=doc["log_number"],
        id=doc["event_id"],
        type=doc["event_type"],
        subject=doc["subject"],
        sequence=doc["sequence"],
        at=doc["at"],
        arrived_at=doc["arrived_at"],
        data=doc["data"],
        readers=tuple(doc.get("readers") or ()),
        offer_id=doc.get("offer_id"),
        listing_id=doc.get("listing_id"),
    )
