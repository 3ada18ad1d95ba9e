"""The checksum of Kafka's records is summed in C: kafka-python does it in Python wherever the extension is missing."""

import sys

from kafka.record import util


def test_kafka_python_sums_with_the_extension():
    assert util.crc32c_c is sys.modules["crc32c"].crc32c


def test_it_sums_as_kafka_does():
    """The check value of CRC-32C (Castagnoli)."""
    assert util.calc_crc32c(b"123456789") == 0xE3069283
