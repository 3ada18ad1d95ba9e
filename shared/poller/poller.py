"""The poller: fires timers that are due and carries out open tasks, both found by `due_at`.

A timer fires by the same compare-and-set as everything else, so a deadline and an event that race have one winner.
Deadlines wait while `may_fire` says that events wait in Kafka; tasks and what is stored to be folded never wait for it.
A page's timers are folded together, and so are the outcomes of tasks (`shared/poller/in_hand.py`).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import PyMongoError

from shared.aggregate import Change, Contended, Document, Lifecycle, Store, once, tasks
from shared.aggregate.parking import LEFT_TIMER
from shared.aggregate.tasks import TASK_TIMER
from shared.messaging.dead_letters import bury, from_parked
from shared.messaging.ports import Publisher
from shared.poller.ahead import bring_back
from shared.poller.in_hand import CarryOut, InHand
from shared.poller.together import DueTimers, OnTimer, PlainTimers, fold_timers, ring
from shared.telemetry import metrics

log = logging.getLogger(__name__)
Page = Callable[[Sequence[Document]], Mapping[str, OnTimer]]
"""Of a page of a kind's due documents those, by their ids, whose timers change nothing but themselves, and how."""

Prepare = Callable[[Sequence[Document]], Sequence[Document]]
_NOT_DEADLINES = (TASK_TIMER, LEFT_TIMER)
_FIELDS = {"events": 0, "applied": 0}
_REST_AFTER_FAILURE = 30.0
_LOOK_AHEAD_EVERY = 60.0
_BURIED_S = 60.0
"""How long it is known what was buried; by then its document is written."""


class Poller:
    """One service's poller. `step()` handles up to `limit` due documents and returns how many it moved or set in
    motion. It is called by one thread. `beat` is called before what may take long, for it is done for many documents,
    one after the other.
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
        self.may_fire, self.timers, self.limit = may_fire, timers or {}, limit
        self.prepare, self.pages, self.beat = prepare, pages or {}, beat
        self.in_hand = InHand(service, store, lifecycles, carry_out, pool, limit, beat)
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
        page = self.limit + self._resting() + len(self.in_hand)
        due = self.store.collection.find(query, _FIELDS).sort("due_at", ASCENDING).limit(page)
        found = self._prepared(once(due))
        documents = [doc for doc in found if doc["_id"] not in self._failed_until]
        begun = sum(self.in_hand.begin(doc) for doc in documents)
        fired = self._fire_plain(documents) if fire else 0
        fired += self._fire(documents, now, fire)
        self.in_hand.fold_answers()
        return begun + fired

    def _prepared(self, documents: Sequence[Document]) -> Sequence[Document]:
        """The page, where `prepare` has seen together what is to be carried out now."""
        now, room = self.store.clock.now(), self.limit - len(self.in_hand)
        new = [d for d in documents if tasks.is_due(d, now) and d["instruction"]["id"] not in self.in_hand]
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
        if self.in_hand.carry_out is not None and self.store.clock.monotonic() >= self._look_ahead_at:
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
        routes: list[DueTimers] = []
        for doc in documents:
            if lifecycle := self.lifecycles.get(doc["kind"]):
                route = DueTimers(doc["_id"], lifecycle, now, deadlines, self._bury)
                if route.ready(Change(doc["_id"], lifecycle, doc, now)):
                    routes.append(route)
        moved = self._fold(routes)
        for timer in (name for route in routes for name in route.fired):
            metrics.TIMERS_FIRED.labels(self.service, timer).inc()
        return moved

    def _fold(self, routes: Sequence[DueTimers] | Sequence[PlainTimers]) -> int:
        """Fire them together; whose timer raises rests."""
        if not routes:
            return 0
        self.beat()
        moved = fold_timers(self.store, routes)
        for route in routes:
            if route.fault:
                self._rest(route.document_id, route.kind, route.fault)
        return moved

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
            self._buried |= dict.fromkeys(deaths, now + _BURIED_S)
        return buried

    def _fire_plain(self, documents: Sequence[Document]) -> int:
        """Documents without a lifecycle (a copy, an account): those that change by themselves together, each of the
        others by itself, for what its kind's function does with a timer may ask the database, and change other
        documents.
        """
        plain = [doc for doc in documents if doc["kind"] in self.timers and doc["kind"] not in self.lifecycles]
        together = self._together(plain)
        moved = self._fold(together)
        done = {route.document_id for route in together}
        for doc in (doc for doc in plain if doc["_id"] not in done):
            self.beat()
            try:
                moved += self._ring(doc, self.timers[doc["kind"]])
            except (PyMongoError, Contended):
                raise
            except Exception as error:
                self._rest(doc["_id"], doc["kind"], error)
        return moved

    def _together(self, plain: Sequence[Document]) -> list[PlainTimers]:
        """Those that their kind's page says change nothing but themselves."""
        routes: list[PlainTimers] = []
        for kind, page in self.pages.items():
            if not (documents := [doc for doc in plain if doc["kind"] == kind]):
                continue
            self.beat()
            try:
                routes += [PlainTimers(name, kind, act) for name, act in page(documents).items()]
            except (PyMongoError, Contended):
                raise
            except Exception:
                log.exception("a page could not be seen together; each of it fires by itself", extra={"kind": kind})
        return routes

    def _ring(self, doc: Document, on_timer: OnTimer) -> int:
        return self.store.run({doc["_id"]: doc["kind"]}, lambda changes: ring(changes[doc["_id"]], on_timer))
