"""What happens in the demo, step by step, over HTTP: a hire in Toronto that pays out, a refund, a declined card, help
free of charge.
"""

import time
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from typing import Protocol
from uuid import UUID, uuid4

import httpx
from good_golem import Refused, expect
from good_golem_client.api.escrow import fund_escrow, show_escrow, show_journal
from good_golem_client.api.listing import (
    answer_by_employer,
    ask_consent,
    create_listing,
    get_listing,
    show_employer_consent,
    submit_listing,
)
from good_golem_client.api.matching import (
    accept_offer,
    begin_offer,
    cancel_offer,
    claim_hire,
    confirm_hire,
    make_offer,
    register_employer,
    show_offer,
)
from good_golem_client.api.notify import put_contact, verify_contact
from good_golem_client.models import (
    AskConsent,
    ClaimHire,
    ConfirmHire,
    Contact,
    EmployerAnswer,
    EmployerConsent,
    Escrow,
    Fund,
    Journal,
    Listing,
    MatchingEmployer,
    NewContact,
    NewEmployer,
    NewListing,
    NewOffer,
    Offer,
    SaidCode,
)

from deploy.demo.bodies import Json, listing
from deploy.demo.mails import Mails
from deploy.demo.people import Person, Seen, wait
from shared.clock import Clock, SystemClock
from shared.money import format_amount


class Teller(Protocol):
    """Shows the story while it happens."""

    def chapter(self, title: str) -> None: ...

    def step(self, who: str, does: str, result: str) -> None: ...

    def waited(self, subject: str, what: str, seconds: float) -> None: ...


class Story:
    """Plays the story. `person(name, *roles)` gives somebody new, `stranger` has no account; `play()` returns what the
    end is told from.

    Where `mails` can be read, the employer answers the link that it is mailed, and the seeker is mailed what happens;
    elsewhere nobody could follow the link, so what is sold needs no employer's consent.
    """

    def __init__(
        self,
        person: Callable[..., Person],
        stranger: httpx.Client,
        teller: Teller,
        mails: Mails | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._person = person
        self._stranger = stranger
        self._now = (clock or SystemClock()).now
        self._teller = teller
        self._mails = mails

    def play(self) -> Json:
        self._teller.chapter("Ines leaves a job in Toronto and names a price for her help; Omar helps for free")
        ines, omar = self._person("Ines"), self._person("Omar")
        free = self.listed(omar, listing("Data analyst", 1, [("coaching", 0)], self._leaving()))
        paid = self._consented(ines) if self._mails else self.listed(ines, self.coaching())
        self._looked_at(paid)

        self._teller.chapter("Sam is hired: the money waits in escrow until hire.confirmed has travelled through Kafka")
        sam = self._person("Sam")
        address = self._reached(sam)
        hired = self.accepted(ines, sam, paid)
        self.fund(sam, hired, "tok_visa")
        expect(Offer, begin_offer.sync(hired, client=sam.client))
        self._teller.step("Sam", "begins: from now on the two see how to reach each other", str(hired))
        self.hire(ines, sam, hired)
        escrow = self._escrow(sam, hired, "settled")
        self._offer(sam, hired, "completed")
        mailed = self._mailed(sam, address)

        self._teller.chapter("Rita thinks better of it: the money goes back")
        rita = self._person("Rita")
        cancelled = self.accepted(ines, rita, paid)
        self.fund(rita, cancelled, "tok_visa")
        expect(Offer, cancel_offer.sync(cancelled, client=rita.client))
        self._teller.step("Rita", "has not begun, and calls it off alone", str(cancelled))
        refund = self._escrow(rita, cancelled, "refunded")

        self._teller.chapter("Dan's card is declined: nothing is held, nothing is owed")
        dan = self._person("Dan")
        declined = self.accepted(ines, dan, paid)
        self._escrow(dan, declined, "awaiting")
        expect(Escrow, fund_escrow.sync(declined, client=dan.client, body=Fund("tok_declined")))
        self._teller.step("Dan", "pays with a card that is declined", str(declined))
        self._until_declined(dan, declined)

        self._teller.chapter("Nina gets Omar's help free of charge: the same path without money")
        nina = self._person("Nina")
        given = self.accepted(omar, nina, free)
        self.hire(omar, nina, given)
        self._offer(nina, given, "completed")

        journal = expect(Journal, show_journal.sync(hired, client=sam.client)).to_dict()
        return {
            "hired": {"offer_id": str(hired), "escrow": escrow.to_dict(), "journal": journal["entries"]},
            "refunded": {"offer_id": str(cancelled), "escrow": refund.to_dict()},
            "declined": {"offer_id": str(declined)},
            "free": {"offer_id": str(given)},
            "listings": [str(paid), str(free)],
            "mails": mailed,
        }

    # -- scenes

    def _reached(self, person: Person) -> str | None:
        """An address of their own, proved by the code that is mailed there."""
        if self._mails is None:
            return None
        address = f"{uuid4().hex[:12]}@{person.name.lower()}.example"
        expect(Contact, put_contact.sync(client=person.client, body=NewContact(address)))
        expect(Contact, verify_contact.sync(client=person.client, body=SaidCode(self._mails.code(address))))
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

    def _consented(self, insider: Person) -> UUID:
        """A listing with a paid word and reference: it waits for the employer, who agrees by the link in a mail."""
        assert self._mails is not None
        domain = f"{uuid4().hex[:8]}.example"
        olga = self._person("Olga", "operator")
        employer = NewEmployer(domain, "Acme Inc.", mailboxes=["people"])
        expect(MatchingEmployer, register_employer.sync(client=olga.client, body=employer))
        self._teller.step("Olga", "of the market's staff registers the employer and its mailbox", "")
        help_ = [("good_word", 30_000), ("reference", 20_000)]
        listing_id = self._handed_in(insider, listing("Backend engineer", 3, help_, self._leaving(), domain))
        self._teller.step(insider.name, "submits it; it waits for the employer's own consent", str(listing_id))
        asked = AskConsent("people")
        # The mailbox is known once the event of the employer's registration has come.
        wait(
            Listing,
            lambda: ask_consent.sync(listing_id, client=insider.client, body=asked),
            lambda _: True,
            "asking the employer",
        )
        token = self._mails.link(f"people@{domain}", "/v1/employer-consents/").rpartition("/")[2]
        anybody = self._person("The employer").client
        shown = expect(EmployerConsent, show_employer_consent.sync(token, client=anybody))
        answer = EmployerAnswer.from_dict({"answer": "consent"})
        expect(EmployerConsent, answer_by_employer.sync(token, client=anybody, body=answer))
        self._teller.step("The employer", f"follows the link of its mail, reads “{shown.title}”, and consents", "")
        self._published(insider, listing_id)
        return listing_id

    def coaching(self) -> Json:
        body = listing("Backend engineer", 3, [("coaching", 50_000)], self._leaving())
        return body | {"acknowledges": ["no_confidential_matter"]}

    def _leaving(self) -> date:
        return self._now().date() + timedelta(days=45)

    def listed(self, insider: Person, body: Json) -> UUID:
        listing_id = self._handed_in(insider, body)
        self._published(insider, listing_id)
        return listing_id

    def _handed_in(self, insider: Person, body: Json) -> UUID:
        created = expect(Listing, create_listing.sync(client=insider.client, body=NewListing.from_dict(body)))
        priced = ", ".join(f"{each['kind'].replace('_', ' ')} for {_money(**each['price'])}" for each in body["help"])
        self._teller.step(insider.name, f"lists “{body['title']}”, {priced}", str(created.id))
        expect(Listing, submit_listing.sync(created.id, client=insider.client))
        return created.id

    def _looked_at(self, listing_id: UUID) -> None:
        """Anybody may look, without an account."""
        found = self._stranger.get(f"/v1/listings/{listing_id}")
        if found.status_code != 200:
            raise Refused(None, f"GET /v1/listings/{listing_id} without a token: {found.status_code} {found.text}")
        licence = found.json().get("licence") or {}
        under = f", under licence “{licence['number']}”" if licence else ""
        self._teller.step("A stranger", f"finds it without an account{under}", str(listing_id))

    def accepted(self, insider: Person, seeker: Person, listing_id: UUID) -> UUID:
        listing = expect(Listing, get_listing.sync(listing_id, client=seeker.client))
        help_ = [each.kind for each in listing.help_]
        asked = {"listing_id": str(listing_id), "help": help_, "declares": {"foreign_national": False}}
        offer = expect(Offer, make_offer.sync(client=seeker.client, body=NewOffer.from_dict(asked)))
        wanted = " and ".join(kind.replace("_", " ") for kind in help_)
        price = _money(offer.price.amount, offer.price.currency)
        self._teller.step(seeker.name, f"asks {insider.name} for {wanted}, {price}", str(offer.id))
        expect(Offer, accept_offer.sync(offer.id, client=insider.client))
        self._teller.step(insider.name, "accepts", str(offer.id))
        return offer.id

    def fund(self, seeker: Person, offer_id: UUID, source: str) -> None:
        self._escrow(seeker, offer_id, "awaiting")
        expect(Escrow, fund_escrow.sync(offer_id, client=seeker.client, body=Fund(source)))
        self._teller.step(seeker.name, f"funds the escrow with {source}", str(offer_id))
        self._escrow(seeker, offer_id, "held")
        self._offer(seeker, offer_id, "active")

    def hire(self, insider: Person, seeker: Person, offer_id: UUID) -> None:
        self._offer(seeker, offer_id, "active")
        start = self._now().date()
        evidence = [{"kind": "offer_letter", "sha256": sha256(offer_id.bytes).hexdigest()}]
        claim = ClaimHire.from_dict({"start_on": str(start), "evidence": evidence})
        expect(Offer, claim_hire.sync(offer_id, client=insider.client, body=claim))
        self._teller.step(insider.name, f"says that {seeker.name} was hired", str(offer_id))
        expect(Offer, confirm_hire.sync(offer_id, client=seeker.client, body=ConfirmHire(start)))
        self._teller.step(seeker.name, "confirms the hire", str(offer_id))

    def _until_declined(self, seeker: Person, offer_id: UUID) -> None:
        def back(escrow: Escrow) -> bool:
            return escrow.status == "awaiting" and bool(escrow.declined)

        self._await(Escrow, offer_id, lambda: show_escrow.sync(offer_id, client=seeker.client), back, "awaiting again")

    def _published(self, insider: Person, listing_id: UUID) -> None:
        def read() -> object:
            return get_listing.sync(listing_id, client=insider.client)

        self._await(Listing, listing_id, read, lambda listing: listing.status == "published", "published")

    def _offer(self, person: Person, offer_id: UUID, status: str) -> Offer:
        def read() -> object:
            return show_offer.sync(offer_id, client=person.client)

        return self._await(Offer, offer_id, read, lambda offer: offer.status == status, status)

    def _escrow(self, person: Person, offer_id: UUID, status: str) -> Escrow:
        def read() -> object:
            return show_escrow.sync(offer_id, client=person.client)

        return self._await(Escrow, offer_id, read, lambda escrow: escrow.status == status, status)

    def _await(
        self, kind: type[Seen], of: UUID, read: Callable[[], object], until: Callable[[Seen], bool], becomes: str
    ) -> Seen:
        began = time.monotonic()
        what = f"{kind.__name__.lower()} is {becomes}"
        found = wait(kind, read, until, f"{what} ({of})")
        self._teller.waited(str(of), what, time.monotonic() - began)
        return found


def _money(amount: int, currency: str) -> str:
    return format_amount(amount, currency) if amount else "nothing"
