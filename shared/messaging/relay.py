"""The relay: sends what documents have in their outboxes, and marks it when the broker has it.

For each document with `outbox_at`, the events above `published` go out in the order of their numbers, at most one in
flight for an aggregate and topic, so that a topic's order holds when a send fails. The mark matches the document
exactly as it was read (`seq`, `published`, `outbox_at`), or one that has only emitted more since. Where nothing
matches (a replay was asked for), nothing is marked and the events go out again with the same ids. The relay never
touches `version`. What the broker has beyond a document's mark (the database failed it, or an event before it could
not be sent) is known here for a while, and is not sent again.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from shared.aggregate import Document, Store, once
from shared.events import Event, encode, source_of
from shared.messaging.ports import Message, Publisher
from shared.telemetry import metrics, traces

log = logging.getLogger(__name__)
_FIELDS = {"events": 1, "seq": 1, "published": 1, "outbox_at": 1, "replays": 1}
_RETRY_S = 1.0
_FORGOTTEN_S = 180.0
"""What was not tried again for so long, another worker has sent."""

_KNOWN_S = 60.0
"""How long what was acknowledged and not marked is known."""

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Failed:
    """A document whose last send failed: it waits `since` then, and rests until that moment (monotonic)."""

    since: datetime
    until: float


@dataclass(frozen=True)
class _Sent:
    """The ids of what the broker has beyond this mark, as long as no replay is asked for, until then (monotonic)."""

    published: int
    replays: int
    ids: frozenset[str]
    until: float
    marked: bool
    """Whether the mark says as much as it can."""


@dataclass
class _Outbox:
    """One document's waiting events; `sent` are the numbers the broker has acknowledged in this pass."""

    doc: Document
    waiting: list[dict[str, Any]]
    sent: set[int] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)

    def watermark(self) -> int:
        mark = int(self.doc["published"])
        while mark + 1 in self.sent:
            mark += 1
        return mark


class Relay:
    """One service's relay. `step()` moves up to `limit` documents' events and returns how many events were
    acknowledged; `beat` is called before each round that it sends.
    """

    def __init__(
        self,
        service: str,
        store: Store,
        publisher: Publisher,
        limit: int = 500,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.service = service
        self.store = store
        self.publisher = publisher
        self.source = source_of(service)
        self.limit = limit
        self.beat = beat
        self._failed: dict[str, _Failed] = {}
        self._sent: dict[str, _Sent] = {}

    def note(self) -> None:
        """Mark what was sent where the mark failed, and send nothing: at the end of a process."""
        waiting = {"_id": {"$in": self.unmarked()}, "outbox_at": {"$gte": _EVER}}
        outboxes = [self._outbox(doc) for doc in self.store.collection.find(waiting, _FIELDS)]
        if sent := [box for box in outboxes if box.sent]:
            self._mark(sent)

    def unmarked(self) -> list[str]:
        """The documents of which events were sent, and whose mark failed."""
        return sorted(name for name, sent in self._sent.items() if not sent.marked)

    def step(self) -> int:
        now = self.store.clock.monotonic()
        self._sent = {name: sent for name, sent in self._sent.items() if sent.until >= now}
        # Whatever its time: a clock that ran ahead must not hold events back, and what failed rests by `_failed`.
        ready = {"outbox_at": {"$gte": _EVER}}
        found = once(self.store.collection.find(ready, _FIELDS).limit(self.limit))
        outboxes = [self._outbox(doc) for doc in found if not self._rests(doc)]
        if not outboxes:
            return 0
        for wave in _waves(outboxes):
            self.beat()
            for (box, event), done in zip(wave, self._publish(wave), strict=True):
                if done:
                    box.sent.add(event["seq"])
                else:
                    box.stuck.add(event["type"])
        sent = self._count(outboxes)
        self._mark(outboxes)
        return sent

    def stuck_since(self) -> datetime | None:
        """Since when the oldest waits of what failed within the last minutes, None where nothing does: a failure moves
        `outbox_at` behind the others', so the document does not tell.
        """
        now = self.store.clock.monotonic()
        recent = [each.since for each in list(self._failed.values()) if now - each.until < _FORGOTTEN_S]
        return min(recent, default=None)

    def _count(self, outboxes: Sequence[_Outbox]) -> int:
        """How many events were acknowledged in this pass."""
        waiting = sum(len(box.waiting) for box in outboxes)
        sent = [event for box in outboxes for event in box.waiting if event["seq"] in box.sent]
        for event in sent:
            metrics.EVENTS_PUBLISHED.labels(self.service, event["type"]).inc()
        if len(sent) < waiting:
            metrics.RELAY_FAILURES.labels(self.service).inc()
            log.debug("some events were not acknowledged; they go out again", extra={"acknowledged": len(sent)})
        return len(sent)

    def _rests(self, doc: Document) -> bool:
        """Whether a send of this document failed a moment ago."""
        failed = self._failed.get(doc["_id"])
        return failed is not None and failed.until > self.store.clock.monotonic()

    def _outbox(self, doc: Document) -> _Outbox:
        published = doc.get("published", 0)
        doc["published"] = published
        after = [event for event in doc.get("events", ()) if event["seq"] > published]
        known = self._sent.pop(doc["_id"], None)
        if known is None or known.until < self.store.clock.monotonic():
            return _Outbox(doc, after)
        if (known.published, known.replays) != (published, doc.get("replays", 0)):
            return _Outbox(doc, after)  # another worker has marked it, or a replay was asked for
        sent = {event["seq"] for event in after if event["id"] in known.ids}
        return _Outbox(doc, [event for event in after if event["seq"] not in sent], sent)

    def _publish(self, wave: Sequence[tuple[_Outbox, dict[str, Any]]]) -> list[bool]:
        """Of each event whether it was acknowledged; one that cannot be encoded as a record is not, and holds up its
        own document alone.
        """
        messages = [self._message(box.doc, event) for box, event in wave]
        began = time.time_ns()
        acknowledged = iter(self.publisher.publish([message for message in messages if message]))
        done = [message is not None and next(acknowledged) for message in messages]
        for (_, event), sent in zip(wave, done, strict=True):
            _trace(event, began, sent)
        return done

    def _message(self, doc: Document, stored: dict[str, Any]) -> Message | None:
        event = Event(
            id=stored["id"],
            type=stored["type"],
            version=stored["version"],
            source=self.source,
            subject=str(doc["_id"]),
            sequence=stored["seq"],
            time=stored["time"],
            data=stored["data"],
            traceparent=stored.get("traceparent"),
        )
        try:
            key, value, headers = encode(event)
        except ValueError:
            log.exception("an event cannot be published", extra={"event_id": event.id, "topic": event.type})
            return None
        return Message(event.type, key, value, tuple(headers))

    def _mark(self, outboxes: Sequence[_Outbox]) -> None:
        """Mark what was acknowledged. A document that emitted more meanwhile keeps its `outbox_at`, for the rest."""
        outboxes = sorted(outboxes, key=lambda box: str(box.doc["_id"]))  # as all who write several documents
        marks = [self._mark_of(box) for box in outboxes]
        try:
            if self.store.collection.bulk_write(marks, ordered=False).matched_count < len(marks):
                self.store.collection.bulk_write([self._mark_moved(box) for box in outboxes], ordered=False)
        except PyMongoError:
            for box in outboxes:
                self._remember(box, box.doc["published"], marked=False)
            raise
        for box in outboxes:
            self._remember(box, box.watermark(), marked=True)

    def _remember(self, box: _Outbox, published: int, marked: bool) -> None:
        """What the broker has of it beyond this mark."""
        ids = frozenset(e["id"] for e in box.doc.get("events", ()) if published < e["seq"] in box.sent)
        if ids:
            until = self.store.clock.monotonic() + _KNOWN_S
            self._sent[box.doc["_id"]] = _Sent(published, box.doc.get("replays", 0), ids, until, marked)

    @staticmethod
    def _mark_moved(box: _Outbox) -> UpdateOne:
        doc = box.doc
        moved_on = {**_mark_as_read(doc), "seq": {"$gt": doc["seq"]}}
        return UpdateOne(moved_on, {"$set": {"published": box.watermark()}})

    def _mark_of(self, box: _Outbox) -> UpdateOne:
        doc, mark = box.doc, box.watermark()
        as_read = {**_mark_as_read(doc), "seq": doc["seq"], "outbox_at": doc["outbox_at"]}
        if mark == doc["seq"]:
            self._failed.pop(doc["_id"], None)
            return UpdateOne(as_read, {"$set": {"published": mark}, "$unset": {"outbox_at": ""}})
        before = self._failed.get(doc["_id"])
        since = before.since if before else doc["outbox_at"]
        self._failed[doc["_id"]] = _Failed(since, self.store.clock.monotonic() + _RETRY_S)
        later = self.store.clock.now() + timedelta(seconds=_RETRY_S)
        return UpdateOne(as_read, {"$set": {"published": mark, "outbox_at": later}})


def _mark_as_read(doc: Document) -> Document:
    """The document while nobody has marked it since, nor asked for a replay; what is not there matches None."""
    return {"_id": doc["_id"], "published": doc["published"], "replays": doc.get("replays")}


def _trace(event: dict[str, Any], began: int, sent: bool) -> None:
    attributes = {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.destination.name": event["type"],
        "messaging.message.id": event["id"],
    }
    traces.done(f"send {event['type']}", event.get("traceparent"), began, "producer", attributes, failed=not sent)


def _waves(outboxes: Sequence[_Outbox]) -> Iterator[list[tuple[_Outbox, dict[str, Any]]]]:
    """Rounds in which no document sends twice to one topic; a topic that failed for a document is left out after
    that.
    """
    rest = [(box, list(box.waiting)) for box in outboxes if box.waiting]
    while rest:
        wave, left = [], []
        for box, events in rest:
            used: set[str] = set()
            later = []
            for event in events:
                topic = event["type"]
                if topic in box.stuck:
                    continue
                if topic in used:
                    later.append(event)
                else:
                    used.add(topic)
                    wave.append((box, event))
            if later:
                left.append((box, later))
        if wave:
            yield wave
        rest = left
