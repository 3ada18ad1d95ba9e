"""What people write to each other: the messages of an offer. Pure.

Texts stand in fields of their own, which can be emptied without touching anything else, and in no event and no log.
"""

from shared.aggregate import Change, Trigger

LONGEST = 1000


def add_message(change: Change, role: str, trigger: Trigger) -> None:
    """What a party writes with a proposal, for the other to read: `messages` [{by, at, text}], one a proposal."""
    if text := trigger.data.get("message"):
        change.set(messages=[*change.get("messages", []), {"by": role, "at": change.now, "text": text}])
