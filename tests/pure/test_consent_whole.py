"""The employer's own consent, from the insider's question to what each is told: four services, over HTTP and mail."""

import html
import re
import smtplib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from shared import links
from tests.support.hires import listing
from tests.support.web import Caller, problem
from tests.support.whole import KEY, Whole

LICENCE = {"place": "CA-ON", "number": "DEV-1", "valid_until": "2028-12-31"}
TORONTO: dict[str, Any] = {
    "country": "CA", "subdivision": "CA-ON", "region": "Toronto",
    "pay": {"min": 9_000_000, "max": 11_000_000, "currency": "CAD", "per": "year"},
    "employer": {"name": "Acme & Co", "domain": "acme.example"},
    "acknowledges": ["no_confidential_matter"],
}  # fmt: skip
RULE = "employer-consent-ca"
BROWSER = {"Accept": "text/html", "Accept-Language": "en"}
NOT_FOREIGN = {"foreign_national": False}


def priced(kind: str, amount: int, currency: str = "CAD") -> dict[str, Any]:
    return {"kind": kind, "price": {"amount": amount, "currency": currency}}


HELP = [priced("good_word", 50_000), priced("reference", 30_000), priced("coaching", 20_000)]


class World:
    """A listing of anna's in Toronto, whose employer is registered and answers at people@."""

    def __init__(self, folder: Path) -> None:
        self.whole = Whole(folder, licences=[LICENCE])
        self.anna = Caller(self.whole.apps["listing"], "anna")
        body = {"name": "Acme & Co", "domain": "acme.example", "mailboxes": ["people", "hr"]}
        self.whole.call("matching", "olga", "/v1/employers", body, "operator")
        self.whole.verified("anna", "anna@example.org")
        self.whole.verified("bo", "bo@example.org")
        self.id = self.whole.published(**TORONTO, help=HELP)
        self.path = f"/v1/listings/{self.id}"

    def shown(self) -> dict[str, Any]:
        said: dict[str, Any] = self.anna.get(self.path).get_json()
        return said

    def write(self, body: dict[str, Any]) -> str:
        return str(self.anna.post("/v1/listings", body).get_json()["id"])

    def submit(self) -> None:
        assert self.anna.post(f"{self.path}/submit").status_code == 200
        self.whole.settle()

    def ask(self, mailbox: str = "people", **headers: str) -> TestResponse:
        answer = self.anna.post(f"{self.path}/ask-consent", {"mailbox": mailbox}, **headers)
        self.whole.settle()
        return answer

    def link(self, mailbox: str = "people") -> str:
        """Asked; the link's path, out of the mail that came there."""
        assert self.ask(mailbox).status_code == 202
        return self.mailed(mailbox)

    def mailed(self, mailbox: str) -> str:
        mail = [mail for to, mail in self.whole.mails if to == f"{mailbox}@acme.example"][-1]
        return re.findall(r"/v1/employer-consents/\S+", plain(mail))[0]

    def open(self, link: str, **headers: str) -> TestResponse:
        return self.whole.apps["listing"].test_client().get(link, headers=headers)

    def send(self, link: str, answer: str, **headers: str) -> TestResponse:
        said = self.whole.apps["listing"].test_client().post(link, json={"answer": answer}, headers=headers)
        self.whole.settle()
        return said

    def consented(self) -> str:
        link = self.link()
        assert self.send(link, "consent").status_code == 200
        return link

    def offer(self, *help_: str, seeker: str = "bo") -> str:
        body = {"listing_id": self.id, "help": list(help_), "declares": NOT_FOREIGN}
        return str(self.whole.call("matching", seeker, "/v1/offers", body)["id"])

    def held(self, *help_: str, begin: bool = False) -> str:
        offer_id = self.offer(*help_)
        self.whole.call("matching", "anna", f"/v1/offers/{offer_id}/accept")
        self.whole.call("escrow", "bo", f"/v1/escrows/{offer_id}/fund", {"source": "tok_visa", "begin": begin})
        return offer_id

    def status(self, offer_id: str) -> tuple[str, str]:
        """The offer's and its escrow's."""
        get = lambda name, path: Caller(self.whole.apps[name], "bo").get(path).get_json()  # noqa: E731
        return get("matching", f"/v1/offers/{offer_id}")["status"], get("escrow", f"/v1/escrows/{offer_id}")["status"]

    def told(self, who: str) -> list[str]:
        """Subjects of what came by mail."""
        return [str(mail["Subject"]) for to, mail in self.whole.mails if to == f"{who}@example.org"]

    def notifications(self, who: str) -> list[Any]:
        items: list[Any] = Caller(self.whole.apps["notify"], who).get("/v1/notifications").get_json()["items"]
        return items

    def everything(self) -> list[Any]:
        return list(self.whole.stores["listing"].collection.find({"kind": "listing"}))


def plain(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_it_waits_for_the_employers_own_consent_and_is_published_by_it(world: World) -> None:
    """The insider's word is not enough, no moderator can do without; the answer in the mail publishes it."""
    waiting = world.shown()
    assert waiting["status"] == "in_review" and [each["rule"] for each in waiting["review"]["reasons"]] == [RULE] * 2
    assert "s. 426, secret commissions" in waiting["review"]["reasons"][0]["message"]
    moderator = Caller(world.whole.apps["listing"], "mo", ("moderator",))
    assert problem(moderator.post(f"{world.path}/publish"), 422, "refused-by-rule") == [("/consent", RULE)]

    link = world.link()
    asked = plain(world.whole.mails[-1][1])
    assert "a good word (CAD 500.00)" in asked.replace("\u00a0", " ") and "Backend" not in asked and "Acme" not in asked
    before = world.everything()
    page = html.unescape(world.open(link, **BROWSER).get_data(as_text=True))
    french = world.open(link, **BROWSER | {"Accept-Language": "fr-CA"}).get_data(as_text=True)
    read = world.open(link).get_json()
    assert world.everything() == before
    said = ("Acme & Co", "Backend engineer", "Run the payment", "CAD\u00a0500.00", "5\u00a0%", "January 1, 2028")
    assert [words for words in said if words not in page] == []
    assert '<form method="post">' in page and "script" not in page and world.anna.id not in page + str(read)
    assert '<html lang="fr">' in french and "Nous consentons" in french
    assert "500,00\u00a0CAD" in french and "1er janvier 2028" in french
    assert (read["status"], read["help"], read["fee_bps"]) == ("open", HELP, 500)

    done = world.send(link, "consent")

    assert (done.status_code, done.get_json()["status"]) == (200, "given")
    shown = world.shown()
    assert shown["status"] == "published"
    assert shown["consent"] == {
        "who": None, "how": None, "on": None, "by": "employer", "grade": 3, "at": "2027-01-01T00:00:00.000Z",
    }  # fmt: skip
    assert {"The employer consents", "Your listing is published"} <= set(world.told("anna"))
    records = str(world.whole.broker.records())
    assert "acme.example" not in records.lower() and '"consent_grade":3' in records.replace(" ", "")
    assert "acme.example" not in str(list(world.whole.stores["notify"].collection.find({"kind": "consent_mail"})))


class OneBroken(list[Any]):
    """What was mailed; the server of one mailbox takes none."""

    def append(self, mail: Any) -> None:
        if mail[0] == "people@acme.example":
            raise smtplib.SMTPRecipientsRefused({mail[0]: (550, b"no such mailbox")})
        super().append(mail)


def test_where_the_employers_server_takes_no_mail_the_insider_is_told(world: World) -> None:
    """Once for each link, by mail as well; another mailbox can be asked, and its answer counts."""
    world.whole.mails = OneBroken()
    assert world.ask().status_code == 202

    assert world.told("anna") == ["The employer could not be asked"]
    (told,) = [each for each in world.notifications("anna") if each["kind"] == "listing.consent_asked"]
    assert (told["listing_id"], told["status"]) == (world.id, "sent")
    assert world.send(world.link("hr"), "consent").status_code == 200
    assert world.told("anna").count("The employer could not be asked") == 1


def test_a_mailbox_of_the_insiders_own_is_not_asked_and_they_are_told(world: World) -> None:
    world.whole.verified("anna", "people@acme.example", "work-mail")
    world.whole.settle()
    before = len(world.whole.mails)
    assert world.ask().status_code == 202

    assert [to for to, _ in world.whole.mails[before:]] == ["anna@example.org"]
    assert world.told("anna")[-1] == "The employer could not be asked"


def test_by_the_pages_form(world: World) -> None:
    """As a browser sends it: the page then says how it stands, and offers to take it back."""
    link, form = world.link(), {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}

    done = world.whole.apps["listing"].test_client().post(link, data="answer=consent", headers=form)

    text = done.get_data(as_text=True)
    assert done.status_code == 200 and "You have consented" in text and 'value="withdraw"' in text
    assert 'value="consent"' not in text


def test_refused_it_is_a_draft_and_the_insider_is_told(world: World) -> None:
    """At price 0 it needs no consent; at a price it is not handed in again until the employer is asked again."""
    link = world.link()

    assert world.send(link, "refuse").get_json() == {"status": "refused", "employer": "Acme & Co"}

    assert world.shown()["status"] == "draft" and "The employer does not consent" in world.told("anna")
    assert problem(world.anna.post(f"{world.path}/submit"), 422, "refused-by-rule") == [("/consent", RULE)]
    assert problem(world.send(link, "consent"), 409, "conflict") == [("", "link-used")]
    free = [priced("good_word", 0), priced("coaching", 20_000)]
    assert world.anna.ask("PATCH", world.path, {"help": free}).status_code == 200
    world.submit()
    assert world.shown()["status"] == "published" and world.shown()["consent"] is None


def test_asked_again_after_a_refusal_it_waits(world: World) -> None:
    world.send(world.link(), "refuse")
    again = world.link("hr")

    assert world.anna.post(f"{world.path}/submit").status_code == 200
    world.whole.settle()
    assert world.shown()["status"] == "in_review"
    world.send(again, "consent")

    assert world.shown()["status"] == "published"
    assert [each["status"] for each in world.shown()["consent_asks"]] == ["refused", "given"]


def test_withdrawn_the_offers_that_have_not_begun_end_and_the_money_goes_back(world: World) -> None:
    """What has begun goes on, and both are told; help that needs no consent is left alone."""
    world.whole.settle()
    link = world.consented()
    held = world.held("good_word")
    assert world.status(held) == ("active", "held")

    done = world.send(link, "withdraw")

    assert done.get_json()["status"] == "withdrawn" and world.shown()["status"] == "draft"
    assert world.status(held) == ("cancelled", "refunded")
    reason = Caller(world.whole.apps["matching"], "bo").get(f"/v1/offers/{held}").get_json()["cancelled"]
    assert (reason["by"], reason["code"]) == ("system", "consent_ended")
    assert "The employer took its consent back" in world.told("anna")
    assert {"An offer was cancelled", "Your money went back to you"} <= set(world.told("bo"))
    hidden = Caller(world.whole.apps["listing"], "bo").get(world.path)
    assert hidden.status_code == 404
    assert problem(world.send(link, "withdraw"), 409, "conflict") == [("", "link-used")]
    assert problem(world.send(link, "consent"), 409, "conflict") == [("", "link-used")]
    assert world.shown()["status"] == "draft"


@pytest.mark.parametrize("again", [False, True], ids=["refused", "and given again"])
def test_what_rests_for_a_moderator_stays_so_whatever_the_employer_says(world: World, again: bool) -> None:
    """Neither a withdrawn consent nor another one leads past the moderator; then the employer's word counts."""
    link = world.consented()
    for sub in ("cas", "dee", "eve"):
        world.whole.call("listing", sub, f"{world.path}/reports", {"reason": "fraud"})
    assert world.shown()["status"] == "in_review"

    assert world.send(link, "withdraw").status_code == 200
    if again:
        world.consented()

    assert world.shown()["status"] == "in_review"
    assert problem(world.anna.post(f"{world.path}/submit"), 409, "conflict") == [("", "state")]
    world.whole.call("listing", "mo", f"/v1/reports/{world.id}/decide", {"decision": "keep"}, "moderator")
    assert world.shown()["status"] == ("published" if again else "draft")
    if not again:
        problem(world.anna.post(f"{world.path}/submit"), 422, "refused-by-rule")  # until the employer is asked again


def test_withdrawn_while_an_offer_has_begun(world: World) -> None:
    link = world.consented()
    begun = world.held("reference", begin=True)

    world.send(link, "withdraw")

    assert world.status(begun) == ("active", "held")
    for who in ("anna", "bo"):
        assert world.told(who).count("The employer took its consent back") == (2 if who == "anna" else 1)
    world.whole.call("matching", "bo", f"/v1/offers/{begun}/confirm-hire", {"start_on": "2027-01-04"})
    assert world.status(begun)[0] == "completed" and world.shown()["status"] == "filled"


def test_coaching_is_left_alone_and_a_proposal_ends(world: World) -> None:
    link = world.consented()
    coaching, proposed = world.held("coaching"), world.offer("good_word", seeker="cas")

    world.send(link, "withdraw")

    assert world.status(coaching) == ("active", "held")
    shown = Caller(world.whole.apps["matching"], "cas").get(f"/v1/offers/{proposed}").get_json()
    assert (shown["status"], shown["cancelled"]["code"]) == ("cancelled", "consent_ended")
    refused = Caller(world.whole.apps["matching"], "cas").post(
        "/v1/offers", {"listing_id": world.id, "help": ["coaching"], "declares": NOT_FOREIGN}
    )
    assert problem(refused, 409, "conflict") == [("/listing_id", "listing-published")]


def test_consent_covers_what_was_asked_and_less(world: World) -> None:
    """A lower price stands under it; a higher one, or one more kind of paid help, does not."""
    world.consented()
    revise = lambda *help_: world.anna.ask("PATCH", world.path, {"help": list(help_)})  # noqa: E731

    assert revise(priced("good_word", 40_000), HELP[1], HELP[2]).status_code == 200
    assert problem(revise(priced("good_word", 50_001)), 422, "refused-by-rule") == [("/consent", RULE)]
    assert revise(priced("good_word", 50_000)).status_code == 200
    world.whole.settle()

    assert world.shown()["status"] == "published" and world.shown()["consent"]["by"] == "employer"


def test_a_link_that_asks_for_less_than_the_listing_by_now(world: World) -> None:
    world.anna.post(f"{world.path}/withdraw")
    world.id = world.write(draft(priced("good_word", 10_000)))
    world.path = f"/v1/listings/{world.id}"
    link = world.link()
    world.anna.ask("PATCH", world.path, {"help": [priced("good_word", 20_000)]})

    assert world.open(link).get_json()["status"] == "changed"
    assert problem(world.send(link, "consent"), 409, "conflict") == [("", "consent-terms")]
    assert world.send(link, "refuse").status_code == 200


def draft(*help_: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return listing(**{**TORONTO, "help": list(help_), **changed}) | {"leaving_on": "2027-06-01"}


def test_links_that_are_worth_nothing(world: World) -> None:
    """Forged, expired, for another listing, for another purpose: 404, and nothing changed."""
    link = world.link()
    token = link.rpartition("/")[2]
    later, past = (world.whole.clock.now() + timedelta(days=days) for days in (1, -1))
    claims = links.read(KEY, links.EMPLOYER_CONSENT, token, world.whole.clock.now())
    other = world.write(draft(*HELP))
    before = world.everything()
    worthless = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        links.sign(KEY, links.EMPLOYER_CONSENT, claims, past),
        links.sign(KEY, links.EMPLOYER_CONSENT, {**claims, "listing": other}, later),
        links.sign(KEY, links.EMPLOYER_CONSENT, {**claims, "id": "another"}, later),
        links.sign(KEY, links.EMPLOYER_CONFIRMATION, claims, later),
        links.sign(b"x" * 40, links.EMPLOYER_CONSENT, claims, later),
    ]

    for each in worthless:
        path = f"/v1/employer-consents/{each}"
        assert (world.open(path).status_code, world.send(path, "consent").status_code) == (404, 404)
    assert "is not valid" in world.open("/v1/employer-consents/x.y", **BROWSER).get_data(as_text=True)
    assert world.send(link, "maybe").status_code == 422
    assert world.everything() == before


def test_who_may_ask_whom_and_how_often(world: World) -> None:
    assert problem(world.ask("boss"), 422, "refused-by-rule") == [("/mailbox", "employer-mailbox")]
    assert problem(world.ask("people@evil.example"), 422, "invalid") == [("/mailbox", "format")]
    stranger = Caller(world.whole.apps["listing"], "eve").post(f"{world.path}/ask-consent", {"mailbox": "people"})
    assert stranger.status_code == 404
    first = world.ask(Idempotency_Key="one")
    again = world.ask(Idempotency_Key="one")
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (202, 202, "true")
    assert [to for to, _ in world.whole.mails].count("people@acme.example") == 1
    assert [world.ask().status_code for _ in range(3)] == [202, 202, 429]
    world.whole.settle(timedelta(days=7))
    assert world.send(world.link(), "consent").status_code == 200
    assert problem(world.ask(), 409, "conflict") == [("", "consent-given")]


def test_an_own_mailbox_gets_no_link(world: World) -> None:
    """Who has the mailbox that answers for the employer as their own cannot answer for it."""
    world.whole.verified("anna", "people@acme.example", "work-mail")

    world.ask()

    assert "people@acme.example" not in [to for to, _ in world.whole.mails if "consent" in str(_["Subject"])]


def test_elsewhere_the_insiders_word_goes_on_to_suffice(world: World) -> None:
    """Until the employer says no: then no word makes up for it."""
    word = {"who": "Head of people", "how": "letter", "on": "2026-12-01"}
    euros = {"pay": {"min": 5_500_000, "max": 7_000_000, "currency": "EUR", "per": "year"}, "consent": word}
    there = {"country": "DE", "subdivision": None, **euros}
    body = draft(priced("good_word", 10_000, "EUR"), **there)
    world.id = world.write(body)
    world.path = f"/v1/listings/{world.id}"
    world.submit()
    assert world.shown()["status"] == "published"
    assert world.shown()["consent"] == word | {"by": "insider", "grade": 0, "at": None}

    world.send(world.link(), "refuse")

    assert world.shown()["status"] == "draft"
    assert problem(world.anna.post(f"{world.path}/submit"), 422, "refused-by-rule") == [
        ("/consent", "employer-consent")
    ]


def test_who_is_forgotten_takes_the_answers_along(world: World) -> None:
    link = world.consented()

    assert Caller(world.whole.apps["matching"], "anna").ask("DELETE", "/v1/me").status_code == 202
    world.whole.settle()

    kept = world.whole.stores["listing"].get(world.id) or {}
    assert not {"consent_links", "employer_word"} & kept.keys() and world.open(link).status_code == 404
