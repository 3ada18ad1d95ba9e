"""Notifications: who is told what, and the mail that carries it."""

from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller

from services.notify.letter import Letter, message
from shared.aggregate import Store
from shared.http.answer.pages import encode
from tests.support.notify import Mailbox, happened, own, part, reach, take
from tests.support.web import Caller, Ticking, problem


def test_an_event_becomes_a_notification_and_a_mail(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna, worker, mailbox)
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
    page = "http://localhost:8080/deals/o-1"
    assert (
        part(mail, "plain")
        .replace("\r", "")
        .startswith(f"{queued['text']}\n\nOpen the deal:\n{page}\n\n-- \nGood Golem\n")
    )
    assert f'href="{page}"' in part(mail, "html")
    assert "anna@example.org" not in str(store.get(queued["id"]))


def test_both_are_told_once_however_often_the_event_comes(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna, worker, mailbox)
    reach(bo, worker, mailbox)
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
    reach(anna, worker, mailbox)
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
    reach(anna, worker, mailbox)
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
    reach(anna, worker, mailbox)
    setattr(mailbox, where, "550 no such user")
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()

    (told,) = own(anna)
    assert (told["status"], told["undelivered"]) == ("failed", "smtp_550")


def test_a_mail_server_that_is_away(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox, post: Controller
) -> None:
    """The mail waits; if the server stays away until the event is too old, it is not sent any more."""
    reach(anna, worker, mailbox)
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
    reach(anna, worker, mailbox)
    take(store, happened(store, "offer.made", anna, bo))
    (told,) = own(anna)
    assert worker.carry_out
    worker.carry_out(store.get(told["id"]) or {})
    worker.tick()

    first, second = (mail for _, mail in mailbox.taken)
    assert first["Message-ID"] == second["Message-ID"]
    assert own(anna)[0]["status"] == "sent"


def test_nothing_is_left_after_ninety_days(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna, worker, mailbox)
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


def test_a_person_is_written_to_in_their_language(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    """The notification, and both parts of the mail."""
    reach(anna, worker, mailbox, language="fr")
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()

    ((_, mail),) = mailbox.taken
    assert mail["Subject"] == own(anna)[0]["subject"] == "Vous avez reçu une offre"
    assert mail["Content-Language"] == "fr" and '<html lang="fr">' in part(mail, "html")
    for text in (part(mail, "plain"), part(mail, "html")):
        assert "500,00\u00a0EUR" in text and "préparation" in text


def test_a_letter_says_the_same_in_both_parts_and_escapes_it() -> None:
    nasty = "<script>alert('é')</script> & more"
    letter = Letter(
        nasty, f"One.\n\n{nasty}", "en", ("Open <it>", 'http://x/?a=1&b="2'), ((nasty, None), ("Stop", "http://y"))
    )

    mail = message(
        letter, "Good Golem <no-reply@golem.local>", "a@example.org", "about", datetime(2027, 1, 1, tzinfo=UTC)
    )

    plain, page = part(mail, "plain"), part(mail, "html")
    assert f'One.\n\n{nasty}\n\nOpen <it>:\nhttp://x/?a=1&b="2\n\n-- \nGood Golem\n{nasty}\nStop: http://y\n' == plain
    assert "<script" not in page and page.count("&lt;script&gt;alert(&#39;é&#39;)&lt;/script&gt; &amp; more") == 4
    assert page.count("<p ") == 4 and 'href="http://x/?a=1&amp;b=&#34;2"' in page and "Open &lt;it&gt;" in page


def test_a_long_link_stays_whole_in_its_header() -> None:
    """Mail programs read it as it stands on the wire."""
    link = f"<https://golem.example/v1/unsubscribe/{'x' * 400}>"
    letter = Letter("L’été dernier, déjà", "Text", "fr", headers={"List-Unsubscribe": link})

    mail = message(
        letter, "Good Golem <no-reply@golem.local>", "a@example.org", "about", datetime(2027, 1, 1, tzinfo=UTC)
    )

    lines = mail.as_bytes().decode("ascii").splitlines()
    assert f"List-Unsubscribe: {link}" in lines
    assert max(len(line) for line in lines if "unsubscribe" not in line) <= 78
