"""Whether what is unknown here may still come: then a 404 says when to ask again, and otherwise it does not.

What one service makes another hears of by Kafka, within a second as a rule. A client that obeys Retry-After asks once
a second; so there must be an end to it, which the client sees: the header is gone.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

AGAIN_SECONDS = 1
LONGEST = 60.0
"""Seconds, of the client's time: where the services' clock is fast on purpose, the client's is not."""
_MOST_ASKED = 10_000
_MADE_HERE = (5, 7)
"""Versions of UUIDs: by an Idempotency-Key, and without one."""


class Patience:
    """How long a person may hope for an id: a minute from when they first asked for it.

    What was asked for is remembered in this process alone, the latest 10,000 of all people's.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._asked: OrderedDict[tuple[str, str], float] = OrderedDict()

    def seconds(self, person: str, document_id: str) -> int | None:
        """Seconds to wait before asking again; None where it is in vain, as for an id of a kind never made here."""
        try:
            if UUID(document_id).version not in _MADE_HERE:
                return None
        except ValueError:
            return None
        now = self._monotonic()
        first = self._asked.setdefault((person, document_id), now)
        if len(self._asked) > _MOST_ASKED:
            self._asked.popitem(last=False)
        return AGAIN_SECONDS if now - first < LONGEST else None
