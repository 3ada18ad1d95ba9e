"""Sends records: an idempotent producer that is made again after an error it cannot go on from."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, OutOfOrderSequenceNumberError

from shared.clock import Clock
from shared.messaging.kafka.connection import connection
from shared.messaging.kafka.opening import opened, shut
from shared.messaging.ports import Message
from shared.settings import Kafka
from shared.telemetry import outages

log = logging.getLogger(__name__)
_SEND_WITHIN = 20.0
_LARGEST = 2 * 1024 * 1024
"""Bytes of a request: a record as large as the topics take, with what a dead letter says beside it."""


class KafkaPublisher:
    """An idempotent producer that waits for its acknowledgements; made again after an error it cannot go on from."""

    def __init__(self, settings: Kafka, client: str, clock: Clock) -> None:
        self._settings, self._client, self._clock = settings, client, clock
        self._producer: KafkaProducer | None = None
        self._broken = False
        self._lock = threading.Lock()

    def publish(self, messages: Sequence[Message]) -> list[bool]:
        with self._lock:
            try:
                producer = self._ready()
            except KafkaError as error:
                outages.away(outages.KAFKA, self._client, error)
                return [False] * len(messages)
            acknowledged = self._send(producer, messages)
            if all(acknowledged):
                outages.back(outages.KAFKA, self._client)
            if self._broken:  # only now: what was sent beside the failure is not torn away with it
                self._drop()
            return acknowledged

    def _ready(self) -> KafkaProducer:
        if self._producer is None:
            self._producer = opened(
                KafkaProducer,
                **connection(self._settings, self._client),
                acks="all",
                enable_idempotence=True,
                linger_ms=5,
                request_timeout_ms=5000,
                delivery_timeout_ms=15_000,
                max_block_ms=5000,
                max_request_size=_LARGEST,
                allow_auto_create_topics=False,
            )
        return self._producer

    def _send(self, producer: KafkaProducer, messages: Sequence[Message]) -> list[bool]:
        futures: list[Any] = []
        failed_topics: set[str] = set()
        for message in messages:
            future = None
            if message.topic not in failed_topics:
                try:
                    future = producer.send(
                        message.topic, value=message.value, key=message.key, headers=list(message.headers)
                    )
                except (KafkaError, AssertionError, TypeError, ValueError) as error:
                    if isinstance(error, KafkaTimeoutError):  # no metadata: the next would wait as long
                        failed_topics.add(message.topic)
                    self._failed(message.topic, error)
            futures.append(future)
        end = self._clock.monotonic() + _SEND_WITHIN
        return [
            future is not None and self._acknowledged(future, message.topic, end)
            for future, message in zip(futures, messages, strict=True)
        ]

    def _acknowledged(self, future: Any, topic: str, end: float) -> bool:
        try:
            future.get(timeout=max(0.0, end - self._clock.monotonic()))
        except KafkaError as error:
            self._failed(topic, error)
            return False
        return True

    def _failed(self, topic: str, error: BaseException) -> None:
        if isinstance(error, KafkaTimeoutError) or getattr(error, "retriable", False):
            outages.away(outages.KAFKA, self._client, error)
        else:
            log.warning("a send failed", extra={"topic": topic, "error": type(error).__name__})
        # A producer that timed out may never send again, though its broker is back: seen after the broker was killed.
        gone = isinstance(error, OutOfOrderSequenceNumberError | KafkaTimeoutError)
        if gone or not getattr(error, "retriable", False):
            self._broken = True

    def _drop(self) -> None:
        producer, self._producer, self._broken = self._producer, None, False
        if producer is not None:
            shut(producer, timeout=1)

    def close(self) -> None:
        with self._lock:
            self._drop()
