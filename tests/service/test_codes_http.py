"""Codes over HTTP: anybody finds one by words, and a listing takes only those that are in the lists."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from services.listing.main import build
from services.listing.store import COLLECTION, MIGRATIONS
from shared import codes
from shared.aggregate import Store, migrate
from shared.aggregate.store import collection
from tests.service.test_listing_http import BODY
from tests.support.clock import ManualClock
from tests.support.web import Caller, problem, settings

PYTHON = "ccd0a1d9-afda-43d9-b901-96344886e14d"
NAMED = "Python (computer programming)"


@pytest.fixture
def store(database: Database[dict[str, Any]]) -> Store:
    store = Store(collection(database, COLLECTION), ManualClock())
    migrate(store.collection, MIGRATIONS)
    return store


@pytest.fixture
def app(store: Store, tmp_path: Path) -> Flask:
    return build(settings("listing", tmp_path), store)


@pytest.fixture
def anna(app: Flask) -> Caller:
    return Caller(app, "anna")


def ask(app: Flask, path: str) -> Any:
    return app.test_client().get(path)


def test_a_code_is_found_by_words_without_a_token(app: Flask) -> None:
    response = ask(app, "/v1/codes?q=software%20dev&kind=occupation&limit=1")

    assert response.status_code == 200
    assert response.get_json() == {
        "items": [
            {"scheme": "ISCO-08", "code": "2512", "kind": "occupation", "name": "Software Developers", "lang": "en",
             "level": 4, "parent": "251"}
        ]
    }  # fmt: skip


def test_the_rules_of_a_place_are_read_without_a_token(app: Flask) -> None:
    """What may be charged for, by whose decision."""
    rules = ask(app, "/v1/rules?country=CA&subdivision=CA-ON").get_json()

    assert {"CAD"} <= {each["currency"] for each in rules["caps"]}
    said = {each["help"]: each["words"] for each in rules["decisions"]}
    assert said["coaching"].startswith("In Ontario (CA-ON) coaching may be ")
    assert said["good_word"].startswith("In Ontario (CA-ON) a good word may be ")


def test_names_come_in_the_language_asked_for_where_the_list_has_it(app: Flask) -> None:
    found = ask(app, "/v1/codes?q=programmation%20informatique&scheme=NACE-2&lang=fr").get_json()["items"]
    other = ask(app, "/v1/codes?q=2512&scheme=ISCO-08&lang=fr").get_json()["items"]

    assert (found[0]["code"], found[0]["name"], found[0]["lang"]) == ("J62.01", "Programmation informatique", "fr")
    assert [(each["code"], each["lang"]) for each in other] == [("2512", "en")]


@pytest.mark.parametrize(
    ("query", "parameter", "rule"),
    [
        ("", "q", "required"),
        ("q=", "q", "length"),
        ("q=x&scheme=NACE-9", "scheme", "choice"),
        ("q=x&scheme=NACE-2&kind=skill", "scheme", "kind"),
        ("q=x&lang=nl", "lang", "choice"),
        ("q=x&limit=101", "limit", "range"),
        ("q=x&cursor=abc", "cursor", "unknown"),
    ],
)
def test_what_is_asked_wrongly(app: Flask, query: str, parameter: str, rule: str) -> None:
    assert problem(ask(app, f"/v1/codes?{query}"), 422, "invalid") == [(f"?{parameter}", rule)]


def test_what_a_code_means(app: Flask) -> None:
    """Its groups, the widest first, and where the list is from."""
    found = ask(app, "/v1/codes/NACE-2/J62.01?lang=fr").get_json()

    assert (found["name"], found["level"], found["parent"]) == ("Programmation informatique", 4, "J62.0")
    assert [each["code"] for each in found["ancestors"]] == ["J", "J62", "J62.0"]
    assert found["ancestors"][0]["name"] == "Information et communication"
    assert found["source"]["publisher"] == "Eurostat"
    assert "European Union" in found["source"]["attribution"] and found["source"]["licence"]
    assert ask(app, f"/v1/codes/ESCO/{PYTHON}").get_json()["name"] == NAMED
    for unknown in ("NACE-2/J99", "NACE-9/J62", "ESCO/2512"):
        problem(ask(app, f"/v1/codes/{unknown}"), 404, "not-found")


@pytest.mark.parametrize(
    ("changed", "pointer", "rule", "said"),
    [
        ({"industry": {"scheme": "NACE-2", "code": "62.01"}}, "/industry/code", "unknown-code", "J62.01"),
        ({"industry": {"scheme": "ISCO-08", "code": "2512"}}, "/industry/scheme", "choice", "NAICS-2022"),
        ({"occupation": {"scheme": "ISCO-08", "code": "2515"}}, "/occupation/code", "unknown-code", "2511, 2512"),
        ({"occupation": {"scheme": "ESCO", "code": "2512"}}, "/occupation/scheme", "choice", "SOC-2018"),
        ({"skills": ["Kafka", PYTHON[:-1] + "0"]}, "/skills/1", "unknown-code", "ESCO"),
        ({"skills": [f"http://data.europa.eu/esco/skill/{PYTHON[:-1]}0"]}, "/skills/0", "unknown-code", "ESCO"),
        ({"skills": [PYTHON, NAMED]}, "/skills/1", "twice", ""),
        ({"skills": ["x" * 65]}, "/skills/0", "length", "64"),
        ({"skills": ["a@b"]}, "/skills/0", "characters", "@"),
        ({"skills": [5]}, "/skills/0", "type", ""),
        ({"skills": [None]}, "/skills/0", "null", ""),
    ],
)
def test_a_listing_refuses_what_is_in_no_list(
    anna: Caller, store: Store, changed: dict[str, Any], pointer: str, rule: str, said: str
) -> None:
    response = anna.post("/v1/listings", {**BODY, **changed})

    assert problem(response, 422, "invalid") == [(pointer, rule)]
    assert said in response.get_json()["errors"][0]["message"]
    assert store.collection.count_documents({"kind": "listing"}) == 0


@pytest.mark.parametrize("code", [PYTHON, PYTHON.upper(), f"http://data.europa.eu/esco/skill/{PYTHON}"])
def test_a_skill_by_its_code_has_its_public_name(anna: Caller, store: Store, code: str) -> None:
    """So it is in listings and in events; the code is beside it."""
    doc = anna.post("/v1/listings", {**BODY, "skills": ["Kafka", code]}).get_json()
    anna.post(f"/v1/listings/{doc['id']}/submit")

    assert (doc["skills"], doc["skill_codes"]) == (["Kafka", NAMED], [PYTHON])
    kept = store.collection.find_one({"_id": doc["id"]}) or {}
    event = kept["events"][0]["data"]
    assert (event["skills"], event["skill_codes"]) == (["Kafka", NAMED], [PYTHON])


def test_a_name_that_is_too_long_for_an_event_is_asked_for_in_short(anna: Caller) -> None:
    entry = next(each for each in codes.group("ESCO").values() if len(each.label("en")[0]) > 64)

    response = anna.post("/v1/listings", {**BODY, "skills": [entry.code]})

    assert problem(response, 422, "invalid") == [("/skills/0", "length")]


@pytest.mark.parametrize(
    "changed",
    [
        {"industry": {"scheme": "NAICS-2022", "code": "31-33"}},
        {"industry": {"scheme": "NACE-2.1", "code": "K62.10"}},
        {"occupation": {"scheme": "SOC-2018", "code": "15-1252"}},
        {"occupation": {"scheme": "ISCO-08", "code": "0"}},
    ],
)
def test_a_listing_takes_codes_of_every_level(anna: Caller, changed: dict[str, Any]) -> None:
    response = anna.post("/v1/listings", {**BODY, **changed})

    assert response.status_code == 201, response.get_json()
    assert {name: response.get_json()[name] for name in changed} == changed
