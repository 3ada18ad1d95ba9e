"""What a person has sent again: is it what this service had buried?

Whoever may write to `<service>.redrive` could else have the service take anything, of any type. So a redriven record
names its letter, the service reads that letter in `<service>.dead`, which nobody but itself writes, and takes the
record only if it is the same and of the type that its first topic carries. A record that came without a letter becomes
one that is never taken.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from shared.messaging.dead_letters import PREFIX, own_headers
from shared.messaging.ports import Record

LETTER = f"{PREFIX}letter"
NO_LETTER = "no_letter"
Place = tuple[int, int]
"""(partition, offset) of a letter in `<service>.dead`."""


class Letters(Protocol):
    """Reads one service's dead letters."""

    def find(self, places: Iterable[Place]) -> Mapping[Place, Record]:
        """Those of the letters that are there; raises KafkaError where the broker is away."""
        ...


class NoLetters:
    """Of a service that buries nothing."""

    def find(self, places: Iterable[Place]) -> Mapping[Place, Record]:
        return {}


def place_of(record: Record) -> Place | None:
    """Where the redriven record says that its letter is."""
    partition, _, offset = dict(record.headers).get(LETTER, b"").decode(errors="replace").partition("/")
    numbers = [int(each) for each in (partition, offset) if each.isascii() and each.isdigit() and len(each) < 19]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def origin_of(letter: Record) -> str:
    """The topic that the record of this letter first came from."""
    said = dict(letter.headers)
    return (said.get(f"{PREFIX}origin") or said.get(f"{PREFIX}topic") or b"").decode(errors="replace")


def why_not(record: Record, letter: Record | None) -> str:
    """Why the service must not take this redriven record; "": it may."""
    if letter is None:
        return "no letter of this service is where it says"
    said = dict(letter.headers)
    if said.get(f"{PREFIX}reason") == NO_LETTER.encode():
        return "its letter came without a letter itself"
    if f"{PREFIX}cut" in said:
        return "its letter does not hold all of it"
    same = (letter.key, letter.value or b"", own_headers(letter)) == (
        record.key,
        record.value or b"",
        own_headers(record),
    )
    return "" if same else "its letter says something else"
