"""What is rare is looked for in bounded pages: each says where it stopped, and costs what it looked at."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pymongo import MongoClient, monitoring
from pymongo.database import Database

from services.notify.log import reading
from services.notify.main import build
from services.notify.store import COLLECTION, MIGRATIONS
from services.notify.webhooks import store as of_webhooks
from services.notify.webhooks.store import delivery_key, failed_after
from services.notify.webhooks.upkeep import Upkeep
from shared.aggregate import Store, migrate
from shared.aggregate.store import collection
from shared.clock import format_time
from shared.settings import Terms
from tests.support.clock import ManualClock
from tests.support.web import Caller, settings

MOST, ALL = 20, 110
RARE = (3, 4, 70, 109)
"""The numbers of what is looked for."""
OFFER = str(UUID(int=7))
_BOUNDS = {"webhook_id", "sort_key", "$and", "readers", "log_number"}
"""What the indexes have of a search."""


class Finds(monitoring.CommandListener):
    """The searches that were asked of the database."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "find":
            self.asked.append({name: each for name, each in event.command.items() if name not in ("lsid", "$db")})

    def succeeded(self, event: Any) -> None: ...

    def failed(self, event: Any) -> None: ...


class World:
    """Notify over a database that tells what it was asked."""

    def __init__(self, client: MongoClient[Any], database: str, finds: Finds, folder: Path) -> None:
        self.database, self.finds = client[database], finds
        self.store = Store(collection(self.database, COLLECTION), ManualClock())
        migrate(self.store.collection, MIGRATIONS)
        app = build(settings("notify", folder), self.store)
        self.anna, self.op = Caller(app, "anna"), Caller(app, "op", ("operator",))

    def most_examined(self) -> int:
        """The documents that the dearest of the last searches read; one for a place among many reads keys alone."""
        read = [0]
        for asked in self.finds.asked:
            if "skip" in asked:
                assert (asked["skip"], asked["limit"], asked["projection"]["_id"]) == (MOST - 1, 1, 0)
                continue
            if asked.get("limit") == 1:
                continue  # an end of an index
            told = self.database.command("explain", {k: v for k, v in asked.items() if not k.startswith("$")},
                                         verbosity="executionStats")  # fmt: skip
            if "executionStats" in told:  # not of FerretDB; there it counts what lies within the bounds
                read.append(told["executionStats"]["totalDocsExamined"])
            elif asked["filter"].keys() & _BOUNDS:
                bounds = {name: each for name, each in asked["filter"].items() if name in _BOUNDS}
                read.append(self.database[COLLECTION].count_documents(bounds))
        self.finds.asked.clear()
        return max(read)


@pytest.fixture
def world(
    mongo_server: str, database: Database[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    monkeypatch.setattr(reading, "MOST_LOOKED_AT", MOST)
    monkeypatch.setattr(of_webhooks, "MOST_LOOKED_AT", MOST)
    finds = Finds()
    with MongoClient[Any](mongo_server, event_listeners=[finds]) as client:
        yield World(client, database.name, finds, tmp_path)


def logged(world: World) -> None:
    """Every second event is anna's; the rare ones are of one offer, and hers."""

    def one(number: int) -> dict[str, Any]:
        rare = number in RARE
        about = {"offer_id": OFFER} if rare else {}
        return {
            "_id": f"event:matching:{UUID(int=number)}", "kind": "event", "version": 1, "log_number": number,
            "readers": [world.anna.id] if rare or number % 2 else ["p_" + "0" * 32], "event_id": str(UUID(int=number)),
            "event_type": "hire.confirmed" if rare else "offer.made", "subject": "s", "sequence": number,
            "at": world.store.clock.now(), "arrived_at": world.store.clock.now(), "data": {}, **about,
        }  # fmt: skip

    world.store.collection.insert_many([one(number) for number in range(1, ALL + 1)])


@pytest.mark.parametrize("asks", [f"offer_id={OFFER}", "types=hire.confirmed", f"offer_id={OFFER}&types=hire.*"])
@pytest.mark.parametrize("who", ["anna", "op"])
def test_a_page_of_the_log_passes_over_so_many_and_says_where_it_is(world: World, who: str, asks: str) -> None:
    logged(world)
    caller: Caller = getattr(world, who)
    found, sizes, query = list[int](), list[int](), f"limit=2&{asks}"
    while True:
        world.finds.asked.clear()
        page = caller.get(f"/v1/events?{query}").get_json()
        assert world.most_examined() <= MOST
        found += [int(each["event"]["sequence"]) for each in page["items"]]
        sizes.append(len(page["items"]))
        if not page["more"]:
            break
        query = f"limit=2&{asks}&after={page['next']}"

    assert found == list(RARE)
    assert 0 in sizes and len(sizes) <= ALL // MOST + 3
    assert reading.number_of(page["next"]) == ALL


def test_a_person_who_asks_for_all_of_theirs_gets_full_pages(world: World) -> None:
    """However far apart they are in the log."""
    logged(world)
    world.store.collection.update_many({"log_number": {"$gt": 5, "$lt": ALL}}, {"$set": {"readers": ["p_other"]}})
    page = world.anna.get("/v1/events?limit=4").get_json()

    assert [int(each["event"]["sequence"]) for each in page["items"]] == [1, 3, 4, 5] and page["more"]


def delivered(world: World, webhook: str, owner: str) -> None:
    """Deliveries of a webhook of which few have failed."""
    start = world.store.clock.now() - timedelta(days=1)

    def one(number: int) -> dict[str, Any]:
        at, event = start + timedelta(seconds=number), str(UUID(int=number))
        return {
            "_id": delivery_key(webhook, event), "kind": "delivery", "version": 1, "owner": owner, "attempts": [],
            "webhook_id": webhook, "event_id": event, "event_type": "offer.made", "number": number, "tries": 1,
            "state": "failed" if number in RARE else "delivered", "sort_key": f"{format_time(at)}/{event}",
            "created_at": at, "begun_at": at, "updated_at": at,
        }  # fmt: skip

    world.store.collection.insert_many([one(number) for number in range(1, ALL + 1)])


def webhook(world: World) -> str:
    made = world.anna.post("/v1/webhooks", {"url": "https://hook.example/in", "types": ["*"]})
    assert made.status_code == 201, made.get_json()
    at = str(made.get_json()["id"])
    world.store.collection.delete_many({"webhook_id": at})
    delivered(world, at, world.anna.id)
    return at


def test_a_page_of_deliveries_passes_over_so_many_and_says_where_it_is(world: World) -> None:
    path = f"/v1/webhooks/{webhook(world)}/deliveries?limit=2&status=failed"
    found, sizes, cursor = list[int](), list[int](), ""
    while cursor is not None:
        world.finds.asked.clear()
        page = world.anna.get(path + cursor).get_json()
        assert world.most_examined() <= MOST
        found += [UUID(each["id"]).int for each in page["items"]]
        sizes.append(len(page["items"]))
        cursor = page["next"] and f"&cursor={page['next']}"

    assert found == list(reversed(RARE)) and 0 in sizes
    assert len(sizes) <= ALL // MOST + 2
    everything = world.anna.get(path.replace("limit=2&status=failed", "limit=100")).get_json()
    assert len(everything["items"]) == 100


def test_what_failed_is_sent_again_by_bounded_steps(world: World) -> None:
    """A webhook with few failures among many deliveries holds up the loop no longer than one with many."""
    at = webhook(world)
    _id = {"_id": at}
    world.store.collection.update_one(_id, {"$set": {"sends": True, "state": "active", "replay_after": "2026"}})
    world.store.collection.update_one(_id, {"$set": {"replay_since": world.store.clock.now()}})
    upkeep, steps = Upkeep(world.store, Terms()), 0
    while "replay_after" in (world.store.get(at) or {}):
        world.finds.asked.clear()
        moved = upkeep.step()
        world.finds.asked = [each for each in world.finds.asked if "sort_key" in each["filter"]]
        assert world.most_examined() <= MOST
        assert moved or "replay_after" not in (world.store.get(at) or {})
        steps += 1

    assert steps == ALL // MOST + 1
    assert failed_after(world.store, at, "", ALL)[0] == []
    assert world.store.collection.count_documents({"webhook_id": at, "state": "waiting"}) == len(RARE)
