"""What a claim is worth: a document of an insider who is verified at the employer becomes the hire by silence."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from shared.ids import domain_mark, new_id, workplace_mark
from tests.support.matching import LETTER, START
from tests.support.matching_web import World
from tests.support.web import Caller

KEY = b"k" * 40


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def register(world: World, *domains: str) -> None:
    """Staff register these employers."""
    for domain in domains:
        staff = Caller(world.app, "olga", ("operator",))
        assert staff.post("/v1/employers", {"name": domain, "domain": domain}).status_code == 201


def at(domain: str) -> dict[str, str]:
    """What a listing at that domain says of where it is."""
    listing_id = new_id()
    return {"listing_id": listing_id, "workplace_mark": workplace_mark(KEY, listing_id, domain)}


def claimed(world: World, evidence: list[dict[str, str]], **listed: Any) -> str:
    """An active offer of a listing like this, at a registered employer, and its insider's claim; the offer's path."""
    register(world, "other.example", "acme.example")
    return claimed_at(world, evidence, **at("acme.example"), **listed)


def claimed_at(world: World, evidence: list[dict[str, str]], **listed: Any) -> str:
    path = world.accepted(listing_id=world.listed(**listed))
    world.escrow_is(path, "escrow.held")
    claim = world.insider.post(f"{path}/claim-hire", {"start_on": START, "evidence": evidence})
    assert claim.status_code == 200, claim.get_json()
    return path


def test_a_document_of_a_verified_insider_is_confirmed_by_silence(world: World) -> None:
    path = claimed(world, LETTER, insider_verified=True)
    assert world.shown(path)["claims"][0]["grade"] == 2

    world.tick(timedelta(days=14) - timedelta(seconds=1))
    assert world.status(path) == "hire_claimed"
    world.tick(timedelta(seconds=1))

    hire = world.shown(path)["hire"]
    assert (world.status(path), hire["confirmed_by"], hire["evidence_grade"]) == ("hired", "silence", 2)


@pytest.mark.parametrize(
    ("evidence", "listed", "grade"),
    [
        (LETTER, {}, 1),
        (LETTER, {"insider_verified": False}, 1),
        ([], {"insider_verified": True}, 0),
        ([{**LETTER[0], "kind": "word"}], {"insider_verified": True}, 0),
    ],
)
def test_less_than_that_lapses(
    world: World, evidence: list[dict[str, str]], listed: dict[str, Any], grade: int
) -> None:
    path = claimed(world, evidence, **listed)
    assert world.shown(path)["claims"][0]["grade"] == grade

    world.tick(timedelta(days=75))

    assert world.status(path) == "lapsed"


def test_an_insider_who_is_verified_later(world: World) -> None:
    """The listing's copy says how it is when the claim is made."""
    register(world, "acme.example")
    acme = at("acme.example")
    listing_id = world.listed(**acme)
    path = world.accepted(listing_id=listing_id)
    world.escrow_is(path, "escrow.held")
    world.listing_is(listing_id, "published", 3, insider_verified=True, workplace_mark=acme["workplace_mark"])

    world.insider.post(f"{path}/claim-hire", {"start_on": START, "evidence": LETTER})

    assert world.shown(path)["claims"][0]["grade"] == 2


def test_an_employer_whom_nobody_checked_is_worth_a_document(world: World) -> None:
    """A domain of the insider's own, another that staff registered, none at all, and one that was removed."""
    register(world, "other.example")
    for listed in (at("insiders-own.example"), {"workplace_mark": None}, {}):
        path = claimed_at(world, LETTER, insider_verified=True, **listed)
        assert world.shown(path)["claims"][0]["grade"] == 1
        world.seeker.post(f"{path}/cancel")

    staff = Caller(world.app, "olga", ("operator",))
    assert staff.post(f"/v1/employers/{domain_mark(KEY, 'other.example')}/remove").status_code == 200
    path = claimed_at(world, LETTER, insider_verified=True, **at("other.example"))

    assert world.shown(path)["claims"][0]["grade"] == 1
    world.tick(timedelta(days=75))
    assert world.status(path) == "lapsed", "silence confirms nothing"


def test_a_client_cannot_say_that_it_is_verified(world: World) -> None:
    path = world.active()

    for name in ("insider_verified", "verified", "grade"):
        body = {"start_on": START, "evidence": LETTER, name: True}
        assert world.insider.post(f"{path}/claim-hire", body).status_code == 422
