"""What a reading keeps on disk instead of in memory: the topics' records by subject, and how far the reading is.

One SQLite file. It takes about as much room as the topics; where it is kept, a reading that was broken off goes on.
"""

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from deploy.verify.snapshot import Place, Seen
from shared.events import Event

_TABLES = """
CREATE TABLE IF NOT EXISTS records (topic TEXT, partition INT, offset INT, at TEXT, source TEXT, subject TEXT, id TEXT,
  event TEXT, PRIMARY KEY (topic, partition, offset));
CREATE INDEX IF NOT EXISTS by_subject ON records (subject);
CREATE INDEX IF NOT EXISTS by_id ON records (id);
CREATE TABLE IF NOT EXISTS positions (topic TEXT, partition INT, next INT, PRIMARY KEY (topic, partition));
CREATE TABLE IF NOT EXISTS dead (service TEXT, id TEXT, PRIMARY KEY (service, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS firsts (what TEXT, id TEXT, holder TEXT, PRIMARY KEY (what, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS acknowledged (service TEXT, id TEXT, PRIMARY KEY (id, service)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (one INT PRIMARY KEY CHECK (one = 1), state TEXT);
PRAGMA synchronous = OFF;
"""
_MOST = 500
"""Values of one query."""
_all_of = attrgetter(*(each.name for each in fields(Event)))


class Spill:
    """`path` is a file, or "" for one in TMPDIR that is gone when this is closed. What was added since the last `keep`
    or `commit` is lost where this is not closed in order.

    Raises sqlite3.Error, here and in all that it does, where there is no room, or the file is none of these.
    """

    def __init__(self, path: str = "") -> None:
        self._db = sqlite3.connect(path, check_same_thread=False)  # one thread's, but whichever finds it left closes it
        weakref.finalize(self, self._db.close)
        self._db.executescript(_TABLES)

    def close(self) -> None:
        try:
            self._db.commit()
        finally:
            self._db.close()

    # -- filled

    def add(self, records: Iterable[Seen]) -> None:
        """Records of the events' topics; one that is there already stays as it is."""
        self._db.executemany("INSERT OR IGNORE INTO records VALUES (?,?,?,?,?,?,?,?)", map(_row, records))

    def add_dead(self, letters: Iterable[tuple[str, str]]) -> None:
        """(service, ce_id) of dead letters."""
        self._db.executemany("INSERT OR IGNORE INTO dead VALUES (?,?)", letters)

    def add_acknowledged(self, answers: Iterable[tuple[str, str]]) -> None:
        """(service, id) of documents that were acknowledged to clients."""
        self._db.executemany("INSERT OR IGNORE INTO acknowledged VALUES (?,?)", answers)

    def moved(self, positions: Mapping[Place, int]) -> None:
        """The offset in each partition from which the next records are added."""
        rows = [(*place, offset) for place, offset in positions.items()]
        self._db.executemany("INSERT OR REPLACE INTO positions VALUES (?,?,?)", rows)

    def positions(self) -> dict[Place, int]:
        rows = self._db.execute("SELECT topic, partition, next FROM positions")
        return {(topic, partition): offset for topic, partition, offset in rows}

    def commit(self) -> None:
        """Have all that was added stay, however this ends."""
        self._db.commit()

    def keep(self, progress: Mapping[str, Any]) -> None:
        """Write down how far the reading is, with all that was added since."""
        self._db.execute("INSERT OR REPLACE INTO progress VALUES (1, ?)", [json.dumps(progress)])
        self._db.commit()

    def progress(self) -> dict[str, Any] | None:
        """What was last kept; None where nothing was."""
        row = self._db.execute("SELECT state FROM progress").fetchone()
        return json.loads(row[0]) if row else None

    # -- asked

    def records(self, after: str, upto: str | None) -> list[Seen]:
        """Those whose subject is behind `after`, up to and with `upto` (None: all); by topic, partition and offset.
        What nobody can read has no subject, and comes with the first.
        """
        which, values = _span("subject", after, upto)
        which = f"({which})" if after else f"({which} OR subject IS NULL)"
        rows = self._db.execute(
            f"SELECT topic, partition, offset, at, event FROM records WHERE {which} ORDER BY topic, partition, offset",
            values,
        )
        return [_seen(*row) for row in rows]

    def edge(self, after: str, limit: int) -> str | None:
        """The last of the next `limit` subjects; None where there are not so many."""
        query = "SELECT DISTINCT subject FROM records WHERE subject > ? ORDER BY subject LIMIT 1 OFFSET ?"
        row = self._db.execute(query, [after, limit - 1]).fetchone()
        return str(row[0]) if row else None

    def subjects(self, event_ids: Sequence[str], topic: str | None = None) -> dict[str, tuple[str, str]]:
        """{id: (source, subject)} of those of these events that are on any topic, or on this one."""
        found: dict[str, tuple[str, str]] = {}
        for ids in _parts(event_ids):
            query = f"SELECT id, source, subject FROM records WHERE id IN ({_marks(ids)})"
            rows = self._db.execute(f"{query} AND topic = ?" if topic else query, [*ids, topic] if topic else ids)
            found |= {each: (source, subject) for each, source, subject in rows}
        return found

    def dead(self, service: str, event_ids: Sequence[str]) -> frozenset[str]:
        """Which of these events are dead letters of the service."""
        found: set[str] = set()
        for ids in _parts(event_ids):
            rows = self._db.execute(f"SELECT id FROM dead WHERE service = ? AND id IN ({_marks(ids)})", [service, *ids])
            found.update(row[0] for row in rows)
        return frozenset(found)

    def acknowledged(self, after: str, upto: str | None) -> list[tuple[str, str]]:
        which, values = _span("id", after, upto)
        return list(self._db.execute(f"SELECT service, id FROM acknowledged WHERE {which}", values))

    def holders(self, what: str, holders: Mapping[str, str]) -> dict[str, str]:
        """Whoever was the first to hold each of these ids, of all that were ever asked about: {id: holder}."""
        self._db.executemany("INSERT OR IGNORE INTO firsts VALUES (?,?,?)", [(what, *each) for each in holders.items()])
        found: dict[str, str] = {}
        for ids in _parts(sorted(holders)):
            query = f"SELECT id, holder FROM firsts WHERE what = ? AND id IN ({_marks(ids)})"
            found.update(self._db.execute(query, [what, *ids]))
        return found

    def unreadable(self) -> int:
        """How many records nobody can read."""
        return int(self._db.execute("SELECT count(*) FROM records WHERE event IS NULL").fetchone()[0])


def _span(name: str, after: str, upto: str | None) -> tuple[str, list[str]]:
    return (f"{name} > ?", [after]) if upto is None else (f"{name} > ? AND {name} <= ?", [after, upto])


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[at : at + _MOST] for at in range(0, len(ids), _MOST))


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))


def _row(seen: Seen) -> tuple[Any, ...]:
    event = seen.event
    known = (event.source, event.subject, event.id, _text(event)) if event else (None, None, None, None)
    return (seen.topic, seen.partition, seen.offset, seen.at.isoformat(), *known)


def _text(event: Event) -> str:
    return json.dumps(_all_of(event), default=datetime.isoformat)


def _seen(topic: str, partition: int, offset: int, at: str, text: str | None) -> Seen:
    if text is None:
        return Seen(topic, partition, offset, datetime.fromisoformat(at), None)
    own = json.loads(text)
    own[6] = datetime.fromisoformat(own[6])
    return Seen(topic, partition, offset, datetime.fromisoformat(at), Event(*own))
