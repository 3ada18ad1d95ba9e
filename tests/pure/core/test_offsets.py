"""Where partitions begin and end, while kafka-python does not know the leaders of all of them."""

from typing import Any

import pytest
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import KafkaTimeoutError
from kafka.structs import OffsetAndTimestamp

from shared.messaging.kafka import end_offsets, first_offsets, offsets_since

A, B = TopicPartition("a", 0), TopicPartition("b", 0)


class Consumer:
    """KafkaConsumer's answers, of whose partitions the leaders become known one question after the other."""

    def __init__(self, *known: set[TopicPartition]) -> None:
        self.known, self.nothing_since = list(known), set[TopicPartition]()

    def _answer(self) -> set[TopicPartition]:
        return self.known.pop(0) if len(self.known) > 1 else self.known[0]

    def beginning_offsets(self, places: Any, timeout_ms: int) -> dict[TopicPartition, int]:
        offsets = dict.fromkeys(self._answer(), 7)
        return {place: offsets[place] for place in places}

    end_offsets = beginning_offsets

    def offsets_for_times(self, times: Any, timeout_ms: int) -> dict[TopicPartition, Any]:
        known = self._answer() - self.nothing_since
        return {place: OffsetAndTimestamp(7, at, -1) if place in known else None for place, at in times.items()}


@pytest.mark.parametrize("asked", [first_offsets, end_offsets])
def test_a_leader_that_is_not_known_yet_is_waited_for(asked: Any) -> None:
    assert asked(Consumer({A}, set(), {A, B}), [A, B]) == {A: 7, B: 7}
    assert asked(Consumer(set()), []) == {}


@pytest.mark.parametrize("asked", [first_offsets, end_offsets])
def test_a_leader_that_is_never_known_is_said(asked: Any) -> None:
    with pytest.raises(KafkaTimeoutError, match="all of a, b"):
        asked(Consumer({A}), [B, A], within=0.2)


def test_a_time_is_asked_for_once_all_leaders_are_known() -> None:
    """Before, "nothing came since" may mean that nobody was asked."""
    assert offsets_since(Consumer(*[{A}] * 9, {A, B}), {A: 1, B: 1}) == {A: 7, B: 7}
    assert offsets_since(Consumer(set()), {}) == {}

    with pytest.raises(KafkaTimeoutError):
        offsets_since(Consumer({A}), {A: 1, B: 1}, within=0.2)


def test_a_partition_in_which_nothing_came_since_has_no_answer() -> None:
    consumer = Consumer({A, B})
    consumer.nothing_since = {B}

    assert offsets_since(consumer, {A: 1, B: 1}) == {A: 7}


def test_the_library_leaves_out_what_has_no_leader() -> None:
    """The reason for all this; where it fails, the library does it itself."""

    class Cluster:
        def leader_for_partition(self, place: TopicPartition) -> int | None:
            return 0 if place == A else None

        def add_topic(self, topic: str) -> None: ...

        def request_update(self) -> None: ...

    fetcher = Fetcher.__new__(Fetcher)
    fetcher._manager = type("Manager", (), {"cluster": Cluster()})()

    assert list(fetcher._group_list_offset_requests({A: -1, B: -1})[0]) == [A]
