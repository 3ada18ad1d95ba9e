"""What happens in the demo, step by step, over HTTP: a hire in Toronto that pays out, a refund, a declined card, help
free of charge.
"""

import time
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Protocol
from uuid import uuid4

import httpx

from deploy.demo.mails import Mails
from deploy.demo.people import Json, Person, Refused
from shared.clock import Clock, SystemClock
from shared.money import format_amount


class Teller(Protocol):
    """Shows the story while it happens."""

    def chapter(self, title: str) -> None: ...

    def step(self, who: str, does: str, result: str) -> None: ...

    def waited(self, subject: str, what: str, seconds: float) -> None: ...


class Story:
    """Plays the story. `person(name, *roles)` gives somebody new with a token; `play()` returns what the end is told
    from.

    Where `mails` can be read, the employer answers the link that it is mailed, and the seeker is mailed what happens;
    elsewhere nobody could follow the link, so what is sold needs no employer's consent.
    """

    def __init__(
        self, person: Callable[..., Person], teller: Teller, mails: Mails | None = None, clock: Clock | None = None
    ) -> None:
        self._person = person
        self._now = (clock or SystemClock()).now
        self._teller = teller
        self._mails = mails

    def play(self) -> Json:
        self._teller.chapter("Ines leaves a job in Toronto and names a price for her help; Omar helps for free")
        ines, omar = self._person("Ines"), self._person("Omar")
        free = self._list(omar, _listing("Data analyst", 1, [("coaching", 0)], self._leaving()))
        paid = self._consented(ines) if self._mails else self._list(ines, self._coaching())
        self._looked_at(ines.http, paid)

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

    def _consented(self, insider: Person) -> str:
        """A listing with a paid word and reference: it waits for the employer, who agrees by the link in a mail."""
        assert self._mails is not None
        domain = f"{uuid4().hex[:8]}.example"
        self._person("Olga", "operator").post(
            "/v1/employers", {"name": "Acme Inc.", "domain": domain, "mailboxes": ["people"]}
        )
        self._teller.step("Olga", "of the market's staff registers the employer and its mailbox", "")
        help_ = [("good_word", 30_000), ("reference", 20_000)]
        body = _listing("Backend engineer", 3, help_, self._leaving(), domain)
        listing_id = self._handed_in(insider, body)
        self._teller.step(insider.name, "submits it; it waits for the employer's own consent", listing_id)
        insider.post_until(f"/v1/listings/{listing_id}/ask-consent", {"mailbox": "people"})
        link = self._mails.link(f"people@{domain}", "/v1/employer-consents/")
        employer = self._person("The employer")
        shown = employer.get(link)
        employer.post(link, {"answer": "consent"})
        self._teller.step("The employer", f"follows the link of its mail, reads “{shown['title']}”, and consents", "")
        self._await(insider, f"/v1/listings/{listing_id}", "published")
        return listing_id

    def _coaching(self) -> dict[str, Any]:
        body = _listing("Backend engineer", 3, [("coaching", 50_000)], self._leaving())
        return body | {"acknowledges": ["no_confidential_matter"]}

    def _leaving(self) -> date:
        return self._now().date() + timedelta(days=45)

    def _list(self, insider: Person, body: dict[str, Any]) -> str:
        listing_id = self._handed_in(insider, body)
        self._await(insider, f"/v1/listings/{listing_id}", "published")
        return listing_id

    def _handed_in(self, insider: Person, body: dict[str, Any]) -> str:
        listing_id = str(insider.post("/v1/listings", body)["id"])
        priced = ", ".join(f"{each['kind'].replace('_', ' ')} for {_money(**each['price'])}" for each in body["help"])
        self._teller.step(insider.name, f"lists “{body['title']}”, {priced}", listing_id)
        insider.post(f"/v1/listings/{listing_id}/submit")
        return listing_id

    def _looked_at(self, http: httpx.Client, listing_id: str) -> None:
        """Anybody may look, without an account."""
        found = http.get(f"/v1/listings/{listing_id}")
        licence = found.json().get("licence") or {}
        under = f", under licence “{licence['number']}”" if licence else ""
        self._teller.step("A stranger", f"finds it without an account{under}", listing_id)
        if found.status_code != 200:
            raise Refused(f"GET /v1/listings/{listing_id} without a token: {found.status_code} {found.text}")

    def _accepted(self, insider: Person, seeker: Person, listing_id: str) -> str:
        help_ = [each["kind"] for each in seeker.get(f"/v1/listings/{listing_id}")["help"]]
        asked = {"listing_id": listing_id, "help": help_, "mode": "hold", "declares": {"foreign_national": False}}
        offer = seeker.post("/v1/offers", asked)
        offer_id = str(offer["id"])
        wanted = " and ".join(kind.replace("_", " ") for kind in help_)
        self._teller.step(seeker.name, f"asks {insider.name} for {wanted}, {_money(**offer['price'])}", offer_id)
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


def _listing(
    title: str, seats: int, help_: list[tuple[str, int]], leaving: date, domain: str | None = None
) -> dict[str, Any]:
    return {
        "title": title,
        "employer": {"name": "Acme Inc."} | ({"domain": domain} if domain else {}),
        "country": "CA",
        "subdivision": "CA-ON",
        "region": "Toronto",
        "industry": {"scheme": "NAICS-2022", "code": "5415"},
        "occupation": {"scheme": "ISCO-08", "code": "2512"},
        "duties": ["Run the payment services"],
        "seats": seats,
        "leaving_on": str(leaving),
        "pay": {"min": 9_500_000, "max": 12_000_000, "currency": "CAD", "per": "year"},
        "help": [{"kind": kind, "price": {"amount": amount, "currency": "CAD"}} for kind, amount in help_],
    }


def _money(amount: int, currency: str) -> str:
    return format_amount(amount, currency) if amount else "nothing"
