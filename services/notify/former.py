"""A person's verified addresses of before: for some days what looks like a theft is mailed there, not to the new one.

Who has somebody's token can replace their address, or delete it; so the one that was verified before hears of it, and
of the money's way being changed meanwhile. Of several the oldest is the one, for a thief may verify one after the
other. They stand in a document of their own, `former:<person>`, written before the contact is: who deletes their
address has it deleted there at once. It is `documents.FormerDocument`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.notify.addresses import is_at, is_verified
from shared.aggregate import Change, Store
from shared.poller import OnTimer
from shared.settings import Terms

KIND = "former"
TOLD = ("contact.replaced", "payout.changed")
"""Texts that go to the former address while there is one."""
MOST = 200
"""Each stays in the document as an event; later ones are told no more."""
_DROP = "drop"
_MOST_AT_ONCE = 10


def former_id(person: str) -> str:
    return f"{KIND}:{person}"


def gone(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """The verified address that goes by this change of a contact."""
    return str(before["email"]) if is_verified(before) and not is_at(after, before["email"]) else None


def remember(store: Store, person: str, email: str, terms: Terms) -> None:
    """Store the address for some days; an event tells the worker to mail it."""

    def decide(changes: dict[str, Change]) -> None:
        change = changes[former_id(person)]
        addresses = [*_counting(change.doc, change.now, terms), {"email": email, "at": change.now}]
        change.set(state="known", owner=person)
        _keep(change, addresses[:_MOST_AT_ONCE], terms)
        if change.seq < MOST:
            change.emit("contact.replaced", {"person_id": person})

    store.run({former_id(person): KIND}, decide)


def on_timer(terms: Terms) -> OnTimer:
    """What drops those whose days are over."""
    return lambda change, timer: _keep(change, _counting(change.doc, change.now, terms), terms)


def forget(store: Store, person: str) -> int:
    """They go as their person is forgotten; 1 where there were any."""

    def decide(changes: dict[str, Change]) -> int:
        change = changes[former_id(person)]
        if not change.get("addresses"):
            return 0
        change.set(addresses=None)
        change.schedule(_DROP, None)
        return 1

    return store.run({former_id(person): KIND}, decide)


def address_of(store: Store, person: str, terms: Terms) -> str | None:
    """The oldest address of before that counts still."""
    counting = of_person(store, person, terms)
    return str(counting[0]["email"]) if counting else None


def of_person(store: Store, person: str, terms: Terms) -> list[dict[str, Any]]:
    """The addresses of before that count still, the oldest first."""
    return _counting(store.get(former_id(person)) or {}, store.clock.now(), terms)


def _counting(document: Mapping[str, Any], now: datetime, terms: Terms) -> list[dict[str, Any]]:
    return [each for each in document.get("addresses", ()) if now < each["at"] + terms.former_address_told]


def _keep(change: Change, addresses: list[dict[str, Any]], terms: Terms) -> None:
    change.set(addresses=addresses or None)
    change.schedule(_DROP, addresses[0]["at"] + terms.former_address_told if addresses else None)
