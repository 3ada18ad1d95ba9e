"""Records that kafka-python cannot parse, and markers that it never shows, on a real broker."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.errors import KafkaError

from shared.clock import SystemClock
from shared.messaging.kafka import KafkaLetters
from shared.messaging.ports import Message
from tests.stack.test_bus import KafkaBus, take, until, values
from tests.support import raw_records as raw


@pytest.fixture
def bus(kafka_server: str) -> Iterator[KafkaBus]:
    made = KafkaBus(kafka_server)
    yield made
    made.close()


@pytest.fixture
def group() -> str:
    return f"g-{secrets.token_hex(4)}"


def message(topic: str, value: bytes, *headers: tuple[str, bytes]) -> Message:
    return Message(topic, b"k", value, headers)


ODD: list[tuple[str, bytes]] = [(raw.Name(b"\xff\xfe"), b"x")]


def test_a_header_whose_name_is_not_utf_8_is_given_with_its_bytes_and_the_next_is_read(bus: KafkaBus, group: str):
    topic = bus.topic()
    raw.produce(bus.server, message(topic, b"a"))
    for _ in range(3):
        raw.produce(bus.server, message(topic, b"odd", *ODD), message(topic, b"with it"))
    raw.produce(bus.server, message(topic, b"z"))
    source = bus.source(group, topic)
    got = take(source, 8)

    assert values(got) == ["a", *["odd", "with it"] * 3, "z"]
    assert [bool(record.unreadable) for record in got] == [False, *[True, False] * 3, False]
    source.commit(got)
    assert bus.ends(group, topic).read()[1] == {(topic, 0): 8}


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_every_codec_is_read(bus: KafkaBus, group: str, codec: str):
    topic = bus.topic()
    raw.produce(bus.server, *(message(topic, b"%d" % n * 100) for n in range(5)), compression_type=codec)
    raw.produce(bus.server, message(topic, b"plain"))
    got = take(bus.source(group, topic), 6)

    assert [record.value for record in got] == [*(b"%d" % n * 100 for n in range(5)), b"plain"]
    assert not any(record.unreadable for record in got)


@pytest.fixture
def transactions(ground: str) -> None:
    if ground == "embedded":
        pytest.skip("the embedded broker knows no transactions")


@pytest.mark.usefixtures("transactions")
@pytest.mark.parametrize("commit", [True, False], ids=["committed", "aborted"])
def test_behind_a_transactions_marker_the_group_is_at_the_end(bus: KafkaBus, group: str, commit: bool):
    topic = bus.topic()
    raw.transaction(bus.server, f"x-{topic}", message(topic, b"a"), commit=commit)
    source, ends = bus.source(group, topic), bus.ends(group, topic)
    source.commit(take(source, 1))
    _until_at_the_end(source, ends)


@pytest.mark.usefixtures("transactions")
def test_a_marker_that_comes_alone_and_one_that_an_older_member_stood_before(bus: KafkaBus, group: str):
    """The group's offset lies before the marker; nothing comes behind it, and a new member reads."""
    topic = bus.topic()
    raw.transaction(bus.server, f"x-{topic}", message(topic, b"a"))
    bus.commit_at(group, topic, 1)
    _until_at_the_end(bus.source(group, topic), bus.ends(group, topic))


def _until_at_the_end(source: Any, ends: Any) -> None:
    def at_the_end() -> bool:
        assert source.poll() == []
        end, committed = ends.read()
        return bool(end == committed)

    until(at_the_end, "the group is at the end")


def test_letters_are_found_by_their_places_and_nothing_else_is(bus: KafkaBus, group: str):
    """Far apart, side by side, behind a marker or an unreadable one; a place that is none is not found."""
    bus.make(f"{group}.dead")
    raw.produce(bus.server, *(message(f"{group}.dead", b"%d" % n) for n in range(5)))
    raw.produce(bus.server, message(f"{group}.dead", b"odd", *ODD))
    raw.produce(bus.server, message(f"{group}.dead", b"last"))
    letters = KafkaLetters(bus.settings(), group, SystemClock())
    dead = f"{group}.dead"
    places = [(0, 6), (0, 0), (0, 1), (0, 3), (0, 5), (0, 7), (0, 10**17), (3, 0)]
    found = letters.find([(dead, *place) for place in places])

    assert {place[1:]: record.value for place, record in found.items() if place[0] == dead} == {
        (0, 0): b"0", (0, 1): b"1", (0, 3): b"3", (0, 5): b"odd", (0, 6): b"last",
    }  # fmt: skip
    assert letters.find([]) == {}


def test_letters_that_cannot_be_read_are_not_taken_for_none(bus: KafkaBus, group: str):
    with pytest.raises(KafkaError):
        KafkaLetters(bus.settings(), group, SystemClock()).find([(f"{group}.dead", 0, 0)])
