"""A person is forgotten by all services, in memory: everything still holds, and a replay changes nothing."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.verify import verify
from tests.support.hires import listing
from tests.support.web import Caller
from tests.support.whole import Whole

FORGETTING = ("listing", "escrow", "notify")
"""The services that read `person.erased`."""


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path)


def leave(whole: Whole, sub: str) -> None:
    caller = Caller(whole.apps["matching"], sub)
    answer = caller.ask("DELETE", "/v1/me")
    assert answer.status_code == 202, answer.get_json()
    for _ in range(8):
        whole.settle(timedelta(seconds=2))


def documents(whole: Whole) -> dict[str, Any]:
    """All of them; the relay's own marks aside."""
    return {
        f"{service} {doc['_id']}": {k: v for k, v in doc.items() if k not in ("published", "outbox_at")}
        for service, store in whole.stores.items()
        for doc in store.collection.find()
        if doc["_id"] != "lease"
    }


def replay(whole: Whole, service: str) -> None:
    """What `golem replay` does."""
    for doc in whole.stores[service].collection.find({"seq": {"$gt": 0}}, {"seq": 1}):
        sent_again = {"published": 0, "outbox_at": whole.clock.now()}
        whole.stores[service].collection.update_one({"_id": doc["_id"]}, {"$set": sent_again})
    whole.settle()


def violations(whole: Whole) -> list[str]:
    return [f"{r.invariant} {v.subject} {v.message}" for r in verify(whole.snapshot()) for v in r.violations]


def person(whole: Whole, sub: str) -> str:
    return Caller(whole.apps["matching"], sub).id


def test_a_forgotten_insider_is_forgotten_everywhere_once(whole: Whole) -> None:
    """Two hires paid, one offer open, a listing that lives: all ends; the other people's part stays, and all holds."""
    listing_id = whole.published(seats=5)
    offers = [whole.hired(listing_id, "bo"), whole.hired(listing_id, "cas")]
    open_ = whole.call("matching", "dee", "/v1/offers", {"listing_id": listing_id, "help": ["coaching"]})["id"]
    whole.settle(timedelta(days=1))
    events = len(whole.broker.records())

    leave(whole, "anna")

    anna = person(whole, "anna")
    assert (whole.stores["matching"].get(open_) or {})["state"] == "cancelled"
    assert (whole.stores["listing"].get(listing_id) or {})["state"] == "withdrawn"
    assert {(whole.stores["matching"].get(i) or {})["state"] for i in offers} == {"completed"}
    assert {(whole.stores["escrow"].get(i) or {})["state"] for i in offers} == {"settled"}
    for service in FORGETTING:
        kept = whole.stores[service].get(f"erased:{anna}")
        assert kept and kept["state"] == "erased"
    assert violations(whole) == []
    before = documents(whole)
    replay(whole, "matching")
    assert documents(whole) == before
    replay(whole, "listing")
    assert documents(whole) == before
    assert len(whole.broker.records()) > events
    assert violations(whole) == []


def test_who_comes_back_is_left_alone_by_a_replay(whole: Whole) -> None:
    """New listings and offers after they were forgotten are theirs; the old event once more does not touch them."""
    whole.published()
    leave(whole, "anna")
    again = Caller(whole.apps["listing"], "anna")
    made = again.post("/v1/listings", listing(title="Another engineer") | {"leaving_on": "2027-06-01"}).get_json()
    again.post(f"/v1/listings/{made['id']}/submit")
    whole.settle()
    before = documents(whole)

    replay(whole, "matching")
    whole.settle(timedelta(seconds=5))

    assert documents(whole) == before
    assert (whole.stores["listing"].get(made["id"]) or {})["state"] == "published"
    leave(whole, "anna")
    assert (whole.stores["listing"].get(made["id"]) or {})["state"] == "withdrawn"
    assert violations(whole) == []


def test_a_seeker_is_forgotten_and_the_insider_keeps_the_listing(whole: Whole) -> None:
    listing_id = whole.published(seats=5)
    open_ = whole.call("matching", "bo", "/v1/offers", {"listing_id": listing_id, "help": ["coaching"]})["id"]

    leave(whole, "bo")

    assert (whole.stores["matching"].get(open_) or {})["cancelled"]["code"] == "left"
    assert (whole.stores["listing"].get(listing_id) or {})["state"] == "published"
    assert whole.call("matching", "cas", "/v1/offers", {"listing_id": listing_id, "help": ["coaching"]})
    assert violations(whole) == []
