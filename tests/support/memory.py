"""The database and the broker in memory, for pure tests and the simulator."""

from tests.support.memory_broker import (
    MemoryBroker,
    MemoryEnds,
    MemoryLetters,
    MemoryPublisher,
    MemorySource,
    memory_bus,
)
from tests.support.memory_collection import MemoryCollection

__all__ = [
    "MemoryBroker",
    "MemoryCollection",
    "MemoryEnds",
    "MemoryLetters",
    "MemoryPublisher",
    "MemorySource",
    "memory_bus",
]
