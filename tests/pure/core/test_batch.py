"""The batch: many events, few database calls; a lost race is folded again, and one bad record harms no other."""

from collections.abc import Mapping
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError

from shared.aggregate import Batch, Change, Contended, Copy, Store, Trigger, Verdict
from shared.aggregate.verdict import TAKEN
from tests.support.toy import ROUTES, Toys


def test_a_batch_is_one_find_and_one_bulk_write():
    toys = Toys()
    for box in range(40):
        toys.opened(f"box-{box}")
    toys.collection.calls.clear()
    events = [toys.event("thing.sent", f"box-{n % 40}") for n in range(400)]

    assert toys.send(*events) == ["taken"] * 400
    assert toys.collection.calls == {"find": 1, "bulk_write": 1}
    assert {toys.doc(f"box-{n}")["things"] for n in range(40)} == {10}


def test_a_batch_is_written_in_the_order_of_the_documents_ids():
    """As the relay's marks: where the database locks each document, no two of them wait for each other in turn."""
    toys = Toys()
    written: list[list[str]] = []
    writes = toys.collection.bulk_write

    def bulk_write(operations: Any, **options: Any) -> Any:
        written.append([getattr(each, "_filter", None) or each._doc for each in operations])
        return writes(operations, **options)

    toys.collection.bulk_write = bulk_write  # type: ignore[method-assign]
    boxes = ("box-c", "box-a", "box-d", "box-b")
    toys.send(*(toys.event("thing.sent", box) for box in boxes))
    toys.send(*(toys.event("thing.sent", box) for box in boxes))

    assert [[each["_id"] for each in operations] for operations in written] == [sorted(boxes)] * 2


def test_an_empty_batch_and_one_of_duplicates_write_nothing():
    toys = Toys().opened()
    event = toys.event("thing.sent")
    toys.send(event)
    toys.collection.calls.clear()

    assert toys.send() == []
    assert toys.send(event) == ["duplicate"]
    assert toys.collection.calls == {"find": 1}


def test_the_events_of_one_document_are_folded_in_order():
    toys = Toys().opened()

    assert toys.send(toys.event("thing.sent"), toys.event("box.shut"), toys.event("thing.sent")) == [
        "taken", "taken", "ignored",
    ]  # fmt: skip
    assert [e["seq"] for e in toys.doc()["events"]] == [1, 2, 3]


def test_the_same_event_twice_in_one_batch_is_taken_once():
    toys = Toys().opened()
    event = toys.event("thing.sent")

    assert toys.send(event, event) == ["taken", "duplicate"]
    assert toys.doc()["things"] == 1


def test_what_one_event_raises_rejects_it_alone_with_its_traceback():
    toys = Toys().opened().opened("box-2")
    events = [toys.event("thing.sent"), toys.event("thing.sent", explodes=True), toys.event("thing.sent", "box-2")]
    verdicts = toys.batch.process([*events, toys.event("thing.sent")])

    assert [v.outcome for v in verdicts] == ["taken", "rejected", "taken", "taken"]
    assert (verdicts[1].reason, "this thing explodes" in verdicts[1].detail) == ("error", True)
    assert toys.doc()["things"] == 2
    assert toys.doc("box-2")["things"] == 1


def test_an_event_whose_documents_cannot_be_told_is_rejected_alone():
    toys = Toys().opened()
    lost = toys.trigger("thing.sent", "event", {"no_box": 1})
    unknown = toys.event("moon.rose")

    assert toys.send(lost, toys.event("thing.sent"), unknown) == ["rejected", "taken", "rejected"]


def test_a_rejected_event_leaves_nothing_behind_of_what_it_had_changed():
    class HalfWay:
        def touches(self, event: Trigger) -> Mapping[str, str]:
            return {"a": "box", "b": "box"}

        def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
            changes["a"].set(things=1)
            changes["b"].push("applied", event.id)
            raise KeyError("half way")

    toys = Toys()
    verdicts = Batch(toys.store, {"x": HalfWay()}).process([toys.event("x")])

    assert [v.outcome for v in verdicts] == ["rejected"]
    assert list(toys.collection.find()) == []


def test_what_the_database_cannot_hold_is_rejected_alone():
    """Found only when it is written, so the events are then taken one by one."""
    toys = Toys().opened().opened("box-2")

    class Huge:
        def touches(self, event: Trigger) -> Mapping[str, str]:
            return {"box-1": "box"}

        def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
            changes["box-1"].set(things=2**70)
            return TAKEN

    batch = Batch(toys.store, {**ROUTES, "huge": Huge()})
    events = [toys.event("thing.sent"), toys.event("huge"), toys.event("thing.sent", "box-2")]

    assert [v.outcome for v in batch.process(events)] == ["taken", "rejected", "taken"]
    assert (toys.doc()["things"], toys.doc("box-2")["things"]) == (1, 1)


def test_a_lost_race_is_folded_again_and_nothing_is_taken_twice():
    toys = Toys().opened().opened("box-2")
    rivals = [lambda: toys.command("fill", box="box-2"), lambda: toys.command("fill", box="box-2")]

    def rival(step: str) -> None:
        if step == "bulk_write:before" and rivals:
            rivals.pop()()

    toys.collection.fault = rival
    verdicts = toys.send(toys.event("thing.sent"), toys.event("thing.sent", "box-2"))
    toys.collection.fault = lambda step: None

    assert verdicts[1] == "taken"
    assert toys.doc()["things"] == 1
    assert toys.doc("box-2")["things"] == 3
    assert toys.doc("box-2")["version"] == 4


def test_two_who_make_the_same_stub_at_once():
    toys = Toys()
    rivals = [lambda: toys.send(toys.event("thing.sent"))]

    def rival(step: str) -> None:
        if step == "bulk_write:before" and rivals:
            rivals.pop()()

    toys.collection.fault = rival
    assert toys.send(toys.event("box.seen")) == ["parked"]
    assert [p["name"] for p in toys.doc()["parked"]] == ["thing.sent", "box.seen"]


def test_who_loses_again_and_again_gives_up():
    toys = Toys().opened()
    store = Store(toys.collection, toys.clock, tries=3, sleep=lambda seconds: None)

    def always(step: str) -> None:
        if step == "bulk_write.op:before":
            toys.collection._update({"_id": "box-1"}, {"$inc": {"version": 1}}, False)

    toys.collection.fault = always
    with pytest.raises(Contended):
        Batch(store, ROUTES).process([toys.event("thing.sent")])
    assert toys.collection.calls["bulk_write"] >= 3


@pytest.mark.parametrize("step", ["find:before", "bulk_write:before", "bulk_write.op:before", "bulk_write:after"])
def test_after_an_unknown_outcome_the_same_batch_again_takes_what_is_missing(step: str):
    toys = Toys().opened().opened("box-2")
    events = [toys.event("thing.sent"), toys.event("thing.sent", "box-2"), toys.event("box.shut")]
    count = 0

    def fail(at: str) -> None:
        nonlocal count
        count += at == step
        if at == step and (count == 2 or step != "bulk_write.op:before"):
            raise AutoReconnect("gone")

    toys.collection.fault = fail
    with pytest.raises(AutoReconnect):
        toys.batch.process(events)
    toys.collection.fault = lambda at: None
    toys.batch.process(events)

    assert (toys.doc()["things"], toys.doc("box-2")["things"], toys.state()) == (1, 1, "shut")
    assert [e["seq"] for e in toys.doc()["events"]] == [1, 2, 3]


def test_what_too_few_servers_have_taken_is_not_known_to_be_written(monkeypatch: pytest.MonkeyPatch):
    """The primary has it, and may lose it when it steps down: nobody may act as if it were there."""
    toys = Toys().opened()
    write = toys.collection.bulk_write

    def alone(operations: Any, ordered: bool) -> Any:
        write(operations, ordered=ordered)
        raise BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 91, "errmsg": "shutting down"}]})

    event = toys.event("thing.sent")
    with monkeypatch.context() as broken:
        broken.setattr(toys.collection, "bulk_write", alone)
        with pytest.raises(AutoReconnect):
            toys.batch.process([event])

    assert [v.outcome for v in toys.batch.process([event])] == ["duplicate"]


def test_the_poller_and_the_relay_hear_of_each_write():
    toys = Toys()
    heard: list[list[str]] = []
    toys.store.on_write(lambda written: heard.append([change.id for change in written]))
    toys.opened()
    toys.send()

    assert heard == [["box-1"]]


def test_a_copy_is_overwritten_by_a_higher_number_only():
    def fields(event: Trigger) -> dict[str, Any]:
        return {"colour": event.data["colour"], "size": event.data.get("size")}

    toys = Toys()
    heard: list[int] = []
    batch = Batch(toys.store, {"paint": Copy("copy", "box", fields, then=lambda c, t: heard.append(c["number"]))})
    numbers = [(2, "red", 5), (1, "blue", None), (2, "green", None), (4, "white", None), (3, "black", 9)]
    events = [toys.event("paint", "b", sequence=n, colour=c, size=s) for n, c, s in numbers]

    assert [v.outcome for v in batch.process(events)] == ["taken", "ignored", "ignored", "taken", "ignored"]
    stored = toys.doc("copy:b")
    assert (stored["colour"], stored["number"], stored["kind"], "size" in stored) == ("white", 4, "copy", False)
    assert heard == [2, 4]
    assert [v.outcome for v in batch.process(events)] == ["ignored"] * 5


def test_a_copy_that_lacks_something_takes_its_last_event_again():
    """Once, when a replay sends it; an older one is still ignored."""

    def fields(event: Trigger) -> dict[str, Any]:
        return {"colour": event.data["colour"]}

    toys = Toys()
    copy = Copy("copy", "box", fields)
    batch = Batch(toys.store, {"paint": copy})
    toys.collection.insert_one({"_id": "copy:b", "kind": "copy", "version": 1, "state": "new", "number": 3})
    events = [toys.event("paint", "b", sequence=number, colour=f"colour {number}") for number in (2, 3, 3)]

    assert [v.outcome for v in batch.process(events)] == ["ignored", "taken", "ignored"]
    assert (toys.doc("copy:b")["colour"], toys.doc("copy:b")["number"]) == ("colour 3", 3)


def test_a_copy_with_a_number_that_no_document_has_follows_its_owner_again():
    """An earlier version took any number from anybody; a replay mends what came of it."""
    toys = Toys()
    batch = Batch(toys.store, {"paint": Copy("copy", "box", lambda event: {"colour": event.data["colour"]})})
    forged = {
        "_id": "copy:b",
        "kind": "copy",
        "version": 1,
        "state": "new",
        "number": 9_999_999_999,
        "colour": "forged",
    }
    toys.collection.insert_one(forged)
    events = [toys.event("paint", "b", sequence=number, colour=f"colour {number}") for number in (1, 2, 1)]

    assert [v.outcome for v in batch.process(events)] == ["taken", "taken", "ignored"]
    assert (toys.doc("copy:b")["colour"], toys.doc("copy:b")["number"]) == ("colour 2", 2)


def test_what_the_database_refuses_for_good_is_that_events_alone_and_what_it_refuses_for_now_is_tried_again():
    """By its code; the rest of the batch is written."""
    toys = Toys()
    batch = Batch(toys.store, {"paint": Copy("copy", "box", lambda event: {"colour": event.data["colour"]})})
    code = [17419]

    def refuse(step: str) -> None:
        if step == "bulk_write:before" and code:
            error = {"index": 0, "code": code[0], "errmsg": "Resulting document after update is larger than 16777216"}
            raise BulkWriteError({"writeErrors": [error], "writeConcernErrors": [], "nMatched": 0, "nInserted": 0})

    toys.collection.fault = refuse
    events = [toys.event("paint", "b", sequence=1, colour="red")]
    (verdict,) = batch.process(events)
    assert (verdict.outcome, verdict.reason) == ("rejected", "unwritable")
    assert "17419" in verdict.detail

    for code[0] in (112, 11600, 91, 50):
        with pytest.raises(BulkWriteError):
            batch.process(events)
    code.clear()
    assert [v.outcome for v in batch.process(events)] == ["taken"]
