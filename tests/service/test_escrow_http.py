"""Escrow over HTTP and a real database: funded by the seeker, paid by the event, disputed, told by signed webhooks."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from services.escrow.journal import faults
from services.escrow.main import build, work
from services.escrow.provider.port import every
from services.escrow.provider.sandbox.webhook import HEADER, sign
from services.escrow.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, Trigger, migrate
from shared.aggregate.store import collection
from shared.ids import new_id
from tests.support.clock import ManualClock
from tests.support.escrow import AT_ONCE, SECRET, THREE
from tests.support.sandbox import MemoryStore, Sandbox
from tests.support.web import Caller, Ticking, problem, settings

UNKNOWN = "/v1/escrows/0197f0c5-0000-7000-8000-000000000001"


class World:
    """The web process, the worker and the provider of one escrow service, and the people around it."""

    def __init__(self, database: Database[dict[str, Any]], folder: Path, **terms: str) -> None:
        self.clock = ManualClock()
        self.store = Store(collection(database, COLLECTION), self.clock)
        migrate(self.store.collection, MIGRATIONS)
        environ = {"PROVIDER_WEBHOOK_SECRET": SECRET}
        known = settings("escrow", folder, "provider", **environ, **terms)
        self.app: Flask = build(known, self.store)
        self.provider = Sandbox(MemoryStore(), self.clock, self.notify, SECRET)
        self.worker = Ticking(work(known, self.store, self.provider))
        self.batch = self.worker.batch
        self.insider, self.seeker, self.other = (Caller(self.app, sub) for sub in ("anna", "bo", "cas"))
        self.arbiter, self.operator = Caller(self.app, "mo", ("arbiter",)), Caller(self.app, "op", ("operator",))

    def notify(self, body: bytes, signature: str) -> int:
        return self.webhook(body, signature).status_code

    def webhook(self, body: bytes, signature: str) -> Any:
        headers = {HEADER: signature, "Content-Type": "application/json"}
        return self.app.test_client().post("/v1/webhooks/provider", data=body, headers=headers)

    def event(self, name: str, offer_id: str, **more: Any) -> None:
        parties = {"offer_id": offer_id, "listing_id": new_id(), "insider": self.insider.id, "seeker": self.seeker.id}
        terms = {"help": ["coaching"], "price": 50_000, "currency": "EUR", "tranches": AT_ONCE, "fee_bps": 500}
        hire = {"start_on": "2027-01-04", "confirmed_by": "seeker", "confirmed_at": "2027-01-02T00:00:00.000Z"}
        data = {**parties, **terms, **hire, "accepted_at": "2027-01-01T00:00:00.000Z", **more}
        (verdict,) = self.batch.process([Trigger(name, new_id(), "event", self.clock.now(), data)])
        assert verdict.outcome == "taken"

    def accepted(self, **more: Any) -> str:
        offer_id = new_id()
        self.event("offer.accepted", offer_id, **more)
        return f"/v1/escrows/{offer_id}"

    def held(self, **more: Any) -> str:
        path = self.accepted(**more)
        assert self.seeker.post(f"{path}/fund", {"source": "tok_visa"}).status_code == 202
        self.worker.tick()
        return path

    def shown(self, path: str) -> dict[str, Any]:
        response = self.seeker.get(path)
        assert response.status_code == 200, response.get_json()
        body: dict[str, Any] = response.get_json()
        return body


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def test_a_hire_is_paid(world: World) -> None:
    """Accepted, funded, held, confirmed, paid; both parties and staff see it and its journal."""
    path = world.accepted()
    opened = world.shown(path)
    assert opened["status"] == "awaiting"
    assert opened["due"] == [{"due_on": None, "amount": 50_000, "status": "waiting"}]
    assert opened["fund_by"] == "2027-01-04T00:00:00.000Z"

    asked = world.seeker.post(f"{path}/fund", {"source": "tok_visa"}, Idempotency_Key="one")
    assert (asked.status_code, asked.get_json()["status"]) == (202, "funding")
    assert asked.headers["ETag"] == f'"{asked.get_json()["version"]}"'
    world.worker.tick()
    assert world.shown(path)["held"] == 50_000
    again = world.seeker.post(f"{path}/fund", {"source": "tok_visa"}, Idempotency_Key="one")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")

    world.event("hire.confirmed", path.rsplit("/", 1)[1])
    world.worker.tick()
    paid = world.shown(path)
    sums = {"funded": 50_000, "held": 0, "released": 47_500, "fees": 2_500, "refunded": 0, "charged_back": 0}
    expected = {"offer_id": path.rsplit("/", 1)[1], "status": "settled", "currency": "EUR", **sums}
    assert {name: paid[name] for name in expected} == expected
    assert paid["due"] == [{"due_on": "2027-01-01", "amount": 50_000, "status": "paid"}]

    for caller in (world.insider, world.seeker, world.arbiter, world.operator):
        entries = caller.get(f"{path}/journal").get_json()["entries"]
        assert [sum(line["amount"] for line in entry["lines"]) for entry in entries] == [0, 0]
        assert set(entries[0]) == {"seq", "reference", "at", "lines", "hash", "previous"}
        assert entries[1]["hire_event_id"] == paid["hire_event_id"]
        assert faults(entries) == []


def test_whose_it_is(world: World) -> None:
    """Others, moderators too, get the answer they get for what does not exist; what may yet come says when to ask."""
    path = world.held()

    for part in ("", "/journal", "/explain"):
        hidden, unknown = world.other.get(path + part), world.other.get(UNKNOWN + part)
        problem(hidden, 404, "not-found")
        assert {**hidden.get_json(), "request_id": ""} == {**unknown.get_json(), "request_id": ""}
        assert hidden.headers["Retry-After"] == "1"
    problem(Caller(world.app, "mod", ("moderator",)).get(path), 404, "not-found")
    problem(world.other.post(f"{path}/fund", {"source": "tok_visa"}), 404, "not-found")
    problem(world.insider.post(f"{path}/fund", {"source": "tok_visa"}), 409, "conflict")
    problem(world.operator.post(f"{path}/dispute", {"reason": "x"}), 403, "forbidden")
    problem(world.seeker.get("/v1/escrows/none"), 404, "not-found")
    assert world.app.test_client().get(path).status_code == 401


def test_a_stub_is_not_shown(world: World) -> None:
    """Events that came before offer.accepted wait in a document that nobody sees."""
    offer_id = new_id()
    data = {"offer_id": offer_id, "start_on": "2027-01-04", "confirmed_at": "2027-01-02T00:00:00.000Z"}
    (verdict,) = world.batch.process([Trigger("hire.confirmed", new_id(), "event", world.clock.now(), data)])

    assert verdict.outcome == "parked"
    problem(world.seeker.get(f"/v1/escrows/{offer_id}"), 404, "not-found")
    assert world.arbiter.get(f"/v1/escrows/{offer_id}").status_code == 404
    assert world.seeker.get("/v1/escrows").get_json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("/source", "required")),
        ({"source": 5}, ("/source", "type")),
        ({"source": {"$gt": ""}}, ("/source", "type")),
        ({"source": ""}, ("/source", "format")),
        ({"source": "tok visa"}, ("/source", "format")),
        ({"source": "a" * 65}, ("/source", "format")),
        ({"source": None}, ("/source", "null")),
        ({"source": "tok_visa", "amount": 1}, ("/amount", "unknown")),
        ({"source": "tok\0visa"}, ("/source", "nul")),
        ([], ("", "type")),
    ],
)
def test_bad_funding(world: World, body: Any, fault: tuple[str, str]) -> None:
    """Each is refused by field and rule, and nothing is changed."""
    path = world.accepted()
    before = world.shown(path)

    assert problem(world.seeker.post(f"{path}/fund", body), 422, "invalid") == [fault]
    assert world.shown(path) == before


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"decision": "keep", "reason": "x"}, ("/decision", "choice")),
        ({"decision": "refund"}, ("/reason", "required")),
        ({"decision": "split", "reason": "x"}, ("/insider_bps", "split")),
        ({"decision": "refund", "reason": "x", "insider_bps": 5}, ("/insider_bps", "split")),
        ({"decision": "split", "reason": "x", "insider_bps": 10_000}, ("/insider_bps", "range")),
        ({"decision": "split", "reason": "x", "insider_bps": 1.5}, ("/insider_bps", "type")),
    ],
)
def test_bad_decision(world: World, body: Any, fault: tuple[str, str]) -> None:
    """An arbiter's decision says what, why and, for a split only, how."""
    path = world.held()
    world.seeker.post(f"{path}/dispute", {"reason": "not_hired"})

    assert problem(world.arbiter.post(f"{path}/dispute/resolve", body), 422, "invalid") == [fault]


def test_fund_twice(world: World) -> None:
    """The second, with another key, comes while the provider is asked, or after; the same key is the same command."""
    path = world.accepted()
    assert world.seeker.post(f"{path}/fund", {"source": "tok_visa"}, Idempotency_Key="one").status_code == 202

    busy = world.seeker.post(f"{path}/fund", {"source": "tok_visa"}, Idempotency_Key="two")
    problem(busy, 409, "busy")
    assert busy.headers["Retry-After"] == "1"
    other = world.seeker.post(f"{path}/fund", {"source": "tok_late"}, Idempotency_Key="one")
    problem(other, 422, "key-reused")
    world.worker.tick()
    problem(world.seeker.post(f"{path}/fund", {"source": "tok_visa"}, Idempotency_Key="three"), 409, "conflict")
    assert len(list(every(world.provider.transfers))) == 1


def test_fund_at_once(world: World) -> None:
    """Of many at once, each with its own key, one wins; the others get 409, and there is one hold."""
    path = world.accepted()

    def fund(key: int) -> int:
        return world.seeker.post(f"{path}/fund", {"source": "tok_visa"}, Idempotency_Key=f"k{key}").status_code

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(fund, range(8)))
    world.worker.tick()

    assert codes == [202] + [409] * 7
    assert len(list(every(world.provider.transfers))) == 1
    assert world.shown(path)["funded"] == 50_000


def test_stale(world: World) -> None:
    """If-Match of an older version changes nothing."""
    path = world.accepted()

    stale = world.seeker.post(f"{path}/fund", {"source": "tok_visa"}, If_Match='"99"')
    problem(stale, 412, "stale")
    assert world.seeker.post(f"{path}/fund", {"source": "tok_visa"}, If_Match=stale.headers["ETag"]).status_code == 202


def test_declined(world: World) -> None:
    """A declined card says so, and the seeker may try another."""
    path = world.accepted()
    world.seeker.post(f"{path}/fund", {"source": "tok_declined"})
    world.worker.tick()

    shown = world.shown(path)
    assert (shown["status"], shown["declined"], shown["fund_attempts"]) == ("awaiting", "card_declined", 1)
    world.seeker.post(f"{path}/fund", {"source": "tok_visa"})
    world.worker.tick()
    assert world.shown(path)["status"] == "held"
    assert "declined" not in world.shown(path)


def test_dispute(world: World) -> None:
    """Opened with a text that both see, withdrawn by the opener alone; decided by an arbiter with a reason."""
    path = world.held()
    opened = world.seeker.post(f"{path}/dispute", {"reason": "They never called.\nI waited."}).get_json()
    assert (opened["status"], opened["dispute"]["by"]) == ("disputed", "seeker")
    assert world.insider.get(path).get_json()["dispute"]["reason"] == "They never called.\nI waited."
    problem(world.insider.post(f"{path}/dispute/withdraw"), 403, "forbidden")
    assert world.seeker.post(f"{path}/dispute/withdraw").get_json()["status"] == "held"
    assert problem(world.seeker.post(f"{path}/dispute", {"reason": "not_hired"}), 422, "refused-by-rule") == [
        ("", "one-dispute-a-party")
    ]

    world.insider.post(f"{path}/dispute", {"reason": "hire_not_confirmed"})
    decision = {"decision": "release", "reason": "It was done."}
    refused = world.arbiter.post(f"{path}/dispute/resolve", decision)
    assert problem(refused, 422, "refused-by-rule") == [("/decision", "hire-confirmed")]
    done = world.arbiter.post(f"{path}/dispute/resolve", {"decision": "refund", "reason": "No hire."})
    assert (done.status_code, done.get_json()["status"]) == (200, "refunding")
    world.worker.tick()
    shown = world.shown(path)
    assert (shown["status"], shown["refunded"]) == ("refunded", 50_000)
    decision = {"decision": "refund", "reason": "No hire.", "at": "2027-01-01T00:00:00.000Z"}
    assert shown["decisions"] == [decision]
    assert world.operator.get(path).get_json()["decisions"] == [{**decision, "by": world.arbiter.id}]


def test_a_party_is_no_arbiter(world: World) -> None:
    """Nobody decides their own case, whatever their token says."""
    path = world.held()
    world.seeker.post(f"{path}/dispute", {"reason": "not_hired"})
    partial = Caller(world.app, "anna", ("arbiter",))

    problem(partial.post(f"{path}/dispute/resolve", {"decision": "refund", "reason": "x"}), 403, "forbidden")


def test_free_text_is_never_in_an_event(world: World) -> None:
    """What people write stays in the document; the topics get codes."""
    path = world.held()
    assert world.seeker.post(f"{path}/dispute", {"reason": "Jan Jansen never called"}).status_code == 200
    world.arbiter.post(f"{path}/dispute/resolve", {"decision": "refund", "reason": "Jan was right"})

    doc = world.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
    assert "Jan" not in json.dumps([event["data"] for event in doc["events"]])


def test_explain(world: World) -> None:
    """What may happen next, for whom, until when."""
    path = world.accepted()

    mine = world.seeker.get(f"{path}/explain").get_json()
    assert mine["you_are"] == ["seeker"]
    (fund,) = [step for step in mine["next"] if step["name"] == "fund"]
    assert (fund["yours"], fund["until"], fund["to"]) == (True, "2027-01-04T00:00:00.000Z", "funding")
    theirs = world.insider.get(f"{path}/explain").get_json()["next"]
    assert [step["yours"] for step in theirs if step["name"] == "fund"] == [False]


def test_pages(world: World) -> None:
    """One's own escrows, newest first, filtered, in pages that neither repeat nor leave out."""
    paths = []
    for price in (1_000, 0, 2_000, 3_000, 4_000):
        world.clock.advance(timedelta(seconds=1))
        paths.append(world.accepted(price=price))
    newest_first = [path.rsplit("/", 1)[1] for path in reversed(paths)]

    seen, cursor = [], ""
    while True:
        page = world.seeker.get(f"/v1/escrows?limit=2&role=seeker{cursor}").get_json()
        seen += [item["offer_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert seen == newest_first
    assert len(world.insider.get("/v1/escrows?role=insider").get_json()["items"]) == 5
    assert world.insider.get("/v1/escrows?role=seeker").get_json()["items"] == []
    assert world.other.get("/v1/escrows").get_json()["items"] == []
    assert world.arbiter.get("/v1/escrows").get_json()["items"] == []
    free = world.seeker.get("/v1/escrows?status=free").get_json()["items"]
    assert [(item["price"], item["due"], item["status"]) for item in free] == [(0, [], "free")]


@pytest.mark.parametrize("query", ["role=arbiter", "status=new", "status=x", "limit=101", "limit=0", "cursor=zzz",
                                   "cursor=WzEsMV0", "x=1", "role=seeker&role=insider"])  # fmt: skip
def test_bad_query(world: World, query: str) -> None:
    """A parameter that is unknown, twice or out of its bounds."""
    assert problem(world.seeker.get(f"/v1/escrows?{query}"), 422, "invalid")[0][0].startswith("?")


def test_a_foreign_cursor(world: World) -> None:
    """A cursor of another list is refused, not passed to the database."""
    from shared.http.answer.pages import encode

    for values in ([1], ["x"], [None], ["2027-01-01T00:00:00.000Z x", "y"]):
        assert problem(world.seeker.get(f"/v1/escrows?cursor={encode(values)}"), 422, "invalid") == [
            ("?cursor", "cursor")
        ]


# -- the provider's webhook


def notice(offer_id: str, instruction: str, amount: int = 50_000, **more: Any) -> bytes:
    outcome = {"instruction_id": instruction, "status": "succeeded", "reason": None, "provider_reference": "tr_1"}
    outcome |= {"amount": amount, "at": "2027-01-01T00:00:00.000Z"}
    said = {"id": "evt_1", "kind": "transfer.succeeded", "offer_id": offer_id, "at": "2027-01-01T00:00:00.000Z"}
    return json.dumps({**said, "outcome": outcome, **more}).encode()


def test_the_webhook_alone_tells(world: World) -> None:
    """A late provider answers by webhook: the web process stores it, the worker folds it; a replay changes nothing."""
    path = world.accepted()
    world.seeker.post(f"{path}/fund", {"source": "tok_late"})
    world.worker.tick()
    world.clock.advance(timedelta(seconds=2))
    assert world.provider.deliver_due() == 1
    assert world.shown(path)["status"] == "funding"

    world.worker.tick()

    assert world.shown(path)["status"] == "held"
    offer_id, version = path.rsplit("/", 1)[1], world.shown(path)["version"]
    body = notice(offer_id, f"{offer_id}:hold:1")
    for _ in range(2):
        assert world.webhook(body, sign(SECRET, body, world.clock.now())).status_code == 204
    world.worker.tick()
    assert world.shown(path)["version"] == version


def test_answer_and_webhook_both(world: World) -> None:
    """The webhook of what was answered already is acknowledged, and nothing else."""
    path = world.held()
    version = world.shown(path)["version"]

    assert world.provider.deliver_due() == 1
    world.worker.tick()

    assert world.shown(path)["version"] == version
    assert len(world.seeker.get(f"{path}/journal").get_json()["entries"]) == 1


def test_a_chargeback(world: World) -> None:
    """Told by webhook alone, and so is its reversal."""
    path = world.held()
    world.provider.charge_back(path.rsplit("/", 1)[1])
    world.provider.deliver_due()
    world.worker.tick()
    shown = world.shown(path)
    assert (shown["status"], shown["held"], shown["charged_back"]) == ("charged_back", 0, 50_000)

    world.provider.reverse_chargeback(path.rsplit("/", 1)[1])
    world.provider.deliver_due()
    world.worker.tick()

    assert world.shown(path)["refunded"] == 50_000


def test_a_notice_of_no_escrow(world: World) -> None:
    """It is not acknowledged, for it is not stored: the provider keeps it. And it makes no document."""
    offer_id = new_id()
    body = notice(offer_id, f"{offer_id}:hold:1")

    answer = world.webhook(body, sign(SECRET, body, world.clock.now()))

    problem(answer, 404, "not-found")
    assert "Retry-After" in answer.headers
    assert world.store.get(offer_id) is None


def test_a_notice_of_an_escrow_whose_offer_is_still_on_its_way(world: World) -> None:
    """After a restore hire.confirmed may come first: the notice is not taken and dropped, but asked for again."""
    offer_id = new_id()
    world.batch.process([Trigger("hire.confirmed", new_id(), "event", world.clock.now(), {"offer_id": offer_id})])
    body = notice(offer_id, f"{offer_id}:hold:1")

    problem(world.webhook(body, sign(SECRET, body, world.clock.now())), 404, "not-found")
    assert [parked["name"] for parked in (world.store.get(offer_id) or {})["parked"]] == ["hire.confirmed"]


def test_not_from_the_provider(world: World) -> None:
    """Another secret, another body, no signature, one of six minutes ago or ahead: 401, and nothing is stored."""
    path = world.accepted()
    offer_id = path.rsplit("/", 1)[1]
    world.seeker.post(f"{path}/fund", {"source": "tok_late"})
    body, now = notice(offer_id, f"{offer_id}:hold:1"), world.clock.now()
    late = timedelta(minutes=6)
    signatures = {
        sign("another secret of the same length", body, now): "mismatch",
        sign(SECRET, body + b" ", now): "mismatch",
        sign(SECRET, body, now - late): "outside-tolerance",
        sign(SECRET, body, now + late): "outside-tolerance",
        "": "malformed",
        "v1=abc": "malformed",
    }

    for signature, rule in signatures.items():
        assert problem(world.webhook(body, signature), 401, "unauthenticated") == [(f"header:{HEADER}", rule)]
    assert "parked" not in (world.store.get(offer_id) or {})


@pytest.mark.parametrize(
    "damage",
    [{"kind": "transfer.lost"}, {"outcome": None}, {"outcome": {}}, {"at": "yesterday"}, {"id": 5}],
)
def test_a_bad_notice(world: World, damage: dict[str, Any]) -> None:
    """Signed, and yet no notice: 422."""
    offer_id = world.accepted().rsplit("/", 1)[1]
    body = json.dumps({**json.loads(notice(offer_id, f"{offer_id}:hold:1")), **damage}).encode()

    assert problem(world.webhook(body, sign(SECRET, body, world.clock.now())), 422, "invalid") == [("", "notice")]


@pytest.mark.parametrize("instruction", ["other:hold:1", "hold", "{}:gift:1", ""])
def test_a_notice_of_another_instruction(world: World, instruction: str) -> None:
    """An outcome must be of this offer's instruction."""
    offer_id = world.accepted().rsplit("/", 1)[1]
    body = notice(offer_id, instruction.format(offer_id))

    problem(world.webhook(body, sign(SECRET, body, world.clock.now())), 422, "invalid")


def test_tranches(world: World) -> None:
    """Three tranches: the first at once, the others on their days; shown as they are."""
    path = world.held(tranches=THREE)
    world.event("hire.confirmed", path.rsplit("/", 1)[1], tranches=THREE)
    world.worker.tick()

    assert world.shown(path)["due"] == [
        {"due_on": "2027-01-01", "amount": 16_665, "status": "paid"},
        {"due_on": "2027-02-03", "amount": 16_665, "status": "waiting"},
        {"due_on": "2027-04-04", "amount": 16_670, "status": "waiting"},
    ]
    world.worker.tick(timedelta(days=33))
    assert [tranche["status"] for tranche in world.shown(path)["due"]] == ["paid", "paid", "waiting"]


def test_a_later_first_day(world: World) -> None:
    """The insider proposes it, the seeker agrees; a repeat changes nothing, and the payouts fall due by the new day."""
    path = world.held(tranches=THREE)
    world.event("hire.confirmed", path.rsplit("/", 1)[1], tranches=THREE)
    world.worker.tick()
    later, answer = {"start_on": "2027-01-26"}, f"{path}/postpone/answer"
    problem(world.other.post(f"{path}/postpone", later), 404, "not-found")
    problem(world.seeker.post(f"{path}/postpone", later), 403, "forbidden")
    refused = world.insider.post(f"{path}/postpone", {"start_on": "2027-01-04"})
    assert problem(refused, 422, "refused-by-rule") == [("/start_on", "later-start")]
    problem(world.seeker.post(answer, {**later, "answer": "agreed"}), 409, "conflict")

    proposed = world.insider.post(f"{path}/postpone", later, Idempotency_Key="once")
    assert (proposed.status_code, proposed.get_json()["postponement"]) == (
        200,
        later | {"at": "2027-01-01T00:00:00.000Z"},
    )
    assert (
        world.insider.post(f"{path}/postpone", later, Idempotency_Key="once").headers["Idempotency-Replayed"] == "true"
    )
    steps = {step["to"]: step for step in world.seeker.get(f"{path}/explain").get_json()["next"] if step.get("yours")}
    assert steps["probation"]["name"] == "answer_postponement"
    problem(world.seeker.post(answer, {**later, "answer": "perhaps"}), 422, "invalid")
    problem(world.insider.post(answer, {**later, "answer": "agreed"}), 403, "forbidden")

    agreed = world.seeker.post(answer, {**later, "answer": "agreed"}).get_json()

    assert (agreed["start_on"], agreed["postponement"]["answer"]) == ("2027-01-26", "agreed")
    assert [tranche["due_on"] for tranche in agreed["due"]] == ["2027-01-01", "2027-02-25", "2027-04-26"]
    problem(world.seeker.post(answer, {**later, "answer": "declined"}), 409, "conflict")
    world.worker.tick(timedelta(days=33))
    assert [tranche["status"] for tranche in world.shown(path)["due"]] == ["paid", "waiting", "waiting"]
    world.worker.tick(timedelta(days=22))
    assert [tranche["status"] for tranche in world.shown(path)["due"]] == ["paid", "paid", "waiting"]


@pytest.mark.parametrize("_round", range(10))
def test_confirmed_cancelled_and_disputed_at_once(world: World, _round: int) -> None:
    """Whoever is first, the money goes one way, all of it, once; the loser's effect is visible nowhere."""
    path = world.held()
    offer_id = path.rsplit("/", 1)[1]
    hire = {"start_on": "2027-01-04", "confirmed_at": "2027-01-01T00:00:00.000Z"}

    def event(name: str) -> str:
        data = {"offer_id": offer_id, "accepted_at": "2027-01-01T00:00:00.000Z", **hire}
        (verdict,) = world.batch.process([Trigger(name, f"{offer_id}:{name}", "event", world.clock.now(), data)])
        return verdict.outcome

    def dispute(caller: Caller) -> str:
        return str(caller.post(f"{path}/dispute", {"reason": "other"}).status_code)

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(event, name) for name in ("hire.confirmed", "offer.cancelled")]
        asked += [pool.submit(dispute, caller) for caller in (world.insider, world.seeker)]
        answers = [future.result() for future in asked]
    world.worker.tick()
    for caller in (world.insider, world.seeker):
        caller.post(f"{path}/dispute/withdraw")
    world.worker.tick()

    shown = world.shown(path)
    assert (shown["status"], shown["released"], shown["refunded"]) in [("settled", 47_500, 0), ("refunded", 0, 50_000)]
    assert answers.count("200") <= 1
    moved = [t.instruction.kind for t in every(world.provider.transfers)]
    assert moved == ["hold", "release" if shown["released"] else "refund"]
