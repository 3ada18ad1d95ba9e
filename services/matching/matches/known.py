"""Insiders' records as matches count them. The lists of many seekers name the same insiders: each is kept a moment."""

import threading
from collections.abc import Iterable, Mapping
from itertools import chain

from services.matching.matches.identities import identities
from services.matching.matches.records import Record, record_of
from services.matching.store import hires_of_all, people_of
from shared.aggregate import Store
from shared.settings import Terms

FRESH = 5.0
"""Seconds: no record is older. `GET /v1/insiders/{person}` is exact."""

MOST_HIRES = 5_000
"""Hires that are looked at, of all insiders that are asked for together."""

_MOST_KNOWN = 20_000


class KnownRecords:
    """Of one process, for all its threads."""

    def __init__(self, store: Store, terms: Terms) -> None:
        self._store, self._terms = store, terms
        self._known: dict[str, tuple[float, Record]] = {}
        self._lock = threading.Lock()

    def of(self, insiders: Iterable[str]) -> Mapping[str, Record]:
        """The record of each, by insider."""
        since, wanted = self._store.clock.monotonic() - FRESH, set(insiders)
        with self._lock:
            known = {each: self._known[each] for each in wanted if each in self._known}
        fresh = {each: record for each, (at, record) in known.items() if at > since}
        read = self._read(wanted - fresh.keys())
        self._keep(read)
        return fresh | read

    def _read(self, insiders: set[str]) -> dict[str, Record]:
        hires = hires_of_all(self._store, insiders, MOST_HIRES) if insiders else {}
        people = identities(people_of(self._store, chain.from_iterable(hires.values())))
        now = self._store.clock.now()
        return {insider: record_of(hires.get(insider, ()), people, self._terms, now) for insider in insiders}

    def _keep(self, read: Mapping[str, Record]) -> None:
        now = self._store.clock.monotonic()
        with self._lock:
            if len(self._known) + len(read) > _MOST_KNOWN:
                self._known.clear()
            self._known |= {insider: (now, record) for insider, record in read.items()}
