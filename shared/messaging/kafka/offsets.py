"""Where partitions begin and end, of all that are asked for.

kafka-python 3.0 leaves those out of its question whose leader it does not know at that moment (a broker restarts, the
metadata are being renewed): `end_offsets` then raises KeyError, `offsets_for_times` answers as if nothing came since.
"""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

Offsets = dict[TopicPartition, int]

_WITHIN = 20.0
_PAUSE = 0.1


def first_offsets(consumer: Any, places: Collection[TopicPartition], within: float = _WITHIN) -> Offsets:
    """The offset of the first record that each of these partitions holds. Raises KafkaTimeoutError."""
    return _all(consumer.beginning_offsets, places, within)


def end_offsets(consumer: Any, places: Collection[TopicPartition], within: float = _WITHIN) -> Offsets:
    """The offset behind the last record of each of these partitions. Raises KafkaTimeoutError."""
    return _all(consumer.end_offsets, places, within)


def offsets_since(consumer: Any, milliseconds: Mapping[TopicPartition, int], within: float = _WITHIN) -> Offsets:
    """The first offset at or after a time in each partition that has one. Raises KafkaTimeoutError.

    A partition has no answer where nothing came since, and where no leader is known: so all leaders are waited for.
    """
    if not milliseconds:
        return {}
    end_offsets(consumer, milliseconds, within)
    found = consumer.offsets_for_times(dict(milliseconds), timeout_ms=int(within * 1000))
    return {place: at.offset for place, at in found.items() if at is not None}


def _all(ask: Callable[..., Offsets], places: Collection[TopicPartition], within: float) -> Offsets:
    until = time.monotonic() + within
    while places and (left := until - time.monotonic()) > 0:
        try:
            return ask(list(places), timeout_ms=int(left * 1000) + 1)
        except KeyError:
            time.sleep(_PAUSE)
    if places:
        raise KafkaTimeoutError(f"no leader told the offsets of all of {', '.join(sorted({p.topic for p in places}))}")
    return {}
