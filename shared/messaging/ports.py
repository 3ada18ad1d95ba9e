"""What the relay and the consumer loop need of a broker; Kafka gives it, and so does the simulator's broker in
memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

PAUSED = "paused"
"""The text beside a committed offset whose topic its reader has paused."""

Place = tuple[str, int]
"""A partition: its topic and its number."""

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Record:
    """One record as it was read; `offset` is its place in (topic, partition).

    `unreadable` says why the client could not parse it; then the value may be the bytes as they lie in the log.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    unreadable: str = ""


@dataclass(frozen=True)
class Message:
    """One record to be written; records of one key keep their order within a topic."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Rebalanced(Exception):
    """Partitions went to another member while a batch was under way: drop it, it will be read again by whoever has
    them.
    """


class DataLost(Exception):
    """Committed offsets point outside the log: records are gone, or the broker is a new one. A person must decide."""


class Publisher(Protocol):
    """Writes records and waits for the broker's acknowledgement."""

    def publish(self, messages: Sequence[Message]) -> list[bool]:
        """Send all of them at once and tell of each whether it was acknowledged. Never raises for a broker that is
        away.
        """
        ...

    def close(self) -> None:
        """Let go of the broker; what was sent is acknowledged or given up by then."""
        ...


class Source(Protocol):
    """Reads records as a member of a consumer group. Used by one thread."""

    waited: bool
    """Whether the last poll, where it found nothing, has waited for records: who asks again need not rest."""

    @property
    def joined(self) -> bool:
        """Whether the group has given this member its partitions, if only none."""
        ...

    @property
    def assigned(self) -> frozenset[Place] | None:
        """The partitions that this member reads; None where the group has not given it any yet, or took them back. May
        be asked from any thread.
        """
        ...

    def poll(self) -> list[Record]:
        """The next records, perhaps none. Raises Rebalanced or DataLost."""
        ...

    def commit(self, records: Sequence[Record]) -> None:
        """All of these and what came before them is done, and with the last one read what is no record behind it (the
        markers of transactions). Raises Rebalanced if the partitions are not ours any more.
        """
        ...

    def pause(self, topic: str) -> None:
        """Read nothing more of this topic until the process ends, and have the group's offsets say so (`PAUSED`)."""
        ...

    def keep_alive(self) -> None:
        """Stay a member without reading, while a batch is tried again. Raises Rebalanced."""
        ...

    def close(self) -> None:
        """Commit what is done and leave the group."""
        ...
