"""An insider's record over HTTP: the same for everyone, telling nobody's name, and not whether a person is here."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.matching.store import MIGRATIONS
from shared.aggregate import migrate
from tests.support.matching_web import World
from tests.support.web import Caller, problem

UNKNOWN = "p_" + "9" * 32
NOTHING = {
    "hires": 0, "for_nothing": 0, "reviews": [],
    "lasted": {"running": 0, "ended": 0, "median_days": None, "people_90_days": 0},
    "stars": {"one": 0, "two": 0, "three": 0, "four": 0, "five": 0},
}  # fmt: skip


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def record(world: World, person: str = "", who: Caller | None = None) -> dict[str, Any]:
    response = (who or world.other).get(f"/v1/insiders/{person or world.insider.id}")
    assert response.status_code == 200, response.get_json()
    body: dict[str, Any] = response.get_json()
    return body


def hired(world: World, sub: str, price: int = 0, **review: Any) -> str:
    """An offer in which that seeker, whose address is verified, was hired, and what they say of it."""
    seeker = Caller(world.app, sub)
    world.verified(seeker)
    path = world.accepted(seeker, price=price)
    if price:
        world.escrow_is(path, "escrow.held")
    assert seeker.post(f"{path}/confirm-hire", {"start_on": "2027-01-01"}).status_code == 200
    if review:
        assert seeker.post(f"{path}/reviews", review).status_code == 200
    return path


def test_a_record_grows(world: World) -> None:
    """Hires, what they cost, how long they lasted, and what is said, once it is shown."""
    hired(world, "bo", stars=5, text="Prepared me for two evenings.", would_again=True)
    paid = hired(world, "dan", 50_000, stars=2)
    hired(world, "eva")
    assert record(world)["reviews"] == []
    world.clock.advance(timedelta(days=95))
    world.insider.post(f"{paid}/end", {"on": "2027-01-31"})

    found = record(world)

    assert (found["insider"], found["hires"], found["for_nothing"]) == (world.insider.id, 3, 2)
    assert found["lasted"] == {"running": 2, "ended": 1, "median_days": 30, "people_90_days": 2}
    assert found["stars"] == NOTHING["stars"] | {"two": 1, "five": 1}
    good = {"on": "2027-01-01", "stars": 5, "would_again": True, "text": "Prepared me for two evenings."}
    assert sorted(found["reviews"], key=lambda each: -each["stars"]) == [good, {"on": "2027-01-01", "stars": 2}]


def test_whether_a_person_is_here_is_not_told(world: World) -> None:
    """Nobody, somebody without a hire, and somebody who only seeks have the same record."""
    world.accepted()

    for person in (UNKNOWN, world.insider.id, world.seeker.id):
        assert record(world, person) == {**NOTHING, "insider": person}


def test_nobody_else_is_named(world: World) -> None:
    """Neither the seeker nor the offer, save to a moderator, who may have to remove what is said."""
    path = hired(world, "bo", stars=1, text="Rude.")
    offer_id = path.rsplit("/", 1)[1]
    world.clock.advance(timedelta(days=8))

    for caller in (world.other, world.insider, world.arbiter):
        text = caller.get(f"/v1/insiders/{world.insider.id}").text
        assert world.seeker.id not in text and offer_id not in text
    assert record(world, who=world.moderator)["reviews"][0]["offer_id"] == offer_id
    world.moderator.post(f"{path}/reviews/remove-text", {"of": "seeker", "reason": "An insult."})
    assert record(world)["reviews"] == [{"on": "2027-01-01", "stars": 1}]


@pytest.mark.parametrize("person", ["anna", "p_" + "9" * 31, "p_" + "G" * 32, "P_" + "9" * 32, "p_.*"])
def test_what_is_no_pseudonym(world: World, person: str) -> None:
    problem(world.other.get(f"/v1/insiders/{person}"), 404, "not-found")


def test_a_token_is_needed(world: World) -> None:
    problem(world.other.get(f"/v1/insiders/{UNKNOWN}", Authorization=""), 401, "unauthenticated")


def test_hires_from_before_records_were_kept(world: World) -> None:
    """The migration marks them, so that they count."""
    hired(world, "bo")
    offers = world.store.collection
    offers.update_many({}, {"$unset": {"hired_by": "", "hired_at": ""}})
    assert record(world)["hires"] == 0
    offers.delete_one({"_id": "migrations"})

    migrate(offers, MIGRATIONS)

    assert record(world)["hires"] == 1


def test_accounts_without_an_address_make_no_record(world: World) -> None:
    """Six of them, a minute, three reviews; and they count once they have verified an address each."""
    seekers = [Caller(world.app, f"puppet-{number}") for number in range(6)]
    for number, seeker in enumerate(seekers):
        path = world.accepted(seeker, price=0)
        assert seeker.post(f"{path}/confirm-hire", {"start_on": "2027-01-01"}).status_code == 200
        if number < 3:
            assert seeker.post(f"{path}/reviews", {"stars": 5}).status_code == 200
    world.clock.advance(timedelta(days=100))
    assert record(world) == {**NOTHING, "insider": world.insider.id}

    for seeker in seekers[:2]:
        world.verified(seeker)

    found = record(world)
    assert (found["hires"], found["lasted"]["people_90_days"], found["stars"]["five"]) == (2, 2, 2)


def test_accounts_of_one_mailbox_are_one_person_in_a_record(world: World) -> None:
    """Also where one was marked before mailboxes were, and where one is forgotten meanwhile."""
    for number in range(3):
        hired(world, f"puppet-{number}", stars=5)
        world.clock.advance(timedelta(minutes=1))
    world.clock.advance(timedelta(days=100))
    assert record(world)["hires"] == 3
    seekers = [Caller(world.app, f"puppet-{number}") for number in range(3)]

    world.verified(seekers[0], "m_anna", number=2)
    world.verified(seekers[1], "m_anna+1", "m_anna", number=2)
    world.verified(seekers[2], "m_an.na", "m_anna", number=2)

    one = record(world)
    assert (one["hires"], one["lasted"]["people_90_days"], one["stars"]["five"]) == (1, 1, 1)
    for seeker in seekers[:2]:
        assert seeker.ask("DELETE", "/v1/me").status_code == 202
        for _ in range(3):
            world.tick(timedelta(minutes=1))
    assert "m_anna" not in str([doc for doc in world.everything() if doc["_id"] == seekers[1].id])
    assert (record(world)["hires"], record(world)["lasted"]["people_90_days"]) == (1, 1)
