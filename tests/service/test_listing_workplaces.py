"""Whether an insider gets mail at the employer's domain: said on the listing, and the domain itself to nobody else."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from services.listing.main import build, work
from services.listing.store import COLLECTION, MIGRATIONS, unveiled_id
from shared.aggregate import Store, Trigger, migrate
from shared.aggregate.store import collection
from shared.ids import domain_mark, new_id, workplace_mark
from tests.service.test_listing_http import BODY
from tests.support.clock import ManualClock
from tests.support.web import Caller, Ticking, problem, settings

KEY = b"k" * 40
MARK = domain_mark(KEY, "acme.example")
ACME = {"name": "Acme BV", "domain": "acme.example"}


class World:
    """Listing's web process and worker over one database."""

    def __init__(self, database: Database[Any], folder: Path) -> None:
        self.clock = ManualClock()
        self.store = Store(collection(database, COLLECTION), self.clock)
        migrate(self.store.collection, MIGRATIONS)
        known = settings("listing", folder)
        self.app: Flask = build(known, self.store)
        self.anna, self.bo = Caller(self.app, "anna"), Caller(self.app, "bo")
        self.worker = Ticking(work(known, self.store, None))

    def work(self, after: timedelta = timedelta(seconds=1)) -> None:
        self.worker.tick(after)

    def written(self, **changed: Any) -> str:
        response = self.anna.post("/v1/listings", {**BODY, "employer": ACME, **changed})
        assert response.status_code == 201, response.get_json()
        return str(response.headers["Location"])

    def published(self, **changed: Any) -> str:
        path = self.written(**changed)
        assert self.anna.post(f"{path}/submit").status_code == 200
        self.work()
        assert self.anna.get(path).get_json()["status"] == "published"
        return path

    def verified(self, mark: str = MARK, person: str = "", event_id: str = "") -> str:
        data = {"person_id": person or self.anna.id, "domain_mark": mark}
        event = Trigger("work.verified", event_id or new_id(), "event", self.clock.now(), data, sequence=1)
        return str(self.worker.batch.process([event])[0].outcome)

    def said(self, name: str, sequence: int = 1, mark: str = MARK) -> str:
        """Staff register a domain or remove it."""
        data = {"domain_mark": mark, "marks": []}
        event = Trigger(f"employer.{name}", new_id(), "event", self.clock.now(), data, sequence=sequence)
        return str(self.worker.batch.process([event])[0].outcome)

    def shown(self, path: str) -> bool:
        return bool(self.bo.get(path).get_json()["insider_verified"])

    def emitted(self, path: str) -> list[dict[str, Any]]:
        doc = self.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
        return [{"type": event["type"], **event["data"]} for event in doc.get("events", [])]


@pytest.fixture
def world(database: Database[Any], tmp_path: Path) -> World:
    return World(database, tmp_path)


def test_a_domain_is_private_like_the_name(world: World) -> None:
    """Its insider and who has an active offer see it; nobody else, no search and no event does."""
    path = world.published()
    listing_id = path.rsplit("/", 1)[1]

    assert world.anna.get(path).get_json()["employer"] == {**ACME, "veiled": False}
    assert world.bo.get(path).get_json()["employer"] == {"name": None, "domain": None, "veiled": True}
    outside = [world.bo.get(path), world.bo.get("/v1/listings"), world.bo.get("/v1/listings?q=acme")]
    assert not any("acme" in answer.get_data(as_text=True).lower() for answer in outside)
    assert "acme" not in json.dumps(world.emitted(path), default=str).lower()
    doc = world.store.get(listing_id) or {}
    assert "acme" not in json.dumps([doc["words"], doc["facets"]])
    data = {"listing_id": listing_id, "offer_id": "o-1", "insider": world.anna.id, "seeker": world.bo.id}
    world.worker.batch.process([Trigger("offer.activated", new_id(), "event", world.clock.now(), data)])
    assert world.store.get(unveiled_id(listing_id, world.bo.id))
    assert world.bo.get(path).get_json()["employer"] == {**ACME, "veiled": False}


def test_events_say_the_workplace_by_a_mark_of_that_listing_alone(world: World) -> None:
    one, two = world.published(), world.published()

    marks = [world.emitted(path)[-1]["workplace_mark"] for path in (one, two)]

    assert marks == [workplace_mark(KEY, path.rsplit("/", 1)[1], "acme.example") for path in (one, two)]
    assert len(set(marks)) == 2
    without = world.published(employer={"name": "Acme BV"})
    assert "workplace_mark" not in world.emitted(without)[-1]
    assert MARK not in json.dumps([world.emitted(path) for path in (one, two, without)], default=str)


@pytest.mark.parametrize("state", ["draft", "in_review", "published", "paused", "withdrawn", "expired"])
def test_a_work_address_verifies_the_listings_at_that_domain(world: World, state: str) -> None:
    """In whatever state; once it is known outside, copies learn it by an event."""
    world.said("registered")
    path = world.written() if state in ("draft", "in_review") else world.published()
    match state:
        case "in_review":
            world.anna.post(f"{path}/submit")
        case "paused" | "withdrawn":
            world.anna.post(f"{path}/{state.removesuffix('d').replace('withdrawn', 'withdraw')}")
        case "expired":
            world.work(timedelta(days=90))
    before = len(world.emitted(path))
    assert world.verified() == "taken"
    world.work()

    listing = world.anna.get(path).get_json()
    assert listing["insider_verified"]
    told = world.emitted(path)[before:]
    if state not in ("draft", "in_review"):
        assert [(event["type"], event["insider_verified"]) for event in told] == [("listing.revised", True)]
        assert (told[0]["status"], listing["status"]) == (state, state)
    elif state == "draft":
        assert told == []


def test_what_does_not_verify_it(world: World) -> None:
    """Another domain, another person, a listing without a domain; and a repeat changes nothing."""
    world.said("registered")
    path, without = world.published(), world.published(employer={"name": "Acme BV"})
    world.verified(domain_mark(KEY, "other.example"))
    world.verified(person=world.bo.id)
    world.work(timedelta(minutes=2))
    assert not world.shown(path) and not world.shown(without)
    world.verified(event_id="e-1")
    world.work()
    before = world.emitted(path)

    assert world.verified(event_id="e-1") == "ignored"
    world.verified(event_id="e-2")
    world.work(timedelta(minutes=2))

    assert world.shown(path) and not world.shown(without)
    assert world.emitted(path) == before


def test_a_listing_written_after_it(world: World) -> None:
    world.said("registered")
    world.verified()
    world.work()

    assert world.shown(world.published())
    assert not world.shown(world.published(employer={"name": "B", "domain": "other.example"}))


def test_a_listing_written_at_the_same_time(world: World) -> None:
    """It read before the address was verified and was stored after the others were told: a minute later it is, too."""
    world.said("registered")
    world.work(timedelta(minutes=2))
    path = world.published()
    listing_id = path.rsplit("/", 1)[1]
    world.store.collection.update_one({"_id": listing_id}, {"$set": {"facets": []}})
    world.verified()
    world.work()
    assert not world.shown(path)
    facets = {"$set": {"facets": [f"insider:{world.anna.id}", "status:published"]}}
    world.store.collection.update_one({"_id": listing_id}, facets)

    world.work(timedelta(minutes=1))

    assert world.shown(path)


def test_another_employer_starts_anew(world: World) -> None:
    world.said("registered")
    path = world.written()
    world.verified()
    world.work()
    assert world.anna.get(path).get_json()["insider_verified"]

    for employer in ({"name": "Other"}, {"name": "Other", "domain": "other.example"}):
        revised = world.anna.ask("PATCH", path, {"employer": employer}).get_json()
        assert (revised["insider_verified"], revised["employer"]["domain"]) == (False, employer.get("domain"))
    assert world.anna.ask("PATCH", path, {"employer": ACME}).get_json()["insider_verified"]


def test_the_domain_stays_once_it_is_published(world: World) -> None:
    path = world.published()

    changed = world.anna.ask("PATCH", path, {"employer": {"name": "Acme BV", "domain": "other.example"}})

    assert problem(changed, 422, "refused-by-rule") == [("/employer", "employer-stays")]
    assert world.anna.ask("PATCH", path, {"employer": ACME}).status_code == 200


@pytest.mark.parametrize(
    ("domain", "rule"),
    [
        ("gmail.com", "public-mail"),
        ("mail.Yahoo.co.uk", "public-mail"),
        ("acme", "format"),
        ("anna@acme.example", "format"),
        ("https://acme.example", "format"),
        ("10.0.0.1", "format"),
        ("", "format"),
        (5, "type"),
        (None, "null"),
        ({"$ne": ""}, "type"),
    ],
)
def test_a_domain_that_is_no_good(world: World, domain: Any, rule: str) -> None:
    refused = world.anna.post("/v1/listings", {**BODY, "employer": {"name": "Acme BV", "domain": domain}})

    assert problem(refused, 422, "invalid") == [("/employer/domain", rule)]
    assert world.store.collection.count_documents({"kind": "listing"}) == 0


def test_a_domain_is_kept_as_it_is_written_in_mail(world: World) -> None:
    path = world.written(employer={"name": "Bücher GmbH", "domain": "Bücher.Example"})

    assert world.anna.get(path).get_json()["employer"]["domain"] == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("words", "held"),
    [
        ("See acme.example for more", True),
        ("mail goes to people.acme.example.", True),
        ("ACME.EXAMPLE", True),
        ("notacme.example is not it", False),
        ("An example of a team", False),
    ],
)
def test_the_domain_does_not_stand_in_the_text(world: World, words: str, held: bool) -> None:
    path = world.written(employer={"name": "Zeta", "domain": "acme.example"}, duties=[words])
    world.anna.post(f"{path}/submit")
    world.work()

    listing = world.anna.get(path).get_json()
    assert (listing["status"] == "in_review") == held
    if held:
        assert ("no-employer-name", "/duties/0") in [
            (why["rule"], why["pointer"]) for why in listing["review"]["reasons"]
        ]


def test_a_domain_beyond_ascii_in_either_form(world: World) -> None:
    named: Callable[[str], str] = lambda text: world.written(  # noqa: E731
        employer={"name": "Zeta", "domain": "bücher.example"}, duties=[text]
    )
    for path in (named("bei BÜCHER.example"), named("at xn--bcher-kva.example")):
        world.anna.post(f"{path}/submit")
        world.work()
        assert world.anna.get(path).get_json()["status"] == "in_review"
