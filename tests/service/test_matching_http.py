"""Offers over HTTP and a real database: asked, agreed, seen through to the hire, and what is refused on the way."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from shared.ids import new_id
from tests.support.matching import LETTER, listing
from tests.support.matching_web import COACHING, World
from tests.support.web import Caller, problem, token

UNKNOWN = "/v1/offers/0197f0c5-0000-7000-8000-000000000001"
START = "2027-01-20"


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def parts(offer: dict[str, Any]) -> dict[str, int]:
    """What each side pays and gets, all of it in the offer's currency."""
    assert {each["currency"] for each in offer["breakdown"].values()} == {offer["price"]["currency"]}
    return {name: each["amount"] for name, each in offer["breakdown"].items()}


@pytest.mark.parametrize(("amount", "fee"), [(39_999, 1_999), (19, 0), (20, 1)])
def test_a_counter_shows_what_each_side_pays_and_gets_now(world: World, amount: int, fee: int) -> None:
    made = world.seeker.post("/v1/offers", {"listing_id": world.listed(), **COACHING})
    path, price = made.headers["Location"], {"amount": amount, "currency": "EUR"}

    countered = world.insider.post(f"{path}/counter", {"price": price}).get_json()

    assert parts(countered) == {"seeker_pays": amount, "fee": fee, "insider_receives": amount - fee}
    assert world.shown(path)["breakdown"] == countered["breakdown"]


def test_a_hire(world: World) -> None:
    """Asked, accepted, held, claimed, confirmed, settled; both see each step."""
    listing_id = world.listed()
    made = world.seeker.post("/v1/offers", {"listing_id": listing_id, **COACHING, "mode": "hold"})
    doc = made.get_json()
    path = made.headers["Location"]
    assert (made.status_code, made.headers["ETag"], path) == (201, '"1"', f"/v1/offers/{doc['id']}")
    expected = {
        "listing_id": listing_id, "insider": world.insider.id, "seeker": world.seeker.id, "mode": "hold",
        "price": {"amount": 50_000, "currency": "EUR"}, "status": "proposed", "escrow_status": None, "version": 1,
        "tranches": [{"due_day": 0, "bps": 10_000}], "fee_bps": 500, "accepted_at": None, "hire": None,
        "created_at": "2027-01-01T00:00:00.000Z", **COACHING,
    }  # fmt: skip
    assert {name: doc[name] for name in expected} == expected

    assert parts(doc) == {"seeker_pays": 50_000, "fee": 2_500, "insider_receives": 47_500}

    accepted = world.insider.post(f"{path}/accept")
    assert (accepted.status_code, accepted.get_json()["status"]) == (200, "accepted")
    assert accepted.get_json()["accepted_at"] == "2027-01-01T00:00:00.000Z"
    world.escrow_is(path, "escrow.held")
    assert (world.status(path), world.shown(path)["escrow_status"]) == ("active", "held")
    helped = world.insider.post(f"{path}/help", {"kind": "coaching", "on": "2027-01-01"})
    assert helped.get_json()["help_given"] == [{"kind": "coaching", "on": "2027-01-01", "at": doc["created_at"]}]
    answer = {"kind": "coaching", "on": "2027-01-01", "answer": "confirmed"}
    assert world.seeker.post(f"{path}/help/confirm", answer).get_json()["help_given"][0]["answer"] == "confirmed"
    claimed = world.insider.post(f"{path}/claim-hire", {"start_on": START, "evidence": LETTER})
    assert (claimed.get_json()["status"], claimed.get_json()["claims"][0]["grade"]) == ("hire_claimed", 1)
    confirmed = world.seeker.post(f"{path}/confirm-hire", {"start_on": START})
    assert (confirmed.status_code, confirmed.get_json()["status"]) == (200, "hired")
    assert confirmed.get_json()["hire"] == {
        "start_on": START, "confirmed_by": "seeker", "evidence_grade": 1, "confirmed_at": doc["created_at"],
    }  # fmt: skip
    assert world.escrow_is(path, "escrow.settled", 5) == "taken"

    assert world.status(path) == "completed"
    assert world.events(path) == [
        "offer.made", "offer.accepted", "offer.activated", "help.given", "help.given", "hire.claimed",
        "hire.confirmed", "offer.completed",
    ]  # fmt: skip
    ended = world.insider.post(f"{path}/end", {"on": START})
    assert (ended.get_json()["status"], ended.get_json()["ended"]["by"]) == ("completed", "insider")
    assert world.seeker.get(path).get_json() == world.insider.get(path).get_json() == ended.get_json()
    for caller in (world.arbiter, world.moderator):
        assert caller.get(path).get_json() | {"messages": []} == ended.get_json()


def test_for_nothing(world: World) -> None:
    """At price 0 it is active at once, and completed with the hire."""
    path = world.proposed(price=0)

    assert world.insider.post(f"{path}/accept").get_json()["status"] == "active"
    done = world.seeker.post(f"{path}/confirm-hire", {"start_on": START}).get_json()

    assert (done["status"], done["escrow_status"]) == ("completed", "free")
    assert world.events(path)[1:] == [
        "offer.accepted", "offer.activated", "offer.begun", "hire.confirmed", "offer.completed",
    ]  # fmt: skip


def test_a_price_is_bargained_for(world: World) -> None:
    listing_id = world.listed()
    named = {"listing_id": listing_id, **COACHING, "price": {"amount": 30_000, "currency": "EUR"}}
    made = world.seeker.post("/v1/offers", named)
    path = made.headers["Location"]
    assert made.get_json()["price"]["amount"] == 30_000

    countered = world.insider.post(f"{path}/counter", {"price": {"amount": 45_000, "currency": "EUR"}})
    problem(world.insider.post(f"{path}/accept"), 403, "forbidden")
    accepted = world.seeker.post(f"{path}/accept")

    assert (countered.get_json()["status"], countered.get_json()["proposed_by"]) == ("countered", "insider")
    assert (accepted.get_json()["status"], accepted.get_json()["price"]["amount"]) == ("accepted", 45_000)
    assert world.reserved() == {path: 45_000}


def test_called_off(world: World) -> None:
    """Alone within 48 hours; later by asking and agreeing; by staff with a reason."""
    alone, agreed, staff = (world.accepted(Caller(world.app, sub)) for sub in ("dan", "eva", "fay"))

    assert world.insider.post(f"{alone}/cancel", {}).get_json()["cancelled"]["code"] == "alone"
    world.clock.advance(timedelta(hours=48))
    asked = world.insider.post(f"{agreed}/cancel", {"reason": "No time."}).get_json()
    assert (asked["status"], asked["cancel_asked"]["by"], asked["cancel_asked"]["reason"]) == (
        "accepted", "insider", "No time.",
    )  # fmt: skip
    assert problem(world.insider.post(f"{agreed}/cancel"), 409, "conflict") == [("", "cancel-asked-once")]
    agreeing = Caller(world.app, "eva").post(f"{agreed}/cancel").get_json()
    assert (agreeing["status"], agreeing["cancelled"]["code"]) == ("cancelled", "agreed")
    assert problem(world.moderator.post(f"{staff}/cancel"), 422, "refused-by-rule") == [("/reason", "staff-reason")]
    done = world.moderator.post(f"{staff}/cancel", {"reason": "Fraud."}).get_json()
    assert (done["cancelled"]["by"], done["cancelled"]["code"]) == ("staff", "staff")


def test_declined_withdrawn_rejected(world: World) -> None:
    declined, withdrawn = world.proposed(Caller(world.app, "dan")), world.proposed(Caller(world.app, "eva"))

    assert world.insider.post(f"{declined}/decline").get_json()["status"] == "declined"
    problem(world.insider.post(f"{withdrawn}/withdraw"), 403, "forbidden")
    assert Caller(world.app, "eva").post(f"{withdrawn}/withdraw").get_json()["status"] == "withdrawn"
    path = world.active()
    world.insider.post(f"{path}/claim-hire", {"start_on": START})
    assert world.seeker.post(f"{path}/reject-hire").get_json()["status"] == "active"
    arbiter = world.arbiter.post(f"{path}/confirm-hire", {"start_on": START, "reason": "A contract."})
    assert arbiter.get_json()["hire"]["confirmed_by"] == "arbiter"
    (done,) = arbiter.get_json()["audit"]
    assert (done["by"], done["action"], done["reason"]) == (world.arbiter.id, "confirm_hire", "A contract.")
    assert "audit" not in world.shown(path) and "audit" not in world.insider.get("/v1/offers").get_json()["items"][0]


# -- whose it is


def test_someone_elses_offer(world: World) -> None:
    """To others an offer is not there; a party may not do what is the other's."""
    path = world.active()
    before = world.everything()
    operator = Caller(world.app, "op", ("operator",))

    for caller in (world.other, operator):
        for part in ("", "/explain"):
            hidden, unknown = caller.get(path + part), caller.get(UNKNOWN + part)
            problem(hidden, 404, "not-found")
            assert {**hidden.get_json(), "request_id": ""} == {**unknown.get_json(), "request_id": ""}
        for command, body in COMMANDS.items():
            problem(caller.post(f"{path}/{command}", body), 404, "not-found")
    problem(world.insider.post(f"{path}/confirm-hire", {"start_on": START}), 403, "forbidden")
    problem(world.seeker.post(f"{path}/claim-hire", {"start_on": START}), 403, "forbidden")
    problem(world.moderator.post(f"{path}/confirm-hire", {"start_on": START, "reason": "x"}), 403, "forbidden")
    problem(world.seeker.get("/v1/offers/none"), 404, "not-found")
    listing_copy = next(doc["_id"] for doc in before if doc["kind"] == "listing")
    problem(world.insider.get(f"/v1/offers/{listing_copy}"), 404, "not-found")
    assert world.app.test_client().get(path).status_code == 401
    assert world.everything() == before


COMMANDS: dict[str, Any] = {
    "accept": None,
    "counter": {"price": {"amount": 1, "currency": "EUR"}},
    "decline": None,
    "withdraw": None,
    "cancel": {},
    "help": {"kind": "coaching", "on": "2027-01-01"},
    "help/confirm": {"kind": "coaching", "on": "2027-01-01", "answer": "denied"},
    "claim-hire": {"start_on": START},
    "reject-hire": None,
    "confirm-hire": {"start_on": START},
    "end": {"on": START},
}


def test_an_insider_who_is_staff_judges_nothing_of_their_own(world: World) -> None:
    path = world.active()
    staff = Caller(world.app, "anna", ("arbiter",))

    problem(staff.post(f"{path}/confirm-hire", {"start_on": START, "reason": "x"}), 403, "forbidden")


# -- making it


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"listing_id": None}, ("/listing_id", "null")),
        ({"listing_id": "x"}, ("/listing_id", "format")),
        ({"listing_id": 5}, ("/listing_id", "type")),
        ({"listing_id": {"$gt": ""}}, ("/listing_id", "type")),
        ({"help": []}, ("/help", "count")),
        ({"help": "coaching"}, ("/help", "type")),
        ({"help": ["coaching", "coaching"]}, ("/help/1", "twice")),
        ({"help": ["bribe"]}, ("/help/0", "choice")),
        ({"help": [{"$ne": 1}]}, ("/help/0", "type")),
        ({"mode": "now"}, ("/mode", "choice")),
        ({"seeker": "p_" + "1" * 32}, ("/seeker", "unknown")),
        ({"status": "active"}, ("/status", "unknown")),
        ({"$where": "1"}, ("/$where", "unknown")),
        ({"price": 5}, ("/price", "type")),
        ({"price": {"amount": -1, "currency": "EUR"}}, ("/price/amount", "range")),
        ({"price": {"amount": 1.5, "currency": "EUR"}}, ("/price/amount", "type")),
        ({"price": {"amount": True, "currency": "EUR"}}, ("/price/amount", "type")),
        ({"price": {"amount": 1}}, ("/price/currency", "required")),
        ({"price": {"amount": 1, "currency": "XXX"}}, ("/price/currency", "choice")),
        ({"price": {"amount": 1, "currency": "EUR", "cents": 1}}, ("/price/cents", "unknown")),
    ],
)
def test_bad_input(world: World, changed: dict[str, Any], fault: tuple[str, str]) -> None:
    """A problem that names the field and the rule, and nothing is stored."""
    body = {"listing_id": world.listed(), **COACHING, **changed}
    before = world.everything()

    assert problem(world.seeker.post("/v1/offers", body), 422, "invalid") == [fault]
    assert world.everything() == before


@pytest.mark.parametrize(
    ("raw", "status", "slug"),
    [
        (b'{"listing_id": NaN}', 400, "malformed-json"),
        (b'{"mode": "hold", "mode": "hold"}', 400, "malformed-json"),
        (b'{"listing_id": "\\u0000"}', 422, "invalid"),
        (b"x" * 5_000_000, 413, "too-large"),
        (b"[" * 100 + b"]" * 100, 422, "invalid"),
    ],
)
def test_a_body_that_is_no_good(world: World, raw: bytes, status: int, slug: str) -> None:
    headers = {"Authorization": f"Bearer {token('bo')}", "Content-Type": "application/json"}

    problem(world.app.test_client().post("/v1/offers", data=raw, headers=headers), status, slug)

    assert world.everything() == []


REFUSALS: dict[str, tuple[Callable[[World], dict[str, Any]], int, str, tuple[str, str]]] = {
    "two currencies": (
        lambda world: {"listing_id": world.listed(), "price": {"amount": 1, "currency": "USD"}}, 422,
        "refused-by-rule", ("/price/currency", "one-currency"),
    ),
    "above the cap": (
        lambda world: {"listing_id": world.listed(), "price": {"amount": 100_001, "currency": "EUR"}}, 422,
        "refused-by-rule", ("/price/amount", "price-cap"),
    ),
    "a price for what is free": (
        lambda world: {"listing_id": world.listed(0), "price": {"amount": 1, "currency": "EUR"}}, 422,
        "refused-by-rule", ("/price/amount", "free-stays-free"),
    ),
    "help that is not offered": (
        lambda world: {"listing_id": world.listed(), "help": ["coaching", "reference"]}, 422, "refused-by-rule",
        ("/help", "help-offered"),
    ),
    "a listing that is paused": (
        lambda world: {"listing_id": world.listed(status="paused")}, 409, "conflict",
        ("/listing_id", "listing-published"),
    ),
    "a listing that is filled": (
        lambda world: {"listing_id": world.listed(status="filled")}, 409, "conflict",
        ("/listing_id", "listing-published"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_by_a_rule(world: World, case: str) -> None:
    """The rule and the field are named; what was reserved for the offer is free again, and no request is counted."""
    body, status, slug, fault = REFUSALS[case]

    response = world.seeker.post("/v1/offers", {**COACHING, **body(world)})

    assert problem(response, status, slug) == [fault]
    assert world.store.collection.count_documents({"kind": "offer"}) == 0
    account = world.store.get(f"account:{world.seeker.id}") or {}
    assert not account.get("reservations") and not account.get("requests")


def test_your_own_listing(world: World) -> None:
    refused = world.asked(world.listed(), world.insider)

    assert problem(refused, 422, "refused-by-rule") == [("/listing_id", "no-self-dealing")]


def test_a_listing_that_is_not_known_yet(world: World) -> None:
    """It may be that the news of it is on its way."""
    listing_id = new_id()
    early = world.asked(listing_id)
    assert problem(early, 404, "not-found") == []
    assert early.headers["Retry-After"] == "1"
    assert world.everything() == []

    world.told("listing.created", 2, **listing(listing_id=listing_id, insider=world.insider.id))

    assert world.asked(listing_id).status_code == 201


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic abc", f"Bearer {token('bo', exp=1)}"])
def test_without_a_token_nothing(world: World, authorization: str) -> None:
    for method, path in (("POST", "/v1/offers"), ("GET", "/v1/offers"), ("POST", f"{UNKNOWN}/accept")):
        body = {"listing_id": new_id(), **COACHING} if path == "/v1/offers" and method == "POST" else None
        problem(world.seeker.ask(method, path, body, Authorization=authorization), 401, "unauthenticated")


# -- keys and versions


def test_a_repeat_with_the_same_key(world: World) -> None:
    """The same offer, the same status, whatever became of it since."""
    listing_id = world.listed()
    first = world.asked(listing_id, Idempotency_Key="one")
    world.insider.post(f"{first.headers['Location']}/accept", Idempotency_Key="two")

    again = world.asked(listing_id, Idempotency_Key="one")
    accepted = world.insider.post(f"{first.headers['Location']}/accept", Idempotency_Key="two")

    assert (again.status_code, again.headers["Location"]) == (201, first.headers["Location"])
    assert (again.headers["Idempotency-Replayed"], again.get_json()["status"]) == ("true", "accepted")
    assert (accepted.status_code, accepted.headers["Idempotency-Replayed"]) == (200, "true")
    assert world.events(first.headers["Location"]) == ["offer.made", "offer.accepted"]
    assert world.reserved() == {first.headers["Location"]: 50_000}


def test_the_same_key_with_another_body(world: World) -> None:
    one, two = world.listed(), world.listed()
    path = world.asked(one, Idempotency_Key="k").headers["Location"]
    before = world.everything()

    assert problem(world.asked(two, Idempotency_Key="k"), 422, "key-reused") == [("header:Idempotency-Key", "reused")]
    assert world.everything() == before
    world.escrow_is(path, "escrow.opened", 1)
    world.insider.post(f"{path}/accept")
    world.escrow_is(path, "escrow.held")
    world.seeker.post(f"{path}/confirm-hire", {"start_on": START}, Idempotency_Key="c")
    other = world.seeker.post(f"{path}/confirm-hire", {"start_on": "2027-01-21"}, Idempotency_Key="c")
    problem(other, 422, "key-reused")


def test_a_refusal_is_not_kept(world: World) -> None:
    listing_id = world.listed(status="paused")
    problem(world.asked(listing_id, Idempotency_Key="one"), 409, "conflict")
    world.listing_is(listing_id, "published")

    assert world.asked(listing_id, Idempotency_Key="one").status_code == 201


def test_stale(world: World) -> None:
    path = world.proposed()
    tag = world.insider.get(path).headers["ETag"]
    world.insider.post(f"{path}/counter", {"price": {"amount": 60_000, "currency": "EUR"}}, If_Match=tag)
    before = world.everything()

    stale = world.seeker.post(f"{path}/accept", If_Match=tag)

    assert problem(stale, 412, "stale") == [("header:If-Match", "version")]
    assert world.reserved() == {path: 0}
    assert [doc for doc in world.everything() if doc["kind"] == "offer"] == [
        doc for doc in before if doc["kind"] == "offer"
    ]


def test_accept_twice_and_confirm_too_early(world: World) -> None:
    path = world.proposed()
    problem(world.seeker.post(f"{path}/confirm-hire", {"start_on": START}), 409, "conflict")
    assert world.insider.post(f"{path}/accept").status_code == 200
    before = world.everything()

    assert problem(world.insider.post(f"{path}/accept"), 409, "conflict") == [("", "state")]
    assert problem(world.seeker.post(f"{path}/confirm-hire", {"start_on": START}), 409, "conflict") == [("", "state")]
    assert problem(world.insider.post(f"{path}/claim-hire", {"start_on": START}), 409, "conflict") == [("", "state")]
    assert world.everything() == before


@pytest.mark.parametrize(
    ("command", "body", "slug", "fault"),
    [
        ("claim-hire", {}, "invalid", ("/start_on", "required")),
        ("claim-hire", {"start_on": "20 January"}, "invalid", ("/start_on", "format")),
        ("claim-hire", {"start_on": START, "evidence": [{"kind": "contract"}]}, "invalid",
         ("/evidence/0/sha256", "required")),
        ("claim-hire", {"start_on": START, "evidence": [{"kind": "work_mail", "sha256": "a" * 64}]}, "invalid",
         ("/evidence/0/kind", "choice")),
        ("claim-hire", {"start_on": START, "evidence": [{"kind": "contract", "sha256": "xyz"}]}, "invalid",
         ("/evidence/0/sha256", "format")),
        ("claim-hire", {"start_on": START, "evidence": LETTER * 2}, "invalid", ("/evidence/1/sha256", "twice")),
        ("claim-hire", {"start_on": START, "evidence": [{**LETTER[0], "text": "x"}]}, "invalid",
         ("/evidence/0/text", "unknown")),
        ("claim-hire", {"start_on": "2026-01-01"}, "refused-by-rule", ("/start_on", "start-on-window")),
        ("claim-hire", {"start_on": START, "grade": 3}, "invalid", ("/grade", "unknown")),
        ("help", {"kind": "coaching"}, "invalid", ("/on", "required")),
        ("help", {"kind": "reference", "on": "2027-01-01"}, "refused-by-rule", ("/kind", "help-agreed")),
        ("help", {"kind": "coaching", "on": "2027-02-01"}, "refused-by-rule", ("/on", "help-on-window")),
        ("cancel", {"reason": ""}, "invalid", ("/reason", "length")),
        ("cancel", {"why": "x"}, "invalid", ("/why", "unknown")),
        ("accept", {"price": 1}, "invalid", ("/price", "unknown")),
        ("counter", {"price": {"amount": "1", "currency": "EUR"}}, "invalid", ("/price/amount", "type")),
        ("counter", {}, "invalid", ("/price", "required")),
    ],
)  # fmt: skip
def test_bad_commands(world: World, command: str, body: Any, slug: str, fault: tuple[str, str]) -> None:
    path = world.active()
    before = world.everything()

    assert problem(world.insider.post(f"{path}/{command}", body), 422, slug) == [fault]
    assert world.everything() == before


# -- lists and explanations


def test_lists(world: World) -> None:
    """One's own offers, the newest first, by role, state and listing."""
    one, two = world.listed(), world.listed()
    first, second = world.proposed(listing_id=one), world.accepted(listing_id=two)
    third = world.proposed(world.other, one)

    def found(who: Caller, query: str = "") -> list[str]:
        response = who.get(f"/v1/offers?{query}")
        assert response.status_code == 200, response.get_json()
        return [f"/v1/offers/{item['id']}" for item in response.get_json()["items"]]

    assert found(world.insider) == [third, second, first]
    assert found(world.seeker) == [second, first]
    assert found(world.insider, f"listing_id={one}") == [third, first]
    assert found(world.insider, "status=accepted") == [second]
    assert found(world.insider, "role=insider&status=proposed") == [third, first]
    assert found(world.insider, "role=seeker") == found(world.arbiter) == []
    assert found(world.seeker, f"role=seeker&listing_id={two}") == [second]


def test_pages(world: World) -> None:
    """Every offer once, though one is made between two pages."""
    paths = [world.proposed() for _ in range(5)]
    first = world.seeker.get("/v1/offers?limit=2&role=seeker")
    page = first.get_json()
    assert f"cursor={page['next']}" in first.headers["Link"] and "role=seeker" in first.headers["Link"]
    world.proposed()

    second = world.seeker.get(f"/v1/offers?limit=2&role=seeker&cursor={page['next']}").get_json()
    third = world.seeker.get(f"/v1/offers?limit=2&role=seeker&cursor={second['next']}").get_json()

    items = [*page["items"], *second["items"], *third["items"]]
    assert [f"/v1/offers/{item['id']}" for item in items] == paths[::-1]
    assert third["next"] is None


@pytest.mark.parametrize(
    ("query", "pointer", "rule"),
    [
        ("limit=101", "?limit", "range"),
        ("limit=0", "?limit", "range"),
        ("cursor=abc", "?cursor", "cursor"),
        ("cursor=WyIkZ3QiXQ", "?cursor", "cursor"),
        ("sort=price", "?sort", "unknown"),
        ("role=arbiter", "?role", "choice"),
        ("status=new", "?status", "choice"),
        ("status[$ne]=x", "?status[$ne]", "unknown"),
        ("status=active&status=hired", "?status", "twice"),
        ("listing_id=1", "?listing_id", "format"),
    ],
)
def test_bad_queries(world: World, query: str, pointer: str, rule: str) -> None:
    assert problem(world.seeker.get(f"/v1/offers?{query}"), 422, "invalid") == [(pointer, rule)]


def test_explain(world: World) -> None:
    """What may happen next, by whom, until when; what is yours differs between the two."""
    path = world.proposed()

    def steps(who: Caller) -> dict[str, Any]:
        said = who.get(f"{path}/explain").get_json()
        return {step["name"]: step for step in said["next"] if step.get("yours") or step["what"] != "command"}

    assert {"accept", "counter", "decline"} <= steps(world.insider).keys()
    assert steps(world.seeker).keys() & {"accept", "decline", "withdraw"} == {"withdraw"}
    assert steps(world.seeker)["timer:expire"]["at"] == "2027-01-08T00:00:00.000Z"
    assert steps(world.insider)["accept"]["until"] == "2027-01-08T00:00:00.000Z"
    world.insider.post(f"{path}/accept")
    assert "escrow.held" in steps(world.seeker)
    assert world.arbiter.get(f"{path}/explain").get_json()["you_are"] == ["arbiter"]


def test_explain_names_the_request_and_only_what_concerns_the_caller(world: World) -> None:
    """Each command once, with the request that gives it; nothing that happens inside, nothing of staff's."""
    path = world.proposed()
    id_ = path.rsplit("/", 1)[1]
    said = world.insider.get(f"{path}/explain").get_json()
    assert said["you_are"] == ["insider", "the one who did not make the last proposal"]
    commands = {step["name"]: step for step in said["next"] if step["what"] == "command"}
    assert len(commands) == sum(step["what"] == "command" for step in said["next"])
    assert commands["accept"]["request"] == {"id": "acceptOffer", "method": "POST", "path": f"/v1/offers/{id_}/accept"}
    assert commands["accept"]["by"] == ["the one who did not make the last proposal"]

    world.insider.post(f"{path}/accept")
    world.escrow_is(path, "escrow.held")

    for who, of_staff in ((world.seeker, False), (world.insider, False), (world.moderator, True)):
        steps = who.get(f"{path}/explain").get_json()["next"]
        names = [step["name"] for step in steps]
        assert not {"checked", "listing.ended", "person.erased"} & set(names)
        described = who.get("/v1/openapi/matching.json").get_json()["paths"]
        for step in (step for step in steps if step["what"] == "command"):
            of = described[step["request"]["path"].replace(id_, "{id}")][step["request"]["method"].lower()]
            assert of["operationId"] == step["request"]["id"]
        cancel = next(step for step in steps if step["name"] == "cancel")
        assert cancel["by"] == (["arbiter", "moderator"] if of_staff else ["insider", "seeker"])
    begin = {step["name"]: step.get("yours") for step in world.seeker.get(f"{path}/explain").get_json()["next"]}
    assert begin["begin"] is True
    world.seeker.post(f"{path}/begin")
    begun = {step["name"]: step.get("yours") for step in world.seeker.get(f"{path}/explain").get_json()["next"]}
    assert begun["begin"] is False


def test_refusals_in_plain_words(world: World) -> None:
    path = world.proposed()
    assert world.seeker.post(f"{path}/accept").get_json()["detail"] == (
        "Only the one who did not make the last proposal may do this now."
    )
    too_much = world.insider.post(f"{path}/counter", {"price": {"amount": 100_001, "currency": "EUR"}}).get_json()
    assert too_much["errors"][0]["message"] == ("Too high: price.amount is 100000 (minor units: EUR 1,000.00) at most.")
    world.insider.post(f"{path}/accept")
    world.escrow_is(path, "escrow.held")
    world.seeker.post(f"{path}/begin")
    assert world.seeker.post(f"{path}/cancel").get_json()["cancel_asked"]["by"] == "seeker"
    assert world.seeker.post(f"{path}/cancel").get_json()["detail"] == "You have asked already; the other can agree."
    assert world.seeker.post(f"{path}/begin").get_json()["detail"] == "The help has begun already."


def test_who_may_not_go_yet_is_shown_what_is_open(world: World) -> None:
    path = world.proposed()
    world.insider.post(f"{path}/accept")

    waiting = world.seeker.ask("DELETE", "/v1/me").get_json()
    assert waiting["offers"] == [
        {"offer_id": path.rsplit("/", 1)[1], "href": path, "ends_at": "2027-01-04T00:00:00.000Z"}
    ]
    assert waiting["possible_from"] == "2027-01-04T00:00:00.000Z"
    world.escrow_is(path, "escrow.held")
    assert world.insider.ask("DELETE", "/v1/me").get_json()["possible_from"] == "2027-03-17T00:00:00.000Z"
    world.escrow_is(path, "dispute.opened", 3, "disputed")
    disputed = world.insider.ask("DELETE", "/v1/me").get_json()
    assert (disputed["possible_from"], disputed["offers"][0]["ends_at"]) == (None, None)


def test_the_description(world: World) -> None:
    described = world.insider.get("/v1/openapi/matching.json").get_json()

    assert {f"/v1/offers/{{id}}/{command}" for command in COMMANDS} <= described["paths"].keys()
