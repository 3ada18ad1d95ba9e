"""One's profile over HTTP: written whole, read by oneself, deleted without a trace of what it said."""

import json
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.support.matching_web import World
from tests.support.web import problem

DEVELOPER, SOFTWARE = {"scheme": "ISCO-08", "code": "2512"}, {"scheme": "NACE-2", "code": "J62"}
PROFILE: dict[str, Any] = {
    "occupations": [DEVELOPER], "industries": [SOFTWARE], "countries": ["NL", "CA"], "regions": ["Utrecht"],
    "skills": ["Python", "C++"], "help": ["coaching"],
    "pay": {"amount": 6_000_000, "currency": "EUR", "per": "year"},
}  # fmt: skip
PATH = "/v1/me/profile"


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def test_a_profile(world: World) -> None:
    """Written and read back; no one else has it; a new one replaces it whole."""
    problem(world.seeker.get(PATH), 404, "not-found")

    written = world.seeker.ask("PUT", PATH, PROFILE)

    assert (written.status_code, written.headers["ETag"]) == (200, '"1"')
    at = "2027-01-01T00:00:00.000Z"
    assert written.get_json() == {**PROFILE, "version": 1, "created_at": at, "updated_at": at}
    assert world.seeker.get(PATH).get_json() == written.get_json()
    problem(world.other.get(PATH), 404, "not-found")
    again = world.seeker.ask("PUT", PATH, {"skills": ["Cobol"]}).get_json()
    empty: dict[str, Any] = {
        "occupations": [],
        "industries": [],
        "countries": [],
        "regions": [],
        "help": [],
        "pay": None,
    }
    assert again == {**empty, "pay": None, "skills": ["Cobol"], "version": 2, "created_at": at, "updated_at": at}


def test_a_profile_is_deleted(world: World) -> None:
    """All it said is gone; deleting it again is the same; a new one has a version of its own."""
    world.seeker.ask("PUT", PATH, PROFILE)

    assert world.seeker.ask("DELETE", PATH).status_code == 204
    assert world.seeker.ask("DELETE", PATH).status_code == 204

    problem(world.seeker.get(PATH), 404, "not-found")
    left = json.dumps(world.everything(), default=str)
    assert all(word not in left for word in ("Python", "Utrecht", "2512", "coaching", "6000000"))
    assert world.other.ask("DELETE", PATH).status_code == 204
    assert world.store.collection.count_documents({"kind": "profile"}) == 1
    assert world.seeker.ask("PUT", PATH, PROFILE).get_json()["version"] == 3


def test_two_who_write_at_once(world: World) -> None:
    """If-Match guards what another device wrote; a tag on a profile that is not there never matches."""
    assert problem(world.seeker.ask("PUT", PATH, PROFILE, If_Match='"1"'), 412, "stale")
    tag = world.seeker.ask("PUT", PATH, PROFILE).headers["ETag"]
    world.seeker.ask("PUT", PATH, {"skills": ["Go"]}, If_Match=tag)

    assert problem(world.seeker.ask("PUT", PATH, PROFILE, If_Match=tag), 412, "stale") == [
        ("header:If-Match", "version")
    ]
    problem(world.seeker.ask("DELETE", PATH, If_Match=tag), 412, "stale")

    assert world.seeker.get(PATH).get_json()["skills"] == ["Go"]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"occupations": [DEVELOPER, DEVELOPER]}, ("/occupations/1", "twice")),
        ({"occupations": [{"scheme": "ISCO-08"}]}, ("/occupations/0/code", "required")),
        ({"occupations": [{**DEVELOPER, "title": "x"}]}, ("/occupations/0/title", "unknown")),
        ({"occupations": ["2512"]}, ("/occupations/0", "type")),
        ({"industries": [{"scheme": "NACE-2", "code": "J62"}] * 11}, ("/industries", "count")),
        ({"industries": [{"scheme": {"$ne": 1}, "code": "J62"}]}, ("/industries/0/scheme", "type")),
        ({"countries": ["XX"]}, ("/countries/0", "choice")),
        ({"countries": "NL"}, ("/countries", "type")),
        ({"skills": ["x"] * 21}, ("/skills", "count")),
        ({"skills": ["bo@example.org"]}, ("/skills/0", "characters")),
        ({"skills": [""]}, ("/skills/0", "length")),
        ({"regions": ["a\nb"]}, ("/regions/0", "characters")),
        ({"help": ["bribe"]}, ("/help/0", "choice")),
        ({"pay": {"amount": 0, "currency": "EUR", "per": "year"}}, ("/pay/amount", "range")),
        ({"pay": {"amount": 1, "currency": "EUR", "per": "decade"}}, ("/pay/per", "choice")),
        ({"pay": {"amount": 1, "currency": "EUR"}}, ("/pay/per", "required")),
        ({"owner": "p_1"}, ("/owner", "unknown")),
    ],
)
def test_bad_profiles(world: World, changed: dict[str, Any], fault: tuple[str, str]) -> None:
    assert problem(world.seeker.ask("PUT", PATH, {**PROFILE, **changed}), 422, "invalid") == [fault]
    assert world.everything() == []


def test_a_token_is_needed(world: World) -> None:
    for method in ("GET", "PUT", "DELETE"):
        body = PROFILE if method == "PUT" else None
        problem(world.seeker.ask(method, PATH, body, Authorization=""), 401, "unauthenticated")


def test_a_star_wants_something_to_change(world: World) -> None:
    problem(world.seeker.ask("PUT", PATH, PROFILE, If_Match="*"), 412, "stale")
    world.seeker.ask("PUT", PATH, PROFILE)
    assert world.seeker.ask("PUT", PATH, PROFILE, If_Match="*").status_code == 200
    world.seeker.ask("DELETE", PATH)

    problem(world.seeker.ask("PUT", PATH, PROFILE, If_Match="*"), 412, "stale")

    assert world.seeker.get(PATH).status_code == 404
