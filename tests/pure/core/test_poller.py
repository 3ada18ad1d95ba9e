"""The poller: deadlines, what is parked, and instructions, each when it may."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event as Flag
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from shared.aggregate import Change, Document, Trigger
from shared.messaging.dead_letters import stored_record
from shared.messaging.ports import Record
from shared.poller import Poller
from tests.support.memory import MemoryBroker, MemoryPublisher
from tests.support.toy import BOX, DAY, Toys

RECORD = stored_record(Record("thing.sent", 0, 3, b"box-1", b"its own bytes"))


class Polling(Toys):
    """A poller over memory. `answers` is what the outside world says next: a trigger's name, None, or an error."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.broker = MemoryBroker()
        self.open_gate = True
        self.answers: list[Any] = []
        self.asked: list[str] = []
        self.plain: list[str] = []
        options = {"carry_out": self.carry_out, "timers": {"copy": self.on_timer}} | options
        self.poller = Poller(
            "boxes", self.store, {"box": BOX}, MemoryPublisher(self.broker), may_fire=lambda: self.open_gate, **options
        )

    def carry_out(self, doc: Document) -> Trigger | None:
        instruction_id = doc["instruction"]["id"]
        self.asked.append(instruction_id)
        said = self.answers.pop(0) if self.answers else "ask.done"
        if isinstance(said, Exception):
            raise said
        if said is None:
            return None
        return self.trigger(said, "outcome", {"instruction_id": instruction_id}, id=f"{instruction_id}:{said}")

    def on_timer(self, change: Change, name: str) -> None:
        self.plain.append(name)
        change.set(rung=change.get("rung", 0) + 1)

    def copy(self, *timers: str, at: float = 0) -> None:
        self.store.run({"copy:1": "copy"}, lambda changes: self._schedule(changes["copy:1"], timers))

    @staticmethod
    def _schedule(change: Change, timers: tuple[str, ...]) -> None:
        for name in timers:
            change.schedule(name, change.now)


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


def test_it_is_buried_once_though_the_write_fails_again_and_again():
    toys = Polling()
    toys.send(toys.event("thing.sent", record=RECORD))
    toys.clock.advance(7 * DAY)
    for at in ("bulk_write:before", "bulk_write:before", "bulk_write:after"):
        toys.collection.fault = gone(at)
        with pytest.raises(AutoReconnect):
            toys.poller.step()
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


def test_it_is_buried_once_however_long_its_document_is_not_written():
    toys = Polling()
    toys.send(toys.event("thing.sent", record=RECORD))
    toys.clock.advance(7 * DAY)
    toys.collection.fault = gone("bulk_write:before")
    for _ in range(10):
        with pytest.raises(AutoReconnect):
            toys.poller.step()
        toys.clock.advance(40)
    toys.collection.fault = lambda step: None
    toys.poller.step()

    assert len(toys.broker.records("boxes.dead")) == 1


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


# -- instructions


def test_outcomes_that_wait_are_folded_in_one_write():
    """Each as if it had come alone: done, unknown, and one that no table takes."""
    toys = Polling()
    boxes = [f"box-{number}" for number in range(20)]
    for box in boxes:
        toys.opened(box)
        toys.command("ask", box=box)
    toys.answers = [None, "thing.unheard_of"]
    toys.collection.calls.clear()
    toys.poller.step()

    assert sorted(toys.asked) == sorted(f"{box}:ask:1" for box in boxes)
    assert [toys.state(box) for box in boxes].count("open") == 18
    assert [toys.doc(box)["instruction"]["attempts"] for box in boxes if toys.state(box) == "asking"] == [1, 1]
    assert toys.collection.calls["bulk_write"] == 2


def test_an_outcome_whose_write_is_tried_again_for_another_closes_its_task_once():
    """It is known then; that is no outcome that closed nothing."""
    toys = Polling()
    for box in ("box-1", "box-2"):
        toys.opened(box)
        toys.command("ask", box=box)
    rivals = [lambda: toys.on("box-2", lambda change: change.set(label="new"))]
    toys.collection.fault = lambda step: rivals.pop()() if step == "bulk_write:before" and rivals else None
    toys.poller.step()

    for box in ("box-1", "box-2"):
        assert (toys.state(box), toys.emitted(box).count("escrow.settled")) == ("open", 1)
    assert "attempts" not in str(toys.doc("box-1").get("instruction"))


def test_an_outcome_that_another_process_leaves_in_the_document_meanwhile_is_logged_once(caplog: Any):
    """A webhook brings what the instruction brought: it is parked, and was not written by this one."""
    caplog.set_level("INFO", "story")
    toys = Polling()
    toys.opened()
    toys.command("ask")
    done = toys.trigger("ask.done", "outcome", {"instruction_id": "box-1:ask:1"}, id="box-1:ask:1:ask.done")
    rivals = [lambda: toys.on("box-1", lambda change: BOX.leave(change, done))]
    toys.collection.fault = lambda step: rivals.pop()() if step == "bulk_write:before" and rivals else None
    toys.poller.step()
    toys.poller.step()

    told = [record.after for record in caplog.records if getattr(record, "trigger", "") == "ask.done"]
    assert (toys.state(), told) == ("open", ["open"])


def test_an_instruction_is_carried_out_and_its_outcome_folded():
    toys = Polling()
    toys.opened()
    toys.command("ask")

    assert toys.poller.step() == 1
    assert (toys.state(), toys.doc()["answer"], toys.asked) == ("open", "yes", ["box-1:ask:1"])
    assert toys.poller.step() == 0


@pytest.mark.parametrize(
    "answer", [None, pytest.param(TimeoutError("no answer"), marks=pytest.mark.logs_errors), "unknown"]
)
def test_an_unknown_outcome_is_asked_for_again_after_a_pause_that_grows(answer: Any):
    toys = Polling()
    toys.opened()
    toys.command("ask")
    toys.answers = [answer] * 3
    waited = []
    for _ in range(3):
        toys.poller.step()
        before = len(toys.asked)
        for second in range(1, 100):
            toys.clock.advance(1)
            if toys.poller.step():
                waited.append(second)
                break
        assert len(toys.asked) == before + 1

    assert waited == [2, 4, 8]
    assert set(toys.asked) == {"box-1:ask:1"}
    assert toys.state() == "open"


def test_an_outcome_that_cannot_be_folded_counts_as_unknown_and_harms_no_other():
    toys = Polling()
    toys.opened().opened("box-2")
    toys.command("ask")
    toys.clock.advance(0.001)
    toys.command("ask", box="box-2")
    toys.answers = ["thing.unheard_of"]
    for _ in range(20):
        toys.poller.step()

    assert toys.asked == ["box-1:ask:1", "box-2:ask:1"]
    assert (toys.state(), toys.state("box-2")) == ("asking", "open")
    assert toys.doc()["instruction"]["attempts"] == 1


def gone(at: str) -> Callable[[str], None]:
    """The database goes away at this step."""

    def fail(step: str) -> None:
        if step == at:
            raise AutoReconnect("gone")

    return fail


@pytest.mark.parametrize("at", ["find:before", "bulk_write:before", "bulk_write:after"])
def test_an_outcome_that_could_not_be_stored_is_stored_later_and_not_asked_for_again(at: str):
    toys = Polling()
    toys.opened()
    toys.command("ask")
    task = toys.poller.carry_out

    def fails_then(doc: Document) -> Trigger | None:
        toys.collection.fault = gone(at)
        return task(doc)

    toys.poller.carry_out = fails_then
    toys.poller.step()
    for _ in range(3):
        toys.poller.fold_answers()
    toys.collection.fault = lambda step: None
    toys.clock.advance(59)
    toys.poller.fold_answers()

    assert toys.state() == "open"
    toys.poller.step()
    assert toys.asked == ["box-1:ask:1"]
    assert toys.emitted().count("escrow.settled") == 1


def test_an_outcome_that_could_not_be_stored_for_long_is_asked_for_again():
    toys = Polling()
    toys.opened()
    toys.command("ask")
    toys.collection.fault = gone("bulk_write:before")
    toys.poller.step()
    toys.clock.advance(61)
    toys.poller.fold_answers()
    toys.collection.fault = lambda step: None
    assert toys.state() == "asking"

    toys.poller.step()
    assert toys.state() == "open"
    assert toys.asked == ["box-1:ask:1"] * 2


def test_an_outcome_that_the_database_never_takes_holds_up_no_other():
    toys = Polling()
    boxes = [f"box-{n}" for n in range(1, 6)]
    for box in boxes:
        toys.opened(box)
    for box in boxes[:3]:
        toys.command("ask", box=box)
    writes = toys.collection.bulk_write

    def never_the_second(operations: Any, **options: Any) -> Any:
        if any(each._filter["_id"] == "box-2" for each in operations):
            raise AutoReconnect("never")
        return writes(operations, **options)

    toys.collection.bulk_write = never_the_second  # type: ignore[method-assign]
    toys.poller.step()  # the three together: none is stored
    for box in boxes[3:]:
        toys.command("ask", box=box)
    toys.poller.step()
    assert [toys.state(box) for box in boxes] == ["asking", "asking", "asking", "open", "open"]

    for _ in range(3):
        toys.clock.advance(0.5)
        toys.poller.fold_answers()
    assert [toys.state(box) for box in boxes] == ["open", "asking", "open", "open", "open"]
    assert sorted(toys.asked) == [f"{box}:ask:1" for box in boxes]


def test_a_try_without_an_outcome_is_counted_once_however_often_it_is_stored():
    toys = Polling()
    toys.opened()
    toys.command("ask")
    toys.answers = [None]
    toys.collection.fault = gone("bulk_write:after")
    toys.poller.step()
    toys.collection.fault = lambda step: None
    for _ in range(3):
        toys.clock.advance(0.5)
        toys.poller.fold_answers()
    assert toys.doc()["instruction"]["attempts"] == 1

    toys.clock.advance(2)
    toys.poller.step()
    assert (toys.state(), toys.asked) == ("open", ["box-1:ask:1"] * 2)


def test_an_outcome_that_came_by_another_way_meanwhile_changes_nothing_more():
    toys = Polling()
    toys.opened()
    toys.command("ask")
    other = [lambda: toys.fold(toys.trigger("ask.done", "outcome", {"instruction_id": "box-1:ask:1"}, id="other"))]
    toys.answers = [None]
    toys.poller.carry_out = lambda doc: (other.pop()(), toys.carry_out(doc))[1]
    toys.poller.step()

    assert toys.state() == "open"
    assert toys.emitted().count("escrow.settled") == 1


class Noting(ThreadPoolExecutor):
    """A pool that notes what it was handed."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.handed: list[Future[Any]] = []

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(*args, **kwargs)
        self.handed.append(future)
        return future


def test_one_instruction_is_in_one_hand_at_a_time_and_no_stale_read_asks_again():
    """The pool answers while the poller reads: what it read is older than the answer."""
    asked, go_on = Flag(), Flag()
    with Noting(2) as pool:
        toys = Polling(pool=pool)
        answer = toys.poller.carry_out

        def slowly(doc: Document) -> Trigger | None:
            asked.set()
            assert go_on.wait(10)
            return answer(doc)

        toys.poller.carry_out = slowly
        toys.opened()
        toys.command("ask")
        assert toys.poller.step() == 1
        assert asked.wait(10)
        assert toys.poller.step() == 0

        def finish(step: str) -> None:
            """After the poller's next read, and before it looks at what it read, the pool is done."""
            if step == "find:after" and not go_on.is_set():
                go_on.set()
                assert wait(pool.handed, timeout=10).not_done == set()

        toys.collection.fault = finish
        assert toys.poller.step() == 0
        handed = [future.result(timeout=10) for future in pool.handed]

    assert go_on.is_set()
    assert handed == [None]
    assert toys.asked == ["box-1:ask:1"]
    assert toys.state() == "open"


def test_a_provider_that_does_not_answer_holds_no_deadline_up_and_fills_no_queue():
    """As many instructions are in hand as a step reads, never more; what else is due fires meanwhile."""
    go_on = Flag()
    with ThreadPoolExecutor(1) as pool:
        toys = Polling(pool=pool, limit=2)
        answer = toys.poller.carry_out
        toys.poller.carry_out = lambda doc: answer(doc) if go_on.wait(10) and answer else None
        for box in ("box-1", "box-2", "box-3"):
            toys.opened(box)
            toys.command("ask", box=box)
        toys.opened("box-4")
        toys.clock.advance(11 * DAY)
        toys.poller.step()
        in_hand = len(toys.poller._in_hand)
        toys.poller.step()
        most = len(toys.poller._in_hand)
        fired = toys.state("box-4")
        go_on.set()

    assert (in_hand, most, fired) == (2, 2, "shut")


def test_where_nothing_carries_out_instructions_they_wait():
    toys = Polling(carry_out=None)
    toys.opened()
    toys.command("ask")

    assert toys.poller.step() == 0
    assert toys.state() == "asking"


def test_a_page_is_prepared_before_it_is_carried_out():
    """Together, and only what is due and not under way already; what is returned is carried out."""
    pages: list[list[str]] = []

    def prepare(documents: Any) -> Any:
        pages.append(sorted(doc["_id"] for doc in documents))
        return [
            {**doc, "instruction": {**doc["instruction"], "id": f"{doc['instruction']['id']}!"}} for doc in documents
        ]

    toys = Polling(prepare=prepare)
    toys.opened()
    toys.command("ask")
    first = toys.doc()["instruction"]["id"]
    toys.poller.step()

    assert pages == [[toys.doc()["_id"]]] and toys.asked[0] == f"{first}!"


@pytest.mark.logs_errors
def test_what_cannot_be_prepared_is_carried_out_all_the_same():
    def prepare(documents: Any) -> Any:
        raise ValueError("not this page")

    toys = Polling(prepare=prepare)
    toys.opened()
    toys.command("ask")

    assert toys.poller.step() == 1
    assert len(toys.asked) == 1 and toys.state() != "asking"


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
