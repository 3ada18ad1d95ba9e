"""python -m bench.search: what a page of each kind of search costs among 1,000 listings and among 100,000."""

import os
import platform
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from services.listing.census import Census
from services.listing.main import build
from services.listing.search import Question, public_question
from services.listing.store import COLLECTION, MIGRATIONS, find
from shared.aggregate import Store, migrate
from shared.aggregate.store import collection
from shared.clock import SystemClock
from shared.http.answer.pages import encode
from tests.support import corpus, grounds
from tests.support.web import Caller, settings

_PAGE = 20
_AT_ONCE = 1000
_KEY = "k" * 40

Asked = dict[str, Any]

QUESTIONS: tuple[Asked, ...] = (
    {},
    {"sort": "cheapest", "pay_currency": "CAD"},
    {"sort": "leaving"},
    {"sort": "best_paid", "pay_currency": "CAD"},
    {"q": "baking"},
    {"q": "nuit"},
    {"q": "garden"},
    {"q": "team 17"},
    {"q": "nurses baking", "sort": "cheapest", "pay_currency": "CAD"},
    {"q": "garden", "sort": "leaving"},
    {"q": "school driver"},
    {"country": "CA"},
    {"country": "BE", "sort": "cheapest", "pay_currency": "EUR"},
    {"region": "Québec", "country": "CA"},
    {"industry": "NAICS-2022:622"},
    {"occupation": "ISCO-08:2512", "country": "CA", "sort": "leaving"},
    {"help": "coaching", "sort": "cheapest", "pay_currency": "CAD"},
    {"help": "coaching", "sort": "cheapest", "pay_currency": "CAD", "min_price": 20_000, "max_price": 50_000},
    {"max_price": 0},
    {"pay_currency": "CAD", "pay_min": 3_000, "pay_max": 3_200, "pay_per": "hour"},
    {"q": "nuit", "country": "FR", "help": "reference", "max_price": 0, "sort": "leaving"},
)


@dataclass
class Side:
    """One size: its listings, its app, and where the middle of each question's answer is."""

    count: int
    store: Store
    caller: Caller

    def __post_init__(self) -> None:
        self.census = Census(self.store)

    def read(self, question: Question, after: str | None) -> int:
        return len(find(self.store, self.census, question, after, _PAGE + 1))

    def page(self, asked: Asked, after: str | None) -> int:
        sent = {**asked, **({"cursor": encode([after])} if after else {})}
        response = self.caller.get(f"/v1/listings?{urlencode(sent)}")
        if response.status_code != 200:
            raise click.ClickException(response.get_data(as_text=True))
        return len(response.get_json()["items"])

    def middle(self, question: Question) -> str | None:
        """The place of the listing in the middle of the answer."""
        field = question.order.field
        rows = self.store.collection.find(question.by_order(None), {field: 1})
        places = sorted((row[field] for row in rows), reverse=question.order.down)
        return places[len(places) // 2] if places else None

    def plan(self, question: Question, after: str | None) -> str:
        """The indexes that the database says it uses. ClickException where it uses none."""
        counts = {lead: self.census.having(lead) for lead in question.leads}
        entry = question.entry(counts, self.census.published(), _PAGE + 1, after is None)
        query = question.by_facet(entry, after) if entry else question.by_order(after)
        direction = -1 if question.order.down else 1
        cursor = self.store.collection.find(query).sort(question.order.field, direction).limit(_PAGE + 1)
        said = _members(dict(cursor.explain()))
        if any(value in ("COLLSCAN", "Seq Scan") for _, value in said):
            raise click.ClickException(f"no index is used for {query}")
        names = {value for name, value in said if name in ("indexName", "Index Name") and value != "_id_"}
        return f"{'by facet' if entry else 'by order'}: {', '.join(sorted(names)) or 'not said'}"


def _members(value: Any) -> list[tuple[str, str]]:
    """(name, text) of every member of an explanation, at any depth."""
    if isinstance(value, dict):
        own = [(name, member) for name, member in value.items() if isinstance(member, str)]
        return own + [pair for member in value.values() for pair in _members(member)]
    return [pair for member in value for pair in _members(member)] if isinstance(value, list) else []


@contextmanager
def filled(client: MongoClient[Any], count: int, folder: Path) -> Iterator[Side]:
    """A database of its own with `count` listings; dropped at the end."""
    name = f"bench_{secrets.token_hex(4)}"
    store = Store(collection(client[name], COLLECTION), SystemClock())
    try:
        migrate(store.collection, MIGRATIONS)
        for begin in range(0, count, _AT_ONCE):
            made = corpus.listings(min(_AT_ONCE, count - begin), _KEY, first=begin)
            store.collection.insert_many([doc for doc, _ in made])
        yield Side(count, store, Caller(build(settings("listing", folder), store), "bo"))
    finally:
        client.drop_database(name)


def compare(small: Side, large: Side, rounds: int, ask: Callable[[Side], int]) -> tuple[float, float]:
    """Milliseconds of each, asked in turn: the lower quartile, so that what else the machine does weighs less."""
    times: dict[int, list[float]] = {small.count: [], large.count: []}
    for number in range(rounds + 1):
        for side in (small, large):
            began = time.perf_counter()
            ask(side)
            if number:  # the first fills the caches
                times[side.count].append(1000 * (time.perf_counter() - began))
    low, high = (statistics.quantiles(times[side.count], n=4)[0] for side in (small, large))
    return low, high


@contextmanager
def server(ground: str) -> Iterator[str]:
    if ground == "containers":
        with grounds.mongo_container() as uri:
            yield uri
    else:
        yield grounds.external_mongo()


@click.command()
@click.option("--stack", "ground", type=click.Choice(("containers", "external")), default="containers")
@click.option("--few", type=click.IntRange(100), default=1000, show_default=True)
@click.option("--many", type=click.IntRange(1000), default=100_000, show_default=True)
@click.option("--rounds", type=click.IntRange(3), default=25, show_default=True)
@click.option("--settle", type=click.IntRange(0), default=60, help="Seconds for the server to analyze what is new.")
def main(ground: str, few: int, many: int, rounds: int, settle: int) -> None:
    """Each question's first page and the one in the middle: what the database takes, and the whole answer."""
    with server(ground) as uri, tempfile.TemporaryDirectory() as folder:
        client: MongoClient[Any] = MongoClient(uri)
        version = client.server_info()["version"]
        click.echo(f"mongo:8 ({ground}, says {version}); {os.cpu_count()} cores, Python {platform.python_version()}")
        with filled(client, few, Path(folder)) as small, filled(client, many, Path(folder)) as large:
            time.sleep(settle)
            ratios = report(small, large, rounds)
    for full, said in ((True, "full at both sizes"), (False, "fuller at the larger size")):
        some = [each[1:] for each in ratios if each[0] is full]
        click.echo(f"{len(some)} pages {said}: ratio in the database {_spread(pair[0] for pair in some)}, "
                   f"of the whole answer {_spread(pair[1] for pair in some)}")  # fmt: skip


def _spread(ratios: Iterable[float]) -> str:
    found = sorted(ratios)
    return f"median {statistics.median(found):.2f}, worst {found[-1]:.2f}" if found else "none"


def report(small: Side, large: Side, rounds: int) -> list[tuple[bool, float, float]]:
    """Print a row a page; returns (full at both sizes, database's ratio, whole answer's ratio) of each."""
    table = Table("question", "page", "found", f"ms of {small.count}", f"ms of {large.count}", "ratio", "HTTP", "HTTP",
                  "ratio", f"indexes of {large.count}", box=None)  # fmt: skip
    ratios: list[tuple[bool, float, float]] = []
    for asked in QUESTIONS:
        question = public_question({"pay_per": "year", **asked})
        for where in ("first", "middle"):
            after = {side.count: side.middle(question) if where == "middle" else None for side in (small, large)}
            found = [side.read(question, after[side.count]) for side in (small, large)]
            read = compare(small, large, rounds, lambda side: side.read(question, after[side.count]))  # noqa: B023
            http = compare(small, large, rounds, lambda side: side.page(asked, after[side.count]))  # noqa: B023
            ratios.append((min(found) > _PAGE, read[1] / read[0], http[1] / http[0]))
            figures = [f"{read[0]:.1f}", f"{read[1]:.1f}", f"{ratios[-1][1]:.2f}"]
            figures += [f"{http[0]:.1f}", f"{http[1]:.1f}", f"{ratios[-1][2]:.2f}"]
            plan = large.plan(question, after[large.count])
            table.add_row(urlencode(asked), where, "/".join(map(str, found)), *figures, plan)
    Console(width=230).print(table)
    return ratios


if __name__ == "__main__":
    main()
