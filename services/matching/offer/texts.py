"""What people write to each other: the messages of an offer. Pure.

Texts stand in fields of their own, which can be emptied without touching anything else, and in no event and no log.
"""

from shared.aggregate import Change, Guard, Trigger
from shared.contact_details import contact_data

LONGEST = 1000


def no_contact_data(field: str) -> Guard:
    """The rule that this text of a command holds no way to reach its writer."""

    def found(trigger: Trigger) -> str | None:
        return next((words for _, words in contact_data(trigger.data.get(field) or "")), None)

    return Guard(
        "no-contact-data",
        lambda change, trigger: found(trigger) is None,
        lambda change, trigger: found(trigger) or "",
        f"/{field}",
    )


def keep_message(change: Change, role: str, trigger: Trigger) -> None:
    """What a party writes with a proposal, for the other to read: `messages` [{by, at, text}], one a proposal."""
    if text := trigger.data.get("message"):
        change.set(messages=[*change.get("messages", []), {"by": role, "at": change.now, "text": text}])
