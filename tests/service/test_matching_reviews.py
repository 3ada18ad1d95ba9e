"""Reviews over HTTP: written once, each blind to the other's, read by the two and staff."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.support.matching_web import World
from tests.support.web import Caller, problem

START = "2027-01-20"
GOOD = {"stars": 5, "would_again": True, "text": "Took hours to prepare me.\nGot the job."}
BAD = {"stars": 1, "would_again": False, "text": "Did not answer."}


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def hired(world: World) -> str:
    path = world.active()
    assert world.seeker.post(f"{path}/confirm-hire", {"start_on": START}).status_code == 200
    return path


def read(caller: Caller, path: str) -> dict[str, Any]:
    response = caller.get(f"{path}/reviews")
    assert response.status_code == 200, response.get_json()
    body: dict[str, Any] = response.get_json()
    return body


def test_two_reviews(world: World) -> None:
    """Each writes blind; with the second both are there for both."""
    path = hired(world)
    assert read(world.insider, path) == {
        "offer_id": path.rsplit("/", 1)[1], "given": [], "insider": None, "seeker": None, "shown_from": None,
        "until": "2027-03-02T00:00:00.000Z",
    }  # fmt: skip

    written = world.seeker.post(f"{path}/reviews", GOOD)

    assert written.status_code == 200
    assert written.get_json()["seeker"] == {**GOOD, "at": "2027-01-01T00:00:00.000Z"}
    assert written.headers["ETag"] == world.seeker.get(path).headers["ETag"]
    blind = read(world.insider, path)
    assert (blind["given"], blind["seeker"], blind["until"]) == (["seeker"], None, "2027-01-08T00:00:00.000Z")
    assert read(world.seeker, path)["until"] is None
    both = world.insider.post(f"{path}/reviews", BAD).get_json()
    assert (both["insider"]["stars"], both["seeker"]["stars"]) == (1, 5)
    assert read(world.seeker, path) == both == read(world.arbiter, path)


def test_one_review_is_shown_after_a_week(world: World) -> None:
    path = hired(world)
    world.insider.post(f"{path}/reviews", BAD)
    world.clock.advance(timedelta(days=7))

    assert read(world.seeker, path)["insider"]["text"] == BAD["text"]
    assert problem(world.seeker.post(f"{path}/reviews", GOOD), 409, "conflict") == [("", "condition")]
    assert read(world.seeker, path)["seeker"] is None


def test_what_nobody_else_sees(world: World) -> None:
    """Strangers find nothing there, an arbiter what is shown, a moderator all; no event and no other answer has it."""
    path = hired(world)
    world.seeker.post(f"{path}/reviews", GOOD)

    for caller in (world.other, Caller(world.app, "op", ("operator",))):
        problem(caller.get(f"{path}/reviews"), 404, "not-found")
        problem(caller.post(f"{path}/reviews", GOOD), 404, "not-found")
    assert read(world.arbiter, path)["seeker"] is None
    assert read(world.moderator, path)["seeker"]["stars"] == 5
    for caller in (world.insider, world.moderator, world.arbiter):
        assert "Took hours" not in caller.get(path).text + caller.get("/v1/offers").text
    document = world.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
    assert "Took hours" not in json.dumps(document["events"], default=str)
    assert "Took hours" not in json.dumps(document["commands"], default=str)


def test_a_repeat_is_the_same_review(world: World) -> None:
    path = hired(world)
    first = world.seeker.post(f"{path}/reviews", GOOD, Idempotency_Key="one")

    again = world.seeker.post(f"{path}/reviews", GOOD, Idempotency_Key="one")

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert again.get_json() == first.get_json()
    problem(world.seeker.post(f"{path}/reviews", BAD, Idempotency_Key="one"), 422, "key-reused")
    problem(world.seeker.post(f"{path}/reviews", BAD), 409, "conflict")
    stale = world.insider.post(f"{path}/reviews", BAD, If_Match='"1"')
    problem(stale, 412, "stale")


def test_no_review_without_a_hire(world: World) -> None:
    path = world.active()
    problem(world.seeker.post(f"{path}/reviews", GOOD), 409, "conflict")
    world.seeker.post(f"{path}/cancel", {})

    problem(world.seeker.post(f"{path}/reviews", GOOD), 409, "conflict")

    assert read(world.seeker, path)["until"] is None


@pytest.mark.parametrize(
    ("body", "slug", "fault"),
    [
        ({}, "invalid", ("/stars", "required")),
        ({"stars": 0}, "invalid", ("/stars", "range")),
        ({"stars": 6}, "invalid", ("/stars", "range")),
        ({"stars": "5"}, "invalid", ("/stars", "type")),
        ({"stars": 4.5}, "invalid", ("/stars", "type")),
        ({"stars": 5, "would_again": "yes"}, "invalid", ("/would_again", "type")),
        ({"stars": 5, "text": ""}, "invalid", ("/text", "length")),
        ({"stars": 5, "text": "x" * 1001}, "invalid", ("/text", "length")),
        ({"stars": 5, "by": "insider"}, "invalid", ("/by", "unknown")),
        ({"stars": 5, "text": "Call 06 1234 5678 for more"}, "refused-by-rule", ("/text", "no-contact-data")),
    ],
)
def test_bad_reviews(world: World, body: dict[str, Any], slug: str, fault: tuple[str, str]) -> None:
    path = hired(world)
    before = world.everything()

    assert problem(world.seeker.post(f"{path}/reviews", body), 422, slug) == [fault]
    assert world.everything() == before


def test_a_moderator_removes_a_text(world: World) -> None:
    """With a reason that its readers see; nobody else may, and the moderator is named to staff alone."""
    path = hired(world)
    world.seeker.post(f"{path}/reviews", GOOD)
    world.insider.post(f"{path}/reviews", BAD)
    body = {"of": "insider", "reason": "An insult."}

    for caller in (world.insider, world.seeker, world.arbiter):
        problem(caller.post(f"{path}/reviews/remove-text", body), 403, "forbidden")
    fault = problem(world.moderator.post(f"{path}/reviews/remove-text", {"of": "insider"}), 422, "invalid")
    assert fault == [("/reason", "required")]
    removed = world.moderator.post(f"{path}/reviews/remove-text", body)

    assert removed.status_code == 200
    shown = read(world.seeker, path)["insider"]
    assert (shown["stars"], shown["removed"]["reason"], "text" in shown) == (1, "An insult.", False)
    assert BAD["text"] not in json.dumps(world.everything(), default=str)
    assert world.moderator.get(path).get_json()["audit"][-1]["action"] == "remove_review_text"
    again = world.moderator.post(f"{path}/reviews/remove-text", body)
    assert problem(again, 409, "conflict") == [("", "review-text")]
