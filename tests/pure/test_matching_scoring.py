"""Scores by hand: each reason alone and together, as docs/matching.md has them; the order; that it cannot be bought."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.matches.facets import index, name_key, questions
from services.matching.matches.records import Record
from services.matching.matches.scoring import WEIGHTS, Match, match, ranked
from tests.support.matching import listing

DEVELOPER = {"scheme": "ISCO-08", "code": "2512"}
NURSE = {"scheme": "ISCO-08", "code": "2221"}
SOFTWARE, HOSPITALS = {"scheme": "NACE-2", "code": "J62"}, {"scheme": "NACE-2", "code": "Q86"}
NOTHING: dict[str, Any] = {
    "occupations": [], "industries": [], "countries": [], "regions": [], "skills": [], "help": [], "pay": None,
}  # fmt: skip
NOBODY = Record()
PAGE = Path(__file__).parents[2] / "docs" / "matching.md"


def wants(**named: Any) -> dict[str, Any]:
    return {**NOTHING, **named}


def scored(profile: dict[str, Any], record: Record = NOBODY, **changed: Any) -> dict[str, int]:
    """{reason: points}; nothing where it is no match. The listing is the usual one, at a price for all its help."""
    help_ = [{"kind": "coaching", "price": 50_000}, {"kind": "good_word", "price": 1_000}]
    found = match(profile, listing(**{"help": help_, **changed}), record)
    if found is None:
        return {}
    assert found.score == sum(reason.points for reason in found.reasons)
    assert all(reason.explanation for reason in found.reasons)
    return {reason.code: reason.points for reason in found.reasons}


def euros(amount: int, per: str = "year", currency: str = "EUR") -> dict[str, Any]:
    return {"amount": amount, "currency": currency, "per": per}


IS_DEVELOPER = wants(occupations=[NURSE, DEVELOPER])


@pytest.mark.parametrize(
    ("profile", "record", "changed", "expected"),
    [
        (IS_DEVELOPER, NOBODY, {}, {"occupation": 40}),
        (wants(occupations=[{"scheme": "ISCO-08", "code": "25"}]), NOBODY, {}, {"occupation": 40}),
        (wants(industries=[SOFTWARE]), NOBODY, {}, {"industry": 20}),
        (wants(industries=[{"scheme": "NACE-2", "code": "J"}]), NOBODY, {}, {"industry": 20}),
        (wants(skills=["python"]), NOBODY, {}, {"skills": 6}),
        (wants(skills=["KAFKA", "python", "Cobol"]), NOBODY, {}, {"skills": 12}),
        (wants(skills=list("abcdefg")), NOBODY, {"skills": list("abcdefg")}, {"skills": 30}),
        (wants(skills=["c"]), NOBODY, {"skills": ["C", "c"]}, {"skills": 6}),
        ({**IS_DEVELOPER, "regions": ["utrecht"]}, NOBODY, {}, {"occupation": 40, "region": 8}),
        ({**IS_DEVELOPER, "regions": ["Montreal"]}, NOBODY, {"region": "Montréal"}, {"occupation": 40, "region": 8}),
        ({**IS_DEVELOPER, "regions": ["Zeeland"]}, NOBODY, {"region": None}, {"occupation": 40}),
        ({**IS_DEVELOPER, "countries": ["CA", "NL"]}, NOBODY, {}, {"occupation": 40}),
        ({**IS_DEVELOPER, "pay": euros(5_500_000)}, NOBODY, {}, {"occupation": 40, "pay": 12}),
        ({**IS_DEVELOPER, "pay": euros(5_500_001)}, NOBODY, {}, {"occupation": 40, "pay_may": 6}),
        ({**IS_DEVELOPER, "pay": euros(7_000_001)}, NOBODY, {}, {"occupation": 40}),
        ({**IS_DEVELOPER, "pay": euros(458_333, "month")}, NOBODY, {}, {"occupation": 40, "pay": 12}),
        ({**IS_DEVELOPER, "pay": euros(1, currency="CAD")}, NOBODY, {}, {"occupation": 40}),
        ({**IS_DEVELOPER, "help": ["coaching"]}, NOBODY, {}, {"occupation": 40, "help": 6}),
        ({**IS_DEVELOPER, "help": ["reference"]}, NOBODY, {}, {"occupation": 40}),
        (IS_DEVELOPER, NOBODY, {"help": [{"kind": "coaching", "price": 0}]}, {"occupation": 40, "free": 10}),
        (IS_DEVELOPER, NOBODY, {"help": listing(1)["help"]}, {"occupation": 40, "free_part": 5}),
        ({**IS_DEVELOPER, "help": ["good_word"]}, NOBODY, {"help": listing(1)["help"]},
         {"occupation": 40, "help": 6, "free": 10}),
        (IS_DEVELOPER, Record(hires=9, lasted=1), {}, {"occupation": 40, "lasted": 4}),
        (IS_DEVELOPER, Record(hires=9, lasted=8, given=2), {}, {"occupation": 40, "lasted": 12, "gave": 4}),
        (IS_DEVELOPER, Record(hires=9, given=9), {}, {"occupation": 40, "gave": 6}),
        (IS_DEVELOPER, NOBODY, {"insider_verified": True}, {"occupation": 40, "verified": 6}),
    ],
)  # fmt: skip
def test_points(profile: dict[str, Any], record: Record, changed: dict[str, Any], expected: dict[str, int]) -> None:
    assert scored(profile, record, **changed) == expected


def test_each_reason_has_a_case_and_a_line_on_the_page() -> None:
    (cases,) = (mark.args[1] for mark in test_points.pytestmark)
    page = PAGE.read_text("utf-8")

    assert {code for *_, expected in cases for code in expected} == set(WEIGHTS)
    for code, weight in WEIGHTS.items():
        assert f"| `{code}` | {weight.points} | {weight.most} | {weight.description} |" in page
        assert weight.most % weight.points == 0


ALL_BUT_WORK = wants(
    occupations=[NURSE], industries=[HOSPITALS], skills=["Cobol"], countries=["NL"], regions=["Utrecht"],
    help=["coaching"], pay=euros(1),
)  # fmt: skip
BEST = Record(hires=50, lasted=50, given=50)


@pytest.mark.parametrize(
    "profile",
    [NOTHING, ALL_BUT_WORK, {**IS_DEVELOPER, "countries": ["CA"]},
     wants(occupations=[{"scheme": "SOC-2018", "code": "2512"}]),
     wants(occupations=[{"scheme": "ISCO-08", "code": "22"}]), wants(skills=["Py", "Python 3"])],
)  # fmt: skip
def test_nothing_in_common_is_no_match(profile: dict[str, Any]) -> None:
    """However good the rest is: another occupation or group, the same number of another scheme, another country."""
    assert scored(profile, BEST, insider_verified=True, help=[{"kind": "coaching", "price": 0}]) == {}


def test_the_reasons_in_words() -> None:
    """In the order of the page, plain, and naming what they are about."""
    profile = wants(
        occupations=[DEVELOPER], industries=[SOFTWARE], skills=["Kafka", "python"], regions=["Utrecht"],
        help=["good_word", "coaching"], pay=euros(6_000_000),
    )  # fmt: skip
    found = match(profile, listing(1, insider_verified=True), Record(hires=4, lasted=1, given=2))

    assert found is not None
    assert [(reason.points, reason.explanation) for reason in found.reasons] == [
        (40, "The occupation is one that you look for: Software Developers."),
        (20, "The industry is one that you look for: Computer programming, consultancy and related activities."),
        (12, "It asks for what you can do: Kafka, Python."),
        (8, "It is in a region that you look for: Utrecht."),
        (6, "It may pay what you want."),
        (6, "The help that you want is on offer: coaching, good word."),
        (5, "Some of the help free of charge: good word."),
        (4, "1 person helped by the insider kept the job 90 days or more."),
        (4, "2 people got a job with the insider's help, free of charge."),
        (6, "The insider gets mail at the employer."),
    ]
    assert found.score == 111


# -- the order


def hand_made() -> list[tuple[dict[str, Any], Record]]:
    """Listings in the order they should have for a developer who wants coaching."""
    free, paid = [{"kind": "coaching", "price": 0}], [{"kind": "coaching", "price": 90_000}]
    return [
        (listing(listing_id="5 for nothing, of whom people stayed", help=free), Record(lasted=2)),
        (listing(listing_id="4 for nothing", help=free), NOBODY),
        (listing(listing_id="3 paid, of whom people stayed", help=paid), Record(lasted=2)),
        (listing(listing_id="1 paid", help=paid), NOBODY),
        (listing(listing_id="2 paid, too", help=paid), NOBODY),
        (listing(listing_id="0 another occupation", help=free, occupation=NURSE), Record(lasted=2)),
    ]


def order(listings: Iterable[tuple[dict[str, Any], Record]]) -> list[str]:
    profile = wants(occupations=[DEVELOPER], industries=[SOFTWARE], help=["coaching"])
    return [found.listing["listing_id"] for found in ranked(match(profile, each, record) for each, record in listings)]


def test_the_ranking_is_as_the_page_says() -> None:
    """Help for nothing and hires that lasted rank higher; of equals the smaller id is first."""
    assert order(hand_made()) == [each["listing_id"] for each, _ in hand_made()]


@given(st.randoms(use_true_random=False))
def test_the_ranking_is_the_same_in_whatever_order_they_come(dice: random.Random) -> None:
    mixed = hand_made()
    dice.shuffle(mixed)

    assert order(mixed) == order(hand_made())


# -- it cannot be bought

_KINDS = ("coaching", "good_word", "reference")
_CODES = st.sampled_from([DEVELOPER, NURSE, {"scheme": "ISCO-08", "code": "251"}, {"scheme": "ISCO-08", "code": "22"}])
_PROFILES = st.fixed_dictionaries({
    "occupations": st.lists(_CODES, max_size=2), "industries": st.lists(st.sampled_from([SOFTWARE, HOSPITALS])),
    "countries": st.lists(st.sampled_from(["NL", "CA"]), max_size=1), "regions": st.just(["Utrecht"]),
    "skills": st.lists(st.sampled_from(["python", "kafka"])), "help": st.lists(st.sampled_from(_KINDS), unique=True),
    "pay": st.none() | st.builds(euros, st.integers(1, 8_000_000)),
})  # fmt: skip
_RECORDS = st.builds(Record, lasted=st.integers(0, 9), given=st.integers(0, 9))
_PRICES = st.lists(st.sampled_from([0, 0, 1, 500, 100_000]), min_size=3, max_size=3)


def _points(found: Match | None) -> int:
    return found.score if found else 0


@given(_PROFILES, _RECORDS, _PRICES, st.integers(0, 2), st.integers(1, 100_000))
def test_a_higher_price_never_raises_the_score(
    profile: dict[str, Any], record: Record, prices: list[int], which: int, more: int
) -> None:
    def at(asked: list[int]) -> dict[str, Any]:
        return listing(help=[{"kind": kind, "price": price} for kind, price in zip(_KINDS, asked, strict=True)])

    dearer = [price + more if number == which else price for number, price in enumerate(prices)]

    before, after = match(profile, at(prices), record), match(profile, at(dearer), record)

    assert _points(after) <= _points(before)
    assert (before is None) == (after is None)
    if prices[which] > 0:
        assert _points(after) == _points(before)


@given(_PROFILES, _RECORDS, _RECORDS)
def test_a_better_record_never_lowers_the_score(profile: dict[str, Any], one: Record, other: Record) -> None:
    better = Record(lasted=max(one.lasted, other.lasted), given=max(one.given, other.given))

    assert _points(match(profile, listing(), better)) >= _points(match(profile, listing(), one))


# -- the index finds what the score likes


@given(_PROFILES, _RECORDS)
def test_every_match_is_found_by_its_facets(profile: dict[str, Any], record: Record) -> None:
    """A listing is looked at if and only if it has something in common."""
    facets = set(index(listing())["facets"])
    looked_at = any(facets & set(asked) for asked in questions(profile))

    assert looked_at == (match(profile, listing(), record) is not None)


@pytest.mark.parametrize("changed", [{"status": "paused"}, {"published_at": None}, {"occupation": None}])
def test_what_is_not_open_has_no_facets(changed: dict[str, Any]) -> None:
    assert index(listing(**changed)) == {"facets": None, "rank": None}


def test_a_group_is_no_member_of_itself() -> None:
    """Who looks for a code does not get what is only said to be somewhere in its group."""
    wide = listing(occupation={"scheme": "ISCO-08", "code": "251"})

    assert match(IS_DEVELOPER, wide, NOBODY) is None


def test_a_code_that_no_list_has_is_called_by_its_number() -> None:
    old = {"scheme": "ISCO-88", "code": "2131"}
    found = match(wants(occupations=[old]), listing(occupation=old), NOBODY)

    assert found and found.reasons[0].explanation == "The occupation is one that you look for: ISCO-88 2131."


def test_the_newest_rank_first() -> None:
    old, new = (index(listing(published_at=f"2027-01-0{day}T00:00:00.000Z"))["rank"] for day in (1, 2))

    assert old < new


def test_the_questions_are_bounded() -> None:
    """As many as a database merges by its index: 200."""
    countries = [f"{letter}A" for letter in "ABCDEFGHIJ"]
    profile = wants(skills=[f"skill {number}" for number in range(20)], countries=countries)

    assert [len(asked) for asked in questions(profile)] == [200]
    assert questions(NOTHING) == []
    assert name_key("  Développement   WEB ") == "developpement web"
