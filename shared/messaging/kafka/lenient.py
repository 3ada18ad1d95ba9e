"""Reads on behind records that kafka-python cannot parse, instead of standing before them for ever.

kafka-python 3.0 raises once for such a record, and its next poll never returns. A client made `lenient` gives an
`Unreadable` in the record's place, with the bytes it has and why it cannot be read, and goes on with the next one. It
stands in for the part of the client that unpacks what was fetched; the version is pinned, and
`tests/stack/test_unreadable.py` reads such records from every broker.
"""

import struct
from collections.abc import Iterator
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord, Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.legacy_records import LegacyRecordBatch
from kafka.record.util import decode_varint

from shared.messaging.kafka.inflate import inflate

_START = struct.Struct(">qi")
_MAGIC_AT = 16


class Unreadable(ConsumerRecord):  # type: ignore[misc]  # kafka-python has no types
    """Takes the place of a record, or of the rest of a batch, that cannot be read. `why` says so in words.

    Key, value and headers are the record's own where they could be found; else the value is the bytes as they lie in
    the log.
    """

    why: str


def lenient(consumer: Any) -> Any:
    """The same KafkaConsumer, which from now on reads behind what it cannot parse."""
    consumer._fetcher.PartitionRecords = _PartitionRecords
    return consumer


class _PartitionRecords(Fetcher.PartitionRecords):  # type: ignore[misc]  # kafka-python has no types
    """What was fetched of one partition, record by record."""

    next_fetch_offset: int

    def _unpack_records(self, _place: Any, fetched: Any, _key: Any, _value: Any) -> Iterator[Any]:
        for base, packed in _batches(memoryview(fetched._buffer)):
            batch, why = _open(packed)
            if batch is None:
                yield self._given(max(base, self.fetch_offset), None, None, bytes(packed), (), why)
                continue
            if batch.magic == 2:
                self.leader_epoch = batch.leader_epoch
                if not batch.is_control_batch:
                    yield from self._of_batch(batch, packed, why)
                self.next_fetch_offset = max(self.next_fetch_offset, batch.next_offset)
            else:
                yield from self._of_old_batch(batch, packed, why)
        self.drain()

    def _of_batch(self, batch: Any, packed: memoryview, why: str) -> Iterator[Any]:
        """The records of one batch; every one of them is unreadable where its CRC is wrong."""
        base, last = batch.base_offset, batch.last_offset
        try:
            if batch.compression_type:
                batch._buffer, batch._pos = bytearray(inflate(batch.compression_type, bytes(packed[batch._pos :]))), 0
                batch._decompressed = True
            iter(batch)
        except Exception as error:
            # Of a batch that was read in part, only what lies ahead is told of.
            first = max(base, min(self.fetch_offset, last))
            yield self._given(first, batch.max_timestamp, None, bytes(packed), (), why or _words(error))
            return
        expected = base
        for _ in range(batch.records_count):
            start = batch._pos
            try:
                record = next(batch)
                offset, stamp, found = record.offset, record.timestamp, (record.key, record.value, record.headers)
                fault = why
            except Exception as error:
                body, batch._pos = _body(batch._buffer, start)
                batch._next_record_index += 1
                delta, stamp_delta, found = _salvage(body)
                offset, stamp, fault = base + delta, batch.first_timestamp + stamp_delta, why or _words(error)
            if not expected <= offset <= last:
                offset, fault = min(expected, last), fault or f"it says to be at offset {offset}"
            yield self._given(offset, stamp, *found, fault)
            expected = offset + 1
            if batch._pos >= len(batch._buffer):
                break
        rest = bytes(batch._buffer[batch._pos :])
        if rest or batch._next_record_index < batch.records_count:
            yield self._given(last, batch.max_timestamp, None, rest, (), "its batch holds more or fewer than it says")

    def _of_old_batch(self, batch: Any, packed: memoryview, why: str) -> Iterator[Any]:
        """Of a format older than Apache Kafka 0.11, which no broker of today writes."""
        try:
            records = list(batch)
        except Exception as error:
            first = max(batch.base_offset, self.fetch_offset)
            yield self._given(first, None, None, bytes(packed), (), why or _words(error))
            return
        for record in records:
            yield self._given(record.offset, record.timestamp, record.key, record.value, (), why)

    def _given(self, offset: int, stamp: int | None, key: Any, value: Any, headers: Any, why: str) -> Any:
        self.records_read += 1
        self.bytes_read += len(value or b"")
        self.next_fetch_offset = max(self.next_fetch_offset, offset + 1)
        place, sizes = self.topic_partition, (len(key or b""), len(value or b""), -1)
        fields = (place.topic, place.partition, self.leader_epoch, offset, stamp or 0, 0, key, value, list(headers))
        if not why:
            return ConsumerRecord(*fields, None, *sizes)
        unreadable = Unreadable(*fields, None, *sizes)
        unreadable.why = why
        return unreadable


def _batches(buffer: memoryview) -> Iterator[tuple[int, memoryview]]:
    """(first offset, bytes) of each whole batch; the last may be cut off, and is then fetched again."""
    at = 0
    while len(buffer) - at >= _START.size:
        base, length = _START.unpack_from(buffer, at)
        end = at + _START.size + length if length >= 0 else len(buffer)
        if end > len(buffer):
            return
        yield base, buffer[at:end]
        at = end


def _open(packed: memoryview) -> tuple[Any, str]:
    """The batch and what is wrong with it ("": nothing is); None where it is no batch at all."""
    try:
        magic = packed[_MAGIC_AT]
        batch = DefaultRecordBatch(packed) if magic >= 2 else LegacyRecordBatch(packed, magic)
        return batch, "" if batch.validate_crc() else "its CRC is wrong"
    except Exception as error:
        return None, _words(error)


def _body(buffer: bytearray, start: int) -> tuple[bytes, int]:
    """The bytes of the record at `start`, and where the next one begins: the end, where its length is wrong."""
    try:
        length, at = decode_varint(buffer, start)
    except (ValueError, IndexError):
        length, at = -1, start
    if not 0 < length <= len(buffer) - at:
        return bytes(buffer[start:]), len(buffer)
    return bytes(buffer[at : at + length]), at + length


_Found = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


def _salvage(body: bytes) -> tuple[int, int, _Found]:
    """(offset delta, timestamp delta, (key, value, headers)) as far as the bytes have them; a header's name that is not
    UTF-8 is written with its bytes escaped.
    """
    try:
        stamp, at = decode_varint(body, 1)
        delta, at = decode_varint(body, at)
        key, at = _bytes(body, at)
        value, at = _bytes(body, at)
    except (ValueError, IndexError):
        return -1, 0, (None, body, [])
    headers: list[tuple[str, bytes | None]] = []
    try:
        count, at = decode_varint(body, at)
        for _ in range(min(count, len(body))):
            name, at = _bytes(body, at)
            content, at = _bytes(body, at)
            headers.append(((name or b"").decode(errors="backslashreplace"), content))
    except (ValueError, IndexError):
        pass  # what was found until here is all there is
    return delta, stamp, (key, value, headers)


def _bytes(body: bytes, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(body, at)
    if length < 0:
        return None, at
    if at + length > len(body):
        raise IndexError("cut short")
    return body[at : at + length], at + length


def _words(error: Exception) -> str:
    cause = error.args[0] if isinstance(error, CorruptRecordError) and error.args else error
    return f"{type(error).__name__}: {cause}"[:500]
