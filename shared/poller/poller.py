"""The poller: fires timers that are due and carries out open tasks, both found by `due_at`.

A timer fires by the same compare-and-set as everything else, so a deadline and an event that race have one winner.
Deadlines wait while `may_fire` says that events wait in Kafka; tasks and what is stored to be folded never wait for it.
A task is carried out in a bounded pool, which touches no document; its outcome waits here, and all that wait are folded
together, like any other trigger. So are a page's timers. Outcomes that the database does not take wait on: what was
done outside is not done again because it could not be noted for a moment.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from shared.aggregate import Change, Contended, Document, Lifecycle, Store, Trigger, Unwritable, tasks
from shared.aggregate.parking import LEFT_TIMER
from shared.aggregate.tasks import TASK_TIMER
from shared.messaging.dead_letters import bury, from_parked
from shared.messaging.ports import Publisher
from shared.poller.ahead import bring_back
from shared.poller.together import DueTimers, OnTimer, PlainTimers, TaskOutcome, fold_together, ring
from shared.telemetry import metrics, outages

log = logging.getLogger(__name__)
CarryOut = Callable[[Document], Trigger | None]
Page = Callable[[Sequence[Document]], Mapping[str, OnTimer]]
"""Of a page of a kind's due documents those, by their ids, whose timers change nothing but themselves, and how."""

Prepare = Callable[[Sequence[Document]], Sequence[Document]]
_NOT_DEADLINES = (TASK_TIMER, LEFT_TIMER)
_FIELDS = {"events": 0, "applied": 0}
_REST_AFTER_FAILURE = 30.0
_LOOK_AHEAD_EVERY = 60.0
_AGAIN_AFTER = 0.5
_KEPT_S = 60.0
"""How long an outcome waits to be stored; then it is asked for again."""


@dataclass(frozen=True)
class _Answer:
    """What came of one document's task, kept until then (monotonic)."""

    doc: Document
    outcome: Trigger
    until: float


class Poller:
    """One service's poller. `step()` handles up to `limit` due documents and returns how many it moved or set in
    motion. It and `fold_answers` are called by one thread; `on_answer` is called by the pool's. `beat` is called before
    what may take long, for it is done for many documents, one after the other.
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
        pages: Mapping[str, Page] | None = None,
        pool: ThreadPoolExecutor | None = None,
        limit: int = 200,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.service, self.store, self.lifecycles, self.publisher = service, store, lifecycles, publisher
        self.may_fire, self.carry_out, self.timers, self.limit = may_fire, carry_out, timers or {}, limit
        self.prepare, self.pages, self.pool, self.beat = prepare, pages or {}, pool, beat
        self.on_answer: Callable[[], object] = lambda: None
        self._in_hand: set[str] = set()
        self._answers, self._kept = deque[_Answer](), deque[_Answer]()
        self._again_at = 0.0
        self._buried: dict[tuple[str, str, datetime], float] = {}
        self._failed_until: dict[str, float] = {}
        self._look_ahead_at = 0.0

    def step(self) -> int:
        self._look_ahead()
        now = self.store.clock.now()
        fire = self.may_fire()
        # What no one here knows (a later version's, after the way back) would fill the page for ever.
        query: dict[str, Any] = {"due_at": {"$lte": now}, "kind": {"$in": sorted({*self.lifecycles, *self.timers})}}
        if not fire:
            query["$or"] = [{f"timers.{name}": {"$lte": now}} for name in _NOT_DEADLINES]
        # What rests or is in hand already is found again, and must not fill the page.
        page = self.limit + self._resting() + len(self._in_hand)
        due = self.store.collection.find(query, _FIELDS).sort("due_at", ASCENDING).limit(page)
        found = self._prepared(list(due))
        documents = [doc for doc in found if doc["_id"] not in self._failed_until]
        begun = sum(self._begin(doc) for doc in documents)
        fired = self._fire_plain(documents) if fire else 0
        fired += self._fire(documents, now, fire)
        self.fold_answers()
        return begun + fired

    def _prepared(self, documents: Sequence[Document]) -> Sequence[Document]:
        """The page, where `prepare` has seen together what is to be carried out now."""
        now, room = self.store.clock.now(), self.limit - len(self._in_hand)
        new = [d for d in documents if tasks.is_due(d, now) and d["instruction"]["id"] not in self._in_hand]
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
            bring_back(self.store, self.lifecycles, self.beat)
            self._look_ahead_at = self.store.clock.monotonic() + _LOOK_AHEAD_EVERY

    def _resting(self) -> int:
        """How many documents rest after a failure; those that have rested are forgotten."""
        now = self.store.clock.monotonic()
        self._failed_until = {name: until for name, until in self._failed_until.items() if until > now}
        return len(self._failed_until)

    def _rest(self, document_id: str, kind: str, fault: Exception) -> None:
        """A timer's failure is its document's own: the others go on, and this one rests for a while."""
        log.error("a timer failed; it is tried again later", extra={"id": document_id, "kind": kind}, exc_info=fault)
        self._failed_until[document_id] = self.store.clock.monotonic() + _REST_AFTER_FAILURE

    # -- timers

    def _fire(self, documents: Sequence[Document], now: datetime, deadlines: bool) -> int:
        """Fire the timers that lifecycles decide, those of the whole page together."""
        routes: dict[str, DueTimers] = {}
        for doc in documents:
            if lifecycle := self.lifecycles.get(doc["kind"]):
                route = DueTimers(doc["_id"], lifecycle, now, deadlines, self._bury)
                if route.ready(Change(doc["_id"], lifecycle, doc, now)):
                    routes[doc["_id"]] = route
        for (document_id, route), verdict in zip(routes.items(), fold_together(self.store, routes), strict=True):
            for timer in route.fired:
                metrics.TIMERS_FIRED.labels(self.service, timer).inc()
            if fault := route.fault or (Unwritable(verdict.detail) if verdict.outcome == "rejected" else None):
                self._rest(document_id, route.lifecycle.name, fault)
        return sum(route.moved for route in routes.values())

    def _bury(self, change: Change, dead: Sequence[Mapping[str, Any]]) -> bool:
        """Send what died while it was parked, before it leaves the document: never lost, and again only by a process
        that does not know of it, however often the document's write fails. What is sent again later, and parked and
        dies once more, is another letter.
        """
        now = self.store.clock.monotonic()
        self._buried = {each: until for each, until in self._buried.items() if until > now}
        deaths = {(change.id, parked["id"], parked["parked_at"]): parked for parked in dead}
        new = [parked for death, parked in deaths.items() if death not in self._buried]
        if new:
            self.beat()
        for parked in new:
            log.warning("dead letter", extra={"reason": parked["reason"], "topic": parked["name"], "id": change.id})
        buried = bury(self.publisher, self.service, [letter for parked in new if (letter := from_parked(parked))])
        if buried:
            self._buried |= dict.fromkeys(deaths, now + _KEPT_S)
        return buried

    def _fire_plain(self, documents: Sequence[Document]) -> int:
        """Documents without a lifecycle (a copy, an account): those that change by themselves together, each of the
        others by itself, for what its kind's function does with a timer may ask the database, and change other
        documents.
        """
        plain = [doc for doc in documents if doc["kind"] in self.timers and doc["kind"] not in self.lifecycles]
        moved = self._ring_together(together := self._together(plain))
        for doc in plain:
            if doc["_id"] in together:
                continue
            self.beat()
            try:
                moved += self._ring(doc, self.timers[doc["kind"]])
            except (PyMongoError, Contended):
                raise
            except Exception as error:
                self._rest(doc["_id"], doc["kind"], error)
        return moved

    def _together(self, plain: Sequence[Document]) -> dict[str, PlainTimers]:
        """Those that their kind's page says change nothing but themselves."""
        routes: dict[str, PlainTimers] = {}
        for kind, page in self.pages.items():
            if not (documents := [doc for doc in plain if doc["kind"] == kind]):
                continue
            self.beat()
            try:
                routes |= {name: PlainTimers(name, kind, act) for name, act in page(documents).items()}
            except (PyMongoError, Contended):
                raise
            except Exception:
                log.exception("a page could not be seen together; each of it fires by itself", extra={"kind": kind})
        return routes

    def _ring_together(self, routes: Mapping[str, PlainTimers]) -> int:
        if not routes:
            return 0
        self.beat()
        for (document_id, route), verdict in zip(routes.items(), fold_together(self.store, routes), strict=True):
            if fault := route.fault or (Unwritable(verdict.detail) if verdict.outcome == "rejected" else None):
                self._rest(document_id, route.kind, fault)
        return sum(route.moved for route in routes.values())

    def _ring(self, doc: Document, on_timer: OnTimer) -> int:
        return self.store.run({doc["_id"]: doc["kind"]}, lambda changes: ring(changes[doc["_id"]], on_timer))

    # -- tasks

    def _begin(self, doc: Document) -> int:
        """Hand a document's open task to the pool, where it is due and not in hand already."""
        if self.carry_out is None or doc["kind"] not in self.lifecycles:
            return 0
        if not tasks.is_due(doc, self.store.clock.now()) or len(self._in_hand) >= self.limit:
            return 0
        if (task_id := doc["instruction"]["id"]) in self._in_hand:
            return 0
        self._in_hand.add(task_id)
        if self.pool is None:
            self.carry(doc)
        else:
            self.pool.submit(self.carry, doc).add_done_callback(_log_failure)
        return 1

    def carry(self, doc: Document) -> None:
        """Carry out one document's task; its outcome waits for `fold_answers`."""
        outcome = self._outcome(doc)
        metrics.INSTRUCTIONS.labels(self.service, doc["instruction"]["kind"], outcome.name.split(".")[-1]).inc()
        self._answers.append(_Answer(doc, outcome, self.store.clock.monotonic() + _KEPT_S))
        self.on_answer()

    def fold_answers(self, at_once: bool = False) -> None:
        """Fold the outcomes that have come; one that closes nothing counts as unknown. Those that could not be stored
        are tried again after a while or `at_once`, one by one, each time another first: what the database never takes
        holds up none.
        """
        new = [self._answers.popleft() for _ in range(len(self._answers))]
        if new and not self._fold_or_keep(new):
            return
        if self._kept and (at_once or self.store.clock.monotonic() >= self._again_at):
            for _ in range(len(self._kept)):
                self.beat()
                if not self._fold_or_keep([self._kept.popleft()]):
                    break

    def noted(self) -> bool:
        """Whether nothing waits to be stored."""
        return not self._answers and not self._kept

    def _fold_or_keep(self, answers: Sequence[_Answer]) -> bool:
        kept: list[_Answer] = []
        try:
            now = self.store.clock.now()
            in_vain = self._take([(answer.doc, answer.outcome) for answer in answers])
            self._take([(doc, tasks.unknown_outcome(doc, now)) for doc in in_vain])
        except (PyMongoError, Contended) as error:
            outages.tries_again("outcomes", error)
            now_s = self.store.clock.monotonic()
            kept, self._again_at = [answer for answer in answers if answer.until > now_s], now_s + _AGAIN_AFTER
            self._kept.extend(kept)
            return False
        else:
            outages.back(outages.MONGODB, "outcomes")
            return True
        finally:
            done = {answer.doc["instruction"]["id"] for answer in answers}
            self._in_hand -= done - {answer.doc["instruction"]["id"] for answer in kept}

    def _take(self, answers: Sequence[tuple[Document, Trigger]]) -> list[Document]:
        """Fold outcomes together; the documents in which theirs closed nothing."""
        routes = {
            doc["instruction"]["id"]: TaskOutcome(doc["_id"], self.lifecycles[doc["kind"]], outcome)
            for doc, outcome in answers
        }
        in_vain: set[str] = set()
        for (task_id, route), verdict in zip(routes.items(), fold_together(self.store, routes), strict=True):
            if verdict.outcome in ("rejected", "duplicate"):
                in_vain.add(task_id)
            if verdict.outcome == "rejected":
                about = {"id": route.document_id, "instruction_id": task_id}
                log.error("an outcome was rejected: %s", verdict.detail, extra=about)
        return [doc for doc, _ in answers if doc["instruction"]["id"] in in_vain]

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
