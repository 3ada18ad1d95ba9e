"""What a seeker looks for: a document `profile:<person>`, theirs alone, from which their matches are made. Pure.

The document is `documents.ProfileDocument`.
"""

from collections.abc import Mapping
from typing import Any

from shared.aggregate import Change, Document
from shared.places import shipped

KIND = "profile"
LISTS = ("occupations", "industries", "countries", "regions", "skills", "help")
FIELDS = (*LISTS, "pay")
PERIODS: Mapping[str, int] = shipped().cap.periods
"""How often pay of a kind comes in a year."""


def profile_id(person: str) -> str:
    return f"{KIND}:{person}"


def is_there(doc: Document | None) -> bool:
    """Whether the person has a profile: one that was deleted left an empty document."""
    return doc is not None and "occupations" in doc


def put(change: Change, body: Mapping[str, Any]) -> None:
    """Write it anew, whole: what `body` does not say is not wished."""
    if not is_there(change.doc):
        change.set(created_at=change.now)
    change.set(**{name: body.get(name) if name == "pay" else body.get(name, []) for name in FIELDS})


def remove(change: Change) -> None:
    change.set(created_at=None, **dict.fromkeys(FIELDS))
