"""Overhears the events on Kafka while the story runs, as any subscriber may: without a group, from now on."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from shared.events import EVENT_NAMES, Event, Poison, decode
from shared.messaging.kafka import end_offsets, lenient, opened, shut


@dataclass
class Overheard:
    """One event as it came by, `after` seconds after the listening began."""

    event: Event
    partition: int
    offset: int


class Ear:
    """Calls `tell` for each event in a thread of its own, until closed."""

    def __init__(self, client: dict[str, Any], tell: Callable[[Overheard], None]) -> None:
        self._tell = tell
        self._stop = threading.Event()
        options = {"group_id": None, "enable_auto_commit": False, "auto_offset_reset": "latest"}
        self._consumer = lenient(opened(KafkaConsumer, **client, **options))
        try:
            self._listen_to(sorted(EVENT_NAMES))
        except BaseException:
            self._shut()
            raise
        self._thread = threading.Thread(target=self._run, name="ear", daemon=True)
        self._thread.start()

    def _listen_to(self, topics: Sequence[str]) -> None:
        places = [TopicPartition(t, p) for t in topics for p in self._consumer.partitions_for_topic(t) or ()]
        self._consumer.assign(places)
        for place, end in end_offsets(self._consumer, places).items():
            self._consumer.seek(place, end)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                polled = self._consumer.poll(timeout_ms=5)
            except KafkaError:
                self._stop.wait(0.2)
                continue
            for record in (r for records in polled.values() for r in records):
                try:
                    event = decode(record.key, record.value, record.headers)
                except Poison:
                    continue
                self._tell(Overheard(event, record.partition, record.offset))
            if not polled:
                self._stop.wait(0.02)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self._shut()

    def _shut(self) -> None:
        shut(self._consumer, autocommit=False, timeout_ms=1000)
