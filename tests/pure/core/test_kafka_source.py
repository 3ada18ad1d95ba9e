"""Kafka's source over a client of our own making: what it is made with, and what becomes of partitions that move."""

import contextlib
from collections import namedtuple
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import (
    CommitFailedError,
    FencedInstanceIdError,
    KafkaConnectionError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from shared.messaging.kafka import KafkaSource
from shared.messaging.kafka import source as sourcing
from shared.messaging.ports import PAUSED, DataLost, Rebalanced, Record
from shared.settings import Kafka
from tests.support.clock import ManualClock

SETTINGS = Kafka(("127.0.0.1:9092",), "PLAINTEXT", None, None, None, "escrow-1")
A, B = TopicPartition("a", 0), TopicPartition("b", 0)
MARKER = object()
Given = namedtuple("Given", ["topic", "partition", "offset", "key", "value", "headers"])


class Broker:
    """In place of KafkaConsumer: `made` are those that were made. `give` lets a member have these partitions at its
    next poll, as a rebalance does; `log` is what each partition holds (a MARKER is a transaction's).
    """

    def __init__(self) -> None:
        self.made: list[Broker.One] = []
        self.log: dict[TopicPartition, list[Any]] = {A: [], B: []}
        self.committed: dict[TopicPartition, Any] = {}
        self.raises: list[BaseException] = []
        self.refuses: list[BaseException] = []
        self.next: set[TopicPartition] | None = {A}
        self.patience: list[int] = []
        self.fetches_take: float | BaseException = 0.0
        self.heartbeat_in = 2.0
        self.while_polling: Callable[[int], object] = lambda timeout_ms: None

    def __call__(self, **options: Any) -> "Broker.One":
        self.made.append(Broker.One(self, options))
        return self.made[-1]

    def give(self, *places: TopicPartition) -> None:
        self.next = set(places)

    class One:
        def __init__(self, broker: "Broker", options: dict[str, Any]) -> None:
            self.broker, self.options, self.closed = broker, options, False
            self.positions: dict[TopicPartition, int] = {}
            self.held: set[TopicPartition] = set()
            self._fetcher = SimpleNamespace()
            self._coordinator = SimpleNamespace(time_to_next_poll=lambda: broker.heartbeat_in)

        def subscribe(self, topics: list[str], listener: Any) -> None:
            self.topics, self.listener = topics, listener

        def assignment(self) -> set[TopicPartition]:
            return set(self.positions)

        def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Given]]:
            assert not self.closed
            self.broker.patience.append(timeout_ms)
            self.broker.while_polling(timeout_ms)
            if self.broker.next is not None:
                gone, self.broker.next, new = self.assignment(), None, self.broker.next
                self.listener.on_partitions_revoked(gone)
                self.positions = {p: self.broker.committed[p].offset if p in self.broker.committed else 0 for p in new}
                self.held &= gone & new  # what comes anew is not held back
                self.listener.on_partitions_assigned(new)
            if self.broker.raises:
                raise self.broker.raises.pop(0)
            found = {}
            for place in self.assignment() - self.held:
                start, log = self.positions[place], self.broker.log[place]
                self.positions[place] = len(log)
                new = [(n, value) for n, value in enumerate(log) if n >= start and value is not MARKER]
                if new:
                    found[place] = [Given(*place, n, b"k", value, [("h", None)]) for n, value in new]
            return found

        def position(self, place: TopicPartition, timeout_ms: int) -> int:
            return self.positions[place]

        def metrics(self) -> dict[str, dict[str, float]]:
            if isinstance(self.broker.fetches_take, BaseException):
                raise self.broker.fetches_take
            return {"consumer-fetch-manager-metrics": {"fetch-latency-avg": self.broker.fetches_take}}

        def pause(self, *places: TopicPartition) -> None:
            self.held |= set(places)

        def resume(self, *places: TopicPartition) -> None:
            self.held -= set(places)

        def seek(self, place: TopicPartition, offset: int) -> None:
            self.positions[place] = offset

        def seek_to_beginning(self, *places: TopicPartition) -> None:
            self.positions |= dict.fromkeys(places, 0)

        def commit(self, offsets: dict[TopicPartition, Any], timeout_ms: int) -> None:
            if self.broker.refuses:
                raise self.broker.refuses.pop(0)
            assert set(offsets) <= self.assignment(), "a partition of somebody else's"
            self.broker.committed |= offsets

        def close(self, autocommit: bool, timeout_ms: int) -> None:
            assert not autocommit
            self.closed = True


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(sourcing, "KafkaConsumer", made)
    monkeypatch.setattr(sourcing, "_METADATA_WITHIN", 0)
    return made


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def source(broker: Broker, clock: ManualClock) -> KafkaSource:
    return KafkaSource(SETTINGS, "escrow", ["a", "b"], clock)


def values(records: list[Record]) -> list[bytes | None]:
    return [record.value for record in records]


def offsets(broker: Broker) -> dict[TopicPartition, tuple[int, str]]:
    return {place: (at.offset, at.metadata) for place, at in broker.committed.items()}


def test_it_commits_by_hand_and_resets_nothing_by_itself(source: KafkaSource, broker: Broker):
    source.poll()
    options = broker.made[0].options

    assert (options["enable_auto_commit"], options["auto_offset_reset"]) == (False, "none")
    assert options["partition_assignment_strategy"] == (RangePartitionAssignor,)
    assert (options["group_id"], options["group_instance_id"]) == ("escrow", "escrow-1")
    assert broker.made[0].topics == ["a", "b"]
    assert broker.made[0]._fetcher.PartitionRecords is not None


def test_records_of_a_partition_that_comes_while_a_batch_is_tried_again_are_read_later(
    source: KafkaSource, broker: Broker
):
    broker.log = {A: [b"a0"], B: [b"b0", b"b1"]}
    assert values(source.poll()) == [b"a0"]
    broker.give(A, B)
    with pytest.raises(Rebalanced):
        source.keep_alive()

    assert sorted(values(source.poll())) == [b"a0", b"b0", b"b1"]


def test_while_a_batch_is_tried_again_nothing_else_is_read_and_afterwards_it_goes_on(
    source: KafkaSource, broker: Broker
):
    broker.log[A] = [b"a0"]
    got = source.poll()
    broker.log[A].append(b"a1")
    source.keep_alive(), source.keep_alive()
    source.commit(got)

    assert offsets(broker)[A] == (1, "")
    assert values(source.poll()) == [b"a1"]


@pytest.mark.parametrize("learns", ["poll", "keep_alive"])
def test_offsets_of_a_partition_that_went_are_not_committed(source: KafkaSource, broker: Broker, learns: str):
    """The broker was away when it would have committed; meanwhile another has the partition."""
    broker.give(A, B)
    broker.log = {A: [b"a0"], B: [b"b0"]}
    got = source.poll()
    broker.refuses.append(KafkaConnectionError())
    source.commit(got)
    assert broker.committed == {}

    broker.give(B)
    if learns == "poll":
        source.poll()
    else:
        with pytest.raises(Rebalanced):
            source.keep_alive()
    source.close()
    assert A not in broker.committed


def test_a_lost_membership_drops_what_was_to_be_committed(source: KafkaSource, broker: Broker):
    broker.log[A] = [b"a0"]
    got = source.poll()
    broker.refuses.append(CommitFailedError())
    with pytest.raises(Rebalanced):
        source.commit(got)

    broker.give(A)
    assert values(source.poll()) == [b"a0"]
    assert len(broker.made) == 2


def test_behind_markers_it_commits_where_the_client_is(source: KafkaSource, broker: Broker, clock: ManualClock):
    broker.log[A] = [b"a0", MARKER]
    source.commit(source.poll())
    assert offsets(broker)[A] == (2, "")

    broker.log[A] += [MARKER]
    clock.advance(2)
    source.poll(), source.poll()
    assert offsets(broker)[A] == (3, "")


def test_a_marker_behind_what_is_not_done_is_not_committed(source: KafkaSource, broker: Broker, clock: ManualClock):
    broker.log[A] = [b"a0", b"a1", MARKER]
    got = source.poll()
    clock.advance(2)
    source.poll()
    assert broker.committed == {}

    source.commit(got[:1])
    assert offsets(broker)[A] == (1, "")
    source.commit(got)
    assert offsets(broker)[A] == (3, "")


def test_a_paused_topic_stays_so_when_its_partition_comes_anew_and_its_offset_says_so(
    source: KafkaSource, broker: Broker
):
    broker.give(A, B)
    broker.log = {A: [b"a0"], B: [b"b0"]}
    source.commit(source.poll())
    source.pause("b")
    assert offsets(broker) == {A: (1, ""), B: (1, PAUSED)}

    broker.log = {A: [b"a0", b"a1"], B: [b"b0", b"b1"]}
    broker.give(A, B)
    got = source.poll()
    source.commit(got)
    broker.log[A].append(b"a2")
    source.keep_alive()
    assert values(got) + values(source.poll()) == [b"a1", b"a2"]
    assert offsets(broker)[B] == (1, PAUSED)


def test_a_member_that_is_new_takes_back_that_a_topic_is_paused(broker: Broker, clock: ManualClock):
    broker.log[A] = [b"a0"]
    first = KafkaSource(SETTINGS, "escrow", ["a"], clock)
    first.commit(first.poll())
    first.pause("a")
    broker.give(A)
    second = KafkaSource(SETTINGS, "escrow", ["a"], clock)
    second.poll(), clock.advance(2), second.poll()

    assert offsets(broker)[A] == (1, "")


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    "error", [ValueError("?"), RuntimeError("?"), IndexError(), UnicodeDecodeError("a", b"", 0, 1, "")]
)
@pytest.mark.parametrize("call", [KafkaSource.poll, KafkaSource.keep_alive])
def test_a_client_that_fails_in_a_way_of_its_own_is_made_anew(
    source: KafkaSource, broker: Broker, error: Exception, call: Callable[[KafkaSource], object]
):
    """Its next poll may never return."""
    broker.log[A] = [b"a0"]
    source.poll()
    broker.raises.append(error)
    with contextlib.suppress(Rebalanced):
        call(source)
    broker.give(A)

    assert values(source.poll()) == [b"a0"]
    assert [made.closed for made in broker.made] == [True, False]


def test_no_offset_is_the_beginning_and_one_outside_the_log_ends_the_process(source: KafkaSource, broker: Broker):
    broker.log[A] = [b"a0"]
    broker.raises = [NoOffsetForPartitionError({A}), OffsetOutOfRangeError({A: 9})]
    assert source.poll() == []
    with pytest.raises(DataLost, match="golem replay"):
        source.poll()
    assert values(source.poll()) == [b"a0"]


def test_another_of_the_same_name_ends_the_process(source: KafkaSource, broker: Broker):
    source.poll()
    broker.raises = [FencedInstanceIdError(), FencedInstanceIdError()]
    for call in (source.poll, source.keep_alive):
        with pytest.raises(FencedInstanceIdError):
            call()


def test_a_member_without_its_partitions_for_long_is_made_anew(source: KafkaSource, broker: Broker, clock: ManualClock):
    broker.next = None
    source.poll()
    clock.advance(9)
    source.poll()
    broker.give(A)
    source.poll()

    assert len(broker.made) == 2
    assert source.joined


# -- waiting in polls


def _quiet(source: KafkaSource, clock: ManualClock) -> None:
    """It has joined, and looked at the client's metrics since."""
    for _ in range(2):
        assert source.poll() == []
        clock.advance(1.5)
    assert source.poll() == []


def test_it_waits_in_its_polls_once_fetches_are_held(broker: Broker, source: KafkaSource, clock: ManualClock) -> None:
    broker.fetches_take = 480.0
    broker.while_polling = lambda timeout_ms: clock.advance(timeout_ms / 1000)
    _quiet(source, clock)

    assert (broker.patience[-1], source.waited) == (150, True)

    source.keep_alive()
    assert broker.patience[-1] == 2


@pytest.mark.parametrize("fetches_take", [3.0, ValueError("no metrics")])
def test_it_asks_briefly_where_fetches_are_not_held_or_nobody_knows(
    broker: Broker, source: KafkaSource, clock: ManualClock, fetches_take: float | BaseException
) -> None:
    broker.fetches_take = fetches_take
    _quiet(source, clock)

    assert (broker.patience[-1], source.waited) == (2, False)


def test_while_a_heartbeat_is_overdue_it_asks_briefly(broker: Broker, source: KafkaSource, clock: ManualClock) -> None:
    """The client's poll would go round without a pause."""
    broker.fetches_take = 480.0
    _quiet(source, clock)
    broker.heartbeat_in = 0.0
    source.poll()

    assert (broker.patience[-1], source.waited) == (2, False)


@pytest.mark.logs_errors
def test_without_a_client_it_has_not_waited(broker: Broker, source: KafkaSource, clock: ManualClock) -> None:
    broker.fetches_take = 480.0
    broker.while_polling = lambda timeout_ms: clock.advance(timeout_ms / 1000)
    _quiet(source, clock)
    broker.raises = [RuntimeError("of a kind that nobody knows")]
    source.poll()

    assert source.waited is False
