"""A listing as a page that is whole without scripts: what a stranger sees as JSON, in words, and its JobPosting."""

import hashlib
import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from services.listing.main import build
from shared.aggregate import Store
from shared.http.declare.etag import KEPT_SECONDS
from tests.service.test_listing_http import anna, app, bo, mo, published, store, worker, written
from tests.support.clock import ManualClock
from tests.support.web import Caller, Ticking, settings

__all__ = ["anna", "app", "bo", "mo", "store", "worker"]


def page(who: Caller, path: str, **headers: str) -> Any:
    """As a browser without an account asks for it."""
    sent = {"Accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return who.app.test_client().get(path, headers=sent)


def posting(text: str) -> Any:
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    return json.loads(found)


def test_it_says_in_words_what_the_json_says(anna: Caller, bo: Caller, worker: Ticking) -> None:
    path = f"/v1/listings/{published(anna, worker, skills=['Python'])}"

    response = page(bo, path)
    text = unescape(response.text)

    assert (response.status_code, response.content_type) == (200, "text/html; charset=utf-8")
    assert {each.strip() for each in response.headers["Vary"].split(",")} >= {"Accept", "Accept-Language"}
    for words in (
        "Backend engineer",
        "Utrecht, Netherlands",
        "EUR\u00a055,000.00 to EUR\u00a070,000.00 per year",
        "Python",
    ):
        assert words in text
    assert "named once the help begins" in text and "Acme" not in text
    assert posting(response.text) == bo.get(f"{path}/jobposting").get_json(force=True)
    assert f'<link rel="canonical" href="http://localhost:8080/listings/{path.rsplit("/", 1)[1]}">' in response.text
    assert 'content="all"' in response.text
    assert '<a href="/">Good Golem: how it works' in response.text


def test_in_french(anna: Caller, bo: Caller, worker: Ticking) -> None:
    text = unescape(page(bo, f"/v1/listings/{published(anna, worker)}", Accept_Language="fr-CA").text)

    assert '<html lang="fr">' in text and "Pas d’embauche, pas de paiement" in text
    assert "de 55\u202f000,00\u00a0EUR à 70\u202f000,00\u00a0EUR par an" in text


@pytest.mark.parametrize(
    "title", ["</script><script>alert(1)</script>", "<b>Lead</b> & co", '"><img src=x onerror=a()>']
)
def test_nothing_that_somebody_wrote_is_markup(anna: Caller, bo: Caller, worker: Ticking, title: str) -> None:
    text = page(bo, f"/v1/listings/{published(anna, worker, title=title, duties=[title])}").text

    assert "<script>alert" not in text and "<img" not in text and "<b>Lead" not in text
    assert unescape(text).count(title) >= 3  # heading, title and duty
    assert posting(text)["title"] == title


def test_a_draft_is_no_page(anna: Caller, bo: Caller) -> None:
    assert page(bo, f"/v1/listings/{written(anna)}").status_code == 404


def test_a_paused_listing_is_said_to_take_no_offers_and_is_not_for_search_engines(
    anna: Caller, bo: Caller, worker: Ticking
) -> None:
    path = f"/v1/listings/{published(anna, worker)}"
    assert anna.post(f"{path}/pause").status_code == 200
    text = page(bo, path).text

    assert "takes no offers" in text and "ld+json" not in text and 'content="noindex"' in text


def test_the_sitemap_has_what_is_published(anna: Caller, bo: Caller, worker: Ticking) -> None:
    there, draft = published(anna, worker), written(anna)

    response = bo.get("/v1/sitemap")

    assert (response.status_code, response.content_type) == (200, "application/xml")
    assert f"<loc>http://localhost:8080/listings/{there}</loc><lastmod>2027-01-01</lastmod>" in response.text
    assert draft not in response.text


def test_the_sitemap_is_made_once_a_minute(app: Flask, store: Store, anna: Caller, bo: Caller, worker: Ticking) -> None:
    """Whoever asks gets the same, and asks again by its ETag; then it is made anew."""
    assert isinstance(store.clock, ManualClock)
    client = app.test_client()
    first = client.get("/v1/sitemap")
    there = published(anna, worker)
    store.clock.advance(timedelta(seconds=KEPT_SECONDS - 2))

    same = [client.get("/v1/sitemap"), bo.get("/v1/sitemap")]
    again = client.get("/v1/sitemap", headers={"If-None-Match": first.headers["ETag"]})
    store.clock.advance(timedelta(seconds=2))
    anew = client.get("/v1/sitemap", headers={"If-None-Match": first.headers["ETag"]})

    assert there not in first.text and [each.text for each in same] == [first.text] * 2
    assert {each.headers["ETag"] for each in same} == {first.headers["ETag"]} and again.status_code == 304
    assert first.headers["ETag"] == f'"{hashlib.sha256(first.data).hexdigest()[:32]}"'
    assert anew.status_code == 200 and there in anew.text


def test_a_fee_that_changed_is_shown_to_whoever_may_change_the_listing(
    anna: Caller, store: Store, worker: Ticking, tmp_path: Path
) -> None:
    """Its version is as before, and they change it by that."""
    path = f"/v1/listings/{published(anna, worker)}"
    before = anna.get(path)
    later = Caller(build(settings("listing", tmp_path, FEE_BPS="900"), store), "anna")

    after = later.get(path, If_None_Match=before.headers["ETag"])

    assert (before.get_json()["fee_bps"], after.status_code, after.get_json()["fee_bps"]) == (500, 200, 900)
    assert after.headers["ETag"] == before.headers["ETag"]
    assert later.post(f"{path}/pause", If_Match=before.headers["ETag"]).status_code == 200
    assert later.post(f"{path}/resume", If_Match=before.headers["ETag"]).status_code == 412
