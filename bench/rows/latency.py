"""The latency of a payout: `confirm-hire` over HTTP → `escrow.released` at a raw consumer, open loop at half capacity.

Half of the capacity that was measured just before; each confirmation is sent at its own time and counted from then,
whether or not the one before was answered. The floor is one record produced and consumed. Target: the median at most 6
times the floor's; the 99th percentile beside it, and the CPU that all processes took from the first confirmation to
the last payout of each round.
"""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from bench import copies
from bench.floors import one_record
from bench.ground import Ground, until
from bench.load import open_loop
from bench.measure import Row, Target, in_turn, percentile
from bench.rows.paid import Contestant
from bench.sizes import Size
from bench.spent import Spent, spending

NAME = "confirm-hire → escrow.released"
_CLIENTS = 32
_PATIENCE_S = 120.0


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    topic = f"floor_{ground.prefix}one_record"
    ground.admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    capacity = Contestant(ground, ground.prefix, "").rate(2 * size.open_loop)
    ready = prepared(ground, size.open_loop * size.rounds)
    all_: list[float] = []
    spent = Spent()

    def ours() -> float:
        times = payouts(ground, [ready.pop() for _ in range(size.open_loop)], 2 / capacity, spent)
        all_.extend(times)
        return 1000 * statistics.median(times)

    try:
        found = in_turn(size.rounds, {
            "ours": ours,
            "floor": lambda: 1000 * statistics.median(one_record.latencies(ground.stack.kafka, topic, size.open_loop)),
        })  # fmt: skip
    finally:
        ground.admin.delete_topics([topic])
    beside: dict[str, float | str] = {
        "p99, ms": round(1000 * percentile(all_, 0.99), 1),
        "hires/s offered": round(capacity / 2, 1),
    }
    beside |= spent.beside(size.open_loop * size.rounds)
    yield Row(f"{NAME}, half of capacity, p50", "ms", "produce → consume of one record", Target("at most", 6),
              found["ours"], found["floor"], beside)  # fmt: skip


def prepared(ground: Ground, count: int) -> list[tuple[str, str]]:
    """(offer, its seeker's token) of so many hires that may be confirmed."""
    names = ground.names(count)
    people = [{ground.active.seeker: ground.pseudonym(f"seeker-{name}")} for name in names]
    hires = [ground.active.copy(name, person) for name, person in zip(names, people, strict=True)]
    copies.insert(ground.client, ground.prefix, hires)
    copies.produce(ground.producer, [record for each in hires for record in each.records])
    ground.quiet()
    return [(each.offer_id, ground.stack.token(f"seeker-{name}")) for name, each in zip(names, hires, strict=True)]


def payouts(ground: Ground, hires: list[tuple[str, str]], every: float, spent: Spent) -> list[float]:
    """Seconds from when each of these was to be confirmed to its `escrow.released`."""
    body = {"start_on": str(datetime.now(UTC).date())}
    asks = [
        lambda c, path=f"/v1/offers/{offer}/confirm-hire", token=token: c("POST", path, token, body, str(uuid4()))
        for offer, token in hires
    ]
    with _listening(ground) as seen, spending(ground, spent):
        times = open_loop(ground.stack.gateway, _CLIENTS, every, asks)
        until(lambda: all(offer in seen for offer, _ in hires), "the payouts", _PATIENCE_S)
    ground.quiet()
    return [seen[offer] - at for (offer, _), at in zip(hires, times, strict=True)]


@contextmanager
def _listening(ground: Ground) -> Iterator[dict[str, float]]:
    """When each offer's `escrow.released` was read."""
    consumer = KafkaConsumer(bootstrap_servers=[ground.stack.kafka], enable_auto_commit=False)
    places = [TopicPartition("escrow.released", n) for n in consumer.partitions_for_topic("escrow.released")]
    consumer.assign(places)
    consumer.seek_to_end(*places)
    for place in places:
        consumer.position(place)
    seen: dict[str, float] = {}
    ended = threading.Event()

    def listen() -> None:
        while not ended.is_set():
            polled = consumer.poll(timeout_ms=20)
            for records in polled.values():
                for record in records:
                    seen.setdefault(record.key.decode(), time.monotonic())
            if not polled:
                ended.wait(0.002)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join(5)
        consumer.close(autocommit=False)
