"""A listing's insider is verified while staff have registered its employer's domain, whatever came first."""

from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.listing.store import ANY, MIGRATIONS, employer_id, verified_anew
from shared.aggregate import migrate
from shared.ids import domain_mark
from tests.service.test_listing_http import BODY
from tests.service.test_listing_workplaces import ACME, World

OTHER = domain_mark(b"k" * 40, "other.example")
SETTLED = timedelta(minutes=2)


@pytest.fixture
def world(database: Database[Any], tmp_path: Path) -> World:
    return World(database, tmp_path)


def verified_at_acme(world: World) -> str:
    """The path of a published listing whose insider is verified."""
    world.said("registered")
    world.verified()
    path = world.published()
    world.work(SETTLED)
    assert world.shown(path)
    return path


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("order", list(permutations(("published", "verified", "registered"))), ids="-".join)
def test_in_any_order(world: World, order: tuple[str, ...], at_once: bool) -> None:
    """Only once all three are there."""
    path = ""
    for step in order:
        assert not path or not world.shown(path)
        match step:
            case "published":
                path = world.published()
            case "verified":
                assert world.verified() == "taken"
            case "registered":
                assert world.said("registered") == "taken"
        world.work(timedelta() if at_once else SETTLED)
    world.work()

    assert world.shown(path)
    before = world.emitted(path)
    assert before[-1]["insider_verified"]
    world.work(SETTLED)
    assert world.emitted(path) == before, "one event says so, no pass says it again"


@pytest.mark.parametrize("state", ["draft", "in_review", "published", "paused", "withdrawn", "expired"])
def test_registered_later_and_taken_off(world: World, state: str) -> None:
    """In whatever state; copies learn both by an event once it is known outside."""
    path = world.written() if state in ("draft", "in_review") else world.published()
    match state:
        case "in_review":
            world.store.run({path.rsplit("/", 1)[1]: "listing"}, lambda changes: [
                change.set(state="in_review") for change in changes.values()
            ])  # fmt: skip
        case "paused":
            world.anna.post(f"{path}/pause")
        case "withdrawn":
            world.anna.post(f"{path}/withdraw")
        case "expired":
            world.work(timedelta(days=90))
    world.verified()
    world.work(SETTLED)
    before, seen = len(world.emitted(path)), []
    for number, name in enumerate(("registered", "removed", "registered"), start=1):
        world.said(name, number)
        world.work(SETTLED)
        seen.append(world.anna.get(path).get_json()["insider_verified"])

    assert seen == [True, False, True]
    told = [(event["type"], event["insider_verified"]) for event in world.emitted(path)[before:]]
    expected = [("listing.revised", each) for each in seen]
    assert told == ([] if state in ("draft", "in_review") else expected)
    assert world.anna.get(path).get_json()["status"] == state


def test_what_is_written_after_the_domain_was_taken_off(world: World) -> None:
    path = verified_at_acme(world)
    world.said("removed", 2)

    assert not world.anna.ask("PATCH", path, {"employer": ACME}).get_json()["insider_verified"]
    assert not world.shown(world.published())


def test_an_older_word_of_the_register_changes_nothing(world: World) -> None:
    path = verified_at_acme(world)

    assert world.said("removed", 3) == "taken"
    assert [world.said("registered", number) for number in (1, 2, 3)] == ["ignored"] * 3
    world.work(SETTLED)

    assert not world.shown(path)


def test_another_domain_and_another_person(world: World) -> None:
    """The register's word of another domain neither verifies it nor takes it away; a colleague is none."""
    path = world.published()
    world.verified()
    world.said("registered", mark=OTHER)
    world.work(SETTLED)
    assert not world.shown(path)
    world.said("registered")
    world.work(SETTLED)
    assert world.shown(path)
    world.said("removed", 2, mark=OTHER)
    world.work(SETTLED)

    assert world.shown(path)
    of_bo = world.bo.post("/v1/listings", {**BODY, "employer": ACME})
    assert of_bo.status_code == 201 and not of_bo.get_json()["insider_verified"]


def test_more_listings_than_a_pass_takes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pass takes a bounded number; a timer has the next one follow. By the employer and by the person."""
    monkeypatch.setattr("services.listing.workplaces._AT_ONCE", 2)
    paths = [world.published() for _ in range(5)]
    world.verified()
    world.work(SETTLED)
    world.said("registered")
    world.work(timedelta())
    assert sum(map(world.shown, paths)) == 2
    for _ in range(3):
        world.work()
    assert all(map(world.shown, paths))

    world.store.collection.update_many({"kind": "listing"}, {"$set": {"insider_verified": False}})
    world.verified()
    world.work(timedelta())
    assert sum(map(world.shown, paths)) == 2
    for _ in range(3):
        world.work()
    assert all(map(world.shown, paths))


@pytest.mark.parametrize("registered", [True, False])
def test_those_verified_by_an_older_version(world: World, registered: bool) -> None:
    """They stay so for the hour in which the register is read; then those whose domain nobody registered lose it."""
    path = verified_at_acme(world)
    world.store.collection.delete_many({"kind": "employer"})
    world.store.collection.update_one({"_id": "migrations"}, {"$set": {"done": 1 + MIGRATIONS.index(verified_anew)}})
    migrate(world.store.collection, MIGRATIONS)
    world.clock.set((world.store.get(employer_id(ANY)) or {})["due_at"] - SETTLED)
    world.work(timedelta())
    before = world.emitted(path)
    assert world.shown(path)
    if registered:
        world.said("registered")

    world.work(SETTLED)

    assert world.shown(path) == registered
    told = [event["insider_verified"] for event in world.emitted(path)[len(before) :]]
    assert told == ([] if registered else [False])
