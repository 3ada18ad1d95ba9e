"""What one client of the stream is sent, and how many clients there are at once."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pymongo.errors import PyMongoError

from services.notify.log import reading
from services.notify.log.reading import Entry
from services.notify.stream.tail import Tail
from shared.aggregate import Store
from shared.http.problems import Problem

LASTS = 300.0
"""Seconds after which the server ends a stream; the client comes back with the last cursor, and a token that counts."""

HEARTBEAT = 15.0
"""At least so often something is sent, in seconds."""

EACH = 20
"""Streams of one person at once."""

_RETRY_MS = 2_000
_BEHIND_AT_ONCE = 200
_WAIT = 5


@dataclass(frozen=True)
class Wanted:
    """Whose events, and which; None is any. `reads_all`: not those that are about the person alone."""

    person: str
    reads_all: bool = False
    types: frozenset[str] | None = None
    offer_id: str | None = None
    listing_id: str | None = None

    def has(self, entry: Entry) -> bool:
        return (
            entry.is_for(self.person, self.reads_all)
            and (self.types is None or entry.type in self.types)
            and self.offer_id in (None, entry.offer_id)
            and self.listing_id in (None, entry.listing_id)
        )


class Places:
    """At most `most` streams at once, and EACH of one person; whoever reads all has no limit of their own."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, Counter[str | None]()
        self._lock = threading.Lock()

    def take(self, person: str | None) -> None:
        """Raises Problem 429 where the person, 503 where the process has enough."""
        with self._lock:
            if person is not None and self._taken[person] >= EACH:
                words = f"At most {EACH} streams of one person are open at once."
                raise Problem("too-many-requests", words, retry_after=int(HEARTBEAT))  # by then one that was left ends
            if self._taken.total() >= self._most:
                raise Problem("unavailable", f"At most {self._most} streams are open here.", retry_after=_WAIT)
            self._taken[person] += 1

    def give_back(self, person: str | None) -> None:
        with self._lock:
            self._taken[person] -= 1
            self._taken += Counter()  # forgets who has none


class Streams:
    """The streams of one process, at most `most`."""

    def __init__(
        self, store: Store, most: int, ending: threading.Event, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._ending, self._monotonic = store, ending, monotonic
        self._places = Places(most)
        self._tail = Tail(store, ending)

    def open(self, number: int | None, wanted: Wanted, reset: bool) -> "Stream":
        """A stream of what comes after this number; None: from now on. Raises Problem 429 or 503 where there are too
        many.
        """
        if self._ending.is_set():
            raise Problem("unavailable", "This process ends.", retry_after=_WAIT)
        counted = None if wanted.reads_all else wanted.person
        self._places.take(counted)
        free = partial(self._places.give_back, counted)
        try:
            newest = self._tail.start()
            start = newest if number is None else number
            return Stream(self._sent(start, wanted, reset), free)
        except BaseException:
            free()
            raise

    def _sent(self, number: int, wanted: Wanted, reset: bool) -> Iterator[bytes]:
        ends = self._monotonic() + LASTS
        yield b":connected\n\nretry: %d\n\n" % _RETRY_MS
        yield _moved("reset" if reset else "offset-only", number)
        while not self._ending.is_set() and (left := ends - self._monotonic()) > 0:
            try:
                if not (entries := self._after(number)):
                    self._tail.wait(number, min(HEARTBEAT, left))
                    entries = self._after(number)
            except PyMongoError:
                return  # the client comes back with its cursor
            shown = [entry for entry in entries if wanted.has(entry)]
            number = entries[-1].number if entries else number
            yield b"".join(_event(entry, wanted.person) for entry in shown) or _moved("offset-only", number)

    def _after(self, number: int) -> Sequence[Entry]:
        at_hand = self._tail.after(number)
        return reading.after(self._store, number, _BEHIND_AT_ONCE) if at_hand is None else at_hand


class Stream:
    """The chunks of one stream; `close` gives its place to another, also where none was ever read."""

    def __init__(self, chunks: Iterator[bytes], free: Callable[[], None]) -> None:
        self._chunks, self._free, self._lock = chunks, free, threading.Lock()

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        with self._lock:
            free, self._free = self._free, lambda: None
        free()


def _event(entry: Entry, person: str) -> bytes:
    return _message(entry.type, entry.cursor, entry.structured(person))


def _moved(name: str, number: int) -> bytes:
    cursor = reading.cursor(number)
    return _message(name, cursor, {"cursor": cursor})


def _message(name: str, cursor: str, body: object) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return f"id: {cursor}\nevent: {name}\ndata: {text}\n\n".encode()
