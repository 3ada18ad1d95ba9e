"""The tasks that are being carried out, and what came of them.

A task is carried out in a bounded pool, which touches no document; its outcome waits here, and all that wait are folded
together, like any other trigger. Outcomes that the database does not take wait on: what was done outside is not done
again because it could not be noted for a moment.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from pymongo.errors import PyMongoError

from shared.aggregate import Contended, Document, Lifecycle, Store, Trigger, tasks
from shared.poller.together import TaskOutcome, fold_together
from shared.telemetry import metrics, outages

log = logging.getLogger(__name__)
CarryOut = Callable[[Document], Trigger | None]
_AGAIN_AFTER = 0.5
_KEPT_S = 60.0
"""How long an outcome waits to be stored; then it is asked for again."""


@dataclass(frozen=True)
class _Answer:
    """What came of one document's task, kept until then (monotonic)."""

    doc: Document
    outcome: Trigger
    until: float


class InHand:
    """One service's tasks that are under way, at most `limit`. `begin` and `fold_answers` are called by one thread;
    `on_answer` is called by the pool's. `beat` is called before each outcome that is stored by itself.
    """

    def __init__(
        self,
        service: str,
        store: Store,
        lifecycles: Mapping[str, Lifecycle],
        carry_out: CarryOut | None,
        pool: ThreadPoolExecutor | None,
        limit: int,
        beat: Callable[[], None],
    ) -> None:
        self.service, self.store, self.lifecycles, self.carry_out = service, store, lifecycles, carry_out
        self.pool, self.limit, self.beat = pool, limit, beat
        self.on_answer: Callable[[], object] = lambda: None
        self._begun: set[str] = set()
        self._answers, self._kept = deque[_Answer](), deque[_Answer]()
        self._again_at = 0.0

    def __len__(self) -> int:
        return len(self._begun)

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._begun

    def begin(self, doc: Document) -> int:
        """Hand a document's open task to the pool, where it is due and not in hand already."""
        if self.carry_out is None or doc["kind"] not in self.lifecycles:
            return 0
        if not tasks.is_due(doc, self.store.clock.now()) or len(self._begun) >= self.limit:
            return 0
        if (task_id := doc["instruction"]["id"]) in self._begun:
            return 0
        self._begun.add(task_id)
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
            self._begun -= done - {answer.doc["instruction"]["id"] for answer in kept}

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
