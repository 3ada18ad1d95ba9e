"""Words as the search sees them, places in the orders, and which way a question goes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.listing.orders import INDEXED, order, sort_keys
from services.listing.search import Facets, facets, fields, own_question, public_question, status_question
from services.listing.stems import asked, distinct, fold, stems, stems_of, words

AT = datetime(2027, 1, 1, 12, tzinfo=UTC)
LISTING: dict[str, Any] = {
    "insider": "p_1", "state": "published", "title": "Engineer", "duties": ["Run things"], "country": "CH",
    "region": "Zürich", "industry": {"scheme": "NACE-2", "code": "J62"},
    "occupation": {"scheme": "ISCO-08", "code": "2512"}, "leaving_on": "2027-01-31",
    "pay": {"min": 300_000, "max": 400_000, "currency": "EUR", "per": "month"},
    "help": [{"kind": "coaching", "price": {"amount": 500, "currency": "EUR"}},
             {"kind": "good_word", "price": {"amount": 0, "currency": "EUR"}}],
    "created_at": AT - timedelta(days=1), "published_at": AT,
}  # fmt: skip


def test_words_are_folded() -> None:
    assert words("Café CAFÉ, C++/C# node.js ﬁnance_2") == ["cafe", "cafe", "c++", "c#", "node", "js", "finance", "2"]
    assert distinct(["b", "a", "b"]) == ["a", "b"]
    assert words("Chef d’équipe, cœur, NÆSS") == ["chef", "d", "equipe", "coeur", "naess"]


@pytest.mark.parametrize(
    "family",
    [
        "bake Bake bakes baked baking", "engineer engineers engineering", "manage manager managers managed managing",
        "nurse nurses nursing", "payment payments", "café Cafe cafés CAFES", "national nationaux nationale",
        "infirmier infirmière infirmieres INFIRMIERS", "boulanger boulangère boulangères", "ingénieur ingénieure",
        "vendeur vendeuse vendeurs vendeuses", "directeur directrice directrices", "technicien technicienne",
        "employé employée employés employées", "cheval chevaux", "conseiller conseillère", "cuisinier cuisinière",
        "œuvre oeuvres", "sécurité securite",
    ],
)  # fmt: skip
def test_a_family_of_words_is_one_to_the_search(family: str) -> None:
    """Whichever of them is asked for finds whichever stands in the text."""
    members = [fold(word) for word in family.split()]
    for one in members:
        for other in members:
            assert set(stems_of(one)) & set(stems_of(other)), (one, other)


@pytest.mark.parametrize("pair", ["baker banker", "nurse nuance", "port portier", "payment pavement", "soir soin"])
def test_other_words_are_others(pair: str) -> None:
    one, other = pair.split()

    assert not set(stems_of(one)) & set(stems_of(other))


def test_short_and_marked_words_stay_whole_and_empty_ones_go() -> None:
    assert stems("C++ and C#, the Go of AWS, k8s, IT à l'OR") == ["aws", "c#", "c++", "go", "it", "k8s", "or"]
    assert asked("the Nurses, the night nurse") == [["night"], ["nurs"]]
    assert asked("l'équipe de la nuit") == [["equip"], ["nuit"]]
    assert asked("The of LA") == asked("!!!") == []
    assert asked("baking") == [["bake", "baking"]]


def test_facets_of_what_all_may_find_are_there_only_while_it_is_published() -> None:
    assert facets(LISTING, ["run"]) == [
        "insider:p_1", "insider:p_1:published", "country:CH", "help:coaching", "help:good_word", "region:zurich",
        "occupation:ISCO-08:2", "occupation:ISCO-08:25", "occupation:ISCO-08:251", "occupation:ISCO-08:2512",
        "industry:NACE-2:J", "industry:NACE-2:J62", "word:run",
    ]  # fmt: skip
    assert facets(LISTING | {"state": "paused"}, ["run"]) == ["insider:p_1", "insider:p_1:paused"]


def test_a_place_sorts_as_its_order_does() -> None:
    here = sort_keys(LISTING, "b")

    assert here["rank"] == "2027-01-01T12:00:00.000Z/b"
    assert here["place_best_paid"] == "EUR/000000004800000/2027-01-01T12:00:00.000Z/b"
    assert here["place_cheapest"] == here["place_good_word"]
    assert here["place_reference"] is None and str(here["place_coaching"]).startswith("000000000500/")
    later = sort_keys(LISTING | {"published_at": AT + timedelta(milliseconds=1)}, "a")
    assert later["rank"] > here["rank"], "newest first is downwards"  # type: ignore[operator]
    for upwards in ("place_cheapest", "place_leaving", "place_coaching"):
        assert later[upwards] < here[upwards], "of equals the newer one comes first"  # type: ignore[operator]
    assert set(here) == {field for field, _ in INDEXED}
    draft = {name: value for name, value in LISTING.items() if name != "published_at"}
    assert sort_keys(draft, "b")["rank"] == "2026-12-31T12:00:00.000Z/b"


@pytest.mark.parametrize(
    ("asked", "field", "first", "behind"),
    [
        ({}, "rank", {}, {"$lt": "x"}),
        ({"posted_since": AT}, "rank", {"$gte": "2027-01-01T12:00:00.000Z"},
         {"$gte": "2027-01-01T12:00:00.000Z", "$lt": "x"}),
        ({"sort": "leaving"}, "place_leaving", {"$gte": "0"}, {"$gt": "x"}),
        ({"sort": "cheapest", "max_price": 99}, "place_cheapest", {"$gte": "000000000000", "$lt": "000000000100"},
         {"$gt": "x", "$lt": "000000000100"}),
        ({"sort": "cheapest", "help": "coaching", "min_price": 5}, "place_coaching", {"$gte": "000000000005"},
         {"$gt": "x"}),
        ({"sort": "best_paid", "pay_currency": "EUR"}, "place_best_paid", {"$gte": "EUR/", "$lt": "EUR0"},
         {"$gte": "EUR/", "$lt": "x"}),
    ],
)  # fmt: skip
def test_where_an_order_begins_and_goes_on(
    asked: dict[str, Any], field: str, first: dict[str, str], behind: dict[str, str]
) -> None:
    asked_order = order(asked)

    assert asked_order.field == field
    assert asked_order.behind(None) == ({field: first} if first else {})
    assert asked_order.behind("x") == {field: behind}
    assert asked_order.form.fullmatch(str(sort_keys(LISTING, "b")[field]))
    assert not asked_order.form.fullmatch("x")


def test_a_question_and_its_two_ways() -> None:
    question = public_question(
        {"q": "baking nurses", "country": "CA", "region": "Québec", "occupation": "ISCO-08:2512", "help": "coaching",
         "min_price": 1, "max_price": 9, "posted_since": AT}
    )  # fmt: skip

    rest = {"prices.coaching": {"$gte": 1, "$lte": 9}, "published_at": {"$gte": AT}}
    behind = {"rank": {"$gte": "2027-01-01T12:00:00.000Z", "$lt": "x"}}
    assert question.by_facet(list(question.leads), "x") == rest | behind | {
        "facets": {"$in": ["word:bake", "word:baking"]},
        "$and": [{"facets": "word:nurs"}, {"facets": "occupation:ISCO-08:2512"}, {"facets": "region:quebec"},
                 {"facets": "country:CA"}, {"facets": "help:coaching"}],
    }  # fmt: skip
    entered = question.by_facet([("word:nurs",)], None)
    assert (entered["facets"], entered["words"]) == ("word:nurs", {"$in": ["bake", "baking"]})
    assert entered["country"] == "CA" and entered["help.kind"] == "coaching"
    assert question.by_order("x") == rest | behind | {
        "state": "published", "words": {"$in": ["bake", "baking"]}, "codes": "occupation:ISCO-08:2512",
        "region_key": "quebec", "country": "CA", "help.kind": "coaching", "$and": [{"words": {"$in": ["nurs"]}}],
    }  # fmt: skip


def test_pay_is_compared_by_the_year() -> None:
    hourly = public_question({"pay_min": 2_000, "pay_max": 3_000, "pay_currency": "CAD", "pay_per": "hour"})

    assert hourly.rest == {
        "pay.currency": "CAD", "year_pay.max": {"$gte": 2_000 * 2080}, "year_pay.min": {"$lte": 3_000 * 2080},
    }  # fmt: skip
    assert fields(LISTING, "b")["year_pay"] == {"min": 3_600_000, "max": 4_800_000}
    assert public_question({"pay_currency": "CAD", "pay_per": "year"}).rest == {"pay.currency": "CAD"}


@pytest.mark.parametrize(
    ("counts", "entered"),
    [
        ({"region": 50, "country": 12_500}, ["region"]),
        ({"region": 5_000, "country": 20_000}, []),
        ({"region": 1_200, "country": 1_300}, ["region", "country"]),
        ({"region": 0, "country": 12_500}, ["region"]),
        ({"country": 12_500}, []),
        ({"region": 1_000}, ["region"]),
        ({"region": 1_100}, []),
        ({}, []),
    ],
)
def test_the_shorter_way(counts: dict[str, int], entered: list[str]) -> None:
    """Among 100,000: few have the facet, so by facet; many, so by order; two that rarely meet, by both."""
    question = public_question({name: {"region": "zz", "country": "CA"}[name] for name in counts})
    found: dict[Facets, int] = {lead: counts[lead[0].split(":")[0]] for lead in question.leads}

    assert [lead[0].split(":")[0] for lead in question.entry(found, 100_000, 21, first=False)] == entered


def test_a_first_page_of_the_newest_is_read_from_its_rarest_facet() -> None:
    """Not so where it is a word of two stems, or another is about as rare: two lists would have to be merged."""
    question = public_question({"country": "CA", "region": "zz", "q": "baking"})
    baking, zz, ca = question.leads

    assert question.entry({baking: 30_000, zz: 5_000, ca: 50_000}, 100_000, 21, first=True) == (zz,)
    assert question.entry({baking: 4_000, zz: 50_000, ca: 50_000}, 100_000, 21, first=True) == ()
    assert question.entry({baking: 90_000, zz: 40_000, ca: 50_000}, 100_000, 21, first=True) == ()
    leaving = public_question({"country": "CA", "sort": "leaving"})
    assert leaving.entry({ca: 50_000}, 100_000, 21, first=True) == ()


def test_questions_about_what_is_not_published() -> None:
    mine = own_question({"q": "Run", "status": "draft", "region": "x"}, "p_1")
    assert mine.entry({}, 0, 21, first=True) == (("insider:p_1:draft",),)
    assert mine.by_facet(mine.entry({}, 0, 21, first=True), None) == {
        "facets": "insider:p_1:draft",
        "region_key": "x",
        "words": {"$in": ["run"]},
    }
    assert list(own_question({}, "p_1").leads) == [("insider:p_1",)]

    held = status_question({"status": "in_review", "help": "coaching"})
    assert held.entry({}, 0, 21, first=True) == ()
    assert held.by_order(None) == {"state": "in_review", "help.kind": "coaching"}
