"""Reconciliation: each escrow's sums against its own journal and the provider's memory, all the time.

A loop of the worker goes through all escrows by id, in batches. The escrow and the account are read one after the
other, so a difference counts only where nothing moves (no open instruction), the escrow is still as it was read, and
two passes find it. Then staff are shown it: the escrow gets `flagged` by compare-and-set, and loses it again when a
pass finds that the two agree. Every worker does this; whoever comes second changes nothing.

It paces itself. Each pass holds every journal against its own sums. The provider is asked for at most
`RECONCILIATION_PACE` escrows a second: in each pass for those that may move, and for one in `TURNS` of those that ended
more than a day before, another one each time. A batch ends where it has asked for so many that the pause after it would
be longer than that between two passes, so a slow pace is no long sleep.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from threading import Event as Flag
from typing import Any
from zlib import crc32

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from services.escrow.books import SUMS, balanced
from services.escrow.journal import balances, faults
from services.escrow.lifecycle import ESCROW
from services.escrow.provider.port import Balance, Records, Unavailable, every
from shared.aggregate import Change, Contended, Document, Store
from shared.telemetry import metrics, outages

log = logging.getLogger(__name__)
KIND = ESCROW.name
_SERVICE = "escrow"
BATCH = 200
BETWEEN_BATCHES_S = 0.5
BETWEEN_PASSES_S = 20.0
_AFTER_FAILURE_S = 5.0
TURNS = 24
"""So many passes ask the provider for every escrow that has ended, each for its part of them."""

_RESTS_AFTER = timedelta(days=1)
_FIELDS = dict.fromkeys(
    ("kind", "state", "version", "updated_at", "currency", "instruction", "journal", "flagged", "loss", *SUMS), 1
)
_THERE = {"released": "paid_out"}

Difference = dict[str, Any]
"""{what, here, there}: of which sum, and its two amounts in minor units; what `journal` has no amounts."""


@dataclass
class Pass:
    """One pass through all escrows: what it saw. `sums` are the journals' lines by currency: each is to be 0."""

    after: str = ""
    in_archive: bool = False
    flagged: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    suspects: set[tuple[str, int]] = field(default_factory=set)


class Reconciliation:
    """`run(stop)` is the loop; `step()` one batch of it, after which a pass may be over.

    `pace` is how many escrows the provider is asked for in a second at most; 0 is no limit.
    """

    def __init__(self, store: Store, provider: Records, batch: int = BATCH, pace: int = 0) -> None:
        self._store, self._provider, self._batch, self._pace = store, provider, batch, pace
        self._pass = Pass()
        self._turn = 0
        self._asked = 0
        self._all_since = self._cycle_began = store.clock.now()
        self._suspected: set[tuple[str, int]] = set()
        self._currencies: set[str] = set()
        self._reached()

    def run(self, stop: Flag, beat: Callable[[], None] = lambda: None) -> None:
        """Until `stop`; `beat` is called before each batch. While the database or the provider is away, the same batch
        is tried again.
        """
        while not stop.is_set():
            beat()
            try:
                ended = self.step()
                pause = max(BETWEEN_PASSES_S if ended else BETWEEN_BATCHES_S, self._asked / (self._pace or inf))
            except (PyMongoError, Contended) as error:
                outages.tries_again("reconciliation", error)
                metrics.unknown(metrics.JOURNAL_SUM, metrics.RECONCILIATION_DIFFERENCES)
                pause = _AFTER_FAILURE_S
            except Unavailable as error:
                outages.away(outages.PROVIDER, "reconciliation", error)
                metrics.unknown(metrics.JOURNAL_SUM, metrics.RECONCILIATION_DIFFERENCES)
                pause = _AFTER_FAILURE_S
            else:
                outages.back(outages.MONGODB, "reconciliation")
                outages.back(outages.PROVIDER, "reconciliation")
            stop.wait(pause)

    def step(self) -> bool:
        """Check the next escrows; True where that was the last batch of a pass. Raises PyMongoError, Unavailable."""
        collection = self._store.archive if self._pass.in_archive else self._store.collection
        assert collection is not None
        query = {"_id": {"$gt": self._pass.after}, "kind": KIND}
        # The embedded database reads every document unless a hint names the index that has the order.
        by_id = [("_id", ASCENDING)]
        found = list(collection.find(query, _FIELDS).sort(by_id).hint(by_id).limit(self._batch))
        some = self._within_pace(found)
        self._compare(self._only_archived(some) if self._pass.in_archive else some)
        if len(found) == self._batch or len(some) < len(found):
            self._pass.after = some[-1]["_id"]
            return False
        if self._store.archive is not None and not self._pass.in_archive:
            self._pass.after, self._pass.in_archive = "", True
            return False
        self._end_pass()
        return True

    # -- inside

    def _within_pace(self, found: list[Document]) -> list[Document]:
        """The first of these, as many as may be asked for without a longer pause than between two passes."""
        left = self._pace * BETWEEN_PASSES_S or inf
        for number, doc in enumerate(found, 1):
            left -= self._is_asked_for(doc)
            if left < 1:
                return found[:number]
        return found

    def _only_archived(self, found: list[Document]) -> list[Document]:
        """Without those that live as well: there it is that they count."""
        living = self._store.collection.find({"_id": {"$in": [doc["_id"] for doc in found]}}, {"_id": 1})
        ids = {doc["_id"] for doc in living}
        return [doc for doc in found if doc["_id"] not in ids]

    def _compare(self, found: list[Document]) -> None:
        asked = [doc["_id"] for doc in found if self._is_asked_for(doc)]
        there: dict[str, Balance | None] = dict.fromkeys(asked)
        there |= {account.offer_id: account.balance for account in every(self._provider.accounts, asked)}
        self._asked = len(asked)
        self._reached()
        self._show_age()
        for doc in found:
            self._check(doc, differences(doc, there[doc["_id"]]) if doc["_id"] in there else _own(doc))

    def _reached(self) -> None:
        metrics.REACHED.labels(_SERVICE, "provider").set(self._store.clock.now().timestamp())

    def _show_age(self) -> None:
        metrics.RECONCILIATION_OLDEST_SECONDS.set((self._store.clock.now() - self._all_since).total_seconds())

    def _is_asked_for(self, doc: Document) -> bool:
        ended: datetime = doc["updated_at"] + _RESTS_AFTER
        rests = doc["state"] in ESCROW.final and ended < self._store.clock.now() and not doc.get("instruction")
        looked_at = "flagged" in doc or (doc["_id"], doc["version"]) in self._suspected
        return not rests or looked_at or crc32(doc["_id"].encode()) % TURNS == self._turn

    def _check(self, doc: Document, found: list[Difference]) -> None:
        now = self._pass
        if "currency" in doc:
            now.sums[doc["currency"]] += _journal_sum(doc)
        if doc.get("instruction"):
            now.flagged += "flagged" in doc
            return
        seen = (doc["_id"], doc["version"])
        if found and "flagged" not in doc and seen in self._suspected:
            self._write(doc, lambda change: change.set(flagged={"since": change.now, "differences": found}))
            log.error("an escrow and the provider do not agree", extra={"id": doc["_id"], "differences": len(found)})
        elif found and "flagged" not in doc:
            now.suspects.add(seen)
        elif "flagged" in doc and not found:
            self._write(doc, lambda change: change.set(flagged=None))
        elif found and found != doc["flagged"]["differences"]:
            since = doc["flagged"]["since"]
            self._write(doc, lambda change: change.set(flagged={"since": since, "differences": found}))
        now.flagged += bool(found) and ("flagged" in doc or seen in self._suspected)

    def _write(self, doc: Document, set_flag: Callable[[Change], None]) -> None:
        """By compare-and-set; one that has moved on since it was read is left to the next pass."""

        def decide(changes: dict[str, Change]) -> None:
            change = changes[doc["_id"]]
            if change.base_version == doc["version"]:
                set_flag(change)

        self._store.run({doc["_id"]: ESCROW}, decide)

    def _end_pass(self) -> None:
        ended, self._pass = self._pass, Pass()
        self._suspected = ended.suspects
        self._currencies |= set(ended.sums)
        for currency in self._currencies:
            metrics.JOURNAL_SUM.labels(currency).set(ended.sums[currency])
        metrics.RECONCILIATION_DIFFERENCES.set(ended.flagged)
        self._turn = (self._turn + 1) % TURNS
        if self._turn == 0:
            self._all_since, self._cycle_began = self._cycle_began, self._store.clock.now()
        self._show_age()


def differences(doc: Mapping[str, Any], account: Balance | None) -> list[Difference]:
    """Where an escrow, its journal and the provider's account do not agree; an account never opened counts as empty."""
    found = _own(doc)
    for name in (*SUMS, "loss"):
        here, there = doc.get(name, 0), getattr(account, _THERE.get(name, name)) if account else 0
        if here != there:
            found.append({"what": name, "here": here, "there": there})
    if account and account.funded and account.currency != doc.get("currency"):
        found.append({"what": "currency"})
    return found


def _own(doc: Mapping[str, Any]) -> list[Difference]:
    """Where an escrow does not agree with its own journal."""
    return [] if _is_whole(doc) else [{"what": "journal"}]


def _is_whole(doc: Mapping[str, Any]) -> bool:
    """Whether the journal is as it was written and says the sums. What cannot even be read is not."""
    try:
        return balanced(doc) and not faults(doc.get("journal", []))
    except (KeyError, TypeError, ValueError):
        return False


def _journal_sum(doc: Mapping[str, Any]) -> int:
    try:
        return sum(balances(doc.get("journal", [])).values())
    except (KeyError, TypeError):
        return 0
