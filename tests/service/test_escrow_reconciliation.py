"""Reconciliation on a real database: differences are flagged for a person at the second pass, and cleared again."""

from collections.abc import Collection
from datetime import timedelta
from math import isnan
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pymongo.database import Database

from services.escrow.provider.port import PAGE, Account, Page, Records, Transfer, Unavailable
from services.escrow.reconciliation import TURNS, Reconciliation
from shared.process.pulse import STUCK_AFTER
from tests.service.test_escrow_http import World
from tests.support.web import Caller, problem


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


@pytest.fixture
def reconciliation(world: World) -> Reconciliation:
    return Reconciliation(world.store, world.provider, batch=2)


def whole_pass(reconciliation: Reconciliation) -> int:
    """Batches until a pass is over; how many."""
    batches = 1
    while not reconciliation.step():
        batches += 1
    return batches


def damage(world: World, path: str, **fields: Any) -> None:
    world.store.collection.update_one({"_id": path.rsplit("/", 1)[1]}, {"$set": fields, "$inc": {"version": 1}})


def flagged(world: World, path: str) -> Any:
    return (world.store.get(path.rsplit("/", 1)[1]) or {}).get("flagged")


def gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_what_agrees_is_left_alone(world: World, reconciliation: Reconciliation) -> None:
    """Every escrow is seen in each pass, also the free, the awaiting and the paid one; none is changed."""
    paths = [world.held(), world.accepted(), world.accepted(price=0), world.held(), world.held()]
    world.event("hire.confirmed", paths[0].rsplit("/", 1)[1])
    world.worker.tick()
    before = list(world.store.collection.find())

    assert whole_pass(reconciliation) == whole_pass(reconciliation) == 3

    assert list(world.store.collection.find()) == before
    assert gauge("golem_reconciliation_differences") == 0
    assert gauge("golem_journal_sum", currency="EUR") == 0


def test_a_difference_is_flagged_at_the_second_pass_and_cleared_when_it_is_mended(
    world: World, reconciliation: Reconciliation
) -> None:
    """What differs once may just be moving; twice, a person is told what differs, and since when."""
    path, other = world.held(), world.held()
    damage(world, path, held=49_999, refunded=1)
    whole_pass(reconciliation)
    assert flagged(world, path) is None

    whole_pass(reconciliation)

    since, found = flagged(world, path)["since"], flagged(world, path)["differences"]
    assert {"what": "held", "here": 49_999, "there": 50_000} in found
    assert {"what": "refunded", "here": 1, "there": 0} in found
    assert {"what": "journal"} in found
    assert flagged(world, other) is None
    assert gauge("golem_reconciliation_differences") == 1

    world.clock.advance(timedelta(minutes=5))
    damage(world, path, held=49_998, refunded=2)
    whole_pass(reconciliation)
    assert flagged(world, path)["since"] == since
    assert {"what": "refunded", "here": 2, "there": 0} in flagged(world, path)["differences"]

    damage(world, path, held=50_000, refunded=0)
    whole_pass(reconciliation)
    assert flagged(world, path) is None
    whole_pass(reconciliation)
    assert gauge("golem_reconciliation_differences") == 0


def test_what_changes_between_the_passes_begins_anew(world: World, reconciliation: Reconciliation) -> None:
    """Two findings count only of the same version."""
    path = world.held()
    for refunded in (1, 2, 3):
        damage(world, path, held=50_000 - refunded, refunded=refunded)
        whole_pass(reconciliation)

    assert flagged(world, path) is None


def test_an_open_instruction_explains_a_difference(world: World, reconciliation: Reconciliation) -> None:
    """The provider may have moved what the escrow has not heard of."""
    path = world.accepted()
    world.seeker.post(f"{path}/fund", {"source": "tok_late"})
    world.worker.tick()
    damage(world, path, refunded=1)

    for _ in range(3):
        whole_pass(reconciliation)

    assert flagged(world, path) is None


def test_the_providers_side(world: World, reconciliation: Reconciliation) -> None:
    """A chargeback whose notice never came is a difference, too; the notice ends it."""
    path = world.held()
    world.provider.charge_back(path.rsplit("/", 1)[1])
    for _ in range(2):
        whole_pass(reconciliation)
    assert {"what": "charged_back", "here": 0, "there": 50_000} in flagged(world, path)["differences"]

    world.provider.deliver_due()
    world.worker.tick()
    assert world.shown(path)["status"] == "charged_back"
    whole_pass(reconciliation)
    assert flagged(world, path) is None


@pytest.mark.parametrize("journal", [[], [{}], [{"lines": 5}], "none"])
def test_a_journal_that_cannot_be_read(world: World, reconciliation: Reconciliation, journal: Any) -> None:
    """Whatever stands there, it is a difference and no reason to stop."""
    path = world.held()
    damage(world, path, journal=journal)

    for _ in range(2):
        whole_pass(reconciliation)

    assert flagged(world, path)["differences"] == [{"what": "journal"}]


def test_the_provider_is_away(world: World, reconciliation: Reconciliation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop waits and goes on; what is told to stop, stops."""
    stop = Flag()

    def away(offer_ids: Any = None, **page: Any) -> Any:
        stop.set()
        raise Unavailable("away")

    world.held()
    monkeypatch.setattr(world.provider, "accounts", away)
    reconciliation.run(stop)
    assert gauge("golem_journal_sum", currency="EUR") is None
    assert isnan(gauge("golem_reconciliation_differences") or 0)
    monkeypatch.undo()

    assert whole_pass(reconciliation) == 1


# -- over HTTP


def test_what_staff_have_to_look_at(world: World, reconciliation: Reconciliation) -> None:
    """Flagged, blocked and disputed ones with counts, in pages or by reason; nothing else."""
    world.held()
    differing, disputed, blocked = world.held(), world.held(), world.accepted()
    damage(world, differing, held=49_999, refunded=1)
    world.seeker.post(f"{disputed}/dispute", {"reason": "other"})
    world.seeker.post(f"{blocked}/fund", {"source": "tok_transfer_refused"})
    world.worker.tick()
    world.event("hire.confirmed", blocked.rsplit("/", 1)[1])
    world.worker.tick()
    for _ in range(2):
        whole_pass(reconciliation)

    said = world.operator.get("/v1/reconciliation").get_json()
    why = {f"/v1/escrows/{item['offer_id']}": item["why"] for item in said["items"]}
    assert why == {differing: ["flagged"], disputed: ["disputed"], blocked: ["blocked"]}
    assert said["counts"] == {"flagged": 1, "blocked": 1, "disputed": 1, "loss": 0}
    assert said["next"] is None
    (only,) = world.arbiter.get("/v1/reconciliation?why=flagged").get_json()["items"]
    assert {"what": "refunded", "here": 1, "there": 0} in only["flagged"]["differences"]

    first = world.operator.get("/v1/reconciliation?limit=2")
    assert "Link" in first.headers
    second = world.operator.get(f"/v1/reconciliation?limit=2&cursor={first.get_json()['next']}").get_json()
    ids = [item["offer_id"] for item in [*first.get_json()["items"], *second["items"]]]
    assert ids == sorted(item["offer_id"] for item in said["items"])


def test_who_may_look(world: World) -> None:
    """Arbiters and operators; nobody at what they are a party to."""
    path = world.held()
    world.seeker.post(f"{path}/dispute", {"reason": "other"})

    for caller in (world.seeker, world.insider, Caller(world.app, "mod", ("moderator",))):
        problem(caller.get("/v1/reconciliation"), 403, "forbidden")
    partial = Caller(world.app, "anna", ("arbiter",)).get("/v1/reconciliation").get_json()
    assert (partial["items"], partial["counts"]["disputed"]) == ([], 1)
    assert len(world.arbiter.get("/v1/reconciliation").get_json()["items"]) == 1


@pytest.mark.parametrize("query", ["why=lost", "limit=0", "cursor=zzz", "status=held"])
def test_bad_query(world: World, query: str) -> None:
    """Refused by name."""
    problem(world.operator.get(f"/v1/reconciliation?{query}"), 422, "invalid")


def test_what_has_ended_is_asked_for_in_turns(world: World) -> None:
    """The provider is not asked for all in each pass: for what may move, and for a part of what ended long ago. Within
    `TURNS` passes it was asked for each, and the gauge says since when.
    """
    books = Noting(world.provider)
    reconciliation = Reconciliation(world.store, books, batch=2)
    moving = world.held().rsplit("/", 1)[1]
    ended = {path.rsplit("/", 1)[1] for path in (world.held() for _ in range(4))}
    for offer_id in ended:
        world.event("hire.confirmed", offer_id)
    world.worker.tick()
    world.clock.advance(timedelta(days=3))
    passes = [asked_for(books, reconciliation) for _ in range(TURNS)]

    assert all(moving in asked for asked in passes)
    assert [sum(offer_id in asked for asked in passes) for offer_id in sorted(ended)] == [1, 1, 1, 1]
    assert gauge("golem_reconciliation_oldest_seconds") == timedelta(days=3).total_seconds()
    for _ in range(TURNS):
        whole_pass(reconciliation)
    assert gauge("golem_reconciliation_oldest_seconds") == 0


def test_a_difference_of_one_that_ended_long_ago_is_found(world: World, reconciliation: Reconciliation) -> None:
    """At its turn, and once more in the very next pass: then it is flagged, and asked for until it is mended."""
    path = world.held()
    world.event("hire.confirmed", path.rsplit("/", 1)[1])
    world.worker.tick()
    damage(world, path, loss=1)
    world.clock.advance(timedelta(days=3))

    passes = 0
    while flagged(world, path) is None:
        whole_pass(reconciliation)
        passes += 1
        assert passes <= TURNS + 1

    damage(world, path, loss=0)
    whole_pass(reconciliation)
    assert flagged(world, path) is None


class Noting:
    """The provider's records, with a note of which accounts were asked for."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.asked: set[str] = set()

    def accounts(
        self, offer_ids: Collection[str] | None = None, *, after: str | None = None, limit: int = PAGE
    ) -> Page[Account]:
        self.asked.update(offer_ids or ())
        return self._records.accounts(offer_ids, after=after, limit=limit)

    def transfers(
        self, offer_ids: Collection[str] | None = None, *, after: str | None = None, limit: int = PAGE
    ) -> Page[Transfer]:
        return self._records.transfers(offer_ids, after=after, limit=limit)


def asked_for(books: Noting, reconciliation: Reconciliation) -> set[str]:
    """The escrows that one pass asks the provider for."""
    books.asked = set()
    whole_pass(reconciliation)
    return books.asked


class Noted(Flag):
    """A flag that is set after so many waits; it notes how long each would be, and none of them takes time."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most, self.waits = most, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        if len(self.waits) == self._most:
            self.set()
        return self.is_set()


@pytest.mark.parametrize("pace", [1, 2, 3, 100])
def test_a_slow_pace_is_no_long_sleep(world: World, pace: int) -> None:
    """It waits no longer than its sign of life and the alert on the provider allow, keeps its pace, and sees all."""
    one = world.store.collection.find_one({"_id": world.held().rsplit("/", 1)[1]})
    world.store.collection.insert_many([{**(one or {}), "_id": f"held-{number:03}"} for number in range(250)])
    books = Noting(world.provider)
    stop = Noted(most=-(-251 // min(pace * 20, 200)))

    Reconciliation(world.store, books, pace=pace).run(stop)

    assert max(stop.waits) <= 20.0 < STUCK_AFTER
    assert len(books.asked) == 251 and sum(stop.waits) >= 251 / pace
