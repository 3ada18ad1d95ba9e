"""A listing's texts over HTTP: what is stored, what a moderator is shown, and what an employer's domain is."""

from typing import Any

import pytest

from tests.service.test_listing_http import BODY, anna, app, bo, mo, published, store, worker
from tests.support.web import Caller, Ticking, problem

__all__ = ["anna", "app", "bo", "mo", "store", "worker"]


@pytest.mark.parametrize("nothing", ["\u200b", "\u3164", "\u2800\u200d", "\u00ad\ufeff"])
@pytest.mark.parametrize(
    ("field", "pointer"), [("title", "/title"), ("duties", "/duties/0"), ("skills", "/skills/0"), ("region", "/region")]
)
def test_nothing_to_see_is_no_text(anna: Caller, field: str, pointer: str, nothing: str) -> None:
    value = [nothing] if field in ("duties", "skills") else nothing

    assert problem(anna.post("/v1/listings", {**BODY, field: value}), 422, "invalid") == [(pointer, "length")]


def test_what_deceives_is_not_stored(anna: Caller, worker: Ticking) -> None:
    texts = {"title": "Back\u200bend \u00adengineer", "duties": ["Ｋａｆｋａ – 24\u00a0h"]}

    listing = anna.get(f"/v1/listings/{published(anna, worker, **texts)}").get_json()

    assert (listing["title"], listing["duties"], listing["status"]) == (
        "Backend engineer", ["Ｋａｆｋａ – 24\u00a0h"], "published",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("duty", "rule"),
    [
        ("Call 06–12–34–56–78", "no-phone"),
        ("Call ０６\u00a0１２３４\u00a0５６７８", "no-phone"),
        ("Call 0\u200b6\u200b1\u200b2\u200b3\u200b4\u200b5\u200b6", "no-phone"),
        ("More on example．com", "no-link"),
        ("More on example.careers", "no-link"),
        ("Mail anna＠example.org", "no-address"),
        ("At Ａｃｍｅ you run payments", "no-employer-name"),
        ("At Ac\u200bme you run payments", "no-employer-name"),
        ("At 𝐀𝐜𝐦𝐞 you run payments", "no-employer-name"),
        ("people at acme．example", "no-employer-name"),
    ],
)
def test_a_moderator_sees_it_however_it_is_written(
    anna: Caller, mo: Caller, worker: Ticking, duty: str, rule: str
) -> None:
    employer = {"name": "Acme BV", "domain": "acme.example"}
    listing_id = published(anna, worker, duties=[duty], employer=employer)

    held = mo.get(f"/v1/listings/{listing_id}").get_json()

    assert held["status"] == "in_review"
    assert rule in {reason["rule"] for reason in held["review"]["reasons"]}


@pytest.mark.parametrize(
    ("domain", "stored"),
    [
        ("straße.de", "xn--strae-oqa.de"),
        ("xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("STRASSE.de", "strasse.de"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("acme。example", "acme.example"),
    ],
)
def test_an_employers_domain(anna: Caller, domain: str, stored: str) -> None:
    made: dict[str, Any] = anna.post(
        "/v1/listings", {**BODY, "employer": {"name": "Acme BV", "domain": domain}}
    ).get_json()

    assert made["employer"]["domain"] == stored


@pytest.mark.parametrize(
    "moment", ["2027-01-01t00:00:00z", "2027-01-01T00:00:00.123456789Z", "2027-01-01T01:00:00%2B01:00"]
)
def test_a_time_in_a_query(bo: Caller, moment: str) -> None:
    assert bo.get(f"/v1/listings?posted_since={moment}").status_code == 200
