"""A gauge of what is read outside is there only while it can be read, and the workers' lags add up."""

from collections.abc import Iterator
from math import isnan

import pytest
from prometheus_client import REGISTRY, Gauge
from pymongo.errors import AutoReconnect

from shared.messaging.frontier import Frontier
from shared.messaging.ports import Message
from shared.poller import Lease
from shared.process.health import probe
from shared.process.work import Work
from shared.process.worker import Worker
from shared.telemetry import metrics
from tests.support.clock import ManualClock
from tests.support.memory import MemoryBroker, MemoryCollection, MemoryEnds, MemorySource, memory_bus
from tests.support.toy import BOX, Toys

OF_BROKER = ("golem_consumer_lag", "golem_group_lag", "golem_group_committed")
OF_DATABASE = ("golem_outbox_pending", "golem_outbox_oldest_seconds", "golem_timers_due", "golem_parked_events")
TOPICS = ("a", "b")


def value(name: str, service: str = "boxes", **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"service": service, **labels})


class Given:
    """A worker in memory, whose broker and database may be away."""

    def __init__(self) -> None:
        self.away = False
        self.toys = Toys(MemoryCollection(fault=self._asked))
        self.clock = self.toys.store.clock
        self.broker = MemoryBroker(partitions=4)
        work = Work(service="boxes", store=self.toys.store, routes={}, lifecycles=(BOX,))
        self.worker = Worker(work, memory_bus(self.broker, "boxes", work.topics), "one")

    def _asked(self, step: str) -> None:
        if self.away:
            raise AutoReconnect("away")


@pytest.fixture
def given() -> Iterator[Given]:
    yield Given()
    metrics.unknown(metrics.REACHED, metrics.FRONTIER_PASSED)


def test_what_the_broker_does_not_tell_is_not_shown_and_comes_back(given: Given) -> None:
    given.broker.append(Message("boxes.redrive", b"k", b"{}"))
    given.worker.loops.observe()
    assert [value(name) for name in OF_BROKER] == [1, 1, 0]

    given.broker.away = True
    given.worker.loops.observe()
    assert [value(name) for name in OF_BROKER] == [None, None, None]

    given.broker.away = False
    given.worker.loops.observe()
    assert [value(name) for name in OF_BROKER] == [1, 1, 0]


def test_what_the_database_does_not_tell_is_not_shown_and_comes_back(given: Given) -> None:
    given.toys.opened()
    given.worker.measure()
    before = [value(name) for name in OF_DATABASE]
    given.away = True
    given.worker.measure()
    away = [value(name) for name in OF_DATABASE]
    given.away = False
    given.worker.measure()

    assert None not in before and away == [None] * 4
    assert [value(name) for name in OF_DATABASE] == before


def test_an_outbox_that_is_tried_in_vain_grows_older(given: Given) -> None:
    """While the broker is away, each failed send moves the document; the gauge that pages goes by its first event."""
    given.toys.opened()
    given.broker.away = True
    for _ in range(4):
        given.worker.loops.relay()
        given.clock.advance(20)
    given.worker.measure()
    assert value("golem_outbox_oldest_seconds") == 80

    given.broker.away = False
    given.worker.loops.relay()
    given.worker.measure()
    assert value("golem_outbox_oldest_seconds") == 0


def test_a_lease_of_which_nothing_is_known_is_not_shown(given: Given) -> None:
    lease = Lease(given.toys.store.collection, "boxes", "one", given.clock, renew_after=0)
    assert lease.held() and value("golem_lease_held") == 1

    given.away = True
    with pytest.raises(AutoReconnect):
        lease.held()

    assert value("golem_lease_held") is None


@pytest.mark.parametrize("gauge", [metrics.JOURNAL_SUM, metrics.RECONCILIATION_DIFFERENCES, metrics.PARKED])
def test_no_alert_can_fire_for_what_is_unknown(gauge: Gauge) -> None:
    """There is no sample, or none that is more or less than anything."""
    metrics.unknown(gauge)

    assert not [sample for family in gauge.collect() for sample in family.samples if not isnan(sample.value)]


def test_since_when_each_part_is_away(given: Given) -> None:
    """From the start on: what was never reached is away, too."""
    began = given.clock.now().timestamp()
    given.broker.away = given.away = True
    given.clock.advance(61)
    given.worker.loops.observe()
    given.worker.measure()
    assert [value("golem_reached_seconds", part=part) for part in ("broker", "database")] == [began, began]
    assert value("golem_frontier_passed_seconds") == began

    given.broker.away = given.away = False
    given.worker.loops.observe()
    given.worker.measure()
    assert [value("golem_reached_seconds", part=part) for part in ("broker", "database")] == [began + 61] * 2
    assert value("golem_frontier_passed_seconds") == began + 61


def test_a_worker_without_its_broker_for_three_minutes_is_not_ready_and_is_not_started_again(given: Given) -> None:
    given.worker.loops.observe()
    given.broker.away = True
    given.clock.advance(180)
    given.worker.loops.observe()
    assert probe(given.worker.ready())[0] == 200

    given.clock.advance(1)
    given.worker.loops.observe()
    status, _, body = probe(given.worker.ready())
    assert status == 503 and b"broker" in body
    for pulse in given.worker.pulses.values():
        pulse.beat()
    assert probe(given.worker.live())[0] == 200

    given.broker.away = False
    given.worker.loops.observe()
    assert probe(given.worker.ready())[0] == 200


@pytest.mark.parametrize("members", [1, 2, 3, 5])
def test_the_lags_of_a_groups_workers_add_up_to_the_groups(members: int) -> None:
    broker, clock = MemoryBroker(partitions=4), ManualClock()
    for number in range(40):
        broker.append(Message(TOPICS[number % 2], b"%d" % number, b"{}"))
    names = [f"member-{number}" for number in range(members)]
    sources = [MemorySource(broker, "boxes", TOPICS, name) for name in names]
    found = []
    for source in sources:
        frontier = Frontier("boxes", MemoryEnds(broker, "boxes", TOPICS), clock, assigned=lambda s=source: s.assigned)
        frontier.observe()
        found.append(value("golem_consumer_lag"))
        assert value("golem_group_lag") == 40

    assert sum(lag or 0 for lag in found) == 40
    assert all(lag is not None for lag in found) and max(lag or 0 for lag in found) <= -(-40 * 2 // members)


def test_a_worker_without_partitions_knows_no_lag_of_its_own() -> None:
    broker = MemoryBroker()
    broker.append(Message("a", b"k", b"{}"))
    source = MemorySource(broker, "boxes", TOPICS)
    source.close()
    Frontier("boxes", MemoryEnds(broker, "boxes", TOPICS), ManualClock(), assigned=lambda: source.assigned).observe()

    assert (value("golem_consumer_lag"), value("golem_group_lag")) == (None, 1)
