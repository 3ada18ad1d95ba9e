"""A person writes so many listings that they do not hand in; a draft that nobody touches is withdrawn by itself."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient, monitoring
from pymongo.database import Database
from werkzeug.test import TestResponse

from services.listing.main import build, work
from services.listing.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, migrate
from shared.aggregate.store import collection
from tests.support.clock import ManualClock
from tests.support.hires import listing
from tests.support.web import Caller, Ticking, problem, settings

MOST = 5
KEPT = timedelta(days=180)
THREADS = 6


class Commands(monitoring.CommandListener):
    def __init__(self) -> None:
        self.names = list[str]()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: Any) -> None: ...

    def failed(self, event: Any) -> None: ...


class World:
    """Listing, of which a person may write five that they do not hand in; `again()` is another process of it."""

    def __init__(self, server: str, database: str, folder: Path, most: int) -> None:
        self.clock, self.commands = ManualClock(), Commands()
        self.client: MongoClient[Any] = MongoClient(server, event_listeners=[self.commands])
        self.store = Store(collection(self.client[database], COLLECTION), self.clock)
        migrate(self.store.collection, MIGRATIONS)
        self._settings = settings("listing", folder, DRAFTS_PER_PERSON=str(most))
        self.insider, self.other = self.again("anna"), self.again("eve")
        self.worker = Ticking(work(self._settings, self.store, None))

    def again(self, sub: str) -> Caller:
        return Caller(build(self._settings, self.store), sub)

    def write(self, who: Caller | None = None, **headers: str) -> TestResponse:
        return (who or self.insider).post("/v1/listings", listing(), **headers)

    def written(self) -> int:
        return self.store.collection.count_documents({"kind": "listing"})


Made = Callable[[int], World]


@pytest.fixture
def made(mongo_server: str, database: Database[dict[str, Any]], tmp_path: Path) -> Iterator[Made]:
    worlds = list[World]()

    def make(most: int) -> World:
        worlds.append(World(mongo_server, database.name, tmp_path, most))
        return worlds[-1]

    yield make
    for each in worlds:
        each.client.close()


@pytest.fixture
def world(made: Made) -> World:
    return made(MOST)


def test_one_too_many_is_refused(world: World) -> None:
    """By name; another person is not concerned; a repeat of what was written gets its answer; handing one in helps."""
    paths = [world.write(Idempotency_Key=f"k{number}").headers["Location"] for number in range(MOST)]

    refused = world.write()

    assert problem(refused, 422, "refused-by-rule") == [("", "drafts-bound")]
    assert "Within 180 days you may write 5 listings that you do not hand in" in refused.get_json()["detail"]
    assert world.written() == MOST
    assert world.write(Idempotency_Key="k0").headers["Idempotency-Replayed"] == "true"
    problem(world.write(Idempotency_Key="new"), 422, "refused-by-rule")
    assert world.write(world.other).status_code == 201
    assert world.insider.post(f"{paths[0]}/submit").status_code == 200
    assert world.write().status_code == 201
    problem(world.write(), 422, "refused-by-rule")


def test_what_is_withdrawn_unsubmitted_counts_for_as_long_as_a_draft_is_kept(world: World) -> None:
    """Else one could write and withdraw without end."""
    for _ in range(MOST):
        assert world.insider.post(f"{world.write().headers['Location']}/withdraw").status_code == 200
    problem(world.write(), 422, "refused-by-rule")

    world.clock.advance(KEPT - timedelta(milliseconds=1))
    problem(world.write(), 422, "refused-by-rule")
    world.clock.advance(timedelta(milliseconds=1))
    assert world.write().status_code == 201


def test_many_at_once_and_two_processes_do_not_go_far_past_it(made: Made) -> None:
    """By the requests under way and by what each process remembers; then none is let through by either."""
    world = made(20)
    twins = [world.insider, world.again("anna")]

    with ThreadPoolExecutor(THREADS) as pool:
        codes = list(pool.map(lambda number: world.write(twins[number % 2]).status_code, range(80)))

    assert set(codes) == {201, 422}
    assert 20 <= codes.count(201) == world.written() <= 20 + THREADS + 10
    for each in twins:
        problem(world.write(each), 422, "refused-by-rule")


def test_a_draft_costs_one_command_most_of_the_time(made: Made) -> None:
    """The first that a process sees of a person costs one more, by an index; so does the next after half the rest."""
    world = made(50)
    world.commands.names.clear()

    for _ in range(25):
        assert world.write().status_code == 201

    assert world.commands.names == ["aggregate", *["insert"] * 25]
    index = world.store.collection.index_information()["unsubmitted_1"]
    assert index["sparse"] and index["key"] == [("unsubmitted", 1)]


def test_a_draft_that_nobody_touches_is_withdrawn(world: World) -> None:
    """Each touch gives it its time again; nothing is emitted of what nobody has heard of, nor do strangers see it."""
    path, changed = (world.write().headers["Location"] for _ in range(2))
    assert world.insider.get(path).get_json()["expires_at"] == "2027-06-30T00:00:00.000Z"
    world.clock.advance(KEPT / 2)
    assert world.insider.ask("PATCH", changed, {"title": "Engineer"}).status_code == 200
    world.worker.tick(KEPT / 2)

    gone = world.store.whole(path.rsplit("/", 1)[1]) or {}
    assert (gone["state"], gone.get("events", []), gone["timers"]) == ("withdrawn", [], {})
    assert [world.insider.get(each).get_json()["status"] for each in (path, changed)] == ["withdrawn", "draft"]
    assert world.other.get(path).status_code == 404
    assert world.write().status_code == 201
    world.worker.tick(KEPT / 2)
    assert world.insider.get(changed).get_json()["status"] == "withdrawn"
