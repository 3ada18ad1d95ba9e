"""Reads records: a member of a consumer group whose offsets are committed by hand.

A join must not be cut short by a brief poll, so until partitions are assigned it polls long, and a client that knows of
none after eight seconds is thrown away and made anew. After that it waits for records in its polls, where the broker
holds a fetch back until there are some (Apache Kafka: for half a second); one that answers at once would be asked
without end, so it is asked in brief polls.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import (
    AuthorizationError,
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from shared.clock import Clock
from shared.messaging.kafka.connection import connection
from shared.messaging.kafka.holding import is_held, metrics_of
from shared.messaging.kafka.lenient import Unreadable, lenient
from shared.messaging.kafka.opening import closing_quietly, opened, shut
from shared.messaging.kafka.positions import Positions
from shared.messaging.ports import DataLost, Place, Rebalanced, Record
from shared.settings import Kafka
from shared.telemetry import outages

log = logging.getLogger(__name__)
_LOST_MEMBERSHIP = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)
_JOIN_WITHIN = 8.0
_LONG_POLL_MS = 3000
_METADATA_WITHIN = 0.3
_SHORT_POLL_MS, _WAITING_POLL_MS = 2, 150
_SWEEP_EVERY = 1.0


class _Moves(ConsumerRebalanceListener):  # type: ignore[misc]
    """One client's partitions: whether some were taken away since `moved` was last cleared, and whether it has its
    assignment, which may be an empty one. (`assignment()` still names the old partitions while a join is under way.)
    """

    def __init__(self) -> None:
        self.moved = False
        self.assigned = False
        self.places: frozenset[Place] = frozenset()

    def on_partitions_revoked(self, revoked: Any) -> None:
        self.moved = self.moved or bool(revoked)
        self.assigned = False

    def on_partitions_assigned(self, assigned: Any) -> None:
        self.places = frozenset((place.topic, place.partition) for place in assigned)
        self.assigned = True


class KafkaSource:
    """A member of the service's consumer group, range assignor, offsets committed by hand, no reset policy."""

    def __init__(self, settings: Kafka, service: str, topics: Sequence[str], clock: Clock) -> None:
        self._settings, self._service, self._topics, self._clock = settings, service, list(topics), clock
        self._consumer: KafkaConsumer | None = None
        self._moves = _Moves()
        self._positions = Positions()
        self._joining_since = self._swept_at = 0.0
        self._held = False
        self.joined = self.waited = False

    @property
    def assigned(self) -> frozenset[Place] | None:
        moves = self._moves
        return moves.places if moves.assigned else None

    def poll(self) -> list[Record]:
        """As the port says; without a broker it returns nothing and tries again at the next call.

        Raises FencedInstanceIdError and AuthorizationError too: with those this process cannot go on.
        """
        self.waited = False
        consumer = self._ready()
        if consumer is None:
            return []
        self._hold_back(consumer)
        polled = self._poll(consumer)
        if polled is None:
            return []
        if self._moves.moved:
            self._moves.moved = False
            self._positions.forget()
        for place in [place for place in polled if place.topic in self._positions.paused]:
            consumer.seek(place, polled.pop(place)[0].offset)  # it came just now, and was not held back yet
        records = [record_of(r) for found in polled.values() for r in found]
        self._positions.gave(records)
        self._take_note(consumer, polled)
        self._watch()
        self._flush(consumer)
        return records

    def _poll(self, consumer: KafkaConsumer) -> dict[TopicPartition, list[Any]] | None:
        """What the client gives, or None where it could not read now."""
        began = self._clock.monotonic()
        try:
            found = dict(consumer.poll(timeout_ms=self._patience(consumer)))
            self.waited = self._held and self._clock.monotonic() - began >= _WAITING_POLL_MS / 2000
            return found
        except NoOffsetForPartitionError as error:
            consumer.seek_to_beginning(*error.args[0])
            return None
        except OffsetOutOfRangeError as error:
            places = sorted(str(p) for p in error.args[0])
            advice = "records are lost: empty the broker, then `golem replay` (docs/operations.md)"
            raise DataLost(f"offsets out of range on {places}; {advice}") from error
        except (FencedInstanceIdError, AuthorizationError):
            raise
        except KafkaError as error:
            outages.away(outages.KAFKA, "consumer", error)
            self._watch()
        except Exception:  # whatever the client cannot take of an answer: it may never return from the next poll
            log.exception("polling failed; the consumer is made anew")
            self._renew()
        return None

    def commit(self, records: Sequence[Record]) -> None:
        self._positions.done(records)
        if self._consumer is not None:
            self._flush(self._consumer)

    def pause(self, topic: str) -> None:
        self._positions.paused.add(topic)
        if self._consumer is not None:
            self._hold_back(self._consumer)
            self._take_note(self._consumer, [p for p in self._consumer.assignment() if p.topic == topic])
            self._flush(self._consumer)

    def keep_alive(self) -> None:
        consumer = self._ready()
        if consumer is None:
            return
        paused = consumer.assignment()
        consumer.pause(*paused)
        try:
            polled = consumer.poll(timeout_ms=self._briefly())
            for place, records in polled.items():  # of partitions that came just now: read later, not lost
                consumer.seek(place, records[0].offset)
        except FencedInstanceIdError:
            raise
        except KafkaError as error:
            outages.away(outages.KAFKA, "consumer", error)
        except Exception:
            log.exception("polling failed; the consumer is made anew")
            self._renew()
        finally:
            consumer.resume(*(consumer.assignment() & paused))
        self._watch()
        if self._moves.moved or self._consumer is not consumer:
            self._moves.moved = False
            self._positions.forget()
            raise Rebalanced

    def close(self) -> None:
        """Commit what is done and leave the group (a static member does not leave; it comes back)."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with closing_quietly():
                self._flush(consumer)
            shut(consumer, autocommit=False, timeout_ms=3000)

    # -- inside

    def _ready(self) -> KafkaConsumer | None:
        if self._consumer is not None:
            return self._consumer
        self.joined = False
        try:
            made = opened(
                KafkaConsumer,
                **connection(self._settings, f"{self._service}-consumer"),
                group_id=self._service,
                group_instance_id=self._settings.group_instance_id,
                partition_assignment_strategy=(RangePartitionAssignor,),
                auto_offset_reset="none",
                enable_auto_commit=False,
                session_timeout_ms=10_000,
                heartbeat_interval_ms=2000,
                max_poll_records=500,
                allow_auto_create_topics=False,
            )
        except KafkaError as error:
            outages.away(outages.KAFKA, "consumer", error)
            return None
        consumer = lenient(made)
        self._moves = _Moves()
        consumer.subscribe(topics=self._topics, listener=self._moves)
        time.sleep(_METADATA_WITHIN)  # a join before the topics are known is never completed (measured)
        self._joining_since = self._clock.monotonic()
        self._consumer = consumer
        return consumer

    def _hold_back(self, consumer: KafkaConsumer) -> None:
        """Read nothing of the topics that are paused, also where their partitions came later."""
        if self._positions.paused:
            consumer.pause(*(place for place in consumer.assignment() if place.topic in self._positions.paused))

    def _take_note(self, consumer: KafkaConsumer, places: Iterable[TopicPartition]) -> None:
        """See how far the client has come on these partitions, and every second on all."""
        now = self._clock.monotonic()
        if now - self._swept_at >= _SWEEP_EVERY:
            self._swept_at, places = now, consumer.assignment()
            self._held = is_held(metrics_of(consumer), self._held)
        try:
            found = {place: consumer.position(place, timeout_ms=0) for place in places}
        except (KafkaError, AssertionError) as error:
            log.info("how far the client is, is not known yet", extra={"error": type(error).__name__})
            return
        self._positions.moved({place: position for place, position in found.items() if position is not None})

    def _patience(self, consumer: KafkaConsumer) -> int:
        """How long a poll may take, in ms. While a heartbeat is overdue (the broker hangs, or knows this member no
        more) the client would go round without a pause, so then it is brief.
        """
        waits = self._moves.assigned and self._held and consumer._coordinator.time_to_next_poll() > 0
        return _WAITING_POLL_MS if waits else self._briefly()

    def _briefly(self) -> int:
        """As short as a poll may be, in ms: a join is not cut short."""
        return _SHORT_POLL_MS if self._moves.assigned else _LONG_POLL_MS

    def _watch(self) -> None:
        """Throw away a client that is a member on paper and has no assignment: a join it never learnt of."""
        now = self._clock.monotonic()
        self.joined = self._moves.assigned
        if self.joined:
            self._joining_since = now
            outages.back(outages.KAFKA, "consumer")
        elif now - self._joining_since > _JOIN_WITHIN:
            if not outages.is_away(outages.KAFKA):
                log.warning("no assignment after %.0f s; the consumer is made anew", _JOIN_WITHIN)
            self._renew()

    def _renew(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._positions.forget()
        if consumer is not None:
            shut(consumer, autocommit=False, timeout_ms=2000)

    def _flush(self, consumer: KafkaConsumer) -> None:
        """Commit what is pending. A broker that is away keeps it pending; a lost membership drops it (it is read
        again).
        """
        if not self._positions.pending:
            return
        try:
            consumer.commit(self._positions.pending, timeout_ms=5000)
        except FencedInstanceIdError:
            raise
        except _LOST_MEMBERSHIP as error:
            self._renew()
            raise Rebalanced from error
        except KafkaError as error:
            outages.away(outages.KAFKA, "consumer", error)
            return
        self._positions.said()


def record_of(record: Any) -> Record:
    """A record of kafka-python as the ports have it."""
    headers = tuple((name, value if value is not None else b"") for name, value in record.headers)
    why = record.why if isinstance(record, Unreadable) else ""
    return Record(record.topic, record.partition, record.offset, record.key, record.value, headers, why)
