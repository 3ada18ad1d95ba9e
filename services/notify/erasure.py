"""Erase a person who asked to be forgotten from notify: their addresses go, and their notifications.

Mails that went out are out of reach: they were theirs, at their own address. The documents stay empty, so that no late
repeat of an event tells again, and the events that a contact emitted keep their numbers. Copies of offers hold
pseudonyms alone, and the two of such an offer do not reach each other any more.
"""

from functools import partial

from services.notify import addresses, former, preferences
from services.notify.addresses import CONTACT_CODE, WORK_MAIL_CODE
from services.notify.log.records import KIND as LOGGED
from services.notify.offers import forget_parties
from services.notify.store import OFFER, contact_id, work_mail_id
from services.notify.webhooks.erasure import forget as forget_webhooks
from shared.aggregate import Change, Lifecycle, Store, Trigger
from shared.aggregate.erasure import MOST, erase_each
from shared.events.schemas_matches import OFF

_ADDRESS = ("email", "verified_at", "code", "language", "unmailed", "matches")
"""Any of these says that there is something of a person in the document of an address."""


class Erasing:
    """Passes over the addresses and notifications of a person."""

    def __init__(self, store: Store, notification: Lifecycle) -> None:
        self._store, self._notification = store, notification

    def one_pass(self, person: str) -> int:
        found = self._store.collection.find({"person": person, "kind": self._notification.name}, {"_id": 1}).limit(MOST)
        erased = erase_each([doc["_id"] for doc in found], self._forget)
        offers = self._store.collection.find({"parties": person}, {"_id": 1}).limit(MOST)
        erased += erase_each([doc["_id"] for doc in offers], self._part)
        logged = self._store.collection.find({"readers": person}, {"_id": 1}).limit(MOST)
        erased += erase_each([doc["_id"] for doc in logged], partial(self._hide, person))
        erased += forget_webhooks(self._store, person)
        erased += self._remove(contact_id(person), CONTACT_CODE)
        erased += former.forget(self._store, person)
        return erased + self._remove(work_mail_id(person), WORK_MAIL_CODE)

    def _forget(self, notification_id: str) -> None:
        def decide(changes: dict[str, Change]) -> None:
            change = changes[notification_id]
            trigger_id = f"{notification_id}:erased"
            self._notification.fold(change, Trigger("person.erased", trigger_id, "event", change.now))

        self._store.run({notification_id: self._notification}, decide)

    def _part(self, offer_key: str) -> None:
        self._store.run({offer_key: OFFER}, lambda changes: forget_parties(changes[offer_key]))

    def _hide(self, person: str, record_id: str) -> None:
        """They read it no more."""

        def decide(changes: dict[str, Change]) -> None:
            change = changes[record_id]
            change.set(readers=[each for each in change.get("readers", ()) if each != person] or None)

        self._store.run({record_id: LOGGED}, decide)

    def _remove(self, document_id: str, kind: Lifecycle) -> int:
        def decide(changes: dict[str, Change]) -> int:
            change = changes[document_id]
            if not any(name in change.doc for name in _ADDRESS):
                return 0
            addresses.remove(change)
            change.set(language=None, unmailed=None)
            preferences.tell_matches(change, OFF)
            return 1

        return self._store.run({document_id: kind}, decide)
