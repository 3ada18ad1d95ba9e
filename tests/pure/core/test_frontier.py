"""The frontier: no deadline before what waited in Kafka a minute ago was read."""

from collections.abc import Mapping
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import TopicAuthorizationFailedError
from kafka.structs import OffsetAndMetadata, OffsetAndTimestamp
from pymongo.errors import AutoReconnect

from shared.messaging.frontier import Frontier, KafkaEnds
from shared.messaging.ports import Message
from shared.messaging.replayed import Replay
from shared.settings import Kafka
from tests.support.clock import ManualClock
from tests.support.memory import MemoryBroker, MemoryCollection, MemoryEnds, MemorySource


def _away(step: str) -> None:
    raise AutoReconnect(step)


def _away_for_writes(step: str) -> None:
    if step.startswith("update"):
        _away(step)


class Watched:
    def __init__(self, *topics: str, had_documents: bool = False) -> None:
        self.names = topics or ("a", "b")
        self.clock = ManualClock()
        self.broker = MemoryBroker(partitions=2)
        self.source = MemorySource(self.broker, "escrow", self.names)
        self.source.poll()
        self.database = MemoryCollection()
        self.frontier = self.another(had_documents)

    def another(self, had_documents: bool = True) -> Frontier:
        """That of one more worker of the service, or of the same after a restart."""
        replay = Replay(self.database, had_documents)  # type: ignore[arg-type]
        return Frontier("escrow", MemoryEnds(self.broker, "escrow", self.names), self.clock, replay=replay)

    def write(self, topic: str = "a", key: bytes = b"k") -> None:
        self.broker.append(Message(topic, key, b"{}"))

    def read(self) -> None:
        self.source.commit(self.source.poll())

    def after(self, seconds: float) -> bool:
        """Time passes with an observation every 5 s, as in the worker; the answer at the end of it."""
        left = seconds
        while left > 0:
            self.clock.advance(min(5.0, left))
            left -= 5.0
            self.frontier.observe()
        return self.frontier.passed()


def test_nothing_is_known_before_the_first_look():
    assert not Watched().frontier.passed()


def test_at_the_start_all_that_is_there_must_be_read_first():
    given = Watched()
    given.write()
    given.write("b")
    given.frontier.observe()
    assert not given.frontier.passed()

    given.read()
    given.frontier.observe()
    assert given.frontier.passed()


def test_empty_topics_are_passed_at_once():
    given = Watched()
    given.frontier.observe()

    assert given.frontier.passed()


def test_what_came_within_the_last_minute_holds_no_deadline_back():
    given = Watched()
    given.frontier.observe()
    given.write()
    assert given.after(55)

    assert not given.after(10)
    given.read()
    assert given.after(5)


def test_one_partition_that_lags_is_enough_to_wait():
    given = Watched()
    for n in range(20):
        given.write(key=b"%d" % n)
    records = given.source.poll()
    given.source.commit([r for r in records if r.partition == 0])
    given.frontier.observe()
    assert not given.frontier.passed()

    given.source.commit(records)
    given.frontier.observe()
    assert given.frontier.passed()


def test_a_reader_that_keeps_up_a_minute_behind_may_fire_under_constant_traffic():
    given = Watched()
    given.frontier.observe()
    for _ in range(40):
        given.write()
        given.read()
        given.write()
        assert given.after(5)


@pytest.mark.parametrize("away", [False, True])
def test_what_came_while_nothing_was_looked_at_is_read_before_a_deadline(away: bool):
    """The process stood still for an hour, or the broker was away for one: what was read before it says nothing."""
    given = Watched()
    given.frontier.observe()
    given.broker.away = away
    given.clock.advance(1800)
    if away:
        given.frontier.observe()
    given.broker.away = False
    given.write()
    given.clock.advance(1800)

    given.frontier.observe()
    assert not given.frontier.passed()
    assert not given.after(120)

    given.read()
    assert given.after(5)


def test_a_broker_that_is_away_stops_deadlines_at_once_until_it_is_back():
    given = Watched()
    given.frontier.observe()
    given.broker.away = True
    given.frontier.observe()
    assert not given.frontier.passed()

    given.broker.away = False
    given.frontier.observe()
    assert given.frontier.passed()


def test_what_was_written_before_an_outage_must_be_read_after_it():
    given = Watched()
    given.frontier.observe()
    given.write()
    given.after(5)
    given.broker.away = True
    given.after(600)
    given.broker.away = False

    assert not given.after(5)
    given.read()
    assert given.after(5)


def test_an_old_answer_is_no_answer():
    """The observing thread hangs: deadlines wait."""
    given = Watched()
    given.frontier.observe()
    given.clock.advance(15)
    assert given.frontier.passed()

    given.clock.advance(0.1)
    assert not given.frontier.passed()


def test_a_wall_clock_that_jumps_changes_nothing():
    given = Watched()
    given.frontier.observe()
    given.clock.set(given.clock.now().replace(year=2030))

    assert given.frontier.passed()


# -- topics that lost their records


def test_documents_whose_group_has_read_nothing_wait_for_a_replay():
    """An empty broker beside them is a new one: what is sent again comes a little later, and is read first."""
    given = Watched(had_documents=True)
    given.frontier.observe()
    assert not given.after(55)

    given.write()
    assert not given.after(120)
    given.read()
    assert given.after(5)
    given.write()
    assert given.after(50), "once it has passed all is as ever"


def test_a_group_that_has_read_waits_for_nothing_else():
    given = Watched(had_documents=True)
    given.write()
    given.read()
    given.frontier.observe()

    assert given.frontier.passed()


def test_while_old_events_come_more_of_them_may_be_on_their_way():
    """A replay of hours: deadlines wait until nothing of it has come for a minute."""
    given = Watched(had_documents=True)
    for _ in range(30):
        given.frontier.took(3600.0)
        assert not given.after(55)

    given.frontier.took(0.5)
    assert not given.after(1)
    assert given.after(5)


def test_all_workers_wait_for_what_one_of_them_found_lost():
    """Also one that begins when the group has read again, and whichever of them the old events come to."""
    given = Watched(had_documents=True)
    given.frontier.observe()
    given.write()
    given.read()
    late = given.another()

    for _ in range(30):
        late.took(3600.0)
        for _ in range(6):
            late.observe()
            assert not given.after(5) and not late.passed()
    for _ in range(3):
        late.observe()
        assert not given.after(10) and not late.passed()

    assert given.after(30)
    late.observe()
    assert late.passed()
    afterwards = given.another()
    afterwards.observe()
    assert afterwards.passed(), "it is over for whoever comes then"


def test_where_the_database_is_away_it_is_not_known_whether_something_comes_again():
    given = Watched(had_documents=True)
    given.database.fault = _away
    given.frontier.observe()
    given.write()
    given.read()
    assert not given.after(120)

    given.database.fault = lambda step: None
    assert not given.after(55)
    assert given.after(60)


def test_an_old_event_is_said_once_the_database_is_back():
    given = Watched(had_documents=True)
    given.after(55)
    given.frontier.took(3600.0)
    given.database.fault = _away_for_writes
    assert not given.after(5)
    given.database.fault = lambda step: None

    assert not given.after(50)
    assert given.after(10)


def test_old_events_alone_hold_no_deadline_back():
    """Whose outbox waited for an hour sends such ones in the order of things."""
    given = Watched()
    given.frontier.observe()
    given.frontier.took(3600.0)

    assert given.after(5)


def test_ends_of_a_moment_before_are_no_loss():
    """A broker that was killed shows them for some seconds; and who was away for long reads old events first."""
    given = Watched(had_documents=True)
    for _ in range(3):
        given.write()
    given.read()
    given.frontier.took(3600.0)
    assert given.after(5)
    committed = dict(given.broker.group("escrow").committed)
    given.broker.empty()
    given.broker.group("escrow").committed = committed

    assert given.after(5)


@pytest.mark.parametrize(("topic", "waits"), [("contact.verified", False), ("hire.confirmed", True)])
def test_a_paused_topic_is_waited_for_unless_no_deadline_decides_by_it(topic: str, waits: bool):
    """A hire may wait in one that is paused; a mark of an address holds up nobody's money."""
    given = Watched(topic, "offer.accepted")
    given.write(topic)
    given.frontier.observe()
    assert not given.frontier.passed()

    given.source.pause(topic)
    given.frontier.observe()
    assert given.frontier.passed() is not waits

    given.write("offer.accepted")
    given.after(70)
    assert not given.frontier.passed()


def test_a_transactions_marker_at_a_topics_end_holds_nothing_up():
    given = Watched()
    given.write()
    given.broker.marker("a")
    given.broker.marker("b", 1)
    given.read()
    given.read()

    assert given.after(70)


def test_the_ends_are_those_of_every_partition():
    given = Watched()
    ends, committed = given.frontier._ends.read()
    places: Mapping[tuple[str, int], int] = dict.fromkeys([("a", 0), ("a", 1), ("b", 0), ("b", 1)], 0)

    assert ends == committed == places


class Admin:
    """KafkaAdminClient's answers: three records in each partition, all read; `faults` by topic."""

    def __init__(self) -> None:
        self.faults: dict[str, int] = {}

    def describe_topics(self, topics: list[str]) -> list[dict[str, Any]]:
        return [
            {"name": name, "error_code": self.faults.get(name, 0),
             "partitions": [] if name in self.faults else [{"partition_index": 0}]}
            for name in topics
        ]  # fmt: skip

    def list_partition_offsets(self, specs: dict[TopicPartition, OffsetSpec]) -> dict[TopicPartition, Any]:
        return {
            place: OffsetAndTimestamp(3 if spec is OffsetSpec.LATEST else 0, -1, -1) for place, spec in specs.items()
        }

    def list_group_offsets(self, group: str) -> dict[str, dict[TopicPartition, OffsetAndMetadata]]:
        return {group: {TopicPartition(name, 0): OffsetAndMetadata(3, "", -1) for name in ("a", "b")}}

    def close(self) -> None: ...


def _with_admin(admin: Admin, *topics: str) -> KafkaEnds:
    ends = KafkaEnds(Kafka(("127.0.0.1:1",), "PLAINTEXT", None, None, None, None), "escrow", topics or ("a", "b"))
    ends._admin = admin
    return ends


@pytest.mark.parametrize("code", [3, 5, 29], ids=["unknown", "no leader", "not ours to see"])
def test_a_topic_of_which_nothing_is_told_is_not_an_empty_one(code: int) -> None:
    """What waits in it may be a hire: nothing is known, and deadlines wait."""
    admin, clock = Admin(), ManualClock()
    ends = _with_admin(admin)
    frontier = Frontier("escrow", ends, clock)
    frontier.observe()
    assert frontier.passed()

    admin.faults["b"] = code
    frontier.observe()
    assert not frontier.passed()

    from_now_on = Frontier("escrow", _with_admin(admin), clock)
    from_now_on.observe()
    assert not from_now_on.passed(), "at the first look as well: the group has read of it"


def test_a_topic_that_was_never_there_holds_nothing_up() -> None:
    """Nor one of dead letters that is made with the first of them; one that may not be seen does."""
    admin = Admin()
    admin.faults = {"c": 3, "escrow.dead": 3}
    ends, committed = _with_admin(admin, "a", "b", "c").read()

    assert set(ends) == {("a", 0), ("b", 0)} and committed == ends

    admin.faults["c"] = 29
    with pytest.raises(TopicAuthorizationFailedError):
        _with_admin(admin, "a", "b", "c").read()
