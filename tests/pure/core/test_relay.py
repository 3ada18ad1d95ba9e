"""The relay: from the outbox to the topics, in order, at least once, and marked only as read."""

from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from shared.aggregate.replay import replay
from shared.messaging.ports import Message
from shared.messaging.relay import Relay
from tests.support.memory import MemoryBroker, MemoryPublisher
from tests.support.toy import Toys, public

HELD, LAPSED, SETTLED = "escrow.held", "escrow.lapsed", "escrow.settled"


class Sending(Toys):
    """Boxes with a relay; `refused` are the sequence numbers that the broker does not take."""

    def __init__(self, limit: int = 500) -> None:
        super().__init__()
        self.broker = MemoryBroker()
        self.publisher = MemoryPublisher(self.broker)
        self.relay = Relay("escrow", self.store, self.publisher, limit)
        self.refused: set[int] = set()
        self.waves: list[list[tuple[str, str, int]]] = []
        self.broker.on_publish = self.fate
        sends = self.publisher.publish

        def publish(messages: Any) -> list[bool]:
            self.waves.append([(m.key.decode(), m.topic, number(m)) for m in messages])
            return sends(messages)

        self.publisher.publish = publish

    def fate(self, message: Message) -> str:
        return "refuse" if number(message) in self.refused else "ok"

    def emit(self, *types: str, box: str = "box-1") -> None:
        self.on(box, lambda c: [c.emit(name, public(c)) for name in types])

    def topic(self, name: str) -> list[int]:
        return [number(r) for r in self.broker.records(name)]

    def mark(self, box: str = "box-1") -> tuple[int, bool]:
        doc = self.doc(box)
        return doc["published"], "outbox_at" in doc


def number(record: Any) -> int:
    return int(dict(record.headers)["ce_sequence"])


def test_it_sends_what_waits_and_marks_it():
    toys = Sending()
    toys.emit(HELD, SETTLED)
    version = toys.doc()["version"]

    assert toys.relay.step() == 2
    assert (toys.topic(HELD), toys.topic(SETTLED)) == ([1], [2])
    assert toys.mark() == (2, False)
    assert toys.doc()["version"] == version
    assert toys.relay.step() == 0


def test_a_document_that_lived_long_before_its_first_event():
    toys = Sending()
    toys.send(toys.event("thing.sent"))
    toys.opened()
    for _ in range(3):
        toys.relay.step()

    assert toys.mark() == (1, False)
    assert toys.topic(HELD) == [1]


def test_a_record_is_the_event_under_its_aggregates_key():
    toys = Sending()
    toys.opened()
    toys.relay.step()
    (record,) = toys.broker.records(HELD)
    headers = {name: value.decode() for name, value in record.headers}
    event = toys.doc()["events"][0]

    assert record.key == b"box-1"
    assert (headers["ce_id"], headers["ce_sequence"]) == (event["id"], "0000000001")
    assert headers["ce_source"] == "urn:good-golem:escrow"


def test_no_document_has_two_events_for_one_topic_in_flight():
    toys = Sending()
    toys.emit(HELD, HELD, SETTLED, HELD)
    toys.emit(HELD, HELD, box="box-2")
    toys.relay.step()

    assert [sorted(wave) for wave in toys.waves] == [
        [("box-1", HELD, 1), ("box-1", SETTLED, 3), ("box-2", HELD, 1)],
        [("box-1", HELD, 2), ("box-2", HELD, 2)],
        [("box-1", HELD, 4)],
    ]


def test_after_a_failed_send_its_topic_waits_and_the_watermark_stops_before_the_gap():
    toys = Sending()
    toys.emit(HELD, LAPSED, HELD, SETTLED)
    toys.refused = {1}
    assert toys.relay.step() == 2
    assert (toys.topic(HELD), toys.topic(LAPSED), toys.topic(SETTLED)) == ([], [2], [4])
    assert toys.mark() == (0, True)

    toys.refused = set()
    toys.clock.advance(2)
    toys.relay.step()
    assert toys.topic(HELD) == [1, 3]
    assert toys.mark() == (4, False)


def test_the_watermark_moves_up_to_the_gap():
    toys = Sending()
    toys.emit(HELD, LAPSED, SETTLED)
    toys.refused = {2}
    toys.relay.step()

    assert toys.mark() == (1, True)


def test_what_failed_rests_a_while_and_does_not_flood_the_other_topics():
    toys = Sending()
    toys.emit(HELD, SETTLED)
    toys.emit(HELD, box="box-2")
    toys.refused = {1}
    for _ in range(50):
        toys.relay.step()
    assert toys.topic(SETTLED) == [2]

    toys.emit(LAPSED, LAPSED, box="box-3")
    toys.refused = set()
    toys.relay.step()
    assert toys.topic(LAPSED) == [1, 2]
    toys.clock.advance(1)
    toys.relay.step()
    assert toys.mark("box-2") == (1, False)


def test_what_failed_goes_behind_the_others():
    toys = Sending(limit=1)
    toys.emit(HELD, HELD)
    toys.clock.advance(0.001)
    toys.emit(SETTLED, SETTLED, SETTLED, box="box-2")
    toys.refused = {1}
    toys.relay.step()
    toys.refused = set()
    toys.relay.step()

    assert toys.mark("box-2") == (3, False)


def test_a_lost_acknowledgement_sends_the_same_event_again():
    toys = Sending()
    toys.opened()
    toys.broker.on_publish = lambda message: "lose_ack"
    toys.relay.step()
    toys.broker.on_publish = lambda message: "ok"
    toys.clock.advance(1)
    toys.relay.step()

    ids = [dict(r.headers)["ce_id"] for r in toys.broker.records(HELD)]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert toys.mark() == (1, False)


@pytest.mark.parametrize("step", ["publish:before", "publish:after"])
def test_what_is_emitted_while_others_are_sent_is_not_lost(step: str):
    toys = Sending()
    toys.opened()
    new = [lambda: toys.send(toys.event("box.shut"))]
    toys.publisher.fault = lambda at: new.pop()() if at == step and new else None
    toys.relay.step()
    assert toys.mark() == (1, True)

    toys.relay.step()
    assert toys.mark() == (3, False)
    assert [toys.topic(t) for t in (HELD, SETTLED, "escrow.refunded")] == [[1], [2], [3]]


def test_a_change_without_an_event_does_not_disturb_the_mark():
    toys = Sending()
    toys.opened()
    new = [lambda: toys.command("fill")]
    toys.publisher.fault = lambda at: new.pop()() if new else None
    toys.relay.step()

    assert toys.mark() == (1, False)


def test_a_replay_begun_while_events_are_sent_is_not_undone_by_the_mark():
    toys = Sending()
    toys.opened()
    asked = {"$set": {"published": 0, "outbox_at": toys.clock.now()}}
    toys.relay.step()
    toys.emit(HELD)
    new = [lambda: toys.collection.update_one({"_id": "box-1"}, asked)]
    toys.publisher.fault = lambda at: new.pop()() if new else None
    toys.relay.step()
    assert toys.mark() == (0, True)

    toys.relay.step()
    assert toys.topic(HELD) == [1, 2, 1, 2]
    assert toys.mark() == (2, False)


def test_replay_sends_everything_again_in_order_with_the_same_ids():
    toys = Sending()
    toys.emit(HELD, SETTLED, HELD)
    toys.relay.step()
    toys.collection.update_one({"_id": "box-1"}, {"$set": {"published": 0, "outbox_at": toys.clock.now()}})
    toys.relay.step()

    assert toys.topic(HELD) == [1, 3, 1, 3]
    assert len({dict(r.headers)["ce_id"] for r in toys.broker.records()}) == 3


def test_a_clock_that_ran_ahead_holds_no_event_back():
    toys = Sending()
    toys.clock.advance(3600)
    toys.opened()
    toys.clock.set(toys.doc()["updated_at"].replace(year=2027, month=1, day=1, hour=0))

    assert toys.relay.step() == 1


def test_the_broker_is_away_and_comes_back():
    toys = Sending()
    toys.opened()
    toys.broker.away = True
    assert toys.relay.step() == 0
    toys.broker.away = False
    toys.clock.advance(1)

    assert toys.relay.step() == 1
    assert toys.mark() == (1, False)


def test_it_knows_how_long_the_oldest_was_tried_in_vain():
    """Each failure moves the document behind the others; its age is that of its first event, until it is sent."""
    toys = Sending()
    toys.opened()
    toys.emit(HELD)
    emitted = toys.doc()["outbox_at"]
    assert toys.relay.stuck_since() is None
    toys.broker.away = True
    for _ in range(3):
        toys.relay.step()
        toys.clock.advance(20)
        toys.emit(SETTLED, box="box-2")
    assert toys.relay.stuck_since() == emitted < toys.doc()["outbox_at"]

    toys.broker.away = False
    toys.relay.step()
    assert toys.relay.stuck_since() is None


def test_what_another_worker_has_sent_is_stuck_no_more():
    toys = Sending()
    toys.opened()
    toys.broker.away = True
    toys.relay.step()
    toys.clock.advance(600)

    assert toys.relay.stuck_since() is None


@pytest.mark.logs_errors
def test_an_event_that_cannot_be_a_record_holds_up_its_own_document_alone():
    toys = Sending()
    odd = "not visible ASCII: é"
    toys.on(odd, lambda c: c.emit(HELD, {**public(c), "offer_id": "box-2"}))
    toys.emit(HELD)

    assert toys.relay.step() == 1
    assert toys.mark() == (1, False)
    assert toys.mark(odd) == (0, True)


@pytest.mark.parametrize("step", ["find:before", "find:after", "bulk_write:before", "bulk_write:after"])
def test_the_database_goes_away_at_any_step_and_nothing_is_lost_or_sent_twice(step: str):
    toys = Sending()
    toys.emit(HELD, SETTLED)

    fails(toys, step)
    toys.relay.step()

    assert toys.mark() == (2, False)
    assert (toys.topic(HELD), toys.topic(SETTLED)) == ([1], [2])


def fails(toys: Sending, step: str) -> None:
    """A pass in which the database goes away at this step; then it is back."""

    def fail(at: str) -> None:
        if at == step:
            raise AutoReconnect("gone")

    toys.collection.fault = fail
    with pytest.raises(AutoReconnect):
        toys.relay.step()
    toys.collection.fault = lambda at: None


def test_what_was_sent_and_not_marked_is_not_sent_again_with_what_is_emitted_then():
    toys = Sending()
    toys.emit(HELD, SETTLED)
    fails(toys, "bulk_write:before")
    toys.clock.advance(1)
    toys.emit(HELD)

    assert toys.relay.step() == 1
    assert (toys.topic(HELD), toys.topic(SETTLED), toys.mark()) == ([1, 3], [2], (3, False))


def test_what_failed_beside_what_was_not_marked_is_sent_once_the_broker_takes_it():
    toys = Sending()
    toys.emit(HELD, SETTLED, LAPSED)
    toys.refused = {2}
    fails(toys, "bulk_write:before")
    toys.refused = set()
    assert toys.relay.step() == 0
    toys.clock.advance(2)

    assert toys.relay.step() == 1
    assert [toys.topic(name) for name in (HELD, SETTLED, LAPSED)] == [[1], [2], [3]]
    assert toys.mark() == (3, False)


def test_a_replay_that_is_asked_for_after_a_failed_mark_sends_all_of_it():
    toys = Sending()
    toys.emit(HELD, SETTLED)
    fails(toys, "bulk_write:before")
    toys.clock.advance(1)
    replay(toys.collection)

    assert toys.relay.step() == 2
    assert (toys.topic(HELD), toys.topic(SETTLED), toys.mark()) == ([1, 1], [2, 2], (2, False))


@pytest.mark.parametrize("seconds", [0, 30, 100])
def test_a_replay_is_sent_whole_whatever_was_emitted_since_and_whenever_it_is_asked_for(seconds: float):
    """The mark was written, its answer lost: what is remembered stands there until the document comes again."""
    toys = Sending()
    toys.emit(HELD, SETTLED)
    fails(toys, "bulk_write:after")
    toys.clock.advance(seconds)
    replay(toys.collection)
    toys.emit(HELD)

    assert toys.relay.step() == 3
    assert (toys.topic(HELD), toys.topic(SETTLED), toys.mark()) == ([1, 1, 3], [2, 2], (3, False))


@pytest.mark.parametrize("whole", [True, False])
def test_a_replay_and_an_emission_while_events_are_sent_are_not_taken_for_the_emission_alone(whole: bool):
    """Also where the replay lowers no mark, for the last events had none yet."""
    toys = Sending()
    toys.emit(HELD)
    toys.relay.step()
    toys.clock.advance(60)
    since = toys.clock.now()
    toys.emit(HELD)

    def meanwhile(message: Message) -> str:
        toys.broker.on_publish = toys.fate
        replay(toys.collection, None if whole else since)
        toys.clock.advance(1)
        toys.emit(HELD)
        return "ok"

    toys.broker.on_publish = meanwhile
    toys.relay.step()
    toys.relay.step()

    assert toys.topic(HELD) == ([1, 2, 1, 2, 3] if whole else [1, 2, 2, 3])
    assert toys.mark() == (3, False)


def test_what_was_sent_above_a_gap_is_not_sent_again():
    """Neither after a send that failed, nor beside an event that can never be a record."""
    toys = Sending()
    toys.emit(HELD, SETTLED, HELD)
    toys.refused = {1}
    for _ in range(90):
        toys.relay.step()
        toys.clock.advance(2)
    toys.refused = set()
    toys.emit(LAPSED)
    toys.relay.step()

    assert [toys.topic(name) for name in (HELD, SETTLED, LAPSED)] == [[1, 3], [2], [4]]
    assert toys.mark() == (4, False)


def test_a_process_that_ends_marks_what_it_sent():
    toys = Sending()
    toys.emit(HELD)
    toys.emit(HELD, box="box-2")
    fails(toys, "bulk_write:before")
    assert toys.relay.unmarked() == ["box-1", "box-2"]
    toys.emit(SETTLED, box="box-2")
    toys.relay.note()

    assert toys.relay.unmarked() == []
    assert (toys.mark(), toys.mark("box-2")) == ((1, False), (1, True))
    Relay("escrow", toys.store, toys.publisher).step()
    assert (toys.topic(HELD), toys.topic(SETTLED)) == ([1, 1], [2])


def test_what_another_worker_sends_after_a_failed_mark_is_left_to_its_mark():
    toys = Sending()
    toys.emit(HELD)
    fails(toys, "bulk_write:before")
    Relay("escrow", toys.store, toys.publisher).step()
    toys.emit(SETTLED)

    assert toys.relay.step() == 1
    assert (toys.topic(HELD), toys.topic(SETTLED), toys.mark()) == ([1, 1], [2], (2, False))


def test_marks_are_written_in_the_order_of_their_ids():
    """As all writes of several: where the database locks each document, no two of them wait for each other in turn."""
    toys = Sending()
    for box in ("c", "a", "d", "b"):
        toys.emit(HELD, box=box)
    written: list[list[str]] = []
    writes = toys.collection.bulk_write

    def bulk_write(operations: Any, **options: Any) -> Any:
        written.append([each._filter["_id"] for each in operations])
        return writes(operations, **options)

    toys.collection.bulk_write = bulk_write  # type: ignore[method-assign]
    toys.relay.step()

    assert written == [["a", "b", "c", "d"]]


def test_a_pass_is_one_find_and_one_bulk_write():
    toys = Sending()
    for n in range(30):
        toys.emit(HELD, SETTLED, box=f"box-{n}")
    toys.collection.calls.clear()
    toys.relay.step()

    assert toys.collection.calls == {"find": 1, "bulk_write": 1}
    assert len(toys.waves) == 1


def test_a_document_that_emits_while_others_are_read_is_sent_once():
    """It has moved forward in the index, and is found again: as it was read last."""
    toys = Sending()
    toys.emit(HELD)
    toys.clock.advance(1)
    toys.emit(HELD, box="box-2")
    toys.clock.advance(1)
    emits = [lambda: toys.emit(SETTLED)]
    toys.collection.at_once = 1
    toys.collection.fault = lambda step: emits.pop()() if step == "find.more:before" and emits else None

    assert toys.relay.step() == 3
    assert (toys.topic(HELD), toys.topic(SETTLED), toys.mark()) == ([1, 1], [2], (2, False))
    assert toys.relay.step() == 0


def test_no_more_documents_than_the_limit_in_a_pass():
    toys = Sending(limit=2)
    for n in range(5):
        toys.emit(HELD, box=f"box-{n}")

    assert [toys.relay.step() for _ in range(4)] == [2, 2, 1, 0]
