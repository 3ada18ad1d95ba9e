"""A broker in memory: topics with partitions, consumer groups with the range assignor, and what a bad day does to it.

`MemoryPublisher`, `MemorySource` and `MemoryEnds` are the ports of `shared.messaging` on it; `memory_bus` is all three.
What `broker.on_publish(message)` gives is each message's fate: "ok", "refuse" (not written, no ack), "lose_ack"
(written, no ack) or "twice". `fault(step)` is called before and after each request, as in `memory_collection`.
"""

import random
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kafka.errors import KafkaConnectionError

from shared.messaging.ports import DataLost, Message, Rebalanced, Record
from shared.process.loops import Bus
from tests.support.memory_collection import Fault, _quiet

Place = tuple[str, int]
_MARKER = (("a transaction's marker", b""),)


@dataclass
class _Group:
    committed: dict[Place, int] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    generation: int = 0
    paused: set[Place] = field(default_factory=set)


class MemoryBroker:
    """Topics come to be when they are first written or read; a key always goes to the same partition."""

    def __init__(self, partitions: int = 1) -> None:
        self.partitions = partitions
        self.on_publish: Callable[[Message], str] = lambda message: "ok"
        self.away = False
        self._logs: dict[Place, list[Record]] = {}
        self._begin: dict[Place, int] = {}
        self._groups: dict[str, _Group] = {}
        self._lock = threading.RLock()

    # -- topics

    def places(self, topic: str) -> list[Place]:
        return [(topic, partition) for partition in range(self.partitions)]

    def append(self, message: Message) -> Record:
        with self._lock:
            place = (message.topic, zlib.crc32(message.key or b"") % self.partitions)
            return self.append_at(place, message)

    def append_at(self, place: Place, message: Message) -> Record:
        log = self._logs.setdefault(place, [])
        offset = self._begin.get(place, 0) + len(log)
        record = Record(*place, offset, message.key, message.value, message.headers)
        log.append(record)
        return record

    def records(self, *topics: str) -> list[Record]:
        """What the topics hold (all of them, where none is named), in the order of each."""
        with self._lock:
            logs = [log for place, log in sorted(self._logs.items()) if not topics or place[0] in topics]
            return [record for log in logs for record in log if record.headers is not _MARKER]

    def topics(self) -> list[str]:
        return sorted({topic for topic, _ in self._logs})

    def end(self, place: Place) -> int:
        return self._begin.get(place, 0) + len(self._logs.get(place, ()))

    def read(self, place: Place, offset: int, most: int) -> list[Record]:
        """Raises DataLost where the offset is outside the log."""
        with self._lock:
            begin = self._begin.get(place, 0)
            if not begin <= offset <= self.end(place):
                raise DataLost(f"offsets out of range on {place}")
            return self._logs.get(place, [])[offset - begin : offset - begin + most]

    def lose(self, topic: str, keep: int = 0) -> None:
        """All but the last `keep` records of a topic are gone, as after a retention or a disk that died."""
        with self._lock:
            for place in self.places(topic):
                log = self._logs.get(place, [])
                gone = max(0, len(log) - keep)
                self._begin[place] = self._begin.get(place, 0) + gone
                self._logs[place] = log[gone:]

    def empty(self) -> None:
        """As with a new disk: neither records nor offsets; who reads is a member of its group again."""
        with self._lock:
            self._logs, self._begin, self._groups = {}, {}, {}

    def marker(self, topic: str, partition: int = 0) -> None:
        """A transaction's marker: it takes an offset, and no reader is given it."""
        with self._lock:
            self.append_at((topic, partition), Message(topic, None, None, _MARKER))

    # -- groups

    def group(self, name: str) -> _Group:
        return self._groups.setdefault(name, _Group())

    def join(self, group: str, member: str, topics: Sequence[str]) -> None:
        with self._lock:
            self.group(group).members[member] = tuple(topics)
            self.group(group).generation += 1

    def leave(self, group: str, member: str) -> None:
        """A member left or was found dead; the others get its partitions."""
        with self._lock:
            if self.group(group).members.pop(member, None) is not None:
                self.group(group).generation += 1

    def assigned(self, group: str, member: str) -> list[Place]:
        """The range assignor: of each topic's partitions every reader of it has one range."""
        members = self.group(group).members
        mine = []
        for topic in members.get(member, ()):
            readers = sorted(m for m, topics in members.items() if topic in topics)
            each, more = divmod(self.partitions, len(readers))
            at = readers.index(member)
            first = at * each + min(at, more)
            mine += self.places(topic)[first : first + each + (at < more)]
        return mine

    def lag(self, group: str, topics: Sequence[str]) -> int:
        committed = self.group(group).committed
        return sum(self.end(p) - committed.get(p, self._begin.get(p, 0)) for t in topics for p in self.places(t))


class MemoryPublisher:
    def __init__(self, broker: MemoryBroker, fault: Fault = _quiet) -> None:
        self._broker = broker
        self.fault = fault

    def publish(self, messages: Sequence[Message]) -> list[bool]:
        self.fault("publish:before")
        acknowledged = []
        for message in messages:
            fate = "refuse" if self._broker.away else self._broker.on_publish(message)
            for _ in range({"refuse": 0, "twice": 2}.get(fate, 1)):
                self._broker.append(message)
            acknowledged.append(fate in ("ok", "twice"))
        self.fault("publish:after")
        return acknowledged

    def close(self) -> None:
        """Nothing is under way between two calls."""


class MemorySource:
    """A member of a group. With `chance` it reads unfairly: some partitions now, others later, a few of each."""

    waited = False

    def __init__(
        self,
        broker: MemoryBroker,
        group: str,
        topics: Sequence[str],
        member: str = "member-1",
        *,
        limit: int = 500,
        chance: random.Random | None = None,
        fault: Fault = _quiet,
    ) -> None:
        self._broker, self._group, self._topics, self._member = broker, group, list(topics), member
        self._limit, self._chance = limit, chance
        self.fault = fault
        self._generation = -1
        self._positions: dict[Place, int] = {}
        self._pending: dict[Place, int] = {}
        self._given: dict[Place, int] = {}
        self._paused: set[str] = set()
        broker.join(group, member, topics)

    def poll(self) -> list[Record]:
        self.fault("poll:before")
        if self._broker.away:
            return []
        with self._broker._lock:
            polled = self._read()
        self.fault("poll:after")
        return polled

    def _read(self) -> list[Record]:
        self._settle()
        self._flush()
        places = self._broker.assigned(self._group, self._member)
        if self._chance:
            self._chance.shuffle(places)
        polled: list[Record] = []
        for place in places:
            most = self._limit - len(polled)
            most = self._chance.randint(0, min(most, 4)) if self._chance else most
            if place[0] in self._paused or not most:
                continue
            read = self._broker.read(place, self._positions[place], most)
            if read:
                self._positions[place] = read[-1].offset + 1
                records = [record for record in read if record.headers is not _MARKER]
                polled += records
                if records:
                    self._given[place] = records[-1].offset
                elif place not in self._given:
                    self._pending[place] = self._positions[place]
        return polled

    def commit(self, records: Sequence[Record]) -> None:
        self.fault("commit:before")
        with self._broker._lock:
            self._moved()
            for place, offset in {(r.topic, r.partition): r.offset for r in records}.items():
                last = self._given.get(place) == offset
                self._pending[place] = self._positions[place] if last else offset + 1
                if last:
                    del self._given[place]
            self._flush()
        self.fault("commit:after")

    def pause(self, topic: str) -> None:
        self._paused.add(topic)
        with self._broker._lock:
            group = self._broker.group(self._group)
            group.paused |= {place for place in self._positions if place[0] == topic}

    def keep_alive(self) -> None:
        self.fault("keep_alive:before")
        self._moved()

    @property
    def joined(self) -> bool:
        return self._member in self._broker.group(self._group).members

    @property
    def assigned(self) -> frozenset[Place] | None:
        return frozenset(self._broker.assigned(self._group, self._member)) if self.joined else None

    def close(self) -> None:
        self._broker.leave(self._group, self._member)

    def _flush(self) -> None:
        """Commit what is pending; while the broker is away it stays so."""
        if not self._broker.away:
            self._broker.group(self._group).committed |= self._pending
            self._pending = {}

    def _moved(self) -> None:
        group = self._broker.group(self._group)
        if self._member not in group.members:  # thrown out while it was silent: it comes back as a new member
            self._broker.join(self._group, self._member, self._topics)
        if self._generation != group.generation:
            raise Rebalanced

    def _settle(self) -> None:
        """Take note of a new assignment; reading starts where the group is, or at the very beginning."""
        group = self._broker.group(self._group)
        if self._member not in group.members:
            self._broker.join(self._group, self._member, self._topics)
        if self._generation != group.generation:
            self._generation = group.generation
            self._pending, self._given = {}, {}
            places = self._broker.assigned(self._group, self._member)
            self._positions = {p: group.committed.get(p, self._broker._begin.get(p, 0)) for p in places}


class MemoryEnds:
    """Where topics end and how far a group is, for the frontier. Raises KafkaConnectionError: the broker is away."""

    def __init__(self, broker: MemoryBroker, group: str, topics: Sequence[str], fault: Fault = _quiet) -> None:
        self._broker, self._group, self._topics, self.fault = broker, group, list(topics), fault
        self.paused: frozenset[str] = frozenset()
        self.dead = 0
        self.begun = False

    def read(self) -> tuple[Mapping[Place, int], Mapping[Place, int]]:
        self.fault("ends:before")
        if self._broker.away:
            raise KafkaConnectionError("away")
        places = [place for topic in self._topics for place in self._broker.places(topic)]
        begin = {place: self._broker._begin.get(place, 0) for place in places}
        self.paused = frozenset(place[0] for place in self._broker.group(self._group).paused)
        self.dead = sum(self._broker.end(place) for place in self._broker.places(f"{self._group}.dead"))
        self.begun = bool(self._broker.group(self._group).committed)
        return {p: self._broker.end(p) for p in places}, begin | self._broker.group(self._group).committed

    def close(self) -> None:
        """It holds no connection."""


class MemoryLetters:
    """Single records of any topic. KafkaConnectionError: the broker is away."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def find(self, places: Iterable[tuple[str, int, int]]) -> Mapping[tuple[str, int, int], Record]:
        if self._broker.away:
            raise KafkaConnectionError("away")
        wanted = set(places)
        records = self._broker.records(*sorted({topic for topic, _, _ in wanted} or {""}))
        there = {(record.topic, record.partition, record.offset): record for record in records}
        return {place: record for place, record in there.items() if place in wanted}


def memory_bus(
    broker: MemoryBroker,
    group: str,
    topics: Sequence[str],
    member: str = "member-1",
    *,
    chance: random.Random | None = None,
    fault: Fault = _quiet,
) -> Bus:
    """What `shared.process.main.kafka_bus` is for Kafka; `fault` is that of its publisher and source."""
    source = MemorySource(broker, group, topics, member, chance=chance, fault=fault)
    return Bus(MemoryPublisher(broker, fault), source, MemoryEnds(broker, group, topics), MemoryLetters(broker))
