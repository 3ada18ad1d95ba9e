"""A person is forgotten by notify: their addresses, and what they were told."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.aggregate import Store, Trigger
from shared.ids import new_id
from tests.support.notify import Mailbox, code_in, happened, own, reach, take
from tests.support.web import Caller, Ticking

Forget = Callable[[Caller, int], str]


@pytest.fixture
def forget(store: Store, worker: Ticking) -> Forget:
    """`person.erased` comes, of this number; what became of it, its passes done."""

    def come(who: Caller, number: int) -> str:
        data = {"person_id": who.id}
        said = Trigger("person.erased", new_id(), "event", store.clock.now(), data, sequence=number)
        (verdict,) = take(store, said)
        for _ in range(3):
            worker.tick(timedelta(seconds=2))
        return verdict.outcome

    return come


def test_addresses_and_what_they_were_told_go_and_the_other_keeps_theirs(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox, forget: Forget
) -> None:
    """Sent, waiting for its mail, too old for one; verified and unproved addresses; the language."""
    reach(anna, worker, mailbox, language="fr")
    reach(bo, worker, mailbox)
    assert anna.ask("PUT", "/v1/me/work-mail", {"email": "anna@canary.example.org"}).status_code == 200
    take(store, happened(store, "offer.activated", anna, bo))
    worker.tick()
    take(store, happened(store, "offer.completed", anna, bo), happened(store, "offer.made", anna, bo, timedelta(8)))
    before = own(bo)

    assert forget(anna, 1) == "taken"

    left = repr(list(store.collection.find()))
    assert "anna@" not in left and "canary" not in left and "'fr'" not in left
    assert own(anna) == [] and len(own(bo)) == len(before) == 2
    assert anna.get("/v1/me/contact").status_code == anna.get("/v1/me/work-mail").status_code == 404
    notifications = list(store.collection.find({"kind": "notification"}))
    texts = [doc["state"] for doc in notifications if doc["_id"].endswith(anna.id)]
    assert texts == ["expired"] * 3


def test_once_and_who_comes_back_has_a_new_address(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox, forget: Forget
) -> None:
    """A replay of the event, or of what they were told, brings nothing back and takes nothing; the numbers go on."""
    reach(anna, worker, mailbox)
    told = happened(store, "offer.made", anna, bo)
    take(store, told)
    forget(anna, 1)
    assert anna.ask("PUT", "/v1/me/contact", {"email": "new@example.org"}).status_code == 200
    worker.tick()
    assert anna.post("/v1/me/contact/verify", {"code": code_in(mailbox)}).status_code == 200
    but_the_log = {"kind": {"$nin": ["event", "fan_out", "lease"]}}  # it takes each event that comes
    before = list(store.collection.find(but_the_log).sort("_id", 1))

    assert forget(anna, 1) == "ignored"
    assert [verdict.outcome for verdict in take(store, told)] == ["duplicate"]

    assert list(store.collection.find(but_the_log).sort("_id", 1)) == before
    assert not list(store.collection.find({"readers": anna.id}))
    contact = store.collection.find_one({"_id": f"contact:{anna.id}"}) or {}
    assert [event["seq"] for event in contact["events"]] == [1, 2]
    assert forget(anna, 2) == "taken"
    assert "new@example.org" not in repr(list(store.collection.find()))


def test_the_two_of_an_offer_do_not_reach_each_other_any_more(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox, forget: Forget
) -> None:
    """Neither way, whatever late event of that offer comes; who comes back makes offers anew."""
    old, new = new_id(), new_id()
    for who in (anna, bo):
        reach(who, worker, mailbox)
    take(store, happened(store, "offer.activated", anna, bo, offer_id=old, status="active"))
    assert anna.get(f"/v1/contacts/{old}").get_json()["email"] == "bo@example.org"

    forget(bo, 1)

    take(store, happened(store, "hire.ended", anna, bo, number=2, offer_id=old, status="ended"))
    unknown = anna.get(f"/v1/contacts/{new_id()}").get_json()["detail"]
    for who in (anna, bo):
        answer = who.get(f"/v1/contacts/{old}")
        assert (answer.status_code, answer.get_json()["detail"]) == (404, unknown)
    worker.tick()
    reach(bo, worker, mailbox)
    take(store, happened(store, "offer.activated", anna, bo, offer_id=new, status="active"))
    assert bo.get(f"/v1/contacts/{new}").get_json()["email"] == "anna@example.org"
    assert bo.get(f"/v1/contacts/{old}").status_code == 404
