"""What kafka-python cannot parse takes one place each, and what lies behind it is read."""

from collections.abc import Callable
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.record import MemoryRecords

from shared.messaging.kafka import inflate
from shared.messaging.kafka.lenient import Unreadable, _PartitionRecords
from tests.support import raw_records as raw

PLACE = TopicPartition("t", 0)
ODD = raw.Name(b"\xff\xfe")
THREE = raw.batch(10, b"one", b"two", b"three", headers=[("name", b"x")])


def read(log: bytes, start: int = 10) -> tuple[list[Any], int]:
    """(records, where the next fetch begins) of bytes that were fetched at offset `start`."""
    part = _PartitionRecords(start, PLACE, MemoryRecords(log))
    records: list[Any] = []
    while part:
        records += part.take(2)
    return records, part.next_fetch_offset


def seen(records: list[Any]) -> list[tuple[int, bytes, bool]]:
    return [(r.offset, r.value, isinstance(r, Unreadable)) for r in records]


def test_what_can_be_read_is_read_as_ever():
    records, end = read(THREE)

    assert seen(records) == [(10, b"one", False), (11, b"two", False), (12, b"three", False)]
    assert [(r.key, r.headers, r.timestamp) for r in records] == [(b"k", [("name", b"x")], 1000)] * 3
    assert end == 13


@pytest.mark.parametrize("codec", raw.PACKED)
def test_every_codec_is_read(codec: str):
    records, end = read(raw.packed(*raw.PACKED[codec], THREE))

    assert seen(records) == seen(read(THREE)[0])
    assert end == 13


def test_a_header_whose_name_is_not_utf_8_leaves_the_record_its_bytes_and_the_others_their_turn():
    odd = raw.batch(13, b"odd", headers=[(ODD, b"1"), ("after", b"2")])
    records, end = read(THREE + odd + raw.batch(14, b"good"))

    assert seen(records)[3:] == [(13, b"odd", True), (14, b"good", False)]
    assert (records[3].key, records[3].headers) == (b"k", [("\\xff\\xfe", b"1"), ("after", b"2")])
    assert "UnicodeDecodeError" in records[3].why
    assert end == 15


def test_in_the_middle_of_a_batch_it_stands_for_itself_alone():
    mixed = raw.changed(
        raw.batch(10, b"one", b"two", b"three", headers=[("name", b"x")]), b"two\x02\x08name", b"two\x02\x08nam\xff"
    )
    assert seen(read(mixed)[0]) == [(10, b"one", False), (11, b"two", True), (12, b"three", False)]

    records, end = read(mixed, start=12)
    assert seen(records) == [(12, b"three", False)]
    assert end == 13


BROKEN: dict[str, bytes] = {
    "lz4 that is none": raw.packed(3, lambda plain: b"\x00\x01\x02", THREE),
    "gzip that is none": raw.packed(1, lambda plain: plain, THREE),
    "snappy that is none": raw.packed(2, lambda plain: b"\xff" * 9, THREE),
    "zstd that is none": raw.packed(4, lambda plain: plain, THREE),
    "a codec that nobody knows": raw.packed(7, lambda plain: plain, THREE),
    "a bomb": raw.packed(1, lambda plain: raw.PACKED["gzip"][1](b"\x00" * (1 << 20)), THREE),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_batch_that_cannot_be_unpacked_is_one_unreadable_record_with_its_bytes(fault: str, monkeypatch: Any):
    monkeypatch.setattr(inflate, "MOST", 100_000)
    records, end = read(BROKEN[fault] + raw.batch(13, b"good"))

    assert seen(records) == [(10, BROKEN[fault], True), (13, b"good", False)]
    assert end == 14
    assert seen(read(BROKEN[fault], start=11)[0]) == [(11, BROKEN[fault], True)]


def test_a_wrong_crc_makes_each_of_its_records_unreadable():
    records, end = read(raw.bad_crc(THREE) + raw.batch(13, b"good"))

    assert [(r.offset, isinstance(r, Unreadable)) for r in records] == [(10, True), (11, True), (12, True), (13, False)]
    assert records[0].value == b"one"
    assert {r.why for r in records[:3]} == {"its CRC is wrong"}
    assert end == 14


@pytest.mark.parametrize(
    "broken",
    [
        lambda whole: raw.changed(whole, b"\x06two", b"\x7ftwo"),  # a length beyond the record
        lambda whole: raw.changed(whole, b"two", b"tw"),  # a record that is shorter than it says
        lambda whole: raw.said(whole, 57, ">i", 1000),  # more records than there are
        lambda whole: raw.said(whole, 57, ">i", 2),  # fewer
        lambda whole: raw.said(whole, 16, ">b", 2)[:40],  # cut off
        lambda whole: raw.said(whole, 16, ">b", 0),  # said to be of an old format
        lambda whole: b"\x00" * 8 + b"\x00\x00\x00\x05hello",  # no batch at all
    ],
    ids=["length", "short", "more", "fewer", "cut", "old", "none"],
)
def test_whatever_the_bytes_reading_ends_and_goes_forward(broken: Callable[[bytes], bytes]):
    """What a fetch brings is left behind in finite steps, and says that something could not be read."""
    wrong = bytearray(broken(THREE))
    wrong[8:12] = (len(wrong) - 12).to_bytes(4, "big")
    records, end = read(bytes(wrong) + raw.batch(13, b"good"))

    assert any(isinstance(record, Unreadable) for record in records)
    assert seen(records)[-1] == (13, b"good", False)
    assert end == 14
    offsets = [record.offset for record in records]
    assert offsets == sorted(offsets)


def test_the_marker_of_a_transaction_is_passed_by():
    marker = raw.said(raw.batch(13, b"\x00\x00\x00\x00\x00\x00"), 21, ">h", 0x30)
    records, end = read(THREE + marker)

    assert len(records) == 3
    assert end == 14


def test_the_client_still_unpacks_by_the_part_that_is_stood_in_for():
    """Another version of kafka-python may do otherwise: then this must be thought of again."""
    fetcher = KafkaConsumer.__init__.__globals__["Fetcher"]

    assert "self.PartitionRecords(" in __import__("inspect").getsource(fetcher._parse_fetched_data)
