"""Listings with known answers: each search finds exactly those it should, in the right order, while others write.

The answers are worked out in plain Python from what is true of each listing, without the search's own code. 5,000
listings on a real server, with every filter in every order; 600 on the embedded one, which reads through all of them
for most pages, with every filter in one order.
"""

import random
import secrets
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from services.listing.main import build
from services.listing.orders import IN_ONE_CURRENCY
from services.listing.store import COLLECTION, MIGRATIONS, by_order
from shared.aggregate import Store, migrate
from shared.aggregate.store import collection
from tests.support import corpus
from tests.support.clock import ManualClock
from tests.support.corpus import Doc, Facts
from tests.support.web import Caller, problem, settings

SIZES = {"embedded": 600, "containers": 5000, "external": 5000}
MIXED = {"embedded": 30, "containers": 120, "external": 120}
SORTS = ("newest", "cheapest", "leaving", "best_paid")

Asked = dict[str, Any]
Client = MongoClient[dict[str, Any]]


@pytest.fixture(scope="module")
def filled(mongo_client: Client, ground: str) -> Iterator[tuple[Store, list[Facts]]]:
    """The corpus, for tests that only read. The embedded server takes minutes to drop it, and ends with the tests."""
    name = f"test_{secrets.token_hex(6)}"
    store, facts = fill(mongo_client[name], SIZES[ground])
    yield store, facts
    if ground != "embedded":
        mongo_client.drop_database(name)


def fill(database: Database[Doc], count: int) -> tuple[Store, list[Facts]]:
    store = Store(collection(database, COLLECTION), ManualClock())
    migrate(store.collection, MIGRATIONS)
    made = list(corpus.listings(count))
    for begin in range(0, count, 250):
        store.collection.insert_many([doc for doc, _ in made[begin : begin + 250]])
    return store, [facts for _, facts in made]


def people(store: Store, folder: Path) -> Callable[[str], Caller]:
    app = build(settings("listing", folder), store)
    return lambda sub: Caller(app, sub)


# -- the oracle


def holds(facts: Facts, asked: Asked) -> bool:
    """Whether this listing is an answer."""
    kind, per = asked.get("help"), corpus.PERIODS[asked.get("pay_per", "year")]
    return (
        facts.published
        and all(facts.country == asked[name] for name in ("country",) if name in asked)
        and ("region" not in asked or facts.region == asked["region"])
        and ("industry" not in asked or facts.industry.startswith(asked["industry"].split(":")[1]))
        and ("occupation" not in asked or facts.occupation.startswith(asked["occupation"].split(":")[1]))
        and (kind is None or kind in facts.prices)
        and facts.price(kind) >= asked.get("min_price", 0)
        and facts.price(kind) <= asked.get("max_price", 10**9)
        and facts.currency == asked.get("pay_currency", facts.currency)
        and facts.year_pay[1] >= asked.get("pay_min", 0) * per
        and facts.year_pay[0] <= asked.get("pay_max", 10**12) * per
        and ("posted_since" not in asked or facts.at >= datetime.fromisoformat(asked["posted_since"]))
        and all(family_of(word) in facts.families for word in asked.get("q", "").split() if word != "de")
    )


def family_of(word: str) -> int:
    return next(number for number, family in enumerate(corpus.FAMILIES) if word.lower() in map(str.lower, family))


def answer(every: list[Facts], asked: Asked) -> list[str]:
    """The ids in order: by what is sorted by; of equals the newest first."""
    found = sorted((each for each in every if holds(each, asked)), key=lambda facts: facts.id)
    sort, kind = asked["sort"], asked.get("help")
    if sort in ("newest", "best_paid"):
        found.reverse()
    found.sort(key=lambda facts: facts.at, reverse=True)
    match sort:
        case "cheapest":
            found.sort(key=lambda facts: facts.price(kind))
        case "leaving":
            found.sort(key=lambda facts: facts.leaving_on)
        case "best_paid":
            found.sort(key=lambda facts: facts.year_pay[1], reverse=True)
    return [facts.id for facts in found]


def pages(seeker: Caller, asked: Asked, between: Callable[[], object] = lambda: None, limit: int = 100) -> list[str]:
    """The ids on every page, with something done after each."""
    ids: list[str] = []
    path = f"/v1/listings?{urlencode(asked | {'limit': limit})}"
    while True:
        response = seeker.get(path)
        assert response.status_code == 200, (asked, response.get_json())
        page = response.get_json()
        assert len(page["items"]) <= limit
        ids += [item["id"] for item in page["items"]]
        between()
        if page["next"] is None:
            return ids
        assert len(page["items"]) == limit, "only the last page may be short"
        path = response.headers["Link"].split("<")[1].split(">")[0]


def draw(dice: random.Random) -> Asked:
    """A question of one to four filters, and its sort."""
    prices, pay = sorted(dice.choices(range(0, 100_000, 10_000), k=2)), sorted(dice.sample(range(20, 120), 2))
    per = dice.choice(tuple(corpus.PERIODS))
    pay = [amount * 100_000 // corpus.PERIODS[per] for amount in pay]
    filters: list[Asked] = [
        {"q": " ".join(dice.choice(dice.choice(corpus.FAMILIES)) for _ in range(dice.randint(1, 2)))},
        {"q": dice.choice(corpus.FAMILIES[dice.randrange(4)])},
        {"country": dice.choice(corpus.COUNTRIES)},
        {"region": dice.choice(corpus.REGIONS)},
        {"industry": f"NAICS-2022:{dice.choice(corpus.INDUSTRIES)}"},
        {"occupation": f"ISCO-08:{dice.choice(corpus.OCCUPATIONS)[: dice.randint(1, 4)]}"},
        {"help": dice.choice(corpus.KINDS)},
        {"min_price": prices[0], "max_price": prices[1], "pay_currency": dice.choice(corpus.CURRENCIES)},
        {"max_price": prices[0], "pay_currency": dice.choice(corpus.CURRENCIES)},
        {"pay_min": pay[0], "pay_max": pay[1], "pay_per": per, "pay_currency": dice.choice(corpus.CURRENCIES)},
        {"posted_since": (corpus.BEGIN + timedelta(days=1.3 * dice.random())).isoformat(timespec="milliseconds")},
    ]
    asked: Asked = {"sort": dice.choice(SORTS)}
    for each in dice.sample(filters, dice.randint(1, 4)):
        asked |= each
    if asked["sort"] in IN_ONE_CURRENCY:
        asked.setdefault("pay_currency", "EUR")
    return asked


# -- what is found


ALONE: tuple[Asked, ...] = (
    {}, {"country": "CA"}, {"region": "Île-de-France"}, {"industry": "NAICS-2022:62"}, {"occupation": "ISCO-08:2512"},
    {"occupation": "ISCO-08:25"}, {"occupation": "ISCO-08:2"},
    {"help": "coaching"}, {"max_price": 0},
    {"help": "coaching", "min_price": 20_000, "max_price": 50_000, "pay_currency": "EUR"},
    {"pay_currency": "CAD", "pay_min": 4_500_000, "pay_max": 5_000_000},
    {"pay_currency": "EUR", "pay_min": 3_000, "pay_per": "hour"}, {"posted_since": "2027-01-01T20:00:00.000+00:00"},
    {"q": "baking"}, {"q": "Infirmier de FORÊT"}, {"q": "INFIRMIÈRES bake"}, {"q": "eleve"}, {"q": "c++"},
    {"q": "it nursing"},
)  # fmt: skip


@pytest.mark.parametrize("sort", SORTS)
def test_each_filter_alone(filled: tuple[Store, list[Facts]], tmp_path: Path, ground: str, sort: str) -> None:
    store, every = filled
    seeker = people(store, tmp_path)("bo")
    chosen = ALONE if ground != "embedded" else (ALONE[0], *ALONE[1 + SORTS.index(sort) :: len(SORTS)])

    for filters in chosen:
        asked = filters | {"sort": sort} | ({"pay_currency": "EUR", **filters} if sort in IN_ONE_CURRENCY else {})
        assert pages(seeker, asked) == answer(every, asked) != [], asked


def test_filters_and_sorts_in_any_mixture(filled: tuple[Store, list[Facts]], tmp_path: Path, ground: str) -> None:
    store, every = filled
    seeker, dice, some = people(store, tmp_path)("bo"), random.Random(11), 0

    for _ in range(MIXED[ground]):
        asked = draw(dice)
        found = pages(seeker, asked, limit=dice.choice((7, 20, 100)) if len(answer(every, asked)) < 200 else 100)
        assert found == answer(every, asked), asked
        some += bool(found)

    assert some > MIXED[ground] // 3


def test_ones_own_in_any_state(filled: tuple[Store, list[Facts]], tmp_path: Path) -> None:
    store, every = filled
    sub, person = corpus.insider("k" * 40, 7)
    anna = people(store, tmp_path)(sub)
    own = [facts for facts in every if facts.insider == person]

    assert sorted(pages(anna, {"mine": "true"})) == sorted(facts.id for facts in own)
    cheapest = {"sort": "cheapest", "pay_currency": "EUR"}
    assert pages(anna, {"mine": "true", "status": "published", **cheapest}) == answer(own, cheapest)
    assert sorted(pages(anna, {"mine": "true", "status": "paused"})) == sorted(f.id for f in own if not f.published)
    assert pages(anna, {"mine": "true", "status": "filled"}) == []


def test_a_page_of_another_order_is_refused(filled: tuple[Store, list[Facts]], tmp_path: Path) -> None:
    seeker = people(filled[0], tmp_path)("bo")
    cursors = {
        sort: seeker.get(f"/v1/listings?limit=1&pay_currency=EUR&sort={sort}").get_json()["next"] for sort in SORTS
    }

    for sort in SORTS:
        for other in set(SORTS) - {sort}:
            path = f"/v1/listings?pay_currency=EUR&sort={sort}&cursor={cursors[other]}"
            assert problem(seeker.get(path), 422, "invalid") == [("?cursor", "cursor")]


# -- while others write


@pytest.mark.parametrize("asked", [{"sort": s, "pay_currency": "CAD"} for s in SORTS] + [{"sort": "newest"},
                                   {"sort": "cheapest", "pay_currency": "CAD", "help": "coaching"},
                                   {"sort": "newest", "q": "Bake"}],
                         ids=lambda asked: "-".join(asked.values()))  # fmt: skip
def test_pages_while_others_write(mongo_client: Client, tmp_path: Path, asked: Asked) -> None:
    """Two people revise, pause and resume what is theirs and a third publishes, all the while: the rest comes once."""
    store, every = fill(mongo_client[f"test_{secrets.token_hex(6)}"], 300)
    person = people(store, tmp_path)
    changing = {sub: [f.id for f in every if f.published and f.insider == who] for sub, who in _writers()}
    touched = {listing_id for ids in changing.values() for listing_id in ids}
    left_alone = [facts for facts in every if facts.id not in touched]
    read, taken = threading.Event(), list[int]()
    writers = [threading.Thread(target=_write, args=(person(sub), ids, read, taken)) for sub, ids in changing.items()]
    publisher = threading.Thread(target=_publish, args=(store, read))
    expected = answer(left_alone, asked)

    for thread in (*writers, publisher):
        thread.start()
    rounds: list[list[str]] = []
    try:
        while len(rounds) < 2 or (taken.count(200) < 10 and len(rounds) < 100):
            rounds.append(pages(person("bo"), asked, limit=25))
    finally:
        read.set()
        for thread in (*writers, publisher):
            thread.join(30)

    known = set(expected)
    assert len(known) > 40
    for found in rounds:
        assert [listing_id for listing_id in found if listing_id in known] == expected
    assert taken.count(200) >= 10, "they did write"
    assert sorted(pages(person("bo"), {"sort": "newest"})) == sorted(_published(store)), "and all is found as it is now"


def _writers() -> list[tuple[str, str]]:
    return [corpus.insider("k" * 40, number) for number in (1, 2)]


def _write(insider: Caller, ids: list[str], until: threading.Event, taken: list[int]) -> None:
    """`taken` gets the status of each answer."""
    dice = random.Random(insider.sub)
    for _ in range(300):
        if until.is_set():
            return
        path = f"/v1/listings/{dice.choice(ids)}"
        day = f"2027-02-{dice.randint(1, 28):02d}"
        help_ = [{"kind": "coaching", "price": {"amount": 0, "currency": dice.choice(corpus.CURRENCIES)}}]
        match dice.randrange(3):
            case 0:
                said = insider.ask("PATCH", path, {"leaving_on": day, "title": dice.choice(("Baker", "Night nurse"))})
            case 1:
                said = insider.ask("PATCH", path, {"help": help_, "region": "Nunavut"})
            case _:
                said = insider.post(f"{path}/{dice.choice(('pause', 'resume'))}")
        taken.append(said.status_code)


def _publish(store: Store, until: threading.Event) -> None:
    for doc, _ in corpus.listings(100, first=250, seed=8):
        if until.is_set():
            return
        store.collection.insert_one(doc)


def _published(store: Store) -> list[str]:
    return [doc["_id"] for doc in store.collection.find({}, {"state": 1}) if doc.get("state") == "published"]


# -- listings kept before


def test_listings_of_before_are_found_after_the_migration(database: Database[Doc], tmp_path: Path) -> None:
    """As an older release kept them: words instead of stems, one index, no places."""
    store, every = fill(database, 20)
    store.collection.drop_indexes()
    store.collection.create_index([("facets", 1), ("rank", -1)])
    old = {"facets": ["status:published"], "words": ["engineers"]}
    new = ("codes", "year_pay", "place_cheapest", "place_leaving", "place_best_paid", "place_coaching")
    store.collection.update_many({"kind": "listing"}, {"$set": old, "$unset": dict.fromkeys(new, "")})
    store.collection.update_one({"_id": "migrations"}, {"$set": {"done": 1 + MIGRATIONS.index(by_order)}})
    before = {doc["_id"]: doc["version"] for doc in store.collection.find({"kind": "listing"})}
    seeker = people(store, tmp_path)("bo")
    asked = {"q": "BAKING", "sort": "cheapest", "pay_currency": "EUR"}
    assert pages(seeker, asked) == [] == pages(seeker, {"sort": "leaving"})

    assert migrate(store.collection, MIGRATIONS) >= 1

    assert pages(seeker, asked) == answer(every, asked) != []
    orders = {"rank_-1", "place_best_paid_-1", "place_cheapest_1", "place_leaving_1", "place_coaching_1"}
    assert {f"state_1_{order}" for order in orders} <= set(store.collection.index_information())
    assert {doc["_id"]: doc["version"] for doc in store.collection.find({"kind": "listing"})} == before
    assert migrate(store.collection, MIGRATIONS) == 0
