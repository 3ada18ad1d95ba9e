"""What the two write to each other with their proposals: read by them alone, and nowhere else."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.support.matching_web import COACHING, World
from tests.support.web import Caller, problem

HELLO, ANSWER = "I built payment systems for six years.\nWould you help me?", "Gladly, for a little less."


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def introduced(world: World) -> str:
    """The path of an offer with a message, answered by a counter-offer with another."""
    made = world.seeker.post("/v1/offers", {"listing_id": world.listed(), **COACHING, "message": HELLO})
    path: str = made.headers["Location"]
    counter = {"price": {"amount": 40_000, "currency": "EUR"}, "message": ANSWER}
    assert world.insider.post(f"{path}/counter", counter).status_code == 200
    return path


def test_a_message_is_for_the_two_alone(world: World) -> None:
    """Both read both, in the offer and in their lists; staff see the offer without them."""
    path = introduced(world)

    for caller in (world.insider, world.seeker):
        shown = caller.get(path).get_json()["messages"]
        assert [(each["by"], each["text"]) for each in shown] == [("seeker", HELLO), ("insider", ANSWER)]
        assert caller.get("/v1/offers").get_json()["items"][0]["messages"] == shown
    for caller in (world.moderator, world.arbiter):
        seen = caller.get(path).get_json()
        assert (seen["status"], "messages" in seen) == ("countered", False)
    problem(world.other.get(path), 404, "not-found")
    own = Caller(world.app, "anna", ("moderator",)).get(path).get_json()
    assert len(own["messages"]) == 2


def test_a_message_is_in_one_field_and_in_no_event(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Where it can be deleted; nothing that leaves the document, and no log line, has it."""
    with caplog.at_level(logging.INFO):
        path = introduced(world)
    (document,) = (doc for doc in world.everything() if doc["kind"] == "offer")
    said = document.pop("messages")

    assert [each["text"] for each in said] == [HELLO, ANSWER]
    rest = json.dumps([document, *(doc for doc in world.everything() if doc["kind"] != "offer")], default=str)
    for words in ("payment systems", "Gladly"):
        assert words not in rest
        assert words not in caplog.text
    assert world.events(path) == ["offer.made", "offer.countered"]


def test_an_offer_without_a_message(world: World) -> None:
    path = world.proposed()

    assert world.seeker.get(path).get_json()["messages"] == []


@pytest.mark.parametrize(
    "text", ["Call me: +31 6 1234 5678", "bo (at) example (dot) org", "www.example.org/bo", "@bo_b"]
)
def test_a_way_to_reach_the_writer_is_refused(world: World, text: str) -> None:
    """Nothing is stored, and no request is counted."""
    body = {"listing_id": world.listed(), **COACHING, "message": text}

    refused = world.seeker.post("/v1/offers", body)

    assert problem(refused, 422, "refused-by-rule") == [("/message", "no-contact-data")]
    assert text not in json.dumps(refused.get_json())
    assert world.store.collection.count_documents({"kind": "offer"}) == 0
    account = world.store.get(f"account:{world.seeker.id}") or {}
    assert not account.get("requests")


@pytest.mark.parametrize(
    ("message", "rule"), [("", "length"), ("x" * 1001, "length"), (5, "type"), (None, "null"), ("a\x07b", "characters")]
)
def test_bad_messages(world: World, message: Any, rule: str) -> None:
    body = {"listing_id": world.listed(), **COACHING, "message": message}

    assert problem(world.seeker.post("/v1/offers", body), 422, "invalid") == [("/message", rule)]


@pytest.mark.parametrize(
    "text",
    ["Call 06–12–34–56–78.", "Call ０６１２３４５６７８.", "I am at example．work.", "Mail bo＠example.org.",
     "b\u200bo@example.org", "Write to bo at example dot org"],
)  # fmt: skip
def test_a_message_has_no_contact_data_however_it_is_written(world: World, text: str) -> None:
    refused = world.seeker.post("/v1/offers", {"listing_id": world.listed(), **COACHING, "message": text})

    assert problem(refused, 422, "refused-by-rule") == [("/message", "no-contact-data")]
