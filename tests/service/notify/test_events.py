"""The log over HTTP: who reads what, from where on, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from shared.aggregate import Store
from shared.settings import Terms
from tests.support.clock import ManualClock
from tests.support.notify import happened, take
from tests.support.web import Caller, Ticking, problem

OFFER = "0b6a1b9c-0000-4000-8000-000000000001"


def read(who: Caller, query: str = "") -> dict[str, Any]:
    response = who.get(f"/v1/events?{query}")
    assert response.status_code == 200, response.get_json()
    found: dict[str, Any] = response.get_json()
    return found


def types(page: dict[str, Any]) -> list[str]:
    return [each["event"]["type"] for each in page["items"]]


@pytest.fixture
def told(store: Store, worker: Ticking, anna: Caller, bo: Caller) -> Store:
    """A listing of Anna's, an offer of Bo's, a hire, a payout that failed; and one of two others."""
    carl, dora = Caller(anna.app, "carl"), Caller(anna.app, "dora")
    for name in ("listing.created", "offer.made", "offer.accepted", "hire.confirmed", "escrow.release_refused"):
        take(store, happened(store, name, anna, bo))
    take(store, happened(store, "offer.made", carl, dora))
    worker.tick()
    return store


def test_each_person_reads_what_is_about_them_and_an_integrator_all(told: Store, anna: Caller, bo: Caller) -> None:
    common = ["offer.made", "offer.accepted", "hire.confirmed"]

    assert types(read(anna)) == ["listing.created", *common, "escrow.release_refused"]
    assert types(read(bo)) == common
    assert types(read(Caller(anna.app, "eve"))) == []
    assert types(read(Caller(anna.app, "moderator", ("moderator",)))) == []
    for role in ("integrator", "operator"):
        assert types(read(Caller(anna.app, role, (role,)))) == [*types(read(anna)), "offer.made"]


def test_nobody_reads_without_a_token(told: Store, anna: Caller) -> None:
    assert anna.app.test_client().get("/v1/events").status_code == 401


def test_pages_follow_each_other_and_the_last_cursor_waits_for_what_comes(
    told: Store, worker: Ticking, anna: Caller, bo: Caller
) -> None:
    first = read(anna, "limit=2")
    second = read(anna, f"limit=5&after={first['next']}")

    assert [first["more"], second["more"]] == [True, False]
    assert types(first) + types(second) == types(read(anna))
    assert read(anna, f"after={first['items'][0]['cursor']}")["items"][0] == first["items"][1]
    assert read(anna, f"after={second['next']}")["items"] == []

    take(told, happened(told, "offer.completed", anna, bo))
    worker.tick()

    assert types(read(anna, f"after={second['next']}")) == ["offer.completed"]


def test_types_offer_and_time_narrow_it(told: Store, worker: Ticking, anna: Caller, bo: Caller) -> None:
    clock = told.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(hours=1))
    later = happened(told, "offer.completed", anna, bo, offer_id=OFFER)
    take(told, later)
    worker.tick()

    assert types(read(anna, "types=hire.*,offer.made")) == ["offer.made", "hire.confirmed"]
    assert types(read(anna, "types=*")) == types(read(anna))
    assert types(read(anna, "from_timestamp=" + clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))) == ["offer.completed"]
    assert types(read(anna, f"offer_id={OFFER}")) == ["offer.completed"]
    assert read(anna, "offer_id=5b6a1b9c-0000-4000-8000-000000000000")["items"] == []


def test_what_is_gone_and_what_is_no_cursor(told: Store, worker: Ticking, anna: Caller, bo: Caller) -> None:
    first = read(anna, "limit=1")["next"]
    clock = told.clock
    assert isinstance(clock, ManualClock)
    clock.advance(Terms().keep_events + timedelta(days=1))
    worker.tick()

    problem(anna.get(f"/v1/events?after={first}"), 410, "gone")
    assert read(anna)["items"] == []
    assert problem(anna.get("/v1/events?after=MQ"), 422, "invalid") == [("?after", "cursor")]
    assert problem(anna.get("/v1/events?types=hire.confirmed,secret"), 422, "invalid") == [("?types", "event-type")]
    for query in ("limit=0", "limit=101", "from_timestamp=yesterday", "offer_id=1", "unknown=1"):
        problem(anna.get(f"/v1/events?{query}"), 422, "invalid")


def test_who_is_forgotten_reads_nothing_of_before(told: Store, worker: Ticking, anna: Caller, bo: Caller) -> None:
    erased = happened(told, "person.erased", bo, anna)
    take(told, erased.__class__(**{**erased.__dict__, "data": {"person_id": bo.id}}))
    for _ in range(3):
        worker.tick(timedelta(seconds=2))

    assert read(bo)["items"] == []
    assert "hire.confirmed" in types(read(anna))
