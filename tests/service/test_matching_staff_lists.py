"""Staff's lists: documents of an older version are in them, before the migration and after it."""

from pathlib import Path
from typing import Any

import pytest
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from services.matching.store import MIGRATIONS
from shared.aggregate import migrate
from tests.support.matching_web import World

FORMER = {"staff_list": "listed", "staff_sort_key": "place"}


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def register(world: World, domain: str) -> str:
    world.clock.advance(1)
    answer = world.moderator.post("/v1/employers", {"name": domain, "domain": domain})
    assert answer.status_code == 201
    return str(answer.get_json()["id"])


def listed(world: World, limit: int = 2) -> list[str]:
    """Names of the register, read page by page."""
    path, found = f"/v1/employers?limit={limit}", []
    cursor: str | None = ""
    while cursor is not None:
        page = world.moderator.get(f"{path}&cursor={cursor}" if cursor else path).get_json()
        found += [item["name"] for item in page["items"]]
        cursor = page.get("next")
    return found


def as_before(world: World, mark: str) -> None:
    """The employer as an older version wrote it."""
    offers, document = world.store.collection, f"employer:{mark}"
    doc = offers.find_one({"_id": document}) or {}
    old = {before: doc[now] for now, before in FORMER.items()}
    offers.update_one({"_id": document}, {"$set": old, "$unset": dict.fromkeys(FORMER, "")})


def fields(world: World, mark: str) -> set[str]:
    doc = world.store.collection.find_one({"_id": f"employer:{mark}"}) or {}
    return doc.keys() & {*FORMER, *FORMER.values()}


def test_old_and_new_documents_are_one_list(world: World) -> None:
    marks = [register(world, f"{name}.example") for name in "abcde"]
    for mark in marks[1::2]:
        as_before(world, mark)

    assert listed(world) == [f"{name}.example" for name in "edcba"]
    assert fields(world, marks[1]) == set(FORMER.values())


def test_the_migration_renames_and_drops_the_index_that_held_every_offer(world: World) -> None:
    offers = world.store.collection
    marks = [register(world, f"{name}.example") for name in "abc"]
    price = {"_id": "an-offer", "kind": "offer", "version": 1, "listed": 50_000}
    offers.insert_one(price)
    for mark in marks[:2]:
        as_before(world, mark)
    offers.create_index([("listed", ASCENDING), ("place", DESCENDING)], sparse=True)
    offers.delete_one({"_id": "migrations"})

    migrate(offers, MIGRATIONS)
    migrate(offers, MIGRATIONS)

    assert listed(world) == ["c.example", "b.example", "a.example"]
    assert [fields(world, mark) for mark in marks] == [set(FORMER)] * 3
    assert offers.find_one({"_id": "an-offer"}) == price
    keys = [[name for name, _ in index["key"]] for index in offers.index_information().values()]
    assert ["listed", "place"] not in keys
    assert [*FORMER] in keys


def test_the_migration_may_run_again(world: World) -> None:
    as_before(world, register(world, "a.example"))

    for _ in range(2):
        MIGRATIONS[-1](world.store.collection)

    assert listed(world) == ["a.example"]
