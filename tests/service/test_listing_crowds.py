"""Who has very many listings does not crowd the others out of the search: of each insider a page shows a share.

Each listing is on one page all the same, in every order, with filters, while others write.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from services.listing.main import build
from services.listing.search import fields
from services.listing.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, migrate
from shared.aggregate.store import collection
from shared.http.answer.pages import decode, encode
from shared.ids import person_id
from tests.support import corpus
from tests.support.clock import ManualClock
from tests.support.web import Caller, problem, settings

SORTS = ("newest", "cheapest", "leaving", "best_paid")
FLOOD = 205
EUR = {"pay_currency": "EUR"}
Doc = dict[str, Any]
Client = MongoClient[dict[str, Any]]


class Finds(CommandListener):
    """How many listings the database handed out, and in how many readings."""

    def __init__(self) -> None:
        self.readings: list[int] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Counted when it has its answer."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name == "find":
            self.readings.append(len(event.reply["cursor"]["firstBatch"]))

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to count."""


class Market:
    """Listings of some insiders, as many of each as is said, and a seeker."""

    def __init__(self, store: Store, folder: Path, finds: Finds) -> None:
        self.store, self.finds = store, finds
        self.app = build(settings("listing", folder), store)
        self.seeker = self.person("bo")
        self.ids: dict[str, list[str]] = {}

    def fill(self, *crowds: tuple[str, int]) -> "Market":
        """The first of them behind all others in every order: the oldest, dearest, last to leave, and least paid."""
        self.store.collection.delete_many({"kind": "listing"})
        who = [sub for sub, count in crowds for _ in range(count)]
        docs = [listing(sub, number) for number, sub in enumerate(who)]
        self.ids = {sub: [doc["_id"] for doc, each in zip(docs, who, strict=True) if each == sub] for sub in who}
        self.store.collection.insert_many(docs)
        return self

    def person(self, sub: str) -> Caller:
        return Caller(self.app, sub)

    @property
    def every(self) -> list[str]:
        return sorted(listing_id for ids in self.ids.values() for listing_id in ids)

    def pages(self, limit: int, between: Callable[[], object] = lambda: None, **asked: Any) -> Iterator[list[Doc]]:
        path = f"/v1/listings?{urlencode(EUR | asked | {'limit': limit})}"
        while path:
            response = self.seeker.get(path)
            page = response.get_json()
            assert response.status_code == 200, page
            assert len(page["items"]) == limit or page["next"] is None, "only the last page may be short"
            assert len(page["next"] or "") <= 1024
            yield page["items"]
            between()
            path = response.headers["Link"].split("<")[1].split(">")[0] if page["next"] else ""

    def first(self, limit: int, **asked: Any) -> list[str]:
        return [item["id"] for item in next(self.pages(limit, **asked))]


def listing(sub: str, number: int) -> Doc:
    """The higher the number, the earlier in every order."""
    at = corpus.BEGIN + timedelta(seconds=number // 2)
    doc: Doc = {
        "_id": f"{number:08x}-0000-7000-8000-{number:012x}", "kind": "listing", "version": 1, "seq": 0, "published": 0,
        "applied": [], "events": [], "state": "published",
        "insider": person_id(("k" * 40).encode(), "https://golem.local", sub),
        "title": "Baker of bread", "duties": ["Bake."], "skills": [], "employer": {"name": "Canary BV"},
        "country": "NL", "region": "Utrecht", "industry": {"scheme": "NAICS-2022", "code": "3118"},
        "occupation": {"scheme": "ISCO-08", "code": "7512"}, "seats": 1, "hired": 0, "edits": 0,
        "tranches": [{"due_day": 0, "bps": 10_000}], "created_at": at, "updated_at": at, "published_at": at,
        "leaving_on": (date(2029, 1, 1) - timedelta(days=number // 2)).isoformat(),
        "pay": {"min": 100_000, "max": 200_000 + number // 2, "currency": "EUR", "per": "month"},
        "help": [{"kind": "coaching", "price": {"amount": 90_000 - number // 2, "currency": "EUR"}}],
    }  # fmt: skip
    return doc | fields(doc, doc["_id"])


@pytest.fixture(scope="module")
def market(mongo_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    finds, name = Finds(), f"test_{secrets.token_hex(6)}"
    client: Client = MongoClient(mongo_server, event_listeners=[finds])
    store = Store(collection(client[name], COLLECTION), ManualClock())
    migrate(store.collection, MIGRATIONS)
    yield Market(store, tmp_path_factory.mktemp("market"), finds)
    client.drop_database(name)
    client.close()


FILTERS: tuple[dict[str, Any], ...] = (
    {}, {"q": "baking"}, {"country": "NL", "help": "coaching"}, {"posted_since": "2027-01-01T00:00:00.000+00:00"},
    {"max_price": 90_000, "region": "Utrecht"},
)  # fmt: skip


@pytest.mark.parametrize("sort", SORTS)
def test_the_honest_one_is_on_the_first_page(market: Market, sort: str) -> None:
    """Though 205 listings of one account are before it; the page has five of those, and then what fills it."""
    market.fill(("anna", 1), ("eve", FLOOD))

    for filters in FILTERS:
        for limit in (2, 7, 20, 50, 100):
            assert market.ids["anna"][0] in market.first(limit, sort=sort, **filters), (limit, filters)


@pytest.mark.parametrize("limit,share", [(2, 1), (7, 4), (10, 5), (20, 5), (50, 13), (100, 25)])
def test_a_page_has_a_share_of_each(market: Market, limit: int, share: int) -> None:
    """While others have listings for the rest of it; each page is in the order that is asked for."""
    market.fill(*((f"insider-{n}", 1) for n in range(60)), ("eve", 60), ("mallory", 60), ("anna", 1))
    crowds = {market.person(sub).id for sub in ("eve", "mallory")}
    others = 61

    for page in market.pages(limit):
        counts = Counter(item["insider"] for item in page)
        others -= sum(count for insider, count in counts.items() if insider not in crowds)
        assert [item["published_at"] for item in page] == sorted((i["published_at"] for i in page), reverse=True)
        if not others:
            break
        assert max(counts.values()) <= share


CROWDS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("anna", 1), ("eve", 30)),
    (("anna", 3), ("eve", 14), ("bob", 2), ("mallory", 11), ("carl", 1)),
    tuple((f"insider-{n}", 7) for n in range(6)),
    (*((f"insider-{n}", 1) for n in range(12)), ("eve", 12), ("carl", 5), ("mallory", 6), ("trudy", 11), ("oscar", 9)),
)


@pytest.mark.parametrize("crowds", CROWDS, ids=range(len(CROWDS)))
@pytest.mark.parametrize("limit", [1, 2, 7, 20, 50])
def test_all_pages_have_each_listing_once(market: Market, limit: int, crowds: tuple[tuple[str, int], ...]) -> None:
    """In every order; none is empty, and only the last is short."""
    market.fill(*crowds)

    for number, sort in enumerate(SORTS):
        filters = FILTERS[(number + limit) % len(FILTERS)]
        found = [item["id"] for page in market.pages(limit, sort=sort, **filters) for item in page]
        assert sorted(found) == market.every, (sort, filters)


def test_one_alone_is_in_plain_order(market: Market) -> None:
    market.fill(("eve", 50))

    assert [item["id"] for page in market.pages(20) for item in page] == market.ids["eve"][::-1]


def test_only_what_all_search_has_shares(market: Market) -> None:
    """One's own listings are in the plain order, whatever they are asked for with."""
    market.fill(("anna", 1), ("eve", 50))
    eve = market.person("eve")
    own = eve.get("/v1/listings?mine=true&status=published&limit=50").get_json()

    assert [item["id"] for item in own["items"]] == market.ids["eve"][::-1]
    assert own["next"] is None


# -- while others write


@pytest.mark.parametrize("sort", SORTS)
def test_what_does_not_change_is_there_once(market: Market, sort: str) -> None:
    """Before, at and behind each page some are withdrawn, others published, of who is held back and of everyone."""
    market.fill(*((f"insider-{n}", 1) for n in range(40)), ("eve", 30), ("mallory", 30), ("anna", 10))
    gone, new = set(market.every[::4]), list[str]()
    leaving = sorted(gone, key=lambda listing_id: listing_id[::-1])

    def write() -> None:
        for listing_id in leaving[-3:]:
            leaving.remove(listing_id)
            market.store.collection.update_one({"_id": listing_id}, {"$set": {"state": "paused"}})
        number = len(new)
        new.append(f"{number:08x}-ffff-7000-8000-{number:012x}")
        doc = listing(("eve", "carl", "mallory")[number % 3], number * 7 % 110) | {"_id": new[-1]}
        market.store.collection.insert_one(doc | fields(doc, new[-1]))

    found = [item["id"] for page in market.pages(7, write, sort=sort) for item in page]

    assert sorted(set(found) - gone - set(new)) == sorted(set(market.every) - gone)
    assert len(found) == len(set(found))
    assert set(found) & set(new) and len(leaving) < 3


def test_another_limit_on_each_page(market: Market) -> None:
    market.fill(*CROWDS[3])
    found: list[str] = []
    limits, cursor = iter((100, 1, 50, 2, 20, 1, 7) * 20), ""
    while cursor is not None:
        limit = next(limits) if found else 20
        page = market.seeker.get(f"/v1/listings?limit={limit}{cursor}").get_json()
        found += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next']}" if page["next"] else None

    assert sorted(found) == market.every


# -- the cursor, and the cost


def test_a_hostile_cursor_is_refused(market: Market) -> None:
    market.fill(("anna", 30), ("eve", 30))
    eve = market.person("eve").id
    after, insider, stop = decode(market.seeker.get("/v1/listings").get_json()["next"])
    assert insider == eve and market.seeker.get(f"/v1/listings?cursor={encode([after])}").status_code == 200
    others = [f"p_{number:032x}" for number in range(4)]
    hostile: tuple[list[Any], ...] = (
        [after, eve], [after, eve, stop, eve, stop], [after, stop, eve], [after, eve, None],
        [after, 7, stop], [after, "eve", stop], [after, eve, "2027"], [stop, eve, after], [after, eve, after],
        [None, eve, stop], [after, *(value for other in (eve, *others) for value in (other, stop))],
    )  # fmt: skip

    for values in hostile:
        refused = market.seeker.get(f"/v1/listings?cursor={encode(values)}")
        assert problem(refused, 422, "invalid") == [("?cursor", "cursor")], values
    of_hers = encode([after, eve, stop])
    for other in ("sort=leaving", "sort=best_paid&pay_currency=EUR", "mine=true"):
        refused = market.seeker.get(f"/v1/listings?{other}&cursor={of_hers}")
        assert problem(refused, 422, "invalid") == [("?cursor", "cursor")], other
    assert market.seeker.get(f"/v1/listings?cursor={encode([after, others[0], stop])}").status_code == 200


def test_a_page_reads_a_few_times_what_it_shows(market: Market) -> None:
    """Four accounts crowd it, as many as can; where nobody does it is one reading."""
    market.fill(("anna", 40), *((name, 60) for name in ("eve", "mallory", "trudy", "oscar")))
    market.finds.readings.clear()
    for page in market.pages(20, market.finds.readings.clear):
        assert len(market.finds.readings) <= 9
        assert sum(market.finds.readings) <= 5 * 21, len(page)

    market.fill(*((f"insider-{n}", 4) for n in range(20)))
    market.finds.readings.clear()
    market.first(20)
    assert market.finds.readings == [21]
