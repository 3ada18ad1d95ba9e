"""The whole market over HTTP: listing, offer, accept, fund, confirm, paid, through the gateway, in a closed loop.

Ours: each client plays whole hires between two new people, from the draft to the settled escrow, and waits for what
comes by event by asking again. The floor is a hire's HTTP calls and writes, bare, through a plain Caddy to Flask and
pymongo. Target: at least half of it; hires a second are the figure, and beside it stands the CPU that all processes
took from the clients' first request to their last answer.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from uuid import uuid4

from bench.floors import market
from bench.floors.served import web
from bench.ground import Ground
from bench.load import Connection, Json, closed_loop
from bench.measure import Row, Target, in_turn
from bench.rows.paid import same_indexes
from bench.sizes import Size
from bench.spent import Spent, spending
from tests.support.hires import listing

NAME = "the whole market"
_AGAIN_S = 0.1
_PATIENCE_S = 60.0


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    database = f"floor_{ground.prefix}market"
    body = listing()
    with ExitStack() as ending:
        ending.callback(ground.client.drop_database, database)
        same_indexes(ground.client[f"{ground.prefix}listing"]["listings"], ground.client[database]["listings"])
        floor = ending.enter_context(web(ground, f"{database}.listings", count=3))
        for clients in size.clients:
            spent, hires = Spent(), list[float]()
            found = in_turn(size.rounds, {
                "ours": lambda clients=clients, spent=spent, hires=hires: _ours(ground, size, clients, spent, hires),
                "floor": lambda clients=clients: closed_loop(
                    floor.gateway, clients, size.market_s, lambda c: market.hire(c, body)
                ),
            })  # fmt: skip
            ground.quiet()
            yield Row(f"{NAME}, {clients} {'client' if clients == 1 else 'clients'}", "hires/s",
                      "its HTTP calls and writes, bare", Target("at least", 0.5), found["ours"], found["floor"],
                      spent.beside(sum(hires)), curve=("the whole market by clients", clients))  # fmt: skip


def _ours(ground: Ground, size: Size, clients: int, spent: Spent, hires: list[float]) -> float:
    """Hires a second of a round; how many those are is added to `hires`."""
    before = spent.seconds
    with spending(ground, spent):
        rate = closed_loop(ground.stack.gateway, clients, size.market_s, lambda c: hire(c, ground.stack.token))
    hires.append(rate * (spent.seconds - before))
    return rate


def hire(connection: Connection, token: Callable[[str], str]) -> None:
    """One whole hire."""
    insider, seeker = (token(f"{who}-{secrets.token_hex(8)}") for who in ("insider", "seeker"))

    def post(path: str, by: str, body: Json | None = None) -> Json:
        key, end = str(uuid4()), time.monotonic() + _PATIENCE_S
        while True:
            status, answer = connection.ask("POST", path, by, body or {}, key)
            if status < 400:
                return dict(json.loads(answer)) if answer else {}
            if status not in (404, 409, 429, 503) or time.monotonic() > end:
                raise RuntimeError(f"POST {path}: {status} {answer[:500]!r}")
            time.sleep(_AGAIN_S)  # what it needs comes from another service

    def until(path: str, by: str, wanted: str) -> None:
        end = time.monotonic() + _PATIENCE_S
        while True:
            status, answer = connection.ask("GET", path, by)
            if status == 200 and json.loads(answer)["status"] == wanted:
                return
            if time.monotonic() > end:
                raise TimeoutError(f"{path} is not {wanted}: {status} {answer[:500]!r}")
            time.sleep(_AGAIN_S)

    listed = post("/v1/listings", insider, listing())["id"]
    post(f"/v1/listings/{listed}/submit", insider)
    until(f"/v1/listings/{listed}", insider, "published")
    offer = post("/v1/offers", seeker, {"listing_id": listed, "help": ["coaching"], "mode": "hold"})["id"]
    post(f"/v1/offers/{offer}/accept", insider)
    until(f"/v1/escrows/{offer}", seeker, "awaiting")
    post(f"/v1/escrows/{offer}/fund", seeker, {"source": "tok_visa"})
    until(f"/v1/offers/{offer}", seeker, "active")
    post(f"/v1/offers/{offer}/confirm-hire", seeker, {"start_on": str(datetime.now(UTC).date())})
    until(f"/v1/escrows/{offer}", seeker, "settled")
