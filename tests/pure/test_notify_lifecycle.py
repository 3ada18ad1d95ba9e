"""A notification's table: its life is its delivery."""

from datetime import timedelta
from typing import Any

import pytest

from services.notify.acts import KEEP, PRIVATE
from services.notify.lifecycle import DELIVERED, NOTIFICATION, NOTIFY, OUTCOMES
from shared.aggregate import Verdict
from tests.pure.test_notify_recipients import INSIDER, event
from tests.support.folding import Folded

STATES = NOTIFICATION.states


def told(folded: Folded, age: timedelta = timedelta()) -> Verdict:
    data = {"event_type": "offer.made", "event": event("offer.made"), "person": INSIDER}
    return folded.event(NOTIFY, data, id="e-1", at=folded.clock.now() - age)


def in_state(state: str) -> Folded:
    folded = Folded(NOTIFICATION, f"e-1:{INSIDER}")
    if state == "new":
        return folded
    told(folded)
    if state != "queued":
        outcome = {"sent": "mail.sent", "failed": "mail.failed", "skipped": "mail.skipped"}.get(state, "mail.sent")
        folded.outcome(outcome, instruction_id=folded.document["instruction"]["id"], reason="because")
    if state == "expired":
        folded.clock.advance(NOTIFICATION.terms.keep_notifications)
        folded.fire_timers()
    assert folded.state == state
    return folded


def test_an_event_opens_a_mail_without_an_address_in_it() -> None:
    folded = in_state("queued")

    doc = folded.document
    assert doc["instruction"] == {"id": f"e-1:{INSIDER}:mail", "kind": "mail", "attempts": 0}
    assert doc["due_at"] == folded.clock.now()
    assert (doc["person"], doc["event_type"], doc["offer_id"]) == (INSIDER, "offer.made", "o-1")
    assert doc["text"].startswith("A seeker asks for your help: coaching for the interview and a good word, for EUR")
    assert folded.events == []


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(days=7), "queued"),
        (timedelta(days=7, milliseconds=1), "skipped"),
        (timedelta(days=89), "skipped"),
    ],
)
def test_an_event_older_than_seven_days_is_not_mailed(age: timedelta, state: str) -> None:
    folded = Folded(NOTIFICATION, "e-1:p")

    told(folded, age)

    assert folded.state == state
    assert ("instruction" in folded.document) == (state == "queued")
    assert folded.document["created_at"] == folded.clock.now() - age


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_in_every_state(state: str, outcome: str) -> None:
    folded = in_state(state)
    before = folded.document

    verdict = folded.outcome(outcome, instruction_id="x", reason="because")

    if state == "queued":
        assert folded.state == outcome.removeprefix("mail.")
        assert "instruction" not in folded.document
        assert folded.document["due_at"] == folded.document["timers"][KEEP]
        return
    assert folded.state == state
    assert verdict.outcome == ("rejected" if state == "new" else "ignored")
    changed = {name for name in folded.document or {} if (before or {}).get(name) != folded.document[name]}
    assert changed <= {"applied", "version", "updated_at"}


@pytest.mark.parametrize("state", STATES[1:])
def test_a_repeat_of_the_event_changes_nothing(state: str) -> None:
    folded = in_state(state)
    before = folded.document

    assert told(folded).outcome == "duplicate"
    assert folded.document == before


def test_an_unknown_outcome_is_tried_again_with_a_growing_pause() -> None:
    folded = in_state("queued")
    instruction, pauses = folded.document["instruction"]["id"], []
    for _ in range(12):
        folded.outcome("unknown", instruction_id=instruction)
        pauses.append((folded.document["due_at"] - folded.clock.now()).total_seconds())

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    assert folded.state == "queued"


@pytest.mark.parametrize("state", DELIVERED)
def test_nothing_of_the_person_stays_after_ninety_days(state: str) -> None:
    folded = in_state(state)
    folded.clock.advance(NOTIFICATION.terms.keep_notifications - timedelta(milliseconds=1))
    assert folded.fire_timers() == 0

    folded.clock.advance(timedelta(milliseconds=1))
    folded.fire_timers()

    assert folded.state == "expired"
    assert not set(PRIVATE) & set(folded.document) and "due_at" not in folded.document


def test_what_still_waits_for_its_mail_is_not_forgotten() -> None:
    folded = in_state("queued")
    folded.clock.advance(NOTIFICATION.terms.keep_notifications)

    assert folded.fire_timers() == 0


@pytest.mark.parametrize("state", STATES)
def test_who_asks_to_be_forgotten_is_told_nothing_any_more(state: str) -> None:
    """Also while its mail waits; what comes of that mail is ignored then."""
    folded = in_state(state)
    instruction = (folded.document or {}).get("instruction")

    verdict = folded.event("person.erased", {}, id="erased")

    if state == "new":
        assert verdict.outcome == "rejected"
        return
    assert verdict.outcome == ("ignored" if state == "expired" else "taken")
    assert folded.state == "expired"
    assert not set(PRIVATE) & set(folded.document) and "due_at" not in folded.document
    if instruction:
        assert folded.outcome("mail.sent", instruction_id=instruction["id"]).outcome == "ignored"


def test_the_table_is_whole() -> None:
    reached: set[Any] = {row.to for row in NOTIFICATION.rows}

    assert NOTIFICATION.empty_cells() == []
    assert reached == set(STATES) - {"new"}
