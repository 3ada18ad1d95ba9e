"""Dead letters: the record's own bytes and the reason, there and back."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.dead_letters import DeadLetter, bury, from_parked, message, stored_record
from shared.messaging.ports import Record
from tests.support.memory import MemoryBroker, MemoryCollection, MemoryPublisher

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: not name.startswith("dlq_")
)
headers = st.lists(st.tuples(names, st.binary(max_size=40)), max_size=5).map(tuple)
records = st.builds(
    Record,
    topic=names,
    partition=st.integers(0, 99),
    offset=st.integers(0, 2**62),
    key=st.none() | st.binary(max_size=40),
    value=st.none() | st.binary(max_size=200),
    headers=headers,
)


@given(records, st.text(max_size=50))
def test_key_value_and_headers_are_as_they_came(record: Record, error: str):
    sent = message("escrow", DeadLetter(record, "not_json", error))
    about = {name: value for name, value in sent.headers if name.startswith("dlq_")}

    assert sent.topic == "escrow.dead"
    assert (sent.key, sent.value or None) == (record.key, record.value or None)
    assert sent.value == record.value or record.key is None
    assert tuple(h for h in sent.headers if h[0] not in about) == record.headers
    assert about["dlq_topic"].decode() == record.topic
    assert (int(about["dlq_partition"]), int(about["dlq_offset"])) == (record.partition, record.offset)
    assert (about["dlq_reason"], about["dlq_service"]) == (b"not_json", b"escrow")


@given(records)
def test_a_record_survives_being_parked_in_a_document(record: Record):
    collection = MemoryCollection()
    kept = {"record": stored_record(record), "reason": "parked_too_long", "parked_at": datetime(2027, 1, 1, tzinfo=UTC)}
    collection.insert_one({"_id": "a", **kept})

    letter = from_parked(collection.find_one({"_id": "a"}))
    assert letter == DeadLetter(record, "parked_too_long", "parked at 2027-01-01T00:00:00+00:00")


def test_what_came_from_no_record_has_no_letter():
    assert from_parked({"reason": "x"}) is None


def test_a_letter_about_a_letter_speaks_of_the_last_death_alone():
    first = message("escrow", DeadLetter(Record("t", 0, 1, b"k", b"v", (("own", b"1"),)), "a", "x"))
    again = Record(first.topic, 0, 7, first.key, first.value, first.headers)
    second = message("notify", DeadLetter(again, "b", "y"))

    assert [name for name, _ in second.headers].count("dlq_reason") == 1
    assert dict(second.headers)["dlq_topic"] == b"escrow.dead"
    assert dict(second.headers)["own"] == b"1"


def test_a_traceback_is_cut_to_fit_into_a_header():
    sent = message("escrow", DeadLetter(Record("t", 0, 1, None, None), "error", "x" * 100_000))

    assert len(dict(sent.headers)["dlq_error"]) == 8_000


def test_buried_is_what_the_broker_has_acknowledged():
    broker = MemoryBroker()
    letters = [DeadLetter(Record("t", 0, n, None, b"v"), "a", "x") for n in range(3)]
    broker.on_publish = lambda m: "refuse" if dict(m.headers)["dlq_offset"] == b"1" else "ok"

    assert not bury(MemoryPublisher(broker), "escrow", letters)
    broker.on_publish = lambda m: "ok"
    assert bury(MemoryPublisher(broker), "escrow", letters)
    assert bury(MemoryPublisher(broker), "escrow", [])
