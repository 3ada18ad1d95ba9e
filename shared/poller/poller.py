"""The poller: fires timers that are due and carries out open tasks, both found by `due_at`.

A timer fires by the same compare-and-set as everything else, so a deadline and an event that race have one winner.
Deadlines wait while `may_fire` says that events wait in Kafka; tasks and what is stored to be folded never wait for it.
A task is carried out in a bounded pool; its outcome is folded into the document like any other trigger.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

from pymongo.errors import PyMongoError

from shared.aggregate import Change, Contended, Document, Lifecycle, Store, Trigger, Verdict, tasks
from shared.aggregate.lifecycle import due
from shared.aggregate.parking import LEFT_TIMER
from shared.aggregate.tasks import TASK_TIMER
from shared.aggregate.verdict import DUPLICATE
from shared.messaging.dead_letters import bury, from_parked
from shared.messaging.ports import Publisher
from shared.poller.ahead import bring_back
from shared.telemetry import metrics

log = logging.getLogger(__name__)
CarryOut = Callable[[Document], Trigger | None]
OnTimer = Callable[[Change, str], None]
Prepare = Callable[[Sequence[Document]], Sequence[Document]]
_NOT_DEADLINES = (TASK_TIMER, LEFT_TIMER)
_FIELDS = {"events": 0, "applied": 0}
_REST_AFTER_FAILURE = 30.0
_LOOK_AHEAD_EVERY = 60.0


class Poller:
    """One service's poller. `step()` handles up to `limit` due documents and returns how many it moved or set in
    motion.
    """

    def __init__(
        self,
        service: str,
        store: Store,
        lifecycles: Mapping[str, Lifecycle],
        publisher: Publisher,
        *,
        may_fire: Callable[[], bool],
        carry_out: CarryOut | None = None,
        prepare: Prepare | None = None,
        timers: Mapping[str, OnTimer] | None = None,
        pool: ThreadPoolExecutor | None = None,
        limit: int = 200,
    ) -> None:
        self.service, self.store, self.lifecycles, self.publisher = service, store, lifecycles, publisher
        self.may_fire, self.carry_out, self.timers, self.limit = may_fire, carry_out, timers or {}, limit
        self.prepare, self.pool = prepare, pool
        self._in_hand: set[str] = set()
        self._failed_until: dict[str, float] = {}
        self._lock = Lock()
        self._look_ahead_at = 0.0

    def step(self) -> int:
        self._look_ahead()
        now = self.store.clock.now()
        fire = self.may_fire()
        query: dict[str, Any] = {"due_at": {"$lte": now}}
        if not fire:
            query["$or"] = [{f"timers.{name}": {"$lte": now}} for name in _NOT_DEADLINES]
        with self._lock:
            in_hand = frozenset(self._in_hand)  # before the read: an outcome that comes after it is not in what is read
        # What rests or is in hand already is found again, and must not fill the page.
        page = self.limit + self._resting() + len(in_hand)
        documents = list(self.store.collection.find(query, _FIELDS).limit(page))
        return sum(self._handle(doc, fire, in_hand) for doc in self._prepared(documents, in_hand))

    def _prepared(self, documents: Sequence[Document], in_hand: frozenset[str]) -> Sequence[Document]:
        """The page, where `prepare` has seen together what is to be carried out now."""
        now, room = self.store.clock.now(), self.limit - len(in_hand)
        new = [d for d in documents if tasks.is_due(d, now) and d["instruction"]["id"] not in in_hand]
        new = [doc for doc in new if doc["_id"] not in self._failed_until][: max(room, 0)]
        if self.prepare is None or not new:
            return documents
        try:
            prepared = {doc["_id"]: doc for doc in self.prepare(new)}
        except (PyMongoError, Contended):
            raise
        except Exception:
            log.exception("a page could not be prepared; each of it is carried out by itself")
            return documents
        return [prepared.get(doc["_id"], doc) for doc in documents]

    def _look_ahead(self) -> None:
        """Once a minute: what was put off by a wrong clock is due now."""
        if self.carry_out is not None and self.store.clock.monotonic() >= self._look_ahead_at:
            bring_back(self.store, self.lifecycles)
            self._look_ahead_at = self.store.clock.monotonic() + _LOOK_AHEAD_EVERY

    def _resting(self) -> int:
        """How many documents rest after a failure; those that have rested are forgotten."""
        now = self.store.clock.monotonic()
        self._failed_until = {name: until for name, until in self._failed_until.items() if until > now}
        return len(self._failed_until)

    def _handle(self, doc: Document, deadlines: bool, in_hand: frozenset[str]) -> int:
        """One due document. What it raises is its own: the others go on, and this one rests for a while."""
        if doc["_id"] in self._failed_until:
            return 0
        try:
            begun = self._begin(doc, in_hand) if tasks.is_due(doc, self.store.clock.now()) else 0
            moved = begun + self._fire(doc, deadlines)
        except (PyMongoError, Contended):
            raise
        except Exception:
            log.exception("a timer failed; it is tried again later", extra={"id": doc["_id"], "kind": doc["kind"]})
            self._failed_until[doc["_id"]] = self.store.clock.monotonic() + _REST_AFTER_FAILURE
            return 0
        return moved

    # -- timers

    def _fire(self, doc: Document, deadlines: bool) -> int:
        lifecycle = self.lifecycles.get(doc["kind"])
        if lifecycle is None:
            return self._fire_plain(doc) if deadlines else 0
        change = Change(doc["_id"], lifecycle, doc, self.store.clock.now())
        ready = [t for t in due(change, lifecycle, change.now) if deadlines or t.name == f"timer:{LEFT_TIMER}"]
        return sum(self._fold(doc, lifecycle, trigger) for trigger in ready)

    def _fold(self, doc: Document, lifecycle: Lifecycle, trigger: Trigger) -> int:
        def decide(changes: dict[str, Change]) -> Verdict:
            change = changes[doc["_id"]]
            saved = change.save()
            verdict = lifecycle.fold(change, trigger)
            if not self._bury(change):
                change.restore(saved)
                return DUPLICATE
            return verdict

        verdict = self.store.run({doc["_id"]: lifecycle}, decide)
        if verdict.outcome == "taken":
            metrics.TIMERS_FIRED.labels(self.service, trigger.name.removeprefix("timer:")).inc()
        return int(verdict.outcome in ("taken", "ignored"))

    def _bury(self, change: Change) -> bool:
        """Send what died while it was parked, before it leaves the document: twice at the worst, never lost."""
        for parked in change.dead:
            log.warning("dead letter", extra={"reason": parked["reason"], "topic": parked["name"], "id": change.id})
        return bury(self.publisher, self.service, [letter for parked in change.dead if (letter := from_parked(parked))])

    def _fire_plain(self, doc: Document) -> int:
        """A document without a lifecycle (a copy, an account): its kind's function is called with the timer that is
        due.
        """
        on_timer = self.timers.get(doc["kind"])
        if on_timer is None:
            return 0

        def decide(changes: dict[str, Change]) -> int:
            change = changes[doc["_id"]]
            ready = [name for name, at in sorted(change.timers.items(), key=lambda t: t[1]) if at <= change.now]
            for name in ready:
                change.schedule(name, None)
                on_timer(change, name)
            return len(ready)

        return self.store.run({doc["_id"]: doc["kind"]}, decide)

    # -- tasks

    def _begin(self, doc: Document, in_hand: frozenset[str]) -> int:
        """Hand the open task to the pool, unless this process has it in hand already."""
        task_id = doc["instruction"]["id"]
        with self._lock:
            if self.carry_out is None or task_id in in_hand or len(self._in_hand) >= self.limit:
                return 0
            self._in_hand.add(task_id)
        if self.pool is None:
            self.carry(doc)
        else:
            self.pool.submit(self.carry, doc).add_done_callback(_log_failure)
        return 1

    def carry(self, doc: Document) -> None:
        """Carry out one document's task and fold its outcome; one that closes nothing counts as unknown."""
        task = doc["instruction"]
        try:
            outcome = self._outcome(doc)
            metrics.INSTRUCTIONS.labels(self.service, task["kind"], outcome.name.split(".")[-1]).inc()
            if not self._take_outcome(doc, outcome):
                self._take_outcome(doc, tasks.unknown_outcome(doc, self.store.clock.now()))
        except (PyMongoError, Contended) as error:
            log.warning("an outcome could not be stored; it is asked for again", extra={"error": type(error).__name__})
        finally:
            with self._lock:
                self._in_hand.discard(task["id"])

    def _take_outcome(self, doc: Document, outcome: Trigger) -> bool:
        lifecycle = self.lifecycles[doc["kind"]]
        about = {"id": doc["_id"], "instruction_id": doc["instruction"]["id"]}
        try:
            verdict = self.store.run(
                {doc["_id"]: lifecycle}, lambda changes: lifecycle.fold(changes[doc["_id"]], outcome)
            )
        except (PyMongoError, Contended):
            raise
        except Exception:
            log.exception("an outcome could not be folded", extra=about)
            return False
        if verdict.outcome == "rejected":
            log.error("an outcome was rejected: %s", verdict.detail, extra=about)
        return verdict.outcome not in ("rejected", "duplicate")

    def _outcome(self, doc: Document) -> Trigger:
        about = {"instruction_id": doc["instruction"]["id"]}
        try:
            outcome = self.carry_out(doc) if self.carry_out else None
        except Exception:
            log.exception("a task failed; its outcome is unknown", extra=about)
            outcome = None
        return outcome or tasks.unknown_outcome(doc, self.store.clock.now())


def _log_failure(future: "Future[None]") -> None:
    if not future.cancelled() and (error := future.exception()):
        log.error("carrying out a task failed", exc_info=error)
