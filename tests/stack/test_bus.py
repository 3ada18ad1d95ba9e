"""One suite for every broker: what the worker needs of a bus, over memory and over Kafka by kafka-python."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import OffsetAndMetadata

from shared.clock import SystemClock
from shared.messaging.dead_letters import DeadLetter, bury, message
from shared.messaging.frontier import KafkaEnds
from shared.messaging.kafka import KafkaPublisher, KafkaSource
from shared.messaging.ports import DataLost, Message, Publisher, Rebalanced, Record, Source
from shared.settings import Kafka
from tests.support.memory import MemoryBroker, MemoryEnds, MemoryPublisher, MemorySource
from tests.support.processes import patience

PATIENCE = patience(15.0)


class Bus(Protocol):
    """A broker with topics of this test's own."""

    def topic(self, partitions: int = 1) -> str: ...
    def publisher(self) -> Publisher: ...
    def source(self, group: str, *topics: str, member: str | None = None) -> Any: ...
    def ends(self, group: str, *topics: str) -> Any: ...
    def commit_beyond(self, group: str, topic: str) -> None: ...


class MemoryBus:
    def __init__(self) -> None:
        self.brokers: dict[int, MemoryBroker] = {}
        self.partitions = 1
        self.broker = MemoryBroker()
        self._members = 0

    def topic(self, partitions: int = 1) -> str:
        self.broker.partitions = partitions
        return f"t-{secrets.token_hex(4)}"

    def publisher(self) -> Publisher:
        return MemoryPublisher(self.broker)

    def source(self, group: str, *topics: str, member: str | None = None) -> Any:
        self._members += 1
        return MemorySource(self.broker, group, topics, member or f"member-{self._members}")

    def ends(self, group: str, *topics: str) -> Any:
        return MemoryEnds(self.broker, group, topics)

    def commit_beyond(self, group: str, topic: str) -> None:
        self.broker.group(group).committed[topic, 0] = 1000

    def close(self) -> None:
        pass


class KafkaBus:
    def __init__(self, server: str) -> None:
        self.server = server
        self._opened: list[Any] = []
        self._admin = KafkaAdminClient(bootstrap_servers=[server], bootstrap_timeout_ms=5000)

    def settings(self, member: str | None = None) -> Kafka:
        return Kafka((self.server,), "PLAINTEXT", None, None, None, member)

    def topic(self, partitions: int = 1) -> str:
        name = f"t-{secrets.token_hex(4)}"
        self.make(name, partitions)
        return name

    def make(self, name: str, partitions: int = 1) -> None:
        self._admin.create_topics([NewTopic(name, partitions, 1)], timeout_ms=10_000)

    def publisher(self) -> Publisher:
        self._opened.append(KafkaPublisher(self.settings(), "test", SystemClock()))
        return self._opened[-1]

    def source(self, group: str, *topics: str, member: str | None = None) -> Any:
        self._opened.append(KafkaSource(self.settings(member), group, topics, SystemClock()))
        return self._opened[-1]

    def ends(self, group: str, *topics: str) -> Any:
        self._opened.append(KafkaEnds(self.settings(), group, topics))
        return self._opened[-1]

    def commit_beyond(self, group: str, topic: str) -> None:
        self.commit_at(group, topic, 1000)

    def commit_at(self, group: str, topic: str, offset: int) -> None:
        consumer = KafkaConsumer(bootstrap_servers=[self.server], group_id=group, enable_auto_commit=False)
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        consumer.commit({place: OffsetAndMetadata(offset, "", -1)})
        consumer.close()

    def close(self) -> None:
        for each in reversed(self._opened):
            each.close()
        self._admin.close()


@pytest.fixture(params=["memory", "kafka"])
def bus(request: pytest.FixtureRequest) -> Iterator[Bus]:
    made = MemoryBus() if request.param == "memory" else KafkaBus(request.getfixturevalue("kafka_server"))
    yield made
    made.close()


@pytest.fixture
def group() -> str:
    return f"g-{secrets.token_hex(4)}"


def letters(topic: str, *values: str, key: bytes = b"k") -> list[Message]:
    return [Message(topic, key, value.encode(), (("h", value.encode()),)) for value in values]


def take(source: Source, count: int) -> list[Record]:
    """Poll until there are `count` records."""
    got: list[Record] = []
    end = time.monotonic() + PATIENCE
    while len(got) < count:
        assert time.monotonic() < end, f"{len(got)} of {count} records came"
        got += source.poll()
    return got


def quiet(source: Source, polls: int = 5) -> list[Record]:
    """What a few more polls bring."""
    return [record for _ in range(polls) for record in source.poll()]


def values(records: list[Record]) -> list[str]:
    return [(r.value or b"").decode() for r in records]


def test_what_is_published_is_read_in_order_with_key_and_headers(bus: Bus, group: str):
    topic = bus.topic()
    sent = letters(topic, *(f"v{n}" for n in range(50)))
    assert bus.publisher().publish(sent) == [True] * 50
    got = take(bus.source(group, topic), 50)

    assert [Message(r.topic, r.key, r.value, r.headers) for r in got] == sent
    assert [r.offset for r in got] == list(range(50))


def test_bytes_are_bytes_and_nothing_stays_nothing(bus: Bus, group: str):
    topic = bus.topic()
    odd = [
        Message(topic, None, b"v"),
        Message(topic, b"k", None),
        Message(topic, b"\x00\xff", b"\xfe\x00", (("a", b"\xff"), ("a", b""), ("dlq_é", b"x"))),
        Message(topic, b"", b""),
    ]
    assert bus.publisher().publish(odd) == [True] * 4

    assert [Message(r.topic, r.key, r.value, r.headers) for r in take(bus.source(group, topic), 4)] == odd


def test_a_group_resumes_where_it_committed(bus: Bus, group: str):
    topic, publisher = bus.topic(), bus.publisher()
    publisher.publish(letters(topic, "a", "b", "c"))
    first = bus.source(group, topic)
    got = take(first, 3)
    first.commit(got[:2])
    first.close()
    second = bus.source(group, topic)
    assert values(take(second, 1)) == ["c"]

    second.commit(got)
    publisher.publish(letters(topic, "d"))
    assert values(take(second, 1)) == ["d"]


def test_what_was_read_and_not_committed_is_read_again(bus: Bus, group: str):
    topic = bus.topic()
    bus.publisher().publish(letters(topic, "a", "b"))
    first = bus.source(group, topic)
    take(first, 2)
    first.close()

    assert values(take(bus.source(group, topic), 2)) == ["a", "b"]


def test_a_new_group_and_a_new_topic_begin_at_the_beginning(bus: Bus, group: str):
    """No reset policy: what was written before the group first came is not skipped."""
    old, new, publisher = bus.topic(), bus.topic(), bus.publisher()
    publisher.publish(letters(old, "a"))
    first = bus.source(group, old)
    first.commit(take(first, 1))
    first.close()
    publisher.publish(letters(new, "b"))

    assert values(take(bus.source(group, old, new), 1)) == ["b"]


def test_an_offset_outside_the_log_is_lost_data(bus: Bus, group: str):
    topic = bus.topic()
    bus.publisher().publish(letters(topic, "a"))
    bus.commit_beyond(group, topic)

    with pytest.raises(DataLost):
        take(bus.source(group, topic), 1)


def test_two_groups_read_everything_each(bus: Bus, group: str):
    topic = bus.topic()
    bus.publisher().publish(letters(topic, "a", "b"))

    assert values(take(bus.source(group, topic), 2)) == ["a", "b"]
    assert values(take(bus.source(f"{group}-other", topic), 2)) == ["a", "b"]


def test_a_member_that_is_kept_alive_reads_on_after_it(bus: Bus, group: str):
    topic, publisher = bus.topic(), bus.publisher()
    publisher.publish(letters(topic, "a"))
    source = bus.source(group, topic)
    got = take(source, 1)
    publisher.publish(letters(topic, "b", "c"))
    for _ in range(20):
        source.keep_alive()
    source.commit(got)

    assert values(take(source, 2)) == ["b", "c"]


def test_a_static_member_that_died_is_back_at_once_under_its_name(bus: Bus, group: str):
    """It never said goodbye; nothing it had committed is read again, and nothing it had not is lost."""
    topic, publisher = bus.topic(), bus.publisher()
    publisher.publish(letters(topic, "a", "b"))
    first = bus.source(group, topic, member="slot-1")
    first.commit(take(first, 2)[:1])
    first.close()

    assert values(take(bus.source(group, topic, member="slot-1"), 1)) == ["b"]


def test_dead_letters_reach_their_topic_with_the_original_bytes(bus: Bus, group: str, monkeypatch: Any):
    topic = bus.topic()
    service = topic.removesuffix(".dead")
    record = Record("offer.made", 0, 7, b"key", b"\xff not json", (("own", b"\x00"), ("ce_id", b"x")))
    monkeypatch.setattr("shared.messaging.dead_letters.message", _into(topic))
    assert bury(bus.publisher(), service, [DeadLetter(record, "not_json", "why")])
    (got,) = take(bus.source(group, topic), 1)

    assert (got.key, got.value) == (record.key, record.value)
    assert got.headers[:2] == record.headers
    assert dict(got.headers)["dlq_reason"] == b"not_json"


def _into(topic: str) -> Callable[[str, DeadLetter], Message]:
    return lambda service, letter: replace(message(service, letter), topic=topic)


def test_the_ends_say_where_the_topics_end_and_how_far_the_group_is(bus: Bus, group: str):
    topic, other = bus.topic(), bus.topic()
    bus.publisher().publish(letters(topic, "a", "b", "c"))
    ends = bus.ends(group, topic, other)
    assert ends.read() == ({(topic, 0): 3, (other, 0): 0}, {(topic, 0): 0, (other, 0): 0})

    source = bus.source(group, topic, other)
    source.commit(take(source, 3)[:2])
    assert ends.read()[1][topic, 0] == 2


def test_a_message_that_is_too_big_fails_alone(bus: Bus, group: str):
    if isinstance(bus, MemoryBus):
        pytest.skip("memory holds everything")
    topic, publisher = bus.topic(), bus.publisher()
    sent = [*letters(topic, "a"), Message(topic, b"k", b"x" * 20_000_000), *letters(topic, "b")]

    assert publisher.publish(sent) == [True, False, True]
    assert publisher.publish(letters(topic, "c")) == [True]


def test_what_the_client_cannot_send_fails_alone(bus: Bus, group: str):
    if isinstance(bus, MemoryBus):
        pytest.skip("memory sends everything")
    topic = bus.topic()
    odd = [*letters("not a topic's name!", "a"), Message(topic, None, None), *letters(topic, "b")]

    assert bus.publisher().publish(odd) == [False, False, True]


class Member(threading.Thread):
    """One member of a group in a thread of its own: reads and commits until it is told to end."""

    def __init__(self, source: Any) -> None:
        super().__init__(daemon=True)
        self.source = source
        self.got: list[Record] = []
        self.failed: BaseException | None = None
        self._end = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            while not self._end.is_set():
                try:
                    records = self.source.poll()
                    self.source.commit(records)
                    self.got += records
                    self._end.wait(0.01)
                except Rebalanced:
                    continue
        except BaseException as error:
            self.failed = error
        finally:
            self.source.close()

    def end(self) -> None:
        self._end.set()
        self.join(PATIENCE)


def until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < end, what
        pause.wait(0.05)


@pytest.fixture
def members(bus: Bus, ground: str) -> None:
    if ground == "embedded" and isinstance(bus, KafkaBus):
        pytest.skip("the embedded broker keeps members that left")


def test_a_quiet_member_waits_in_its_polls_where_the_broker_holds_fetches_back(bus: Bus, group: str, ground: str):
    """And reads what comes; of a broker that answers at once it asks briefly."""
    if not isinstance(bus, KafkaBus):
        pytest.skip("memory has no fetches")
    topic, publisher = bus.topic(), bus.publisher()
    source = bus.source(group, topic)
    until(lambda: source.poll() == [] and source.joined, "it joins")
    holds = ground != "embedded"
    pause = threading.Event()
    end = time.monotonic() + 6
    while not source.waited and time.monotonic() < end:
        assert source.poll() == []
        pause.wait(0.05)

    assert source.waited is holds
    read: list[Record] = []
    reader = threading.Thread(target=lambda: until(lambda: read.extend(source.poll()) or read, "it is read"))
    reader.start()
    publisher.publish(letters(topic, "a"))
    reader.join()

    assert values(read) == ["a"]


@pytest.mark.usefixtures("members")
def test_two_members_share_the_partitions_and_one_takes_over_when_the_other_leaves(bus: Bus, group: str):
    topic, publisher = bus.topic(partitions=2), bus.publisher()
    keys = [b"%d" % n for n in range(20)]

    def write(round_: str) -> None:
        assert all(publisher.publish([Message(topic, key, round_.encode()) for key in keys]))

    def got(round_: str, *members: Member) -> set[bytes]:
        return {r.key or b"" for m in members for r in list(m.got) if r.value == round_.encode()}

    write("one")
    first = Member(bus.source(group, topic))
    until(lambda: len(got("one", first)) == 20, "the first member reads all of it")
    second = Member(bus.source(group, topic))
    number = 0

    def shared() -> bool:
        nonlocal number
        before = f"round {number}"
        number += 1
        write(f"round {number}")
        return bool(got(before, first)) and bool(got(before, second))

    until(shared, "both read")
    second.end()
    write("last")
    until(lambda: got("last", first, second) == set(keys), "the first takes over")
    first.end()

    assert (first.failed, second.failed) == (None, None)
    for n in range(1, number + 1):
        assert got(f"round {n}", first, second) == set(keys)


@pytest.mark.usefixtures("members")
def test_a_member_without_partitions_is_a_member_and_takes_over(bus: Bus, group: str):
    """Two workers and one partition: the second waits, and does not throw the first one out again and again."""
    topic, publisher = bus.topic(), bus.publisher()
    first = Member(bus.source(group, topic))
    publisher.publish(letters(topic, "a"))
    until(lambda: values(list(first.got)) == ["a"], "the first reads")
    second = Member(bus.source(group, topic))
    if isinstance(bus, KafkaBus):
        until(lambda: second.source.joined and first.source.joined, "both have joined")
        until(lambda: first.source.joined, "the first has not left")
    publisher.publish(letters(topic, "b"))
    until(lambda: len(values([*first.got, *second.got])) == 2, "one of them reads")
    first.end()
    publisher.publish(letters(topic, "c"))
    until(lambda: values([*second.got])[-1:] == ["c"], "the second takes over")
    second.end()

    assert (first.failed, second.failed) == (None, None)
