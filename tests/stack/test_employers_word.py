"""The employer's own word pays out: by the link in a mail, opened in a browser, and by its system's webhook."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from deploy.embedded.stack import Stack
from shared import links
from shared.ids import domain_mark, new_id
from tests.support.hires import Hire, Hires, listing
from tests.support.people import Person, Refused
from tests.support.processes import eventually

TODAY = str(datetime.now(UTC).date())
BROWSER = {"Accept": "text/html", "Accept-Language": "en"}


@dataclass(frozen=True)
class Employer:
    """One that staff have registered."""

    domain: str
    mark: str
    secret: str


class World:
    """Hires at registered employers, on the whole stack."""

    def __init__(self, stack: Stack, hires: Hires) -> None:
        self.stack, self.hires = stack, hires
        self.key = bytes.fromhex(stack.data.keys.pseudonym.read_text().strip())
        self.http = hires.http
        self.operator = Person("operator", stack.token("operator", ["operator"]), hires.http)

    def employer(self) -> Employer:
        domain, secret = f"acme-{secrets.token_hex(4)}.example", secrets.token_hex(20)
        body = {"name": "Acme", "domain": domain, "mailboxes": ["people"]}
        body |= {"ats": {"kind": "greenhouse", "secret": secret}}
        registered = self.operator.post("/v1/employers", body)
        assert registered["id"] == domain_mark(self.key, domain)
        return Employer(domain, registered["id"], secret)

    def active(self, employer: Employer) -> Hire:
        """An active offer, paid for, of a listing at this employer."""
        insider = self.hires.person("insider")
        body = listing(employer={"name": "Acme", "domain": employer.domain})
        listing_id = str(insider.post("/v1/listings", body)["id"])
        insider.post(f"/v1/listings/{listing_id}/submit")
        insider.wait_for(f"/v1/listings/{listing_id}", "published")
        return self.hires.active(at=(insider, listing_id))

    def asked(self, hire: Hire, employer: Employer) -> str:
        """The insider has the employer asked; the link's token, out of the mail that came to the employer."""
        address = f"people@{employer.domain}"
        body = {"offer_id": hire.offer_id, "address": address, "reference": "Bo Smith"}
        eventually(lambda: self._accepted(hire.insider, body), "the employer may be asked")
        eventually(lambda: bool(self.mails(address)), "the mail came")
        (mail,) = self.mails(address)
        plain = mail.get_body(("plain",))
        assert plain is not None
        assert "Bo Smith" in plain.get_content()
        url = re.findall(rf"{re.escape(self.stack.gateway)}/v1/employer-confirmations/(\S+)", plain.get_content())
        return str(url[0])

    def proves_work_mail(self, person: Person, address: str) -> None:
        """The insider gets a code at their address at the employer, and says it."""
        person.put("/v1/me/work-mail", {"email": address})
        eventually(lambda: bool(self.mails(address)), "the code came")
        person.post("/v1/me/work-mail/verify", {"code": self.mails(address)[-1]["Subject"].rpartition(" ")[2]})

    def mails(self, address: str) -> list[EmailMessage]:
        found = []
        for path in sorted(self.stack.mail.glob("*.eml")):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            found += [mail] if mail["X-Envelope-To"] == address else []
        return found

    def open(self, token: str) -> httpx.Response:
        return self.http.get(f"/v1/employer-confirmations/{token}", headers=BROWSER)

    def send(self, token: str, start_on: str = TODAY) -> httpx.Response:
        """The page's form, as a browser sends it."""
        return self.http.post(f"/v1/employer-confirmations/{token}", data={"start_on": start_on}, headers=BROWSER)

    def token(self, hire: Hire, employer: Employer, expires: datetime) -> str:
        claims = {"offer": hire.offer_id, "employer": employer.mark, "id": new_id()}
        return links.sign(self.key, links.EMPLOYER_CONFIRMATION, claims, expires)

    def report(self, employer: Employer, application: int, secret: str = "", **more: str) -> httpx.Response:
        """As Greenhouse reports a hire."""
        said = {"id": application, "candidate": {"first_name": "Bo"}, "offer": {"starts_at": TODAY}} | more
        body = json.dumps({"action": "hire_candidate", "payload": {"application": said}}).encode()
        digest = hmac.new((secret or employer.secret).encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "Signature": f"sha256 {digest}"}
        return self.http.post(f"/v1/webhooks/greenhouse/{employer.mark}", content=body, headers=headers)

    def copy_of_listing(self, hire: Hire) -> dict[str, Any]:
        """What matching's database knows of it."""
        prefix = json.loads((self.stack.data.folder / "stack.json").read_text())["database_prefix"]
        client: MongoClient[dict[str, Any]] = MongoClient(self.stack.mongodb)
        try:
            offers = client[f"{prefix}matching"]["offers"]
            return offers.find_one({"_id": f"listing:{hire.listing_id}"}) or {}
        finally:
            client.close()

    def state(self, hire: Hire) -> tuple[str, str, int]:
        """The offer's and the escrow's status, and the escrow's version."""
        offer = hire.seeker.get(f"/v1/offers/{hire.offer_id}")
        escrow = hire.seeker.get(f"/v1/escrows/{hire.offer_id}")
        return str(offer["status"]), str(escrow["status"]), int(escrow["version"])

    @staticmethod
    def _accepted(who: Person, body: dict[str, str]) -> bool:
        """Refused while notify has not heard of the listing or of the employer yet."""
        try:
            who.post("/v1/employer-links", body)
        except Refused as refused:
            assert " 422 " in str(refused), refused
            return False
        return True


@pytest.fixture
def world(stack: Stack, hires: Hires) -> Iterator[World]:
    yield World(stack, hires)


def test_an_employers_link_ends_in_a_payout(world: World) -> None:
    """Opening it changes nothing, sending it pays; again, tampered with, expired or another's, it changes nothing."""
    employer, other = world.employer(), world.employer()
    hire, bystander = world.active(employer), world.active(other)
    token = world.asked(hire, employer)

    opened = [world.open(token) for _ in range(3)]
    assert {page.status_code for page in opened} == {200} and '<form method="post">' in opened[0].text
    assert "Acme" in opened[0].text and world.state(hire)[:2] == ("active", "held")

    later = datetime.now(UTC) + timedelta(days=1)
    worthless = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token.split(".")[0] + "." + world.token(bystander, other, later).split(".")[1],
        world.token(bystander, employer, later),
        world.token(hire, other, later),
        world.token(hire, employer, datetime.now(UTC) - timedelta(seconds=1)),
        links.sign(world.key, "unsubscribe", {"offer": hire.offer_id, "employer": employer.mark, "id": "x"}, later),
        links.sign(b"x" * 32, links.EMPLOYER_CONFIRMATION, {"offer": hire.offer_id, "employer": employer.mark}, later),
    ]
    assert {(world.open(each).status_code, world.send(each).status_code) for each in worthless} == {(404, 404)}
    assert world.state(hire)[:2] == world.state(bystander)[:2] == ("active", "held")

    done = world.send(token)
    assert done.status_code == 200 and "The hire is confirmed" in done.text
    escrow = world.hires.settled(hire)
    assert escrow["released"] + escrow["fees"] == 50_000
    confirmed = hire.seeker.get(f"/v1/offers/{hire.offer_id}")["hire"]
    assert (confirmed["confirmed_by"], confirmed["evidence_grade"], confirmed["start_on"]) == ("employer", 3, TODAY)

    before = world.state(hire)
    again = [world.send(token), world.send(token, "2027-12-31"), world.send(world.token(hire, employer, later))]
    assert [page.status_code for page in again] == [409, 409, 409]
    assert "used already" in again[0].text and world.state(hire) == before
    assert world.state(bystander)[:2] == ("active", "held")


def test_an_applicant_tracking_systems_report_ends_in_a_payout(world: World) -> None:
    """Forged, or about another employer's applicants, it changes nothing; repeated, it pays no second time."""
    employer, other = world.employer(), world.employer()
    hire, bystander = world.active(employer), world.active(other)
    application = secrets.randbelow(10**9) + 10**9
    for each in (hire, bystander):
        each.seeker.put(f"/v1/offers/{each.offer_id}/application", {"reference": str(application)})

    forged = [
        world.report(employer, application, secret=other.secret),
        world.report(other, application, secret="x" * 40),
    ]
    assert [answer.status_code for answer in forged] == [401, 401]
    unknown = world.report(employer, application + 1)
    assert unknown.json() == {"status": "taken"}
    world.operator.wait("/v1/ats-events", lambda doc: _waits(doc, application + 1), "staff see the unknown one")
    assert world.state(hire)[:2] == world.state(bystander)[:2] == ("active", "held")

    assert world.report(employer, application).json() == {"status": "taken"}
    escrow = world.hires.settled(hire)
    assert escrow["released"] + escrow["fees"] == 50_000
    confirmed = hire.seeker.get(f"/v1/offers/{hire.offer_id}")["hire"]
    assert (confirmed["confirmed_by"], confirmed["evidence_grade"], confirmed["start_on"]) == ("ats", 3, TODAY)

    before = world.state(hire)
    again = [world.report(employer, application), world.report(employer, application, note="sent again")]
    assert [answer.json()["status"] for answer in again] == ["known", "taken"]
    second = world.active(employer)
    second.seeker.put(f"/v1/offers/{second.offer_id}/application", {"reference": str(application + 1)})
    world.hires.settled(second)
    assert world.state(hire) == before and world.state(bystander)[:2] == ("active", "held")


def test_an_insider_with_mail_at_the_employer_is_believed(world: World) -> None:
    """The listing says so once staff have registered the domain, and a document is worth grade 2."""
    employer = world.employer()
    hire = world.active(employer)
    listing_path, offer_path = f"/v1/listings/{hire.listing_id}", f"/v1/offers/{hire.offer_id}"
    assert hire.seeker.get(listing_path)["insider_verified"] is False
    unchecked = f"acme-{secrets.token_hex(4)}.example"
    other = hire.insider.post("/v1/listings", listing(employer={"name": "Acme", "domain": unchecked}))
    world.proves_work_mail(hire.insider, f"anna@{unchecked}")

    world.proves_work_mail(hire.insider, f"anna@{employer.domain}")
    hire.seeker.wait(listing_path, lambda doc: doc["insider_verified"] is True, "the listing says so")
    eventually(lambda: world.copy_of_listing(hire).get("insider_verified") is True, "matching knows it")
    assert hire.insider.get(f"/v1/listings/{other['id']}")["insider_verified"] is False
    world.operator.post("/v1/employers", {"name": "Acme", "domain": unchecked})
    hire.insider.wait(f"/v1/listings/{other['id']}", lambda doc: doc["insider_verified"] is True, "now it is checked")
    world.hires.claim(hire, TODAY)

    assert hire.seeker.get(offer_path)["claims"][0]["grade"] == 2
    assert hire.seeker.get(listing_path)["employer"]["veiled"] is True
    hire.seeker.post(f"{offer_path}/begin")
    hire.seeker.wait(listing_path, lambda doc: not doc["employer"]["veiled"], "the seeker sees the employer")
    assert hire.seeker.get(listing_path)["employer"] == {"name": "Acme", "domain": employer.domain, "veiled": False}


def _waits(page: dict[str, Any], application: int) -> bool:
    return any((each["application"], each["status"]) == (str(application), "waiting") for each in page["items"])
