"""Staff's register of employers: who may keep it, what it tells other services, and that a secret is never shown."""

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from shared.ids import contact_mark, domain_mark
from tests.support.matching_web import World
from tests.support.web import Caller, problem

KEY = b"k" * 40
MARK = domain_mark(KEY, "acme.example")
PATH = f"/v1/employers/{MARK}"
SECRET = "0123456789abcdef-of-acme"
ATS = {"kind": "greenhouse", "secret": SECRET}
ACME = {"name": "Acme BV", "domain": "Acme.example", "mailboxes": ["people", "hr.desk"], "ats": ATS}
NAMES = ("name", "domain", "mailboxes", "status", "id")


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


@pytest.fixture
def operator(world: World) -> Caller:
    return Caller(world.app, "olga", ("operator",))


def emitted(world: World) -> list[tuple[str, Any]]:
    doc = world.store.collection.find_one({"_id": f"employer:{MARK}"}) or {}
    return [(event["type"], event["data"]) for event in doc.get("events", [])]


def test_registered_changed_and_removed(world: World, operator: Caller) -> None:
    created = operator.post("/v1/employers", ACME)
    assert (created.status_code, created.headers["Location"], created.headers["ETag"]) == (201, PATH, '"1"')
    assert [created.get_json()[name] for name in NAMES] == [
        "Acme BV", "acme.example", ["people", "hr.desk"], "registered", MARK,
    ]  # fmt: skip

    renamed = operator.ask("PATCH", PATH, {"name": "Acme", "mailboxes": ["jobs"]}, If_Match='"1"')
    assert (renamed.status_code, renamed.get_json()["name"]) == (200, "Acme")
    assert problem(operator.ask("PATCH", PATH, {"name": "X"}, If_Match='"1"'), 412, "stale")
    removed = world.moderator.post(f"{PATH}/remove")
    assert (removed.status_code, removed.get_json()["status"], removed.get_json()["ats"]) == (200, "removed", None)
    assert problem(operator.ask("PATCH", PATH, {"name": "X"}), 409, "conflict") == [("", "state")]
    again = operator.post("/v1/employers", {"name": "Acme", "domain": "acme.example"})

    assert (again.status_code, again.get_json()["status"], again.get_json()["mailboxes"]) == (201, "registered", [])
    actions = [(each["by"], each["action"]) for each in operator.get(PATH).get_json()["audit"]]
    assert actions == [
        (operator.id, "register"), (operator.id, "revise"), (world.moderator.id, "remove"), (operator.id, "register"),
    ]  # fmt: skip
    marks = [contact_mark(KEY, f"{box}@acme.example") for box in ("people", "hr.desk", "jobs")]
    assert emitted(world) == [
        ("employer.registered", {"domain_mark": MARK, "marks": marks[:2]}),
        ("employer.registered", {"domain_mark": MARK, "marks": marks[2:]}),
        ("employer.removed", {"domain_mark": MARK, "marks": []}),
        ("employer.registered", {"domain_mark": MARK, "marks": []}),
    ]


def test_a_secret_is_never_shown_again(world: World, operator: Caller) -> None:
    """In no answer and no event; it can be changed, and taken away."""
    answers = [operator.post("/v1/employers", ACME)]
    assert answers[0].get_json()["ats"] == {
        "kind": "greenhouse", "webhook": f"/v1/webhooks/greenhouse/{MARK}", "set_at": "2027-01-01T00:00:00.000Z",
    }  # fmt: skip
    world.clock.advance(60)
    answers += [
        operator.ask("PATCH", PATH, {"ats": {**ATS, "secret": "another-secret-of-acme"}}),
        operator.get(PATH),
        operator.get("/v1/employers"),
    ]
    assert answers[1].get_json()["ats"]["set_at"] == "2027-01-01T00:01:00.000Z"
    assert (world.store.get(f"employer:{MARK}") or {})["ats"]["secret"] == "another-secret-of-acme"

    assert not any("secret" in answer.get_data(as_text=True) for answer in answers)
    assert "secret" not in str(emitted(world)) and "acme" not in str(emitted(world))
    assert operator.ask("PATCH", PATH, {"ats": None}).get_json()["ats"] is None


def test_only_staff(world: World, operator: Caller) -> None:
    operator.post("/v1/employers", ACME)
    before = world.everything()
    for who in (world.insider, world.seeker, world.arbiter):
        problem(who.post("/v1/employers", ACME), 403, "forbidden")
        problem(who.get("/v1/employers"), 403, "forbidden")
        problem(who.get(PATH), 403, "forbidden")
        problem(who.ask("PATCH", PATH, {"name": "X"}), 403, "forbidden")
        problem(who.post(f"{PATH}/remove"), 403, "forbidden")

    assert world.everything() == before
    problem(operator.get("/v1/employers/m_unknown"), 404, "not-found")
    problem(operator.post("/v1/employers/m_unknown/remove"), 404, "not-found")


def test_once_and_the_same_key_gives_the_same_answer(world: World, operator: Caller) -> None:
    first = operator.post("/v1/employers", ACME, Idempotency_Key="k")
    again = operator.post("/v1/employers", ACME, Idempotency_Key="k")

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.get_json() == first.get_json()
    assert problem(operator.post("/v1/employers", ACME), 409, "conflict") == [("", "state")]
    problem(operator.post("/v1/employers", {**ACME, "name": "B"}, Idempotency_Key="k"), 422, "key-reused")
    assert len(emitted(world)) == 1


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"domain": "gmail.com"}, ("/domain", "public-mail")),
        ({"domain": "acme"}, ("/domain", "format")),
        ({"domain": {"$ne": 1}}, ("/domain", "type")),
        ({"name": ""}, ("/name", "length")),
        ({"mailboxes": ["people@acme.example"]}, ("/mailboxes/0", "format")),
        ({"mailboxes": ["a", "a"]}, ("/mailboxes/1", "twice")),
        ({"mailboxes": ["x" * 65]}, ("/mailboxes/0", "format")),
        ({"mailboxes": [f"m{n}" for n in range(21)]}, ("/mailboxes", "count")),
        ({"ats": {"kind": "greenhouse"}}, ("/ats/secret", "required")),
        ({"ats": {"kind": "greenhouse", "secret": "short"}}, ("/ats/secret", "length")),
        ({"ats": {"kind": "other", "secret": SECRET}}, ("/ats/kind", "choice")),
        ({"status": "removed"}, ("/status", "unknown")),
    ],
)
def test_bad_input(world: World, operator: Caller, changed: dict[str, Any], fault: tuple[str, str]) -> None:
    assert problem(operator.post("/v1/employers", {**ACME, **changed}), 422, "invalid") == [fault]
    assert world.everything() == []
    assert problem(operator.ask("PATCH", PATH, {}), 422, "invalid") == [("", "required")]


def test_the_list(world: World, operator: Caller) -> None:
    """The newest first, in pages; offers and copies are not in it."""
    world.active()
    for number in range(5):
        world.clock.advance(1)
        operator.post("/v1/employers", {"name": f"E{number}", "domain": f"e{number}.example"})

    first = operator.get("/v1/employers?limit=3").get_json()
    second = operator.get(f"/v1/employers?limit=3&cursor={first['next']}").get_json()

    assert [each["name"] for each in [*first["items"], *second["items"]]] == ["E4", "E3", "E2", "E1", "E0"]
    assert second["next"] is None
