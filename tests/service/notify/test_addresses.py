"""One's addresses: where one's mail goes, and one at an employer; each is proved by a code that is mailed to it."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from services.notify import addresses
from shared.aggregate import Store
from shared.ids import contact_mark, domain_mark
from tests.simulator.services import KEY
from tests.support.notify import Mailbox, code_in, happened, own, part, reach, take
from tests.support.web import Caller, Ticking, problem

PATHS = ("/v1/me/contact", "/v1/me/work-mail")


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "111111"


def refused(who: Caller, code: str, path: str = "/v1/me/contact") -> None:
    """One answer, whatever is wrong with a code."""
    answer = who.post(f"{path}/verify", {"code": code})
    assert problem(answer, 422, "refused-by-rule") == [("/code", "code")]
    assert answer.get_json()["detail"] == "This code is not valid. Give your address again to get another."


def events(store: Store, document_id: str) -> list[tuple[str, dict[str, Any]]]:
    doc = store.collection.find_one({"_id": document_id}) or {}
    return [(event["type"], event["data"]) for event in doc.get("events", [])]


def test_ones_contact(anna: Caller, bo: Caller, store: Store) -> None:
    problem(anna.get("/v1/me/contact"), 404, "not-found")
    first = anna.ask("PUT", "/v1/me/contact", {"email": "anna@example.org"})
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"')
    assert (first.get_json()["email"], first.get_json()["verified"]) == ("anna@example.org", False)

    other = anna.ask("PUT", "/v1/me/contact", {"email": "a@example.org"}, If_Match='"1"')

    assert other.headers["ETag"] == '"2"'
    stale = anna.ask("PUT", "/v1/me/contact", {"email": "b@example.org"}, If_Match='"1"')
    assert problem(stale, 412, "stale") == [("header:If-Match", "version")]
    assert anna.get("/v1/me/contact").get_json() == other.get_json()
    problem(bo.get("/v1/me/contact"), 404, "not-found")


@pytest.mark.parametrize(
    ("body", "pointer", "rule"),
    [
        ({}, "/email", "required"),
        ({"email": None}, "/email", "null"),
        ({"email": {"$gt": ""}}, "/email", "type"),
        ({"email": "anna"}, "/email", "format"),
        ({"email": "anna@localhost"}, "/email", "format"),
        ({"email": "a@b.org\r\nBcc: c@d.org"}, "/email", "format"),
        ({"email": "a@b.org,c@d.org"}, "/email", "format"),
        ({"email": "Anna <a@b.org>"}, "/email", "format"),
        ({"email": f"{'a' * 65}@b.org"}, "/email", "format"),
        ({"email": f"a@{'b.' * 130}org"}, "/email", "format"),
        ({"email": "a..b@c.org"}, "/email", "format"),
        ({"email": "änna@example.org"}, "/email", "format"),
        ({"email": "a@b.org", "phone": "1"}, "/phone", "unknown"),
        ({"email": "a@b.org", "language": "de"}, "/language", "choice"),
    ],
)
def test_a_bad_contact(anna: Caller, store: Store, body: dict[str, Any], pointer: str, rule: str) -> None:
    assert problem(anna.ask("PUT", "/v1/me/contact", body), 422, "invalid") == [(pointer, rule)]
    assert store.collection.count_documents({"kind": "contact"}) == 0


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("method", "under"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/verify")])
def test_without_a_token_nothing(anna: Caller, path: str, method: str, under: str) -> None:
    body = {"email": "a@b.org"} if method == "PUT" else None
    problem(anna.ask(method, path + under, body, Authorization="Bearer a.b.c"), 401, "unauthenticated")


def test_two_who_put_at_once(anna: Caller) -> None:
    """All are written, one after the other."""
    puts = [
        threading.Thread(target=anna.ask, args=("PUT", "/v1/me/contact", {"email": f"{name}@example.org"}))
        for name in ("a", "b", "c")
    ]
    for put in puts:
        put.start()
    for put in puts:
        put.join()

    assert anna.get("/v1/me/contact").get_json()["version"] == 3


def test_an_address_is_told_nothing_until_its_code_is_said(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    refused(anna, "123456")
    anna.ask("PUT", "/v1/me/contact", {"email": "Anna@example.org"})
    worker.tick()
    code = code_in(mailbox)
    assert code not in str(store.collection.find_one({"_id": f"contact:{anna.id}"}))
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()
    assert own(anna)[0]["undelivered"] == "not_verified" and mailbox.taken == []

    said = anna.post("/v1/me/contact/verify", {"code": code})
    assert said.get_json()["verified"] is True
    assert anna.post("/v1/me/contact/verify", {"code": code}).get_json() == said.get_json()
    assert events(store, f"contact:{anna.id}") == [
        ("contact.verified", {"person_id": anna.id, "mark": contact_mark(KEY, "anna@example.org")})
    ]
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()
    assert [to for to, _ in mailbox.taken] == [["Anna@example.org"]]

    changed = anna.ask("PUT", "/v1/me/contact", {"email": "other@example.org"})
    assert changed.get_json()["verified"] is False


def test_an_address_at_an_employer(anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox) -> None:
    """It proves where one works, and gets no other mail; its code comes in the language of one's contact."""
    reach(anna, worker, mailbox, language="fr")
    problem(anna.get("/v1/me/work-mail"), 404, "not-found")
    anna.ask("PUT", "/v1/me/work-mail", {"email": "anna@Mail.Acme.example"})
    worker.tick()
    ((_, mail),) = mailbox.taken
    assert "adresse au travail" in mail["Subject"] and "employeur" in part(mail, "plain")

    said = anna.post("/v1/me/work-mail/verify", {"code": code_in(mailbox)}).get_json()

    assert (said["verified"], said["email"], "language" in said) == (True, "anna@Mail.Acme.example", False)
    data = {"person_id": anna.id, "domain_mark": domain_mark(KEY, "mail.acme.example")}
    assert events(store, f"work_mail:{anna.id}") == [("work.verified", data)]
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()
    assert [to for to, _ in mailbox.taken] == [["anna@example.org"]]


@pytest.mark.parametrize("email", ["a@gmail.com", "a@GMail.com", "a@eu.outlook.com", "a@laposte.net", "a@bell.net"])
def test_an_address_that_everybody_can_have_is_no_work_mail(anna: Caller, store: Store, email: str) -> None:
    answer = anna.ask("PUT", "/v1/me/work-mail", {"email": email})

    assert problem(answer, 422, "refused-by-rule") == [("/email", "public-provider")]
    assert store.collection.count_documents({"kind": "work_mail"}) == 0
    assert anna.ask("PUT", "/v1/me/contact", {"email": email}).status_code == 200


@pytest.mark.parametrize("email", ["a@notgmail.com", "a@gmail.com.acme.example", "a@acme.me"])
def test_names_that_only_look_like_it_are_taken(anna: Caller, email: str) -> None:
    assert anna.ask("PUT", "/v1/me/work-mail", {"email": email}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_code_can_be_tried_five_times_and_not_for_ever(
    anna: Caller, worker: Ticking, mailbox: Mailbox, path: str
) -> None:
    def code() -> str:
        assert anna.ask("PUT", path, {"email": "anna@acme.example"}).status_code == 200
        worker.tick()
        return code_in(mailbox)

    first = code()
    for _ in range(5):
        refused(anna, wrong(first), path)
    refused(anna, first, path)

    worker.tick(timedelta(minutes=1))
    second = code()
    worker.tick(timedelta(minutes=15))
    refused(anna, second, path)

    third = code()
    for _ in range(4):
        refused(anna, wrong(third), path)
    worker.tick(timedelta(minutes=14, seconds=59))
    assert anna.post(f"{path}/verify", {"code": third}).get_json()["verified"] is True


def test_a_code_proves_the_last_address_only(anna: Caller, bo: Caller, worker: Ticking, mailbox: Mailbox) -> None:
    codes = []
    for who, path, email in (
        (anna, "/v1/me/contact", "a@example.org"),
        (anna, "/v1/me/contact", "b@example.org"),
        (bo, "/v1/me/contact", "b@example.org"),
        (anna, "/v1/me/work-mail", "b@example.org"),
    ):
        who.ask("PUT", path, {"email": email})
        worker.tick()
        codes.append(code_in(mailbox))

    own_code = codes.pop(1)
    for code in set(codes) - {own_code}:
        refused(anna, code)
    assert anna.post("/v1/me/contact/verify", {"code": own_code}).status_code == 200


def test_a_code_is_sent_again_after_a_minute(anna: Caller, worker: Ticking, mailbox: Mailbox) -> None:
    put = {"email": "anna@example.org"}
    anna.ask("PUT", "/v1/me/contact", put)
    worker.tick(timedelta(seconds=18))

    again = anna.ask("PUT", "/v1/me/contact", put)

    assert problem(again, 429, "too-many-requests") == []
    assert again.headers["Retry-After"] == "42"
    worker.tick(timedelta(seconds=42))
    assert anna.ask("PUT", "/v1/me/contact", put).status_code == 200
    worker.tick()
    first, last = (mail["Subject"].rpartition(" ")[2] for _, mail in mailbox.taken)
    if first != last:
        refused(anna, first)
    assert anna.post("/v1/me/contact/verify", {"code": last}).status_code == 200
    assert anna.ask("PUT", "/v1/me/contact", put).status_code == 200, "what is verified needs no code"
    assert worker.tick() == 0


def test_a_person_gets_five_codes_a_day(anna: Caller, bo: Caller, store: Store) -> None:
    """Also one who has the address deleted in between."""
    puts = []
    for each in range(6):
        puts.append(anna.ask("PUT", "/v1/me/contact", {"email": f"a{each}@example.org"}))
        if each == 2:
            anna.ask("DELETE", "/v1/me/contact")

    assert [put.status_code for put in puts] == [200] * 5 + [429]
    assert puts[-1].headers["Retry-After"] == str(24 * 3600)
    assert anna.get("/v1/me/contact").get_json()["email"] == "a4@example.org"
    assert bo.ask("PUT", "/v1/me/contact", {"email": "bo@example.org"}).status_code == 200
    store.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    assert anna.ask("PUT", "/v1/me/contact", {"email": "a@example.org"}).status_code == 200


def test_a_document_of_addresses_does_not_grow_for_ever(
    anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "MOST_VERIFIED", 2)
    for email in ("a@example.org", "b@example.org"):
        anna.ask("PUT", "/v1/me/contact", {"email": email})
        worker.tick()
        anna.post("/v1/me/contact/verify", {"code": code_in(mailbox)})

    more = anna.ask("PUT", "/v1/me/contact", {"email": "c@example.org"})

    assert problem(more, 422, "refused-by-rule") == [("/email", "addresses")]
    assert len((store.get(f"contact:{anna.id}") or {})["sent"]) == 2
    assert len((store.collection.find_one({"_id": f"contact:{anna.id}"}) or {}).get("applied", [])) <= 1


@pytest.mark.parametrize(("path", "kind"), [(PATHS[0], "contact"), (PATHS[1], "work_mail")])
def test_a_deleted_address_is_gone(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox, path: str, kind: str
) -> None:
    """Its events stay, and say no address. Nothing more is mailed there, not even a code that waited."""
    assert anna.ask("DELETE", path).status_code == 204
    anna.ask("PUT", path, {"email": "canary@acme.example"})
    worker.tick()
    code = code_in(mailbox)
    anna.post(f"{path}/verify", {"code": code})
    version = anna.get(path).headers["ETag"]
    problem(anna.ask("DELETE", path, If_Match='"1"'), 412, "stale")

    assert anna.ask("DELETE", path, If_Match=version).status_code == 204

    problem(anna.get(path), 404, "not-found")
    refused(anna, code, path)
    stored = store.collection.find_one({"_id": f"{kind}:{anna.id}"}) or {}
    assert "canary" not in str(stored) and len(stored["events"]) == 1
    anna.ask("PUT", path, {"email": "canary@acme.example"})
    assert anna.ask("DELETE", path).status_code == 204
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()
    assert mailbox.taken == []
    assert own(anna)[0]["undelivered"] == "no_address"


def test_the_code_is_mailed_again_while_the_mail_server_is_away(
    anna: Caller, worker: Ticking, mailbox: Mailbox
) -> None:
    mailbox.message = "451 later"
    anna.ask("PUT", "/v1/me/contact", {"email": "anna@example.org"})
    worker.tick()
    mailbox.message = "250 OK"
    worker.tick(timedelta(seconds=2))

    assert anna.post("/v1/me/contact/verify", {"code": code_in(mailbox)}).status_code == 200


def test_a_code_that_cannot_be_delivered(anna: Caller, worker: Ticking, mailbox: Mailbox) -> None:
    """A person sees why none came; a code that is too old by now is not mailed any more."""
    mailbox.recipient = "550 no such user"
    anna.ask("PUT", "/v1/me/contact", {"email": "nobody@example.org"})
    worker.tick()
    assert anna.get("/v1/me/contact").get_json()["undelivered"] == "smtp_550"

    mailbox.recipient = "451 later"
    anna.ask("PUT", "/v1/me/contact", {"email": "anna@example.org"})
    assert anna.get("/v1/me/contact").get_json()["undelivered"] is None
    worker.tick()
    mailbox.recipient = "250 OK"
    worker.tick(timedelta(minutes=15))
    assert anna.get("/v1/me/contact").get_json()["undelivered"] == "too_old" and mailbox.taken == []


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("fr-CA, en;q=0.5", "fr"),
        ("de, fr;q=0.9, en;q=0.8", "fr"),
        ("en-GB, fr;q=0.5", "en"),
        ("fr;q=0", "en"),
        ("*", "en"),
        (";;,q=", "en"),
    ],
)
def test_the_language_is_the_browsers_where_none_is_said(anna: Caller, header: str, language: str) -> None:
    put = anna.ask("PUT", "/v1/me/contact", {"email": "a@example.org"}, Accept_Language=header)
    assert put.get_json()["language"] == language

    kept = anna.ask("PUT", "/v1/me/contact", {"email": "b@example.org"}, Accept_Language="en, fr;q=0.1")
    assert kept.get_json()["language"] == language
    said = anna.ask("PUT", "/v1/me/contact", {"email": "c@example.org", "language": "fr"}, Accept_Language="en")
    assert said.get_json()["language"] == "fr"


@pytest.mark.parametrize("path", PATHS)
def test_a_mailbox_gets_six_codes_a_day_whoever_asks(
    anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox, path: str
) -> None:
    """Also where each account writes its address another way; who was refused has nothing changed."""
    people = [Caller(anna.app, f"puppet-{number}") for number in range(12)]
    puts = [who.ask("PUT", path, {"email": f"vic+{who.sub}@acme.example"}) for who in people]

    assert [put.status_code for put in puts] == [200] * 6 + [429] * 6
    assert {put.headers["Retry-After"] for put in puts[6:]} == {str(24 * 3600)}
    worker.tick()
    assert len(mailbox.taken) == 6
    problem(people[-1].get(path), 404, "not-found")
    assert anna.ask("PUT", path, {"email": "anna@acme.example"}).status_code == 200
    worker.tick(timedelta(days=1))
    assert people[-1].ask("PUT", path, {"email": "vic@acme.example"}).status_code == 200


def test_what_is_refused_counts_for_no_mailbox(anna: Caller, bo: Caller, worker: Ticking) -> None:
    """Somebody who asks again too soon takes no code from others; nor does what needs none."""
    put = {"email": "anna@example.org"}
    anna.ask("PUT", "/v1/me/contact", put)
    assert [anna.ask("PUT", "/v1/me/contact", put).status_code for _ in range(6)] == [429] * 6

    assert bo.ask("PUT", "/v1/me/contact", put).status_code == 200


def test_nothing_stays_of_a_mailbox(anna: Caller, store: Store, worker: Ticking) -> None:
    """While it counts, its document says no address and no person; then it is empty."""
    anna.ask("PUT", "/v1/me/contact", {"email": "canary@acme.example"})
    (known,) = store.collection.find({"kind": "mailbox"})
    assert "canary" not in str(known) and anna.id not in str(known) and known["sent"]

    worker.tick(timedelta(days=1))

    (empty,) = store.collection.find({"kind": "mailbox"})
    assert "sent" not in empty and "due_at" not in empty


@pytest.mark.parametrize(
    ("email", "to"),
    [
        ("o&m@acme.example", "o&m@acme.example"),
        ("anna@xn--e1afmkfd.xn--p1ai", "anna@xn--e1afmkfd.xn--p1ai"),
        ("anna@пример.рф", "anna@xn--e1afmkfd.xn--p1ai"),
        ("{a|b}`c`@straße.de", "{a|b}`c`@xn--strae-oqa.de"),
    ],
)
def test_every_address_gets_its_code(anna: Caller, worker: Ticking, mailbox: Mailbox, email: str, to: str) -> None:
    """At a domain of any script, which is written in ASCII."""
    assert anna.ask("PUT", "/v1/me/contact", {"email": email}).get_json()["email"] == to
    worker.tick()
    ((recipients, mail),) = mailbox.taken
    assert (recipients, mail["To"].addresses[0].addr_spec) == ([to], to)
    assert anna.post("/v1/me/contact/verify", {"code": code_in(mailbox)}).get_json()["verified"] is True


def test_an_address_that_is_written_another_way_stays_verified(
    anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna, worker, mailbox)

    again = anna.ask("PUT", "/v1/me/contact", {"email": "anna@EXAMPLE.org"}).get_json()

    assert (again["verified"], again["email"]) == (True, "anna@EXAMPLE.org")


@pytest.mark.parametrize("email", ["an.na+x@googlemail.com", "Anna+me@example.org"])
def test_the_event_says_which_mailbox_it_is(
    anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox, email: str
) -> None:
    """Beside the mark of the address, which older events have alone."""
    anna.ask("PUT", "/v1/me/contact", {"email": email})
    worker.tick()
    anna.post("/v1/me/contact/verify", {"code": code_in(mailbox)})

    plain = email.lower().replace("an.na+x@googlemail", "anna@gmail").replace("+me", "")
    said = {"person_id": anna.id, "mark": contact_mark(KEY, email), "box_mark": contact_mark(KEY, plain)}
    assert events(store, f"contact:{anna.id}") == [("contact.verified", said)]


@pytest.mark.parametrize("path", ["/v1/me/contact", "/v1/me/work-mail"])
def test_a_star_wants_something_to_change(anna: Caller, path: str) -> None:
    given = {"email": "anna@example.org"}
    problem(anna.ask("PUT", path, given, If_Match="*"), 412, "stale")
    assert anna.ask("PUT", path, given).status_code == 200
    assert anna.ask("DELETE", path, If_Match="*").status_code == 204

    problem(anna.ask("PUT", path, given, If_Match="*"), 412, "stale")

    assert anna.get(path).status_code == 404
