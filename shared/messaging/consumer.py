"""The consumer loop: poll, decode, fold into the documents, bury what is dead, commit. In that order, or not at all.

    step()   one batch; returns how many records it was
    ok       False once so many records died that consuming stopped

Transient errors (the database or the broker away): the same batch again, after a pause, as a member of the group;
nothing is skipped. Poison and what the rules reject: a dead letter, acknowledged before the offset is committed.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event as Flag

from pymongo.errors import PyMongoError

from shared.aggregate import Batch, Contended, Trigger, Verdict
from shared.events import Poison, decode
from shared.messaging.dead_letters import DeadLetter, DeadShare, TooManyDead, bury, stored_record
from shared.messaging.ports import Publisher, Rebalanced, Record, Source
from shared.telemetry import metrics, traces

log = logging.getLogger(__name__)
TRANSIENT = (PyMongoError, Contended)
_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class _Read:
    """A record and what it decoded to: a trigger, or why it is poison (a code and words). `began` is in ns."""

    record: Record
    trigger: Trigger | None = None
    poison: tuple[str, str] | None = None
    began: int = field(default_factory=time.time_ns)


class Consumer:
    """One service's consumer loop. `stop` is set by the process when it should end: a batch under way is then left
    uncommitted. `beat` is called while a batch is tried again and again: that is no loop that stands still.
    """

    def __init__(
        self,
        service: str,
        source: Source,
        batch: Batch,
        publisher: Publisher,
        stop: Flag,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.service = service
        self.redrive = f"{service}.redrive"
        self.source = source
        self.batch = batch
        self.publisher = publisher
        self.stop = stop
        self.beat = beat
        self.share = DeadShare()
        self.ok = True

    def step(self) -> int:
        try:
            if not self.ok:
                self.source.keep_alive()
                return 0
            records = self.source.poll()
            if records:
                self._take(records)
        except Rebalanced:
            log.info("partitions moved; what was under way is read again")
            return 0
        except TooManyDead as error:
            self.ok = False
            log.error("consuming stopped: %s; see `golem dlq list`, then restart this worker", error)
            return 0
        return len(records)

    def _take(self, records: Sequence[Record]) -> None:
        reads = [self.read(record) for record in records]
        letters = self._fold(reads)
        if letters is None or not self._bury(letters):
            return  # asked to stop: nothing is committed, all of it is read again
        self.source.commit(records)
        died = {letter.record for letter in letters}
        # What a person had sent again and died again says nothing of the topics.
        self.share.note([read.record in died for read in reads if read.record.topic != self.redrive])

    def read(self, record: Record) -> _Read:
        """Decode one record. Only the service's redrive topic may carry events of other types than its name says."""
        try:
            event = decode(record.key, record.value, record.headers)
        except Poison as poison:
            return _Read(record, poison=(poison.reason_code, poison.message))
        if record.topic not in (event.type, self.redrive):
            return _Read(record, poison=("wrong_topic", f"{event.type} does not belong into {record.topic}"))
        if event.type not in self.batch.routes:
            return _Read(record, poison=("not_read_here", f"{self.service} does not read {event.type}"))
        trigger = Trigger(
            name=event.type,
            id=event.id,
            kind="event",
            at=event.time,
            data=event.data,
            sequence=event.sequence,
            traceparent=event.traceparent,
            record=stored_record(record),
        )
        return _Read(record, trigger=trigger)

    def _fold(self, reads: Sequence[_Read]) -> list[DeadLetter] | None:
        """Fold the batch, again and again while the database is away; None if the process is to stop first."""
        triggers = [read.trigger for read in reads if read.trigger]
        attempt = 0
        while not self.stop.is_set():
            try:
                verdicts = self.batch.process(triggers)
            except TRANSIENT as error:
                log.warning("the batch could not be written; it is tried again", extra={"error": type(error).__name__})
                self._pause(attempt)
                attempt += 1
                continue
            return self._dead(reads, verdicts)
        return None

    def _dead(self, reads: Sequence[_Read], answers: Sequence[Verdict]) -> list[DeadLetter]:
        verdicts = iter(answers)
        letters = []
        for read in reads:
            if read.poison:
                metrics.RECORDS.labels(self.service, read.record.topic, "poison").inc()
                letters.append(DeadLetter(read.record, *read.poison))
                continue
            verdict = next(verdicts)
            metrics.RECORDS.labels(self.service, read.record.topic, verdict.outcome).inc()
            self._trace(read, verdict.outcome)
            if verdict.outcome == "rejected":
                letters.append(DeadLetter(read.record, verdict.reason, verdict.detail))
        for letter in letters:
            log.warning("dead letter", extra={"reason": letter.reason, "topic": letter.record.topic})
        return letters

    def _trace(self, read: _Read, outcome: str) -> None:
        """What came with a traceparent has a span: from when it was decoded until its document was written."""
        if read.trigger is None:
            return
        record = read.record
        attributes: traces.Attributes = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.destination.name": record.topic,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
            "messaging.consumer.group.name": self.service,
            "messaging.message.id": read.trigger.id,
            "golem.outcome": outcome,
        }
        failed = outcome == "rejected"
        traces.done(f"process {record.topic}", read.trigger.traceparent, read.began, "consumer", attributes, failed)

    def _bury(self, letters: Sequence[DeadLetter]) -> bool:
        attempt = 0
        while not bury(self.publisher, self.service, letters):
            if self.stop.is_set():
                return False
            self._pause(attempt)
            attempt += 1
        return True

    def _pause(self, attempt: int) -> None:
        self.beat()
        self.source.keep_alive()
        self.stop.wait(_PAUSES[min(attempt, len(_PAUSES) - 1)])
