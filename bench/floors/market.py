"""The floor of the whole market: a hire's HTTP calls and writes, bare: six POSTs, and a GET for each thing waited for.

It has nothing to wait for: each write is there when it is answered. Three processes, as listing, matching and escrow.
"""

import json

from bench.load import Connection, Json

LISTING, MATCHING, ESCROW = "/1", "/2", "/3"


def hire(connection: Connection, listing: Json) -> None:
    """One hire's calls through the floor's Caddy."""
    one = _made(connection, LISTING, listing)
    _step(connection, LISTING, one, "published")
    connection("GET", f"{LISTING}/docs/{one}")
    offer = _made(connection, MATCHING, {"listing_id": one, "help": ["coaching"], "mode": "hold"})
    _step(connection, MATCHING, offer, "accepted")
    connection("GET", f"{ESCROW}/docs/{offer}")
    _step(connection, ESCROW, offer, "held")
    connection("GET", f"{MATCHING}/docs/{offer}")
    _step(connection, MATCHING, offer, "hired")
    connection("GET", f"{ESCROW}/docs/{offer}")


def _made(connection: Connection, service: str, body: Json) -> str:
    return str(json.loads(connection("POST", f"{service}/docs", body=body))["_id"])


def _step(connection: Connection, service: str, id_: str, state: str) -> None:
    connection("POST", f"{service}/docs/{id_}/step", body={"state": state})
