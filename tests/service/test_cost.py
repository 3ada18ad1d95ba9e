"""What a hire costs the database and the broker: counted, and committed as numbers that may fall but not grow.

Counted are pymongo's commands (by its monitoring) and records, while the real relay, consumer and poller of escrow work
on a real database. Wall-clock is never asserted.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from threading import Event as Flag
from typing import Any
from uuid import UUID

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from services.escrow.lifecycle import ESCROW
from services.escrow.main import work
from services.escrow.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, Trigger, migrate
from shared.aggregate.store import collection
from shared.events import Event, emit_data, encode
from shared.messaging.ports import Message
from shared.process.loops import Loops
from tests.simulator.services import SETTINGS
from tests.support.clock import ManualClock
from tests.support.memory import MemoryBroker, memory_bus
from tests.support.sandbox import MemoryStore, Sandbox

WAITING = 2000
PER_BATCH = 2
"""Database commands for a batch of up to 500 records that make new escrows: a find and a bulk write."""
PER_HIRE = 0.3
"""Database commands for a hire in escrow, from hire.confirmed to what the relay marked, with 100 under way at once: the
timers of a page, the last look before the payouts, where the insiders are paid and the provider's answers are a find or
two and a write for all of them."""
RECORDS_PER_HIRE = 3
"""What escrow publishes of such a hire: escrow.probation_started, escrow.released, escrow.settled."""


class Counting(CommandListener):
    """Counts commands by name."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def started(self, event: CommandStartedEvent) -> None:
        self.counts[event.command_name] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to count."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to count."""


class Escrow:
    """Escrow's worker without threads: its consumer, relay and poller, stepped by hand, on a counted connection."""

    def __init__(self, uri: str, database: str) -> None:
        self.counting = Counting()
        self.client: MongoClient[dict[str, Any]] = MongoClient(uri, event_listeners=[self.counting])
        self.clock = ManualClock()
        self.broker = MemoryBroker()
        self.store = Store(collection(self.client[database], COLLECTION), self.clock)
        migrate(self.store.collection, MIGRATIONS)
        provider = Sandbox(MemoryStore(), self.clock, lambda body, headers: 200, "x" * 40)
        of_escrow = work(SETTINGS["escrow"], self.store, provider)
        loops = Loops(of_escrow, memory_bus(self.broker, "escrow", of_escrow.topics), "escrow-1", Flag())
        self.observe, self.consumer = loops.observe, loops.consumer
        self.relay, self.poller = loops.relaying, loops.poller

    def put(self, event_type: str, number: int, sequence: int, data: Mapping[str, Any]) -> None:
        event = Event(
            id=str(UUID(int=number * 10 + sequence)),
            type=event_type,
            version=1,
            source="urn:good-golem:matching",
            subject=offer_id(number),
            sequence=sequence,
            time=self.clock.now(),
            data=emit_data(event_type, data),
        )
        key, value, headers = encode(event)
        self.broker.append(Message(event_type, key, value, tuple(headers)))

    def drain(self, *steps: Any) -> None:
        """Step until nothing moves any more."""
        self.observe()
        while sum(step() for step in steps):
            self.clock.advance(timedelta(milliseconds=1))


def offer_id(number: int) -> str:
    return str(UUID(int=number + 10**20))


def accepted(number: int) -> dict[str, Any]:
    person = "p_" + f"{number:032x}"
    return {
        "offer_id": offer_id(number),
        "listing_id": offer_id(10**6 + number),
        "insider": person,
        "seeker": "p_" + f"{number + 10**9:032x}",
        "status": "accepted",
        "help": ["coaching"],
        "price": 50_000,
        "currency": "EUR",
        "tranches": [{"due_day": 0, "bps": 10_000}],
        "fee_bps": 500,
        "accepted_at": "2027-01-01T00:00:00.000Z",
    }


@pytest.fixture
def escrow(mongo_server: str, database: Database[dict[str, Any]]) -> Iterator[Escrow]:
    worker = Escrow(mongo_server, database.name)
    yield worker
    worker.client.close()


def test_a_batch_of_waiting_events_is_a_handful_of_commands(escrow: Escrow, capsys: pytest.CaptureFixture[str]) -> None:
    """2,000 events wait: the worker does some commands for each 500 records, not some for each record."""
    escrow.drain(escrow.consumer.step)  # with the frontier's first look
    for number in range(WAITING):
        escrow.put("offer.accepted", number, 1, accepted(number))
    escrow.counting.counts.clear()

    escrow.drain(escrow.consumer.step)

    commands = sum(escrow.counting.counts.values())
    batches = WAITING // 500
    with capsys.disabled():
        told = json.dumps(escrow.counting.counts)
        print(f"\n{WAITING} waiting events: {commands} database commands in {batches} batches ({told})")
    assert escrow.store.collection.count_documents({"state": "awaiting"}) == WAITING
    assert commands <= PER_BATCH * batches


def test_commands_and_records_of_a_hire_do_not_grow(escrow: Escrow, capsys: pytest.CaptureFixture[str]) -> None:
    """100 hires at once, from offer.accepted to what the relay marked: commands and records a hire are as committed."""
    hires = 100
    for number in range(hires):
        escrow.put("offer.accepted", number, 1, accepted(number))
    escrow.drain(escrow.consumer.step, escrow.relay.step)
    for number in range(hires):
        fund(escrow, number)
    escrow.drain(escrow.poller.step, escrow.relay.step)
    before = len(escrow.broker.records())
    for number in range(hires):
        hire = {"start_on": "2027-01-01", "confirmed_by": "seeker", "evidence_grade": 0}
        data = accepted(number) | hire | {"status": "hired", "confirmed_at": "2027-01-01T00:00:00.000Z"}
        escrow.put("hire.confirmed", number, 2, data)
    escrow.counting.counts.clear()

    escrow.drain(escrow.consumer.step, escrow.poller.step, escrow.relay.step)

    commands = sum(escrow.counting.counts.values()) / hires
    records = (len(escrow.broker.records()) - before - hires) / hires
    with capsys.disabled():
        told = json.dumps(escrow.counting.counts)
        print(f"\na hire in escrow: {commands:.2f} commands, {records:.2f} records ({told} for {hires})")
    assert escrow.store.collection.count_documents({"state": "settled"}) == hires
    assert commands <= PER_HIRE
    assert records <= RECORDS_PER_HIRE


def fund(escrow: Escrow, number: int) -> None:
    trigger = Trigger(
        name="fund",
        id=f"fund-{number}",
        kind="command",
        at=escrow.clock.now(),
        data={"source": "tok_visa"},
        by="p_" + f"{number + 10**9:032x}",
        roles=frozenset({"seeker"}),
    )
    escrow.store.run({offer_id(number): ESCROW}, lambda changes: ESCROW.fold(changes[offer_id(number)], trigger))
