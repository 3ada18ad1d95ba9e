"""A change of one document: what it writes, and what it does not."""

from datetime import UTC, datetime, timedelta

import pytest
from pymongo import InsertOne, UpdateOne

from shared.aggregate import Change
from tests.support.toy import BOX, Toys, public

NOW = datetime(2027, 1, 1, tzinfo=UTC)
STORED = {"_id": "a", "kind": "box", "version": 4, "state": "open", "updated_at": NOW, "gone": 1, "things": 2}


def change(now: datetime = NOW, **fields: object) -> Change:
    return Change("a", "box", {**STORED, **fields}, now)


def test_a_change_is_a_compare_and_set_of_what_changed():
    given = change()
    given.set(things=3, gone=None, never_there=None)
    given.push("applied", "x")

    assert given.operation() == UpdateOne(
        {"_id": "a", "version": 4},
        {
            "$set": {"things": 3, "version": 5, "updated_at": NOW},
            "$push": {"applied": {"$each": ["x"]}},
            "$unset": {"gone": ""},
        },
    )


def test_what_is_new_is_inserted_as_version_1():
    given = Change("a", "box", None, NOW)
    given.set(state="open", things=1)

    wanted = {"_id": "a", "kind": "box", "version": 1, "state": "open", "things": 1, "updated_at": NOW}
    assert given.operation() == InsertOne(wanted)


def test_nothing_changed_nothing_is_written():
    given = change()
    given.set(never_there=None)
    given.schedule("never_there", None)
    given.settle()

    assert not given.dirty
    assert given.version == 4


def test_the_version_is_the_one_it_will_have():
    given = change()
    given.set(things=3)

    assert given.version == given.document()["version"] == 5
    assert Change("a", "box", None, NOW).version == 0


def test_time_is_never_before_the_last_change():
    late = change(NOW - timedelta(hours=1))
    on_time = change(NOW + timedelta(hours=1))

    assert late.now == NOW
    assert on_time.now == NOW + timedelta(hours=1)


@pytest.mark.parametrize("fields", [{}, {"seq": 6, "published": 4, "outbox_at": NOW - timedelta(days=1)}])
def test_events_are_numbered_and_marked_for_the_relay(fields: dict[str, object]):
    given = change(**fields)
    ids = [given.emit(name, public(given)) for name in ("escrow.held", "escrow.settled")]

    first = given.doc.get("seq", 0) - 1
    written = given.update()
    events = written["$push"]["events"]["$each"]
    assert [e["seq"] for e in events] == [first, first + 1]
    assert [e["id"] for e in events] == ids
    assert [e["type"] for e in events] == ["escrow.held", "escrow.settled"]
    assert written["$set"]["seq"] == first + 1
    assert written["$set"]["outbox_at"] == NOW


def test_the_first_event_brings_the_relays_watermark_and_no_later_one_touches_it():
    """A document may live for long before it emits; the relay's mark matches `published` exactly."""
    first, later = change(), change(seq=1, published=1)
    for each in (first, later):
        each.emit("escrow.held", public(each))

    assert first.update()["$set"]["published"] == 0
    assert "published" not in later.update()["$set"]


def test_an_event_that_does_not_fit_its_schema_is_an_error():
    with pytest.raises(ValueError, match="escrow.held"):
        change().emit("escrow.held", {"offer_id": "a"})


def test_an_event_carries_the_trace_that_caused_it():
    given = change()
    given.traceparent = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    given.emit("escrow.held", public(given))

    assert given.pushed["events"][0]["traceparent"] == given.traceparent


def test_a_list_that_is_pushed_and_set_is_written_whole():
    """MongoDB refuses two operators on one field."""
    given = change(log=[1])
    given.push("log", 2)
    given.set(log=[9])
    given.push("log", 10)

    assert given.update()["$set"]["log"] == [9, 10]
    assert "$push" not in given.update()


def test_a_list_that_is_pushed_and_removed_is_removed():
    given = change(log=[1])
    given.push("log", 2)
    given.set(log=None)

    assert given.update()["$unset"] == {"log": ""}
    assert "$push" not in given.update()


def test_due_at_is_the_earliest_timer_that_counts():
    """In a frozen box only "melt" does; what is read or written says so without being asked to."""
    given = Change("a", BOX, {**STORED, "state": "frozen"}, NOW)
    for name, hours in (("parked", 3), ("shut", 1), ("melt", 2)):
        given.schedule(name, NOW + timedelta(hours=hours))
    assert given.document()["due_at"] == NOW + timedelta(hours=2)
    assert given.update()["$set"]["due_at"] == NOW + timedelta(hours=2)

    given.schedule("parked", None)
    given.schedule("melt", None)
    assert "due_at" not in given.document()
    assert given.timers == {"shut": NOW + timedelta(hours=1)}


def test_due_at_follows_the_state():
    """A timer that did not count does, once the state lets it."""
    shut = NOW + timedelta(hours=1)
    given = Change("a", BOX, {**STORED, "state": "frozen", "timers": {"shut": shut}}, NOW)
    given.set(state="open")

    assert given.update()["$set"]["due_at"] == shut


def test_without_a_lifecycle_every_timer_counts():
    given = change(state="frozen")
    given.schedule("late", NOW + timedelta(hours=3))
    given.schedule("early", NOW + timedelta(hours=1))

    assert given.document()["due_at"] == NOW + timedelta(hours=1)


def test_what_decides_no_timer_leaves_due_at_alone():
    given = change(timers={"t": NOW}, due_at=NOW + timedelta(hours=1))
    given.set(things=3)

    assert "due_at" not in given.update()["$set"]


def test_a_saved_point_brings_everything_back():
    given = change(parked=[{"id": "p"}])
    given.push("applied", "first")
    before, saved = given.update(), given.save()
    given.push("applied", "second")
    given.emit("escrow.held", public(given))
    given.set(things=9, state="shut")
    given.schedule("t", NOW)
    given.park([])
    given.dead.append({"id": "p"})
    given.restore(saved)

    assert given.update() == before
    assert given.dead == []
    assert given.knows("p")


def test_it_knows_what_was_applied_and_what_is_parked():
    given = change(applied=["a"], parked=[{"id": "p"}])
    given.apply("b")

    assert [given.knows(i) for i in ("a", "b", "p", "c")] == [True, True, True, False]


def test_the_document_after_a_change_is_what_the_next_one_reads():
    """Written and read again, or taken from the change: the same."""
    toys = Toys().opened()
    toys.command("fill")
    after = toys.on("box-1", lambda c: (c.set(things=2), c.document())[1])

    stored = toys.doc()
    assert {**after, "events": stored["events"]} == stored
