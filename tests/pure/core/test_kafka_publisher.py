"""Kafka's publisher: which errors it goes on from with the producer it has, and after which it makes a new one."""

from collections.abc import Callable
from typing import Any

import pytest
from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotLeaderForPartitionError,
    OutOfOrderSequenceNumberError,
)

from shared.messaging.kafka import KafkaPublisher
from shared.messaging.kafka import publisher as publishing
from shared.messaging.ports import Message
from shared.settings import Kafka
from tests.support.clock import ManualClock

SETTINGS = Kafka(("127.0.0.1:9092",), "PLAINTEXT", None, None, None, None)
ONE, TWO, OTHER = Message("a", b"1", b"x"), Message("a", b"2", b"x"), Message("b", b"3", b"x")


class Future:
    def __init__(self, error: KafkaError | None) -> None:
        self.error = error

    def get(self, timeout: float) -> None:
        if self.error:
            raise self.error


class Producers:
    """In place of KafkaProducer: `made` are those that were made, and what each was told; `fate` says what becomes of a
    record, by its number since the start.
    """

    def __init__(self) -> None:
        self.made: list[Producers.One] = []
        self.fate: Callable[[int], KafkaError | None] = lambda number: None
        self.at_once = False
        self.nobody = False
        self.count = 0

    def __call__(self, **options: Any) -> "Producers.One":
        if self.nobody:
            raise KafkaConnectionError
        self.options = options
        self.made.append(Producers.One(self))
        return self.made[-1]

    class One:
        def __init__(self, all_of_them: "Producers") -> None:
            self.all, self.sent, self.closed = all_of_them, list[str](), False

        def send(self, topic: str, **record: Any) -> Future:
            assert not self.closed
            self.sent.append(topic)
            self.all.count += 1
            error = self.all.fate(self.all.count)
            if error and self.all.at_once:
                raise error
            return Future(error)

        def close(self, timeout: float) -> None:
            self.closed = True


@pytest.fixture
def producers(monkeypatch: pytest.MonkeyPatch) -> Producers:
    made = Producers()
    monkeypatch.setattr(publishing, "KafkaProducer", made)
    return made


@pytest.fixture
def publisher(producers: Producers) -> KafkaPublisher:
    return KafkaPublisher(SETTINGS, "test", ManualClock())


def test_one_producer_for_all_that_goes_well(producers: Producers, publisher: KafkaPublisher) -> None:
    assert publisher.publish([ONE, TWO]) == [True, True]
    assert publisher.publish([OTHER]) == [True]

    assert [one.sent for one in producers.made] == [["a", "a", "b"]]


@pytest.mark.parametrize("error", [KafkaTimeoutError(), OutOfOrderSequenceNumberError(), MessageSizeTooLargeError()])
def test_after_an_error_that_may_last_it_is_made_anew(
    producers: Producers, publisher: KafkaPublisher, error: KafkaError
) -> None:
    """A producer that timed out was seen to send nothing any more, though its broker was back. What went out beside the
    failure counts, and the old one is closed only then.
    """
    producers.fate = lambda number: error if number == 1 else None

    assert publisher.publish([ONE, OTHER]) == [False, True]
    assert publisher.publish([ONE]) == [True]
    assert [(one.sent, one.closed) for one in producers.made] == [(["a", "b"], True), (["a"], False)]


def test_an_error_that_passes_leaves_it_as_it_is(producers: Producers, publisher: KafkaPublisher) -> None:
    producers.fate = lambda number: NotLeaderForPartitionError() if number == 1 else None

    assert publisher.publish([ONE, TWO]) == [False, True]
    assert publisher.publish([ONE]) == [True]
    assert len(producers.made) == 1


def test_a_topic_without_metadata_is_waited_for_once(producers: Producers, publisher: KafkaPublisher) -> None:
    """Each further record of it would wait as long; other topics' records still go out."""
    producers.at_once = True
    producers.fate = lambda number: KafkaTimeoutError() if number == 1 else None

    assert publisher.publish([ONE, TWO, OTHER]) == [False, False, True]
    assert producers.made[0].sent == ["a", "b"]
    assert producers.made[0].closed


def test_without_a_broker_nothing_is_acknowledged(producers: Producers, publisher: KafkaPublisher) -> None:
    """And with one, it goes on by itself."""
    producers.nobody = True
    assert publisher.publish([ONE, TWO]) == [False, False]
    producers.nobody = False
    assert publisher.publish([ONE, TWO]) == [True, True]


def test_its_end_closes_the_producer(producers: Producers, publisher: KafkaPublisher) -> None:
    publisher.publish([ONE])
    publisher.close()
    publisher.close()

    assert producers.made[0].closed


def test_nothing_counts_as_sent_before_all_replicas_have_it_and_nothing_is_written_twice(
    producers: Producers, publisher: KafkaPublisher
) -> None:
    publisher.publish([ONE])

    assert (producers.options["acks"], producers.options["enable_idempotence"]) == ("all", True)
    assert not producers.options["allow_auto_create_topics"]
