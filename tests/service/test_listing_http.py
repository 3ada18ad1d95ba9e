"""Listing over HTTP and a real database: written, submitted, published by the rules, found, revised, ended."""

from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from services.listing.handlers import HANDLERS
from services.listing.main import build, work
from services.listing.store import COLLECTION, MIGRATIONS, unveiled_id
from shared.aggregate import Batch, Store, Trigger, migrate
from shared.aggregate.store import collection
from shared.ids import new_id
from tests.support.clock import ManualClock
from tests.support.web import Caller, Ticking, problem, settings, token

BODY: dict[str, Any] = {
    "title": "Backend engineer",
    "employer": {"name": "Acme BV"},
    "country": "NL",
    "region": "Utrecht",
    "industry": {"scheme": "NACE-2", "code": "J62"},
    "occupation": {"scheme": "ISCO-08", "code": "2512"},
    "duties": ["Run the payment services"],
    "seats": 1,
    "leaving_on": "2027-01-31",
    "pay": {"min": 5_500_000, "max": 7_000_000, "currency": "EUR", "per": "year"},
    "help": [{"kind": "coaching", "price": {"amount": 50_000, "currency": "EUR"}}],
}
UNKNOWN = "/v1/listings/0197f0c5-0000-7000-8000-000000000001"


@pytest.fixture
def store(database: Database[dict[str, Any]]) -> Store:
    store = Store(collection(database, COLLECTION), ManualClock())
    migrate(store.collection, MIGRATIONS)
    return store


@pytest.fixture
def app(store: Store, tmp_path: Path) -> Flask:
    return build(settings("listing", tmp_path), store)


@pytest.fixture
def worker(store: Store, tmp_path: Path) -> Ticking:
    return Ticking(work(settings("listing", tmp_path), store, None))


@pytest.fixture
def anna(app: Flask) -> Caller:
    return Caller(app, "anna")


@pytest.fixture
def bo(app: Flask) -> Caller:
    return Caller(app, "bo")


@pytest.fixture
def mo(app: Flask) -> Caller:
    return Caller(app, "mo", ("moderator",))


def written(who: Caller, **changed: Any) -> str:
    response = who.post("/v1/listings", {**BODY, **changed})
    assert response.status_code == 201, response.get_json()
    return str(response.get_json()["id"])


def published(who: Caller, worker: Ticking, **changed: Any) -> str:
    listing_id = written(who, **changed)
    assert who.post(f"/v1/listings/{listing_id}/submit").status_code == 200
    worker.tick(timedelta(seconds=1))
    return listing_id


def events(store: Store, listing_id: str) -> list[str]:
    doc = store.collection.find_one({"_id": listing_id}) or {}
    return [event["type"] for event in doc.get("events", [])]


def found(who: Caller, query: str = "") -> list[str]:
    response = who.get(f"/v1/listings?{query}")
    assert response.status_code == 200, response.get_json()
    return [item["id"] for item in response.get_json()["items"]]


def test_the_main_path(anna: Caller, bo: Caller, store: Store, worker: Ticking) -> None:
    created = anna.post("/v1/listings", BODY)

    doc = created.get_json()
    assert (created.status_code, created.headers["ETag"]) == (201, '"1"')
    assert created.headers["Location"] == f"/v1/listings/{doc['id']}"
    assert {name: doc[name] for name in BODY if name != "employer"} == {n: BODY[n] for n in BODY if n != "employer"}
    assert doc["employer"] == {"name": "Acme BV", "domain": None, "veiled": False}
    assert (doc["status"], doc["insider"], doc["version"]) == ("draft", anna.id, 1)
    assert doc["created_at"] == doc["updated_at"] == "2027-01-01T00:00:00.000Z"
    fee, rest = ({"amount": amount, "currency": "EUR"} for amount in (2_500, 47_500))
    assert (doc["fee_bps"], doc["breakdown"]) == (500, [{**BODY["help"][0], "fee": fee, "insider_receives": rest}])
    problem(bo.get(created.headers["Location"]), 404, "not-found")

    submitted = anna.post(f"{created.headers['Location']}/submit")
    assert (submitted.status_code, submitted.get_json()["status"]) == (200, "in_review")
    assert worker.tick() == 1
    seen = bo.get(created.headers["Location"])

    assert (seen.status_code, seen.headers["ETag"], seen.get_json()["status"]) == (200, '"3"', "published")
    assert seen.get_json()["employer"] == {"name": None, "domain": None, "veiled": True}
    assert seen.get_json()["breakdown"] == doc["breakdown"]
    assert "Acme" not in seen.get_data(as_text=True) and "review" not in seen.get_json()
    assert events(store, doc["id"]) == ["listing.submitted", "listing.created"]
    assert anna.get(created.headers["Location"]).get_json()["review"]["outcome"] == "published"


def test_defaults(anna: Caller) -> None:
    body = {name: value for name, value in BODY.items() if name not in ("seats", "region")}

    doc = anna.post("/v1/listings", body).get_json()

    assert (doc["seats"], doc["region"], doc["skills"]) == (1, None, [])
    assert doc["tranches"] == [{"due_day": 0, "bps": 10_000}]


def test_a_repeat_with_the_same_key(anna: Caller, store: Store) -> None:
    first = anna.post("/v1/listings", BODY, Idempotency_Key="one")
    again = anna.post("/v1/listings", BODY, Idempotency_Key="one")

    assert (again.status_code, again.headers["Location"]) == (201, first.headers["Location"])
    assert (again.headers["Idempotency-Replayed"], again.get_json()) == ("true", first.get_json())
    assert store.collection.count_documents({"kind": "listing"}) == 1
    other = {**BODY, "title": "Another"}
    problem(anna.post("/v1/listings", other, Idempotency_Key="one"), 422, "key-reused")


@pytest.mark.parametrize(
    ("changed", "slug", "pointer", "rule"),
    [
        ({"salary": 1}, "invalid", "/salary", "unknown"),
        ({"title": 5}, "invalid", "/title", "type"),
        ({"title": ""}, "invalid", "/title", "length"),
        ({"title": "a\x00b"}, "invalid", "/title", "nul"),
        ({"title": {"$gt": ""}}, "invalid", "/title", "type"),
        ({"employer": {"name": {"$gt": ""}}}, "invalid", "/employer/name", "type"),
        ({"employer": None}, "invalid", "/employer", "null"),
        ({"country": "XX"}, "invalid", "/country", "choice"),
        ({"country": "nl"}, "invalid", "/country", "choice"),
        ({"region": "a@b"}, "invalid", "/region", "characters"),
        ({"industry": {"scheme": "NACE-2"}}, "invalid", "/industry/code", "required"),
        ({"duties": []}, "invalid", "/duties", "count"),
        ({"duties": ["x"] * 21}, "invalid", "/duties", "count"),
        ({"skills": ["Go", "Go"]}, "invalid", "/skills/1", "twice"),
        ({"seats": 0}, "invalid", "/seats", "range"),
        ({"seats": 501}, "invalid", "/seats", "range"),
        ({"seats": True}, "invalid", "/seats", "type"),
        ({"leaving_on": "2027-02-30"}, "invalid", "/leaving_on", "format"),
        ({"pay": {**BODY["pay"], "min": 8_000_000}}, "invalid", "/pay/max", "pay-range"),
        ({"pay": {**BODY["pay"], "per": "century"}}, "invalid", "/pay/per", "choice"),
        ({"help": []}, "invalid", "/help", "count"),
        ({"help": [BODY["help"][0], BODY["help"][0]]}, "invalid", "/help/1/kind", "twice"),
        ({"help": [{"kind": "bribe", "price": {"amount": 1, "currency": "EUR"}}]}, "invalid", "/help/0/kind", "choice"),
        ({"help": [{"kind": "coaching", "price": {"amount": -1, "currency": "EUR"}}]}, "invalid",
         "/help/0/price/amount", "range"),
        ({"help": [{"kind": "coaching", "price": {"amount": 1.5, "currency": "EUR"}}]}, "invalid",
         "/help/0/price/amount", "type"),
        ({"help": [{"kind": "coaching", "price": {"amount": 1, "currency": "XXX"}}]}, "invalid",
         "/help/0/price/currency", "choice"),
        ({"help": [{"kind": "coaching", "price": {"amount": 1, "currency": "USD"}}]}, "invalid",
         "/help/0/price/currency", "one-currency"),
        ({"help": [{"kind": "coaching", "price": {"amount": 100_001, "currency": "EUR"}}]}, "refused-by-rule",
         "/help/0/price/amount", "price-cap"),
        ({"help": [{"kind": "reference", "price": {"amount": 1, "currency": "EUR"}}]}, "refused-by-rule",
         "/help/0/price/amount", "price-policy-nl-reference"),
        ({"country": "ES"}, "refused-by-rule", "/help/0/price/amount", "price-policy-default"),
        ({"country": "CA"}, "refused-by-rule", "/subdivision", "subdivision"),
        ({"country": "US"}, "refused-by-rule", "/subdivision", "subdivision"),
        ({"subdivision": "CA-ON"}, "refused-by-rule", "/subdivision", "subdivision"),
        ({"subdivision": "NL-ZZ"}, "invalid", "/subdivision", "choice"),
        ({"subdivision": "nl-ut"}, "invalid", "/subdivision", "format"),
        ({"acknowledges": ["all"]}, "invalid", "/acknowledges/0", "choice"),
        ({"tranches": [{"due_day": 0, "bps": 5000}]}, "invalid", "/tranches", "tranche-sum"),
        ({"tranches": [{"due_day": 30, "bps": 5000}, {"due_day": 0, "bps": 5000}]}, "invalid", "/tranches",
         "tranche-days"),
        ({"tranches": [{"due_day": 181, "bps": 10_000}]}, "invalid", "/tranches/0/due_day", "range"),
        ({"consent": {"who": "HR", "how": "telepathy", "on": "2027-01-01"}}, "invalid", "/consent/how", "choice"),
        ({"insider": "p_" + "0" * 32}, "invalid", "/insider", "unknown"),
        ({"status": "published"}, "invalid", "/status", "unknown"),
    ],
)  # fmt: skip
def test_bad_input_at_creation(
    anna: Caller, store: Store, changed: dict[str, Any], slug: str, pointer: str, rule: str
) -> None:
    """A problem that names the field and the rule, and nothing is stored."""
    response = anna.post("/v1/listings", {**BODY, **changed})

    assert problem(response, 422, slug) == [(pointer, rule)]
    assert store.collection.count_documents({"kind": "listing"}) == 0


def test_a_refusal_says_what_would_be_allowed(anna: Caller) -> None:
    too_much = {**BODY, "help": [{"kind": "coaching", "price": {"amount": 500_000, "currency": "EUR"}}]}

    (error,) = anna.post("/v1/listings", too_much).get_json()["errors"]

    assert "Too high: 100000 (minor units: EUR 1,000.00) at most" in error["message"]


@pytest.mark.parametrize(
    ("raw", "status", "slug"),
    [
        (b'{"title": NaN}', 400, "malformed-json"),
        (b'{"title": "a", "title": "b"}', 400, "malformed-json"),
        (b'{"title": ', 400, "malformed-json"),
        (b"x" * 5_000_000, 413, "too-large"),
        (b"[" * 100 + b"]" * 100, 422, "invalid"),
    ],
)
def test_a_body_that_is_no_good(anna: Caller, store: Store, raw: bytes, status: int, slug: str) -> None:
    headers = {"Authorization": f"Bearer {token(anna.sub)}", "Content-Type": "application/json"}
    response = anna.app.test_client().post("/v1/listings", data=raw, headers=headers)

    assert response.status_code == status
    problem(response, response.status_code, slug)
    assert store.collection.count_documents({"kind": "listing"}) == 0


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic abc"])
def test_without_a_token_nothing(anna: Caller, authorization: str) -> None:
    for method, path in (("POST", "/v1/listings"), ("GET", "/v1/listings"), ("GET", UNKNOWN)):
        response = anna.ask(method, path, BODY if method == "POST" else None, Authorization=authorization)
        problem(response, 401, "unauthenticated")


@pytest.mark.parametrize(
    ("query", "pointer", "rule"),
    [
        ("limit=101", "?limit", "range"),
        ("limit=0", "?limit", "range"),
        ("limit=x", "?limit", "type"),
        ("cursor=abc", "?cursor", "cursor"),
        ("cursor=WyIkZ3QiXQ", "?cursor", "cursor"),
        ("sort=pay", "?sort", "choice"),
        ("sort=best_paid", "?pay_currency", "required"),
        ("pay_min=1", "?pay_currency", "required"),
        ("pay_max=1", "?pay_currency", "required"),
        ("sort=cheapest", "?pay_currency", "required"),
        ("sort=cheapest&help=coaching&mine=true", "?pay_currency", "required"),
        ("min_price=1", "?pay_currency", "required"),
        ("max_price=30000", "?pay_currency", "required"),
        ("min_price=1&max_price=2&help=coaching", "?pay_currency", "required"),
        ("pay_min=2&pay_max=1&pay_currency=EUR", "?pay_max", "band"),
        ("min_price=2&max_price=1&pay_currency=EUR", "?max_price", "band"),
        ("min_price=-1", "?min_price", "range"),
        ("pay_per=century", "?pay_per", "choice"),
        ("occupation=2512", "?occupation", "format"),
        ("industry=NACE-2:", "?industry", "format"),
        ("industry=ISCO-08:2512", "?industry", "unknown-code"),
        ("occupation=ISCO-08:9999", "?occupation", "unknown-code"),
        ("posted_since=now", "?posted_since", "format"),
        ("country=XX", "?country", "choice"),
        ("help=bribe", "?help", "choice"),
        ("max_price=-1", "?max_price", "range"),
        ("q=%00", "?q", "characters"),
        ("q=!!!", "?q", "words"),
        ("q=the+la", "?q", "words"),
        ("q=a&q=b", "?q", "twice"),
        ("mine=yes", "?mine", "type"),
        ("country[$ne]=NL", "?country[$ne]", "unknown"),
    ],
)
def test_bad_queries(anna: Caller, query: str, pointer: str, rule: str) -> None:
    assert problem(anna.get(f"/v1/listings?{query}"), 422, "invalid") == [(pointer, rule)]


def test_someone_elses_listing(anna: Caller, bo: Caller, worker: Ticking, store: Store) -> None:
    """A draft is not there for others; what is published they see, and may not touch."""
    draft, public = f"/v1/listings/{written(anna)}", f"/v1/listings/{published(anna, worker)}"
    before = store.get(public.rsplit("/", 1)[1])

    problem(bo.post(f"{draft}/submit"), 404, "not-found")
    problem(bo.ask("PATCH", draft, {"title": "Mine"}), 404, "not-found")
    problem(bo.ask("PATCH", public, {"title": "Mine"}), 403, "forbidden")
    for command in ("pause", "withdraw"):
        problem(bo.post(f"{public}/{command}"), 403, "forbidden")
    problem(bo.post(f"{public}/remove", {"reason": "other"}), 403, "forbidden")
    problem(anna.post(f"{public}/remove", {"reason": "other"}), 403, "forbidden")
    problem(anna.get(UNKNOWN), 404, "not-found")
    problem(anna.get("/v1/listings/unveiled:x:y"), 404, "not-found")

    assert store.get(public.rsplit("/", 1)[1]) == before


def test_revise(anna: Caller, store: Store, worker: Ticking) -> None:
    path = f"/v1/listings/{published(anna, worker)}"
    tag = anna.get(path).headers["ETag"]

    revised = anna.ask("PATCH", path, {"title": "Lead engineer", "region": None}, If_Match=tag)

    assert (revised.status_code, revised.get_json()["title"], revised.get_json()["region"]) == (
        200,
        "Lead engineer",
        None,
    )
    assert revised.headers["ETag"] != tag
    assert events(store, path.rsplit("/", 1)[1])[-1] == "listing.revised"
    assert found(anna, "q=lead") and not found(anna, "q=backend")
    stale = anna.ask("PATCH", path, {"title": "Stale"}, If_Match=tag)
    assert problem(stale, 412, "stale") == [("header:If-Match", "version")]
    assert problem(anna.ask("PATCH", path, {}), 422, "invalid") == [("", "required")]
    assert problem(anna.ask("PATCH", path, {"help": []}), 422, "invalid") == [("/help", "count")]
    assert problem(anna.ask("PATCH", path, {"pay": {"min": 1}}), 422, "invalid")
    usd = {"help": [{"kind": "coaching", "price": {"amount": 0, "currency": "USD"}}]}
    refused = anna.ask("PATCH", path, usd)
    assert problem(refused, 422, "refused-by-rule") == [("/help/0/price/currency", "one-currency")]
    assert anna.get(path).get_json() == revised.get_json()


def test_what_a_moderator_does(anna: Caller, mo: Caller, bo: Caller, store: Store, worker: Ticking) -> None:
    listing_id = published(anna, worker, duties=["Mail anna@example.org"])
    path = f"/v1/listings/{listing_id}"
    held = mo.get(path).get_json()
    assert (held["status"], held["review"]["reasons"][0]["rule"]) == ("in_review", "no-address")
    assert found(mo, "status=in_review") == [listing_id]
    assert problem(bo.get("/v1/listings?status=in_review"), 403, "forbidden") == [("?status", "role")]

    assert problem(mo.post(f"{path}/return", {"reason": "x"}), 422, "invalid") == [("/reason", "choice")]
    returned = mo.post(f"{path}/return", {"reason": "contact_data", "note": "Take the address out."})
    assert (returned.status_code, returned.get_json()["status"]) == (200, "draft")
    assert anna.get(path).get_json()["review"]["note"] == "Take the address out."
    assert anna.ask("PATCH", path, {"duties": ["Run things for Acme"]}).status_code == 200
    assert anna.post(f"{path}/submit").status_code == 200
    worker.tick()
    assert mo.post(f"{path}/publish").get_json()["status"] == "published"
    assert mo.post(f"{path}/remove", {"reason": "unlawful"}).get_json()["status"] == "removed"

    problem(bo.get(path), 404, "not-found")
    assert [entry["outcome"] for entry in mo.get(path).get_json()["audit"]] == [
        "held", "returned", "held", "published", "removed",
    ]  # fmt: skip
    assert "audit" not in anna.get(path).get_json()


def test_pause_resume_withdraw_and_expiry(anna: Caller, worker: Ticking) -> None:
    path = f"/v1/listings/{published(anna, worker)}"

    assert anna.post(f"{path}/pause").get_json()["status"] == "paused"
    assert problem(anna.post(f"{path}/pause"), 409, "conflict") == [("", "state")]
    assert not found(anna)
    assert anna.post(f"{path}/resume").get_json()["status"] == "published"
    assert anna.post(f"{path}/withdraw").get_json()["status"] == "withdrawn"
    assert problem(anna.post(f"{path}/submit"), 409, "conflict") == [("", "state")]
    other = f"/v1/listings/{published(anna, worker)}"
    worker.tick(timedelta(days=90))
    assert anna.get(other).get_json()["status"] == "expired"


def test_the_employer_is_unveiled_by_an_active_offer(anna: Caller, bo: Caller, store: Store, worker: Ticking) -> None:
    consent = {"who": "Head of HR", "how": "email", "on": "2027-01-01"}
    listing_id = published(anna, worker, consent=consent)
    path, cy = f"/v1/listings/{listing_id}", Caller(bo.app, "cy")
    batch = Batch(store, HANDLERS)
    data = {"listing_id": listing_id, "offer_id": "o-1", "insider": anna.id, "seeker": bo.id}

    events = [_event("offer.activated", data), _event("offer.activated", data)]
    assert [v.outcome for v in batch.process(events)] == ["taken", "ignored"]
    assert [v.outcome for v in batch.process(events[:1])] == ["ignored"]

    assert store.get(unveiled_id(listing_id, bo.id))
    assert bo.get(path).get_json()["employer"] == {"name": "Acme BV", "domain": None, "veiled": False}
    assert cy.get(path).get_json()["employer"] == {"name": None, "domain": None, "veiled": True}
    shown = consent | {"by": "insider", "grade": 0, "at": None}
    assert (bo.get(path).get_json()["consent"], "consent" in cy.get(path).get_json()) == (shown, False)
    anna.post(f"{path}/withdraw")
    assert (bo.get(path).status_code, cy.get(path).status_code) == (200, 404)


@pytest.mark.parametrize("end", ["offer.cancelled", "offer.lapsed", "offer.closed"])
def test_the_employer_is_seen_once_the_help_has_begun_until_it_ends(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, end: str
) -> None:
    """In any order: what ends before a hire veils it again, what ends after one does not."""
    ids = {"insider": anna.id, "seeker": bo.id, "accepted_at": "2027-01-01T00:00:00.000Z"}

    def veiled(*names: str) -> bool:
        listing_id = published(anna, worker)
        events = {
            "offer.activated": {"begins_at": "2027-01-03T00:00:00.000Z"},
            "offer.withdrawn": {"accepted_at": None},
        }
        data = {**ids, "listing_id": listing_id, "offer_id": "o-1"}
        Batch(store, HANDLERS).process([_event(name, {**data, **events.get(name, {})}) for name in names])
        return bool(bo.get(f"/v1/listings/{listing_id}").get_json()["employer"]["veiled"])

    assert veiled("offer.activated")
    assert not veiled("offer.activated", "offer.begun")
    assert not veiled("hire.confirmed")
    for order in permutations(("offer.activated", "offer.begun", end)):
        assert veiled(*order)
    for order in permutations(("offer.begun", end, "hire.confirmed")):
        assert not veiled(*order)


def _event(name: str, data: dict[str, Any]) -> Trigger:
    at = ManualClock().now()
    return Trigger(name=name, id=new_id(), kind="event", at=at, data=data, sequence=1)


def test_hires_fill_it(anna: Caller, store: Store, worker: Ticking) -> None:
    """Two hires in one batch, each of them twice: two seats."""
    listing_id = published(anna, worker, seats=2)
    hires = [_event("hire.confirmed", {"listing_id": listing_id, "offer_id": f"o-{n}"}) for n in range(2)]

    batch = Batch(store, HANDLERS)
    outcomes = [v.outcome for v in batch.process([*hires, *hires])]

    assert outcomes == ["taken", "taken", "duplicate", "duplicate"]
    doc = anna.get(f"/v1/listings/{listing_id}").get_json()
    assert (doc["status"], doc["seats_taken"]) == ("filled", 2)
    assert events(store, listing_id)[-1] == "listing.filled"
    assert not found(anna)
    unknown = _event("hire.confirmed", {"listing_id": new_id(), "offer_id": "o"})
    assert [v.outcome for v in batch.process([unknown])] == ["rejected"]


def test_search(anna: Caller, bo: Caller, store: Store, worker: Ticking) -> None:
    free = [{"kind": "reference", "price": {"amount": 0, "currency": "EUR"}}]
    both = [*BODY["help"], *free]
    utrecht = published(anna, worker)
    paris = published(
        anna, worker, country="FR", region="Île-de-France", help=free, title="Ingénieur café", duties=["Run ovens"]
    )
    cheap = published(bo, worker, help=both, duties=["Lead the payment team"])
    draft = written(anna)

    assert found(bo) == [cheap, paris, utrecht]
    assert found(bo, "q=PAYMENT") == [cheap, utrecht]
    assert found(bo, "q=services+payment+run") == [utrecht]
    assert found(bo, "q=cafe+INGENIEUR") == [paris]
    assert found(bo, "q=paymen") == []
    assert found(bo, "q=acme") == []
    assert found(bo, "country=FR") == [paris]
    assert found(bo, "region=ile-de-france") == [paris]
    assert found(bo, "country=NL&help=reference") == [cheap]
    assert found(bo, "max_price=0") == found(bo, "min_price=0&max_price=0") == [cheap, paris]
    assert found(bo, "help=coaching&max_price=49999&pay_currency=EUR") == []
    assert found(bo, "help=coaching&max_price=50000&pay_currency=EUR&q=payment&country=NL") == [cheap, utrecht]
    assert set(found(anna, "mine=true")) == {draft, paris, utrecht}
    assert found(anna, "mine=true&status=draft") == [draft]
    assert found(anna, "mine=true&country=FR&q=ovens") == [paris]
    assert found(anna, "status=published") == [cheap, paris, utrecht]
    assert found(bo, "mine=true") == [cheap]


def test_pages(anna: Caller, worker: Ticking) -> None:
    """Every listing once, newest first, though one is published and one withdrawn between two pages."""
    ids = [published(anna, worker) for _ in range(5)]
    first = anna.get("/v1/listings?limit=2&country=NL")
    page = first.get_json()
    assert [item["id"] for item in page["items"]] == ids[:2:-1]
    assert f"cursor={page['next']}" in first.headers["Link"] and "country=NL" in first.headers["Link"]
    published(anna, worker)
    anna.post(f"/v1/listings/{ids[1]}/withdraw")

    second = anna.get(f"/v1/listings?limit=2&country=NL&cursor={page['next']}").get_json()

    assert [item["id"] for item in second["items"]] == [ids[2], ids[0]]
    assert second["next"] is None
    assert anna.get("/v1/listings?country=CA").get_json() == {"items": [], "next": None}


def test_the_description(anna: Caller) -> None:
    described = anna.get("/v1/openapi/listing.json").get_json()

    assert set(described["paths"]) >= {"/v1/listings", "/v1/listings/{id}", "/v1/listings/{id}/submit"}
