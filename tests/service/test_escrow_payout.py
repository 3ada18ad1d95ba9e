"""Where one is paid, over HTTP: named, read by oneself, deleted without a trace; and a payout that follows it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.escrow.journal import balances, faults
from services.escrow.payouts import account_of
from services.escrow.provider.port import every
from tests.service.test_escrow_http import World
from tests.support.web import problem

PATH = "/v1/me/payout"
NAMED, OTHER, CLOSED = {"account": "acct_test"}, {"account": "acct_other"}, {"account": "acct_closed"}


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def test_an_account(world: World) -> None:
    """Written and read back; no one else has it; another replaces it; it is in one's own export."""
    problem(world.insider.get(PATH), 404, "not-found")
    assert world.insider.get("/v1/me/export/escrow").get_json()["payout"] is None

    written = world.insider.ask("PUT", PATH, NAMED)

    at = "2027-01-01T00:00:00.000Z"
    assert (written.status_code, written.headers["ETag"]) == (200, '"1"')
    assert written.get_json() == {**NAMED, "version": 1, "created_at": at, "updated_at": at}
    assert world.insider.get(PATH).get_json() == written.get_json()
    for other in (world.seeker, world.arbiter, world.operator):
        problem(other.get(PATH), 404, "not-found")
        assert other.get("/v1/me/export/escrow").get_json()["payout"] is None
    assert world.insider.ask("PUT", PATH, OTHER).get_json()["version"] == 2
    assert world.insider.get("/v1/me/export/escrow").get_json()["payout"]["account"] == "acct_other"
    kept = world.store.get(f"payout:{world.insider.id}") or {}
    assert (kept["kind"], kept["account"], kept["owner"]) == ("payout", "acct_other", world.insider.id)


def test_it_is_no_escrow(world: World) -> None:
    """Neither a list nor staff's reconciliation nor a path of escrows shows it."""
    world.insider.ask("PUT", PATH, NAMED)

    assert world.insider.get("/v1/escrows").get_json()["items"] == []
    assert world.operator.get("/v1/reconciliation").get_json()["items"] == []
    assert world.operator.get(f"/v1/escrows/payout:{world.insider.id}").status_code == 404


def _told(world: World) -> list[str]:
    kept = world.store.collection.find_one({"_id": f"payout:{world.insider.id}"}) or {}
    assert all(event["data"] == {"person_id": world.insider.id} for event in kept.get("events", []))
    return [event["type"] for event in kept.get("events", [])]


def _account(world: World) -> str | None:
    return account_of(world.store)(world.insider.id)


def test_another_account_serves_after_a_while(world: World) -> None:
    """The first at once; another from the next day on, and until then the one before. Each change is told."""
    world.insider.ask("PUT", PATH, NAMED)
    assert _account(world) == "acct_test"

    later = world.insider.ask("PUT", PATH, OTHER).get_json()
    assert (later["account"], later["serves_from"], later["until_then"]) == (
        "acct_other", "2027-01-02T00:00:00.000Z", "acct_test",
    )  # fmt: skip
    assert world.insider.ask("PUT", PATH, CLOSED).get_json()["until_then"] == "acct_test", "a thief's second"
    assert world.insider.ask("PUT", PATH, CLOSED).get_json()["version"] == 3, "the same once more changes nothing"
    world.clock.advance(timedelta(hours=23, minutes=59))
    assert _account(world) == "acct_test"
    world.clock.advance(timedelta(minutes=1))

    assert _account(world) == "acct_closed"
    assert "serves_from" not in world.insider.get(PATH).get_json()
    assert _told(world) == ["payout.changed"] * 3


def test_the_owner_takes_it_back(world: World) -> None:
    """The account that serves still is named again: it goes on at once, and the other never serves."""
    world.insider.ask("PUT", PATH, NAMED)
    world.insider.ask("PUT", PATH, OTHER)

    assert "serves_from" not in world.insider.ask("PUT", PATH, NAMED).get_json()

    world.clock.advance(timedelta(days=9))
    assert _account(world) == "acct_test"


def test_deleting_first_is_no_way_round(world: World) -> None:
    world.insider.ask("PUT", PATH, NAMED)
    world.insider.ask("DELETE", PATH)

    written = world.insider.ask("PUT", PATH, OTHER).get_json()

    assert ("serves_from" in written, "until_then" in written, _account(world)) == (True, False, None)
    assert _told(world) == ["payout.changed"] * 3


def test_what_an_older_version_stored_serves(world: World) -> None:
    stored = {"kind": "payout", "version": 1, "state": "new", "account": "acct_old", "owner": world.insider.id}
    since = {"created_at": world.clock.now(), "updated_at": world.clock.now()}
    world.store.collection.insert_one({"_id": f"payout:{world.insider.id}", **stored, **since})

    assert _account(world) == "acct_old"
    assert world.insider.ask("PUT", PATH, OTHER).get_json()["until_then"] == "acct_old"


def test_it_is_deleted(world: World) -> None:
    """It is gone; deleting it again is the same; a new one has a version of its own."""
    world.insider.ask("PUT", PATH, NAMED)

    assert world.insider.ask("DELETE", PATH).status_code == 204
    assert world.insider.ask("DELETE", PATH).status_code == 204

    problem(world.insider.get(PATH), 404, "not-found")
    assert world.insider.get("/v1/me/export/escrow").get_json()["payout"] is None
    kept = world.store.get(f"payout:{world.insider.id}") or {}
    assert not {"account", "owner", "created_at"} & set(kept)
    assert world.seeker.ask("DELETE", PATH).status_code == 204
    assert world.store.collection.count_documents({"kind": "payout"}) == 1
    assert world.insider.ask("PUT", PATH, NAMED).get_json()["version"] == 3


def test_two_who_write_at_once(world: World) -> None:
    """If-Match guards what another device wrote; a tag on what is not there never matches."""
    assert problem(world.insider.ask("PUT", PATH, NAMED, If_Match='"1"'), 412, "stale")
    tag = world.insider.ask("PUT", PATH, NAMED).headers["ETag"]
    assert world.insider.ask("PUT", PATH, OTHER, If_Match=tag).status_code == 200

    assert problem(world.insider.ask("PUT", PATH, NAMED, If_Match=tag), 412, "stale") == [
        ("header:If-Match", "version")
    ]
    problem(world.insider.ask("DELETE", PATH, If_Match=tag), 412, "stale")

    assert world.insider.get(PATH).get_json()["account"] == "acct_other"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("/account", "required")),
        ({"account": None}, ("/account", "null")),
        ({"account": 1}, ("/account", "type")),
        ({"account": {"$ne": "acct_x"}}, ("/account", "type")),
        ({"account": ""}, ("/account", "format")),
        ({"account": "acct_"}, ("/account", "format")),
        ({"account": "acct_" + "a" * 41}, ("/account", "format")),
        ({"account": "acct_Test"}, ("/account", "format")),
        ({"account": "acct_test\n"}, ("/account", "format")),
        ({"account": "NL91ABNA0417164300"}, ("/account", "format")),
        ({"account": "acct_test", "owner": "p_1"}, ("/owner", "unknown")),
    ],
)
def test_bad_accounts(world: World, body: dict[str, Any], fault: tuple[str, str]) -> None:
    """Never an account's number; nothing is written."""
    assert problem(world.insider.ask("PUT", PATH, body), 422, "invalid") == [fault]
    assert world.store.collection.count_documents({"kind": "payout"}) == 0


def test_a_token_is_needed(world: World) -> None:
    for method in ("GET", "PUT", "DELETE"):
        body = NAMED if method == "PUT" else None
        problem(world.insider.ask(method, PATH, body, Authorization=""), 401, "unauthenticated")


def test_a_closed_account_until_another_is_named(world: World) -> None:
    """Refused, with the reason; after another account is named the next day's try pays it, once."""
    world.insider.ask("PUT", PATH, CLOSED)
    path = world.held()
    offer_id = path.rsplit("/", 1)[1]
    world.event("hire.confirmed", offer_id)
    world.worker.tick()
    world.provider.deliver_due()
    world.worker.tick()

    blocked = world.shown(path)
    assert (blocked["status"], blocked["held"], blocked["released"]) == ("probation", 50_000, 0)
    assert blocked["blocked"]["reason"] == "account_closed"
    world.insider.ask("PUT", PATH, OTHER)
    for _ in range(3):
        world.worker.tick(timedelta(days=1))
        world.provider.deliver_due()

    paid = world.shown(path)
    assert (paid["status"], paid["held"], paid["released"], paid["fees"]) == ("settled", 0, 47_500, 2_500)
    assert paid.get("blocked") is None
    (balance,) = [account.balance for account in every(world.provider.accounts, [offer_id])]
    assert (balance.held, balance.paid_out, balance.fees) == (0, 47_500, 2_500)
    done = [(each.instruction.kind, each.outcome and each.outcome.status) for each in every(world.provider.transfers)]
    assert done == [("hold", "succeeded"), ("release", "refused"), ("release", "succeeded")]
    doc = world.store.collection.find_one({"_id": offer_id}) or {}
    assert faults(doc["journal"]) == [] and balances(doc["journal"])["insider_paid"] == 47_500
    emitted = [event["type"] for event in doc["events"]]
    assert (emitted.count("escrow.release_refused"), emitted.count("escrow.released")) == (1, 1)
    assert "acct_" not in repr(doc)


def test_a_star_wants_something_to_change(world: World) -> None:
    """Neither what was never there nor what was deleted is made by who means to change it."""
    star = {"If_Match": "*"}
    for method, body in (("PUT", NAMED), ("DELETE", None)):
        assert problem(world.insider.ask(method, PATH, body, **star), 412, "stale") == [("header:If-Match", "version")]
    world.insider.ask("PUT", PATH, NAMED)
    assert world.insider.ask("PUT", PATH, OTHER, **star).status_code == 200
    assert world.insider.ask("DELETE", PATH, **star).status_code == 204

    problem(world.insider.ask("PUT", PATH, NAMED, **star), 412, "stale")

    assert world.insider.get(PATH).status_code == 404
