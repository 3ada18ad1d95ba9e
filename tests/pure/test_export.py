"""Every text that people write is in the export of whom it concerns, and nowhere any more once they are forgotten."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.verify import verify
from services.notify.addresses import code_of
from tests.support.canaries import EXEMPT, OF_STAFF, PLANTED, PUBLIC, canary, texts
from tests.support.hires import listing
from tests.support.web import Caller
from tests.support.whole import Whole

SHARES = ("listing", "matching", "escrow", "notify")


def test_each_text_is_planted_or_exempt() -> None:
    """Who adds a text that people write says here whether it is theirs, and then sees it exported and erased below."""
    assert texts() == {*PLANTED, *EXEMPT}


class Story:
    """Anna lists; bo, cas and dee ask for her help, and each agreement ends in its own way."""

    def __init__(self, folder: Path) -> None:
        self.whole = Whole(folder)
        self.exported = ""

    def ask(self, service: str, sub: str, method: str, path: str, body: Any = None, *roles: str) -> Any:
        answer = Caller(self.whole.apps[service], sub, roles).ask(method, path, body)
        assert answer.status_code < 300, answer.get_json()
        self.whole.settle()
        return answer.get_json()

    def post(self, service: str, sub: str, path: str, body: Any = None, *roles: str) -> Any:
        return self.ask(service, sub, "POST", path, body, *roles)

    def play(self) -> None:
        self.addresses()
        self.webhooks()
        listing_id = self.listings()
        self.hire_with_a_dispute(listing_id)
        self.hire_by_an_arbiter(listing_id)
        self.called_off(listing_id)
        self.reported(listing_id)
        self.whole.settle(timedelta(days=1))
        self.read_exports()

    def addresses(self) -> None:
        """The whole address is the canary."""
        for kind, operation, domain in (("contact", "putContact", "example.org"),
                                        ("work-mail", "putWorkMail", self.domain)):  # fmt: skip
            email = f"{canary(operation, '/email')}@{domain}"
            self.ask("notify", "anna", "PUT", f"/v1/me/{kind}", {"email": email})
            document_id = f"{kind.replace('-', '_')}:{Caller(self.whole.apps['notify'], 'anna').id}"
            nonce = (self.whole.stores["notify"].get(document_id) or {})["code"]["nonce"]
            code = code_of(b"k" * 40, document_id, nonce)
            self.post("notify", "anna", f"/v1/me/{kind}/verify", {"code": code})
        profile = {name: [canary("putProfile", f"/{name}/*")] for name in ("regions", "skills")}
        self.ask("matching", "anna", "PUT", "/v1/me/profile", profile)
        self.ask("escrow", "anna", "PUT", "/v1/me/payout", {"account": f"acct_{canary('putPayout', '/account')}"})

    def webhooks(self) -> None:
        """One as it was made; one that was changed since."""
        made = self.post("notify", "anna", "/v1/webhooks", {"types": ["*"], **self.receiver("createWebhook")})
        self.post("notify", "anna", f"/v1/webhooks/{made['id']}/test")
        changed = self.post("notify", "anna", "/v1/webhooks", {"types": ["*"], "url": "https://hook.example/"})
        self.ask("notify", "anna", "PATCH", f"/v1/webhooks/{changed['id']}", self.receiver("changeWebhook"))

    def receiver(self, operation: str) -> dict[str, Any]:
        name = canary(operation, "/headers/*/name")
        return {
            "url": f"https://{canary(operation, '/url')}.example/hook",
            "headers": [{"name": name, "value": "a secret of the receiver's"}],
        }

    @property
    def domain(self) -> str:
        return f"{canary('createListing', '/employer/domain')}.example.org"

    def body(self, operation: str, **changed: Any) -> dict[str, Any]:
        domain = f"{canary(operation, '/employer/domain')}.example.org"
        return {
            "title": canary(operation, "/title"),
            "employer": {"name": canary(operation, "/employer/name"), "domain": domain},
            "region": canary(operation, "/region"),
            "duties": [canary(operation, "/duties/*")],
            "skills": [canary(operation, "/skills/*")],
            "consent": {"who": canary(operation, "/consent/who"), "how": "letter", "on": "2026-12-01"},
            **changed,
        }

    def listings(self) -> str:
        """One that lives; one that a moderator gives back; one that is removed."""
        ids = []
        for changed in ({"seats": 5}, {"duties": ["Call +31 6 1234 5678"]}, {}):
            body = listing(**self.body("createListing", leaving_on="2027-06-01", **changed))
            ids.append(self.post("listing", "anna", "/v1/listings", body)["id"])
            self.post("listing", "anna", f"/v1/listings/{ids[-1]}/submit")
            self.whole.settle(timedelta(seconds=1))
        for listing_id, command in ((ids[1], "return"), (ids[2], "remove")):
            said = {"reason": "unclear", "note": canary(f"{command}Listing", "/note")}
            self.post("listing", "mo", f"/v1/listings/{listing_id}/{command}", said, "moderator")
        self.ask("listing", "anna", "PATCH", f"/v1/listings/{ids[1]}", self.body("reviseListing"))
        return str(ids[0])

    def offered(self, listing_id: str, seeker: str, message: str = "") -> str:
        body = {"listing_id": listing_id, "help": ["coaching"]} | ({"message": message} if message else {})
        return f"/v1/offers/{self.post('matching', seeker, '/v1/offers', body)['id']}"

    def funded(self, path: str, seeker: str) -> str:
        escrow = path.replace("offers", "escrows")
        self.post("escrow", seeker, f"{escrow}/fund", {"source": "tok_visa"})
        return escrow

    def hire_with_a_dispute(self, listing_id: str) -> None:
        path = self.offered(listing_id, "bo", canary("makeOffer", "/message"))
        price = {"amount": 40_000, "currency": "EUR"}
        self.post("matching", "anna", f"{path}/counter",
                  {"price": price, "message": canary("counterOffer", "/message")})  # fmt: skip
        self.post("matching", "bo", f"{path}/accept")
        application = {"reference": canary("nameApplication", "/reference")}
        self.ask("matching", "bo", "PUT", f"{path}/application", application)
        escrow = self.funded(path, "bo")
        self.post("escrow", "bo", f"{escrow}/dispute", {"reason": canary("disputeEscrow", "/reason")})
        self.read_exports()
        decision = {"decision": "return", "reason": canary("resolveDispute", "/reason")}
        self.post("escrow", "ari", f"{escrow}/dispute/resolve", decision, "arbiter")
        evidence = [{"kind": "offer_letter", "sha256": canary("claimHire", "/evidence/*/sha256")}]
        self.post("matching", "anna", f"{path}/claim-hire", {"start_on": "2027-01-04", "evidence": evidence})
        self.post("matching", "bo", f"{path}/confirm-hire", {"start_on": "2027-01-04"})
        self.post("matching", "bo", f"{path}/reviews", {"stars": 4, "text": canary("reviewOffer", "/text")})

    def hire_by_an_arbiter(self, listing_id: str) -> None:
        path = self.offered(listing_id, "cas")
        self.post("matching", "anna", f"{path}/accept")
        self.funded(path, "cas")
        said = {"start_on": "2027-01-04", "reason": canary("confirmHire", "/reason")}
        self.post("matching", "ari", f"{path}/confirm-hire", said, "arbiter")
        self.post("matching", "anna", f"{path}/reviews", {"stars": 1, "text": "Something rude"})
        said = {"of": "insider", "reason": canary("removeReviewText", "/reason")}
        self.post("matching", "mo", f"{path}/reviews/remove-text", said, "moderator")

    def called_off(self, listing_id: str) -> None:
        path = self.offered(listing_id, "dee")
        self.post("matching", "anna", f"{path}/accept")
        self.funded(path, "dee")
        self.post("matching", "anna", f"{path}/cancel", {"reason": canary("cancelOffer", "/reason")})

    def reported(self, listing_id: str) -> None:
        """Bo reports the listing and her; moderators write down why nothing is done."""
        anna = Caller(self.whole.apps["matching"], "anna").id
        for service, path, queue, name in (
            ("listing", f"/v1/listings/{listing_id}/reports", f"/v1/reports/{listing_id}", "Reports"),
            ("matching", f"/v1/insiders/{anna}/reports", f"/v1/insider-reports/{anna}", "InsiderReports"),
        ):
            report = "reportListing" if service == "listing" else "reportInsider"
            self.post(service, "bo", path, {"reason": "fraud", "text": canary(report, "/text")})
            decision = {"decision": "keep", "note": canary(f"decide{name}", "/note")}
            self.post(service, "mo", f"{queue}/decide", decision, "moderator")

    # -- what is seen

    def read_exports(self) -> None:
        """All pages of all shares of anna's and bo's, one item a page."""
        for sub in ("anna", "bo"):
            self.exported += "".join(json.dumps(page) for service in SHARES for page in self.pages(service, sub))

    def pages(self, service: str, sub: str) -> Iterator[dict[str, Any]]:
        path: str | None = f"/v1/me/export/{service}?limit=1"
        while path:
            page = self.ask(service, sub, "GET", path)
            yield page
            path = f"/v1/me/export/{service}?limit=1&cursor={page['next']}" if page["next"] else None

    def leave(self, sub: str) -> None:
        self.ask("matching", sub, "DELETE", "/v1/me")
        for _ in range(8):
            self.whole.settle(timedelta(seconds=2))

    def kept(self, *services: str) -> str:
        """All documents of these services, or of all, without their events and notify's log of them."""
        found = (doc for name in services or SHARES for doc in self.whole.stores[name].collection.find())
        documents = [doc for doc in found if doc["kind"] != "event"]
        return repr([{k: v for k, v in doc.items() if k != "events"} for doc in documents])

    def events(self) -> str:
        found = [doc for store in self.whole.stores.values() for doc in store.collection.find()]
        documents = [doc if doc["kind"] == "event" else doc.get("events") for doc in found]
        return repr(documents) + repr(self.whole.broker.records())


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    told = Story(tmp_path_factory.mktemp("story"))
    told.play()
    return told


def left_in(text: str, *allowed: str) -> list[str]:
    return [f"{field}" for field, why in PLANTED.items() if canary(*field) in text and why not in allowed]


def test_everything_is_exported_then_forgotten(story: Story, caplog: pytest.LogCaptureFixture) -> None:
    """Anna leaves: of all that was written, by her and about her, nothing is left; what is bo's alone is."""
    caplog.set_level(logging.DEBUG)
    missing = [field for field, why in PLANTED.items() if why != OF_STAFF and canary(*field) not in story.exported]
    assert missing == []
    assert len(left_in(story.kept())) > len(PLANTED) - 3  # some were replaced meanwhile
    story.ask("notify", "bo", "PUT", "/v1/me/contact", {"email": "bo@example.org"})

    story.leave("anna")

    assert left_in(story.kept(), PUBLIC) == left_in(story.events(), PUBLIC) == []
    assert left_in(story.kept("listing", "escrow", "notify")) == []  # matching has copies of what events say
    assert left_in(caplog.text) == []
    assert "bo@example.org" in story.kept() and "bo@example.org" not in story.events()
    assert [v for result in verify(story.whole.snapshot()) for v in result.violations] == []
    story.leave("bo")
    assert "bo@example.org" not in story.kept()


def test_nothing_of_it_is_a_dead_letter(story: Story) -> None:
    assert story.whole.broker.records(*(f"{service}.dead" for service in SHARES)) == []


def test_the_export_says_where_the_shares_are(story: Story) -> None:
    said = story.ask("matching", "cas", "GET", "/v1/me/export")

    assert said["person_id"] == Caller(story.whole.apps["matching"], "cas").id
    assert said["shares"] == [{"service": name, "href": f"/v1/me/export/{name}"} for name in SHARES]
    for share in said["shares"]:
        assert next(story.pages(share["service"], "cas"))["person_id"] == said["person_id"]


def test_nobody_gets_anothers(story: Story) -> None:
    """A stranger's shares are empty; of a party's there is only what they may see anyway."""
    for service in SHARES:
        (page,) = story.pages(service, "stranger")
        assert page["items"] == []
