"""One escrow in memory beside the sandbox provider: what its web, worker and poller do, step by step, on a clock."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.escrow.handlers import handlers
from services.escrow.journal import balances, faults
from services.escrow.lifecycle import ESCROW
from services.escrow.payments import Payments, trigger_of_notice
from services.escrow.provider.port import Unavailable, every
from services.escrow.provider.sandbox.webhook import NoAnswer, parse
from shared.aggregate import Change, Trigger, Verdict
from shared.aggregate.lifecycle import due
from shared.clock import format_time
from shared.settings import Terms
from tests.support.clock import ManualClock
from tests.support.sandbox import MemoryStore, Sandbox

OFFER = "0197d3a0-0000-7000-8000-000000000001"
LISTING = "0197d3a0-0000-7000-8000-000000000002"
INSIDER, SEEKER, STRANGER = "p_" + "1" * 32, "p_" + "2" * 32, "p_" + "3" * 32
SECRET = "a secret between the provider and escrow"
TODAYS_FEE_BPS = 901
AT_ONCE = [{"due_day": 0, "bps": 10_000}]
THREE = [{"due_day": 0, "bps": 3_333}, {"due_day": 30, "bps": 3_333}, {"due_day": 90, "bps": 3_334}]


def offer(status: str, *, price: int = 50_000, tranches: list[dict[str, int]] = AT_ONCE, **more: Any) -> dict[str, Any]:
    """The data of an offer.* event."""
    parties = {"offer_id": OFFER, "listing_id": LISTING, "insider": INSIDER, "seeker": SEEKER, "status": status}
    terms = {"help": ["coaching"], "price": price, "currency": "EUR", "tranches": tranches, "fee_bps": 500}
    return {**parties, **terms, "accepted_at": "2027-01-01T00:00:00.000Z", **more}


class Escrow:
    """An escrow's document and the provider; `lost` says how many webhooks the receiver misses before it hears one.

    `accounts` are by person.
    """

    def __init__(self, terms: Terms | None = None, **offered: Any) -> None:
        self.clock = ManualClock()
        # What was agreed is not what is asked today: whoever takes the one for the other is seen.
        self.lifecycle = ESCROW.with_terms(terms or Terms(fee_bps=TODAYS_FEE_BPS))
        self.document: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []
        self.dead: list[Mapping[str, Any]] = []
        self.offered = offered
        self.lost = 0
        self.books = MemoryStore()
        self.provider = Sandbox(self.books, self.clock, self.receive, SECRET)
        self.accounts: dict[str, str] = {}
        self.payments = Payments(self.provider, self.clock, self.accounts.get)
        self.numbers = 0

    @property
    def routes(self) -> Mapping[str, Any]:
        return handlers(self.lifecycle)

    # -- what happens

    def fold(self, trigger: Trigger) -> Verdict:
        """Let the document take a trigger, as a batch does: what raises changes nothing."""
        change = Change(OFFER, self.lifecycle, self.document, self.clock.now())
        verdict = self.lifecycle.fold(change, trigger)
        self._keep(change)
        return verdict

    def event(self, name: str, event_id: str | None = None, sequence: int = 1, **more: Any) -> Verdict:
        """An event comes from Kafka, and goes the way of the service's routes."""
        data = offer(name.split(".")[1], **{**self.offered, **more})
        if name == "hire.confirmed":
            data |= {"start_on": "2027-01-04", "confirmed_by": "seeker", "evidence_grade": 0}
            data |= {"confirmed_at": format_time(self.clock.now()), **more}
        if name == "hire.ended":
            data = {"by": "insider", "on": self.clock.now().date().isoformat()} | data
        trigger = Trigger(name, event_id or f"e-{name}", "event", self.clock.now(), data, sequence=sequence)
        route = self.routes[name]
        changes = {i: Change(i, kind, self.document, self.clock.now()) for i, kind in route.touches(trigger).items()}
        verdict = route.fold(changes, trigger)
        for change in changes.values():
            self._keep(change)
        return verdict

    def command(self, name: str, role: str, by: str | None = None, **data: Any) -> Verdict:
        """A person's command; raises Refusal."""
        self.numbers += 1
        who = by or {"insider": INSIDER, "seeker": SEEKER}.get(role, STRANGER)
        roles = {role}
        if self.document and (self.document.get("dispute") or {}).get("by") == role:
            roles.add("opener")
        trigger = Trigger(name, f"c-{self.numbers}", "command", self.clock.now(), data, by=who, roles=frozenset(roles))
        return self.fold(trigger)

    def receive(self, body: bytes, signature: str) -> int:
        """The provider's webhook; here it is folded at once."""
        if self.lost:
            self.lost -= 1
            raise NoAnswer("lost")
        self.fold(trigger_of_notice(parse(body)))
        return 204

    # -- what the worker does

    def ask(self) -> Verdict | None:
        """Carry out the open instruction if it is due, once."""
        at = self.timers.get("instruction")
        if not self.document or at is None or at > self.clock.now():
            return None
        instruction = self.document["instruction"]
        outcome = self.payments.carry_out(self.document)
        unknown = {"instruction_id": instruction["id"]}
        return self.fold(
            outcome
            or Trigger("unknown", f"{instruction['id']}:unknown:{instruction['attempts']}", "outcome",
                       self.clock.now(), unknown)
        )  # fmt: skip

    def fire(self) -> int:
        """Fire the timers that are due."""
        if self.document is None:
            return 0
        triggers = due(Change(OFFER, self.lifecycle, self.document, self.clock.now()), self.lifecycle, self.clock.now())
        return sum(self.fold(trigger).outcome == "taken" for trigger in triggers)

    def work(self) -> "Escrow":
        """All that is due now, until nothing is: timers, instructions and the provider's webhooks."""
        for _ in range(100):
            busy = self.fire() + (self.ask() is not None)
            try:
                busy += self.provider.deliver_due()
            except Unavailable:
                busy += 1
            if not busy:
                break
        return self

    def wait(self, **duration: float) -> "Escrow":
        """Let time pass in steps of at most a day, working after each."""
        left = timedelta(**duration)
        while left > timedelta():
            step = min(left, timedelta(days=1))
            self.clock.advance(step)
            self.work()
            left -= step
        return self

    # -- the usual beginnings

    def accepted(self) -> "Escrow":
        self.event("offer.accepted")
        return self

    def held(self, source: str = "tok_visa") -> "Escrow":
        self.accepted().command("fund", "seeker", source=source)
        return self.work()

    def confirmed(self, source: str = "tok_visa") -> "Escrow":
        self.held(source).event("hire.confirmed")
        return self

    # -- what is seen

    @property
    def state(self) -> str:
        return str(self.document["state"]) if self.document else "absent"

    @property
    def timers(self) -> dict[str, Any]:
        return dict(self.document.get("timers", {})) if self.document else {}

    @property
    def emitted(self) -> list[str]:
        return [event["type"] for event in self.events]

    def data(self, event_type: str) -> dict[str, Any]:
        """What the last event of that type says."""
        return next(dict(event["data"]) for event in reversed(self.events) if event["type"] == event_type)

    @property
    def sums(self) -> dict[str, int]:
        assert self.document is not None
        names = ("funded", "held", "released", "fees", "refunded", "charged_back")
        return {name: self.document[name] for name in names if self.document.get(name)}

    def check(self) -> None:
        """The books: the chain, the sums against the journal, and at rest against the provider's own memory."""
        document = self.document or {}
        journal = document.get("journal", [])
        assert faults(journal) == []
        accounts = balances(journal)
        assert sum(accounts.values()) == 0
        assert document.get("set_off", 0) == accounts.get("losses_set_off", 0) >= 0
        accounts["platform_fees"] = accounts.get("platform_fees", 0) + accounts.get("losses_set_off", 0)
        for name, account in (("held", "escrow_held"), ("released", "insider_paid"), ("fees", "platform_fees"),
                              ("refunded", "seeker_refunds"), ("charged_back", "chargebacks")):  # fmt: skip
            assert document.get(name, 0) == accounts.get(account, 0) >= 0
        assert document.get("funded", 0) == -accounts.get("seeker_funds", 0)
        hashes = [e["hash"] for e in journal]
        for event in self.events:
            number = event["data"]["journal_seq"]
            assert event["data"]["journal_hash"] == (hashes[number - 1] if number else None)
        for entry in journal:
            paid = any(line["account"] == "insider_paid" for line in entry["lines"])
            assert not paid or entry["hire_event_id"] == document["hire_event_id"]
        assert [event["seq"] for event in self.events] == list(range(1, len(self.events) + 1))

    def check_provider(self) -> None:
        """The sums are the provider's, where it has nothing more to tell."""
        document = self.document or {}
        for balance in (account.balance for account in every(self.provider.accounts)):
            there = (balance.funded, balance.held, balance.paid_out, balance.fees, balance.refunded,
                     balance.charged_back, balance.loss)  # fmt: skip
            here = ("funded", "held", "released", "fees", "refunded", "charged_back", "loss")
            assert there == tuple(document.get(name, 0) for name in here)

    def _keep(self, change: Change) -> None:
        self.dead.extend(change.dead)
        if not change.dirty:
            return
        self.document = change.document()
        self.events.extend(self.document.pop("events", []))
