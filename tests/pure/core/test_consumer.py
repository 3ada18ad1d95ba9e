"""The consumer loop: what is folded, what is buried, and what may be committed."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import pytest
from kafka.errors import KafkaConnectionError
from pymongo.errors import AutoReconnect

from shared.aggregate import Batch, Change, Trigger, Verdict
from shared.aggregate.verdict import DUPLICATE, PARKED, TAKEN, rejected
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letters import DeadLetter, DeadShare, TooManyDead, own_headers
from shared.messaging.dead_letters import message as letter
from shared.messaging.ports import DataLost, Message, Record
from tests.support.memory import MemoryBroker, MemoryLetters, MemoryPublisher, MemorySource
from tests.support.records import PERSON, POISON, erased
from tests.support.toy import Toys

TOPICS = ["person.erased", "offer.made", "listings.redrive"]


class Taking:
    """A route that counts the events on one document; what `asked` says of an event comes first."""

    def __init__(self) -> None:
        self.asked: Callable[[Trigger], Verdict | None] = lambda event: None

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {PERSON: "person"}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        if changes[PERSON].knows(event.id):
            return DUPLICATE
        if said := self.asked(event):
            return said
        changes[PERSON].apply(event.id)
        return TAKEN


class Reading(Toys):
    """A consumer over memory. `died` is what lies in its dead-letter topic: (reason, offset) of each."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = MemoryBroker()
        self.route = Taking()
        self.stop = threading.Event()
        self.publisher = MemoryPublisher(self.broker)
        self.consumer = self.worker("one")

    def worker(self, member: str) -> Consumer:
        source = MemorySource(self.broker, "listings", TOPICS, member)
        batch = Batch(self.store, {"person.erased": self.route})
        letters = MemoryLetters(self.broker)
        consumer = Consumer("listings", source, batch, self.publisher, self.stop, letters=letters)
        # Nobody waits in a test: a pause keeps the member alive and goes on.
        consumer._pause = lambda attempt: source.keep_alive()
        return consumer

    def sent_again(self, message: Message, reason: str = "error", topic: str = "person.erased") -> Message:
        """The record as `golem dlq redrive` sends it, of a letter that is there."""
        record = Record(topic, 0, 0, message.key, message.value, message.headers)
        return self.letter_sent_again(self.broker.append(letter("listings", DeadLetter(record, reason, ""))))

    def letter_sent_again(self, buried: Record) -> Message:
        place = f"{buried.partition}/{buried.offset}".encode()
        return Message("listings.redrive", buried.key, buried.value, (*own_headers(buried), ("dlq_letter", place)))

    def write(self, *messages: Message) -> None:
        for message in messages:
            self.broker.append(message)

    @property
    def committed(self) -> int:
        return self.broker.group("listings").committed.get(("person.erased", 0), 0)

    @property
    def taken(self) -> list[str]:
        return (self.collection.find_one({"_id": PERSON}) or {}).get("applied", [])

    @property
    def died(self) -> list[tuple[str, int]]:
        letters = [dict(r.headers) for r in self.broker.records("listings.dead")]
        return [(h["dlq_reason"].decode(), int(h["dlq_offset"])) for h in letters]


def test_it_reads_folds_and_commits():
    given = Reading()
    given.write(erased("a"), erased("b"))

    assert given.consumer.step() == 2
    assert (given.taken, given.committed, given.died) == (["a", "b"], 2, [])
    assert given.consumer.step() == 0


@pytest.mark.parametrize("reason", POISON)
def test_poison_is_buried_and_the_next_record_is_taken(reason: str):
    given = Reading()
    given.write(POISON[reason], erased("good"))
    given.consumer.step()

    assert given.died == [(reason, 0)]
    assert (given.taken, given.committed) == (["good"], 2)


def test_a_record_with_neither_key_nor_value_nor_headers_is_buried():
    given = Reading()
    given.write(Message("person.erased", None, None))
    given.consumer.step()

    assert given.died == [("missing_header", 0)]
    (letter,) = given.broker.records("listings.dead")
    assert (letter.key, letter.value) == (None, b"")


def test_a_record_in_the_wrong_topic_is_buried():
    given = Reading()
    given.write(erased("a", topic="offer.made"))
    given.consumer.step()

    assert given.died == [("wrong_topic", 0)]


def test_the_redrive_topic_takes_any_type_that_is_read_here():
    given = Reading()
    given.write(given.sent_again(erased("a")))
    given.consumer.step()
    assert given.taken == ["a"]

    given.consumer.batch.routes = {}
    given.write(given.sent_again(erased("b")))
    given.consumer.step()
    assert given.died[-1] == ("not_read_here", 1)


FORGED: dict[str, Callable[["Reading"], Message]] = {
    "without a letter": lambda given: erased("f", topic="listings.redrive"),
    "a letter that is not there": lambda given: _of_letter(erased("f"), b"0/99"),
    "no place at all": lambda given: _of_letter(erased("f"), b"\xff/-1/7"),
    "another record's letter": lambda given: _of_letter(
        erased("f"), dict(given.sent_again(erased("a")).headers)["dlq_letter"]
    ),
    "one header is another": lambda given: _other_time(given.sent_again(erased("f"))),
    "the letter of a forged one": lambda given: given.sent_again(
        erased("f"), reason="no_letter", topic="listings.redrive"
    ),
    "from a topic of another type": lambda given: given.sent_again(erased("f"), topic="offer.made"),
    "a letter that was cut": lambda given: given.sent_again(erased("f", note=b"x" * 500_000)),
}


POINTERS: dict[str, str] = {
    "beyond the end": "person.erased/0/99",
    "a topic that is not read here": "offer.made/0/0",
    "its own topic": "listings.redrive/0/0",
    "a dead letter": "listings.dead/0/0",
    "no place": "person.erased/-1/x",
    "no topic": "0/0",
    "an offset that no number has": "person.erased/0/" + "9" * 40,
}


def _pointing(place: str, key: bytes = b"k", value: bytes = b"") -> Message:
    return Message("listings.redrive", key, value, (("ce_id", b"e"), ("event_at", place.encode())))


def test_an_event_is_taken_as_it_stands_at_the_place_that_is_named():
    """Whatever the record that names it says beside; late, so that nobody is mailed."""
    given, heard = Reading(), list[bool]()
    given.route.asked = lambda event: heard.append(event.late)
    given.write(erased("a"))
    given.consumer.step()
    given.collection.delete_one({"_id": PERSON})
    given.write(_pointing("person.erased/0/0", b"another", erased("forged").value or b""))
    given.consumer.step()

    assert (given.taken, given.died, heard) == (["a"], [], [False, True])
    assert given.committed == 1


def test_an_event_that_is_named_and_rejected_is_a_letter_of_its_own_topic():
    """With its bytes, so that it can be sent again; and nothing is paused for it."""
    given = Reading()
    given.write(erased("a"))
    given.consumer.step()
    given.collection.delete_one({"_id": PERSON})
    given.route.asked = lambda event: rejected("no", "not yet")
    given.write(*(_pointing("person.erased/0/0") for _ in range(60)))
    given.consumer.step()

    letter = given.broker.records("listings.dead")[0]
    assert (dict(letter.headers)["dlq_topic"], letter.value) == (b"person.erased", erased("a").value)
    assert given.died == [("no", 0)] * 60
    assert given.consumer.ok


@pytest.mark.parametrize("how", POINTERS)
def test_a_place_where_no_event_of_the_service_is_has_nothing_taken(how: str):
    given = Reading()
    given.write(erased("a", topic="offer.made"), _pointing(POINTERS[how]), erased("good"))
    while given.consumer.step():
        pass

    assert given.taken == ["good"]
    assert ("no_letter", 0) in given.died


def _of_letter(message: Message, letter: bytes) -> Message:
    return replace(message, topic="listings.redrive", headers=(*message.headers, ("dlq_letter", letter)))


def _other_time(message: Message) -> Message:
    return replace(
        message, headers=tuple((n, v if n != "ce_time" else b"2027-01-02T00:00:00Z") for n, v in message.headers)
    )


@pytest.mark.parametrize("how", FORGED)
def test_what_is_sent_again_has_its_letter_and_is_what_stands_there(how: str):
    """Whoever may write to the topic cannot have the service take what it had not buried."""
    given = Reading()
    given.write(FORGED[how](given), erased("good"))
    while given.consumer.step():
        pass

    assert given.taken == ["good"]
    assert given.died[-1][0] in ("no_letter", "wrong_topic")


def test_a_letter_that_died_again_still_says_where_it_first_came_from():
    given = Reading()
    given.route.asked = lambda event: rejected("no", "not yet")
    given.write(given.sent_again(erased("a")))
    given.consumer.step()
    again = dict(given.broker.records("listings.dead")[-1].headers)
    assert (again["dlq_origin"], again["dlq_topic"]) == (b"person.erased", b"listings.redrive")

    given.route.asked = lambda event: None
    given.write(given.letter_sent_again(given.broker.records("listings.dead")[-1]))
    given.consumer.step()
    assert given.taken == ["a"]


def test_letters_of_an_earlier_version_that_died_again_are_taken():
    """They say the redrive topic, and not where they first were."""
    given = Reading()
    given.write(given.sent_again(erased("a"), reason="parked_too_long", topic="listings.redrive"))
    given.consumer.step()

    assert given.taken == ["a"]


def test_while_letters_cannot_be_read_nothing_is_taken_and_nothing_lost():
    given = Reading()
    given.write(given.sent_again(erased("a")), erased("b"))
    tries: list[list[str]] = []

    class Away:
        def find(self, places: Iterable[tuple[str, int, int]]) -> Mapping[tuple[str, int, int], Record]:
            tries.append(list(given.taken))
            if len(tries) < 4:
                raise KafkaConnectionError("away")
            return MemoryLetters(given.broker).find(places)

    given.consumer.letters = Away()
    given.consumer.step()
    assert tries == [[], [], [], []]
    assert sorted(given.taken) == ["a", "b"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ce_source": b"urn:good-golem:listing"}, "wrong_source"),
        ({"ce_source": b"urn:good-golem:matching.evil"}, "wrong_source"),
        ({"ce_source": b"URN:good-golem:matching"}, "wrong_source"),
        ({"ce_sequence": b"9999999999"}, "bad_header"),
        ({"ce_sequence": b"0000065536"}, "bad_header"),
    ],
    ids=str,
)
def test_an_event_is_taken_from_its_owner_alone_with_a_number_that_a_document_can_have(
    changed: dict[str, bytes], reason: str
):
    given = Reading()
    given.write(erased("a", **changed), given.sent_again(erased("b", **changed)), erased("good"))
    while given.consumer.step():
        pass

    assert given.taken == ["good"]
    assert [died for died in given.died if died[0] == reason] == [(reason, 0), (reason, 0)]


def test_a_record_that_the_client_could_not_parse_is_buried_with_its_bytes():
    given = Reading()
    record = given.broker.append(erased("a"))
    given.broker._logs["person.erased", 0][0] = replace(record, unreadable="UnicodeDecodeError: ...")
    given.write(erased("good"))
    given.consumer.step()

    assert given.died == [("unreadable", 0)]
    assert given.taken == ["good"]
    (letter,) = given.broker.records("listings.dead")
    assert (letter.key, letter.value, dict(letter.headers)["dlq_error"]) == (
        record.key, record.value, b"UnicodeDecodeError: ...",
    )  # fmt: skip


def test_behind_a_transactions_marker_the_group_is_at_the_end():
    given = Reading()
    given.write(erased("a"))
    given.broker.marker("person.erased")
    given.consumer.step()
    assert given.committed == 2

    given.broker.marker("person.erased")
    given.consumer.step(), given.consumer.step()
    assert given.committed == 3


def test_what_the_rules_reject_and_what_folding_raises_is_buried():
    given = Reading()

    def say(event: Trigger) -> Verdict | None:
        if event.id == "boom":
            raise RuntimeError("no way")
        return rejected("not_in_this_state", "it is shut") if event.id == "no" else None

    given.route.asked = say
    given.write(erased("no"), erased("yes"), erased("boom"))
    given.consumer.step()

    assert given.died == [("not_in_this_state", 0), ("error", 2)]
    assert (given.taken, given.committed) == (["yes"], 3)
    letters = [dict(r.headers)["dlq_error"].decode() for r in given.broker.records("listings.dead")]
    assert letters[0] == "it is shut"
    assert "RuntimeError: no way" in letters[1]


def test_a_parked_event_carries_its_record_for_the_dead_letter_it_may_become():
    given = Reading()
    records = []
    given.route.asked = lambda event: records.append(event.record) or PARKED
    given.write(erased("a"))
    given.consumer.step()

    assert (records[0]["topic"], records[0]["offset"], records[0]["key"]) == ("person.erased", 0, PERSON.encode())


def test_a_dead_letter_is_acknowledged_before_anything_is_committed():
    given = Reading()
    steps: list[str] = []
    given.publisher.fault = steps.append
    given.consumer.source.fault = steps.append
    given.collection.fault = steps.append
    given.write(POISON["not_json"], erased("a"))
    given.consumer.step()

    order = ["poll:before", "find:before", "bulk_write:before", "publish:before", "publish:after", "commit:before"]
    assert [s for s in steps if s in order] == order


def test_while_the_broker_refuses_the_dead_letter_nothing_is_committed():
    given = Reading()
    tries: list[int] = []

    def fate(message: Message) -> str:
        tries.append(given.committed)
        return "ok" if len(tries) == 4 else "refuse"

    given.broker.on_publish = fate
    given.write(POISON["not_json"])
    given.consumer.step()

    assert tries == [0, 0, 0, 0]
    assert (given.died, given.committed) == ([("not_json", 0)], 1)


def test_the_database_is_away_the_same_batch_again_and_nothing_is_skipped():
    given = Reading()
    failures = iter(["bulk_write:before", "bulk_write.op:before", "find:before", "bulk_write:after"])
    waiting = [next(failures)]

    def fail(step: str) -> None:
        if waiting and step == waiting[0]:
            waiting[:] = [n for n in [next(failures, None)] if n]
            raise AutoReconnect("gone")

    given.collection.fault = fail
    given.write(erased("a"), POISON["not_json"], erased("b"))
    given.consumer.step()

    assert given.taken == ["a", "b"]
    assert (given.committed, given.died) == (3, [("not_json", 1)])


def test_asked_to_stop_while_the_database_is_away_it_leaves_the_batch_uncommitted():
    given = Reading()

    def fail(step: str) -> None:
        given.stop.set()
        raise AutoReconnect("gone")

    given.collection.fault = fail
    given.write(erased("a"))
    given.consumer.step()
    assert given.committed == 0

    given.collection.fault = lambda step: None
    given.stop.clear()
    given.consumer.source.close()
    given.worker("another").step()
    assert (given.taken, given.committed) == (["a"], 1)


def test_asked_to_stop_while_a_letter_is_refused_it_leaves_the_batch_uncommitted():
    given = Reading()

    def fate(message: Message) -> str:
        given.stop.set()
        return "refuse"

    given.broker.on_publish = fate
    given.write(POISON["not_json"])
    given.consumer.step()

    assert (given.committed, given.died) == (0, [])


@pytest.mark.parametrize("step", ["commit:before", "keep_alive:before"])
def test_when_partitions_move_in_the_middle_of_a_batch_it_is_dropped_and_read_again(step: str):
    given = Reading()
    broken = [True]

    def move(at: str) -> None:
        if at == step and broken.pop():
            given.broker.join("listings", "aaa", ["offer.made"])

    given.consumer.source.fault = lambda at: move(at) if broken else None
    away = [True]

    def fail(at: str) -> None:
        if step == "keep_alive:before" and away:
            away.pop()
            raise AutoReconnect("gone")

    given.collection.fault = fail
    given.write(erased("a"), erased("b"))
    assert given.consumer.step() == 0
    assert given.committed == 0

    assert given.consumer.step() == 2
    assert (given.taken, given.committed) == (["a", "b"], 2)


def test_too_many_dead_stops_consuming_but_not_the_member():
    given = Reading()
    given.write(*(POISON["not_json"] for _ in range(60)))
    given.consumer.step()
    assert not given.consumer.ok
    assert len(given.died) == given.committed == 60

    given.write(erased("a"))
    given.broker.join("listings", "aaa", ["offer.made"])
    assert [given.consumer.step() for _ in range(3)] == [0, 0, 0]
    assert given.taken == []


@pytest.mark.parametrize("topic", ["person.erased", "offer.made"])
def test_one_topic_that_nobody_can_read_stops_no_other(topic: str):
    given = Reading()
    given.write(*(replace(POISON["not_json"], topic=topic) for _ in range(120)))
    given.consumer.step()
    given.write(erased("a"), erased("late", topic=topic, value=b"{not json"))
    for _ in range(3):
        given.consumer.step()

    assert given.consumer.paused == {topic}
    assert given.broker.group("listings").paused == {(topic, 0)}
    assert given.taken == (["a"] if topic == "offer.made" else [])
    assert len(given.died) == 120


def test_the_dead_of_several_topics_are_not_added_up():
    given = Reading()
    given.write(*(replace(POISON["not_json"], topic=topic) for topic in TOPICS[:2] for _ in range(49)))
    given.consumer.step()

    assert given.consumer.ok


def test_letters_sent_again_that_die_again_stop_nothing():
    """An operator who sends too many again has lost nothing by it: the topics are read on."""
    given = Reading()
    given.write(*(erased("x", topic="listings.redrive", value=b"{not json") for _ in range(60)))
    given.write(erased("a"))
    while given.consumer.step():
        pass

    assert given.consumer.ok
    assert len(given.died) == 60
    assert given.taken == ["a"]


def test_the_share_of_dead_is_of_the_last_hundred():
    share = DeadShare()
    share.note([True] * 49)
    share.note([False] * 51)
    share.note([True, False] * 50)
    with pytest.raises(TooManyDead, match="51 of the last 100"):
        share.note([True, True])


def test_fifty_of_fifty_are_too_many_and_forty_nine_are_not():
    DeadShare().note([True] * 49)
    with pytest.raises(TooManyDead):
        DeadShare().note([True] * 50)


def test_lost_data_ends_the_process():
    given = Reading()
    given.write(*(erased(f"e-{n}") for n in range(5)))
    given.consumer.step()
    given.broker._logs.clear()

    with pytest.raises(DataLost):
        given.worker("another").step()


def test_a_group_that_never_committed_reads_from_the_beginning():
    given = Reading()
    given.write(*(erased(f"e-{n}") for n in range(5)))
    given.consumer.source.close()
    given.worker("late").step()

    assert len(given.taken) == 5


class _Unhurried(threading.Event):
    """Notes what it was asked to wait for, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        return self.is_set()


def test_a_batch_that_is_tried_again_for_long_is_a_sign_of_life():
    """A worker that is started again each minute would be no nearer to its database."""
    given, stop = Reading(), _Unhurried()
    beats: list[int] = []
    given.broker.leave("listings", "one")
    source = MemorySource(given.broker, "listings", TOPICS, "two")
    consumer = Consumer("listings", source, given.consumer.batch, given.publisher, stop, lambda: beats.append(1))
    given.write(erased("a"))

    def away_until_a_minute_has_passed(step: str) -> None:
        if sum(stop.waited) < 60:
            raise AutoReconnect("gone")

    given.collection.fault = away_until_a_minute_has_passed
    assert consumer.step() == 1
    assert given.taken == ["a"]
    assert len(beats) == len(stop.waited) > 30
