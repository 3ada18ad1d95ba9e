"""The log's story: one line for each thing that a document took, after it was written, whoever else was faster."""

import logging
from typing import Any

import pytest

from shared.aggregate.story import log
from tests.support.toy import Toys


@pytest.fixture
def toys(caplog: pytest.LogCaptureFixture) -> Toys:
    caplog.set_level(logging.INFO, log.name)
    return Toys()


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    lines = [vars(record) for record in caplog.records if record.name == log.name]
    return [(each["id"], each["trigger"], each["before"], each["after"], each["outcome"]) for each in lines]


def test_what_is_taken_parked_or_ignored_is_told_and_what_is_rejected_or_known_is_not(
    toys: Toys, caplog: pytest.LogCaptureFixture
) -> None:
    early = toys.event("thing.sent")
    toys.send(early)
    toys.opened()
    shut = toys.event("box.shut")
    toys.send(early, shut, toys.event("box.seen"), toys.event("moon.rose"), shut)

    assert told(caplog) == [
        ("box-1", "thing.sent", "new", "new", "parked"),
        ("box-1", "open", "new", "open", "taken"),
        ("box-1", "thing.sent", "open", "open", "taken"),
        ("box-1", "box.shut", "open", "shut", "taken"),
        ("box-1", "box.seen", "shut", "shut", "ignored"),
    ]


@pytest.mark.parametrize("races", [0, 1, 3])
def test_a_lost_race_tells_everything_once(toys: Toys, caplog: pytest.LogCaptureFixture, races: int) -> None:
    """One of two documents of a batch is changed by another meanwhile; the other's is written at the first try."""
    toys.opened().opened("box-2")
    rivals = [lambda: toys.on("box-2", lambda change: change.set(number=len(rivals)))] * races

    def rival(step: str) -> None:
        if step == "bulk_write:before" and rivals:
            rivals.pop()()

    toys.collection.fault = rival
    toys.send(toys.event("thing.sent"), toys.event("thing.sent", "box-2"))

    assert sorted(told(caplog)[2:]) == [(box, "thing.sent", "open", "open", "taken") for box in ("box-1", "box-2")]


def test_nobody_is_in_it(toys: Toys, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the id of a document about a person, nor in what was done to it, nor who did it."""
    person = "p_" + "7" * 32
    toys.command("open", box=f"event-1:{person}", note="my words", offer_id="offer-1")
    toys.send(toys.event("thing.sent", f"event-1:{person}", id=f"event-2:{person}"))
    lines = [vars(record) for record in caplog.records if record.name == log.name]

    assert [(line["id"], line["offer_id"]) for line in lines[:1]] == [("event-1:person", "offer-1")]
    assert [line["trigger_id"] for line in lines[1:]] == ["event-2:person"]
    assert not [line for line in lines if "p_" in str(line) or "my words" in str(line)]
