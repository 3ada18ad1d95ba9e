"""The rules of a listing: what they find, what they leave alone, and that a breach says what would be allowed."""

from datetime import date
from typing import Any

import pytest

from services.listing import text_rules
from services.listing.rules import Rules
from shared.places import Licences, read_licences, shipped

TODAY = date(2026, 11, 28)
LICENCE = '[{"place": "CA-ON", "number": "R-1", "valid_until": "2026-11-28"}]'
RULES = Rules()
HELP = ("good_word", "reference", "coaching")


def listing(
    *help_: tuple[str, int], country: str = "NL", currency: str = "EUR", subdivision: str | None = None, **pay: Any
) -> dict[str, Any]:
    return {
        "country": country,
        "subdivision": subdivision,
        "employer": {"name": "Acme BV"},
        "title": "Engineer",
        "duties": ["Run things"],
        "pay": {"min": 5_500_000, "max": 7_000_000, "currency": currency, "per": "year"} | pay,
        "help": [{"kind": kind, "price": {"amount": amount, "currency": currency}} for kind, amount in help_],
    }


@pytest.mark.parametrize("place", ["NL", "CA-ON", "CA-BC", "CA-QC", "DE", "US-NY", "US-TX", "ES", "JP"])
@pytest.mark.parametrize("kind", HELP)
def test_price_zero_is_always_allowed(place: str, kind: str) -> None:
    country, _, rest = place.partition("-")
    free = listing((kind, 0), country=country, subdivision=place if rest else None, currency="JPY")

    assert RULES.all(free, TODAY) == []


DECIDED = {
    "CA-ON": dict.fromkeys(HELP, "licensed"),
    "CA-BC": {"good_word": "free_only", "reference": "free_only", "coaching": "paid"},
    "CA-AB": dict.fromkeys(HELP, "free_only"),
    "CA-QC": dict.fromkeys(HELP, "free_only"),
    "NL": {"good_word": "free_only", "reference": "free_only", "coaching": "paid"},
    "DE": dict.fromkeys(HELP, "paid"),
    "GB": {"good_word": "free_only", "reference": "free_only", "coaching": "paid"},
    "FR": dict.fromkeys(HELP, "free_only"),
    "US-NY": dict.fromkeys(HELP, "free_only"),
    "US-CA": dict.fromkeys(HELP, "free_only"),
    "US-TX": dict.fromkeys(HELP, "free_only"),
    "ES": dict.fromkeys(HELP, "free_only"),
}
"""What RULES.md found, stated a second time."""
LAWS = {
    ("CA-ON", "licensed"): "99/23", ("CA-BC", "free_only"): "s. 10", ("CA-AB", "free_only"): "s. 12",
    ("CA-QC", "free_only"): "not decided here", ("NL", "free_only"): "Waadi", ("GB", "free_only"): "1973",
    ("US-NY", "free_only"): "§ 185", ("US-CA", "free_only"): "1812.500",
    ("US-TX", "free_only"): "Good Golem's own rule, after ILO Convention 181, article 7(1)",
    ("ES", "free_only"): "Good Golem's own rule, after ILO Convention 181, article 7(1)",
}  # fmt: skip
"""What the refusal has to name."""
CURRENCIES = sorted(shipped().cap.absolute)


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("kind", HELP)
@pytest.mark.parametrize("place", DECIDED)
@pytest.mark.parametrize("held", [True, False], ids=["licensed", "unlicensed"])
def test_every_place_help_currency_and_price(place: str, kind: str, currency: str, held: bool) -> None:
    """At 0, at the cap, above it: the decision, its rule and its words."""
    country, _, rest = place.partition("-")
    cap, decision = shipped().cap.absolute[currency], DECIDED[place][kind]
    rules = Rules(licences=read_licences(LICENCE) if held else Licences())
    rule = shipped().decision(place, kind)

    def breaches(amount: int) -> list[tuple[str, str, str]]:
        pay = {"min": cap * 60, "max": cap * 60}
        asked = listing((kind, amount), country=country, subdivision=place if rest else None, currency=currency, **pay)
        return [(b.rule, b.pointer, b.message) for b in rules.prices(asked, TODAY)]

    assert rule.decision == decision
    assert breaches(0) == []
    allowed = decision == "paid" or (decision == "licensed" and held)
    for amount in (1, cap):
        found = breaches(amount)
        assert [(name, pointer) for name, pointer, _ in found] == (
            [] if allowed else [(rule.id, "/help/0/price/amount")]
        ), amount
        if not allowed:
            law = LAWS.get((place, decision)) or rule.act
            assert law in found[0][2], found
            assert ("LICENCES" in found[0][2]) == (decision == "licensed")
    assert [name for name, _, _ in breaches(cap + 1)] == [*([] if allowed else [rule.id]), "price-cap"]


@pytest.mark.parametrize(
    ("licence", "why"),
    [
        ('[{"place": "CA-ON", "number": "R-1", "valid_until": "2026-11-27"}]', "R-1 ended on 2026-11-27"),
        (
            '[{"place": "CA-ON", "number": "R-1", "valid_until": "2026-11-27"},'
            ' {"place": "CA-ON", "number": "R-5", "valid_from": "2027-02-01", "valid_until": "2027-11-27"},'
            ' {"place": "CA-ON", "number": "R-4", "valid_from": "2026-11-29", "valid_until": "2027-11-27"}]',
            "R-4 holds from 2026-11-29",
        ),
        ('[{"place": "CA-BC", "number": "R-2", "valid_until": "2027-11-27"}]', "none for CA-ON"),
        ('[{"place": "US", "number": "R-3", "valid_until": "2027-11-27"}]', "none for CA-ON"),
        ("[]", "none for CA-ON"),
    ],
)
def test_a_licence_that_does_not_hold(licence: str, why: str) -> None:
    asked = listing(("coaching", 100), country="CA", subdivision="CA-ON", currency="CAD")

    (breach,) = Rules(licences=read_licences(licence)).prices(asked, TODAY)

    assert why in breach.message and "Ontario's licence for recruiters" in breach.message


def test_a_licence_of_the_country_holds_in_its_subdivisions() -> None:
    asked = listing(("coaching", 100), country="CA", subdivision="CA-ON", currency="CAD")
    rules = Rules(licences=read_licences('[{"place": "CA", "number": "R-9", "valid_until": "2026-11-28"}]'))

    assert rules.prices(asked, TODAY) == []
    assert rules.licence(asked, TODAY) == rules.licences.all[0]


@pytest.mark.parametrize(
    ("country", "subdivision", "message"),
    [
        ("CA", None, "name it, CA-"), ("US", None, "name it, US-"), ("CA", "US-CA", "a subdivision of CA, not US-CA"),
        ("NL", "CA-ON", "a subdivision of NL, not CA-ON"), ("NL", None, None), ("NL", "NL-NH", None),
        ("CA", "CA-ON", None), ("DE", None, None),
    ],
)  # fmt: skip
def test_the_subdivision(country: str, subdivision: str | None, message: str | None) -> None:
    found = RULES.place(listing(("coaching", 0), country=country, subdivision=subdivision))

    assert [(b.rule, b.pointer) for b in found] == ([("subdivision", "/subdivision")] if message else [])
    assert all(message in b.message for b in found if message)


@pytest.mark.parametrize(
    ("place", "kind", "price", "given", "rule"),
    [
        ("CA-ON", "coaching", 100, [], "no-confidential-matter"),
        ("CA-BC", "coaching", 100, [], "no-confidential-matter"),
        ("CA-ON", "coaching", 100, ["no_confidential_matter"], None),
        ("CA-ON", "coaching", 0, [], None),
        ("CA-ON", "good_word", 100, [], None),
        ("NL", "coaching", 100, [], None),
    ],
)
def test_the_acknowledgement(place: str, kind: str, price: int, given: list[str], rule: str | None) -> None:
    country, _, rest = place.partition("-")
    asked = listing((kind, price), country=country, subdivision=place if rest else None) | {"acknowledges": given}

    assert [b.rule for b in RULES.acknowledged(asked)] == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("Canadian experience required", "CA-ON", True),
        ("Two years of canadian-experience", "CA-ON", True),
        ("Canadian experiences", "CA-ON", True),
        ("Canadian work experience", "CA-ON", True),
        ("Experience gained in Canada", "CA-ON", True),
        ("Expériences professionnelles canadiennes", "CA-ON", True),
        ("С\u0430n\u0430di\u0430n experience", "CA-ON", True),
        ("Canadian payroll; experience with SAP", "CA-ON", False),
        ("Experience with Canadian tax law", "CA-ON", False),
        ("5 years of CANADIAN  EXPERIENCE", "CA-ON", True),
        ("Canadian-experience", "CA-ON", True),
        ("Expérience canadienne exigée", "CA-ON", True),
        ("Canadian experience required", "CA-BC", False),
        ("Experience with Canadian tax law", "CA-ON", False),
        ("Canadian customers; experience with Kafka", "CA-ON", False),
    ],
)
def test_phrases_that_a_place_forbids(text: str, place: str, found: bool) -> None:
    written = listing(("coaching", 0), country="CA", subdivision=place) | {"duties": [text]}

    breaches = [(b.rule, b.pointer) for b in RULES.wording(written)]

    assert breaches == ([("no-canadian-experience", "/duties/0")] if found else [])


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
    assert RULES.prices(listing(("coaching", cap), **pay), TODAY) == []

    (breach,) = RULES.prices(listing(("coaching", cap + 1), **pay), TODAY)
    assert (breach.rule, breach.pointer) == ("price-cap", "/help/0/price/amount")
    assert "EUR" in breach.message and "at most" in breach.message


def test_the_cap_is_for_all_help_together() -> None:
    (breach,) = RULES.prices(listing(("coaching", 60_000), ("reference", 40_001), country="DE"), TODAY)

    assert (breach.rule, breach.pointer) == ("price-cap", "/help")


@pytest.mark.parametrize("currency", ["INR", "BRL", "KWD"])
def test_a_currency_without_a_cap_is_for_price_zero(currency: str) -> None:
    (breach,) = RULES.prices(listing(("coaching", 1), currency=currency), TODAY)

    assert breach.rule == "price-cap"
    assert f"prices in {currency} are 0" in breach.message and "EUR" in breach.message


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
