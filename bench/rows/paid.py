"""Hire → release: hires whose `hire.confirmed` waits, until each escrow is settled and its events are on the topics.

Ours are the running services; the floor is the same durable writes and sends in batches without a rule (target: at
least 60 % of it); the peers are a consumer as tutorials write it (at least 15 times as fast) and FastStream (3 times).
All four work on the same documents with the same indexes and durability, a process a service, on topics and databases
of their own, and read the same records. Timed is from the first record sent to the last `escrow.settled` read; what
follows of it is waited for outside the clock. Beside ours stands the CPU that all processes took within that clock.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from bench import copies
from bench.copies import Copy
from bench.floors.flow import FLOW, TOPICS
from bench.ground import Ground, ends_of, until
from bench.measure import Row, Target, in_turn
from bench.sizes import Size
from bench.spent import Spent, spending
from bench.started import module, processes

NAME = "hire → release"
_PATIENCE_S, _PATIENCE_A_HIRE_S = 120.0, 0.5
_END = "escrow.settled"


@dataclass(frozen=True)
class Contestant:
    """One who pays out hires: its databases and topics have this prefix."""

    ground: Ground
    database_prefix: str
    topic_prefix: str
    check: Callable[[], None] = lambda: None
    """Raises RuntimeError where one of its processes has ended."""

    stock: list[Copy] = field(default_factory=list)
    """Hires that are ready to be confirmed."""

    spent: Spent = field(default_factory=Spent)
    """What all processes took of the CPU within the clock of `rate`, over all rounds; of ours alone."""

    def prepare(self, count: int) -> None:
        """Have so many hires ready."""
        more = [self.ground.confirmed.copy(name) for name in self.ground.names(count - len(self.stock))]
        copies.insert(self.ground.client, self.database_prefix, more)
        if not self.topic_prefix:  # what the services wrote has gone out before, and they have read it
            earlier = [each for one in more for each in one.records if each.topic != "hire.confirmed"]
            copies.produce(self.ground.producer, earlier)
            self.ground.quiet(_PATIENCE_S + _PATIENCE_A_HIRE_S * len(more))
        self.stock.extend(more)

    def rate(self, count: int) -> float:
        """Hires a second, of so many that wait."""
        if count > len(self.stock):
            self.prepare(count)
        waiting = [self.stock.pop() for _ in range(count)]
        confirmed = [each for one in waiting for each in one.records if each.topic == "hire.confirmed"]
        counting = nullcontext() if self.topic_prefix else spending(self.ground, self.spent)
        patience = _PATIENCE_S + _PATIENCE_A_HIRE_S * count
        with self._listener() as settled, counting:
            began = time.perf_counter()
            copies.produce(self.ground.producer, confirmed, self.topic_prefix)
            left = {each.key for each in confirmed}
            while left:
                for records in settled.poll(timeout_ms=100).values():
                    left.difference_update(record.key for record in records)
                self.check()
                if time.perf_counter() - began > patience:
                    raise TimeoutError(f"{len(left)} of {count} hires were not paid within {patience:.0f} s")
            took = time.perf_counter() - began
        self._finish(patience)
        return count / took

    def _finish(self, patience: float) -> None:
        """Wait until all that it caused was read and done, so that nobody else's round pays for that."""
        if not self.topic_prefix:
            self.ground.quiet(patience)
            return
        until(lambda: not self._behind(), "what the hires caused", patience)

    def _behind(self) -> list[str]:
        """The floor's services that have not done all that is on their topics: each commits what it has done."""
        self.check()
        return [service for service, steps in FLOW.items() if self._is_behind(service, list(steps))]

    def _is_behind(self, service: str, topics: list[str]) -> bool:
        ends = ends_of(self.ground.stack.kafka, [self.topic_prefix + topic for topic in topics])
        committed = self.ground.committed(self.topic_prefix + service)
        return any(committed.get(place, 0) < end for place, end in ends.items())

    @contextmanager
    def _listener(self) -> Iterator[KafkaConsumer]:
        topic = f"{self.topic_prefix}{_END}"
        consumer = KafkaConsumer(bootstrap_servers=[self.ground.stack.kafka], enable_auto_commit=False)
        try:
            places = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]
            consumer.assign(places)
            consumer.seek_to_end(*places)
            for place in places:
                consumer.position(place)
            yield consumer
        finally:
            consumer.close(autocommit=False)


@contextmanager
def floor(ground: Ground, name: str) -> Iterator[Contestant]:
    """A floor's processes on databases and topics of its own, with ours' indexes; gone at the end."""
    prefix = f"{name}_{secrets.token_hex(3)}_"
    topics = [NewTopic(prefix + topic, num_partitions=1, replication_factor=1) for topic in TOPICS]
    ground.admin.create_topics(topics)
    databases = [f"{prefix}{where}" for where in copies.COLLECTIONS]
    try:
        for where, collection in copies.COLLECTIONS.items():
            same_indexes(ground.client[f"{ground.prefix}{where}"][collection],
                          ground.client[f"{prefix}{where}"][collection])  # fmt: skip
        arguments = (ground.stack.kafka, ground.stack.mongodb, prefix)
        with processes([module(f"bench.floors.{name}", service, *arguments) for service in FLOW]) as check:
            contestant = Contestant(ground, prefix, prefix, check)
            contestant.rate(2)  # all have joined their groups once these are paid
            yield contestant
    finally:
        for database in databases:
            ground.client.drop_database(database)
        ground.admin.delete_topics([prefix + topic for topic in TOPICS])


def same_indexes(ours: Any, other: Any) -> None:
    """Give another collection the indexes of ours."""
    for name, index in ours.index_information().items():
        if name != "_id_":
            options = {key: index[key] for key in ("sparse", "unique", "partialFilterExpression") if key in index}
            other.create_index(index["key"], name=name, **options)


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    ours = Contestant(ground, ground.prefix, "")
    ours.rate(2)
    with ExitStack() as ending:
        bare, tutorial, faststream = (
            ending.enter_context(floor(ground, name)) for name in ("bare", "tutorial", "faststream_app")
        )
        slow = max(size.hires_slow, size.hires // 4)
        for contestant, hires in (
            (ours, size.hires),
            (bare, size.hires),
            (tutorial, size.hires_slow),
            (faststream, slow),
        ):
            contestant.prepare(hires * size.rounds)
        ours = replace(ours, spent=Spent())  # without the first two
        found = in_turn(size.rounds, {
            "ours": lambda: ours.rate(size.hires),
            "bare": lambda: bare.rate(size.hires),
            "tutorial": lambda: tutorial.rate(size.hires_slow),
            "faststream": lambda: faststream.rate(slow),
        })  # fmt: skip
    several = f"{size.hires} waiting"
    yield Row(f"{NAME}, {several}", "hires/s", "the same writes and sends in batches, no rules",
              Target("at least", 0.6), found["ours"], found["bare"],
              ours.spent.beside(size.hires * size.rounds))  # fmt: skip
    yield Row(f"{NAME}, {several}", "hires/s", "a consumer as tutorials write it",
              Target("at least", 15), found["ours"], found["tutorial"])  # fmt: skip
    yield Row(f"{NAME}, {several}", "hires/s", "FastStream on aiokafka", Target("at least", 3),
              found["ours"], found["faststream"])  # fmt: skip
