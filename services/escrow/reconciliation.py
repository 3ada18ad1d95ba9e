"""Reconciliation: each escrow's sums against its own journal and the provider's memory, all the time.

A loop of the worker goes through all escrows by id, in batches. The escrow and the account are read one after the
other, so a difference counts only where nothing moves (no open instruction), the escrow is still as it was read, and
two passes find it. Then staff are shown it: the escrow gets `flagged` by compare-and-set, and loses it again when a
pass finds that the two agree. Every worker does this; it is cheap, and whoever comes second changes nothing.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any

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
_FIELDS = dict.fromkeys(("kind", "version", "currency", "instruction", "journal", "flagged", "loss", *SUMS), 1)
_THERE = {"released": "paid_out"}

Difference = dict[str, Any]
"""{what, here, there}: of which sum, and its two amounts in minor units; what `journal` has no amounts."""


@dataclass
class Pass:
    """One pass through all escrows: what it saw. `sums` are the journals' lines by currency: each is to be 0."""

    after: str = ""
    checked: int = 0
    flagged: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    suspects: set[tuple[str, int]] = field(default_factory=set)


class Reconciliation:
    """`run(stop)` is the loop; `step()` one batch of it, after which a pass may be over."""

    def __init__(self, store: Store, provider: Records, batch: int = BATCH) -> None:
        self._store, self._provider, self._batch = store, provider, batch
        self._pass = Pass()
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
                pause = BETWEEN_PASSES_S if self.step() else BETWEEN_BATCHES_S
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
        query = {"_id": {"$gt": self._pass.after}, "kind": KIND}
        # The embedded database reads every document unless a hint names the index that has the order.
        by_id = [("_id", ASCENDING)]
        found = list(self._store.collection.find(query, _FIELDS).sort(by_id).hint(by_id).limit(self._batch))
        accounts = every(self._provider.accounts, [doc["_id"] for doc in found])
        there = {account.offer_id: account.balance for account in accounts}
        self._reached()
        for doc in found:
            self._check(doc, there.get(doc["_id"]))
        if len(found) == self._batch:
            self._pass.after = found[-1]["_id"]
            return False
        self._end_pass()
        return True

    # -- inside

    def _reached(self) -> None:
        metrics.REACHED.labels(_SERVICE, "provider").set(self._store.clock.now().timestamp())

    def _check(self, doc: Document, account: Balance | None) -> None:
        now = self._pass
        now.checked += 1
        if "currency" in doc:
            now.sums[doc["currency"]] += _journal_sum(doc)
        if doc.get("instruction"):
            now.flagged += "flagged" in doc
            return
        found = differences(doc, account)
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


def differences(doc: Mapping[str, Any], account: Balance | None) -> list[Difference]:
    """Where an escrow, its journal and the provider's account do not agree; an account never opened counts as empty."""
    found: list[Difference] = [] if _is_whole(doc) else [{"what": "journal"}]
    for name in (*SUMS, "loss"):
        here, there = doc.get(name, 0), getattr(account, _THERE.get(name, name)) if account else 0
        if here != there:
            found.append({"what": name, "here": here, "there": there})
    if account and account.funded and account.currency != doc.get("currency"):
        found.append({"what": "currency"})
    return found


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
