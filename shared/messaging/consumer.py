"""The consumer loop: poll, decode, fold into the documents, bury what is dead, commit. In that order, or not at all.

    step()   one batch; returns how many records it was
    ok       whether all of its topics are read
    paused   the topics of which so many records died that nothing more of them is read until a restart

Transient errors (the database or the broker away): the same batch again, after a pause, as a member of the group;
nothing is skipped. Poison and what the rules reject: a dead letter, acknowledged before the offset is committed.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event as Flag

from kafka.errors import KafkaError
from pymongo.errors import PyMongoError

from shared.aggregate import Batch, Contended, Trigger, Verdict
from shared.events import Poison, Reason, check_source, decode
from shared.messaging.dead_letters import DeadLetter, DeadShare, TooManyDead, bury, stored_record
from shared.messaging.ports import Publisher, Rebalanced, Record, Source
from shared.messaging.redriven import NO_LETTER, Letters, NoLetters, is_pointer, origin_of, place_of, why_not
from shared.telemetry import metrics, outages, traces

log = logging.getLogger(__name__)
TRANSIENT = (PyMongoError, Contended)
_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class _Read:
    """A record and what it decoded to: a trigger, or why it is poison (a code and words). `began` is in ns; `origin` is
    the topic that a redriven record first came from; `late`: it was read in its topic because a redriven one names it.
    """

    record: Record
    trigger: Trigger | None = None
    poison: tuple[str, str] | None = None
    origin: str = ""
    late: bool = False
    began: int = field(default_factory=time.time_ns)


class Consumer:
    """One service's consumer loop. `stop` is set by the process when it should end: a batch under way is then left
    uncommitted. `beat` is called while a batch is tried again and again: that is no loop that stands still. `took` is
    told of each event how many seconds ago it happened.
    """

    def __init__(
        self,
        service: str,
        source: Source,
        batch: Batch,
        publisher: Publisher,
        stop: Flag,
        beat: Callable[[], None] = lambda: None,
        letters: Letters | None = None,
        took: Callable[[float], None] = lambda age: None,
    ) -> None:
        self.service = service
        self.redrive = f"{service}.redrive"
        self.source = source
        self.batch = batch
        self.publisher = publisher
        self.stop = stop
        self.beat = beat
        self.letters = letters or NoLetters()
        self.took = took
        self.ok = True
        self.paused: set[str] = set()
        self._shares: dict[str, DeadShare] = {}

    def step(self) -> int:
        try:
            records = self.source.poll()
            if records:
                self._take(records)
        except Rebalanced:
            log.info("partitions moved; what was under way is read again")
            return 0
        return len(records)

    def _take(self, records: Sequence[Record]) -> None:
        letters = self._letters_of(records)
        if letters is None:
            return
        reads = [self.read(record, letters.get(record)) for record in records]
        dead = self._fold(reads)
        if dead is None or not self._bury(dead):
            return  # asked to stop: nothing is committed, all of it is read again
        self.source.commit(records)
        self._note(reads, {letter.record for letter in dead})

    def _note(self, reads: Sequence[_Read], died: set[Record]) -> None:
        """A topic of which too many died is paused, that one alone: the others are read on. What a person had sent
        again and died again says nothing of the topics.
        """
        for read in reads:
            topic = read.record.topic
            if topic == self.redrive or read.late or topic in self.paused:
                continue
            try:
                self._shares.setdefault(topic, DeadShare()).note([read.record in died])
            except TooManyDead as error:
                self.paused.add(topic)
                self.ok = False
                metrics.TOPIC_PAUSED.labels(self.service, topic).set(1)
                log.error("%s is paused: %s; see `golem dlq list`, then restart this worker", topic, error)
                self.source.pause(topic)

    def _letters_of(self, records: Sequence[Record]) -> dict[Record, Record] | None:
        """The letter of each redriven record that has one, or the event that it names; None if the process is to stop
        first.
        """
        again = [record for record in records if record.topic == self.redrive]
        types = self.batch.routes
        places = {record: place for record in again if (place := place_of(record, self.service, types))}
        attempt = 0
        while not self.stop.is_set():
            try:
                found = self.letters.find(places.values())
            except KafkaError as error:
                outages.away(outages.KAFKA, "letters", error)
                self._pause(attempt)
                attempt += 1
                continue
            outages.back(outages.KAFKA, "letters")
            return {record: found[place] for record, place in places.items() if place in found}
        return None

    def read(self, record: Record, letter: Record | None = None) -> _Read:
        """Decode one record. The service's redrive topic may carry events of all types, each with its `letter`, or
        with the place of an event: that is read instead.
        """
        late = record.topic == self.redrive and letter is not None and is_pointer(record)
        if late and letter is not None:
            record = letter
        origin = record.topic
        if record.topic == self.redrive:
            origin = origin_of(letter) if letter else ""
            if why := why_not(record, letter):
                return _Read(record, poison=(NO_LETTER, why), origin=origin)
        poison, trigger = None, None
        try:
            trigger = self._decode(record, origin, late)
        except Poison as error:
            poison = (str(error.reason_code), error.message)
        return _Read(record, trigger, poison, origin if record.topic == self.redrive else "", late)

    def _decode(self, record: Record, origin: str, late: bool) -> Trigger:
        """Raises Poison."""
        if record.unreadable:
            raise Poison(Reason.UNREADABLE, record.unreadable)
        event = decode(record.key, record.value, record.headers)
        if origin not in (event.type, self.redrive):  # letters of earlier versions do not say where it first was
            raise Poison(Reason.WRONG_TOPIC, f"{event.type} does not belong into {origin}")
        check_source(event)
        if event.type not in self.batch.routes:
            raise Poison(Reason.NOT_READ_HERE, f"{self.service} does not read {event.type}")
        return Trigger(
            name=event.type,
            id=event.id,
            kind="event",
            at=event.time,
            data=event.data,
            sequence=event.sequence,
            traceparent=event.traceparent,
            record=stored_record(record, origin if record.topic == self.redrive else ""),
            late=late,
        )

    def _fold(self, reads: Sequence[_Read]) -> list[DeadLetter] | None:
        """Fold the batch, again and again while the database is away; None if the process is to stop first."""
        triggers = [read.trigger for read in reads if read.trigger]
        attempt = 0
        while not self.stop.is_set():
            try:
                verdicts = self.batch.process(triggers)
            except TRANSIENT as error:
                outages.tries_again("consumer", error)
                self._pause(attempt)
                attempt += 1
                continue
            outages.back(outages.MONGODB, "consumer")
            return self._dead(reads, verdicts)
        return None

    def _dead(self, reads: Sequence[_Read], answers: Sequence[Verdict]) -> list[DeadLetter]:
        verdicts = iter(answers)
        letters = []
        for read in reads:
            if read.poison:
                metrics.RECORDS.labels(self.service, read.record.topic, "poison").inc()
                letters.append(DeadLetter(read.record, *read.poison, read.origin))
                _log_dead(read, read.poison[0])
                continue
            verdict = next(verdicts)
            metrics.RECORDS.labels(self.service, read.record.topic, verdict.outcome).inc()
            self._measure(read, verdict.outcome)
            self._trace(read, verdict.outcome)
            if verdict.outcome == "rejected":
                letters.append(DeadLetter(read.record, verdict.reason, verdict.detail, read.origin))
                _log_dead(read, verdict.reason)
        return letters

    def _measure(self, read: _Read, outcome: str) -> None:
        """How old the event was when it was taken. What is sent again was late for other reasons."""
        if read.trigger is None or read.late or read.record.topic == self.redrive:
            return
        age = max(0.0, (self.batch.store.clock.now() - read.trigger.at).total_seconds())
        self.took(age)
        if outcome == "taken":
            metrics.EVENT_AGE_SECONDS.labels(self.service).observe(age)

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


def _log_dead(read: _Read, reason: str) -> None:
    record, trigger = read.record, read.trigger
    where = {"topic": record.topic, "partition": record.partition, "offset": record.offset, "reason": reason}
    ids = {"trigger_id": trigger.id, "offer_id": trigger.data.get("offer_id")} if trigger else {}
    log.warning("dead letter", extra=where | {name: value for name, value in ids.items() if value})
