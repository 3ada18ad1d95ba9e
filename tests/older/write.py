"""Writes what a version keeps, for later versions to go on with: `python write.py OUT.json.gz`, in its own checkout.

Four months of the whole system in memory (`tests.support.whole` of that checkout), played so that each lifecycle's
states are there in the end, with instructions open, events parked and events that the relay has yet to send. How it is
run stands in README.md; later versions cannot run it, as it imports the modules of its own time.
"""

import gzip
import hashlib
import hmac
import json
import re
import smtplib
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from threading import Event as Flag
from typing import Any
from urllib.parse import quote

from bson import json_util
from services.escrow.provider.store import _document

from services.escrow.provider import Unavailable
from services.notify.addresses import code_of
from shared.aggregate import Batch, migrate
from shared.ids import domain_mark
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.poller.poller import Poller
from tests.simulator.services import work_of
from tests.support.hires import listing
from tests.support.memory import MemoryPublisher, MemorySource
from tests.support.web import Caller
from tests.support.whole import Whole

KEY = b"k" * 40
ACME, OTHER, GONE = "acme.example", "other.example", "gone.example"
SECRET = "0123456789abcdef-of-acme"
DAY = timedelta(days=1)
FREE = [{"kind": "coaching", "price": {"amount": 0, "currency": "EUR"}}]
THIRDS = [{"due_day": 0, "bps": 3_333}, {"due_day": 30, "bps": 3_333}, {"due_day": 90, "bps": 3_334}]
SOON = [{"due_day": 0, "bps": 5_000}, {"due_day": 1, "bps": 5_000}]
REASON = "It was shown to us."


class Provider:
    """The way to the provider, which may be away."""

    def __init__(self, whole: "Past") -> None:
        self.whole = whole

    def __getattr__(self, name: str) -> Any:
        def ask(*given: Any, **named: Any) -> Any:
            if self.whole.provider_away:
                raise Unavailable("the provider is away")
            return getattr(self.whole.provider, name)(*given, **named)

        return ask


class Past(Whole):
    """The whole system, whose provider, mail server and broker may fail, and everything that people do in it."""

    def __init__(self, folder: Path) -> None:
        self.provider_away = self.mail_away = False
        self.withheld: set[str] = set()
        self.refused: set[str] = set()
        self.mails: list[str] = []
        self.subs: set[str] = set()
        super().__init__(folder)
        self.broker.on_publish = lambda message: "refuse" if message.topic in self.withheld else "ok"

    def _worker(self, service: str) -> list[Any]:
        store, publisher = self.stores[service], MemoryPublisher(self.broker)
        work = work_of(service, store, Provider(self), self._post)
        source = MemorySource(self.broker, service, [*work.routes, f"{service}.redrive"])
        consumer = Consumer(service, source, Batch(store, work.routes), publisher, Flag())
        poller = Poller(
            service, store, work.lifecycles, publisher, may_fire=lambda: True, carry_out=work.carry_out,
            timers=work.timers,
        )  # fmt: skip
        return [consumer.step, Relay(service, store, publisher).step, poller.step]

    def _post(self, message: Any, address: str) -> None:
        if self.mail_away:
            raise ConnectionRefusedError
        if address.startswith("nobody") or address in self.refused:
            raise smtplib.SMTPRecipientsRefused({address: (550, b"no such mailbox")})
        self.mails.append(str(message.get_body(("plain",)).get_content()))

    # -- what people do

    def ask(self, service: str, sub: str, method: str, path: str, body: Any = None, *roles: str) -> Any:
        self.subs.add(sub)
        answer = Caller(self.apps[service], sub, roles).ask(method, path, body)
        assert answer.status_code < 300, (method, path, answer.get_json())
        self.settle()
        return answer.get_json()

    def post(self, service: str, sub: str, path: str, body: Any = None, *roles: str) -> Any:
        return self.ask(service, sub, "POST", path, body, *roles)

    def person(self, sub: str) -> str:
        return Caller(self.apps["notify"], sub).id

    def address(self, sub: str, email: str, kind: str = "contact", proved: bool = True) -> None:
        self.ask("notify", sub, "PUT", f"/v1/me/{kind}", {"email": email})
        document_id = f"{kind.replace('-', '_')}:{self.person(sub)}"
        if proved:
            code = code_of(KEY, document_id, (self.stores["notify"].get(document_id) or {})["code"]["nonce"])
            self.post("notify", sub, f"/v1/me/{kind}/verify", {"code": code})

    def listed(self, state: str = "published", sub: str = "anna", **changed: Any) -> str:
        leaving = str(self.clock.now().date() + 60 * DAY)
        body = listing(
            **({"leaving_on": leaving, "employer": {"name": "Acme BV", "domain": ACME}, "seats": 50} | changed)
        )
        listing_id = str(self.post("listing", sub, "/v1/listings", body)["id"])
        if state != "draft":
            self.post("listing", sub, f"/v1/listings/{listing_id}/submit")
        return listing_id

    def offered(self, listing_id: str, seeker: str, insider: str = "anna", **more: Any) -> str:
        body = {"listing_id": listing_id, "help": ["coaching"], **more}
        return str(self.post("matching", seeker, "/v1/offers", body)["id"])

    def agreed(self, listing_id: str, seeker: str) -> str:
        offer_id = self.offered(listing_id, seeker)
        self.post("matching", "anna", f"/v1/offers/{offer_id}/accept")
        return offer_id

    def paid(self, listing_id: str, seeker: str, source: str = "tok_visa") -> str:
        offer_id = self.agreed(listing_id, seeker)
        self.post("escrow", seeker, f"/v1/escrows/{offer_id}/fund", {"source": source})
        return offer_id

    def on(self, offer_id: str, sub: str, command: str, body: Any = None, *roles: str) -> None:
        self.post("matching", sub, f"/v1/offers/{offer_id}/{command}", body, *roles)

    def confirmed(self, listing_id: str, seeker: str, source: str = "tok_visa") -> str:
        offer_id = self.paid(listing_id, seeker, source)
        self.on(offer_id, seeker, "confirm-hire", {"start_on": self.today})
        return offer_id

    def claimed(self, listing_id: str, seeker: str, *evidence: str) -> str:
        offer_id = self.paid(listing_id, seeker)
        proofs = [{"kind": kind, "sha256": hashlib.sha256(offer_id.encode()).hexdigest()} for kind in evidence]
        self.on(offer_id, "anna", "claim-hire", {"start_on": self.today, "evidence": proofs})
        return offer_id

    def disputed(self, offer_id: str, seeker: str) -> str:
        self.post("escrow", seeker, f"/v1/escrows/{offer_id}/dispute", {"reason": REASON})
        return offer_id

    def resolved(self, offer_id: str, decision: str, **more: Any) -> None:
        body = {"decision": decision, "reason": REASON, **more}
        self.post("escrow", "ari", f"/v1/escrows/{offer_id}/dispute/resolve", body, "arbiter")

    def application(self, offer_id: str, seeker: str, reference: str) -> None:
        self.ask("matching", seeker, "PUT", f"/v1/offers/{offer_id}/application", {"reference": reference})

    def reported(self, application: str, action: str = "hire_candidate", starts_at: str | None = None) -> None:
        said = {"id": int(application), "offer": {"starts_at": starts_at or self.today}}
        body = json.dumps({"action": action, "payload": {"application": said}}).encode()
        headers = {"Content-Type": "application/json"}
        headers["Signature"] = "sha256 " + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        hook = f"/v1/webhooks/greenhouse/{domain_mark(KEY, ACME)}"
        assert self.apps["matching"].test_client().post(hook, data=body, headers=headers).status_code == 200
        self.settle()

    @property
    def today(self) -> str:
        return str(self.clock.now().date())

    # -- the story

    def play(self) -> None:
        for service in self.stores:
            module = __import__(f"services.{service}.store", fromlist=["MIGRATIONS"])
            migrate(self.stores[service].collection, module.MIGRATIONS)
        self.people()
        self.long_ago()
        self.settle(92 * DAY)
        self.lately()
        self.settle(8 * DAY)
        self.just_now()
        self.in_flight()

    def people(self) -> None:
        """Addresses of every kind, the register, profiles, an account to be paid to."""
        self.address("anna", "anna@mail.example")
        self.address("anna", f"anna@{ACME}", "work-mail")
        self.ask(
            "notify",
            "anna",
            "PUT",
            "/v1/me/preferences",
            {"language": "fr", "mail": {"listings": False, "offers": True, "hires": True}},
        )
        self.address("bo", "bo@mail.example")
        self.address("cas", "cas@mail.example", proved=False)
        self.address("dee", "nobody@mail.example", proved=False)
        self.address("eli", "eli@mail.example")
        self.address("gus", "gus@mail.example")
        self.refused.add("gus@mail.example")
        self.ask("notify", "eli", "DELETE", "/v1/me/contact")
        self.ask("escrow", "anna", "PUT", "/v1/me/payout", {"account": "acct_test"})
        self.ask("escrow", "ina", "PUT", "/v1/me/payout", {"account": "acct_closed"})
        self.ask("escrow", "eli", "PUT", "/v1/me/payout", {"account": "acct_test"})
        self.ask("escrow", "eli", "DELETE", "/v1/me/payout")
        for sub in ("bo", "eli"):
            profile = {"occupations": [{"scheme": "ISCO-08", "code": "2512"}], "help": ["coaching"]}
            self.ask("matching", sub, "PUT", "/v1/me/profile", profile)
        self.ask("matching", "eli", "DELETE", "/v1/me/profile")
        for domain, secret in ((ACME, SECRET), (OTHER, "another-secret-16+"), (GONE, "a-third-secret-16+")):
            body = {
                "name": domain,
                "domain": domain,
                "mailboxes": ["hr"],
                "ats": {"kind": "greenhouse", "secret": secret},
            }
            self.post("matching", "olga", "/v1/employers", body, "operator")
        self.post("matching", "olga", f"/v1/employers/{domain_mark(KEY, GONE)}/remove", None, "operator")

    def long_ago(self) -> None:
        """What has come to its end by now, in each way."""
        at, free, parts = self.listed(), self.listed(help=FREE), self.listed(tranches=THIRDS)
        self.listed(title="Left to expire")
        done = self.confirmed(at, "bo")
        for sub, text in (("bo", "Worth every evening."), ("anna", "Well prepared.")):
            self.post("matching", sub, f"/v1/offers/{done}/reviews", {"stars": 5, "text": text})
        gift = self.agreed(free, "cas")
        self.on(gift, "cas", "confirm-hire", {"start_on": self.today})
        self.offered(at, "s01")
        self.agreed(at, "s02")
        self.paid(at, "s03")
        self.claimed(at, "s04", "offer_letter")
        ended = self.paid(parts, "s05")
        self.on(ended, "s05", "confirm-hire", {"start_on": self.today})
        self.settle(20 * DAY)
        self.on(ended, "s05", "end", {"on": self.today})
        self.on(self.offered(at, "s06"), "anna", "decline")
        self.on(self.offered(at, "s07"), "s07", "withdraw")
        self.on(self.agreed(at, "s08"), "s08", "cancel", {"reason": REASON})
        self.resolved(self.disputed(self.paid(at, "s09"), "s09"), "refund")
        self.resolved(self.disputed(self.confirmed(parts, "s10"), "s10"), "split", insider_bps=5_000)
        self.resolved(self.disputed(self.confirmed(parts, "s11"), "s11"), "release")
        self.paid(at, "s12", "tok_chargeback")
        self.paid(at, "s13", "tok_chargeback_reversed")
        self.confirmed(at, "s14", "tok_chargeback")
        for sub in ("eve", "s15"):
            self.address(sub, f"{sub}@mail.example")
            offer_id = self.agreed(free, sub)
            self.on(offer_id, sub, "confirm-hire", {"start_on": self.today})
        self.ask("matching", "eve", "DELETE", "/v1/me")
        self.reported("90000001")

    def lately(self) -> None:
        """What stands in the middle of its life, and has for a week."""
        self.at, self.free = self.listed(), self.listed(help=FREE)
        self.parts = self.listed(tranches=THIRDS)
        self.listed("draft")
        self.listed(duties=["Call +31 6 1234 5678"])
        for command in ("return", "remove"):
            listing_id = self.listed(duties=["Call +31 6 1234 5678"])
            body = {"reason": "contact_data", "note": REASON}
            self.post("listing", "mo", f"/v1/listings/{listing_id}/{command}", body, "moderator")
        self.post("listing", "anna", f"/v1/listings/{self.listed()}/pause")
        self.post("listing", "anna", f"/v1/listings/{self.listed()}/withdraw")
        self.confirmed(self.listed(seats=1), "t00")
        for number, applied in enumerate(("10000001", "10000002", "10000002", "10000003"), start=1):
            offer_id = self.paid(self.at, f"t0{number}")
            self.application(offer_id, f"t0{number}", applied)
        self.reported("10000001")
        self.reported("10000002")
        self.reported("10000003", starts_at="2020-01-01")
        self.reported("10000004")
        self.reported("10000005")
        self.reported("10000005", "unhire_candidate")
        taken_back = self.paid(self.at, "t05")
        self.application(taken_back, "t05", "10000006")
        self.reported("10000006")
        self.reported("10000006", "unhire_candidate")
        self.disputed(self.paid(self.at, "t06"), "t06")
        self.disputed(self.confirmed(self.parts, "t07"), "t07")
        self.paid(self.at, "t09")
        self.paid(self.at, "t10", "tok_chargeback")
        self.confirmed(self.parts, "t11")
        self.confirmed(self.parts, "t12", "tok_chargeback")
        self.confirmed(self.at, "t13", "tok_transfer_refused")

    def just_now(self) -> None:
        """What has begun a moment ago, and waits for its next step."""
        self.offered(self.at, "u01", message="Would you help me?")
        countered = self.offered(self.at, "u02")
        self.on(countered, "anna", "counter", {"price": {"amount": 40_000, "currency": "EUR"}})
        self.agreed(self.free, "u04")
        helped = self.paid(self.at, "u05")
        self.on(helped, "anna", "help", {"kind": "coaching", "on": self.today})
        self.claimed(self.at, "u06")
        self.claimed(self.at, "u07", "offer_letter")
        rejected = self.claimed(self.at, "u08")
        self.on(rejected, "u08", "reject-hire")
        self.confirmed(self.parts, "u09")
        over = self.confirmed(self.parts, "u10")
        self.on(over, "anna", "end", {"on": self.today})
        asked = self.paid(self.at, "u11")
        self.settle(3 * DAY)
        self.on(asked, "u11", "cancel", {"reason": REASON})
        self.agreed(self.at, "u03")
        linked = self.paid(self.at, "u12")
        body = {"offer_id": linked, "address": f"hr@{ACME}", "reference": "Application 12"}
        self.post("notify", "u12", "/v1/employer-links", body)
        bounced = self.paid(self.at, "u13")
        body = {"offer_id": bounced, "address": f"nobody@{ACME}", "reference": "Application 13"}
        self.post("notify", "u13", "/v1/employer-links", body)
        self.agreed(self.at, "u14")
        self.post("escrow", "u14", f"/v1/escrows/{self.last}/fund", {"source": "tok_declined"})
        self.confirmed(self.at, "bo")
        self.confirmed(self.at, "gus")

    @property
    def last(self) -> str:
        """The newest offer."""
        return max(doc["_id"] for doc in self.stores["matching"].collection.find({"kind": "offer"}))

    def in_flight(self) -> None:
        """The provider, the mail server and then a topic are away: instructions stay open, events park or wait."""
        dispute = self.disputed(self.confirmed(self.parts, "v01"), "v01")
        again = self.disputed(self.paid(self.at, "v02"), "v02")
        ended = self.confirmed(self.listed(tranches=SOON), "v03")
        free = self.listed(help=FREE)
        leaving = self.agreed(free, "v04")
        self.provider_away = self.mail_away = True
        self.resolved(dispute, "split", insider_bps=2_500)
        self.resolved(again, "refund")
        funding = self.agreed(self.at, "v05")
        self.post("escrow", "v05", f"/v1/escrows/{funding}/fund", {"source": "tok_visa"})
        self.on(funding, "v05", "cancel", {"reason": REASON})
        late = self.agreed(self.at, "v06")
        self.post("escrow", "v06", f"/v1/escrows/{late}/fund", {"source": "tok_late"})
        self.settle(2 * DAY)
        self.on(ended, "v03", "end", {"on": self.today})
        self.address("fay", "fay@mail.example", proved=False)
        linked = next(doc["_id"] for doc in self.stores["matching"].collection.find({"kind": "offer"})
                      if doc["seeker"] == self.person("u13"))  # fmt: skip
        body = {"offer_id": linked, "address": f"hr@{ACME}", "reference": "Application 13"}
        self.post("notify", "u13", "/v1/employer-links", body)
        self.withheld = {"offer.accepted"}
        cancelled = self.agreed(self.at, "v07")
        self.settle(timedelta(seconds=2))
        self.on(cancelled, "v07", "cancel", {"reason": REASON})
        self.settle(timedelta(seconds=2))
        answer = Caller(self.apps["matching"], "v04").ask("DELETE", "/v1/me")
        assert answer.status_code == 202, (leaving, answer.get_json())

    # -- what is left of it

    def kept(self) -> dict[str, Any]:
        links = {name: [link for mail in self.mails for link in re.findall(rf"/v1/{name}/\S+", mail)] for name in
                 ("employer-confirmations", "unsubscribe")}  # fmt: skip
        return {
            "at": self.clock.now(),
            "people": {self.person(sub): sub for sub in sorted(self.subs)},
            "links": {name: [quote(link, safe="/.-_~") for link in found[-3:]] for name, found in links.items()},
            "accounts": [_document(account) for account in self.books.every()],
            "documents": {name: list(store.collection.find()) for name, store in self.stores.items()},
        }


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        past = Past(Path(folder))
        past.play()
    text = json_util.dumps(past.kept(), json_options=json_util.CANONICAL_JSON_OPTIONS)
    out.write_bytes(gzip.compress(text.encode(), mtime=0))
    counted: dict[str, int] = {}
    for service, docs in past.kept()["documents"].items():
        for doc in docs:
            name = f"{service} {doc.get('kind')} {doc.get('state')}"
            counted[name] = counted.get(name, 0) + 1
    print(
        *(f"{count:4} {name}" for name, count in sorted(counted.items(), key=lambda each: each[::-1][::-1])), sep="\n"
    )
    print(out.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
