"""How far a member has read each partition, and how far of it is done: what may be committed.

What is done is told by records, but offsets belong to more than records: a transaction's marker has one, and nobody is
ever given it. So where all that was given out is done, the client's own position is committed, not the last record's
offset plus one.
"""

from collections.abc import Iterable, Mapping, Sequence

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from shared.messaging.ports import PAUSED, Record


class Positions:
    """`pending` is what is done and not committed yet."""

    def __init__(self) -> None:
        self.pending: dict[TopicPartition, OffsetAndMetadata] = {}
        self.paused: set[str] = set()
        self._at: dict[TopicPartition, int] = {}
        self._given: dict[TopicPartition, int] = {}
        self._said: dict[TopicPartition, OffsetAndMetadata] = {}

    def gave(self, records: Iterable[Record]) -> None:
        """These were given out and are not done."""
        for record in records:
            self._given[TopicPartition(record.topic, record.partition)] = record.offset

    def moved(self, positions: Mapping[TopicPartition, int]) -> None:
        """So far the client has come; where nothing is given out, that is done."""
        self._at |= positions
        for place, position in positions.items():
            if position and place not in self._given:
                self._done(place, position)

    def done(self, records: Sequence[Record]) -> None:
        """These are done, and all that was given out before them."""
        last: dict[TopicPartition, int] = {}
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            last[place] = max(record.offset, last.get(place, 0))
        for place, offset in last.items():
            if self._given.get(place) == offset:
                del self._given[place]
                self._done(place, max(offset + 1, self._at.get(place, 0)))
            else:
                self._done(place, offset + 1)

    def said(self) -> None:
        """What was pending is committed."""
        self._said |= self.pending
        self.pending = {}

    def forget(self) -> None:
        """Partitions moved: whoever has them now commits for them. What is ours still is read from the group again."""
        self.pending, self._given, self._at, self._said = {}, {}, {}, {}

    def _done(self, place: TopicPartition, position: int) -> None:
        offset = OffsetAndMetadata(position, PAUSED if place.topic in self.paused else "", -1)
        if self._said.get(place) != offset:
            self.pending[place] = offset
