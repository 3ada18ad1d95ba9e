"""Webhooks over the whole system in memory: created, tested, sent a real hire, changed, forgotten."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from deploy.verify import verify
from services.notify.log.reading import after
from services.notify.stream.streams import Wanted
from tests.pure.test_webhook_signing import v1a_holds
from tests.support.hires import listing
from tests.support.web import Caller, problem
from tests.support.whole import Whole

URL = "https://hook.example/in"
DAY = timedelta(days=1)


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path)


def caller(whole: Whole, sub: str, *roles: str) -> Caller:
    return Caller(whole.apps["notify"], sub, roles)


def create(whole: Whole, sub: str = "anna", *roles: str, **more: Any) -> dict[str, Any]:
    """A webhook whose receiver answers the test; the answer that made it."""
    answer = caller(whole, sub, *roles).post("/v1/webhooks", {"url": URL, "types": ["*"], **more})
    assert answer.status_code == 201, answer.get_json()
    whole.settle()
    made: dict[str, Any] = answer.get_json()
    return made


def sent(whole: Whole, url: str = URL) -> list[dict[str, Any]]:
    """What came there, tests left out."""
    bodies = [json.loads(body) for to, body, _ in whole.receivers.taken if to == url]
    return [body for body in bodies if body["type"] != "webhook.test"]


def test_a_webhook_is_active_once_its_url_has_answered_a_test(whole: Whole) -> None:
    whole.receivers.answers[URL] = [500, 204]
    made = create(whole)
    path = f"/v1/webhooks/{made['id']}"
    anna = caller(whole, "anna")

    assert (made["status"], anna.get(path).get_json()["status"]) == ("pending", "pending")
    whole.settle(timedelta(seconds=10))
    assert anna.get(path).get_json()["status"] == "active"
    (test,) = anna.get(f"{path}/deliveries").get_json()["items"]
    assert (test["type"], test["test"], test["status"]) == ("webhook.test", True, "delivered")
    assert [each["status"] for each in test["attempts"]] == [500, 204]


def test_before_that_nothing_else_is_sent_there(whole: Whole) -> None:
    whole.receivers.answers[URL] = [404]
    create(whole)
    whole.published()
    whole.settle(DAY)

    assert sent(whole) == []


def test_a_hire_reaches_its_two_people_each_event_once_and_in_cloudevents(whole: Whole) -> None:
    create(whole, "anna")
    create(whole, "bo", url="https://bo.example/in")
    create(whole, "eve", url="https://eve.example/in")
    listing_id = whole.published()
    whole.hired(listing_id, "bo")
    whole.settle()

    mine, seekers = sent(whole), sent(whole, "https://bo.example/in")
    types = [event["type"] for event in mine]
    assert {"listing.created", "offer.made", "offer.accepted", "escrow.held", "hire.confirmed"} <= set(types)
    assert "listing.created" not in [event["type"] for event in seekers], "it is not about the seeker"
    assert sent(whole, "https://eve.example/in") == []
    assert len({event["id"] for event in mine}) == len(mine)
    (confirmed,) = [event for event in mine if event["type"] == "hire.confirmed"]
    assert confirmed["specversion"] == "1.0"
    assert confirmed["source"] == "urn:good-golem:matching"
    assert int(confirmed["sequence"]) > 0
    assert confirmed["data"]["listing_id"] == listing_id
    headers = whole.receivers.taken[0][2]
    assert headers["Content-Type"].startswith("application/cloudevents+json")


def test_what_is_sent_is_signed_for_its_receiver(whole: Whole) -> None:
    secret = create(whole)["secret"]
    jwks = whole.apps["notify"].test_client().get("/v1/webhooks/jwks.json").get_json()
    _, body, headers = whole.receivers.taken[0]

    at = int(headers["webhook-timestamp"])
    expected = Webhook(secret).sign(headers["webhook-id"], datetime.fromtimestamp(at, UTC), body.decode())
    assert expected in headers["webhook-signature"].split(" ")
    assert v1a_holds(dict(headers), jwks, body)


def test_thin_says_where_to_read_and_nothing_else(whole: Whole) -> None:
    create(whole, payload="thin", types=["listing.created"])
    listing_id = whole.published()

    (event,) = sent(whole)
    assert event["data"] == {"url": f"http://golem.example/v1/listings/{listing_id}"}
    assert (event["type"], event["subject"]) == ("listing.created", listing_id)


@pytest.mark.parametrize("again", ["X-Team", "x-team", "X-TEAM"])
def test_a_header_is_there_once_in_whatever_case(whole: Whole, again: str) -> None:
    headers = [{"name": "X-Team", "value": "1"}, {"name": again, "value": "2"}]
    answer = caller(whole, "anna").post("/v1/webhooks", {"url": URL, "types": ["*"], "headers": headers})

    assert problem(answer, 422, "invalid") == [("/headers/1/name", "twice")]


def test_types_and_filters_choose(whole: Whole) -> None:
    listing_id = whole.published(seats=3)
    offer_id = whole.accepted(listing_id, "bo")
    create(whole, types=["escrow.*", "offer.begun"], offer_id=offer_id)
    create(whole, url="https://other.example/", listing_id=offer_id)
    whole.funded(listing_id, "cas")
    whole.funded(listing_id, "bo")

    assert {event["data"]["offer_id"] for event in sent(whole)} == {offer_id}
    assert {event["type"].partition(".")[0] for event in sent(whole)} == {"escrow"}
    assert sent(whole, "https://other.example/") == []


def test_all_public_events_are_for_an_integrator_or_operator(whole: Whole) -> None:
    body = {"url": URL, "types": ["*"], "scope": "all"}
    problem(caller(whole, "eve").post("/v1/webhooks", body), 403, "forbidden")

    create(whole, "olga", "operator", scope="all")
    create(whole, "ivo", "integrator", scope="all", url="https://crm.example/")
    whole.published()

    for url in (URL, "https://crm.example/"):
        assert "listing.created" in [event["type"] for event in sent(whole, url)]


@pytest.mark.parametrize(
    "url",
    ["http://hook.example/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://hook.example:22/",
     "https://a:b@hook.example/", "https://169.254.169.254/latest/meta-data"],
)  # fmt: skip
def test_a_url_that_leads_inside_is_refused_by_name(whole: Whole, url: str) -> None:
    answer = caller(whole, "anna").post("/v1/webhooks", {"url": url, "types": ["*"]})

    assert problem(answer, 422, "refused-by-rule") == [("/url", "webhook-url")]


def test_the_secret_is_shown_when_it_is_made_and_never_else(whole: Whole) -> None:
    made = create(whole, headers=[{"name": "Authorization", "value": "Bearer hush"}])
    anna, path = caller(whole, "anna"), f"/v1/webhooks/{made['id']}"
    shown = [anna.get(path), anna.get("/v1/webhooks"), anna.get("/v1/me/export/notify"), anna.get(f"{path}/deliveries")]

    assert all("whsec_" not in each.get_data(as_text=True) for each in shown)
    assert all("hush" not in each.get_data(as_text=True) for each in shown)
    assert anna.get(path).get_json()["headers"] == ["Authorization"]
    assert whole.receivers.taken[0][2]["Authorization"] == "Bearer hush"
    stored = str(list(whole.stores["notify"].collection.find()))
    assert "hush" not in stored and "whsec_" not in stored
    assert base64.b64decode(made["secret"].removeprefix("whsec_")).hex() not in stored
    rotated = anna.post(f"{path}/rotate-secret").get_json()
    assert rotated["secret"] != made["secret"]


def test_a_repeat_of_the_request_makes_no_second_one(whole: Whole) -> None:
    anna, body = caller(whole, "anna"), {"url": URL, "types": ["*"]}
    first = anna.post("/v1/webhooks", body, Idempotency_Key="a")
    again = anna.post("/v1/webhooks", body, Idempotency_Key="a")
    whole.settle()

    assert (first.get_json()["id"], first.get_json()["secret"]) == (again.get_json()["id"], again.get_json()["secret"])
    assert len(whole.receivers.taken) == 1


def test_a_person_has_so_many(whole: Whole) -> None:
    made = [create(whole)["id"] for _ in range(20)]
    anna, body = caller(whole, "anna"), {"url": URL, "types": ["*"]}
    assert problem(anna.post("/v1/webhooks", body), 422, "refused-by-rule") == [("", "webhooks")]

    assert anna.ask("DELETE", f"/v1/webhooks/{made[0]}").status_code == 204
    assert anna.post("/v1/webhooks", body).status_code == 201


def test_it_is_its_owners_alone(whole: Whole) -> None:
    made = create(whole)
    path = f"/v1/webhooks/{made['id']}"
    eve = caller(whole, "eve", "operator")

    for method, where, body in (
        ("GET", path, None), ("PATCH", path, {"payload": "thin"}), ("DELETE", path, None),
        ("POST", f"{path}/test", None), ("POST", f"{path}/rotate-secret", None), ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/replay", {"since": "2027-01-01T00:00:00Z"}),
    ):  # fmt: skip
        problem(eve.ask(method, where, body), 404, "not-found")
    assert eve.get("/v1/webhooks").get_json()["items"] == []


def test_a_new_url_is_tested_before_anything_goes_there(whole: Whole) -> None:
    made = create(whole)
    anna, path = caller(whole, "anna"), f"/v1/webhooks/{made['id']}"
    whole.receivers.answers["https://new.example/"] = ["timeout", 200]

    changed = anna.ask("PATCH", path, {"url": "https://new.example/"})
    assert (changed.status_code, changed.get_json()["status"]) == (200, "pending")
    whole.published()
    whole.settle()
    assert sent(whole) == [] and sent(whole, "https://new.example/") == []
    whole.settle(timedelta(minutes=1))
    assert anna.get(path).get_json()["status"] == "active"
    kept = anna.ask("PATCH", path, {"payload": "thin"})
    assert (kept.get_json()["status"], kept.get_json()["url"]) == ("active", "https://new.example/")


def test_what_happens_while_a_new_url_is_tested_is_sent_there_once_it_has_answered(whole: Whole) -> None:
    made = create(whole, types=["listing.*"])
    anna, path = caller(whole, "anna"), f"/v1/webhooks/{made['id']}"
    new = "https://new.example/"
    whole.receivers.answers[new] = ["timeout", 200]
    anna.ask("PATCH", path, {"url": new})
    listing_id = whole.published()
    assert sent(whole) == sent(whole, new) == []
    assert caller(whole, "olga", "operator").get("/v1/webhooks/health").get_json()["active"] == 0

    whole.settle(timedelta(minutes=1))
    whole.settle(timedelta(minutes=1))

    assert sent(whole) == []
    assert {event["type"] for event in sent(whole, new)} == {"listing.submitted", "listing.created"}
    assert {event["subject"] for event in sent(whole, new)} == {listing_id}


def test_a_new_url_that_never_answers_has_the_webhook_switched_off_and_nothing_is_lost(whole: Whole) -> None:
    made = create(whole, types=["listing.*"])
    anna, path = caller(whole, "anna"), f"/v1/webhooks/{made['id']}"
    new = "https://new.example/"
    whole.receivers.answers[new] = [500]
    anna.ask("PATCH", path, {"url": new})
    whole.published()

    whole.settle(5 * DAY - timedelta(minutes=2))
    assert anna.get(path).get_json()["status"] == "pending"
    whole.settle(timedelta(minutes=4))
    shown = anna.get(path).get_json()
    assert (shown["status"], shown["disabled_for"]) == ("disabled", "untested")
    told = [each for each in anna.get("/v1/notifications").get_json()["items"] if each["kind"] == "webhook.disabled"]
    assert len(told) == 1 and "answered no test for five days" in told[0]["text"]
    whole.settle(timedelta(hours=1))
    failed = anna.get(f"{path}/deliveries?status=failed&type=listing.created").get_json()["items"]
    assert [each["given_up_for"] for each in failed] == ["disabled"]

    whole.receivers.answers[new] = [200]
    anna.post(f"{path}/test")
    whole.settle()
    anna.post(f"{path}/replay", {"since": "2027-01-01T00:00:00Z"})
    whole.settle(timedelta(seconds=2))
    assert {event["type"] for event in sent(whole, new)} == {"listing.submitted", "listing.created"}


def posted(whole: Whole) -> int:
    """How many messages came, tests and all."""
    return len(whole.receivers.taken)


def test_the_same_url_again_begins_no_test(whole: Whole) -> None:
    whole.receivers.answers[URL] = [500]
    made = create(whole)
    anna = caller(whole, "anna")
    for _ in range(60):
        assert anna.ask("PATCH", f"/v1/webhooks/{made['id']}", {"url": URL}).status_code == 200
        whole.settle()

    assert posted(whole) == 1


def test_tests_are_counted_by_their_owner_and_day_whatever_begins_them(whole: Whole) -> None:
    """Creating and deleting, moving to and fro, asking for one: 50 together, and what is refused counts for nothing."""
    whole.receivers.answers |= {URL: [204], "https://new.example/": [204]}
    anna, body = caller(whole, "anna"), {"url": URL, "types": ["*"]}
    for _ in range(30):
        made = anna.post("/v1/webhooks", body).get_json()
        whole.settle(timedelta(seconds=1))
        assert anna.ask("DELETE", f"/v1/webhooks/{made['id']}").status_code == 204
    path = f"/v1/webhooks/{create(whole)['id']}"
    assert problem(anna.ask("PATCH", path, {"url": "https://10.0.0.1/"}), 422, "refused-by-rule")
    for number in range(10):
        changed = anna.ask("PATCH", path, {"url": (URL, "https://new.example/")[(number + 1) % 2]})
        assert changed.status_code == 200, changed.get_json()
        whole.settle(timedelta(seconds=1))
    for number in range(9):
        key = f"test-{number}"
        assert [anna.post(f"{path}/test", Idempotency_Key=key).status_code for _ in range(2)] == [202, 202]
        whole.settle(timedelta(seconds=1))

    assert posted(whole) == 50
    for refused in (
        anna.post("/v1/webhooks", body), anna.post(f"{path}/test"),
        anna.ask("PATCH", path, {"url": "https://third.example/"}),
    ):  # fmt: skip
        assert problem(refused, 409, "conflict") == [("", "webhook-tests")]
    assert anna.get(path).get_json()["status"] == "active", "it stays as it was"
    whole.settle(timedelta(seconds=1))
    assert posted(whole) == 50
    create(whole, "bo")
    whole.settle(DAY)
    assert anna.post(f"{path}/test").status_code == 202


def test_a_test_is_not_sent_again(whole: Whole) -> None:
    made = create(whole)
    anna, path = caller(whole, "anna"), f"/v1/webhooks/{made['id']}/deliveries"
    (test,) = anna.get(path).get_json()["items"]

    assert problem(anna.post(f"{path}/{test['id']}/retry"), 409, "conflict") == [("", "webhook-test-again")]


def test_of_a_source_and_subject_no_two_events_have_one_number(whole: Whole) -> None:
    """An offer and its escrow share the subject, and are numbered apart."""
    create(whole)
    whole.hired(whole.published(), "bo")
    found = [(event["source"], event["subject"], event["sequence"]) for event in sent(whole)]

    assert len(set(found)) == len(found)
    assert len({(subject, number) for _, subject, number in found}) < len(found)


def test_the_filter_by_listing_takes_all_of_its_offers_and_their_escrows(whole: Whole) -> None:
    """By webhook, from the log and on the stream alike."""
    listing_id, second = whole.published(seats=2), listing() | {"leaving_on": "2027-06-01"}
    other = Caller(whole.apps["listing"], "anna").post("/v1/listings", second).get_json()["id"]
    whole.call("listing", "anna", f"/v1/listings/{other}/submit")
    create(whole, listing_id=listing_id)
    offer_id = whole.hired(listing_id, "bo")
    whole.funded(other, "cas")
    disputed = whole.funded(listing_id, "dan")
    whole.call("escrow", "dan", f"/v1/escrows/{disputed}/dispute", {"reason": "other"})
    whole.settle()
    anna = caller(whole, "anna")

    def all_of(query: str) -> list[dict[str, Any]]:
        items = anna.get(f"/v1/events?limit=100&{query}").get_json()["items"]
        return [each["event"] for each in items]

    wanted = [event for event in all_of("") if event["data"].get("listing_id") == listing_id]
    found = all_of(f"listing_id={listing_id}")
    assert {"escrow.settled", "dispute.opened", "hire.confirmed", "listing.created"} <= {each["type"] for each in found}
    assert found == wanted and {offer_id, disputed} <= {each["subject"] for each in found}
    assert {each["data"]["listing_id"] for each in all_of("types=escrow.*,dispute.*")} == {listing_id, other}
    assert {each["id"] for each in sent(whole)} == {e["id"] for e in found if not e["type"].startswith("listing.")}
    entries = after(whole.stores["notify"], 0, 1_000)
    streamed = [each.id for each in entries if Wanted(anna.id, listing_id=listing_id).has(each)]
    assert streamed == [each["id"] for each in found]


def test_what_failed_is_sent_again_one_or_all_since(whole: Whole) -> None:
    made = create(whole)
    anna, path = caller(whole, "anna"), f"/v1/webhooks/{made['id']}"
    whole.receivers.answers[URL] = [(400, {"webhook-delivery": "abort-message"})]
    whole.published()
    failed = anna.get(f"{path}/deliveries?status=failed").get_json()["items"]
    assert {each["given_up_for"] for each in failed} == {"aborted"} and len(failed) >= 2
    assert anna.get(f"{path}/deliveries/{failed[0]['id']}").get_json()["given_up_for"] == "aborted"
    before = len(sent(whole))
    whole.receivers.answers[URL] = [200]

    one = anna.post(f"{path}/deliveries/{failed[0]['id']}/retry")
    assert (one.status_code, one.get_json()["status"]) == (202, "waiting")
    whole.settle()
    assert len(sent(whole)) == before + 1
    assert anna.post(f"{path}/replay", {"since": "2027-01-01T00:00:00Z"}).status_code == 202
    whole.settle(timedelta(seconds=2))

    assert anna.get(f"{path}/deliveries?status=failed").get_json()["items"] == []
    assert len(sent(whole)) == before + len(failed)
    assert anna.get(path).get_json()["replay_since"] is None


def test_the_log_of_attempts_is_read_by_status_type_and_time(whole: Whole) -> None:
    made = create(whole)
    anna, path = caller(whole, "anna"), f"/v1/webhooks/{made['id']}/deliveries"
    whole.published()
    whole.settle(timedelta(hours=1))

    def ids(query: str) -> list[str]:
        return [each["id"] for each in anna.get(f"{path}?{query}").get_json()["items"]]

    everything = ids("limit=100")
    assert len(ids("type=listing.created")) == 1 and ids("status=failed") == []
    assert ids("since=2027-01-01T00:00:00Z&until=2027-01-02T00:00:00Z&limit=100") == everything
    assert ids("until=2027-01-01T00:00:00Z") == [] and ids("since=2027-01-01T00:30:00Z") == []
    page = anna.get(f"{path}?limit=1").get_json()
    assert [page["items"][0]["id"], *ids(f"limit=100&cursor={page['next']}")] == everything


def test_a_new_url_that_is_gone_switches_the_webhook_off(whole: Whole) -> None:
    """It answers its test with 410: nothing waits for it any longer. One that was never active has nothing to lose."""
    made, anna = create(whole), caller(whole, "anna")
    gone = "https://gone.example/in"
    whole.receivers.answers[gone] = [410, 410]
    path = f"/v1/webhooks/{made['id']}"
    assert anna.ask("PATCH", path, {"url": gone}).status_code == 200
    whole.published()
    whole.settle(DAY)

    shown = anna.get(path).get_json()
    assert (shown["status"], shown["disabled_for"]) == ("disabled", "gone")
    assert {each["status"] for each in anna.get(f"{path}/deliveries?limit=100").get_json()["items"]} <= {
        "delivered", "failed",
    }  # fmt: skip
    new = anna.post("/v1/webhooks", {"url": gone, "types": ["*"]}).get_json()
    whole.settle(timedelta(minutes=1))
    assert anna.get(f"/v1/webhooks/{new['id']}").get_json()["status"] == "pending"


def test_a_switched_off_webhook_is_told_to_its_owner_and_a_test_switches_it_on(whole: Whole) -> None:
    whole.verified("anna", "anna@example.org")
    made = create(whole)
    whole.receivers.answers[URL] = [410]
    whole.published()
    whole.settle(DAY)
    anna, path = caller(whole, "anna"), f"/v1/webhooks/{made['id']}"
    assert (anna.get(path).get_json()["status"], anna.get(path).get_json()["disabled_for"]) == ("disabled", "gone")
    told = [each for each in anna.get("/v1/notifications").get_json()["items"] if each["kind"] == "webhook.disabled"]
    assert len(told) == 1 and "hook.example" in told[0]["text"] and made["id"] in told[0]["text"]
    assert sent(whole)[0]["type"] in told[0]["text"] and sent(whole)[0]["id"] in told[0]["text"]
    assert any("webhook" in str(mail["Subject"]) for to, mail in whole.mails if to == "anna@example.org")

    assert [violation for result in verify(whole.snapshot()) for violation in result.violations] == []
    whole.receivers.answers[URL] = [200]
    assert anna.post(f"{path}/test").status_code == 202
    whole.settle()
    assert anna.get(path).get_json()["status"] == "active"


def test_a_forgotten_person_has_no_webhook(whole: Whole) -> None:
    made = create(whole, headers=[{"name": "X-Key", "value": "hush"}])
    assert Caller(whole.apps["matching"], "anna").ask("DELETE", "/v1/me").status_code == 202
    for _ in range(6):
        whole.settle(timedelta(seconds=2))

    stored = str(list(whole.stores["notify"].collection.find({"kind": {"$in": ["webhook", "delivery", "webhooks"]}})))
    assert "hook.example" not in stored and "X-Key" not in stored
    problem(caller(whole, "anna").get(f"/v1/webhooks/{made['id']}"), 404, "not-found")


def test_deliveries_are_kept_as_long_as_the_events(whole: Whole) -> None:
    made = create(whole)
    anna = caller(whole, "anna")
    whole.settle(90 * DAY - timedelta(minutes=1))
    assert len(anna.get(f"/v1/webhooks/{made['id']}/deliveries").get_json()["items"]) == 1

    whole.settle(timedelta(minutes=2))

    assert anna.get(f"/v1/webhooks/{made['id']}/deliveries").get_json()["items"] == []


@pytest.mark.parametrize("name", ["Webhook-Id", "CONTENT-TYPE", "host", "transfer-encoding", "X Y", "-x", "x" * 65])
def test_a_header_that_carries_the_message_is_not_the_owners(whole: Whole, name: str) -> None:
    body = {"url": URL, "types": ["*"], "headers": [{"name": name, "value": "v"}]}

    problem(caller(whole, "anna").post("/v1/webhooks", body), 422, "invalid")


@pytest.mark.parametrize("name", ["Authorization", "X-Key", "Hostess", "ten", "connection-id"])
def test_any_other_header_is(whole: Whole, name: str) -> None:
    assert create(whole, headers=[{"name": name, "value": "v"}])["id"]
