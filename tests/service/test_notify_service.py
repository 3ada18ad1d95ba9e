"""Notify with a real database and a real mail server: events in, notifications and mails out."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from pymongo.database import Database

from deploy.embedded.ports import free_ports
from services.notify.handlers import handlers
from services.notify.lifecycle import NOTIFICATION
from services.notify.mail import Postman, smtp
from services.notify.main import build
from services.notify.store import COLLECTION, MIGRATIONS
from shared.aggregate import Batch, Store, Trigger, Verdict, migrate
from shared.aggregate.store import collection
from shared.clock import ManualClock
from shared.http.pages import encode
from shared.ids import new_id
from tests.pure.test_notify_recipients import event
from tests.support.web import Caller, Ticking, problem, settings

HELD = timedelta(seconds=0)


class Mailbox:
    """A mail server's handler: keeps what it takes; `answer` is what it says to a recipient or to the message."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []
        self.recipient, self.message = "250 OK", "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.message.startswith("250"):
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.taken.append((envelope.rcpt_tos, parsed))
        return self.message


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def post(mailbox: Mailbox) -> Iterator[Controller]:
    server = Controller(mailbox, hostname="127.0.0.1", port=next(free_ports()))
    server.start()
    yield server
    if server.loop.is_running():
        server.stop(no_assert=True)


@pytest.fixture
def store(database: Database[dict[str, Any]]) -> Store:
    store = Store(collection(database, COLLECTION), ManualClock())
    migrate(store.collection, MIGRATIONS)
    return store


@pytest.fixture
def worker(store: Store, post: Controller, tmp_path: Path) -> Ticking:
    mail = settings("notify", tmp_path, "mail", SMTP_HOST="127.0.0.1", SMTP_PORT=str(post.port)).mail
    postman = Postman(store, mail.sender, smtp(mail, timeout=2), NOTIFICATION.terms.mail_not_older)
    return Ticking(store, NOTIFICATION, postman.carry_out)


@pytest.fixture
def app(store: Store, tmp_path: Path) -> Flask:
    return build(settings("notify", tmp_path), store)


@pytest.fixture
def anna(app: Flask) -> Caller:
    """The insider of the events."""
    return Caller(app, "anna")


@pytest.fixture
def bo(app: Flask) -> Caller:
    """Their seeker."""
    return Caller(app, "bo")


def happened(store: Store, name: str, insider: Caller, seeker: Caller, age: timedelta = HELD, **more: Any) -> Trigger:
    data = event(name, **more) | {"insider": insider.id}
    data |= {"seeker": seeker.id} if "seeker" in data else {}
    return Trigger(name=name, id=new_id(), kind="event", at=store.clock.now() - age, data=data, sequence=1)


def take(store: Store, *events: Trigger) -> list[Verdict]:
    return Batch(store, handlers()).process(events)


def own(who: Caller, query: str = "") -> list[dict[str, Any]]:
    response = who.get(f"/v1/notifications?{query}")
    assert response.status_code == 200, response.get_json()
    return list(response.get_json()["items"])


def reach(who: Caller) -> None:
    assert who.ask("PUT", "/v1/me/contact", {"email": f"{who.sub}@example.org"}).status_code == 200


def test_an_event_becomes_a_notification_and_a_mail(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna)
    take(store, happened(store, "offer.made", anna, bo))

    (queued,) = own(anna)
    assert (queued["kind"], queued["status"], queued["offer_id"]) == ("offer.made", "queued", "o-1")
    assert queued["created_at"] == "2027-01-01T00:00:00.000Z"
    worker.tick()

    assert own(anna)[0]["status"] == "sent"
    assert own(bo) == []
    ((to, mail),) = mailbox.taken
    assert to == ["anna@example.org"] and mail["To"] == "anna@example.org"
    assert mail["From"] == "Good Golem <no-reply@golem.local>"
    assert mail["Subject"] == "A seeker made you an offer"
    assert mail["Message-ID"].endswith("@golem.local>") and anna.id not in mail["Message-ID"]
    assert queued["text"] in mail.get_content().replace("\n", " ")
    assert "anna@example.org" not in str(store.get(queued["id"]))


def test_both_are_told_once_however_often_the_event_comes(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna)
    reach(bo)
    activated = happened(store, "offer.activated", anna, bo)

    assert [v.outcome for v in take(store, activated, activated)] == ["taken", "duplicate"]
    worker.tick()
    assert [v.outcome for v in take(store, activated)] == ["duplicate"]
    worker.tick()

    assert sorted(to for (to,), _ in mailbox.taken) == ["anna@example.org", "bo@example.org"]
    assert (len(own(anna)), len(own(bo))) == (1, 1)


def test_who_has_no_address_reads_it_here(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()

    (told,) = own(anna)
    assert (told["status"], told["undelivered"]) == ("skipped", "no_address")
    assert mailbox.taken == []


def test_an_old_event_is_not_mailed(anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox) -> None:
    """Older than seven days: to be read, not mailed. Older than notifications are kept: not even that."""
    reach(anna)
    old, ancient = timedelta(days=8), timedelta(days=90)
    events = [happened(store, "offer.made", anna, bo, age) for age in (old, ancient)]

    assert [v.outcome for v in take(store, *events)] == ["taken", "ignored"]
    worker.tick()

    (told,) = own(anna)
    assert (told["status"], told["undelivered"]) == ("skipped", "too_old")
    assert mailbox.taken == []


@pytest.mark.parametrize("where", ["recipient", "message"])
def test_a_refusal_for_the_moment_is_tried_again(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox, where: str
) -> None:
    reach(anna)
    setattr(mailbox, where, "451 later")
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()
    assert own(anna)[0]["status"] == "queued"
    assert worker.tick(timedelta(seconds=1)) == 0

    setattr(mailbox, where, "250 OK")
    worker.tick(timedelta(seconds=1))

    assert (own(anna)[0]["status"], len(mailbox.taken)) == ("sent", 1)


@pytest.mark.parametrize("where", ["recipient", "message"])
def test_a_refusal_for_good_fails(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox, where: str
) -> None:
    reach(anna)
    setattr(mailbox, where, "550 no such user")
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()

    (told,) = own(anna)
    assert (told["status"], told["undelivered"]) == ("failed", "smtp_550")


def test_a_mail_server_that_is_away(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox, post: Controller
) -> None:
    """The mail waits; if the server stays away until the event is too old, it is not sent any more."""
    reach(anna)
    post.stop(no_assert=True)
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()
    assert own(anna)[0]["status"] == "queued"

    worker.tick(timedelta(days=7, seconds=1))

    assert own(anna)[0]["undelivered"] == "too_old"


def test_a_repeated_mail_has_the_same_message_id(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    """The process dies after the server took the mail and before that is written down."""
    reach(anna)
    take(store, happened(store, "offer.made", anna, bo))
    (told,) = own(anna)
    assert worker.carry_out
    worker.carry_out(store.get(told["id"]) or {})
    worker.tick()

    first, second = (mail for _, mail in mailbox.taken)
    assert first["Message-ID"] == second["Message-ID"]
    assert own(anna)[0]["status"] == "sent"


def test_nothing_is_left_after_ninety_days(anna: Caller, bo: Caller, store: Store, worker: Ticking) -> None:
    reach(anna)
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()

    worker.tick(timedelta(days=90))

    assert own(anna) == []


def test_pages_are_ones_own_newest_first(anna: Caller, bo: Caller, store: Store) -> None:
    ages = [timedelta(hours=hours) for hours in (3, 1, 2, 5, 4)]
    take(store, *(happened(store, "offer.made", anna, bo, age) for age in ages))
    take(store, happened(store, "hire.claimed", anna, bo))

    page = anna.get("/v1/notifications?limit=3").get_json()
    rest = anna.get(f"/v1/notifications?limit=3&cursor={page['next']}").get_json()

    times = [item["created_at"][11:13] for item in (*page["items"], *rest["items"])]
    assert (times, rest["next"]) == (["23", "22", "21", "20", "19"], None)
    assert [item["kind"] for item in own(bo)] == ["hire.claimed"]


@pytest.mark.parametrize(
    ("query", "pointer", "rule"),
    [
        ("limit=101", "?limit", "range"),
        ("cursor=abc", "?cursor", "cursor"),
        ("person=x", "?person", "unknown"),
        ("limit[$gt]=1", "?limit[$gt]", "unknown"),
    ],
)
def test_bad_queries(anna: Caller, query: str, pointer: str, rule: str) -> None:
    assert problem(anna.get(f"/v1/notifications?{query}"), 422, "invalid") == [(pointer, rule)]


def test_a_cursor_of_another_list(anna: Caller) -> None:
    for values in ([1], ["a", "b"], [None], ["x" * 121]):
        response = anna.get(f"/v1/notifications?cursor={encode(values)}")
        assert problem(response, 422, "invalid") == [("?cursor", "cursor")]


def test_ones_contact(anna: Caller, bo: Caller) -> None:
    problem(anna.get("/v1/me/contact"), 404, "not-found")
    first = anna.ask("PUT", "/v1/me/contact", {"email": "anna@example.org"})
    assert (first.status_code, first.headers["ETag"], first.get_json()["email"]) == (200, '"1"', "anna@example.org")

    same = anna.ask("PUT", "/v1/me/contact", {"email": "anna@example.org"})
    other = anna.ask("PUT", "/v1/me/contact", {"email": "a@example.org"}, If_Match='"1"')

    assert (same.headers["ETag"], other.headers["ETag"]) == ('"1"', '"2"')
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
    ],
)
def test_a_bad_contact(anna: Caller, store: Store, body: dict[str, Any], pointer: str, rule: str) -> None:
    assert problem(anna.ask("PUT", "/v1/me/contact", body), 422, "invalid") == [(pointer, rule)]
    assert store.collection.count_documents({"kind": "contact"}) == 0


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/notifications"), ("GET", "/v1/me/contact"), ("PUT", "/v1/me/contact")]
)
def test_without_a_token_nothing(anna: Caller, method: str, path: str) -> None:
    body = {"email": "a@b.org"} if method == "PUT" else None
    problem(anna.ask(method, path, body, Authorization="Bearer a.b.c"), 401, "unauthenticated")


def test_two_who_put_at_once(anna: Caller) -> None:
    """Both are written, one after the other."""
    puts = [
        threading.Thread(target=anna.ask, args=("PUT", "/v1/me/contact", {"email": f"{name}@example.org"}))
        for name in ("a", "b", "c")
    ]
    for put in puts:
        put.start()
    for put in puts:
        put.join()

    assert anna.get("/v1/me/contact").get_json()["version"] == 3
