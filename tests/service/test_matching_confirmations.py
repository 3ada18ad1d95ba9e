"""The employer's link: opened it shows, sent it confirms, once; anything else is refused and changes nothing."""

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from werkzeug.test import TestResponse

from shared import links
from shared.ids import domain_mark, new_id, workplace_mark
from tests.support.matching import START
from tests.support.matching_web import World
from tests.support.web import Caller, problem

KEY = b"k" * 40
MARK = domain_mark(KEY, "acme.example")
BROWSER = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    world = World(database, tmp_path)
    operator = Caller(world.app, "olga", ("operator",))
    assert operator.post("/v1/employers", {"name": "Acme & Co", "domain": "acme.example"}).status_code == 201
    return world


def at_acme(world: World, domain: str = "acme.example", price: int = 50_000) -> str:
    """An active offer of a listing at that domain; its path."""
    listing_id = new_id()
    mark = workplace_mark(KEY, listing_id, domain)
    listed = {"listing_id": listing_id, "insider": world.insider.id, "workplace_mark": mark}
    world.listed(price, **listed)
    path = world.accepted(listing_id=listing_id)
    if price:
        world.escrow_is(path, "escrow.held")
    assert world.status(path) == "active"
    return path


def token(world: World, path: str, purpose: str = links.EMPLOYER_CONFIRMATION, key: bytes = KEY, **changed: str) -> str:
    claims = {"offer": path.rsplit("/", 1)[1], "employer": MARK, "id": new_id(), **changed}
    return links.sign(key, purpose, claims, world.clock.now() + timedelta(days=14))


def opened(world: World, link: str, **headers: str) -> TestResponse:
    return world.app.test_client().get(f"/v1/employer-confirmations/{link}", headers=headers)


def sent(world: World, link: str, start_on: str = START, **headers: str) -> TestResponse:
    return world.app.test_client().post(
        f"/v1/employer-confirmations/{link}", json={"start_on": start_on}, headers=headers
    )


def test_opened_it_shows_and_changes_nothing(world: World) -> None:
    """However often: mail scanners open links."""
    path = at_acme(world)
    link = token(world, path)
    before = world.everything()

    pages = [opened(world, link, **BROWSER) for _ in range(3)]
    plain = opened(world, link)

    text = html.unescape(pages[0].get_data(as_text=True))
    assert {page.status_code for page in pages} == {200} and pages[0].content_type.startswith("text/html")
    assert "Acme & Co" in text and "Acme &amp; Co" in pages[0].get_data(as_text=True)
    assert re.search(r'<input type="date"[^>]* min="2026-12-01" max="2028-01-02" required>', text)
    assert '<form method="post">' in text and world.seeker.id not in text and world.insider.id not in text
    assert plain.get_json() == {
        "employer": "Acme & Co", "status": "open", "first_day": "2026-12-01", "last_day": "2028-01-02",
    }  # fmt: skip
    assert world.everything() == before


def test_in_french(world: World) -> None:
    path = at_acme(world)
    french = {**BROWSER, "Accept-Language": "fr-CA,en;q=0.5"}
    link = token(world, path)

    page = opened(world, link, **french).get_data(as_text=True)
    done = world.app.test_client().post(
        f"/v1/employer-confirmations/{link}", data={"start_on": START}, headers={**french, **FORM}
    )

    assert '<html lang="fr">' in page and "Premier jour de travail" in page and "First day" not in page
    assert "L’embauche est confirmée" in done.get_data(as_text=True)
    assert "n’est pas valide" in opened(world, "x.y", **french).get_data(as_text=True)


@pytest.mark.parametrize("as_form", [True, False])
def test_sent_it_confirms_the_hire(world: World, as_form: bool) -> None:
    path = at_acme(world)
    link = token(world, path)
    if as_form:
        url, headers = f"/v1/employer-confirmations/{link}", {**BROWSER, **FORM}
        done = world.app.test_client().post(url, data=f"start_on={START}", headers=headers)
        assert f"The hire is confirmed, with {START}" in done.get_data(as_text=True)
    else:
        done = sent(world, link)
        assert done.get_json() == {"employer": "Acme & Co", "status": "used"}

    assert done.status_code == 200
    assert world.shown(path)["hire"] == {
        "start_on": START, "confirmed_by": "employer", "evidence_grade": 3, "confirmed_at": "2027-01-01T00:00:00.000Z",
    }  # fmt: skip
    assert (world.status(path), world.events(path)[-1]) == ("hired", "hire.confirmed")


def test_help_for_nothing_is_completed(world: World) -> None:
    path = at_acme(world, price=0)

    assert sent(world, token(world, path)).status_code == 200

    assert world.events(path)[-2:] == ["hire.confirmed", "offer.completed"]


def test_a_claim_that_waits_is_confirmed_too(world: World) -> None:
    path = at_acme(world)
    world.insider.post(f"{path}/claim-hire", {"start_on": "2027-02-01", "evidence": []})

    assert sent(world, token(world, path)).status_code == 200

    hire = world.shown(path)["hire"]
    assert (hire["start_on"], hire["evidence_grade"]) == (START, 3)


def test_it_works_once(world: World) -> None:
    """Sent again it is refused, whatever date it names; a second link for the same offer, too."""
    path = at_acme(world)
    link, second = token(world, path), token(world, path)
    assert sent(world, link).status_code == 200
    before = world.everything()

    for again in (link, second):
        assert problem(sent(world, again), 409, "conflict")
        assert problem(sent(world, again, "2027-03-01"), 409, "conflict")
    assert opened(world, link).get_json() == {"employer": "Acme & Co", "status": "used"}
    assert opened(world, second).get_json()["status"] == "recorded"
    page = world.app.test_client().post(
        f"/v1/employer-confirmations/{link}", data={"start_on": START}, headers={**BROWSER, **FORM}
    )
    assert (page.status_code, "used already" in page.get_data(as_text=True)) == (409, True)
    assert "<form" not in opened(world, link, **BROWSER).get_data(as_text=True)
    assert world.everything() == before


def _changed(link: str) -> str:
    return link[:-1] + ("A" if link[-1] != "A" else "B")


WORTHLESS: dict[str, Any] = {
    "another key": lambda world, path: token(world, path, key=b"q" * 40),
    "another purpose": lambda world, path: token(world, path, purpose="unsubscribe"),
    "another offer's employer": lambda world, path: token(world, at_acme(world, "other.example")),
    "an offer that is not there": lambda world, path: token(world, path, offer=new_id()),
    "a listing's copy": lambda world, path: token(world, path, offer=f"listing:{world.shown(path)['listing_id']}"),
    "an employer that is not registered": lambda world, path: token(
        world, path, employer=domain_mark(KEY, "other.example")
    ),
    "a letter changed": lambda world, path: _changed(token(world, path)),
    "the offer changed": lambda world, path: ".".join(
        (token(world, path).split(".")[0], token(world, at_acme(world)).split(".")[1])
    ),
    "no token at all": lambda world, path: "x",
}


@pytest.mark.parametrize("case", WORTHLESS)
def test_a_link_that_is_worth_nothing(world: World, case: str) -> None:
    """All of them say the same, and nothing changes."""
    path = at_acme(world)
    link = WORTHLESS[case](world, path)
    before = world.everything()

    assert problem(opened(world, link), 404, "not-found") == []
    refused = sent(world, link)
    assert problem(refused, 404, "not-found") == []

    assert refused.get_json()["detail"].startswith("This link is not valid, or not any more.")
    assert world.everything() == before


def test_an_expired_link(world: World) -> None:
    path = at_acme(world)
    link = token(world, path)
    world.clock.advance(timedelta(days=14))
    before = world.everything()

    problem(opened(world, link), 404, "not-found")
    problem(sent(world, link), 404, "not-found")

    assert world.everything() == before


def test_an_employer_that_was_removed(world: World) -> None:
    """Links that are out there are worth nothing from then on."""
    path = at_acme(world)
    link = token(world, path)
    world.moderator.post(f"/v1/employers/{MARK}/remove")

    problem(sent(world, link), 404, "not-found")

    assert world.status(path) == "active"


@pytest.mark.parametrize("start_on", ["2026-11-30", "2028-01-03"])
def test_a_day_that_cannot_be(world: World, start_on: str) -> None:
    """It is said which days can; the link still works."""
    path = at_acme(world)
    link = token(world, path)

    refused = sent(world, link, start_on)
    assert problem(refused, 422, "refused-by-rule") == [("/start_on", "start-on-window")]
    assert refused.get_json()["detail"] == "Give a first day of work from 2026-12-01 to 2028-01-02."
    assert problem(sent(world, link, "soon"), 422, "invalid") == [("/start_on", "format")]

    assert sent(world, link).status_code == 200


@pytest.mark.parametrize("end", ["cancel", "lapse"])
def test_an_agreement_that_has_ended(world: World, end: str) -> None:
    path = at_acme(world)
    if end == "cancel":
        world.seeker.post(f"{path}/cancel")
        link = token(world, path)
    else:
        world.tick(timedelta(days=75))
        link = token(world, path)
    before = world.everything()

    refused = sent(world, link)
    assert problem(refused, 409, "conflict") and "has ended" in refused.get_json()["detail"]
    assert opened(world, link).get_json() == {"employer": "Acme & Co", "status": "over"}

    assert world.everything() == before


@pytest.mark.parametrize("state", ["proposed", "accepted"])
def test_an_offer_that_is_not_active_yet(world: World, state: str) -> None:
    listing_id = new_id()
    mark = workplace_mark(KEY, listing_id, "acme.example")
    world.listed(listing_id=listing_id, insider=world.insider.id, workplace_mark=mark)
    path = getattr(world, state)(listing_id=listing_id)

    problem(sent(world, token(world, path)), 409, "conflict")

    assert world.status(path) == state


@pytest.mark.parametrize(
    "body", [{}, {"start_on": START, "by": "employer"}, {"start_on": {"$gt": ""}}, {"start_on": None}]
)
def test_bad_input(world: World, body: dict[str, Any]) -> None:
    path = at_acme(world)
    url = f"/v1/employer-confirmations/{token(world, path)}"

    assert world.app.test_client().post(url, json=body).status_code == 422
    assert world.app.test_client().post(url, data="<xml/>", headers={"Content-Type": "text/xml"}).status_code == 415

    assert world.status(path) == "active"


@pytest.mark.parametrize(
    ("query", "body", "kind"),
    [
        ("?utm_source=x", f"start_on={START}", "application/x-www-form-urlencoded"),
        ("?x=%ff", f'{{"start_on": "{START}"}}', "application/json"),
        ("?mc_eid=1&mc_eid=2", f"start_on={START}", "application/x-www-form-urlencoded"),
        ("", f"start_on={START}", "text/plain"),
        ("", f'{{"start_on": "{START}"}}', "text/plain; charset=utf-8"),
        ("", f"start_on={START}", None),
    ],
)
def test_what_trackers_and_programs_add(world: World, query: str, body: str, kind: str | None) -> None:
    """The link's page and its form work however they were passed on."""
    path = at_acme(world)
    url = f"/v1/employer-confirmations/{token(world, path)}{query}"
    client = world.app.test_client()
    assert client.get(url, headers={"Accept": "text/html"}).status_code == 200

    assert client.post(url, data=body, content_type=kind).status_code == 200

    assert world.status(path) == "hired"


def test_nobody_else_may_say_it_is_the_employer(world: World) -> None:
    """A role in a person's token is not the employer's word."""
    path = at_acme(world)
    forged = Caller(world.app, "eve", ("employer", "ats"))

    problem(forged.post(f"{path}/confirm-hire", {"start_on": START}), 404, "not-found")
    insider = Caller(world.app, "anna", ("employer",))
    problem(insider.post(f"{path}/confirm-hire", {"start_on": START}), 403, "forbidden")

    assert world.status(path) == "active"
