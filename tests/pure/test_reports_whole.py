"""Anyone may report, in one whole: what three people bring about, what a moderator decides, and who is told of it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.listing.api_policies import in_language
from shared.settings import Terms
from tests.support.web import Caller
from tests.support.whole import Whole

FRAUD = {"reason": "fraud", "text": "It wants a deposit kanarireport"}
WORKS = ("bo", "cas", "dee")


class Reported:
    """Anna's listing is published."""

    def __init__(self, folder: Path, listing: Mapping[str, Any] | None = None) -> None:
        self.whole = Whole(folder)
        self.id = self.whole.published(**(listing or {}))

    @property
    def path(self) -> str:
        return f"/v1/listings/{self.id}/reports"

    def by(self, *people: str, body: Mapping[str, Any] = FRAUD) -> list[int]:
        answers = [Caller(self.whole.apps["listing"], sub).post(self.path, dict(body)) for sub in people]
        self.whole.settle()
        return [answer.status_code for answer in answers]

    def anonymous(self, address: str, path: str = "", body: Mapping[str, Any] = FRAUD, **headers: str) -> TestResponse:
        service = "matching" if "insiders" in path else "listing"
        client = self.whole.apps[service].test_client()
        where = {"REMOTE_ADDR": address}
        return client.post(path or self.path, json=dict(body), environ_base=where, headers=headers)

    def decide(self, decision: str, sub: str = "mo", **more: Any) -> TestResponse:
        body = {"decision": decision, **more}
        answer = Caller(self.whole.apps["listing"], sub, ("moderator",)).post(f"/v1/reports/{self.id}/decide", body)
        self.whole.settle()
        return answer

    def queue(self, status: str = "open", sub: str = "mo") -> list[Any]:
        asker = Caller(self.whole.apps["listing"], sub, ("moderator",))
        items: list[Any] = asker.get(f"/v1/reports?status={status}").get_json()["items"]
        return items

    def state(self) -> str:
        return str(Caller(self.whole.apps["listing"], "anna").get(f"/v1/listings/{self.id}").get_json()["status"])

    def is_found(self) -> bool:
        found = Caller(self.whole.apps["listing"], "eve").get("/v1/listings").get_json()["items"]
        return self.id in [each["id"] for each in found]

    def told(self, sub: str) -> list[str]:
        items = Caller(self.whole.apps["notify"], sub).get("/v1/notifications").get_json()["items"]
        return [each["kind"] for each in items]


@pytest.fixture
def reported(tmp_path: Path) -> Reported:
    return Reported(tmp_path)


def test_three_people_have_it_rest_and_a_moderator_keeps_it(reported: Reported) -> None:
    """Out of the search, offers go on; then it is found again, everyone is told, and the same three change nothing."""
    made = reported.whole.accepted(reported.id, "sam")
    assert reported.by("bo", "cas") == [202, 202]
    assert (reported.state(), reported.is_found()) == ("published", True)

    assert reported.by("dee") == [202]
    assert (reported.state(), reported.is_found()) == ("in_review", False)
    assert "listing.rested" in reported.told("anna")
    offer = Caller(reported.whole.apps["matching"], "sam").get(f"/v1/offers/{made}").get_json()
    assert offer["status"] == "accepted"

    (record,) = reported.queue()
    assert (record["id"], record["people"], record["addresses"]) == (reported.id, 3, 0)
    assert record["reasons"] == [{"reason": "fraud", "count": 3}]
    assert reported.decide("keep", note="It is genuine").status_code == 200
    assert (reported.state(), reported.is_found(), reported.queue()) == ("published", True, [])
    assert "listing.kept" in reported.told("anna")
    assert [reported.told(sub) for sub in WORKS] == [["report.decided"]] * 3

    assert reported.by(*WORKS) == [202] * 3
    assert (reported.state(), reported.queue()) == ("published", [])


def test_a_moderator_removes_it(reported: Reported) -> None:
    """It is removed as a moderator does it, with the reason that most named."""
    reported.by(*WORKS)
    answer = reported.decide("remove")

    assert (answer.status_code, reported.state()) == (200, "removed")
    assert "listing.removed" in reported.told("anna")
    assert [reported.told(sub)[0] for sub in WORKS] == ["report.decided"] * 3
    assert reported.decide("keep").status_code == 409
    assert len(reported.queue("decided")) == 1


def test_accounts_of_one_mailbox_are_one_reporter(reported: Reported) -> None:
    """With a tag, or none: the answer is the same, and nothing rests before others have reported it."""
    for number, sub in enumerate(WORKS):
        reported.whole.verified(sub, f"one+{number or 'x'}@mail.example")
    reported.whole.settle()

    assert reported.by(*WORKS) == [202] * 3
    (record,) = reported.queue()
    assert (record["people"], reported.state()) == (1, "published")
    reported.by("eve", "fay")
    assert reported.state() == "in_review"
    reported.decide("keep")
    assert [reported.told(sub).count("report.decided") for sub in (*WORKS, "eve")] == [1, 0, 0, 1]


def test_accounts_of_one_mailbox_report_an_insider_once(reported: Reported) -> None:
    """An insider is reported by people as a listing is."""
    anna = Caller(reported.whole.apps["matching"], "anna").id
    for sub in ("bo", "cas"):
        reported.whole.verified(sub, "one@mail.example")
    reported.whole.settle()
    for sub in ("bo", "cas"):
        Caller(reported.whole.apps["matching"], sub).post(f"/v1/insiders/{anna}/reports", dict(FRAUD))

    moderator = Caller(reported.whole.apps["matching"], "mo", ("moderator",))
    (record,) = moderator.get("/v1/insider-reports").get_json()["items"]
    assert (record["people"], record["addresses"]) == (1, 0)


@pytest.mark.parametrize("decision", ["keep", "remove"])
def test_one_report_is_decided_without_a_rest(reported: Reported, decision: str) -> None:
    """What one person reports stays published until a moderator has decided."""
    reported.by("bo")
    reported.decide(decision)

    assert reported.state() == {"keep": "published", "remove": "removed"}[decision]
    assert reported.told("bo") == ["report.decided"]


def test_a_paused_listing_is_paused_again(reported: Reported) -> None:
    reported.whole.call("listing", "anna", f"/v1/listings/{reported.id}/pause")
    reported.by(*WORKS)
    rested = reported.state()
    reported.decide("keep")

    assert (rested, reported.state()) == ("in_review", "paused")


def test_one_who_reports_a_hundred_times_is_one(reported: Reported) -> None:
    """A person, or an address: the same answer each time, one report, and nothing rests."""
    statuses = {*reported.by(*["bo"] * 100), *(reported.anonymous("203.0.113.9").status_code for _ in range(100))}
    reported.whole.settle()

    (record,) = reported.queue()
    assert statuses == {202}
    assert (record["people"], record["addresses"], len(record["reports"])) == (1, 1, 2)
    assert reported.state() == "published"


def test_many_addresses_do_not_have_it_rest(reported: Reported) -> None:
    """Whoever has many addresses is read by a moderator, and no more; of an address nothing is stored but a mark."""
    for number in range(120):
        assert reported.anonymous(f"198.51.100.{number}").status_code == 202
    reported.whole.settle()

    (record,) = reported.queue()
    stored = str(list(reported.whole.stores["listing"].collection.find()))
    assert (reported.state(), record["people"], record["addresses"], record["more"]) == ("published", 0, 100, 20)
    assert "198.51.100" not in stored


def test_reports_of_two_days_do_not_add_up(reported: Reported) -> None:
    reported.by("bo", "cas")
    reported.whole.settle(timedelta(days=1))
    reported.by("dee")
    assert reported.state() == "published"

    reported.by("eve", "fay")
    assert reported.state() == "in_review"


def test_new_people_have_it_rest_again(reported: Reported) -> None:
    """After it was kept: three others, not the same."""
    reported.by(*WORKS)
    reported.decide("keep")
    reported.by("eve", "fay", *WORKS)
    assert reported.state() == "published"

    reported.by("gus")
    assert reported.state() == "in_review"
    assert reported.decide("remove").status_code == 200
    assert (reported.told("gus"), reported.told("bo")) == (["report.decided"], ["report.decided"])


def test_time_goes_on_while_it_rests(reported: Reported) -> None:
    """It expires when it would have; a hire that was agreed before is counted."""
    reported.by(*WORKS)
    reported.whole.settle(timedelta(days=90))

    assert reported.state() == "expired"
    assert reported.decide("keep").status_code == 200
    assert reported.state() == "expired"


def test_a_hire_is_counted_while_it_rests(reported: Reported) -> None:
    offer = reported.whole.funded(reported.id, "sam")
    reported.by(*WORKS)
    reported.whole.call("matching", "sam", f"/v1/offers/{offer}/confirm-hire", {"start_on": "2027-01-04"})

    assert reported.state() == "filled"


@pytest.mark.parametrize("command", ["publish", "return"])
def test_a_listing_that_rests_is_decided_on_by_its_reports(reported: Reported, command: str) -> None:
    reported.by(*WORKS)
    moderator = Caller(reported.whole.apps["listing"], "mo", ("moderator",))
    body = {"reason": "unclear"} if command == "return" else None

    assert moderator.post(f"/v1/listings/{reported.id}/{command}", body).status_code == 409
    assert reported.state() == "in_review"


def test_what_is_refused(reported: Reported) -> None:
    """One's own, what is not there, what is not published, what says nothing; a moderator decides on nobody's own."""
    ask = Caller(reported.whole.apps["listing"], "bo").post
    own = Caller(reported.whole.apps["listing"], "anna").post(reported.path, FRAUD)
    assert (own.status_code, own.get_json()["errors"][0]["rule"]) == (422, "no-self-report")
    assert ask("/v1/listings/0197f0c5-0000-7000-8000-00000000beef/reports", FRAUD).status_code == 404
    assert reported.anonymous("203.0.113.9", "/v1/listings/0197f0c5-0000-7000-8000-00000000beef/reports"
                              ).status_code == 404  # fmt: skip
    other = ask(reported.path, {"reason": "other"})
    assert (other.status_code, other.get_json()["errors"][0]["pointer"]) == (422, "/text")
    assert ask(reported.path, {"reason": "boring"}).status_code == 422
    assert ask(reported.path, {**FRAUD, "text": "x" * 1001}).status_code == 422
    assert reported.anonymous("203.0.113.9", Authorization="Bearer nothing").status_code == 401
    assert reported.decide("keep").status_code == 404
    reported.by("bo")
    assert reported.decide("keep", sub="anna").status_code == 404
    assert reported.queue(sub="anna") == []
    assert Caller(reported.whole.apps["listing"], "bo").get("/v1/reports").status_code == 403
    reported.whole.call("listing", "anna", f"/v1/listings/{reported.id}/withdraw")
    assert reported.by("cas") == [404]


def test_an_address_makes_so_many_a_day(reported: Reported) -> None:
    """New ones, of whatever; a header that the client made up changes nothing of it."""
    paths = [f"/v1/insiders/p_{number:032x}/reports" for number in range(25)]
    forged = [{"X-Forwarded-For": f"10.1.1.{number}"} for number in range(25)]
    statuses = [reported.anonymous("9.9.9.9", path, **more).status_code
                for path, more in zip(paths, forged, strict=True)]  # fmt: skip

    assert statuses == [202] * 20 + [429] * 5


def test_an_insider_is_reported(reported: Reported) -> None:
    """They are told what was decided, as are those who reported; nothing rests by itself."""
    anna, app = Caller(reported.whole.apps["matching"], "anna"), reported.whole.apps["matching"]
    path = f"/v1/insiders/{anna.id}/reports"
    assert [Caller(app, sub).post(path, FRAUD).status_code for sub in WORKS] == [202] * 3
    assert anna.post(path, FRAUD).status_code == 422
    assert reported.anonymous("203.0.113.9", path).status_code == 202
    moderator = Caller(app, "mo", ("moderator",))
    (record,) = moderator.get("/v1/insider-reports").get_json()["items"]
    assert (record["id"], record["people"], record["addresses"]) == (anna.id, 3, 1)

    decided = moderator.post(f"/v1/insider-reports/{anna.id}/decide", {"decision": "act", "note": "Listings removed"})
    reported.whole.settle()

    assert (decided.status_code, reported.state()) == (200, "published")
    assert "insider_report.decided" in reported.told("anna")
    assert [reported.told(sub) for sub in WORKS] == [["insider_report.decided"]] * 3


def test_the_insider_never_learns_who_or_in_what_words(reported: Reported) -> None:
    """Neither do subscribers, nor others who look at the listing."""
    reported.by(*WORKS)
    reported.decide("keep", note="A note kanarinote")
    anna = Caller(reported.whole.apps["listing"], "anna")
    seen = [anna.get(path).text for path in (f"/v1/listings/{reported.id}", "/v1/me/export/listing")]
    seen.append(Caller(reported.whole.apps["notify"], "anna").get("/v1/notifications").text)
    events = str([record.value for record in reported.whole.broker.records("report.decided", "listing.rested")])

    ids = [Caller(reported.whole.apps["listing"], sub).id for sub in WORKS]
    assert [word for word in ("kanari", *ids) if word in str(seen)] == []
    assert "kanari" not in events


def test_what_is_kept_and_for_how_long(reported: Reported) -> None:
    """Marks of addresses a month, the rest three years; whoever is forgotten takes their words and their name along."""
    reported.by("bo", "cas")
    reported.anonymous("203.0.113.9")
    store, record = reported.whole.stores["listing"], f"report:{reported.id}"
    exported = Caller(reported.whole.apps["listing"], "bo").get("/v1/me/export/listing").get_json()["reports"]
    assert [(each["about"], each["text"]) for each in exported] == [(reported.id, FRAUD["text"])]

    Caller(reported.whole.apps["matching"], "bo").ask("DELETE", "/v1/me")
    reported.whole.settle()
    reported.whole.settle(timedelta(days=31))
    reports = (store.get(record) or {})["reports"]
    assert [sorted(each) for each in reports] == [
        ["at", "person", "reason"], ["at", "person", "reason", "text"], ["at", "reason", "text"]
    ]  # fmt: skip
    assert reports[0]["person"] == "erased"

    reported.whole.settle(timedelta(days=1096))
    left = store.get(record) or {}
    assert left["state"] == "new"
    assert "kanari" not in str(left) and "reports" not in left


def test_the_insider_is_forgotten(reported: Reported) -> None:
    """What was written about their listing goes; that it was reported, why and when stays."""
    reported.by("bo")
    Caller(reported.whole.apps["matching"], "anna").ask("DELETE", "/v1/me")
    reported.whole.settle(timedelta(minutes=1))
    record = reported.whole.stores["listing"].get(f"report:{reported.id}") or {}

    assert [each["reason"] for each in record["reports"]] == ["fraud"]
    assert "kanari" not in str(record)


@pytest.mark.parametrize(("language", "three_years"), [("en", "1096 days"), ("fr-CA", "1096 jours")])
def test_the_policy(reported: Reported, language: str, three_years: str) -> None:
    """For everybody, in both languages, as data and as a page, with the terms that are set here."""
    client = reported.whole.apps["listing"].test_client()
    plain = client.get("/v1/policies/reporting", headers={"Accept-Language": language})
    page = client.get("/v1/policies/reporting", headers={"Accept-Language": language, "Accept": "text/html"})

    assert (plain.status_code, plain.get_json()["language"]) == (200, language[:2])
    assert three_years in plain.text
    assert {"Accept", "Accept-Language"} <= {*plain.headers["Vary"].split(", ")}
    assert (page.content_type, three_years in page.text) == ("text/html; charset=utf-8", True)
    shorter = in_language(language[:2], Terms(reports_kept=timedelta(days=7), reports_to_rest=5))
    assert " 5 " in str(shorter) and "1096" not in str(shorter)
