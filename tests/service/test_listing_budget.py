"""A person hands in so many listings a week, whoever asks how; the refusal says when the next is possible."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from werkzeug.test import TestResponse

from services.listing.main import build
from services.listing.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, migrate
from shared.aggregate.store import collection
from tests.support.clock import ManualClock
from tests.support.hires import listing
from tests.support.web import Caller, problem, settings


class World:
    def __init__(self, database: Database[dict[str, Any]], folder: Path) -> None:
        self.clock = ManualClock()
        self.store = Store(collection(database, COLLECTION), self.clock)
        migrate(self.store.collection, MIGRATIONS)
        app = build(settings("listing", folder, LISTINGS_A_WEEK="3"), self.store)
        self.insider, self.other = Caller(app, "anna"), Caller(app, "eve")

    def draft(self, who: Caller | None = None) -> str:
        made = (who or self.insider).post("/v1/listings", listing())
        assert made.status_code == 201, made.get_json()
        return made.headers["Location"]

    def submit(self, path: str, who: Caller | None = None, **headers: str) -> TestResponse:
        return (who or self.insider).post(f"{path}/submit", **headers)

    def in_review(self) -> int:
        return self.store.collection.count_documents({"kind": "listing", "state": "in_review"})


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def test_the_fourth_in_a_week_is_refused(world: World) -> None:
    """By name, with when the next is possible; another person is not concerned; then one is possible."""
    for _ in range(3):
        assert world.submit(world.draft()).status_code == 200
        world.clock.advance(timedelta(days=1))
    path = world.draft()

    refused = world.submit(path)

    assert problem(refused, 422, "refused-by-rule") == [("", "listing-budget")]
    assert "2027-01-08, 00:00 UTC" in refused.get_json()["detail"]
    assert world.submit(world.draft(world.other), world.other).status_code == 200
    world.clock.advance(timedelta(days=4))
    assert world.submit(path).status_code == 200
    problem(world.submit(world.draft()), 422, "refused-by-rule")


def test_a_refused_one_costs_nothing(world: World) -> None:
    """A stale If-Match, or somebody else's listing."""
    path = world.draft()
    for _ in range(5):
        assert world.submit(path, If_Match='"99"').status_code == 412
        assert world.submit(path, world.other).status_code in (403, 404)

    assert [world.submit(each).status_code for each in (path, world.draft(), world.draft())] == [200] * 3


def test_what_is_withdrawn_was_still_handed_in(world: World) -> None:
    for _ in range(3):
        path = world.draft()
        assert world.submit(path, Idempotency_Key="k").status_code == 200
        assert world.submit(path, Idempotency_Key="k").headers["Idempotency-Replayed"] == "true"
        assert world.insider.post(f"{path}/withdraw").status_code == 200

    problem(world.submit(world.draft()), 422, "refused-by-rule")


def test_many_at_once_with_twins_that_are_refused(world: World) -> None:
    """Eight listings at once, each among twins with a stale If-Match: three are handed in."""
    paths = [world.draft() for _ in range(8)]
    asked = [(path, headers) for path in paths for headers in ({"If_Match": '"99"'}, {}, {"If_Match": '"98"'})]

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda each: world.submit(each[0], **each[1]).status_code, asked))

    assert codes.count(200) == world.in_review() <= 3  # a refused twin may hold a place for a moment
    assert set(codes) <= {200, 409, 412, 422}
    for path in paths:
        world.submit(path)
    assert world.in_review() == 3
