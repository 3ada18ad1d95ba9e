"""Where a person is paid: a document `payout:<person>`, theirs alone. Pure, but for `account_of`.

The document is `documents.PayoutDocument`.
"""

from collections.abc import Callable

from shared.aggregate import Change, Document, Store

KIND = "payout"


def payout_id(person: str) -> str:
    return f"{KIND}:{person}"


def is_there(doc: Document | None) -> bool:
    """Whether the person has named an account: one that was deleted left an empty document."""
    return doc is not None and "account" in doc


def put(change: Change, person: str, account: str) -> None:
    if not is_there(change.doc):
        change.set(created_at=change.now)
    change.set(account=account, owner=person)


def remove(change: Change) -> None:
    change.set(created_at=None, account=None, owner=None)


def account_of(store: Store) -> Callable[[str], str | None]:
    """How to look up a person's account; None where they have named none. Raises pymongo's errors."""

    def look_up(person: str) -> str | None:
        doc = store.get(payout_id(person))
        return doc["account"] if doc is not None and is_there(doc) else None

    return look_up
