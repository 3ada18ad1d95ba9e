"""May deadlines fire? Only while the group has read all that the topics held a minute ago.

So an outage never lets a deadline overtake a hire that waits in Kafka. At the start, and where nothing was read for a
minute (the broker was away, the process stood still), it is all that the topics held when first asked since; with the
broker away nothing is known, and deadlines wait. (A machine that sleeps stops the clock by which this is told.) So they
do for a topic that is paused since too many of its records died, for a hire may wait in it; only one of the internal
events (marks of addresses, the register of employers), by which no deadline decides, is not waited for while it is
paused.

Topics that lost their records are no topics in which nothing waits: what others replay comes into them only once their
relays have started as well. Then deadlines wait until no event older than a minute has come for a minute, and all that
the topics hold then is read (`replayed`). A broker that was killed and is back shows ends of a moment before: that is
no loss. Where records are gone behind which the group is, the consumer stops (`DataLost`).
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError, NoError, UnknownTopicOrPartitionError, for_code
from kafka.structs import OffsetAndMetadata
from pymongo.errors import PyMongoError

from shared.clock import Clock
from shared.events.catalogue import INTERNAL_NAMES
from shared.messaging.kafka import connection, opened, shut
from shared.messaging.ports import PAUSED, Place
from shared.messaging.replayed import Replay
from shared.settings import Kafka
from shared.telemetry import metrics, outages

Offsets = Mapping[Place, int]
_BEHIND, _FRESH = 60.0, 15.0
"""Seconds: what the topics held so long ago is to be read, and how long an answer counts."""

_REACHED_WITHIN = 180.0
"""A busy broker takes up to a minute and a half to come back, and who waits for a deployment is not to be failed."""


class Ends(Protocol):
    """Reads where the topics end and how far the group is; raises KafkaError (or OSError) if the broker is away."""

    paused: frozenset[str]
    """The topics that the group's offsets said were paused, at the last reading."""

    dead: int
    """How many records the service's topic of dead letters held then, sent again or not."""

    begun: bool
    """Whether the group had ever committed anything, at the last reading."""

    def read(self) -> tuple[Offsets, Offsets]:
        """({(topic, partition): end}, {(topic, partition): next offset to read}) of all that the group reads."""
        ...

    def close(self) -> None:
        """Let go of the broker."""
        ...


@dataclass(frozen=True)
class Position:
    """How much the group has still to take, the topics it has paused, and how many dead letters there are."""

    lag: int
    paused: tuple[str, ...]
    dead: int


class Frontier:
    """`passed()` is the answer, from readings that `observe()` makes every few seconds in a thread of its own; gauges
    show what they found, and so does `position`, None while the broker is away. `assigned` gives the partitions that
    this worker reads, None where that is not known; `replay` is None where there is nothing that could be replayed.
    """

    def __init__(
        self,
        service: str,
        ends: Ends,
        clock: Clock,
        assigned: Callable[[], frozenset[Place] | None] = lambda: None,
        replay: Replay | None = None,
    ) -> None:
        self.service = service
        self._assigned, self._replay = assigned, replay
        self._ends, self._clock = ends, clock
        self._readings: deque[tuple[float, Offsets]] = deque()
        self._passed_at: float | None = None
        self._reached_at = clock.monotonic()
        self.position: Position | None = None
        for begun in (metrics.REACHED.labels(service, "broker"), metrics.FRONTIER_PASSED.labels(service)):
            begun.set(clock.now().timestamp())

    def took(self, age: float) -> None:
        """The consumer was given an event that happened so many seconds ago: by a replay, if it is an old one."""
        if self._replay is not None and age > _BEHIND:
            self._replay.took_old(self._clock.monotonic())

    def observe(self) -> None:
        now = self._clock.monotonic()
        try:
            ends, committed = self._ends.read()
        except (KafkaError, OSError) as error:
            outages.away(outages.KAFKA, "frontier", error)
            self._passed_at = self.position = None
            metrics.unknown(metrics.CONSUMER_LAG, metrics.GROUP_LAG, metrics.GROUP_COMMITTED)
            return
        outages.back(outages.KAFKA, "frontier")
        self._reached_at = now
        self._show(ends, committed)
        try:
            self._passed_at = now if self._has_read(now, ends, committed) else None
        except PyMongoError:  # which is told of where documents are written
            self._passed_at = None
        if self._passed_at is not None:
            metrics.FRONTIER_PASSED.labels(self.service).set(self._clock.now().timestamp())

    def _has_read(self, now: float, ends: Offsets, committed: Offsets) -> bool:
        if self._replay is not None and self._replay.comes(self._ends.begun, now):
            self._readings.clear()
            return False
        self._readings.append((now, ends))
        while self._readings[0][0] < now - _BEHIND:
            self._readings.popleft()
        _, then = self._readings[0]
        left_out = self._ends.paused & INTERNAL_NAMES
        behind = [place for place, end in then.items() if committed.get(place, 0) < end and place[0] not in left_out]
        if self._replay is not None and not behind:
            self._replay.over()
        return not behind

    def passed(self) -> bool:
        return self._passed_at is not None and self._clock.monotonic() - self._passed_at <= _FRESH

    def reached(self) -> bool:
        """Whether the broker was read from within the last three minutes, or this began within them."""
        return self._clock.monotonic() - self._reached_at <= _REACHED_WITHIN

    def _show(self, ends: Offsets, committed: Offsets) -> None:
        """An autoscaler adds up the workers' lags: each shows that of its own partitions, once it has joined."""
        lags = {place: max(0, end - committed.get(place, 0)) for place, end in ends.items()}
        self.position = Position(sum(lags.values()), tuple(sorted(self._ends.paused)), self._ends.dead)
        metrics.REACHED.labels(self.service, "broker").set(self._clock.now().timestamp())
        metrics.GROUP_LAG.labels(self.service).set(self.position.lag)
        metrics.GROUP_COMMITTED.labels(self.service).set(sum(committed.get(place, 0) for place in ends))
        if (own := self._assigned()) is None:
            metrics.unknown(metrics.CONSUMER_LAG)
        else:
            metrics.CONSUMER_LAG.labels(self.service).set(sum(lags.get(place, 0) for place in own))


def paused_topics(offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> frozenset[str]:
    """The topics whose reader has written beside the group's offset that it has paused them."""
    return frozenset(place.topic for place, at in offsets.items() if at.offset >= 0 and at.metadata == PAUSED)


class KafkaEnds:
    """The readings from Kafka, by an admin client that is made anew after an error."""

    def __init__(self, settings: Kafka, service: str, topics: Sequence[str]) -> None:
        self._settings, self._service, self._topics = settings, service, list(topics)
        self._dead = f"{service}.dead"
        self._admin: KafkaAdminClient | None = None
        self._seen: set[str] = set()
        self.paused: frozenset[str] = frozenset()
        self.dead = 0
        self.begun = False

    def read(self) -> tuple[Offsets, Offsets]:
        try:
            return self._read()
        except KafkaError:
            self.close()
            raise

    def _read(self) -> tuple[Offsets, Offsets]:
        if self._admin is None:
            options = connection(self._settings, f"{self._service}-frontier")
            self._admin = opened(KafkaAdminClient, **options, request_timeout_ms=5000)
        if not self._seen:  # what the group has read of was there, though nothing be told of it at the first look
            self._seen = {place.topic for place in self._admin.list_group_offsets(self._service)[self._service]}
        places = self._places(self._admin.describe_topics([*self._topics, self._dead]))
        ends = self._admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        starts = self._admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
        group = self._admin.list_group_offsets(self._service)[self._service]
        committed = {(p.topic, p.partition): o.offset for p, o in group.items() if o.offset >= 0}
        self.paused, self.begun = paused_topics(group), bool(committed)
        self.dead = sum(ends[p].offset - starts[p].offset for p in places if p.topic == self._dead)
        read = [p for p in places if p.topic != self._dead]
        begin = {(p.topic, p.partition): starts[p].offset for p in read}
        return {(p.topic, p.partition): ends[p].offset for p in read}, begin | committed

    def _places(self, described: Iterable[Mapping[str, Any]]) -> list[TopicPartition]:
        """The partitions of all topics. A topic of which nothing is told now is not one in which nothing waits: raises
        its KafkaError, but for one that was never there.
        """
        found = []
        for topic in described:
            name, fault = topic["name"], for_code(topic["error_code"])
            if fault is not NoError and (name in self._seen or fault is not UnknownTopicOrPartitionError):
                raise fault(name)
            found += [TopicPartition(name, partition["partition_index"]) for partition in topic["partitions"]]
        self._seen |= {place.topic for place in found}
        return found

    def close(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            shut(admin)
