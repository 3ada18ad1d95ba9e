"""Hires on a running stack, timed: from `confirm-hire` to the `escrow.released` that a subscriber reads."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from kafka import KafkaConsumer, TopicPartition

from deploy.embedded.stack import Stack
from tests.support.hires import Hire, Hires

_AT_ONCE = 8


class Released:
    """Listens to `escrow.released` and notes when each offer's arrived (monotonic seconds)."""

    def __init__(self, kafka: str) -> None:
        self.at: dict[str, float] = {}
        self._stop = threading.Event()
        self._consumer = KafkaConsumer(bootstrap_servers=[kafka], group_id=None, enable_auto_commit=False)
        parts = self._consumer.partitions_for_topic("escrow.released")
        places = [TopicPartition("escrow.released", partition) for partition in parts]
        self._consumer.assign(places)
        self._consumer.seek_to_end(*places)
        for place in places:
            self._consumer.position(place)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._stop.is_set():
            polled = self._consumer.poll(timeout_ms=2)
            for records in polled.values():
                for record in records:
                    self.at.setdefault(record.key.decode(), time.monotonic())
            if not polled:
                self._stop.wait(0.002)

    def wait(self, offers: list[str], seconds: float) -> None:
        """Until all of them were paid out. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not all(offer in self.at for offer in offers):
            if time.monotonic() > end:
                raise TimeoutError(f"{sum(o not in self.at for o in offers)} of {len(offers)} were not paid out")
            time.sleep(0.005)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self._consumer.close(autocommit=False)


def latencies(stack: Stack, count: int) -> list[float]:
    """Seconds from sending `confirm-hire` to reading `escrow.released`, one hire after the other."""
    released = Released(stack.kafka)
    try:
        with Hires(stack) as hires:
            return [_one(hires, released, hire) for hire in _prepare(hires, count)]
    finally:
        released.close()


def _one(hires: Hires, released: Released, hire: Hire) -> float:
    began = time.monotonic()
    hires.confirm(hire, claim=False)
    released.wait([hire.offer_id], 60)
    return released.at[hire.offer_id] - began


def seconds(stack: Stack, count: int) -> float:
    """Seconds from the first of `count` confirmations, eight at a time, to the last payout."""
    released = Released(stack.kafka)
    try:
        with Hires(stack) as hires:
            ready = _prepare(hires, count)
            began = time.monotonic()
            _together(lambda hire: hires.confirm(hire, claim=False), ready)
        released.wait([hire.offer_id for hire in ready], 30 + count)
        return max(released.at[hire.offer_id] for hire in ready) - began
    finally:
        released.close()


def _prepare(hires: Hires, count: int) -> list[Hire]:
    """Active offers, on one listing with a seat for each."""
    at = hires.published(seats=min(count + 1, 500))
    return _together(lambda _: hires.active(at=at), list(range(count)))


def _together(play: Callable[..., object], items: list[object]) -> list[object]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(play, items))
