"""A person is forgotten by listing: their listings end and lose their texts, what they were told of is forgotten."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.listing.main import build, work
from services.listing.store import COLLECTION, MIGRATIONS
from services.listing.workplaces import work_id
from shared.aggregate import Document, Store, Trigger, migrate
from shared.aggregate.store import collection
from shared.ids import new_id
from tests.support.clock import ManualClock
from tests.support.hires import listing
from tests.support.web import Caller, Ticking, settings

CANARIES: dict[str, Any] = {
    "title": "Canary engineer",
    "employer": {"name": "Canary BV", "domain": "canary.example.org"},
    "duties": ["Feed the canary"],
    "region": "Canaria",
    "skills": ["canary"],
    "consent": {"who": "Chief canary", "how": "letter", "on": "2026-12-01"},
    "leaving_on": "2027-06-01",
}


class World:
    def __init__(self, database: Database[dict[str, Any]], folder: Path) -> None:
        self.store = Store(collection(database, COLLECTION), ManualClock())
        migrate(self.store.collection, MIGRATIONS)
        known = settings("listing", folder)
        self.app, self.worker = build(known, self.store), Ticking(work(known, self.store, None))
        self.batch = self.worker.batch
        self.anna, self.bo = Caller(self.app, "anna"), Caller(self.app, "bo")
        self.mo = Caller(self.app, "mo", ("moderator",))

    def event(self, name: str, sequence: int = 1, event_id: str = "", **data: Any) -> str:
        trigger = Trigger(name, event_id or new_id(), "event", self.store.clock.now(), data, sequence=sequence)
        (verdict,) = self.batch.process([trigger])
        return verdict.outcome

    def forget(self, who: Caller, number: int = 1) -> str:
        outcome = self.event("person.erased", number, person_id=who.id)
        for _ in range(4):
            self.worker.tick(timedelta(seconds=2))
        return outcome

    def written(self, submit: bool = True, **changed: Any) -> str:
        response = self.anna.post("/v1/listings", {**listing(), **CANARIES, **changed}, Idempotency_Key=new_id())
        assert response.status_code == 201, response.get_json()
        listing_id = str(response.get_json()["id"])
        if submit:
            assert self.anna.post(f"/v1/listings/{listing_id}/submit").status_code == 200
            self.worker.tick(timedelta(seconds=1))
        return listing_id

    def document(self, document_id: str) -> Document:
        found = self.store.collection.find_one({"_id": document_id})
        assert found is not None
        return found


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def words_of(world: World) -> str:
    """All that the documents say, but what their events say, which are codes and public names."""
    return repr(list(world.store.collection.find({}, {"events": 0})))


def test_listings_of_every_state_end_and_lose_their_texts(world: World) -> None:
    """A draft, one that waits for a moderator, one given back with a note, published, paused, removed."""
    plain = {"title": "Engineer", "duties": ["Run things"], "skills": ["python"]}
    ids = {"draft": world.written(submit=False), "held": world.written(duties=["Write to canary@example.org"])}
    ids |= {name: world.written(**plain) for name in ("published", "paused", "removed")}
    ids["returned"] = world.written(duties=["Call the canary on +31 6 1234 5678"])
    assert world.anna.post(f"/v1/listings/{ids['paused']}/pause").status_code == 200
    said = {"reason": "unclear", "note": "What does the canary do?"}
    assert world.mo.post(f"/v1/listings/{ids['returned']}/return", said).status_code == 200
    assert world.mo.post(f"/v1/listings/{ids['removed']}/remove", said).status_code == 200
    states = {name: world.document(i)["state"] for name, i in ids.items()}
    assert states == {"draft": "draft", "held": "in_review", "published": "published", "paused": "paused",
                      "removed": "removed", "returned": "draft"}  # fmt: skip

    assert world.forget(world.anna) == "taken"

    assert "canar" not in words_of(world).lower()
    ends = {name: world.document(i)["state"] for name, i in ids.items()}
    assert ends == {name: "removed" if name == "removed" else "withdrawn" for name in ids}
    assert world.document(f"erased:{world.anna.id}")["documents"] == 6
    one = world.document(ids["published"])
    assert one["events"][-1]["type"] == "listing.withdrawn" and "due_at" not in one
    assert one["pay"]["min"] == 5_500_000 and one["insider"] == world.anna.id


def test_nobody_sees_it_any_more_but_its_insider_and_staff(world: World) -> None:
    listing_id = world.written(title="Engineer", duties=["Run things"], skills=[])
    assert world.bo.get(f"/v1/listings/{listing_id}").status_code == 200
    world.store.run({listing_id: "listing"}, lambda changes: changes[listing_id].set(state="filled"))

    world.forget(world.anna)

    assert world.bo.get(f"/v1/listings/{listing_id}").status_code == 404
    assert world.mo.get(f"/v1/listings/{listing_id}").get_json()["title"] == "Erased"
    mine = world.anna.get("/v1/listings?mine=true").get_json()["items"]
    assert [(each["title"], each["duties"], each["employer"]["name"]) for each in mine] == [("Erased", [], "Erased")]


def test_which_employers_they_were_told_of_is_forgotten_and_no_repeat_tells_again(world: World) -> None:
    """The same event once more tells nothing; a new offer after they came back does."""
    listing_id, offer_id = world.written(title="Engineer", duties=["Run things"], skills=[]), new_id()
    about = {"listing_id": listing_id, "seeker": world.bo.id}
    assert world.event("offer.activated", offer_id=offer_id, **about) == "taken"
    assert world.bo.get(f"/v1/listings/{listing_id}").get_json()["employer"]["name"] == "Canary BV"

    world.forget(world.bo)

    assert world.bo.get(f"/v1/listings/{listing_id}").get_json()["employer"]["name"] is None
    assert world.event("offer.activated", offer_id=offer_id, **about) == "ignored"
    assert world.bo.get(f"/v1/listings/{listing_id}").get_json()["employer"]["name"] is None
    assert world.event("offer.activated", offer_id=new_id(), **about) == "taken"
    assert world.bo.get(f"/v1/listings/{listing_id}").get_json()["employer"]["name"] == "Canary BV"


def test_where_they_get_mail_at_work_is_forgotten(world: World) -> None:
    event_id, said = new_id(), {"person_id": world.anna.id, "domain_mark": "m_" + "a" * 32}
    assert world.event("work.verified", event_id=event_id, **said) == "taken"

    world.forget(world.anna)

    assert world.document(work_id(world.anna.id))["marks"] == []
    assert world.event("work.verified", event_id=event_id, **said) == "ignored"


def test_a_replay_forgets_nobody_twice_and_leaves_who_came_back_alone(world: World) -> None:
    world.written()
    world.forget(world.anna)
    again = world.written(title="Engineer", duties=["Run things"], skills=[])
    before = list(world.store.collection.find().sort("_id", 1))

    assert world.forget(world.anna) == "ignored"

    assert list(world.store.collection.find().sort("_id", 1)) == before
    assert world.document(again)["state"] == "published"
    assert world.forget(world.anna, number=2) == "taken"
    assert world.document(again)["state"] == "withdrawn"


def test_more_than_one_pass_takes_are_all_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.listing.erasure.MOST", 2)
    for _ in range(5):
        world.written(submit=False)

    world.forget(world.anna)

    kept = world.document(f"erased:{world.anna.id}")
    assert (kept["state"], kept["documents"]) == ("erased", 5)
    assert "canar" not in words_of(world).lower()


def test_one_that_cannot_be_erased_does_not_keep_the_others(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged by its id, and tried again later."""
    broken, whole = world.written(submit=False), world.written(submit=False)
    world.store.collection.update_one({"_id": broken}, {"$unset": {"pay": "", "help": ""}})

    world.forget(world.anna)

    assert world.document(whole)["state"] == "withdrawn"
    assert world.document(f"erased:{world.anna.id}")["state"] == "erasing"
    assert any(record.__dict__.get("id") == broken for record in caplog.records)
