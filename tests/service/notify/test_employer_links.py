"""Asking an employer by mail: who may ask whom, what the mail says, and that neither name nor address stays."""

import html
import json
import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from services.notify.employer_links import TEXTS
from shared import links
from shared.aggregate import Store
from shared.ids import contact_mark, domain_mark, workplace_mark
from tests.support.notify import Mailbox, code_in, happened, part, reach, take
from tests.support.web import Caller, Ticking, problem

KEY = b"k" * 40
OFFER_ID, LISTING_ID = "0198f3a0-0000-7000-8000-000000000001", "0198f3a0-0000-7000-8000-000000000002"
IDS = {"offer_id": OFFER_ID, "listing_id": LISTING_ID}
PATH = f"/v1/employer-links/{OFFER_ID}"
BODY = {"offer_id": OFFER_ID, "address": "People@acme.example", "reference": "Bo Smith, application 46194062"}
ELSEWHERE = {**BODY, "address": "boss@acme.example"}
NEVER = ("acme", "people@", "bo smith", "46194062")


@pytest.fixture(autouse=True)
def world(store: Store, anna: Caller, bo: Caller) -> None:
    """An active offer at a registered employer that named one mailbox."""
    mark = workplace_mark(KEY, LISTING_ID, "acme.example")
    listed = happened(store, "listing.created", anna, bo, listing_id=LISTING_ID, workplace_mark=mark)
    active = happened(store, "offer.activated", anna, bo, number=4, **IDS)
    registered = happened(
        store, "employer.registered", anna, bo, domain_mark=domain_mark(KEY, "acme.example"),
        marks=[contact_mark(KEY, "people@acme.example")],
    )  # fmt: skip
    assert [verdict.outcome for verdict in take(store, listed, active, registered)] == ["taken"] * 3


def mailed(worker: Ticking, mailbox: Mailbox) -> tuple[list[str], EmailMessage]:
    worker.tick()
    employers = [(to, mail) for to, mail in mailbox.taken if "acme.example" in to[0].lower()]
    assert len(employers) == 1
    mailbox.taken.clear()
    return employers[0]


def kept(store: Store) -> dict[str, Any]:
    return store.get(f"employer_link:{OFFER_ID}") or {}


def test_the_mail_asks_and_its_link_names_the_offer(
    anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    asked = anna.post("/v1/employer-links", BODY)
    assert (asked.status_code, asked.get_json()["status"]) == (202, "queued")
    assert asked.get_json()["expires_at"] == "2027-01-15T00:00:00.000Z"

    to, mail = mailed(worker, mailbox)
    url = re.findall(r"http://localhost:8080/v1/employer-confirmations/(\S+)", part(mail, "plain"))
    claims = links.read(KEY, links.EMPLOYER_CONFIRMATION, url[0], store.clock.now())

    assert to == ["People@acme.example"]
    assert mail["Subject"] == TEXTS["en"]["subject"] and BODY["reference"] in part(mail, "plain")
    assert "until January 15, 2027" in part(mail, "plain")
    assert url[0] in part(mail, "html") and BODY["reference"] in html.unescape(part(mail, "html"))
    assert {name: claims[name] for name in ("offer", "employer")} == {
        "offer": OFFER_ID, "employer": domain_mark(KEY, "acme.example"),
    }  # fmt: skip
    with pytest.raises(links.BadLink):
        links.read(KEY, links.EMPLOYER_CONFIRMATION, url[0], store.clock.now() + timedelta(days=14))
    assert anna.get(PATH).get_json()["status"] == "sent"


def test_neither_name_nor_address_stays(
    anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the database, an answer or a log, once the mail is out."""
    answers = [anna.post("/v1/employer-links", BODY)]
    assert kept(store)["address"] == "People@acme.example"
    mailed(worker, mailbox)
    answers.append(anna.get(PATH))

    everything = json.dumps(list(store.collection.find()), default=str).lower()
    said = "".join(answer.get_data(as_text=True) for answer in answers).lower()
    logged = str([vars(record) for record in caplog.records]).lower()
    assert not [word for word in NEVER for text in (everything, said, logged) if word in text]


def test_in_french(bo: Caller, worker: Ticking, mailbox: Mailbox) -> None:
    bo.post("/v1/employer-links", {**BODY, "language": "fr"})

    _, mail = mailed(worker, mailbox)

    assert (mail["Subject"], mail["Content-Language"]) == (TEXTS["fr"]["subject"], "fr")
    assert "jusqu’au 15 janvier 2027" in part(mail, "plain")


def test_the_languages_agree() -> None:
    for texts in TEXTS.values():
        assert list(texts) == ["subject", "text", "link"]
        assert sorted(re.findall(r"{(\w+)}", texts["text"])) == ["reference", "until"]
        assert texts["text"].count("\n\n") == 2


def test_a_reference_is_only_text(anna: Caller, worker: Ticking, mailbox: Mailbox) -> None:
    """No field of the template and no markup is taken out of it."""
    anna.post("/v1/employer-links", {**BODY, "reference": "{until} <b>Bo</b> & Co"})

    _, mail = mailed(worker, mailbox)

    assert "{until} <b>Bo</b> & Co" in part(mail, "plain")
    assert "<b>Bo" not in part(mail, "html") and "&lt;b&gt;Bo" in part(mail, "html")


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "another domain": ({"address": "hr@other.example"}, ("/address", "employer-domain")),
    "a domain below it": ({"address": "hr@mail.acme.example"}, ("/address", "employer-domain")),
    "a public provider": ({"address": "acme@gmail.com"}, ("/address", "employer-domain")),
    "a mailbox that nobody named": ({"address": "anna@acme.example"}, ("/address", "employer-mailbox")),
    "a link in the reference": ({"reference": "see www.evil.example"}, ("/reference", "no-link")),
    "an address in the reference": ({"reference": "bo@evil.example"}, ("/reference", "no-link")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_an_insider_may_not_ask(anna: Caller, store: Store, case: str) -> None:
    """The field and what was expected are named, the employer is not; nothing is sent or kept."""
    changed, fault = REFUSED[case]

    refused = anna.post("/v1/employer-links", {**BODY, **changed})

    assert problem(refused, 422, "refused-by-rule") == [fault]
    assert "acme" not in refused.get_data(as_text=True).lower()
    assert kept(store) == {}


def test_a_seeker_may_ask_at_any_address_of_the_domain(bo: Caller, worker: Ticking, mailbox: Mailbox) -> None:
    """It is their own money."""
    assert bo.post("/v1/employer-links", ELSEWHERE).status_code == 202

    assert mailed(worker, mailbox)[0] == ["boss@acme.example"]


@pytest.mark.parametrize("owner", ["anna", "bo"])
def test_ones_own_address_is_not_the_employers(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox, owner: str
) -> None:
    """Whoever answers for hires there cannot answer for their own; whether the other has it, nobody is told."""
    who, other = (anna, bo) if owner == "anna" else (bo, anna)
    who.ask("PUT", "/v1/me/work-mail", {"email": "people@ACME.example"})
    worker.tick()
    assert who.post("/v1/me/work-mail/verify", {"code": code_in(mailbox)}).status_code == 200

    assert problem(who.post("/v1/employer-links", BODY), 422, "refused-by-rule") == [("/address", "own-address")]
    assert kept(store) == {}
    assert other.post("/v1/employer-links", BODY).status_code == 202


@pytest.mark.parametrize("address", ["boss+hire@acme.example", "BOSS@Acme.Example", "Boss+a+b@acme.example"])
def test_another_address_of_ones_own_mailbox_is_ones_own(
    bo: Caller, worker: Ticking, mailbox: Mailbox, address: str
) -> None:
    bo.ask("PUT", "/v1/me/contact", {"email": "boss@acme.example"})
    worker.tick()
    assert bo.post("/v1/me/contact/verify", {"code": code_in(mailbox)}).status_code == 200

    asked = bo.post("/v1/employer-links", {**BODY, "address": address})

    assert problem(asked, 422, "refused-by-rule") == [("/address", "own-address")]


def test_one_mailbox_is_asked_so_often_a_week_over_all_offers(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    """Whichever of its addresses is written; a repeat of a request is none."""
    offers = [f"0198f3a0-0000-7000-8000-0000000001{number:02}" for number in range(22)]
    ids = {"listing_id": LISTING_ID}
    take(store, *(happened(store, "offer.activated", anna, bo, number=4, offer_id=each, **ids) for each in offers))
    body = {"reference": "Bo Smith"}
    asks = [bo.post("/v1/employer-links", {**body, "offer_id": each, "address": f"desk+{each[-2:]}@acme.example"},
                    Idempotency_Key=each) for each in offers]  # fmt: skip

    assert [ask.status_code for ask in asks] == [202] * 20 + [429] * 2
    assert asks[-1].headers["Retry-After"] == str(7 * 24 * 3600)
    again = {**body, "offer_id": offers[0], "address": "desk+00@acme.example"}
    assert bo.post("/v1/employer-links", again, Idempotency_Key=offers[0]).status_code == 202
    worker.tick(timedelta(days=7))
    other = {**body, "offer_id": offers[-1], "address": "desk@acme.example"}
    assert bo.post("/v1/employer-links", other).status_code == 202


def test_an_employer_that_nobody_registered(anna: Caller, bo: Caller, store: Store) -> None:
    mark = domain_mark(KEY, "acme.example")
    take(store, happened(store, "employer.removed", anna, bo, number=2, domain_mark=mark, marks=[]))

    for caller in (anna, bo):
        refused = problem(caller.post("/v1/employer-links", BODY), 422, "refused-by-rule")
        assert refused == [("/address", "employer-registered")]


def test_a_listing_that_names_no_domain(anna: Caller, bo: Caller, store: Store) -> None:
    take(store, happened(store, "listing.revised", anna, bo, number=9, listing_id=LISTING_ID))

    assert problem(anna.post("/v1/employer-links", BODY), 422, "refused-by-rule") == [("/offer_id", "no-domain")]


def test_only_a_party(app: Flask, anna: Caller, store: Store) -> None:
    """To others there is nothing, asked about or not."""
    eve = Caller(app, "eve", ("operator",))

    for path in (PATH, PATH[:-1] + "0"):
        problem(eve.get(path), 404, "not-found")
    problem(eve.post("/v1/employer-links", BODY), 404, "not-found")
    problem(anna.get(PATH), 404, "not-found")

    assert kept(store) == {}


@pytest.mark.parametrize("status", ["accepted", "hired", "completed", "cancelled"])
def test_only_while_the_offer_waits_for_a_hire(anna: Caller, bo: Caller, store: Store, status: str) -> None:
    take(store, happened(store, "offer.countered", anna, bo, number=7, by="seeker", status=status, **IDS))

    assert problem(anna.post("/v1/employer-links", BODY), 409, "conflict") == [("/offer_id", "state")]


def test_three_a_week(anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox) -> None:
    """For the offer, whoever of the two asks; each link is another."""
    for who in (anna, bo, anna):
        assert who.post("/v1/employer-links", BODY).status_code == 202
        worker.tick(timedelta(days=1))
    employers = [mail for to, mail in mailbox.taken if "acme" in to[0]]
    assert len({str(mail["Message-ID"]) for mail in employers}) == 3

    refused = bo.post("/v1/employer-links", BODY)

    problem(refused, 429, "too-many-requests")
    assert int(refused.headers["Retry-After"]) == timedelta(days=4).total_seconds()
    worker.tick(timedelta(days=4))
    assert anna.post("/v1/employer-links", BODY).status_code == 202


def test_one_mail_at_a_time(anna: Caller, worker: Ticking, mailbox: Mailbox) -> None:
    anna.post("/v1/employer-links", BODY)

    problem(anna.post("/v1/employer-links", BODY), 409, "busy")

    worker.tick()
    assert anna.post("/v1/employer-links", BODY).status_code == 202


def test_the_same_key_is_one_mail(anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox) -> None:
    first = anna.post("/v1/employer-links", BODY, Idempotency_Key="k")
    mailed(worker, mailbox)
    again = anna.post("/v1/employer-links", BODY, Idempotency_Key="k")

    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (202, 202, "true")
    worker.tick()
    assert mailbox.taken == []
    problem(anna.post("/v1/employer-links", ELSEWHERE, Idempotency_Key="k"), 422, "key-reused")


def test_a_server_that_is_away(anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox, post: Controller) -> None:
    """It is tried again for a week; then it is given up, and what was for the mail alone goes."""
    mailbox.message = "451 later"
    anna.post("/v1/employer-links", BODY)
    worker.tick()
    assert anna.get(PATH).get_json()["status"] == "queued" and kept(store)["reference"]

    worker.tick(timedelta(days=8))

    assert anna.get(PATH).get_json()["undelivered"] == "too_old"
    assert "address" not in kept(store) and "reference" not in kept(store)


def test_an_address_that_the_server_refuses(anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox) -> None:
    mailbox.recipient = "550 no such mailbox"
    anna.post("/v1/employer-links", BODY)
    worker.tick()

    shown = anna.get(PATH).get_json()
    assert (shown["status"], shown["undelivered"]) == ("undelivered", "smtp_550")
    assert "address" not in kept(store) and "reference" not in kept(store)


def test_an_offer_that_ends_while_the_mail_waits(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    """Also where one of the two is forgotten meanwhile: their offers end."""
    mailbox.message = "451 later"
    anna.post("/v1/employer-links", BODY)
    worker.tick()
    take(store, happened(store, "offer.cancelled", anna, bo, number=7, by="staff", status="cancelled", **IDS))
    mailbox.message = "250 OK"
    worker.tick(timedelta(minutes=5))

    assert not [to for to, _ in mailbox.taken if "acme" in to[0]]
    assert anna.get(PATH).get_json()["undelivered"] == "over"
    assert "address" not in kept(store) and "reference" not in kept(store)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"offer_id": "x"}, ("/offer_id", "format")),
        ({"address": "acme.example"}, ("/address", "format")),
        ({"address": "a@acme.example\r\nBcc: x@evil.example"}, ("/address", "format")),
        ({"address": {"$ne": ""}}, ("/address", "type")),
        ({"reference": ""}, ("/reference", "length")),
        ({"reference": "x" * 121}, ("/reference", "length")),
        ({"reference": "a\nb"}, ("/reference", "characters")),
        ({"language": "de"}, ("/language", "choice")),
        ({"text": "x"}, ("/text", "unknown")),
    ],
)
def test_bad_input(anna: Caller, store: Store, changed: dict[str, Any], fault: tuple[str, str]) -> None:
    assert problem(anna.post("/v1/employer-links", {**BODY, **changed}), 422, "invalid") == [fault]
    assert kept(store) == {}


def test_reachable_people_hear_nothing_of_it(anna: Caller, bo: Caller, worker: Ticking, mailbox: Mailbox) -> None:
    """The mail goes to the employer alone."""
    reach(bo, worker, mailbox)
    mailbox.taken.clear()
    anna.post("/v1/employer-links", BODY)
    worker.tick()

    assert [to for to, _ in mailbox.taken] == [["People@acme.example"]]
