"""The poller: instructions, and what comes of them."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event as Flag
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from shared.aggregate import Document, Trigger
from tests.support.polling import Polling, gone
from tests.support.toy import BOX, DAY


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


@pytest.mark.parametrize("at", ["find:before", "bulk_write:before", "bulk_write:after"])
def test_an_outcome_that_could_not_be_stored_is_stored_later_and_not_asked_for_again(at: str):
    toys = Polling()
    toys.opened()
    toys.command("ask")
    task = toys.poller.in_hand.carry_out

    def fails_then(doc: Document) -> Trigger | None:
        toys.collection.fault = gone(at)
        return task(doc)

    toys.poller.in_hand.carry_out = fails_then
    toys.poller.step()
    for _ in range(3):
        toys.poller.in_hand.fold_answers()
    toys.collection.fault = lambda step: None
    toys.clock.advance(59)
    toys.poller.in_hand.fold_answers()

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
    toys.poller.in_hand.fold_answers()
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
        toys.poller.in_hand.fold_answers()
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
        toys.poller.in_hand.fold_answers()
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
    toys.poller.in_hand.carry_out = lambda doc: (other.pop()(), toys.carry_out(doc))[1]
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
        answer = toys.poller.in_hand.carry_out

        def slowly(doc: Document) -> Trigger | None:
            asked.set()
            assert go_on.wait(10)
            return answer(doc)

        toys.poller.in_hand.carry_out = slowly
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
        answer = toys.poller.in_hand.carry_out
        toys.poller.in_hand.carry_out = lambda doc: answer(doc) if go_on.wait(10) and answer else None
        for box in ("box-1", "box-2", "box-3"):
            toys.opened(box)
            toys.command("ask", box=box)
        toys.opened("box-4")
        toys.clock.advance(11 * DAY)
        toys.poller.step()
        in_hand = len(toys.poller.in_hand)
        toys.poller.step()
        most = len(toys.poller.in_hand)
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
