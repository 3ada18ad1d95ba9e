"""What a person has sent again: is it what this service had buried, or an event that stands in its topic?

Whoever may write to `<service>.redrive` could else have the service take anything, of any type. So a redriven record
names its letter, the service reads that letter in `<service>.dead`, which nobody but itself writes, and takes the
record only if it is the same and of the type that its first topic carries. Or it names the place of an event
(`golem backfill`): then the service takes what it reads there, where only the event's owner writes. A record that came
with neither becomes a letter that is never taken.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Protocol

from shared.messaging.dead_letters import PREFIX, own_headers
from shared.messaging.ports import Message, Record

LETTER = f"{PREFIX}letter"
EVENT = "event_at"
NO_LETTER = "no_letter"
Place = tuple[str, int, int]
"""(topic, partition, offset) of a letter in `<service>.dead`, or of an event in its topic."""


class Letters(Protocol):
    """Reads single records: dead letters of one service, and events that it reads."""

    def find(self, places: Iterable[Place]) -> Mapping[Place, Record]:
        """Those that are there; raises KafkaError where the broker is away."""
        ...


class NoLetters:
    """Of a service to which nothing is sent again."""

    def find(self, places: Iterable[Place]) -> Mapping[Place, Record]:
        return {}


def pointer(service: str, event_id: str, record: Record) -> Message:
    """Has a service take this record of an event, which stands in its topic."""
    at = f"{record.topic}/{record.partition}/{record.offset}"
    headers = (("ce_id", event_id.encode()), (EVENT, at.encode()))
    return Message(f"{service}.redrive", record.key, b"", headers)


def is_pointer(record: Record) -> bool:
    return EVENT in dict(record.headers)


def place_of(record: Record, service: str, types: Container[str]) -> Place | None:
    """Where the redriven record says that its letter is, or its event, which is one of these types."""
    named = dict(record.headers)
    if is_pointer(record):
        topic, _, place = named[EVENT].decode(errors="replace").partition("/")
    else:
        topic, place = f"{service}.dead", named.get(LETTER, b"").decode(errors="replace")
    partition, _, offset = place.partition("/")
    numbers = [int(each) for each in (partition, offset) if each.isascii() and each.isdigit() and len(each) < 19]
    if len(numbers) < 2 or (is_pointer(record) and topic not in types):
        return None
    return (topic, numbers[0], numbers[1])


def origin_of(letter: Record) -> str:
    """The topic that the record of this letter first came from."""
    said = dict(letter.headers)
    return (said.get(f"{PREFIX}origin") or said.get(f"{PREFIX}topic") or b"").decode(errors="replace")


def why_not(record: Record, letter: Record | None) -> str:
    """Why the service must not take this redriven record; "": it may."""
    if letter is None:
        return "no letter of this service, and no event that it reads, is where it says"
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
