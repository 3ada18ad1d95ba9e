"""How many published listings there are, and how many of them have a facet: which way a search goes depends on it.

Counted up to a bound and remembered for a while by each process. Only a search's cost depends on these numbers, never
what it finds.
"""

from datetime import datetime, timedelta
from typing import Any

from services.listing.search import PUBLISHED, Facets
from shared.aggregate import Store

MOST = 20_000
"""A facet of more listings is as good as one of so many."""

MOST_PUBLISHED = 200_000
REMEMBERED = timedelta(minutes=5)
_MOST_FACETS = 4096

Counts = dict[Facets, tuple[int, datetime]]


class Census:
    """The numbers of one process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: Counts = {}

    def published(self) -> int:
        return self._remembered((), {"state": PUBLISHED}, MOST_PUBLISHED)

    def having(self, facets: Facets) -> int:
        """How many have one of these facets."""
        wanted = facets[0] if len(facets) == 1 else {"$in": list(facets)}
        return self._remembered(facets, {"facets": wanted}, MOST)

    def _remembered(self, facets: Facets, query: dict[str, Any], most: int) -> int:
        now = self._store.clock.now()
        known = self._counted.get(facets)
        if known and known[1] > now:
            return known[0]
        if len(self._counted) >= _MOST_FACETS:
            self._counted.clear()
        count = self._store.collection.count_documents(query, limit=most)
        self._counted[facets] = (count, now + REMEMBERED)
        return count
