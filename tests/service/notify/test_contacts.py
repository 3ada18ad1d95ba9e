"""The two of an offer can reach each other once the help has begun, until it is called off; and nobody else ever."""

from itertools import permutations
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from shared.aggregate import Store
from tests.support.notify import Mailbox, happened, reach, take
from tests.support.web import Caller, Ticking, problem

OFFER = "01890000-0000-7000-8000-000000000001"
LIVES = (
    (("offer.made", "proposed"), ("offer.accepted", "accepted"), ("offer.cancelled", "cancelled")),
    (("offer.made", "proposed"), ("offer.accepted", "accepted"), ("offer.activated", "active")),
    (("offer.accepted", "accepted"), ("offer.activated", "active"), ("offer.cancelled", "cancelled")),
    (("offer.activated", "active"), ("hire.confirmed", "hired"), ("offer.completed", "completed")),
)


def live(store: Store, anna: Caller, bo: Caller, *steps: tuple[int, tuple[str, str]]) -> None:
    """Events of the offer come in, each with its number."""
    for number, (name, status) in steps:
        take(store, happened(store, name, anna, bo, number=number, offer_id=OFFER, status=status))


def ask(who: Caller) -> TestResponse:
    return who.get(f"/v1/contacts/{OFFER}")


def closed(answer: TestResponse) -> dict[str, Any]:
    problem(answer, 404, "not-found")
    assert answer.headers["Retry-After"] == "1"
    said: dict[str, Any] = answer.get_json()
    said.pop("request_id", None)
    return said


def test_each_sees_the_others_address_while_the_help_goes_on(
    app: Flask, anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna, worker, mailbox)
    reach(bo, worker, mailbox)
    unknown = closed(ask(anna))
    live(store, anna, bo, (1, ("offer.made", "proposed")), (2, ("offer.accepted", "accepted")))
    assert closed(ask(anna)) == closed(ask(bo)) == unknown

    waits = {"begins_at": "2027-01-03T00:00:00.000Z"}
    take(store, happened(store, "offer.activated", anna, bo, number=3, offer_id=OFFER, status="active", **waits))
    assert closed(ask(anna)) == closed(ask(bo)) == unknown
    live(store, anna, bo, (4, ("offer.begun", "active")))

    assert ask(anna).get_json() == {"offer_id": OFFER, "role": "seeker", "email": "bo@example.org"}
    assert ask(bo).get_json() == {"offer_id": OFFER, "role": "insider", "email": "anna@example.org"}
    for other in (Caller(app, "eve"), Caller(app, "mo", ("moderator", "operator", "arbiter"))):
        assert closed(ask(other)) == unknown
    live(store, anna, bo, (5, ("offer.cancelled", "cancelled")))
    assert closed(ask(anna)) == closed(ask(bo)) == unknown


@pytest.mark.parametrize("end", ["cancelled", "lapsed", "closed"])
def test_what_ends_before_a_hire_veils_again_and_after_one_does_not(
    anna: Caller, bo: Caller, store: Store, end: str
) -> None:
    waits = {"begins_at": "2027-01-03T00:00:00.000Z"}
    take(store, happened(store, "offer.activated", anna, bo, number=3, offer_id=OFFER, status="active", **waits))
    closed(ask(anna))
    live(store, anna, bo, (4, ("hire.claimed", "hire_claimed")))
    closed(ask(bo))
    live(store, anna, bo, (5, ("offer.begun", "hire_claimed")))
    assert ask(anna).status_code == ask(bo).status_code == 200

    live(store, anna, bo, (7, (f"offer.{end}", end)))
    closed(ask(anna))
    closed(ask(bo))

    live(store, anna, bo, (6, ("hire.confirmed", "hired")))
    assert ask(anna).status_code == ask(bo).status_code == 200


def test_a_hire_that_never_began_shows_the_two_to_each_other(anna: Caller, bo: Caller, store: Store) -> None:
    live(store, anna, bo, (5, ("hire.confirmed", "hired")))

    assert ask(anna).status_code == ask(bo).status_code == 200


def test_only_a_verified_address_is_shown(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    live(store, anna, bo, (1, ("offer.begun", "active")))
    assert ask(bo).get_json()["email"] is None
    reach(anna, worker, mailbox)
    anna.ask("PUT", "/v1/me/contact", {"email": "unproved@example.org"})
    assert ask(bo).get_json() == {"offer_id": OFFER, "role": "insider", "email": None}

    anna.ask("DELETE", "/v1/me/contact")
    assert ask(bo).get_json()["email"] is None


@pytest.mark.parametrize("steps", LIVES)
def test_events_in_any_order_make_the_same_copy(
    anna: Caller, bo: Caller, store: Store, steps: tuple[tuple[str, str], ...]
) -> None:
    numbered = list(enumerate(steps, 1))
    copies = []
    for order in permutations(numbered):
        store.collection.delete_many({})
        live(store, anna, bo, *order, order[0])
        doc = store.get(f"offer:{OFFER}") or {}
        copies.append({name: doc.get(name) for name in ("number", "status", "activated", "insider", "seeker")})

    was_active = any(status == "active" for _, status in steps) or None
    expected = {"number": len(steps), "status": steps[-1][1], "activated": was_active}
    assert copies == [expected | {"insider": anna.id, "seeker": bo.id}] * len(copies)


def test_without_a_token_nothing(anna: Caller) -> None:
    problem(anna.get(f"/v1/contacts/{OFFER}", Authorization="Bearer a.b.c"), 401, "unauthenticated")
