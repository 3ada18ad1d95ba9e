"""The lifecycle table: every answer it can give, what parks and how that ends, timers, guards, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from shared.aggregate import Condition, Emit, Lifecycle, Park, Refusal, Row, cells, explain
from shared.aggregate.lifecycle import due
from tests.support.toy import BOX, DAY, ROWS, Toys, public


@pytest.fixture
def toys() -> Toys:
    return Toys().opened()


def table(**changed: Any) -> Lifecycle:
    given = {"states": ("new", "open"), "rows": (), "public": public, "events": ("seen",)} | changed
    return Lifecycle("toy", **given)


def test_a_command_that_the_table_has_not_is_no_refusal(toys: Toys):
    """It is a slip of ours, not a person's."""
    with pytest.raises(LookupError, match="box has no command fil"):
        toys.command("fil")


# -- the table is checked when it is made


def test_an_empty_cell_is_an_error():
    with pytest.raises(ValueError, match=r"empty cells \[\('open', 'seen'\)\]"):
        table(answers=cells(ignore={"seen": ("new",)}))


def test_a_row_with_a_condition_does_not_fill_its_cell():
    row = Row(("open",), "seen", when=Condition("never", lambda change, trigger: False))
    with pytest.raises(ValueError, match="empty cells"):
        table(rows=(row,), answers=cells(ignore={"seen": ("new",)}))


def test_a_cell_with_a_row_and_an_answer_is_an_error():
    with pytest.raises(ValueError, match="has a row and an answer"):
        table(rows=(Row(("open",), "seen"),), answers=cells(ignore={"seen": ("new", "open")}))


def test_a_cell_that_is_answered_twice_is_an_error():
    with pytest.raises(ValueError, match="answered twice"):
        cells(ignore={"seen": ("new",)}, reject={"seen": ("new",)})


@pytest.mark.parametrize("row", [Row(("nowhere",), "seen"), Row(("new",), "seen", to="nowhere")])
def test_an_unknown_state_is_an_error(row: Row):
    with pytest.raises(ValueError, match="unknown states"):
        table(rows=(row,), answers=cells(ignore={"seen": ("new", "open")}))


def test_a_row_of_several_events_says_the_status_of_each():
    row = Row(("new",), "open", to="open", emits=(Emit("escrow.held", "held"), "escrow.settled"))
    with pytest.raises(ValueError, match="each says its status"):
        table(rows=(row,), answers=cells(ignore={"seen": ("new", "open")}))


def test_an_answer_to_what_nobody_sends_is_an_error():
    with pytest.raises(ValueError, match="not listed"):
        table(answers=cells(ignore={"seen": ("new", "open"), "heard": ("new",)}))


def test_in_a_busy_state_every_event_parks_unless_a_row_takes_it():
    given = table(
        states=("new", "busy"),
        events=("seen", "done"),
        rows=(Row(("busy",), "done", to="new"),),
        busy=("busy",),
        answers=cells(ignore={"seen": ("new",), "done": ("new",)}),
    )

    assert given.answer("busy", "seen").park == Park()
    assert given.answer("busy", "done") is None


def test_the_commands_are_what_is_neither_event_nor_outcome_nor_timer():
    assert BOX.commands() == ("open", "fill", "ask", "freeze", "thaw")


# -- events


def test_take_changes_the_state_and_emits_in_order_with_what_the_act_says(toys: Toys):
    assert toys.send(toys.event("box.shut")) == ["taken"]

    assert toys.state() == "shut"
    assert toys.emitted() == ["escrow.held", "escrow.settled", "escrow.refunded"]
    assert toys.doc()["events"][-1]["data"]["amount"] == 7
    assert "amount" not in toys.doc()["events"][-2]["data"]


def test_the_first_row_whose_condition_holds_is_taken(toys: Toys):
    toys.send(toys.event("thing.sent"))
    assert (toys.state(), toys.doc()["things"]) == ("open", 1)

    toys.send(toys.event("thing.sent", heavy=True))
    assert (toys.state(), toys.doc()["things"]) == ("broken", 1)


def test_ignore_remembers_and_changes_nothing_else(toys: Toys):
    event = toys.event("box.seen")
    before = toys.doc()
    assert toys.send(event) == ["ignored"]

    after = toys.doc()
    assert after["applied"] == [*before["applied"], event.id]
    changed = {"applied", "version", "updated_at"}
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}


def test_reject_changes_nothing_and_is_not_remembered(toys: Toys):
    """So that it can be redriven."""
    toys.send(toys.event("box.shut"))
    before, event = toys.doc(), toys.event("box.shut")
    verdict = toys.batch.process([event])[0]

    assert (verdict.outcome, verdict.reason) == ("rejected", "not_in_this_state")
    assert "shut" in verdict.detail
    assert toys.doc() == before


def test_an_event_that_the_table_does_not_know_is_rejected(toys: Toys):
    verdict = toys.fold(toys.event("moon.rose"))

    assert (verdict.outcome, verdict.reason) == ("rejected", "unknown_trigger")


@pytest.mark.parametrize("name", ["thing.sent", "box.shut", "box.seen"])
def test_the_same_event_again_is_a_duplicate_whether_it_was_taken_ignored_or_parked(name: str):
    for toys in (Toys(), Toys().opened()):
        event = toys.event(name)
        assert toys.send(event)[0] in ("taken", "ignored", "parked")
        before = toys.doc()

        assert toys.send(event, event) == ["duplicate", "duplicate"]
        assert toys.doc() == before


# -- parked


def test_what_comes_too_early_waits_in_a_stub_and_is_taken_when_its_time_comes():
    toys = Toys()
    first, second = toys.event("thing.sent"), toys.event("thing.sent")
    assert toys.send(first, second) == ["parked", "parked"]
    assert toys.state() == "new"
    assert toys.emitted() == []

    toys.opened()
    assert toys.doc()["things"] == 2
    assert "parked" not in toys.doc()
    assert toys.doc()["applied"][-2:] == [first.id, second.id]
    assert "parked" not in toys.doc()["timers"]


def test_parked_events_are_offered_oldest_first():
    """By their time, then their number, then their id, not by when they came."""
    toys = Toys()
    shut = toys.event("box.shut", at=toys.clock.now() + timedelta(seconds=2))
    thing = toys.event("thing.sent", at=toys.clock.now() + timedelta(seconds=1))
    toys.send(shut, thing)
    toys.opened()

    assert toys.doc()["things"] == 1
    assert toys.state() == "shut"


def test_a_parked_event_that_moves_the_state_lets_the_others_be_tried_again():
    """The oldest still parks in the new state; the next one moves it on; then the oldest is taken."""
    toys = Toys()
    toys.opened().command("freeze")
    assert toys.send(toys.event("thing.sent", heavy=True), toys.event("box.shut")) == ["parked", "parked"]
    toys.command("thaw")

    assert toys.state() == "broken"
    parked = toys.doc()["parked"]
    assert [(p["name"], p["reason"]) for p in parked] == [("box.shut", "not_in_this_state")]


def test_what_was_parked_for_longer_than_its_cell_says_is_dead():
    toys = Toys()

    def dead() -> list[Any]:
        return toys.on("box-1", lambda c: (BOX.fold(c, toys.trigger("timer:parked", "timer")), list(c.dead))[1])

    record = {"topic": "thing.sent", "partition": 0, "offset": 3, "key": b"k", "value": b"v", "headers": []}
    toys.send(toys.event("thing.sent", record=record), toys.event("box.seen"))
    assert toys.doc()["due_at"] == toys.clock.now() + DAY

    toys.clock.advance(DAY - timedelta(milliseconds=1))
    assert toys.timer("parked").outcome == "duplicate"
    toys.clock.advance(timedelta(milliseconds=1))
    assert [(d["name"], d["reason"]) for d in dead()] == [("box.seen", "parked_too_long")]
    assert [p["name"] for p in toys.doc()["parked"]] == ["thing.sent"]

    toys.clock.advance(6 * DAY)
    found = [(d["name"], d["reason"], d["record"]["value"]) for d in dead()]
    assert found == [("thing.sent", "parked_too_long", b"v")]
    assert "parked" not in toys.doc()
    assert "due_at" not in toys.doc()


def test_the_limit_is_that_of_the_state_in_which_it_waits():
    """A stub's 7 days are over for what now waits in a frozen box: without limit, or that state's own."""
    toys = Toys()
    toys.send(toys.event("thing.sent"), toys.event("box.shut"))
    toys.on("box-1", lambda c: c.set(state="frozen"))
    toys.on("box-1", lambda c: BOX._retry_parked(c))

    thing, shut = toys.doc()["parked"]
    assert "until" not in thing
    assert shut["until"] == toys.clock.now() + 7 * DAY


def test_under_an_open_instruction_nothing_expires(toys: Toys):
    toys.command("ask")
    toys.send(toys.event("box.shut"))
    toys.clock.advance(365 * DAY)
    assert toys.timer("parked").outcome == "duplicate"
    toys.outcome("ask.done", "box-1:ask:1")

    assert toys.state() == "shut"


def test_a_parked_event_that_no_state_will_take_dies_alone_and_the_poller_buries_it():
    """It stays in the document until its dead letter is sent, whoever made the change: a web process has no broker."""
    toys = Toys()
    toys.send(toys.event("box.shut"), toys.event("box.shut"), toys.event("thing.sent"))
    toys.opened()

    assert toys.state() == "shut"
    assert [(p["name"], p["reason"]) for p in toys.doc()["parked"]] == [("box.shut", "not_in_this_state")]
    assert toys.doc()["due_at"] == toys.clock.now()
    assert toys.timer("left").outcome == "taken"
    assert "parked" not in toys.doc()


def test_what_a_parked_event_raises_kills_it_alone():
    """Neither the command that let it be tried nor what waits beside it."""
    toys = Toys()
    toys.send(toys.event("thing.sent", explodes=True), toys.event("thing.sent"))
    toys.opened()

    assert toys.state() == "open"
    assert toys.doc()["things"] == 1
    (dead,) = toys.doc()["parked"]
    assert dead["reason"] == "error"
    assert "ZeroDivisionError" in dead["error"]


def test_a_buried_event_can_be_redriven():
    """Its id is no duplicate: what was wrong may be mended."""
    toys = Toys()
    event = toys.event("thing.sent")
    toys.send(event)
    toys.clock.advance(8 * DAY)
    toys.timer("parked")
    toys.opened()

    assert toys.send(event) == ["taken"]
    assert toys.doc()["things"] == 1


def test_a_parked_trigger_keeps_all_that_it_was(toys: Toys):
    toys.command("freeze")
    record = {"topic": "t", "partition": 1, "offset": 2, "key": None, "value": b"\xff\x00", "headers": [["h", b"\xfe"]]}
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    toys.send(toys.event("thing.sent", heavy=True, record=record, traceparent=trace))
    toys.command("thaw")

    assert toys.doc()["events"][-1]["traceparent"] == trace


# -- commands


def test_a_command_in_the_wrong_state_is_refused_with_the_right_one(toys: Toys):
    with pytest.raises(Refusal, match="This is open; that is possible while it is frozen") as refused:
        toys.command("thaw")

    assert refused.value.kind == "state"


def test_a_command_of_the_wrong_person_is_refused(toys: Toys):
    with pytest.raises(Refusal, match="Only maker may do this") as refused:
        toys.command("ask", "friend")

    assert refused.value.kind == "forbidden"


def test_a_guard_names_its_rule_and_the_field(toys: Toys):
    for _ in range(3):
        toys.command("fill", "friend")
    before = toys.doc()
    with pytest.raises(Refusal) as refused:
        toys.command("fill")

    assert (refused.value.kind, refused.value.rule, refused.value.pointer) == ("rule", "room", "/things")
    assert toys.doc() == before


def test_a_bound_refuses_a_person_but_no_event(toys: Toys):
    for _ in range(4):
        toys.send(toys.event("thing.sent"))

    assert toys.doc()["things"] == 4


def test_a_window_ends_at_its_deadline_and_not_after_it(toys: Toys):
    toys.clock.advance(10 * DAY - timedelta(milliseconds=1))
    toys.command("fill")
    toys.clock.advance(timedelta(milliseconds=1))
    with pytest.raises(Refusal) as refused:
        toys.command("fill")

    assert refused.value.rule == "deadline"


def test_commands_wait_while_an_instruction_is_open(toys: Toys):
    toys.command("ask")
    with pytest.raises(Refusal) as refused:
        toys.command("fill")

    assert refused.value.kind == "busy"


# -- busy


def test_while_an_instruction_is_open_only_its_outcome_moves_the_document(toys: Toys):
    toys.command("ask")
    assert toys.send(toys.event("thing.sent"), toys.event("box.seen")) == ["parked", "parked"]
    toys.clock.advance(20 * DAY)
    assert toys.timer("shut").outcome == "duplicate"
    assert toys.outcome("ask.done", "box-1:ask:9").outcome == "rejected"
    assert toys.state() == "asking"

    assert toys.outcome("ask.done", "box-1:ask:1").outcome == "taken"
    assert toys.doc()["things"] == 1
    assert toys.state() == "open"
    assert toys.timer("shut").outcome == "taken"


def test_timers_that_do_not_count_are_not_in_due_at(toys: Toys):
    shut = toys.doc()["due_at"]
    toys.command("ask")
    assert toys.doc()["due_at"] == toys.clock.now()

    toys.outcome("ask.done", "box-1:ask:1")
    assert toys.doc()["due_at"] == shut


def test_an_unknown_outcome_backs_off_and_keeps_the_instruction_open(toys: Toys):
    toys.command("ask")
    pauses = []
    for _ in range(8):
        assert toys.outcome("unknown", "box-1:ask:1").outcome == "ignored"
        pauses.append((toys.doc()["due_at"] - toys.clock.now()).total_seconds())

    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    assert toys.state() == "asking"
    assert toys.doc()["instruction"]["attempts"] == 8


def test_an_unknown_outcome_of_another_instruction_changes_nothing(toys: Toys):
    toys.command("ask")
    before = toys.doc()

    assert toys.outcome("unknown", "box-1:ask:7").outcome == "duplicate"
    toys.outcome("ask.done", "box-1:ask:1")
    assert toys.outcome("unknown", "box-1:ask:1").outcome == "duplicate"
    assert toys.doc()["version"] == before["version"] + 1


# -- timers


def test_a_timer_fires_once(toys: Toys):
    toys.clock.advance(10 * DAY)

    assert [toys.timer("shut").outcome for _ in range(2)] == ["taken", "duplicate"]
    assert toys.state() == "shut"
    assert "due_at" not in toys.doc()


def test_a_timer_that_is_not_due_or_not_there_does_nothing(toys: Toys):
    before = toys.doc()

    assert toys.timer("shut").outcome == "duplicate"
    assert toys.timer("unheard_of").outcome == "duplicate"
    assert toys.doc() == before


def test_a_timer_without_a_fitting_row_is_over(toys: Toys):
    toys.on("box-1", lambda c: c.schedule("tick", c.now))

    assert toys.timer("tick").outcome == "ignored"
    assert "tick" not in toys.doc()["timers"]


def test_frozen_timers_wait_and_go_on_after(toys: Toys):
    toys.command("freeze")
    assert "due_at" not in toys.doc()
    toys.clock.advance(11 * DAY)
    assert toys.timer("shut").outcome == "duplicate"

    toys.command("thaw")
    assert toys.doc()["due_at"] < toys.clock.now()
    assert toys.timer("shut").outcome == "taken"


def test_due_gives_the_timers_that_may_fire_earliest_first(toys: Toys):
    def schedule(change: Any) -> list[str]:
        for name, hours in (("b", -2), ("a", -1), ("c", 1), ("instruction", -3)):
            change.schedule(name, change.now + timedelta(hours=hours))
        return [t.name for t in due(change, BOX, change.now)]

    assert toys.on("box-1", schedule) == ["timer:b", "timer:a"]


# -- explain


def test_explain_says_what_may_happen_by_whom_and_until_when(toys: Toys):
    steps = explain(BOX, toys.doc(), frozenset({"friend"}), toys.clock.now())
    by_name = {(s["what"], s["name"]): s for s in steps}

    until = toys.clock.now() + 10 * DAY
    fill = {"what": "command", "name": "fill", "to": "open", "note": "", "by": ["maker", "friend"], "yours": True}
    assert by_name["command", "fill"] == {**fill, "until": until}
    assert by_name["command", "ask"]["yours"] is False
    assert by_name["timer", "timer:shut"]["at"] == until
    assert by_name["event", "box.shut"]["to"] == "shut"
    assert ("command", "thaw") not in by_name


def test_explain_after_the_deadline_and_under_an_instruction(toys: Toys):
    late = explain(BOX, toys.doc(), frozenset({"maker"}), toys.clock.now() + 10 * DAY)
    assert [s["yours"] for s in late if s["name"] == "fill"] == [False]

    toys.command("ask")
    asking = explain(BOX, toys.doc(), frozenset({"maker"}), toys.clock.now())
    assert [s["what"] for s in asking] == ["event"]


def test_other_terms_make_another_table_and_leave_the_first_alone():
    other = BOX.with_terms(BOX.terms)

    assert other is not BOX
    assert other.rows is ROWS


# -- what a web process leaves for the worker


def test_what_is_left_for_the_worker_is_folded_when_its_timer_fires(toys: Toys):
    toys.command("ask")
    done = toys.trigger("ask.done", "outcome", {"instruction_id": "box-1:ask:1"})
    leave = [toys.on("box-1", lambda c: BOX.leave(c, done).outcome) for _ in range(2)]
    assert leave == ["parked", "duplicate"]
    assert toys.state() == "asking"
    assert toys.doc()["due_at"] == toys.clock.now()

    assert toys.timer("left").outcome == "taken"
    assert toys.state() == "open"
    assert "parked" not in toys.doc()


def test_what_is_left_is_not_forgotten_when_something_else_parks_beside_it(toys: Toys):
    """An outcome by webhook and an event under the same open instruction: the one must let the other go on."""
    toys.command("ask")
    done = toys.trigger("ask.done", "outcome", {"instruction_id": "box-1:ask:1"})
    toys.on("box-1", lambda c: BOX.leave(c, done))
    assert toys.send(toys.event("box.shut")) == ["parked"]
    assert toys.fold(done).outcome == "duplicate"

    assert toys.doc()["due_at"] == toys.clock.now()
    toys.timer("left")
    assert toys.state() == "shut"
