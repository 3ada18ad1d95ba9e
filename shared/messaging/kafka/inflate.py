"""Unpacks a compressed record batch, and no more of it than memory bears: a megabyte may unpack to gigabytes."""

import struct
import zlib
from typing import Any

import lz4.frame
import snappy
import zstandard

MOST = 64 * 1024 * 1024
"""Bytes that one batch may unpack to."""

_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16


class TooMuch(ValueError):
    """The batch unpacks to more than `MOST` bytes."""


def inflate(codec: int, packed: bytes) -> bytes:
    """The records of a batch whose attributes name `codec` (1 gzip, 2 snappy, 3 lz4, 4 zstd).

    Raises TooMuch, ValueError for an unknown codec, and what the codecs raise of bytes that are none of theirs.
    """
    match codec:
        case 1:
            stream = zlib.decompressobj(wbits=31)
            plain = _whole(stream, stream.decompress(packed, MOST + 1))
        case 2:
            plain = _snappy(packed)
        case 3:
            frame: Any = lz4.frame.LZ4FrameDecompressor()
            plain = _whole(frame, frame.decompress(packed, max_length=MOST + 1))
        case 4:
            with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
                plain = reader.read(MOST + 1)
        case _:
            raise ValueError(f"no codec has the number {codec}")
    if len(plain) > MOST:
        raise TooMuch(f"it unpacks to more than {MOST} bytes")
    return plain


def _whole(stream: Any, plain: bytes) -> bytes:
    if not stream.eof and len(plain) <= MOST:
        raise ValueError("its end is missing")
    return plain


def _snappy(packed: bytes) -> bytes:
    """One block, or the blocks of Java's framing, each with its length before it."""
    if not packed.startswith(_XERIAL):
        return _block(packed, MOST)
    blocks, at, left = [], _XERIAL_HEADER, MOST
    while at < len(packed):
        (length,) = struct.unpack_from(">I", packed, at)
        blocks.append(_block(packed[at + 4 : at + 4 + length], left))
        left -= len(blocks[-1])
        at += 4 + length
    return b"".join(blocks)


def _block(packed: bytes, most: int) -> bytes:
    """A block begins with the length it unpacks to, as a varint."""
    length = shift = 0
    for byte in packed[:5]:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if length > most:
        raise TooMuch(f"it unpacks to more than {MOST} bytes")
    return bytes(snappy.decompress(packed))
