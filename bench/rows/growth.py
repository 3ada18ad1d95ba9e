"""Growth: what a page costs among ever more documents: listings, and one person's offers, escrows and notifications.

The floor is the same page at the smallest size, in the same run. Target: at most twice it, at 100,000 too. Each size is
a database of its own behind a web process of its own, asked in turn; a figure is the median of a round's pages.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from bench.copies import COLLECTIONS, Template
from bench.ground import Ground
from bench.load import Connection
from bench.measure import Row, Target, in_turn
from bench.rows.paid import same_indexes
from bench.sizes import Size
from bench.webs import like
from tests.support import corpus

NAME = "a page"
WHO = "insider-who-has-many"
PAGES = {
    "listings": ("listing", "/v1/listings?limit=20"),
    "notifications": ("notify", "/v1/notifications?limit=20"),
    "offers": ("matching", "/v1/offers?limit=20"),
    "escrows": ("escrow", "/v1/escrows?limit=20"),
}
_KIND = {"offers": "offer", "escrows": "escrow", "notifications": "notification"}
_SHORT = ("listings", "notifications")
_AT_ONCE = 1000
_OF_ONE_PERSON = 100_000


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    for what in PAGES if size.full or size.name == "tiny" else _SHORT:
        yield from _grown(ground, size, what)


def _grown(ground: Ground, size: Size, what: str) -> Iterator[Row]:
    service, path = PAGES[what]
    token = ground.stack.token(WHO)
    counts = [count for count in size.growth if what == "listings" or count <= _OF_ONE_PERSON]
    prefixes = {count: f"grown_{ground.prefix}{what}_{count}_" for count in counts}
    with ExitStack() as ending:
        asks: dict[str, Callable[[], float]] = {}
        for count, prefix in prefixes.items():
            ending.callback(ground.client.drop_database, f"{prefix}{service}")
            _fill(ground, prefix, service, what, count)
            base = ending.enter_context(like(ground, f"{service}-web", MONGODB_DATABASE=f"{prefix}{service}"))
            connection = Connection(base)
            ending.callback(connection.close)
            asks[str(count)] = lambda c=connection: _median(lambda: c("GET", path, token), size.growth_asks)
        for ask in asks.values():
            ask()  # fills the caches
        found = in_turn(size.rounds, asks)
    least = counts[0]
    for count in counts[1:]:
        yield Row(f"{NAME} of {what}, of {count:,}", "ms", f"of {least:,}", Target("at most", 2), found[str(count)],
                  found[str(least)], curve=(f"a page of {what} by how many there are", count))  # fmt: skip


def _median(ask: Callable[[], object], times: int) -> float:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        found.append(1000 * (time.perf_counter() - began))
    return statistics.median(found)


def _fill(ground: Ground, prefix: str, service: str, what: str, count: int) -> None:
    ours = ground.client[f"{ground.prefix}{service}"][COLLECTIONS[service]]
    documents = ground.client[f"{prefix}{service}"][COLLECTIONS[service]]
    same_indexes(ours, documents)
    documents.insert_many(list(ours.find({"_id": {"$in": ["naming", "migrations"]}})))
    for begin in range(0, count, _AT_ONCE):
        some = range(begin, min(begin + _AT_ONCE, count))
        documents.insert_many(_some(ground, service, what, some), ordered=False)


def _some(ground: Ground, service: str, what: str, numbers: range) -> list[dict[str, Any]]:
    if what == "listings":
        return [doc for doc, _ in corpus.listings(len(numbers), first=numbers[0])]
    template, person = ground.active, ground.pseudonym(WHO)
    one = next(
        doc
        for doc in template.documents[service]
        if doc.get("kind") == _KIND[what] and template.insider in (doc.get("person"), doc.get("insider"))
    )
    only = Template(template.offer_id, template.listing_id, template.insider, template.seeker, {service: [one]}, ())
    made = (only.copy(f"{what}{number}", {template.insider: person}) for number in numbers)
    return [copy.documents[service][0] for copy in made]
