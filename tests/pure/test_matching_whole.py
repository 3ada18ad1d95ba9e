"""From a profile to a review, through the four services in memory: real apps, real events, no processes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.hires import listing
from tests.support.web import Caller
from tests.support.whole import Whole

DEVELOPER = {"scheme": "ISCO-08", "code": "2512"}
HELLO = "Six years of payment systems. Would you help me?"


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path)


def get(whole: Whole, service: str, sub: str, path: str) -> dict[str, Any]:
    answer = Caller(whole.apps[service], sub).get(path)
    assert answer.status_code == 200, answer.get_json()
    said: dict[str, Any] = answer.get_json()
    return said


def _publish(whole: Whole, **changed: Any) -> None:
    """Another listing of anna's."""
    anna = Caller(whole.apps["listing"], "anna")
    made = anna.post("/v1/listings", listing(**changed) | {"leaving_on": "2027-06-01"})
    assert anna.post(f"{made.headers['Location']}/submit").status_code == 200
    whole.settle()


def codes(match: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in match["reasons"]]


def test_from_a_profile_to_a_review(whole: Whole) -> None:
    """A published listing is a match; an introduction follows; what came of it lifts the insider's next listing."""
    free = [{"kind": "coaching", "price": {"amount": 0, "currency": "EUR"}}]
    listing_id = whole.published(help=free, skills=["Kafka"])
    profile = {"occupations": [DEVELOPER], "skills": ["kafka"], "help": ["coaching"]}
    for sub in ("bo", "cas"):
        assert Caller(whole.apps["matching"], sub).ask("PUT", "/v1/me/profile", profile).status_code == 200

    (found,) = get(whole, "matching", "bo", "/v1/matches")["items"]
    assert (found["listing"]["listing_id"], codes(found)) == (listing_id, ["occupation", "skills", "help", "free"])
    assert get(whole, "listing", "bo", f"/v1/listings/{listing_id}")["title"] == "Backend engineer"

    offer = whole.call("matching", "bo", "/v1/offers",
                       {"listing_id": listing_id, "help": ["coaching"], "message": HELLO})  # fmt: skip
    path = f"/v1/offers/{offer['id']}"
    assert get(whole, "matching", "anna", path)["messages"][0]["text"] == HELLO
    assert get(whole, "matching", "bo", "/v1/account")["reservations"][0]["offer_id"] == offer["id"]
    assert get(whole, "matching", "bo", "/v1/matches")["items"] == []
    whole.call("matching", "anna", f"{path}/accept")
    whole.call("matching", "bo", f"{path}/confirm-hire", {"start_on": "2027-01-02"})
    whole.call("matching", "bo", f"{path}/reviews", {"stars": 5, "text": "Worth every evening."})

    told = get(whole, "notify", "anna", "/v1/notifications")["items"]
    assert "You have a review" in {each["subject"] for each in told}
    assert "every evening" not in str(told)
    whole.verified("bo", "bo@example.org")
    whole.settle(timedelta(days=7))
    insider = found["listing"]["insider"]
    assert get(whole, "matching", "cas", f"/v1/insiders/{insider}")["reviews"][0]["text"] == "Worth every evening."
    _publish(whole, help=free, skills=["Kafka"], title="Data engineer")
    (again,) = get(whole, "matching", "cas", "/v1/matches")["items"]
    assert codes(again) == [*codes(found), "gave"]


def test_nothing_that_is_written_leaves_matching(whole: Whole) -> None:
    """No topic and no other service's documents have a word of a message or a review."""
    listing_id = whole.published(help=[{"kind": "coaching", "price": {"amount": 0, "currency": "EUR"}}])
    offer = whole.call("matching", "bo", "/v1/offers",
                       {"listing_id": listing_id, "help": ["coaching"], "message": HELLO})  # fmt: skip
    path = f"/v1/offers/{offer['id']}"
    whole.call("matching", "anna", f"{path}/accept")
    whole.call("matching", "bo", f"{path}/confirm-hire", {"start_on": "2027-01-02"})
    whole.call("matching", "bo", f"{path}/reviews", {"stars": 5, "text": "Worth every evening."})

    records = str(whole.broker.records())
    others = str([list(whole.stores[name].collection.find({})) for name in ("listing", "escrow", "notify")])
    for words in ("payment systems", "every evening"):
        assert words in str(list(whole.stores["matching"].collection.find({})))
        assert words not in records + others


def test_accounts_of_one_mailbox_are_one_person(whole: Whole) -> None:
    """Whatever the address says: they are no two people to deal with each other, and one in a record."""
    free = [{"kind": "coaching", "price": {"amount": 0, "currency": "EUR"}}]
    listing_id = whole.published(help=free, seats=5)
    for sub, email in (
        ("bo", "dora+x@gmail.com"),
        ("cas", "d.o.r.a@googlemail.com"),
        ("eva", "Dora@GMail.com"),
        ("fay", "dora@example.org"),
        ("anna", "anna+me@example.org"),
        ("ann", "anna@example.org"),
    ):
        whole.verified(sub, email)
    insider = Caller(whole.apps["matching"], "anna").id
    for sub in ("bo", "cas", "eva", "fay"):
        offer_id = whole.accepted(listing_id, sub)
        whole.call("matching", sub, f"/v1/offers/{offer_id}/confirm-hire", {"start_on": "2027-01-04"})

    assert get(whole, "matching", "bo", f"/v1/insiders/{insider}")["hires"] == 2
    own = Caller(whole.apps["matching"], "ann").post("/v1/offers", {"listing_id": listing_id, "help": ["coaching"]})
    assert (own.status_code, [each["rule"] for each in own.get_json()["errors"]]) == (422, ["no-self-dealing"])
