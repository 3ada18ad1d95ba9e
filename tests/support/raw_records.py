"""Records that kafka-python does not write by itself, and some that no client can read."""

import gzip
import struct
from collections.abc import Callable, Sequence
from typing import Any

import lz4.frame
import snappy
import zstandard
from kafka import KafkaProducer
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.util import calc_crc32c

from shared.messaging.ports import Message

_HEADER = struct.Struct(">qiibIhiqqqhii")
_ATTRIBUTES_AT = 21
PACKED: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "gzip": (1, gzip.compress),
    "snappy": (2, snappy.compress),
    "lz4": (3, lz4.frame.compress),
    "zstd": (4, zstandard.ZstdCompressor().compress),
}


class Name(str):
    """A header's name of these bytes, which need not be UTF-8."""

    raw: bytes

    def __new__(cls, raw: bytes) -> "Name":
        made = super().__new__(cls, raw.decode(errors="backslashreplace"))
        made.raw = raw
        return made

    def encode(self, *_: object) -> bytes:
        return self.raw


def produce(server: str, *messages: Message, **options: Any) -> None:
    """Write them in one batch where it can be, acknowledged."""
    producer = KafkaProducer(bootstrap_servers=[server], acks="all", linger_ms=200, **options)
    try:
        sent = [
            producer.send(each.topic, key=each.key, value=each.value, headers=list(each.headers)) for each in messages
        ]
        for future in sent:
            future.get(timeout=20)
    finally:
        producer.close(timeout=5)


def transaction(server: str, name: str, *messages: Message, commit: bool = True) -> None:
    """Write them in one transaction: it leaves a marker behind them, of which no reader is told."""
    producer = KafkaProducer(bootstrap_servers=[server], transactional_id=name)
    try:
        producer.init_transactions()
        producer.begin_transaction()
        for each in messages:
            producer.send(each.topic, key=each.key, value=each.value, headers=list(each.headers)).get(timeout=20)
        producer.commit_transaction() if commit else producer.abort_transaction()
    finally:
        producer.close(timeout=5)


def batch(base: int, *values: bytes, headers: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """A record batch as it lies in a log, its first offset `base`."""
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1 << 20)
    for number, value in enumerate(values):
        builder.append(number, 1000, b"k", value, list(headers))
    return _with(bytearray(builder.build()), base=base)


def packed(codec: int, pack: Callable[[bytes], bytes], whole: bytes) -> bytes:
    """The same batch with its records packed, or broken, by `pack`, and said to be of that codec."""
    made = bytearray(whole[: _HEADER.size] + pack(whole[_HEADER.size :]))
    struct.pack_into(">h", made, _ATTRIBUTES_AT, codec)
    return _with(made)


def changed(whole: bytes, old: bytes, new: bytes) -> bytes:
    """The same batch with other bytes in it and the CRC that belongs to them."""
    assert old in whole[_HEADER.size :]
    return _with(bytearray(whole[: _HEADER.size] + whole[_HEADER.size :].replace(old, new)))


def said(whole: bytes, at: int, form: str, number: int) -> bytes:
    """The same batch with another number in its head, and the CRC that belongs to it."""
    made = bytearray(whole)
    struct.pack_into(form, made, at, number)
    return _with(made)


def bad_crc(whole: bytes) -> bytes:
    return whole[:-1] + bytes([whole[-1] ^ 1])


def _with(made: bytearray, base: int | None = None) -> bytes:
    if base is not None:
        struct.pack_into(">q", made, 0, base)
    struct.pack_into(">i", made, 8, len(made) - 12)
    struct.pack_into(">I", made, 17, calc_crc32c(bytes(made[_ATTRIBUTES_AT:])))
    return bytes(made)
