"""How much goes to one mailbox that nobody there has asked for, whoever asks for it: codes, and employers' links.

A document `mailbox:<mark>` keeps sent {contact, work_mail, links: [times]}: the last day's codes for each kind of
address, and the last week's links. The mark is a keyed hash, the same for all addresses of the mailbox. A timer
empties it once nothing in it counts.

It is reserved first, in a change of its own, and then the mail is asked for: two who ask at once may find one place
too few, never one too many. What is reserved and not used is free again when its time has passed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.notify.store import CONTACT, WORK_MAIL
from shared.aggregate import Change, Store
from shared.ids import mailbox_mark

KIND = "mailbox"
LINKS = "links"
_WITHIN: Mapping[str, timedelta] = {CONTACT: timedelta(days=1), WORK_MAIL: timedelta(days=1), LINKS: timedelta(days=7)}
_EMPTY = "empty"


class Full(Exception):
    """As much was sent to this mailbox as may be; `wait` until the next may be."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("no more may be sent to this mailbox")
        self.wait = wait


class Mailboxes:
    """The mailboxes of notify's collection; `key` makes their marks."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store, self._key = store, key

    def reserve(self, address: str, what: str, most: int) -> None:
        """Count one more mail to the address's mailbox. Raises Full where there were `most` in the last day or week."""
        mailbox_id = f"{KIND}:{mailbox_mark(self._key, address)}"
        self._store.run({mailbox_id: KIND}, lambda changes: _count(changes[mailbox_id], what, most))

    def on_timer(self, change: Change, timer: str) -> None:
        """Nothing of a mailbox stays longer than it counts."""
        _keep(change, {what: _recent(change, what) for what in _WITHIN})


def _count(change: Change, what: str, most: int) -> None:
    before = _recent(change, what)
    if len(before) >= most:
        raise Full(min(before) + _WITHIN[what] - change.now)
    change.set(state="known")
    _keep(change, {each: _recent(change, each) for each in _WITHIN} | {what: [*before, change.now]})


def _recent(change: Change, what: str) -> list[datetime]:
    return [at for at in change.get("sent", {}).get(what, []) if change.now - at < _WITHIN[what]]


def _keep(change: Change, sent: Mapping[str, list[datetime]]) -> None:
    counts = {what: times for what, times in sent.items() if times}
    change.set(sent=counts or None)
    change.schedule(_EMPTY, min((times[-1] + _WITHIN[what] for what, times in counts.items()), default=None))
