"""One offer in memory: its two parties, staff, the escrow's events and the closing passes, step by step, on a clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.matching.handlers import handlers
from services.matching.offer.lifecycle import OFFER, PARTIES
from shared.aggregate import Change, Trigger, Verdict
from shared.aggregate.lifecycle import due
from shared.settings import Terms
from tests.support.clock import ManualClock

OFFER_ID = "0197d3a0-0000-7000-8000-000000000001"
LISTING_ID = "0197d3a0-0000-7000-8000-000000000002"
INSIDER, SEEKER, STRANGER = "p_" + "1" * 32, "p_" + "2" * 32, "p_" + "3" * 32
EUR = {"currency": "EUR"}
START = "2027-01-20"
WORD: list[dict[str, str]] = []
LETTER = [{"kind": "offer_letter", "sha256": "a" * 64}]


def listing(price: int = 50_000, **changed: Any) -> dict[str, Any]:
    """The data of a `listing.*` event, which is also what matching's copy keeps of it."""
    help_ = [{"kind": "coaching", "price": price}, {"kind": "good_word", "price": 0}]
    state = {"listing_id": LISTING_ID, "insider": INSIDER, "status": "published", "help": help_, "currency": "EUR"}
    pay = {"min": 5_500_000, "max": 7_000_000, "per": "year"}
    role = {
        "country": "NL", "region": "Utrecht", "industry": {"scheme": "NACE-2", "code": "J62"},
        "occupation": {"scheme": "ISCO-08", "code": "2512"}, "skills": ["Python", "Kafka"],
    }  # fmt: skip
    dates = {"leaving_on": "2027-03-31", "published_at": "2026-12-31T00:00:00.000Z", "seats": 1}
    return {**state, **role, **dates, "pay": pay, "tranches": [{"due_day": 0, "bps": 10_000}], **changed}


class Offer:
    """An offer's document; what does not fit raises Refusal and changes nothing."""

    def __init__(self, terms: Terms | None = None) -> None:
        self.clock = ManualClock()
        self.lifecycle = OFFER.with_terms(terms or Terms())
        self.routes = handlers(self.lifecycle)
        self.document: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []
        self.dead: list[Mapping[str, Any]] = []
        self.numbers = 0
        self.listing_status = "published"
        self.insider_verified = False

    # -- what happens

    def fold(self, trigger: Trigger) -> Verdict:
        change = Change(OFFER_ID, self.lifecycle, self.document, self.clock.now())
        verdict = self.lifecycle.fold(change, trigger)
        self._keep(change)
        return verdict

    def command(self, name: str, *roles: str, **data: Any) -> Verdict:
        """A command by whom these roles are; a party is also the maker or the other, as the last proposal has it."""
        self.numbers += 1
        who = {"insider": INSIDER, "seeker": SEEKER}.get(roles[0], STRANGER)
        mine = set(roles)
        if self.document and roles[0] in PARTIES:
            mine.add("maker" if self.document["proposed_by"] == roles[0] else "other")
        if name == "accept" and self.document:
            data = {"reserved": self.document["price"], **data}
        if name in ("accept", "counter"):
            data = {"listing_status": self.listing_status, **data}
        if name == "claim_hire":
            data = {"insider_verified": self.insider_verified, **data}
        return self.fold(
            Trigger(name, f"c-{self.numbers}", "command", self.clock.now(), data, by=who, roles=frozenset(mine))
        )

    def propose(self, by: str = SEEKER, *, price: int = 50_000, help: tuple[str, ...] = ("coaching",), **data: Any
                ) -> "Offer":  # fmt: skip
        data = {"listing": listing(price), "help": list(help), **data}
        roles = frozenset({"maker"})
        self.fold(Trigger("propose", "c-0", "command", self.clock.now(), data, by=by, roles=roles))
        return self

    def escrow(
        self, name: str, number: int, status: str = "", *, event_id: str = "", at: datetime | None = None, **more: Any
    ) -> Verdict:
        """An event of the escrow comes from Kafka, and goes the way of the service's routes."""
        data = {"offer_id": OFFER_ID, "status": status or name.split(".")[1], **more}
        event_id = event_id or f"e-{number}-{name}"
        trigger = Trigger(name, event_id, "event", at or self.clock.now(), data, sequence=number)
        route = self.routes[name]
        changes = {i: Change(i, kind, self.document, self.clock.now()) for i, kind in route.touches(trigger).items()}
        saved = changes[OFFER_ID].save()
        verdict = route.fold(changes, trigger)
        if verdict.outcome == "rejected":
            changes[OFFER_ID].restore(saved)
        self._keep(changes[OFFER_ID])
        return verdict

    def listing_ends(self, status: str) -> Verdict:
        """What a closing pass says to the offer."""
        self.listing_status = status
        trigger_id = f"{OFFER_ID}:listing.ended:{status}"
        return self.fold(Trigger("listing.ended", trigger_id, "event", self.clock.now(), {"status": status}))

    def consent_ends(self, *help: str, times: int = 1) -> Verdict:
        """What a pass says to the offer once the employer has said no to these kinds of help."""
        trigger_id, data = f"{OFFER_ID}:consent.ended:{times}", {"times": times, "help": help or ("coaching",)}
        return self.fold(Trigger("consent.ended", trigger_id, "event", self.clock.now(), data))

    def erased(self, by: str) -> Verdict:
        """What a leaving person's pass says to the offer."""
        return self.fold(Trigger("person.erased", f"{OFFER_ID}:erased", "event", self.clock.now(), {"by": by}))

    def checked(self, status: str = "published", reserved: bool = True, instruction_id: str = "") -> Verdict:
        """The worker's second look, at the question that is open."""
        open_ = (self.document or {}).get("instruction") or {"id": "none"}
        data = {"instruction_id": instruction_id or open_["id"], "status": status, "reserved": reserved}
        return self.fold(Trigger("checked", f"{data['instruction_id']}:checked", "outcome", self.clock.now(), data))

    def wait(self, **duration: float) -> "Offer":
        """Let time pass, then fire what is due, and what is due after that."""
        self.clock.advance(timedelta(**duration))
        while ready := due(
            Change(OFFER_ID, self.lifecycle, self.document, self.clock.now()), self.lifecycle, self.clock.now()
        ):
            for trigger in ready:
                self.fold(trigger)
        return self

    # -- the usual beginnings

    def accepted(self, **proposed: Any) -> "Offer":
        self.propose(**proposed).command("accept", "insider")
        return self

    def active(self, **proposed: Any) -> "Offer":
        """Accepted and, unless it is for nothing, held."""
        if self.accepted(**proposed).state == "accepted":
            self.escrow("escrow.held", 2)
        return self

    def claimed(self, evidence: list[dict[str, str]] = WORD, *, verified: bool = False, **proposed: Any) -> "Offer":
        self.active(**proposed)
        if verified:
            self.verify()
        self.command("claim_hire", "insider", start_on="2027-01-20", evidence=evidence)
        return self

    def hired(self, **proposed: Any) -> "Offer":
        self.active(**proposed).command("confirm_hire", "seeker", start_on="2027-01-20")
        return self

    def verify(self) -> None:
        """A work mail at the employer was verified, which makes a document worth grade 2."""
        self.insider_verified = True

    # -- what is seen

    @property
    def state(self) -> str:
        return str(self.document["state"]) if self.document else "new"

    @property
    def timers(self) -> dict[str, Any]:
        return dict(self.document.get("timers", {})) if self.document else {}

    @property
    def emitted(self) -> list[str]:
        return [event["type"] for event in self.events]

    def data(self, event_type: str) -> dict[str, Any]:
        """What the last event of that type says."""
        return next(dict(event["data"]) for event in reversed(self.events) if event["type"] == event_type)

    def __getitem__(self, name: str) -> Any:
        return (self.document or {}).get(name)

    def check(self) -> None:
        """Events are numbered without a gap, and what is over has nothing left to happen by itself."""
        assert [event["seq"] for event in self.events] == list(range(1, len(self.events) + 1))
        if self.state in self.lifecycle.final:
            assert self.timers.keys() <= {"parked"}, self.timers
            assert not any(self[name] for name in ("instruction", "live_on", "waiting", "closing", "cancel_asked"))

    def _keep(self, change: Change) -> None:
        self.dead.extend(change.dead)
        if change.dirty:
            self.document = change.document()
            self.events.extend(self.document.pop("events", []))


def usual(state: str) -> Offer:
    """A usual offer in that state."""
    offer = Offer()
    match state:
        case "proposed":
            offer.propose()
        case "countered":
            offer.propose().command("counter", "insider", price={"amount": 60_000, "currency": "EUR"})
        case "accepted":
            offer.accepted()
        case "active":
            offer.active()
        case "hire_claimed":
            offer.claimed()
        case "hired":
            offer.hired()
        case "ended":
            offer.hired().command("end", "seeker", on=START)
        case "completed":
            offer.hired().escrow("escrow.settled", 5)
        case "lapsed":
            offer.active().wait(days=75)
        case "cancelled":
            offer.active().command("cancel", "seeker")
        case "closed":
            offer.active().escrow("escrow.refunded", 6)
        case "declined":
            offer.propose().command("decline", "insider")
        case "withdrawn":
            offer.propose().command("withdraw", "seeker")
        case "expired":
            offer.propose().wait(days=7)
    assert offer.state == state
    return offer


# -- usual steps


def counter(offer: Offer, role: str, amount: int = 40_000, **more: Any) -> None:
    offer.command("counter", role, price={"amount": amount, **EUR}, **more)


def claim(offer: Offer, evidence: list[dict[str, str]] | None = None) -> None:
    offer.command("claim_hire", "insider", start_on=START, evidence=evidence or [])


def confirm(offer: Offer, role: str = "seeker", **more: Any) -> None:
    offer.command("confirm_hire", role, start_on=START, **more)


def proved(offer: Offer) -> None:
    """A claim of grade 2."""
    offer.verify()
    claim(offer, LETTER)
