"""The people that the page offers to be on a development stack: their names, and tokens by the folder's own key."""

import json
import time
from pathlib import Path

from deploy.embedded.keys import Keys, write_private

PEOPLE = (
    ("ines", "Ines", "insider", ()),
    ("omar", "Omar", "insider", ()),
    ("sam", "Sam", "seeker", ()),
    ("rita", "Rita", "seeker", ()),
    ("nina", "Nina", "seeker", ()),
    ("olga", "Olga", "staff", ("moderator",)),
    ("aki", "Aki", "staff", ("arbiter",)),
    ("otto", "Otto", "staff", ("operator", "moderator", "arbiter")),
)
"""(sub, name, what they are to the market, roles)"""

_FRESH = 3600.0
"""Seconds after which their tokens are signed again, well before they expire."""


def refresh(folder: Path, keys: Keys) -> None:
    """Write `people.json` ([{sub, name, is, roles, token}]) where it is missing or older than an hour.

    The gateway serves the folder under /dev.
    """
    file = folder / "people.json"
    if file.exists() and time.time() - file.stat().st_mtime < _FRESH:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    people = [
        {"sub": sub, "name": name, "is": kind, "roles": list(roles), "token": keys.token(sub, roles)}
        for sub, name, kind, roles in PEOPLE
    ]
    write_private(file, json.dumps(people))
