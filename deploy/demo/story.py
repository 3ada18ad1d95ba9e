"""What happens in the demo, step by step, over HTTP: a hire that pays out, a refund, a declined card, help for
nothing.
"""

import time
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Protocol
from uuid import uuid4

from deploy.demo.mails import Mails
from deploy.demo.people import Json, Person
from shared.clock import Clock, SystemClock


class Teller(Protocol):
    """Shows the story while it happens."""

    def chapter(self, title: str) -> None: ...

    def step(self, who: str, does: str, result: str) -> None: ...

    def waited(self, subject: str, what: str, seconds: float) -> None: ...


class Story:
    """Plays the story. `person(name)` gives somebody new with a token; `play()` returns what the end is told from.

    Where `mails` can be read, one of them gives an address and is mailed what happens.
    """

    def __init__(
        self, person: Callable[[str], Person], teller: Teller, mails: Mails | None = None, clock: Clock | None = None
    ) -> None:
        self._person = person
        self._now = (clock or SystemClock()).now
        self._teller = teller
        self._mails = mails

    def play(self) -> Json:
        self._teller.chapter("Ines leaves a job and names a price for coaching her successor; Omar helps for free")
        ines, omar = self._person("Ines"), self._person("Omar")
        paid = self._list(ines, seats=3, price=50_000, title="Backend engineer")
        free = self._list(omar, seats=1, price=0, title="Data analyst")

        self._teller.chapter("Sam is hired: the money waits in escrow until hire.confirmed has travelled through Kafka")
        sam = self._person("Sam")
        address = self._reached(sam)
        hired = self._accepted(ines, sam, paid)
        self._fund(sam, hired, "tok_visa")
        sam.post(f"/v1/offers/{hired}/begin")
        self._teller.step("Sam", "begins: from now on the two see how to reach each other", hired)
        self._hire(ines, sam, hired)
        escrow = self._await(sam, f"/v1/escrows/{hired}", "settled")
        self._await(sam, f"/v1/offers/{hired}", "completed")
        mailed = self._mailed(sam, address)

        self._teller.chapter("Rita thinks better of it: the money goes back")
        rita = self._person("Rita")
        cancelled = self._accepted(ines, rita, paid)
        self._fund(rita, cancelled, "tok_visa")
        rita.post(f"/v1/offers/{cancelled}/cancel")
        self._teller.step("Rita", "has not begun, and calls it off alone", cancelled)
        refund = self._await(rita, f"/v1/escrows/{cancelled}", "refunded")

        self._teller.chapter("Dan's card is declined: nothing is held, nothing is owed")
        dan = self._person("Dan")
        declined = self._accepted(ines, dan, paid)
        self._await(dan, f"/v1/escrows/{declined}", "awaiting")
        dan.post(f"/v1/escrows/{declined}/fund", {"source": "tok_declined"})
        self._teller.step("Dan", "pays with a card that is declined", declined)
        self._until_declined(dan, declined)

        self._teller.chapter("Nina gets Omar's help free of charge: the same path without money")
        nina = self._person("Nina")
        given = self._accepted(omar, nina, free)
        self._hire(omar, nina, given)
        self._await(nina, f"/v1/offers/{given}", "completed")

        journal = sam.get(f"/v1/escrows/{hired}/journal")
        return {
            "hired": {"offer_id": hired, "escrow": escrow, "journal": journal["entries"]},
            "refunded": {"offer_id": cancelled, "escrow": refund},
            "declined": {"offer_id": declined},
            "free": {"offer_id": given},
            "listings": [paid, free],
            "mails": mailed,
        }

    # -- scenes

    def _reached(self, person: Person) -> str | None:
        """An address of their own, proved by the code that is mailed there."""
        if self._mails is None:
            return None
        address = f"{uuid4().hex[:12]}@{person.name.lower()}.example"
        person.put("/v1/me/contact", {"email": address})
        person.post("/v1/me/contact/verify", {"code": self._mails.code(address)})
        self._teller.step(person.name, "proves an e-mail address by the code that was mailed to it", "")
        return address

    def _mailed(self, person: Person, address: str | None) -> list[str]:
        """The subjects of their mails, once they were told of the end."""
        if self._mails is None or address is None:
            return []
        began = time.monotonic()
        self._mails.wait_until(address, "An offer is completed")
        subjects = [str(mail["Subject"]) for mail in self._mails.to(address)[1:]]
        self._teller.waited(
            "", f"{len(subjects)} mails to {person.name}: {'; '.join(subjects)}", time.monotonic() - began
        )
        return subjects

    def _list(self, insider: Person, *, seats: int, price: int, title: str) -> str:
        listing = insider.post("/v1/listings", _listing(title, seats, price, self._now().date() + timedelta(days=45)))
        listing_id = str(listing["id"])
        self._teller.step(insider.name, f"lists “{title}”, coaching for {_euros(price)}", listing_id)
        insider.post(f"/v1/listings/{listing_id}/submit")
        self._await(insider, f"/v1/listings/{listing_id}", "published")
        return listing_id

    def _accepted(self, insider: Person, seeker: Person, listing_id: str) -> str:
        offer = seeker.post("/v1/offers", {"listing_id": listing_id, "help": ["coaching"], "mode": "hold"})
        offer_id = str(offer["id"])
        self._teller.step(
            seeker.name, f"asks {insider.name} for coaching, {_euros(offer['price']['amount'])}", offer_id
        )
        insider.post(f"/v1/offers/{offer_id}/accept")
        self._teller.step(insider.name, "accepts", offer_id)
        return offer_id

    def _fund(self, seeker: Person, offer_id: str, source: str) -> None:
        self._await(seeker, f"/v1/escrows/{offer_id}", "awaiting")
        seeker.post(f"/v1/escrows/{offer_id}/fund", {"source": source})
        self._teller.step(seeker.name, f"funds the escrow with {source}", offer_id)
        self._await(seeker, f"/v1/escrows/{offer_id}", "held")
        self._await(seeker, f"/v1/offers/{offer_id}", "active")

    def _hire(self, insider: Person, seeker: Person, offer_id: str) -> None:
        self._await(seeker, f"/v1/offers/{offer_id}", "active")
        start = self._now().date()
        evidence = [{"kind": "offer_letter", "sha256": sha256(offer_id.encode()).hexdigest()}]
        insider.post(f"/v1/offers/{offer_id}/claim-hire", {"start_on": str(start), "evidence": evidence})
        self._teller.step(insider.name, f"says that {seeker.name} was hired", offer_id)
        seeker.post(f"/v1/offers/{offer_id}/confirm-hire", {"start_on": str(start)})
        self._teller.step(seeker.name, "confirms the hire", offer_id)

    def _until_declined(self, seeker: Person, offer_id: str) -> None:
        def back(explained: Json) -> bool:
            return explained["status"] == "awaiting" and bool(explained.get("declined"))

        began = time.monotonic()
        seeker.wait(f"/v1/escrows/{offer_id}", back, "the decline")
        self._teller.waited(offer_id, "escrow is awaiting again", time.monotonic() - began)

    def _await(self, person: Person, path: str, status: str) -> Json:
        began = time.monotonic()
        doc = person.wait_for(path, status)
        kind = path.split("/")[2].removesuffix("s")
        self._teller.waited(path.rsplit("/", 1)[1], f"{kind} is {status}", time.monotonic() - began)
        return doc


def _listing(title: str, seats: int, price: int, leaving: date) -> dict[str, Any]:
    return {
        "title": title,
        "employer": {"name": "Acme BV"},
        "country": "NL",
        "region": "Utrecht",
        "industry": {"scheme": "NACE-2", "code": "J62"},
        "occupation": {"scheme": "ISCO-08", "code": "2512"},
        "duties": ["Run the payment services"],
        "seats": seats,
        "leaving_on": str(leaving),
        "pay": {"min": 5_500_000, "max": 7_000_000, "currency": "EUR", "per": "year"},
        "help": [{"kind": "coaching", "price": {"amount": price, "currency": "EUR"}}],
    }


def _euros(amount: int) -> str:
    return "nothing" if amount == 0 else f"EUR {amount // 100:,}.{amount % 100:02d}"
