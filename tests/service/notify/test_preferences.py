"""What a person prefers, and the links in mails that stop a group of them."""

import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask

from shared.aggregate import Store
from shared.links import sign
from tests.simulator.services import KEY
from tests.support.notify import Mailbox, happened, own, part, reach, take
from tests.support.web import Caller, Ticking, problem

ALL = {"listings": True, "offers": True, "hires": True, "money": True}
BROWSER = {"Accept": "text/html,*/*;q=0.8"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def prefer(who: Caller, language: str = "en", **mail: bool) -> dict[str, Any]:
    answer = who.ask("PUT", "/v1/me/preferences", {"language": language, "mail": mail})
    assert answer.status_code == 200, answer.get_json()
    said: dict[str, Any] = answer.get_json()
    return said


def mailed(mailbox: Mailbox) -> list[str]:
    subjects = [mail["Subject"] for _, mail in mailbox.taken]
    mailbox.taken.clear()
    return subjects


def told_of_an_offer(store: Store, anna: Caller, bo: Caller, worker: Ticking, mailbox: Mailbox) -> EmailMessage:
    take(store, happened(store, "offer.made", anna, bo))
    worker.tick()
    (_, mail) = mailbox.taken.pop()
    return mail


def path_in(mail: EmailMessage) -> str:
    """Of the link that stops mails like this one."""
    found = re.fullmatch(r"<http://localhost:8080(/v1/unsubscribe/[A-Za-z0-9._-]+)>", mail["List-Unsubscribe"])
    assert found and f"http://localhost:8080{found[1]}" in part(mail, "plain") and found[1] in part(mail, "html")
    return found[1]


def test_ones_preferences(anna: Caller, bo: Caller) -> None:
    first = anna.get("/v1/me/preferences")
    assert (first.get_json(), first.headers["ETag"]) == (
        {"language": "en", "mail": ALL, "matches": "off", "version": 0},
        '"0"',
    )

    assert prefer(anna, "fr", offers=False) == {
        "language": "fr",
        "mail": ALL | {"offers": False},
        "matches": "off",
        "version": 1,
    }

    assert anna.get("/v1/me/preferences").get_json()["language"] == "fr"
    assert prefer(anna, "fr", offers=False)["version"] == 1
    stale = anna.ask("PUT", "/v1/me/preferences", {"language": "en", "mail": {}}, If_Match='"0"')
    problem(stale, 412, "stale")
    assert prefer(anna) == {"language": "en", "mail": ALL, "matches": "off", "version": 2}
    problem(anna.get("/v1/me/contact"), 404, "not-found")
    assert bo.get("/v1/me/preferences").get_json()["version"] == 0


@pytest.mark.parametrize(
    ("body", "slug", "fault"),
    [
        ({"language": "en", "mail": {"money": False}}, "refused-by-rule", ("/mail/money", "money")),
        ({"language": "de", "mail": {}}, "invalid", ("/language", "choice")),
        ({"mail": {}}, "invalid", ("/language", "required")),
        ({"language": "en"}, "invalid", ("/mail", "required")),
        ({"language": "en", "mail": {"news": True}}, "invalid", ("/mail/news", "unknown")),
        ({"language": "en", "mail": {"offers": "no"}}, "invalid", ("/mail/offers", "type")),
        ({"language": "en", "mail": {}, "matches": "hourly"}, "invalid", ("/matches", "choice")),
        ({"language": "en", "mail": {}, "matches": True}, "invalid", ("/matches", "type")),
        ({"language": "en", "mail": {"matches": True}}, "invalid", ("/mail/matches", "unknown")),
        ({"language": "en", "mail": {}, "version": 3}, "invalid", ("/version", "unknown")),
    ],
)
def test_bad_preferences(anna: Caller, store: Store, body: Any, slug: str, fault: tuple[str, str]) -> None:
    assert problem(anna.ask("PUT", "/v1/me/preferences", body), 422, slug) == [fault]
    assert store.get(f"contact:{anna.id}") is None


def test_they_are_honoured_and_what_is_about_money_is_mailed_all_the_same(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna, worker, mailbox)
    prefer(anna, "fr", listings=False, offers=False, hires=False)
    for name in ("listing.created", "offer.made", "hire.rejected", "escrow.released", "hire.ended"):
        take(store, happened(store, name, anna, bo))
    worker.tick()

    assert sorted(mailed(mailbox)) == ["L’emploi a pris fin", "Un versement a été fait"]
    assert [each["undelivered"] for each in own(anna)].count("not_wanted") == 3

    prefer(anna, "en", listings=False)
    take(store, happened(store, "listing.created", anna, bo), happened(store, "offer.made", anna, bo))
    worker.tick()
    assert mailed(mailbox) == ["A seeker made you an offer"]


@pytest.mark.parametrize(
    ("query", "body", "kind"),
    [
        ("", b"List-Unsubscribe=One-Click", "text/plain"),
        ("", b"List-Unsubscribe=One-Click&source=list", "application/x-www-form-urlencoded"),
        ("?utm_source=x", b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        ("?a=%ff&a=2", b"", None),
        ("", b"List-Unsubscribe=Two-Clicks", "application/x-www-form-urlencoded"),
        ("", b"other=x", "application/x-www-form-urlencoded"),
        ("", b"List-Unsubscribe=One-Click", None),
        ("", b"List-Unsubscribe=Yes&List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        ("", b'{"List-Unsubscribe": "One-Click", "by": 1}', "application/json"),
        ("", b"\xff\x00{", "application/octet-stream"),
        ("", b"--b\r\n", "multipart/form-data; boundary=b"),
    ],
)
def test_whatever_a_mail_program_posts_stops_it(
    app: Flask, anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox,
    query: str, body: bytes, kind: str | None,
) -> None:  # fmt: skip
    """What is posted, as what, and what trackers add to the link: none of it matters, only who has the link."""
    reach(anna, worker, mailbox)
    path = path_in(told_of_an_offer(store, anna, bo, worker, mailbox))
    client = app.test_client()
    assert client.get(path + query).get_json() == {"group": "offers", "mailed": True}

    answer = client.post(path + query, data=body, content_type=kind)

    assert (answer.status_code, answer.get_json()) == (200, {"group": "offers", "mailed": False})
    assert client.get(path + query).get_json()["mailed"] is False


def test_mail_programs_stop_it_with_one_click(
    app: Flask, anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    """RFC 8058: the header is whole, the form is posted without a token, and only that group is stopped."""
    reach(anna, worker, mailbox)
    mail = told_of_an_offer(store, anna, bo, worker, mailbox)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        answer = app.test_client().post(path_in(mail), data=ONE_CLICK, content_type=kind)
        assert (answer.status_code, answer.get_json()) == (200, {"group": "offers", "mailed": False})

    assert anna.get("/v1/me/preferences").get_json()["mail"] == ALL | {"offers": False}
    take(store, happened(store, "offer.made", anna, bo), happened(store, "listing.created", anna, bo))
    worker.tick()
    assert mailed(mailbox) == ["Your listing is published"]


def test_a_link_shows_a_page_and_its_button_acts(
    app: Flask, anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    """Scanners of mail follow links: nothing happens by that."""
    reach(anna, worker, mailbox, language="fr")
    path = path_in(told_of_an_offer(store, anna, bo, worker, mailbox))
    client = app.test_client()

    page = client.get(path, headers=BROWSER)
    text = page.get_data(as_text=True)
    assert page.status_code == 200 and '<html lang="fr">' in text and "vos offres" in text
    button = re.search(r'<form method="post"><input type="hidden" name="(\S+)" value="(\S+)">', text)
    assert button and dict([button.groups()]) == ONE_CLICK
    assert client.get(path).get_json() == {"group": "offers", "mailed": True}

    done = client.post(path, data=ONE_CLICK, headers=BROWSER)

    assert done.status_code == 200 and "C’est fait" in done.get_data(as_text=True)
    assert client.get(path).get_json() == {"group": "offers", "mailed": False}


def test_mails_about_money_and_codes_have_no_such_link(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    anna.ask("PUT", "/v1/me/contact", {"email": "anna@example.org"})
    worker.tick()
    ((_, code),) = mailbox.taken
    assert code["List-Unsubscribe"] is None
    reach(bo, worker, mailbox)
    take(store, happened(store, "escrow.opened", anna, bo))
    worker.tick()

    _, mail = mailbox.taken.pop()
    assert mail["List-Unsubscribe"] is mail["List-Unsubscribe-Post"] is None
    assert "You get this mail because it is about money." in part(mail, "plain")


def test_no_other_link_does_anything(
    app: Flask, anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna, worker, mailbox)
    path = path_in(told_of_an_offer(store, anna, bo, worker, mailbox))
    claims, later = {"person": anna.id, "group": "offers"}, store.clock.now() + timedelta(days=1)
    forged = [
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        "/v1/unsubscribe/x",
        f"/v1/unsubscribe/{sign(b'another key' * 4, 'unsubscribe', claims, later)}",
        f"/v1/unsubscribe/{sign(KEY, 'employer', claims, later)}",
    ]

    for each in forged:
        problem(app.test_client().post(each, data=ONE_CLICK), 404, "not-found")
        problem(app.test_client().get(each), 404, "not-found")
    worker.tick(timedelta(days=365))
    problem(app.test_client().post(path, data=ONE_CLICK), 404, "not-found")
    assert anna.get("/v1/me/preferences").get_json()["mail"] == ALL


def test_an_address_taken_back_leaves_what_was_preferred(
    anna: Caller, bo: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna, worker, mailbox)
    prefer(anna, "fr", offers=False)
    anna.ask("DELETE", "/v1/me/contact")

    assert anna.get("/v1/me/preferences").get_json()["mail"] == ALL | {"offers": False}
    reach(anna, worker, mailbox)
    assert anna.get("/v1/me/contact").get_json()["language"] == "fr"


def test_preferences_are_always_there_to_be_changed(anna: Caller) -> None:
    held = anna.get("/v1/me/preferences").get_json()
    body = {name: value for name, value in held.items() if name != "version"}

    assert anna.ask("PUT", "/v1/me/preferences", body, If_Match="*").status_code == 200
