"""The poller: deadlines and what is parked, each when it may. Instructions: test_poller_tasks.py."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError

from shared.aggregate import Change, Trigger
from shared.messaging.dead_letters import stored_record
from shared.messaging.ports import Record
from shared.poller import Poller
from shared.telemetry import metrics
from tests.support.memory import MemoryPublisher
from tests.support.polling import Polling, gone
from tests.support.toy import BOX, DAY

RECORD = stored_record(Record("thing.sent", 0, 3, b"box-1", b"its own bytes"))


def test_a_deadline_fires_when_it_is_due():
    toys = Polling()
    toys.opened()
    assert toys.poller.step() == 0
    toys.clock.advance(10 * DAY)

    assert toys.poller.step() == 1
    assert toys.state() == "shut"
    assert toys.poller.step() == 0


def test_a_deadline_waits_while_events_wait_in_kafka():
    toys = Polling()
    toys.opened()
    toys.clock.advance(11 * DAY)
    toys.open_gate = False
    assert toys.poller.step() == 0
    assert toys.state() == "open"

    toys.open_gate = True
    assert toys.poller.step() == 1


def test_instructions_and_what_is_left_for_the_worker_never_wait_for_the_gate():
    toys = Polling()
    toys.opened().opened("box-2")
    toys.open_gate = False
    toys.command("ask")
    toys.clock.advance(11 * DAY)

    assert toys.poller.step() == 1
    assert toys.asked == ["box-1:ask:1"]
    assert (toys.state(), toys.state("box-2")) == ("open", "open")


def test_what_is_parked_is_not_too_long_there_while_events_wait_in_kafka():
    """What it waits for may be among them."""
    toys = Polling()
    toys.send(toys.event("box.seen", "box-3"))
    toys.clock.advance(11 * DAY)
    toys.open_gate = False
    assert toys.poller.step() == 0
    assert "parked" in toys.doc("box-3")

    toys.open_gate = True
    assert toys.poller.step() == 1
    assert "parked" not in toys.doc("box-3")


def test_behind_a_closed_gate_deadlines_do_not_fill_the_page():
    toys = Polling(limit=3)
    for n in range(10):
        toys.opened(f"box-{n}")
    toys.clock.advance(11 * DAY)
    toys.command("ask", box="box-9")
    toys.open_gate = False
    toys.poller.step()

    assert toys.asked == ["box-9:ask:1"]


def test_no_more_than_the_limit_in_a_step():
    toys = Polling(limit=2)
    for n in range(5):
        toys.opened(f"box-{n}")
    toys.clock.advance(10 * DAY)

    assert [toys.poller.step() for _ in range(4)] == [2, 2, 1, 0]


def test_a_deadline_and_an_event_that_race_have_one_winner():
    toys = Polling()
    toys.opened()
    toys.clock.advance(10 * DAY)
    rivals = [lambda: toys.send(toys.event("box.shut"))]
    toys.collection.fault = lambda step: rivals.pop()() if step == "bulk_write:before" and rivals else None
    toys.poller.step()

    assert toys.emitted() == ["escrow.held", "escrow.settled", "escrow.refunded"]


def test_what_was_parked_too_long_is_buried_before_it_leaves_the_document():
    toys = Polling()
    toys.send(toys.event("thing.sent", record=RECORD))
    toys.clock.advance(7 * DAY)
    toys.broker.on_publish = lambda message: "refuse"
    assert toys.poller.step() == 0
    assert len(toys.doc()["parked"]) == 1

    toys.broker.on_publish = lambda message: "ok"
    assert toys.poller.step() == 1
    (letter,) = toys.broker.records("boxes.dead")
    assert (letter.value, dict(letter.headers)["dlq_reason"]) == (b"its own bytes", b"parked_too_long")
    assert "parked" not in toys.doc()


def test_what_died_when_a_command_let_it_be_tried_is_buried_too():
    toys = Polling()
    toys.send(toys.event("box.shut"), toys.event("box.shut", record=RECORD))
    toys.opened()
    toys.open_gate = False

    assert toys.poller.step() == 1
    (letter,) = toys.broker.records("boxes.dead")
    assert dict(letter.headers)["dlq_reason"] == b"not_in_this_state"
    assert "parked" not in toys.doc()


@pytest.mark.parametrize("seconds", [0, 40])
def test_it_is_buried_once_however_often_and_long_its_document_is_not_written(seconds: float):
    toys = Polling()
    toys.send(toys.event("thing.sent", record=RECORD))
    toys.clock.advance(7 * DAY)
    for at in [*["bulk_write:before"] * 10, "bulk_write:after"]:
        toys.collection.fault = gone(at)
        with pytest.raises(AutoReconnect):
            toys.poller.step()
        toys.clock.advance(seconds)
    toys.collection.fault = lambda step: None
    toys.poller.step()

    assert len(toys.broker.records("boxes.dead")) == 1
    assert "parked" not in toys.doc()


def test_it_is_buried_once_though_others_change_its_document_all_the_time():
    toys = Polling()
    toys.send(toys.event("thing.sent", record=RECORD))
    toys.clock.advance(7 * DAY)
    rivals = 5

    def rival(step: str) -> None:
        nonlocal rivals
        if step == "bulk_write.op:before" and rivals:
            rivals -= 1
            toys.collection._update({"_id": "box-1"}, {"$inc": {"version": 1}}, False)

    toys.collection.fault = rival
    toys.poller.step()

    assert (rivals, len(toys.broker.records("boxes.dead"))) == (0, 1)
    assert "parked" not in toys.doc()


def test_what_is_sent_again_and_dies_once_more_is_another_letter():
    toys = Polling()
    event = toys.event("thing.sent", record=RECORD)

    def overdue(change: Change) -> None:
        change.set(parked=[{**change.parked[0], "until": change.now}])
        change.schedule("parked", change.now)

    for _ in range(2):
        toys.send(event)
        toys.on("box-1", overdue)
        toys.poller.step()
        toys.clock.advance(20)

    assert len(toys.broker.records("boxes.dead")) == 2
    assert "parked" not in toys.doc()


def test_another_process_that_does_not_know_of_it_buries_it_again_and_it_is_never_lost():
    toys = Polling()
    toys.send(toys.event("thing.sent", record=RECORD))
    toys.clock.advance(7 * DAY)
    toys.collection.fault = gone("bulk_write:before")
    with pytest.raises(AutoReconnect):
        toys.poller.step()
    toys.collection.fault = lambda step: None
    Poller("boxes", toys.store, {"box": BOX}, MemoryPublisher(toys.broker), may_fire=lambda: True).step()

    assert len(toys.broker.records("boxes.dead")) == 2
    assert "parked" not in toys.doc()


def test_a_page_of_deadlines_is_one_read_and_one_write():
    """Beside the search for what is due; each fires once."""
    toys = Polling()
    boxes = [f"box-{number}" for number in range(30)]
    for box in boxes:
        toys.opened(box)
    toys.clock.advance(10 * DAY)
    toys.poller.step()
    toys.opened("one-more")
    toys.clock.advance(10 * DAY)
    toys.collection.calls.clear()

    assert toys.poller.step() == 1
    of_one = dict(toys.collection.calls)
    for box in boxes:
        toys.opened(f"{box}-later")
    toys.clock.advance(10 * DAY)
    toys.collection.calls.clear()

    assert toys.poller.step() == 30
    assert toys.collection.calls == of_one and of_one["bulk_write"] == 1
    assert {toys.state(f"{box}-later") for box in boxes} == {"shut"}


def test_a_race_lost_in_one_document_of_a_page_has_one_winner_and_the_others_fire_once(caplog: Any):
    """And the log tells of all that fired, though their write is tried once more with the one's."""
    caplog.set_level("INFO", "story")
    toys = Polling()
    for box in ("box-1", "box-2", "box-3"):
        toys.opened(box)
    toys.clock.advance(10 * DAY)
    rivals = [lambda: toys.send(toys.event("box.shut", "box-2"))]
    toys.collection.fault = lambda step: rivals.pop()() if step == "bulk_write:before" and rivals else None
    toys.poller.step()

    assert toys.emitted("box-2") == ["escrow.held", "escrow.settled", "escrow.refunded"]
    for box in ("box-1", "box-3"):
        assert toys.emitted(box) == ["escrow.held", "escrow.lapsed"]
    told = [record.id for record in caplog.records if getattr(record, "trigger", "") == "timer:shut"]
    assert sorted(told) == ["box-1", "box-3"]


@pytest.mark.logs_errors
def test_a_deadline_that_raises_harms_no_other_of_its_page(monkeypatch: pytest.MonkeyPatch):
    toys = Polling()
    for box in ("box-1", "box-2", "box-3"):
        toys.opened(box)
    toys.on("box-2", lambda change: change.set(things="many"))
    toys.clock.advance(10 * DAY)
    fold = BOX.fold

    def broken(change: Change, trigger: Trigger) -> Any:
        if change.id == "box-2":
            raise ZeroDivisionError
        return fold(change, trigger)

    monkeypatch.setattr(BOX, "fold", broken)

    assert [toys.poller.step() for _ in range(3)] == [2, 0, 0]
    assert [toys.state(box) for box in ("box-1", "box-2", "box-3")] == ["shut", "open", "shut"]
    monkeypatch.undo()
    toys.clock.advance(30)
    assert toys.poller.step() == 1


# -- documents without a lifecycle


def test_the_timers_of_a_copy_go_to_its_kinds_function_in_order():
    toys = Polling()
    toys.copy("b", "a")
    assert toys.poller.step() == 2

    assert sorted(toys.plain) == ["a", "b"]
    assert toys.doc("copy:1")["rung"] == 2
    assert "due_at" not in toys.doc("copy:1")
    assert toys.poller.step() == 0


def test_a_copys_timers_are_deadlines_too():
    toys = Polling()
    toys.copy("a")
    toys.open_gate = False
    assert toys.poller.step() == 0
    assert toys.plain == []


def copies(toys: Polling, count: int, kind: str = "copy") -> list[str]:
    """So many copies with a timer that is due."""
    names = [f"{kind}:{number:02}" for number in range(count)]
    for name in names:
        toys.store.run({name: kind}, lambda changes: [toys._schedule(each, ("a",)) for each in changes.values()])
    return names


def test_copies_that_change_nothing_but_themselves_are_read_and_written_together():
    """However many: as often as one."""
    toys = Polling(timers={"copy": gone("a")})
    toys.poller.pages = {"copy": lambda page: {doc["_id"]: toys.on_timer for doc in page}}
    toys.poller.step()
    of = []
    for count in (3, 30):
        names = copies(toys, count)
        toys.collection.calls.clear()
        assert toys.poller.step() == count
        of.append(dict(toys.collection.calls))
        assert all("due_at" not in toys.doc(name) for name in names)
    assert of[0] == of[1] and of[0]["bulk_write"] == 1
    assert (toys.poller.step(), toys.doc("copy:02")["rung"], toys.doc("copy:29")["rung"]) == (0, 2, 1)


def test_copies_that_the_page_leaves_out_fire_by_themselves():
    toys = Polling()
    toys.poller.pages = {"copy": lambda page: {doc["_id"]: toys.on_timer for doc in page if doc["_id"] > "copy:01"}}
    copies(toys, 4)
    alone: list[str] = []
    toys.poller.timers = {"copy": lambda change, name: alone.append(change.id)}

    assert [toys.poller.step() for _ in range(2)] == [4, 0]
    assert (alone, toys.plain) == (["copy:00", "copy:01"], ["a", "a"])


def test_a_race_lost_in_one_copy_of_a_page_fires_each_once():
    toys = Polling()
    toys.poller.pages = {"copy": lambda page: {doc["_id"]: toys.on_timer for doc in page}}
    names = copies(toys, 3)
    rivals = [lambda: toys.store.run({names[1]: "copy"}, lambda changes: changes[names[1]].set(seen=True))]
    toys.collection.fault = lambda step: rivals.pop()() if step == "bulk_write:before" and rivals else None

    assert [toys.poller.step() for _ in range(2)] == [3, 0]
    assert [toys.doc(name)["rung"] for name in names] == [1, 1, 1]
    assert toys.doc(names[1])["seen"]


@pytest.mark.logs_errors
def test_a_copy_that_raises_harms_no_other_of_its_page():
    toys = Polling()

    def broken(change: Change, name: str) -> None:
        change.set(rung=99)
        if change.id == "copy:01":
            raise ZeroDivisionError

    toys.poller.pages = {"copy": lambda page: {doc["_id"]: broken for doc in page}}
    copies(toys, 3)

    assert [toys.poller.step() for _ in range(3)] == [2, 0, 0]
    assert [toys.doc(f"copy:0{number}").get("rung") for number in range(3)] == [99, None, 99]
    toys.poller.pages = {}
    toys.clock.advance(30)
    assert toys.poller.step() == 1


@pytest.mark.logs_errors
def test_timers_whose_write_is_refused_for_good_count_as_none_fired():
    """Else the round after them would follow at once, and the metric say what never was."""
    toys = Polling(timers={"copy": gone("a")})
    toys.poller.pages = {"copy": lambda page: {doc["_id"]: toys.on_timer for doc in page}}
    copies(toys, 2)
    toys.opened()
    toys.clock.advance(10 * DAY)
    counted = metrics.TIMERS_FIRED.labels("boxes", "shut")._value

    def refuse(step: str) -> None:
        if step == "bulk_write:before":
            error = {"index": 0, "code": 17419, "errmsg": "larger than 16777216"}
            raise BulkWriteError({"writeErrors": [error], "writeConcernErrors": [], "nMatched": 0, "nInserted": 0})

    before, toys.collection.fault = counted.get(), refuse
    assert [toys.poller.step() for _ in range(2)] == [0, 0]
    assert (toys.state(), counted.get()) == ("open", before)

    toys.collection.fault = lambda step: None
    toys.clock.advance(30)
    assert toys.poller.step() == 3
    assert (toys.state(), counted.get()) == ("shut", before + 1)


def once_more(toys: Polling, act: Any) -> None:
    """Do this while a find is between two batches, once."""
    acts = [act]
    toys.collection.at_once, toys.collection.fault = (
        1,
        lambda s: acts.pop()() if s == "find.more:before" and acts else None,
    )


@pytest.mark.parametrize("kind", ["box", "copy"])
def test_a_document_that_is_found_twice_fires_once(kind: str):
    """It has moved forward in the index while the page was read: another took its first timer, and the next is overdue
    as well.
    """
    toys = Polling(timers={"copy": gone("a")})
    toys.poller.pages = {"copy": lambda page: {doc["_id"]: toys.on_timer for doc in page}}
    names = copies(toys, 2) if kind == "copy" else ["box-1", "box-2"]
    for name in names if kind == "box" else ():
        toys.opened(name)
    toys.clock.advance(11 * DAY)
    counted = metrics.TIMERS_FIRED.labels("boxes", "shut")._value
    before, first = counted.get(), min(names, key=lambda name: (toys.doc(name)["due_at"], name))
    later = toys.clock.now() - timedelta(seconds=1)
    once_more(toys, lambda: toys.collection.update_one({"_id": first}, {"$set": {"due_at": later}}))

    assert toys.poller.step() == 2
    assert counted.get() == before + (2 if kind == "box" else 0)
    assert toys.poller.step() == 0


@pytest.mark.logs_errors
def test_copies_of_a_page_that_cannot_be_seen_together_fire_by_themselves():
    toys = Polling()

    def broken(page: Any) -> Any:
        raise ZeroDivisionError

    toys.poller.pages = {"copy": broken}
    copies(toys, 3)

    assert [toys.poller.step() for _ in range(2)] == [3, 0]
    assert toys.plain == ["a"] * 3


def test_a_page_of_copies_waits_while_the_database_is_away():
    toys = Polling()
    toys.poller.pages = {"copy": lambda page: gone("here")("here") or {}}
    copies(toys, 2)

    with pytest.raises(AutoReconnect):
        toys.poller.step()
    assert toys.plain == []


def test_a_kind_that_nobody_knows_is_left_alone():
    """And hides nothing newer, however many of it there are: a later version's, after the way back."""
    toys = Polling(timers={}, limit=3)
    for number in range(7):
        toys.store.run({f"{number}": "later"}, lambda changes: [toys._schedule(c, ("a",)) for c in changes.values()])
    toys.clock.advance(1)
    toys.opened()
    toys.clock.advance(10 * DAY)

    assert [toys.poller.step() for _ in range(2)] == [1, 0]
    assert toys.state() == "shut"
    assert toys.collection.count_documents({"kind": "later", "version": 1, "timers.a": {"$exists": True}}) == 7


def test_what_has_been_due_for_longest_comes_first():
    toys = Polling(limit=2)
    for day, box in enumerate(("box-3", "box-1", "box-2")):
        toys.opened(box)
        toys.clock.advance(DAY)
        assert toys.poller.step() == 0, day
    toys.clock.advance(10 * DAY)

    assert toys.poller.step() == 2
    assert [toys.state(f"box-{number}") for number in (1, 2, 3)] == ["shut", "open", "shut"]


# -- what breaks


@pytest.mark.logs_errors
def test_a_timer_that_raises_harms_no_other_document_and_is_tried_again_later():
    toys = Polling()
    toys.opened("box-2")
    toys.copy("a")
    toys.clock.advance(10 * DAY)
    calls = []

    def broken(change: Change, name: str) -> None:
        calls.append(name)
        raise ZeroDivisionError

    toys.poller.timers = {"copy": broken}
    for _ in range(10):
        toys.poller.step()
    assert calls == ["a"]
    assert toys.state("box-2") == "shut"

    toys.poller.timers = {"copy": toys.on_timer}
    toys.clock.advance(30)
    assert toys.poller.step() == 1
    assert toys.plain == ["a"]


@pytest.mark.logs_errors
def test_timers_that_raise_do_not_fill_the_page():
    """Were there as many as a step reads, nothing else of the service would ever fire."""
    toys = Polling(limit=3)
    for number in range(5):
        toys.store.run(
            {f"copy:{number}": "copy"}, lambda changes: [toys._schedule(c, ("a",)) for c in changes.values()]
        )
    toys.clock.advance(DAY)
    toys.opened("box-2")
    toys.clock.advance(10 * DAY)

    def broken(change: Change, name: str) -> None:
        raise ZeroDivisionError

    toys.poller.timers = {"copy": broken}
    for _ in range(4):
        toys.poller.step()

    assert toys.state("box-2") == "shut"


def test_the_database_goes_away_and_the_timer_fires_after():
    toys = Polling()
    toys.opened()
    toys.clock.advance(10 * DAY)

    def away(step: str) -> None:
        raise AutoReconnect("gone")

    toys.collection.fault = away
    with pytest.raises(AutoReconnect):
        toys.poller.step()
    toys.collection.fault = lambda step: None
    assert toys.poller.step() == 1
