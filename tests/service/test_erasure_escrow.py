"""A person is forgotten by escrow: the words of disputes and decisions go; sums, journal and hashes stay."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.escrow.journal import faults
from shared.aggregate import Trigger
from shared.ids import new_id
from tests.service.test_escrow_http import World
from tests.support.web import Caller


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def forget(world: World, who: Caller, number: int = 1) -> str:
    event = Trigger("person.erased", new_id(), "event", world.clock.now(), {"person_id": who.id}, sequence=number)
    (verdict,) = world.batch.process([event])
    for _ in range(3):
        world.worker.tick(timedelta(seconds=2))
    return verdict.outcome


def test_words_go_and_the_books_stay(world: World) -> None:
    """Disputed, decided and refunded: nobody's words are left, the chain is what it was; once."""
    offer_id = new_id()
    world.event("offer.accepted", offer_id)
    path = f"/v1/escrows/{offer_id}"
    assert world.seeker.post(f"{path}/fund", {"source": "tok_visa"}).status_code == 202
    world.worker.tick()
    assert world.seeker.post(f"{path}/dispute", {"reason": "canary says no"}, Idempotency_Key="k").status_code == 200
    decision = {"decision": "refund", "reason": "the canary is right"}
    assert world.arbiter.post(f"{path}/dispute/resolve", decision).status_code == 200
    world.worker.tick()
    before = world.store.collection.find_one({"_id": offer_id}) or {}
    assert before["state"] == "refunded" and "canary" in repr(before)

    assert forget(world, world.insider) == "taken"

    after = world.store.collection.find_one({"_id": offer_id}) or {}
    assert "canary" not in repr(after)
    again = world.seeker.post(f"{path}/dispute", {"reason": "canary says no"}, Idempotency_Key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert forget(world, world.seeker) == "taken"

    after = world.store.collection.find_one({"_id": offer_id}) or {}
    assert {name for name in after if after[name] != before.get(name)} == {
        "decisions", "commands", "erased_at", "version", "updated_at"
    }  # fmt: skip
    assert [each["fingerprint"] == "erased" for each in after["commands"]] == [True, True, False]
    assert faults(after["journal"]) == [] and after["decisions"][0]["decision"] == "refund"
    assert world.seeker.get(path).get_json()["decisions"][0]["reason"] == "erased"
    everything = list(world.store.collection.find().sort("_id", 1))
    assert forget(world, world.insider) == "ignored"
    assert list(world.store.collection.find().sort("_id", 1)) == everything


def test_under_a_chargeback_the_dispute_loses_its_words_and_goes_on(world: World) -> None:
    """Nobody waits for a bank: who is forgotten meanwhile has the money come back as if they were here."""
    offer_id = new_id()
    world.event("offer.accepted", offer_id)
    path = f"/v1/escrows/{offer_id}"
    world.seeker.post(f"{path}/fund", {"source": "tok_visa"})
    world.worker.tick()
    world.event("hire.confirmed", offer_id, start_on="2027-03-01")
    assert world.insider.post(f"{path}/dispute", {"reason": "canary says no"}).status_code == 200
    world.provider.charge_back(offer_id)
    world.provider.deliver_due()
    world.worker.tick()
    assert (world.store.get(offer_id) or {})["state"] == "charged_back"

    forget(world, world.insider)

    assert "canary" not in repr(world.store.get(offer_id))
    world.provider.reverse_chargeback(offer_id)
    world.provider.deliver_due()
    world.worker.tick()
    assert world.seeker.get(path).get_json()["dispute"]["reason"] == "other"


def test_where_they_are_paid_is_forgotten(world: World) -> None:
    """Theirs alone; once; what they name afterwards is theirs anew."""
    for who in (world.insider, world.seeker):
        assert who.ask("PUT", "/v1/me/payout", {"account": "acct_test"}).status_code == 200

    assert forget(world, world.insider) == "taken"

    assert world.insider.get("/v1/me/payout").status_code == 404
    left = world.store.get(f"payout:{world.insider.id}") or {}
    assert not {"account", "owner", "created_at"} & set(left)
    assert world.seeker.get("/v1/me/payout").get_json()["account"] == "acct_test"
    assert (world.store.get(f"erased:{world.insider.id}") or {})["documents"] == 1
    assert world.insider.ask("PUT", "/v1/me/payout", {"account": "acct_anew"}).status_code == 200
    assert forget(world, world.insider) == "ignored"
    assert world.insider.get("/v1/me/payout").get_json()["account"] == "acct_anew"
