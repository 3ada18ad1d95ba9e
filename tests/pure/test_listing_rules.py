"""The rules of a listing: what they find, what they leave alone, and that a breach says what would be allowed."""

import json
from typing import Any

import pytest

from services.listing import rules, text_rules
from services.listing.rules import Rules

RULES = rules.load()


def listing(*help_: tuple[str, int], country: str = "NL", currency: str = "EUR", **pay: Any) -> dict[str, Any]:
    return {
        "country": country,
        "employer": {"name": "Acme BV"},
        "title": "Engineer",
        "duties": ["Run things"],
        "pay": {"min": 5_500_000, "max": 7_000_000, "currency": currency, "per": "year"} | pay,
        "help": [{"kind": kind, "price": {"amount": amount, "currency": currency}} for kind, amount in help_],
    }


@pytest.mark.parametrize("country", ["NL", "CA", "DE", "US"])
@pytest.mark.parametrize("kind", ["good_word", "reference", "coaching"])
def test_price_zero_is_always_allowed(country: str, kind: str) -> None:
    assert RULES.all(listing((kind, 0), country=country, currency="JPY")) == []


@pytest.mark.parametrize(
    ("country", "kind", "rule"),
    [
        ("NL", "coaching", None),
        ("CA", "coaching", None),
        ("NL", "good_word", "price-policy-nl-good-word"),
        ("NL", "reference", "price-policy-nl-reference"),
        ("CA", "good_word", "price-policy-ca-good-word"),
        ("CA", "reference", "price-policy-ca-reference"),
        ("DE", "coaching", "price-policy-default"),
        ("FR", "reference", "price-policy-default"),
    ],
)
def test_the_policy_of_the_place(country: str, kind: str, rule: str | None) -> None:
    breaches = RULES.prices(listing((kind, 100), country=country))

    assert [(b.rule, b.pointer) for b in breaches] == ([(rule, "/help/0/price/amount")] if rule else [])
    assert all("at price 0 only" in b.message for b in breaches)


@pytest.mark.parametrize(
    ("pay", "cap"),
    [
        ({"min": 5_500_000}, 100_000),
        ({"min": 5_000_000}, 100_000),
        ({"min": 4_999_999}, 99_999),
        ({"min": 2_000, "per": "hour"}, 83_200),
        ({"min": 10_000, "per": "day"}, 52_000),
        ({"min": 50_000, "per": "week"}, 52_000),
        ({"min": 300_000, "per": "month"}, 72_000),
        ({"min": 0}, 0),
    ],
)
def test_the_cap_is_two_percent_of_the_years_least_pay_and_a_thousand_euros(pay: dict[str, Any], cap: int) -> None:
    assert RULES.prices(listing(("coaching", cap), **pay)) == []

    (breach,) = RULES.prices(listing(("coaching", cap + 1), **pay))
    assert (breach.rule, breach.pointer) == ("price-cap", "/help/0/price/amount")
    assert "EUR" in breach.message and "at most" in breach.message


def test_the_cap_is_for_all_help_together() -> None:
    data: dict[str, Any] = json.loads(rules.SHIPPED.read_text("utf-8"))
    entry = {"country": "NL", "paid": True, "source": "s", "date": "d", "why": "w"}
    data["price_policy"]["entries"] = [entry | {"id": kind, "help": kind} for kind in ("coaching", "reference")]

    (breach,) = Rules(data).prices(listing(("coaching", 60_000), ("reference", 40_001)))

    assert (breach.rule, breach.pointer) == ("price-cap", "/help")


@pytest.mark.parametrize("currency", ["USD", "CAD", "JPY"])
def test_other_currencies_are_for_price_zero(currency: str) -> None:
    (breach,) = RULES.prices(listing(("coaching", 1), country="CA", currency=currency))

    assert breach.rule == "price-cap"
    assert f"prices in {currency} are 0" in breach.message and "EUR" in breach.message


def test_every_rule_has_an_id_of_its_own_a_source_and_a_date() -> None:
    data = json.loads(rules.SHIPPED.read_text("utf-8"))
    policy = data["price_policy"]
    entries = [data["price_cap"], policy["default"], *policy["entries"], data["employer_consent"]]

    assert all(entry["source"] and entry["date"] for entry in entries)
    assert len({entry["id"] for entry in entries}) == len(entries)


FOUND = [
    ("Mail anna@example.org", "no-address"),
    ("anna (at) example (dot) org", "no-address"),
    ("anna [at] example.org", "no-address"),
    ("Find me as @anna_builds", "no-address"),
    ("See https://example.org/jobs", "no-link"),
    ("see www.example", "no-link"),
    ("on example.com", "no-link"),
    ("ftp://files", "no-link"),
    ("Call +31 6 12345678", "no-phone"),
    ("Call 06-12 34 56 78", "no-phone"),
    ("(416) 555-0199, call", "no-phone"),
    ("0031612345678", "no-phone"),
    ("At Acme you run payments", "no-employer-name"),
    ("ACME B.V.", "no-employer-name"),
    ("the Acmé-team", "no-employer-name"),
]
CLEAN = [
    "Backend engineer (payments), 32-40 hours",
    "ASP.NET and ADO.NET, socket.io, Node.js",
    "Budget of EUR 12,500,000 and a team of 12",
    "Worked there 2015-2024, then 2024/2026",
    "C++ and C#; e.g. queues, i.e. Kafka. Scale: 10 000 000 messages",
    "Shifts 08:00-17:00 at the office",
    "pacmeister",
]


@pytest.mark.parametrize(("text", "rule"), FOUND)
@pytest.mark.parametrize("field", ["title", "duties", "skills", "region"])
def test_wording_that_is_found(field: str, text: str, rule: str) -> None:
    written = listing(("coaching", 0)) | {field: [text] if field in ("duties", "skills") else text}

    breaches = {(breach.rule, breach.pointer) for breach in RULES.wording(written)}

    assert (rule, f"/{field}" + ("/0" if field in ("duties", "skills") else "")) in breaches


@pytest.mark.parametrize("text", CLEAN)
def test_wording_that_is_left_alone(text: str) -> None:
    assert RULES.wording(listing(("coaching", 0)) | {"duties": [text]}) == []


@pytest.mark.parametrize(
    ("name", "text", "there"),
    [
        ("The Big Company Ltd", "with bigcompany", True),
        ("The Big Company Ltd", "a big team", False),
        ("Blue Whale Ltd", "the bluewhale way", True),
        ("Blue Whale Ltd", "the blue whale way", True),
        ("Blue Whale Ltd", "a whale of a blue job", False),
        ("BV", "our bv", True),
        ("日本製鉄", "あの日本製鉄で働く", True),
        ("...", "...", False),
    ],
)
def test_the_employers_name(name: str, text: str, there: bool) -> None:
    core = text_rules.name_of_employer(name, RULES.legal_forms)

    assert text_rules.names(text, core) == there
