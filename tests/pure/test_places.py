"""The rules by place: the shipped ones, an operator's laid over them, and what is no rules file or no licence."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pycountry
import pytest

from shared.places import BadLicences, BadRules, name_of, read_licences, shipped
from shared.places.files import load as rules_of
from shared.places.files import overlaid
from shared.places.rules import PlaceRules
from shared.settings import SettingsError, load

SHIPPED = json.loads((Path(__file__).parents[2] / "shared/places/rules.json").read_text("utf-8"))
LISTS = ("decisions", "questions", "consents", "acknowledgements", "phrases")
ENTRIES = [(name, entry) for name in LISTS for entry in SHIPPED[name]]
DOUBTED = {
    "price-policy-ca-on-good-word", "price-policy-ca-bc-coaching", "price-policy-ca-ab", "price-policy-ca",
    "price-policy-nl-good-word", "price-policy-nl-coaching", "price-policy-de", "price-policy-gb-coaching",
    "price-policy-fr-reference", "price-policy-us-ny", "price-policy-us-ca", "foreign-national-ca-on",
    "employer-consent-ca", "no-canadian-experience",
}  # fmt: skip
"""Those whose finding has a doubt."""


def entry(**more: Any) -> dict[str, Any]:
    return {
        "id": "own-es",
        "place": "ES",
        "help": ["coaching"],
        "decision": "paid",
        "source": {"act": "Ley 3/2023", "says": "counsel says that coaching may be charged"},
        "checked": "2026-11-28",
    } | more


def as_file(*entries: dict[str, Any], **more: Any) -> str:
    return json.dumps({"decisions": list(entries), **more}, indent=1)


@pytest.mark.parametrize(("kind", "given"), ENTRIES, ids=[entry["id"] for _, entry in ENTRIES])
def test_every_shipped_entry_has_its_source_and_date(kind: str, given: dict[str, Any]) -> None:
    assert given["source"]["act"] and len(given["source"]["says"]) > 20
    assert date(2026, 11, 1) <= date.fromisoformat(given["checked"]) <= date(2027, 12, 31)
    assert given["place"] == "*" or name_of(given["place"]) != given["place"]
    if given["id"] in DOUBTED:
        assert given["doubt"]


def test_no_own_rule_poses_as_a_law() -> None:
    for _, given in ENTRIES:
        assert given.get("own", False) == given["source"]["act"].startswith("Good Golem's own rule"), given["id"]


def test_the_most_exact_place_decides() -> None:
    rules = shipped()

    assert rules.decision("CA-ON", "coaching").id == "price-policy-ca-on-coaching"
    assert rules.decision("CA-QC", "coaching").id == "price-policy-ca"
    assert rules.decision("NL-NH", "coaching").id == "price-policy-nl-coaching"
    assert rules.decision("ES", "coaching").id == "price-policy-default"


def test_an_operators_own_decision_goes_before() -> None:
    rules = overlaid(as_file(entry(), entry(id="own-on", place="CA-ON", decision="free_only")))

    assert rules.decision("ES", "coaching").id == "own-es"
    assert rules.decision("ES-MD", "coaching").decision == "paid"
    assert rules.decision("ES", "reference").id == "price-policy-default"
    assert rules.decision("CA-ON", "coaching").id == "own-on"
    assert rules.decision("CA-ON", "reference").id == "price-policy-ca-on-reference"
    assert rules.needs_subdivision("CA") and not rules.needs_subdivision("ES")


def test_an_operators_own_caps() -> None:
    cap = {"absolute": {"INR": 5_000_000, "EUR": 1}, "exposure": {"INR": 9_000_000}}
    rules = overlaid(json.dumps({"price_cap": {"says": "ours", "checked": "2026-11-28", **cap}}))

    assert (rules.cap.absolute["INR"], rules.cap.absolute["EUR"]) == (5_000_000, 1)
    assert rules.cap.absolute["CAD"] == shipped().cap.absolute["CAD"]
    assert rules.cap.pay_bps == 200


def test_an_operators_own_period_leaves_the_others() -> None:
    given = {"price_cap": {"says": "ours", "checked": "2026-11-28", "periods_in_a_year": {"hour": 1_800}}}

    assert overlaid(json.dumps(given)).cap.periods == {**shipped().cap.periods, "hour": 1_800}


def test_a_file_that_an_editor_marked_as_utf_8_is_read(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text('{"decisions": []}', "utf-8-sig")

    assert rules_of(tmp_path / "rules.json").decisions == shipped().decisions


BAD: dict[str, tuple[str, int, str]] = {
    "nothing": ("", 1, "expected JSON"),
    "no JSON": ('{\n "decisions": [\n}', 3, "expected JSON"),
    "a list": ("[]", 1, "expected an object"),
    "nested for ever": ("[" * 100_000, 1, "nested"),
    "an unknown list": ('{"laws": []}', 1, "laws: is not known"),
    "an unknown place": (as_file(entry(place="XX")), 3, "place: XX is no code of ISO 3166"),
    "an unknown subdivision": (as_file(entry(place="CA-ZZ")), 3, "CA-ZZ"),
    "an unknown kind": (as_file(entry(help=["bribe"])), 3, "help.0: expected one of"),
    "an unknown decision": (as_file(entry(decision="maybe")), 3, "decision: expected one of"),
    "no source": (as_file({k: v for k, v in entry().items() if k != "source"}), 3, "source: is required"),
    "a source that says nothing": (as_file(entry(source={"act": "A", "says": ""})), 10, "says"),
    "no date": (as_file({k: v for k, v in entry().items() if k != "checked"}), 3, "checked: is required"),
    "a day that is none": (as_file(entry(checked="2026-02-30")), 3, "checked"),
    "the second of two": (as_file(entry(), entry(id="two", place="FR", decision="x")), 16, "decisions.1.decision"),
    "one id twice": (as_file(entry(), entry(place="FR")), 16, "own-es is that of line 3"),
    "a shipped id": (as_file(entry(id="price-policy-de")), 3, "a shipped rule's"),
    "one question twice": (as_file(entry(), entry(id="two")), 16, "decided twice for ES"),
    "licensed by nothing": (as_file(entry(decision="licensed")), 3, "licence: is to name"),
    "a licence for what is paid": (as_file(entry(licence="the guild's")), 3, "licence: is to name"),
    "an amount below 0": (
        '{"price_cap": {"says": "s", "checked": "2026-11-28", "absolute": {"EUR": -1}}}', 1, "absolute",
    ),
    "a list twice": ('{"decisions": [],\n "decisions": []}', 1, "decisions is there twice"),
    "a name twice in an entry": ('{"decisions": [\n{"id": "a", "id": "b"}]}', 2, "id is there twice"),
    "a phrase without a word": (
        '{"phrases": [\n{"id": "a", "place": "NL", "help": ["coaching"], "source": {"act": "A", "says": "s"}, '
        '"checked": "2026-11-28", "phrases": ["--"]}]}', 2, "a phrase with a word",
    ),
    "an unknown period": (
        '{"price_cap": {"says": "s", "checked": "2026-11-28", "periods_in_a_year":\n{"fortnight": 26}}}', 2,
        "fortnight",
    ),
    "a cap without an exposure": (
        '{"price_cap":\n{"says": "s", "checked": "2026-11-28", "absolute": {"INR": 5}}}', 2, "INR has a cap",
    ),
    "an unknown currency": (
        '{"price_cap": {"says": "s", "checked": "2026-11-28", "absolute": {"XXX": 1}}}', 1, "absolute",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_no_rules_file(what: str) -> None:
    """Its line and the reason are named."""
    text, line, says = BAD[what]

    with pytest.raises(BadRules) as caught:
        overlaid(text)

    assert str(caught.value).startswith(f"line {line}: "), caught.value
    assert says in str(caught.value)


LICENCE = {"place": "CA-ON", "number": "R-1", "valid_until": "2027-12-31"}
BAD_LICENCES: dict[str, tuple[str, str]] = {
    "no JSON": ("[", "expected JSON"),
    "no list": ("{}", "expected"),
    "no place": (json.dumps([{"number": "R-1", "valid_until": "2027-12-31"}]), "place: is required"),
    "an unknown place": (json.dumps([LICENCE | {"place": "CA-ZZ"}]), "CA-ZZ is no code of ISO 3166"),
    "no end": (json.dumps([{"place": "CA", "number": "R-1"}]), "valid_until: is required"),
    "a day that is none": (json.dumps([LICENCE, LICENCE | {"valid_until": "soon"}]), "licence 2.valid_until"),
    "a first day after its last": (
        json.dumps([LICENCE | {"valid_from": "2028-01-01"}]),
        "2028-01-01 is after its last day",
    ),
    "a first day that is none": (json.dumps([LICENCE | {"valid_from": "now"}]), "licence 1.valid_from"),
    "something else": (json.dumps([LICENCE | {"scope": "all"}]), "scope: is not known"),
    "nested for ever": ("[" * 100_000, "nested"),
}


@pytest.mark.parametrize("what", BAD_LICENCES)
def test_no_licences(what: str) -> None:
    text, says = BAD_LICENCES[what]

    with pytest.raises(BadLicences) as caught:
        read_licences(text)

    assert says in str(caught.value)


NEXT = {"place": "CA-ON", "number": "R-2", "valid_until": "2028-12-31"}
FROM_2028 = NEXT | {"valid_from": "2028-01-01"}


@pytest.mark.parametrize(
    ("entered", "days"),
    [
        ([LICENCE, FROM_2028], {"2027-06-01": "R-1", "2027-12-31": "R-1", "2028-01-01": "R-2", "2029-01-01": None}),
        ([FROM_2028, LICENCE], {"2027-06-01": "R-1", "2027-12-31": "R-1", "2028-01-01": "R-2", "2028-12-31": "R-2"}),
        ([NEXT, LICENCE], {"2027-06-01": "R-1", "2027-12-31": "R-1", "2028-01-01": "R-2"}),
        ([FROM_2028], {"2027-12-31": None, "2028-01-01": "R-2"}),
        ([LICENCE | {"valid_from": "2027-12-31"}], {"2027-12-30": None, "2027-12-31": "R-1", "2028-01-01": None}),
        ([NEXT, LICENCE | {"place": "CA"}], {"2027-06-01": "R-1", "2028-01-01": "R-2"}),
    ],
    ids=[
        "the next one behind",
        "the next one first",
        "as before there was a first day",
        "early",
        "one day",
        "a country's",
    ],
)
def test_of_several_licences_that_hold_it_is_the_one_that_ends_soonest(
    entered: list[dict[str, str]], days: dict[str, str | None]
) -> None:
    licences = read_licences(json.dumps(entered))

    found = {day: licences.of("CA-ON", date.fromisoformat(day)) for day in days}

    assert {day: licence and licence.number for day, licence in found.items()} == days


# -- as settings


def environment(folder: Path, **more: str) -> dict[str, str]:
    keys = folder / "jwks.json"
    keys.write_text('{"keys": []}')
    return {"MONGODB_URI": "mongodb://nowhere", "PSEUDONYM_KEY": "k" * 40, "JWKS_FILE": str(keys), **more}


def test_settings_read_both(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text(as_file(entry()))
    (tmp_path / "licences.json").write_text(json.dumps([LICENCE]))
    more = {"RULES_FILE": str(tmp_path / "rules.json"), "LICENCES": str(tmp_path / "licences.json")}

    places = load("listing", "web", "places", environ=environment(tmp_path, **more)).places

    assert places.rules.decision("ES", "coaching").id == "own-es"
    assert [each.number for each in places.licences.all] == ["R-1"]
    inline = load("listing", "web", "places", environ=environment(tmp_path, LICENCES=json.dumps([LICENCE]))).places
    assert inline.licences.all == places.licences.all


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RULES_FILE", "/nowhere/rules.json", "expected a file that exists"),
        ("RULES_FILE", "bad.json", "line 3: decisions.0.place: XX"),
        ("LICENCES", "[{}]", "licence 1.place: is required"),
        ("LICENCES", "/nowhere/licences.json", "expected a file that exists"),
    ],
)
def test_what_is_wrong_stops_the_start(tmp_path: Path, name: str, value: str, says: str) -> None:
    (tmp_path / "bad.json").write_text(as_file(entry(place="XX")))
    value = str(tmp_path / value) if value == "bad.json" else value

    with pytest.raises(SettingsError) as caught:
        load("listing", "web", "places", environ=environment(tmp_path, **{name: value}))

    assert any(fault.startswith(f"{name}: ") and says in fault for fault in caught.value.faults), caught.value.faults


def test_a_development_licence_is_not_taken_beside_an_identity_provider(tmp_path: Path) -> None:
    given = json.dumps([LICENCE | {"development": True}])
    load("listing", "web", "places", environ=environment(tmp_path, LICENCES=given))

    provider = environment(tmp_path, LICENCES=given, JWKS_FILE="", JWKS_URL="https://id.example/jwks.json")
    with pytest.raises(SettingsError) as caught:
        load("listing", "web", "places", environ=provider)

    assert any("LICENCES" in fault and "development" in fault for fault in caught.value.faults)


def test_names_are_those_of_iso() -> None:
    assert {name_of(each.alpha_2) for each in pycountry.countries}
    assert (name_of("CA-ON"), name_of("NL"), name_of("??")) == ("Ontario", "Netherlands", "??")


def test_rules_hold_for_every_place() -> None:
    """There is a decision for each."""
    rules: PlaceRules = shipped()
    for place in [each.code for each in pycountry.subdivisions]:
        for kind in ("good_word", "reference", "coaching"):
            assert rules.decision(place, kind)
