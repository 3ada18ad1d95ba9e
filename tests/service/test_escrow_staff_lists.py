"""Staff's lists of escrows on a real database: what is due, held, refused and disputed, as JSON and as CSV."""

import csv
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.escrow.store import MIGRATIONS
from shared.aggregate import migrate
from tests.service.test_escrow_http import World
from tests.support.web import Caller, problem

LISTS = ("payouts", "held", "refused", "disputes")
BASE = "/v1/reconciliation"


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def id_of(path: str) -> str:
    return path.rsplit("/", 1)[1]


def ids(world: World, name: str) -> list[str]:
    return [item["offer_id"] for item in world.operator.get(f"{BASE}/{name}").get_json()["items"]]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


def test_each_list_has_its_escrows(world: World) -> None:
    """Held money, a payout to come, a refused one with its reason, and a dispute with what was written."""
    held, due, refused, disputed = world.held(), world.held(), world.accepted(), world.held()
    world.seeker.post(f"{refused}/fund", {"source": "tok_transfer_refused"})
    world.worker.tick()
    later = [{"due_day": 30, "bps": 10_000}]
    waiting = world.held(tranches=later)
    for path in (refused, waiting):
        world.event("hire.confirmed", id_of(path))
    world.event("hire.confirmed", id_of(due))
    world.seeker.post(f"{disputed}/dispute", {"reason": "=1+1, so it is."})
    world.worker.tick()

    assert {*ids(world, "held")} == {id_of(path) for path in (held, refused, disputed, waiting)}
    assert {*ids(world, "payouts")} == {id_of(refused), id_of(waiting)}
    (blocked,) = world.operator.get(f"{BASE}/refused").get_json()["items"]
    assert (blocked["offer_id"], blocked["what"], blocked["amount"]) == (id_of(refused), "release", 50_000)
    assert blocked["reason"] and blocked["since"] < blocked["again_at"]
    (dispute,) = world.arbiter.get(f"{BASE}/disputes").get_json()["items"]
    assert (dispute["offer_id"], dispute["by"], dispute["reason"]) == (id_of(disputed), "seeker", "=1+1, so it is.")
    (row,) = rows(world.arbiter.get(f"{BASE}/disputes?format=csv").get_data(as_text=True))
    assert row["reason"] == "'=1+1, so it is."
    for name, count in (("payouts", 2), ("refused", 1)):
        assert len(rows(world.operator.get(f"{BASE}/{name}?format=csv").get_data(as_text=True))) == count


def test_in_pages_with_sums(world: World) -> None:
    """The oldest first; the sums go on from page to page, each currency by itself."""
    paths = []
    for currency in ("EUR", "CAD", "EUR"):
        paths.append(world.held(currency=currency))
        world.clock.advance(timedelta(minutes=1))

    seen, totals, cursor = [], [], ""
    while cursor is not None:
        page = world.operator.get(f"{BASE}/held?limit=1{cursor and f'&cursor={cursor}'}").get_json()
        seen += [item["offer_id"] for item in page["items"]]
        totals.append({each["currency"]: each["amount"] for each in page["totals"]})
        cursor = page["next"]

    assert seen == [id_of(path) for path in paths]
    assert totals == [{"EUR": 50_000}, {"CAD": 50_000, "EUR": 50_000}, {"CAD": 50_000, "EUR": 100_000}]


def test_as_csv(world: World) -> None:
    """By Accept or by `format`, which goes first; the rows of JSON, all on one page unless `limit` says less."""
    for _ in range(3):
        world.held()
    path = f"{BASE}/held"

    answer = world.operator.get(path, Accept="text/csv")

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Vary"] == "Accept"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="held.csv"'
    items = world.operator.get(path, Accept="*/*").get_json()["items"]
    assert rows(answer.get_data(as_text=True)) == [{name: str(value) for name, value in item.items()} for item in items]
    assert world.operator.get(f"{path}?format=json", Accept="text/csv").get_json()["items"] == items
    assert world.operator.get(path, Accept="text/csv;q=0.5, application/json").content_type == "application/json"
    first = world.operator.get(f"{path}?format=csv&limit=2")
    assert len(rows(first.get_data(as_text=True))) == 2
    following = first.headers["Link"].partition("<")[2].partition(">")[0]
    assert len(rows(world.operator.get(following).get_data(as_text=True))) == 1


@pytest.mark.parametrize("name", LISTS)
def test_who_may_look(world: World, name: str) -> None:
    """Arbiters and operators; nobody at what they are a party to."""
    path = world.held()
    world.seeker.post(f"{path}/dispute", {"reason": "other"})

    for caller in (world.seeker, world.insider, Caller(world.app, "mod", ("moderator",))):
        problem(caller.get(f"{BASE}/{name}", Accept="text/csv"), 403, "forbidden")
    own = Caller(world.app, "anna", ("arbiter",)).get(f"{BASE}/{name}").get_json()
    assert (own["items"], own["totals"]) == ([], [])
    assert len(world.arbiter.get(f"{BASE}/{name}").get_json()["items"]) == (name in ("held", "disputes"))


@pytest.mark.parametrize(
    "query", ["format=xml", "limit=0", "limit=101", "cursor=zzz", "why=held", "format=csv&format=csv"]
)
def test_bad_query(world: World, query: str) -> None:
    """Refused by name."""
    problem(world.operator.get(f"{BASE}/held?{query}"), 422, "invalid")


def test_a_cursor_of_another_list(world: World) -> None:
    """It is input like any other: one whose sums are none is refused."""
    for _ in range(2):
        world.held()
    mine = world.operator.get(f"{BASE}/held?limit=1").get_json()["next"]
    others = world.seeker.get("/v1/escrows?limit=1").get_json()["next"]
    reconciled = world.operator.get(f"{BASE}?why=loss").get_json()["next"] or "WyJ4Il0"

    assert world.operator.get(f"{BASE}/held?cursor={mine}").status_code == 200
    assert others and world.operator.get(f"{BASE}/held?cursor={others}").status_code == 200
    problem(world.operator.get(f"{BASE}/held?cursor={reconciled}"), 422, "invalid")


def test_escrows_of_an_older_version_are_listed(world: World) -> None:
    """The migration puts them there."""
    path = world.held()
    collection = world.store.collection
    collection.update_one({"_id": id_of(path)}, {"$unset": {"staff_lists": ""}})
    assert ids(world, "held") == []

    collection.delete_one({"_id": "migrations"})
    migrate(collection, MIGRATIONS)

    assert ids(world, "held") == [id_of(path)]
