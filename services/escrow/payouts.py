"""Where a person is paid: a document `payout:<person>`, theirs alone. Pure, but for the last two.

A first account serves at once: nothing is turned away from anybody. One that replaces another, or comes after one was
deleted, serves only after a while; until then the one before does, if there is one. Each change is told the person, by
an event that says nothing of the account: so who stole a token is too late, or too early. The document is
`documents.PayoutDocument`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.aggregate import Change, Document, Refusal, Store

KIND = "payout"
MOST_CHANGES = 200
"""Each stays in the document as an event; this many in a lifetime are enough."""
_FIELDS = ("created_at", "account", "owner", "serves_from", "until_then")


def payout_id(person: str) -> str:
    return f"{KIND}:{person}"


def is_there(doc: Document | None) -> bool:
    """Whether the person has named an account: one that was deleted left an empty document."""
    return doc is not None and "account" in doc


def put(change: Change, person: str, account: str, after: timedelta) -> None:
    """Name an account; it serves `after` a while, unless it is the first. Raises Refusal after too many changes."""
    before = serving(change.doc, change.now)
    if change.get("account") == account:
        return
    _tell(change, person)
    if not is_there(change.doc):
        change.set(created_at=change.now)
    serves_at_once = change.is_new or account == before or not after
    change.set(
        account=account,
        owner=person,
        serves_from=None if serves_at_once else change.now + after,
        until_then=None if serves_at_once else before,
    )


def remove(change: Change) -> None:
    """Delete the account, as its person asks; they are told. Raises Refusal after too many changes."""
    if is_there(change.doc):
        _tell(change, change["owner"])
    clear(change)


def clear(change: Change) -> None:
    change.set(**dict.fromkeys(_FIELDS))


def serving(doc: Mapping[str, Any], now: datetime) -> str | None:
    """The account that is paid to now."""
    if "account" not in doc or now >= doc.get("serves_from", now):
        return doc.get("account")
    return doc.get("until_then")


def account_of(store: Store) -> Callable[[str], str | None]:
    """How to look up where a person is paid now; None where they have named none. Raises pymongo's errors."""
    return lambda person: serving(store.get(payout_id(person)) or {}, store.clock.now())


def with_accounts(store: Store, escrows: Sequence[Document]) -> Sequence[Document]:
    """The same escrows; those whose open instruction pays somebody have with them where, as `paid_to`, read for all in
    one query. It is never stored there. Raises pymongo's errors.
    """
    payees = {doc["_id"]: payout_id(doc["instruction"]["payee"]) for doc in escrows if "payee" in doc["instruction"]}
    found, now = store.load(payees.values()), store.clock.now()
    return [
        {**doc, "paid_to": serving(found.get(payees[doc["_id"]], {}), now)} if doc["_id"] in payees else doc
        for doc in escrows
    ]


def _tell(change: Change, person: str) -> None:
    if change.seq >= MOST_CHANGES:
        raise Refusal(
            "rule", "payout-changes", "You have changed your account too often. Please write to us.", "/account"
        )
    change.emit("payout.changed", {"person_id": person})
