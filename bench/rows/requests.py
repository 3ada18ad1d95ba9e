"""Requests: POST, GET, a page and matches; eight clients in a closed loop, straight to the process and through Caddy.

Ours are the running services with all that a request passes: token, limits, schemas, rules, headers. The floor is Flask
and pymongo without any of it, under the same gunicorn (one process, as many threads), on the same documents and
indexes, straight and behind a plain Caddy. Target: at least 60 % of it.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

from bench import copies
from bench.floors.served import Served, web
from bench.ground import Ground
from bench.load import Ask, Connection, closed_loop
from bench.measure import Row, Target, in_turn
from bench.rows.paid import same_indexes
from bench.sizes import Size
from tests.support.hires import listing

NAME = "a request"
CLIENTS = 8
LISTINGS = 60
_BODY = listing()
_PROFILE = {
    "occupations": [{"scheme": "ISCO-08", "code": "2512"}], "industries": [], "countries": ["NL"], "regions": [],
    "skills": [], "help": [], "pay": None,
}  # fmt: skip


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    fill(ground)
    token = ground.stack.token("someone-who-asks")
    one = Connection(ground.stack.gateway)
    one("PUT", "/v1/me/profile", token, _PROFILE)
    one("POST", "/v1/listings", token, _BODY, str(uuid4()))
    one.close()
    found = ground.active.copy(f"{ground.prefix}listed0").listing_id
    asks: dict[str, tuple[str, Ask, Ask]] = {
        "POST /v1/listings": (
            "listing", lambda c: c("POST", "/v1/listings", token, _BODY, str(uuid4())),
            lambda c: c("POST", "/docs", body=_BODY),
        ),
        "GET /v1/listings/{id}": (
            "listing", lambda c: c("GET", f"/v1/listings/{found}", token),
            lambda c: c("GET", f"/docs/{found}?of=reads"),
        ),
        "GET /v1/listings, a page of 20": (
            "listing", lambda c: c("GET", "/v1/listings?limit=20", token), lambda c: c("GET", "/page"),
        ),
        "GET /v1/matches": ("matching", lambda c: c("GET", "/v1/matches", token), lambda c: c("GET", "/matches")),
    }  # fmt: skip
    database = f"floor_{ground.prefix}web"
    with ExitStack() as ending:
        ending.callback(ground.client.drop_database, database)
        same_indexes(ground.client[f"{ground.prefix}listing"]["listings"], ground.client[database]["listings"])
        floor = ending.enter_context(web(ground, f"{database}.listings"))
        for name, (service, ours, others) in asks.items():
            yield from _both(ground, size, floor, name, service, ours, others)


def _both(ground: Ground, size: Size, floor: Served, name: str, service: str, ours: Ask, others: Ask) -> Iterator[Row]:
    ways = {
        "straight": (ground.stack.health(f"{service}-web"), floor.straight),
        "through Caddy": (ground.stack.gateway, floor.gateway),
    }
    for way, (our_base, floor_base) in ways.items():
        found = in_turn(size.rounds, {
            "ours": lambda base=our_base: closed_loop(base, CLIENTS, size.request_s, ours),
            "floor": lambda base=floor_base: closed_loop(base, CLIENTS, size.request_s, others),
        })  # fmt: skip
        yield Row(f"{name}, {way}", "requests/s", "Flask and pymongo, the same gunicorn and indexes",
                  Target("at least", 0.6), found["ours"], found["floor"])  # fmt: skip


def fill(ground: Ground) -> None:
    """So many published listings, once."""
    listings = ground.client[f"{ground.prefix}listing"]["listings"]
    names = [f"{ground.prefix}listed{number}" for number in range(LISTINGS)]
    listed = [ground.active.copy(name) for name in names]
    if listings.find_one({"_id": listed[0].listing_id}) is None:
        copies.insert(ground.client, ground.prefix, listed)
        copies.produce(ground.producer, [record for each in listed for record in each.records])
        ground.quiet()
