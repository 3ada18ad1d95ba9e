"""Hires over HTTP, for tests: the same people and paths as the demo's, one at a time or many at once."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol, Self

import httpx

from tests.support.described import CHECKED
from tests.support.people import Json, Person


class Served(Protocol):
    """A running stack: where its gateway is, and tokens for it."""

    @property
    def gateway(self) -> str: ...

    def token(self, sub: str) -> str: ...


@dataclass(frozen=True)
class Hire:
    """One hire's people and ids."""

    insider: Person
    seeker: Person
    listing_id: str
    offer_id: str

    @property
    def ids(self) -> tuple[str, str]:
        return self.listing_id, self.offer_id


def listing(price: int = 50_000, seats: int = 1, **changed: Any) -> dict[str, Any]:
    """A listing's body as a client writes it; `changed` replaces fields."""
    body = {
        "title": "Backend engineer",
        "employer": {"name": "Acme BV"},
        "country": "NL",
        "region": "Utrecht",
        "industry": {"scheme": "NACE-2", "code": "J62"},
        "occupation": {"scheme": "ISCO-08", "code": "2512"},
        "duties": ["Run the payment services"],
        "seats": seats,
        "leaving_on": str(datetime.now(UTC).date() + timedelta(days=45)),
        "pay": {"min": 5_500_000, "max": 7_000_000, "currency": "EUR", "per": "year"},
        "help": [{"kind": "coaching", "price": {"amount": price, "currency": "EUR"}}],
    }
    return body | changed


class Hires:
    """Plays hires on a running stack; every person is new. `patience` is in `Person.wait` (half a minute a step)."""

    def __init__(self, stack: Served, *, described: bool = True) -> None:
        """`described`: each answer is held against the description of this version; another version's cannot be."""
        self._stack = stack
        self.http = httpx.Client(base_url=stack.gateway, timeout=15, event_hooks=CHECKED if described else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def person(self, name: str = "someone") -> Person:
        return Person(name, self._stack.token(f"{name}-{secrets.token_hex(6)}"), self.http)

    def published(self, price: int = 50_000, seats: int = 1) -> tuple[Person, str]:
        """An insider and their published listing."""
        insider = self.person("insider")
        listing_id = str(insider.post("/v1/listings", listing(price, seats))["id"])
        insider.post(f"/v1/listings/{listing_id}/submit")
        insider.wait_for(f"/v1/listings/{listing_id}", "published")
        return insider, listing_id

    def accepted(self, price: int = 50_000, at: tuple[Person, str] | None = None) -> Hire:
        """An accepted offer; with a price its escrow awaits the money."""
        insider, listing_id = at or self.published(price)
        seeker = self.person("seeker")
        offer = seeker.post("/v1/offers", {"listing_id": listing_id, "help": ["coaching"], "mode": "hold"})
        insider.post(f"/v1/offers/{offer['id']}/accept")
        hire = Hire(insider, seeker, listing_id, str(offer["id"]))
        if price:
            seeker.wait_for(f"/v1/escrows/{hire.offer_id}", "awaiting")
        return hire

    def fund(self, hire: Hire, source: str = "tok_visa") -> None:
        hire.seeker.post(f"/v1/escrows/{hire.offer_id}/fund", {"source": source})

    def active(self, price: int = 50_000, at: tuple[Person, str] | None = None, source: str = "tok_visa") -> Hire:
        """A funded, active offer."""
        hire = self.accepted(price, at)
        if price:
            self.fund(hire, source)
        hire.seeker.wait_for(f"/v1/offers/{hire.offer_id}", "active")
        return hire

    def confirm(self, hire: Hire, claim: bool = True) -> None:
        start = str(datetime.now(UTC).date())
        if claim:
            self.claim(hire, start)
        hire.seeker.post(f"/v1/offers/{hire.offer_id}/confirm-hire", {"start_on": start})

    def claim(self, hire: Hire, start: str) -> None:
        evidence = [{"kind": "offer_letter", "sha256": sha256(hire.offer_id.encode()).hexdigest()}]
        hire.insider.post(f"/v1/offers/{hire.offer_id}/claim-hire", {"start_on": start, "evidence": evidence})

    def settled(self, hire: Hire) -> Json:
        """Wait for the payout; the escrow."""
        escrow = hire.seeker.wait_for(f"/v1/escrows/{hire.offer_id}", "settled")
        hire.seeker.wait_for(f"/v1/offers/{hire.offer_id}", "completed")
        return escrow

    def one(self, price: int = 50_000) -> Hire:
        """A whole hire, paid out."""
        hire = self.active(price)
        self.confirm(hire)
        if price:
            self.settled(hire)
        return hire

    def many(self, count: int, play: Callable[[int], Any]) -> list[Any]:
        """`play(i)` for each i, eight at a time; raises the first error."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(play, range(count)))
