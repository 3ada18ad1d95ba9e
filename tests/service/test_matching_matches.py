"""Matches over HTTP: ranked from matching's own copies, with reasons; what is left out; pages; copies from before."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.matching.matches import finding as matches
from shared.http.answer.pages import encode
from shared.ids import new_id
from tests.support.matching import listing
from tests.support.matching_web import World
from tests.support.web import Caller, problem

DEVELOPER, NURSE = {"scheme": "ISCO-08", "code": "2512"}, {"scheme": "ISCO-08", "code": "2221"}
SOFTWARE, HOSPITALS = {"scheme": "NACE-2", "code": "J62"}, {"scheme": "NACE-2", "code": "Q86"}
NOTHING = {"amount": 0, "currency": "EUR"}
PATH = "/v1/matches"


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def wants(world: World, who: Caller | None = None, **profile: Any) -> None:
    response = (who or world.seeker).ask("PUT", "/v1/me/profile", profile)
    assert response.status_code == 200, response.get_json()


def found(world: World, who: Caller | None = None, query: str = "") -> list[tuple[str, int]]:
    response = (who or world.seeker).get(PATH + query)
    assert response.status_code == 200, response.get_json()
    return [(each["listing"]["listing_id"], each["score"]) for each in response.get_json()["items"]]


def test_matches_are_ranked_with_their_reasons(world: World) -> None:
    """What fits more is higher; each says why; nothing in common is not there."""
    both = world.listed()
    occupation = world.listed(industry=HOSPITALS, skills=[], region=None)
    skill = world.listed(occupation=NURSE, industry=HOSPITALS, skills=["Cobol", "PYTHON"])
    world.listed(occupation=NURSE, industry=HOSPITALS, skills=["Nursing"])
    wants(world, occupations=[DEVELOPER], industries=[SOFTWARE], skills=["python"], countries=["NL"])

    response = world.seeker.get(PATH)

    first, second, third = response.get_json()["items"]
    assert [each["listing"]["listing_id"] for each in (first, second, third)] == [both, occupation, skill]
    assert [each["score"] for each in (first, second, third)] == [71, 45, 11]
    assert first["reasons"] == [
        {"code": "occupation", "points": 40, "words": "The occupation is one that you look for: Software Developers."},
        {
            "code": "industry",
            "points": 20,
            "words": "The industry is one that you look for: Computer programming, consultancy and related activities.",
        },
        {"code": "skills", "points": 6, "words": "It asks for what you can do: Python."},
        {"code": "free_part", "points": 5, "words": "Some of the help free of charge: good word."},
    ]
    assert first["listing"] == {
        "listing_id": both, "href": f"/v1/listings/{both}", "insider": world.insider.id,
        "insider_verified": False, "country": "NL",
        "region": "Utrecht", "industry": SOFTWARE, "occupation": DEVELOPER, "skills": ["Python", "Kafka"],
        "pay": {"min": 5_500_000, "max": 7_000_000, "per": "year", "currency": "EUR"}, "seats": 1,
        "help": [{"kind": "coaching", "price": {"amount": 50_000, "currency": "EUR"}},
                 {"kind": "good_word", "price": {"amount": 0, "currency": "EUR"}}],
        "breakdown": [{"kind": "coaching", "price": {"amount": 50_000, "currency": "EUR"},
                       "fee": {"amount": 2_500, "currency": "EUR"},
                       "insider_receives": {"amount": 47_500, "currency": "EUR"}},
                      {"kind": "good_word", "price": NOTHING, "fee": NOTHING, "insider_receives": NOTHING}],
        "fee_bps": 500,
        "leaving_on": "2027-03-31", "published_at": "2026-12-31T00:00:00.000Z",
    }  # fmt: skip
    assert second["listing"]["region"] is None
    assert world.seeker.get(PATH).data == response.data


def test_a_listing_is_a_match_while_it_is_open(world: World) -> None:
    listing_id = world.listed()
    wants(world, occupations=[DEVELOPER])
    assert len(found(world)) == 1

    world.listing_is(listing_id, "paused", 3)
    assert found(world) == []
    world.listing_is(listing_id, "published", 4)
    assert [each for each, _ in found(world)] == [listing_id]
    world.listing_is(listing_id, "filled", 5)

    assert found(world) == []


def test_what_is_left_out(world: World) -> None:
    """One's own, those on which one has a live offer (until it is over), and those in other countries."""
    one, two = sorted(world.listed() for _ in range(2))
    wants(world, occupations=[DEVELOPER])
    wants(world, world.insider, occupations=[DEVELOPER])
    wants(world, world.other, occupations=[DEVELOPER], countries=["CA", "BE"])

    assert [each for each, _ in found(world)] == [one, two]
    assert found(world, world.insider) == found(world, world.other) == []
    path = world.proposed(listing_id=one)
    assert [each for each, _ in found(world)] == [two]
    world.insider.post(f"{path}/decline")
    assert [each for each, _ in found(world)] == [one, two]


def test_an_insider_whose_hires_lasted_is_higher(world: World) -> None:
    """The record is that of `/v1/insiders`: help for nothing counts at once, a job that lasts after 90 days."""
    path = world.accepted(world.other, price=0)
    world.other.post(f"{path}/confirm-hire", {"start_on": "2027-01-01"})
    world.verified(world.other)
    known, unknown = world.listed(), new_id()
    assert world.told("listing.created", 2, **listing(listing_id=unknown, insider="p_" + "7" * 32)) == "taken"
    wants(world, industries=[SOFTWARE])
    before = dict(found(world))

    world.clock.advance(timedelta(days=90))

    assert (before[known], before[unknown]) == (27, 25)
    after = found(world)
    assert after[-1] == (unknown, 25)
    assert (known, 31) in after
    record = world.seeker.get(f"/v1/insiders/{world.insider.id}").get_json()
    assert (record["for_nothing"], record["lasted"]["people_90_days"]) == (1, 1)


def test_pages_of_one_ranking(world: World) -> None:
    """Pages put together are the whole list, each item once, whatever the size; the Link is the next."""
    for number in range(11):
        world.listed(skills=["Python"] if number % 3 else [], region=None)
    wants(world, occupations=[DEVELOPER], skills=["Python"])
    whole = found(world)
    assert len(whole) == 11 and whole == sorted(whole, key=lambda each: (-each[1], each[0]))

    for size in (1, 3, 10, 11):
        pages, cursor = [], ""
        while True:
            page = world.seeker.get(f"{PATH}?limit={size}{cursor}")
            pages += [(each["listing"]["listing_id"], each["score"]) for each in page.get_json()["items"]]
            if page.get_json()["next"] is None:
                break
            cursor = f"&cursor={page.get_json()['next']}"
            assert page.headers["Link"] == f'<{PATH}?limit={size}{cursor}>; rel="next"'
        assert pages == whole
    for strange in (["2027-01-01T00:00:00.000Z x"], [66, 66], [66, "x", "y"]):
        refused = world.seeker.get(f"{PATH}?cursor={encode(strange)}")
        assert problem(refused, 422, "invalid") == [("?cursor", "cursor")]
    assert problem(world.seeker.get(f"{PATH}?limit=0"), 422, "invalid") == [("?limit", "range")]


def test_the_newest_are_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the bound says of each kind: an occupation, an industry, a skill."""
    monkeypatch.setattr(matches, "MOST_LISTINGS", 2)
    days = [f"2027-01-{day:02}T00:00:00.000Z" for day in range(1, 5)]
    of_occupation = [world.listed(industry=HOSPITALS, skills=[], published_at=day) for day in days]
    of_industry = [world.listed(occupation=NURSE, skills=[], published_at=day) for day in days]
    wants(world, occupations=[DEVELOPER], industries=[SOFTWARE], countries=["NL"])

    assert {each for each, _ in found(world)} == {*of_occupation[2:], *of_industry[2:]}


def test_without_a_profile(world: World) -> None:
    problem(world.seeker.get(PATH), 409, "conflict")
    problem(world.seeker.get(PATH, Authorization=""), 401, "unauthenticated")
    wants(world)

    assert found(world) == []
    world.seeker.ask("DELETE", "/v1/me/profile")
    problem(world.seeker.get(PATH), 409, "conflict")


def test_copies_from_before_matches_were_kept(world: World) -> None:
    """They are no match, and take offers as before; the same event, sent again by a replay, completes them; once."""
    old = {
        name: value for name, value in listing(listing_id=new_id(), insider=world.insider.id).items()
        if name in ("listing_id", "insider", "status", "help", "pay", "currency", "tranches")
    }  # fmt: skip
    copy = {"_id": f"listing:{old['listing_id']}", "kind": "listing", "version": 1, "state": "new", "number": 4}
    world.store.collection.insert_one({**copy, **old})
    wants(world, occupations=[DEVELOPER])
    assert found(world) == []
    assert world.asked(old["listing_id"], world.other).status_code == 201
    again = listing(listing_id=old["listing_id"], insider=world.insider.id)

    assert world.told("listing.created", 2, **again) == "ignored"
    assert world.told("listing.resumed", 4, **again) == "taken"
    assert world.told("listing.resumed", 4, **again) == "ignored"

    assert [each for each, _ in found(world)] == [old["listing_id"]]


def test_nobody_fills_the_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One insider has more newer listings that fit than are looked at: an honest one is on the first
    page; page by page all come, once, of one insider never more than a few before the others.
    """
    wants(world, occupations=[DEVELOPER])
    monkeypatch.setattr(matches, "MOST_LISTINGS", 50)
    honest = [world.listed(insider=world.other.id) for _ in range(3)]
    world.clock.advance(timedelta(hours=1))
    flood = {world.listed() for _ in range(60)}

    pages, path = [], "/v1/matches?limit=10"
    while path:
        answer = world.seeker.get(path)
        pages.append([each["listing"]["listing_id"] for each in answer.get_json()["items"]])
        cursor = answer.get_json()["next"]
        path = f"/v1/matches?limit=10&cursor={cursor}" if cursor else ""

    assert set(honest) <= set(pages[0]) and len(flood & set(pages[0])) == 7
    shown = [each for page in pages for each in page]
    assert len(shown) == len(set(shown)) and set(shown[:8]) - flood == set(honest)
