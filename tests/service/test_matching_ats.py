"""An employer's applicant tracking system: what it reports finds the offers that name it, and pays once."""

import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from werkzeug.test import TestResponse

from shared.ids import domain_mark, new_id, workplace_mark
from tests.support.matching_web import World
from tests.support.web import Caller, problem

KEY = b"k" * 40
MARK = domain_mark(KEY, "acme.example")
SECRET = "0123456789abcdef-of-acme"
REFERENCE = "46194062"
HOOK = f"/v1/webhooks/greenhouse/{MARK}"


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    world = World(database, tmp_path)
    for domain, secret in (("acme.example", SECRET), ("other.example", "another-secret-16+")):
        body = {"name": domain, "domain": domain, "ats": {"kind": "greenhouse", "secret": secret}}
        assert operator(world).post("/v1/employers", body).status_code == 201
    return world


def operator(world: World) -> Caller:
    return Caller(world.app, "olga", ("operator",))


def at_acme(world: World, domain: str = "acme.example", seeker: Caller | None = None, state: str = "active") -> str:
    """An offer of a listing at that domain; its path."""
    listing_id = new_id()
    mark = workplace_mark(KEY, listing_id, domain)
    world.listed(listing_id=listing_id, insider=world.insider.id, workplace_mark=mark)
    if state == "proposed":
        return world.proposed(seeker, listing_id)
    path = world.accepted(seeker, listing_id)
    if state == "active":
        assert world.escrow_is(path, "escrow.held") == "taken"
    return path


def named(world: World, path: str, reference: str | None = REFERENCE, who: Caller | None = None) -> TestResponse:
    return (who or world.seeker).ask("PUT", f"{path}/application", {"reference": reference})


def told(
    world: World,
    application: str = REFERENCE,
    action: str = "hire_candidate",
    starts_at: str | None = "2027-01-20",
    secret: str = SECRET,
    hook: str = HOOK,
    **more: Any,
) -> TestResponse:
    """Greenhouse's report, with all that it says of a candidate."""
    candidate = {"id": 1, "first_name": "Johnny", "email_addresses": [{"value": "johnny@example.com"}]}
    said = {"id": int(application), "candidate": candidate, "offer": {"id": 9, "starts_at": starts_at}, **more}
    body = json.dumps({"action": action, "payload": {"application": said}}).encode()
    return raw(world, body, "sha256 " + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(), hook)


def raw(world: World, body: bytes, signature: str | None, hook: str = HOOK) -> TestResponse:
    headers = {"Content-Type": "application/json"} | ({"Signature": signature} if signature is not None else {})
    return world.app.test_client().post(hook, data=body, headers=headers)


def status(response: TestResponse) -> str:
    assert response.status_code == 200, response.get_json()
    return str(response.get_json()["status"])


def for_staff(world: World) -> list[dict[str, Any]]:
    response = operator(world).get("/v1/ats-events")
    assert response.status_code == 200, response.get_json()
    items: list[dict[str, Any]] = response.get_json()["items"]
    return items


def test_a_report_confirms_the_hire(world: World) -> None:
    path = at_acme(world)
    assert named(world, path).status_code == 200

    assert status(told(world)) == "taken"
    world.tick()

    assert world.shown(path)["hire"] == {
        "start_on": "2027-01-20", "confirmed_by": "ats", "evidence_grade": 3,
        "confirmed_at": "2027-01-01T00:00:00.000Z",
    }  # fmt: skip
    assert (world.status(path), world.events(path)[-1]) == ("hired", "hire.confirmed")
    assert for_staff(world) == []


def test_without_a_first_day_it_is_the_day_of_the_report(world: World) -> None:
    path = at_acme(world)
    named(world, path)

    told(world, starts_at=None)
    world.tick()

    assert world.shown(path)["hire"]["start_on"] == "2027-01-01"


def test_a_later_report_without_a_first_day_leaves_the_known_one(world: World) -> None:
    told(world)
    told(world, starts_at=None)

    path = at_acme(world)
    named(world, path)
    world.tick()

    assert world.shown(path)["hire"]["start_on"] == "2027-01-20"


def test_a_report_again_changes_nothing(world: World) -> None:
    """Answered with 200 each time, also long afterwards, and also where the body is another about the same hire."""
    path = at_acme(world)
    named(world, path)
    told(world)
    world.tick()
    before = [doc for doc in world.everything() if doc["kind"] == "offer"]

    assert [status(told(world)) for _ in range(3)] == ["known"] * 3
    assert status(told(world, note="sent again")) == "taken"
    world.tick(timedelta(days=1))
    world.tick(timedelta(days=100))

    assert status(told(world)) == "known"
    world.tick()
    assert [doc for doc in world.everything() if doc["kind"] == "offer"] == before


def test_a_report_before_the_offer_names_the_application(world: World) -> None:
    """It waits, shown to staff without a word about the candidate, and is tried again when an offer names it."""
    path = at_acme(world)
    told(world)
    world.tick()
    assert world.status(path) == "active"
    (waiting,) = for_staff(world)
    assert {name: waiting[name] for name in ("employer", "application", "status", "start_on", "offers")} == {
        "employer": MARK, "application": REFERENCE, "status": "waiting", "start_on": "2027-01-20", "offers": [],
    }  # fmt: skip
    stored = json.dumps(world.everything(), default=str)
    assert not [word for word in ("Johnny", "johnny", "example.com", "email") if word in stored]

    named(world, path)
    world.tick()

    assert world.status(path) == "hired" and for_staff(world) == []


def test_an_offer_that_is_not_active_yet(world: World) -> None:
    """Once its money is held, the report that waits is about it."""
    path = at_acme(world, state="accepted")
    named(world, path)
    told(world)
    world.tick()
    assert world.status(path) == "accepted" and for_staff(world)[0]["status"] == "waiting"

    world.escrow_is(path, "escrow.held")
    world.tick(timedelta(hours=1))

    assert world.status(path) == "hired" and for_staff(world) == []


def test_two_offers_of_one_seeker(world: World) -> None:
    """Two insiders helped the same person: each is paid, also one whose offer names it later."""
    one, two = at_acme(world), at_acme(world)
    named(world, one)
    told(world)
    world.tick()

    named(world, two)
    world.tick()

    assert (world.status(one), world.status(two)) == ("hired", "hired")


def test_two_seekers_with_one_application(world: World) -> None:
    """Nobody is paid; staff see both, until one of them takes theirs away."""
    one, two = at_acme(world), at_acme(world, seeker=world.other)
    named(world, one)
    named(world, two, who=world.other)
    told(world)
    world.tick()
    assert (world.status(one), world.status(two)) == ("active", "active")
    (conflict,) = for_staff(world)
    assert conflict["status"] == "conflict"
    assert {f"/v1/offers/{offer}" for offer in conflict["offers"]} == {one, two}

    named(world, two, None, who=world.other)
    world.tick()

    assert (world.status(one), world.status(two)) == ("hired", "active") and for_staff(world) == []


@pytest.mark.parametrize("state", ["proposed", "cancelled"])
def test_an_offer_that_was_not_agreed_or_is_over_stands_in_nobodys_way(world: World, state: str) -> None:
    one, two = at_acme(world), at_acme(world, seeker=world.other, state="proposed" if state == "proposed" else "active")
    named(world, one)
    named(world, two, who=world.other)
    if state == "cancelled":
        world.other.post(f"{two}/cancel")
    told(world)
    world.tick()

    assert (world.status(one), world.status(two)) == ("hired", state)


@pytest.mark.parametrize("stranger", ["accepted", "active"])
def test_who_has_paid_nothing_stands_in_nobodys_way(world: World, stranger: str) -> None:
    """A stranger names an honest seeker's application: with an offer that is not funded, and with a free one."""
    honest, dan = at_acme(world), Caller(world.app, "dan")
    named(world, honest)
    if stranger == "accepted":
        other = at_acme(world, seeker=dan, state="accepted")
    else:
        listing_id = new_id()
        mark = workplace_mark(KEY, listing_id, "acme.example")
        world.listed(price=0, listing_id=listing_id, insider=world.insider.id, workplace_mark=mark)
        other = world.accepted(dan, listing_id)
    assert world.shown(other)["status"] == stranger
    named(world, other, who=dan)

    told(world)
    world.worker.tick()

    assert (world.status(honest), world.shown(other)["status"]) == ("hired", stranger)
    assert for_staff(world) == []


def test_who_comes_after_the_hire_disturbs_nobody(world: World) -> None:
    honest, dan = at_acme(world), Caller(world.app, "dan")
    named(world, honest)
    told(world)
    world.worker.tick()

    late = at_acme(world, seeker=dan)
    named(world, late, who=dan)
    world.worker.tick(timedelta(days=1))

    assert (world.status(honest), world.shown(late)["status"]) == ("hired", "active")
    assert for_staff(world) == []


def test_many_who_name_it_hide_nobody(world: World) -> None:
    """More offers than are looked at name it, none of them paid for."""
    for number in range(60):
        stray = {"_id": f"a-{number:02}", "kind": "offer", "version": 1, "state": "proposed", "application": REFERENCE}
        world.store.collection.insert_one(stray)
    honest = at_acme(world)
    named(world, honest)

    told(world)
    world.worker.tick()

    assert world.status(honest) == "hired"


_NOTE = b'{"action": "hire_candidate", "note": %s, "payload": {"application": {"id": 46194062, "x": %s}}}'


@pytest.mark.parametrize(
    "body",
    [
        _NOTE % (b'"\\ud83d"', b'"\\udc00"'),
        _NOTE % (b'"\\u0000"', b"null"),
        _NOTE % (b'"\xff\xfe"', b"1"),
        _NOTE % (b"NaN", b"-Infinity"),
        _NOTE % (b"9" * 5_000, b"1e999"),
        _NOTE % (b'1, "note": 2', b"3"),
        _NOTE % (b"[" * 40 + b"]" * 40, b"{}"),
        b"\xef\xbb\xbf" + _NOTE % (b"1", b"1"),
    ],
)
def test_what_nobody_reads_loses_no_report(world: World, body: bytes) -> None:
    """A candidate's note with half a surrogate pair, and worse, under the right signature."""
    path = at_acme(world)
    named(world, path)
    signature = "sha256 " + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()

    assert status(raw(world, body, signature)) == "taken"
    world.worker.tick()

    assert world.status(path) == "hired"


@pytest.mark.parametrize("body", [b"", b"no JSON", b'{"action": ' + b"[" * 10_000, b'"\\ud83d"', b"\xff"])
def test_the_signature_comes_first(world: World, body: bytes) -> None:
    """Nobody learns what a body is taken for whose bytes are not signed; what is signed and unreadable is said so."""
    problem(raw(world, body, "sha256 " + "0" * 64), 401, "unauthenticated")
    problem(raw(world, body, None), 401, "unauthenticated")
    signature = "sha256 " + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    problem(raw(world, body, signature), 422, "invalid")


def test_another_employers_report_is_about_none_of_it(world: World) -> None:
    """Neither with its own secret and the same number, nor on a listing that names no domain."""
    mine, without = at_acme(world), world.active()
    for path in (mine, without):
        named(world, path)
    other = f"/v1/webhooks/greenhouse/{domain_mark(KEY, 'other.example')}"

    assert status(told(world, secret="another-secret-16+", hook=other)) == "taken"
    world.tick(timedelta(days=1))

    assert (world.status(mine), world.status(without)) == ("active", "active")


def test_a_hire_that_is_taken_back(world: World) -> None:
    """In time it counts no more; too late staff see it. Reported anew it counts again."""
    path = at_acme(world)
    told(world)
    assert status(told(world, action="unhire_candidate")) == "taken"
    named(world, path)
    world.tick(timedelta(days=1))
    assert world.status(path) == "active" and for_staff(world) == []
    assert status(told(world)) == "known"

    assert status(told(world, note="really")) == "taken"
    world.tick()
    assert world.status(path) == "hired"

    told(world, action="unhire_candidate", note="after all")
    world.tick()
    assert [each["status"] for each in for_staff(world)] == ["taken_back"]
    assert world.status(path) == "hired"


def test_the_same_bytes_after_the_opposite_are_an_old_report(world: World) -> None:
    """Nothing signed tells them from a redelivery, so they change nothing, and the answer says why."""
    path = at_acme(world)
    first, back = told(world).get_json(), told(world, action="unhire_candidate").get_json()
    again = told(world)
    named(world, path)
    world.tick(timedelta(days=1))

    assert first == back == {"status": "taken"}
    assert status(again) == "known" and "opposite since" in again.get_json()["note"]
    assert told(world, action="unhire_candidate").get_json() == {"status": "known"}
    assert world.status(path) == "active"


@pytest.mark.parametrize("event_id", ["1", "2"])
def test_an_id_that_nobody_signed_makes_no_report_new(world: World, event_id: str) -> None:
    path = at_acme(world)
    told(world), told(world, action="unhire_candidate")
    said = {"id": int(REFERENCE), "offer": {"id": 9, "starts_at": "2027-01-20"}}
    body = json.dumps({"action": "hire_candidate", "payload": {"application": said}}).encode()
    headers = {"Signature": signed(body), "Greenhouse-Event-ID": event_id}

    answers = [world.app.test_client().post(HOOK, data=body, headers=headers) for _ in range(2)]
    named(world, path)
    world.tick(timedelta(days=1))

    assert [status(answer) for answer in answers] == ["taken", "known"], "its bytes are new"
    told(world, action="unhire_candidate", note="again")
    later = headers | {"Greenhouse-Event-ID": "3"}
    assert status(world.app.test_client().post(HOOK, data=body, headers=later)) == "known"


@pytest.mark.parametrize(
    ("order", "ends"),
    [
        ("unhire hire", "active"),
        ("hire unhire", "active"),
        ("hire unhire rehire", "hired"),
        ("rehire unhire", "hired"),
        ("rehire hire unhire", "hired"),
        ("unhire rehire hire", "hired"),
    ],
)
def test_what_greenhouse_sends_late_does_not_overtake(world: World, order: str, ends: str) -> None:
    """It tries again for hours what did not get through; the time that it signs says which is the later."""
    hours = {"hire": 8, "unhire": 9, "rehire": 10}
    path = at_acme(world)
    for each in order.split():
        action = "unhire_candidate" if each == "unhire" else "hire_candidate"
        assert status(told(world, action=action, last_activity_at=f"2027-01-02T{hours[each]:02}:00:00Z")) in (
            "taken",
            "outdated",
        )
    named(world, path)
    world.tick(timedelta(days=1))
    assert world.status(path) == ends


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "soon", "", None, 5, ["x"]])
def test_a_time_that_is_none_decides_nothing(world: World, at: Any) -> None:
    assert status(told(world, last_activity_at=at)) == "taken"
    assert status(told(world, action="unhire_candidate", last_activity_at="2027-01-02T09:00:00Z")) == "taken"


@pytest.mark.parametrize("size", [65_537, 300_000, 1_000_000])
def test_a_candidate_may_be_large(world: World, size: int) -> None:
    """The limit of this operation is its own, 1 MB; the others' stays."""
    body = sized(size)
    assert status(raw(world, body, signed(body))) == "taken"
    body = sized(1_000_001)
    problem(raw(world, body, signed(body)), 413, "too-large")
    problem(world.seeker.post("/v1/offers", {"message": "x" * 65_537}), 413, "too-large")


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
@pytest.mark.parametrize("depth", [101, 5_000, 60_000])
def test_a_candidate_may_not_be_deep(world: World, opens: str, closes: str, depth: int) -> None:
    deep = opens * depth + "1" + closes * depth
    body = f'{{"action": "hire_candidate", "payload": {{"application": {{"id": 5, "x": {deep}}}}}}}'.encode()
    refused = raw(world, body, signed(body))
    assert problem(refused, 422, "invalid") == [("", "webhook")]
    assert refused.get_json()["errors"][0]["message"] == "the body: expected at most 100 levels"


def test_brackets_in_a_text_are_no_levels(world: World) -> None:
    assert status(told(world, note='["\\' + "[" * 5_000)) == "taken"


def sized(size: int) -> bytes:
    body = b'{"action": "hire_candidate", "payload": {"application": {"id": 46194062, "notes": ""}}}'
    return body.replace(b'""', b'"' + b"x" * (size - len(body)) + b'"')


def signed(body: bytes) -> str:
    return "sha256 " + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("starts_at", ["2026-01-01", "2029-01-01"])
def test_a_first_day_that_cannot_be(world: World, starts_at: str) -> None:
    path = at_acme(world)
    named(world, path)
    told(world, starts_at=starts_at)
    world.tick()

    (refused,) = for_staff(world)
    assert (refused["status"], refused["rule"]) == ("refused", "start-on-window")
    assert [f"/v1/offers/{offer}" for offer in refused["offers"]] == [path]
    assert world.status(path) == "active"

    told(world)
    world.tick()
    assert world.status(path) == "hired" and for_staff(world) == []


def test_what_is_forged(world: World) -> None:
    """401, and nothing is kept: no secret, another's, another body, another employer's path, one without a system."""
    path = at_acme(world)
    named(world, path)
    operator(world).post("/v1/employers", {"name": "None", "domain": "none.example"})
    before = world.everything()
    body = b'{"action":"hire_candidate","payload":{"application":{"id":46194062}}}'
    good = "sha256 " + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    nobody = "sha256 " + hmac.new(b"0" * 64, body, hashlib.sha256).hexdigest()

    hooks = [f"/v1/webhooks/greenhouse/{mark}" for mark in (domain_mark(KEY, "none.example"), "m_unknown", "x")]
    forged = [
        told(world, secret="another-secret-16+"),
        raw(world, body, None),
        raw(world, body, "sha256 " + "0" * 64),
        raw(world, body.replace(b"62", b"63"), good),
        raw(world, body + b" ", good),
        raw(world, body, good.replace("sha256 ", "sha256=")),
        *(raw(world, body, signature, hook) for hook in hooks for signature in (good, nobody)),
    ]
    for answer in forged:
        assert problem(answer, 401, "unauthenticated") == [("header:Signature", "signature")]

    assert world.everything() == before


def test_a_secret_that_was_changed_or_an_employer_that_was_removed(world: World) -> None:
    path = at_acme(world)
    named(world, path)
    told(world, application="1")
    ats = {"kind": "greenhouse", "secret": "the-new-secret-of-acme"}
    operator(world).ask("PATCH", f"/v1/employers/{MARK}", {"ats": ats})

    problem(told(world), 401, "unauthenticated")
    assert status(told(world, secret="the-new-secret-of-acme")) == "taken"
    operator(world).post(f"/v1/employers/{MARK}/remove")
    problem(told(world, secret="the-new-secret-of-acme"), 401, "unauthenticated")
    world.tick(timedelta(days=2))

    assert world.status(path) == "active"


def test_what_is_not_about_a_hire(world: World) -> None:
    """Its ping and other events are answered and not kept; what cannot be read is refused."""
    before = world.everything()

    assert status(told(world, action="ping")) == status(told(world, action="candidate_stage_change")) == "ignored"
    body = b'{"action":"hire_candidate","payload":{}}'
    signature = "sha256 " + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert problem(raw(world, body, signature), 422, "invalid") == [("", "webhook")]
    problem(raw(world, b"{", signature), 401, "unauthenticated")
    signed = "sha256 " + hmac.new(SECRET.encode(), b"{", hashlib.sha256).hexdigest()
    assert problem(raw(world, b"{", signed), 422, "invalid") == [("", "webhook")]

    assert world.everything() == before


def test_it_is_forgotten_after_ninety_days(world: World) -> None:
    told(world)
    world.tick(timedelta(days=90))

    assert for_staff(world) == []
    (kept,) = (doc for doc in world.everything() if doc["kind"] == "ats_event")
    assert REFERENCE not in json.dumps({name: value for name, value in kept.items() if name != "seen"}, default=str)
    assert kept["state"] == "expired" and "due_at" not in kept
    path = at_acme(world)
    named(world, path)
    world.tick(timedelta(days=2))
    assert world.status(path) == "active"


def test_bodies_about_one_application_are_bounded(world: World) -> None:
    answers = [status(told(world, note=str(number))) for number in range(52)]

    assert answers == ["taken"] * 50 + ["known"] * 2


def test_only_the_seeker_names_it_and_only_they_see_it(world: World) -> None:
    """An insider could name somebody else's."""
    path = at_acme(world)
    problem(named(world, path, who=world.insider), 403, "forbidden")
    problem(named(world, path, who=world.other), 404, "not-found")
    problem(named(world, path, who=world.arbiter), 403, "forbidden")
    assert named(world, path).get_json()["application"] == REFERENCE

    assert world.seeker.get(path).get_json()["application"] == REFERENCE
    assert "application" not in world.insider.get(path).get_json()
    assert all("application" not in item for item in world.insider.get("/v1/offers").get_json()["items"])
    events = (world.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {})["events"]
    assert REFERENCE not in json.dumps(events, default=str)
    assert "application" not in named(world, path, None).get_json()
    assert "application" not in (world.store.get(path.rsplit("/", 1)[1]) or {})


@pytest.mark.parametrize("reference", ["", "a b", "x" * 65, "-1", "$where", 5, {"$ne": 1}, ["1"]])
def test_a_reference_that_is_no_good(world: World, reference: Any) -> None:
    path = at_acme(world)

    assert named(world, path, reference).status_code == 422

    assert "application" not in world.seeker.get(path).get_json()


def test_naming_is_bounded(world: World) -> None:
    path = at_acme(world)
    for number in range(10):
        assert named(world, path, str(number)).status_code == 200

    assert problem(named(world, path, "11"), 422, "refused-by-rule") == [("", "applications-bound")]


def test_not_once_it_is_over(world: World) -> None:
    path = at_acme(world)
    world.seeker.post(f"{path}/cancel")

    problem(named(world, path), 409, "conflict")


def test_staff_alone_see_what_waits(world: World) -> None:
    told(world)
    for who in (world.insider, world.seeker):
        problem(who.get("/v1/ats-events"), 403, "forbidden")
    for who in (world.arbiter, world.moderator, operator(world)):
        assert len(who.get("/v1/ats-events").get_json()["items"]) == 1
    for number in range(5):
        world.clock.advance(1)
        told(world, application=str(number + 1))

    first = operator(world).get("/v1/ats-events?limit=4").get_json()
    second = operator(world).get(f"/v1/ats-events?limit=4&cursor={first['next']}").get_json()
    numbers = [item["application"] for item in [*first["items"], *second["items"]]]
    assert numbers == ["5", "4", "3", "2", "1", REFERENCE]


def test_who_is_forgotten_takes_what_was_told_of_them_along(world: World) -> None:
    path = at_acme(world)
    named(world, path)
    told(world)
    world.tick()
    world.escrow_is(path, "escrow.settled", 5)
    told(world, application="7")

    assert world.seeker.ask("DELETE", "/v1/me").status_code == 202
    world.tick(timedelta(minutes=1))

    kept = [{name: value for name, value in doc.items() if name != "seen"} for doc in world.everything()]
    assert REFERENCE not in json.dumps(kept, default=str)
    assert [each["application"] for each in for_staff(world)] == ["7"]
    assert status(told(world)) == "known"
