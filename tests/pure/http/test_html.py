"""Pages and forms, for who comes by a link: only where declared, everything escaped, the link's token in no log."""

import logging
from typing import Any

import pytest
from flask import Flask
from markupsafe import Markup

from shared import fields
from shared.http.answer import html
from shared.http.app import create_app
from shared.http.declare import openapi
from shared.http.declare.operations import PUBLIC, Answer, Call, Operations
from shared.http.problems import Problem
from shared.settings import Settings, Terms

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "fr-CA,fr;q=0.9,en;q=0.5"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NASTY = "<script>alert('é')</script>\"&"


class Word(fields.Body):
    word = fields.Text(1, 60, required=True)
    on = fields.Date(optional=True)
    one_click = fields.Choice("One-Click", data_key="List-Unsubscribe", optional=True)


operations: Operations[list[Any]] = Operations("listing", "Links")
_LINK = "/v1/links/{token:link}"


@operations.get(_LINK, "showLink", "Show it", who=PUBLIC, answers={200: None}, page=True)
def show(call: Call[list[Any]]) -> Answer:
    if call.id == "gone":
        raise Problem("not-found", f"Nothing is {NASTY}.")
    if not html.wants_page(call.header("Accept")):
        return Answer({"token": call.id})
    return Answer(
        html.Page(html.language(call.header("Accept-Language")), NASTY, Markup('<p class="{0}">{0}</p>').format(NASTY))
    )


@operations.post(
    _LINK, "useLink", "Use it", who=PUBLIC, body=Word, answers={200: Word}, form=True, page=True, match=False
)
def use(call: Call[list[Any]]) -> Answer:
    call.parts.append(call.body)
    page = html.Page("en", "Done", html.paragraphs(call.body["word"]))
    return Answer(page if html.wants_page(call.header("Accept")) else call.body)


@operations.post("/v1/words", "word", "No form", who=PUBLIC, body=Word, answers={200: Word})
def word(call: Call[list[Any]]) -> Answer:
    return Answer(call.body)


@pytest.fixture
def taken() -> list[Any]:
    return []


@pytest.fixture
def app(settings: Settings, taken: list[Any]) -> Flask:
    return create_app(settings, operations, taken, ready={})


def test_a_page_where_it_is_asked_for(app: Flask) -> None:
    """HTML for a browser, JSON for others; nothing in it can act."""
    page = app.test_client().get("/v1/links/a.b-c_d", headers=BROWSER)
    text = page.get_data(as_text=True)

    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert text.startswith('<!doctype html>\n<html lang="fr">')
    assert "<script" not in text and text.count("&lt;script&gt;alert(&#39;é&#39;)&lt;/script&gt;&#34;&amp;") == 4
    policy = set(page.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'",
    }  # fmt: skip
    assert text.count('<link rel="stylesheet" href="/site/style.css">') == 1
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert app.test_client().get("/v1/links/a.b-c_d").get_json() == {"token": "a.b-c_d"}


def test_a_problem_is_a_page_for_who_asks_for_pages(app: Flask) -> None:
    page = app.test_client().get("/v1/links/gone", headers=BROWSER)

    assert (page.status_code, page.content_type) == (404, "text/html; charset=utf-8")
    assert "Nothing is &lt;script&gt;" in page.get_data(as_text=True)
    assert app.test_client().get("/v1/links/gone").content_type == "application/problem+json"


def test_a_form_is_read_where_it_is_declared(app: Flask, taken: list[Any]) -> None:
    client = app.test_client()
    sent = "word=caf%C3%A9+%3Cb%3E&on=&List-Unsubscribe=One-Click"

    page = client.post("/v1/links/x", data=sent, headers={**FORM, **BROWSER})
    plain = client.post("/v1/links/x", data=sent, headers=FORM)
    in_json = client.post("/v1/links/x", json={"word": "café <b>"})

    assert page.status_code == plain.status_code == in_json.status_code == 200
    assert "café &lt;b&gt;" in page.get_data(as_text=True)
    assert taken[0] == taken[1] == {"word": "café <b>", "one_click": "One-Click"} and taken[2] == {"word": "café <b>"}
    refused = client.post("/v1/words", data=sent, headers=FORM)
    assert (refused.status_code, refused.content_type) == (415, "application/problem+json")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 422),
        (b"word", 422),
        (b"word=", 422),
        (b"word=a&word=b", 422),
        (b"word=a&other=b", 422),
        (b"word=a&on=tomorrow", 422),
        (b"word=%00", 422),
        (b"word=%ff", 400),
        (b"word=\xff", 400),
        (b"word=a&" + b"&".join(b"f%d=1" % n for n in range(60)), 400),
        (b"word=" + b"a" * 100, 422),
        (b"word=" + b"a" * 70_000, 413),
    ],
)
def test_a_form_that_is_no_good(app: Flask, taken: list[Any], raw: bytes, status: int) -> None:
    for accept in ({}, BROWSER):
        answer = app.test_client().post("/v1/links/x", data=raw, headers={**FORM, **accept})
        assert answer.status_code == status
    assert taken == []


def test_a_page_names_what_is_wrong_in_a_form(app: Flask) -> None:
    page = app.test_client().post("/v1/links/x", data=b"word=a&on=x", headers={**FORM, **BROWSER})

    assert "on: expected a day such as 2027-01-31" in page.get_data(as_text=True)


@pytest.mark.parametrize("token", ["x" * 513, "a b", "a%2Fb", "%3Cscript%3E", "é"])
def test_what_cannot_be_a_token(app: Flask, token: str) -> None:
    assert app.test_client().get(f"/v1/links/{token}", headers=BROWSER).status_code == 404


def test_no_log_has_a_token(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the logs cannot use the link."""
    with caplog.at_level(logging.DEBUG):
        app.test_client().get("/v1/links/secret-token")
        app.test_client().post("/v1/links/secret-token", json={"word": "a"})

    assert "secret-token" not in str([vars(record) for record in caplog.records])
    assert [vars(record)["path"] for record in caplog.records if record.name == "access"] == ["/v1/links/-"] * 2


@pytest.mark.parametrize(
    ("said", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("en-CA,fr;q=0.9", "en"),
        ("en;q=0.1, fr;q=0.2", "fr"),
        ("de, fr;q=0.1", "fr"),
        ("de", "en"),
        ("fr;q=x", "en"),
        ("fr;q=0", "en"),
        ("en; q=0.5, fr-CA; q=0.9", "fr"),
        (";;;,,,q=", "en"),
        ("fr;q=nan, en;q=0.5", "en"),
        ("x" * 10**5, "en"),
    ],
)
def test_the_language(app: Flask, said: str | None, language: str) -> None:
    """The first of ours; English where none is."""
    headers = {"Accept": "text/html"} | ({"Accept-Language": said} if said is not None else {})

    text = app.test_client().get("/v1/links/x", headers=headers).get_data(as_text=True)

    assert f'<html lang="{language}">' in text


def test_the_description(app: Flask) -> None:
    """Both forms of the body and of the answer are described."""
    path = openapi.document(operations, Terms())["paths"]["/v1/links/{token}"]

    forms = {"application/x-www-form-urlencoded", "multipart/form-data"}
    assert set(path["post"]["requestBody"]["content"]) == {"application/json", *forms}
    assert set(path["post"]["responses"]["200"]["content"]) == {"application/json", "text/html"}
    assert path["get"]["parameters"][0]["schema"] == {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,512}$"}
    assert path["get"]["security"] == []
