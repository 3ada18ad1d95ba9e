"""Whose mailbox is whose, by marks alone: a copy of what `contact.verified` says, so that a mailbox reports once.

A document `mailbox:<person>`; the mark is the one that matching counts people by.
"""

from shared.aggregate import Copy, Store

MAILBOX = "mailbox"

OF_MAILBOX = Copy(
    MAILBOX, "person_id",
    lambda event: {"state": "known", "mark": event.data.get("box_mark") or event.data["mark"]},
)  # fmt: skip
"""The route of `contact.verified`."""


def mailbox_id(person: str) -> str:
    return f"{MAILBOX}:{person}"


def mailbox_of(store: Store, person: str) -> str | None:
    """The mark of the mailbox that a person has verified."""
    mark: str | None = (store.get(mailbox_id(person)) or {}).get("mark")
    return mark


def forget_mailbox(store: Store, person: str) -> int:
    """Which event it was copied from stays, so that no repeat copies it again."""
    if not mailbox_of(store, person):
        return 0
    at = mailbox_id(person)
    store.run({at: MAILBOX}, lambda changes: changes[at].set(state="erased", mark=None))
    return 1
