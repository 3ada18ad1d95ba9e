"""The people of the simulated day: insiders, seekers and staff, who do what they may, and some of what they may not."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from services.escrow.lifecycle import ESCROW
from services.escrow.losses import DECISIONS as LOSS_DECISIONS
from services.escrow.provider.sandbox.sources import SOURCES
from services.listing.lifecycle import LISTING
from services.listing.parts import REPORT
from services.listing.reports import rest
from services.matching.offer.accounts import Accounts
from services.matching.offer.lifecycle import AGREED, OFFER, OPEN
from services.matching.people.erasure import Erasing
from services.matching.people.people import People as OfMatching
from services.matching.people.people import TooOften
from services.matching.store import listing_key
from shared.aggregate import Change, Document, Lifecycle, Refusal, Store, Trigger
from shared.links import EMPLOYER_CONSENT
from shared.reports.records import Reporter, add, record_id
from shared.sealing import seal
from tests.simulator import addresses
from tests.simulator.processes import Web
from tests.simulator.services import KEY
from tests.simulator.weather import CALM
from tests.simulator.world import World

PARTIES = ("insider", "seeker")
PLANS = (
    [{"due_day": 0, "bps": 10_000}],
    [{"due_day": 0, "bps": 3_333}, {"due_day": 30, "bps": 3_333}, {"due_day": 90, "bps": 3_334}],
    [{"due_day": 10, "bps": 5_000}, {"due_day": 60, "bps": 5_000}],
)
LISTED: dict[str, Any] = {
    "title": "Backend engineer",
    "employer": {"name": "Acme BV"},
    "country": "NL",
    "region": "Utrecht",
    "industry": {"scheme": "NACE-2", "code": "J62"},
    "occupation": {"scheme": "ISCO-08", "code": "2512"},
    "duties": ["Run the payment services"],
    "leaving_on": "2027-03-31",
    "pay": {"min": 5_500_000, "max": 7_000_000, "currency": "EUR", "per": "year"},
}
WORD: dict[str, Any] = {
    "country": "DE", "domain_mark": "m_of_acme", "consent": {"who": "the boss", "how": "letter", "on": "2026-12-01"},
}  # fmt: skip
ASK: dict[str, Any] = {"registered": True, "named": True, "language": "en"}
ASK["sealed"] = seal(KEY, EMPLOYER_CONSENT, "a listing", "people@acme.example")
ONWARDS = {
    "proposed": ("accept",),
    "countered": ("accept",),
    "accepted": ("fund",),
    "active": ("begin", "claim_hire", "confirm_hire"),
    "hire_claimed": ("confirm_hire",),
    "hired": ("postpone", "answer_postponement"),
}
ASIDE = {
    "proposed": ("counter", "counter", "decline", "withdraw"),
    "countered": ("counter", "decline", "withdraw"),
    "accepted": ("fund", "fund", "cancel"),
    "active": ("record_help", "cancel", "dispute"),
    "hire_claimed": ("reject_hire", "cancel", "dispute"),
    "hired": ("end", "dispute"),
    "ended": ("end",),
    "completed": ("end",),
}
IN_DISPUTE = ("withdraw_dispute", "resolve", "resolve", "confirm_hire", "dispute")
LOSS_MOVES = ("decide_loss",)
_TAKES_BACK, _GIVES_BACK = 0.3, 0.2
LISTING_MOVES = ("revise", "pause", "resume", "resume", "withdraw", "remove", "report", "decide")


class People:
    """Their commands go to the web processes; one that was not answered is sent again, with the same id."""

    def __init__(self, world: World) -> None:
        self.world, self.chance = world, world.chance
        self.people = ["p_" + f"{n:032x}" for n in range(1, 5)]
        self.staff = "p_" + "f" * 32
        self.listings: list[str] = []
        self.offers: list[str] = []
        self.most_listings, self.most_offers = self.chance.choice((1, 1, 2)), self.chance.choice((1, 2, 3, 5))
        self.unanswered: list[Callable[[], object]] = []
        self.answered: list[tuple[str, str, str]] = []
        self.left: set[str] = set()
        world.others, world.staff = [self.act], self.see_to_losses

    def act(self) -> None:
        """One of them does something."""
        roll = self.chance.random()
        if self.unanswered and roll < 0.3:
            again = self.unanswered.pop(self.chance.randrange(len(self.unanswered)))
            again()
        elif len(self.listings) < self.most_listings:
            self._list()
        elif len(self.offers) < self.most_offers and roll < 0.6:
            self._propose()
        elif 0.6 <= roll < 0.63 and self._consent():
            pass
        elif roll < 0.97:
            self._move_offer()
        elif roll < 0.992:
            addresses.move(self.world, self.chance.choice(self.people))
        elif roll < 0.994:
            self._leave()
        elif roll < 0.996:
            self.decide_losses()
        else:
            self._move_listing()

    def open_the_market(self) -> None:
        """Listings are written, published and known everywhere, undisturbed."""
        weather, self.world.weather = self.world.weather, CALM
        for _ in range(self.most_listings):
            self._list()
        self.world.settle()
        self.world.weather = weather

    def last_words(self) -> None:
        """What was not answered is sent until it is."""
        while self.unanswered:
            self.unanswered.pop()()

    def see_to_losses(self) -> None:
        """Staff decide, and now and then a bank takes back what was paid out to somebody who is to be paid more, or
        gives back what it took.
        """
        self.decide_losses()
        escrows = [escrow for offer_id in self.offers if (escrow := self._read("escrow", offer_id))]
        held = Counter(escrow["insider"] for escrow in escrows if escrow.get("held"))
        for escrow in escrows:
            if escrow["state"] == "charged_back" and escrow["loss"] and self.chance.random() < _GIVES_BACK:
                self.world.provider.reverse_chargeback(escrow["_id"])
            elif escrow["state"] in ("probation", "settled") and escrow["released"]:
                more = held[escrow["insider"]] - bool(escrow["held"])
                if more and self.chance.random() < _TAKES_BACK:
                    self.world.provider.charge_back(escrow["_id"])

    def decide_losses(self) -> None:
        """Staff decide about what chargebacks took after it was paid out; until then nobody who had a part in it is
        paid.
        """
        for offer_id in self.offers:
            escrow = self._read("escrow", offer_id)
            if escrow is not None and escrow.get("loss_since"):
                data = {"decision": self.chance.choice(LOSS_DECISIONS), "reason": "it was shown"}
                self._command("escrow", ESCROW, offer_id, "decide_loss", data, self.staff, {"operator"})

    # -- what they do

    def _list(self) -> None:
        listing_id, insider = self.world.new_id(), self.chance.choice(self.people)
        price = self.chance.choice((50_000, 50_000, 33_333, 0))
        kind = self.chance.choice(("coaching", "coaching", "good_word"))
        help_ = [{"kind": kind, "price": {"amount": price, "currency": "EUR"}}]
        word = WORD if kind == "good_word" else {}
        data = {**LISTED, **word, "seats": self.chance.choice((1, 1, 2)), "help": help_}
        data["tranches"] = self.chance.choice(PLANS)
        self.listings.append(listing_id)
        self._command("listing", LISTING, listing_id, "create", data, insider, {"maker"}, creates=True)
        self._command("listing", LISTING, listing_id, "submit", {}, insider, {"insider"})

    def _propose(self) -> None:
        store = self.world.webs["matching"].store
        offer_id = self.world.new_id()

        def propose(listing: Document, trigger: Trigger) -> None:
            accounts = Accounts(store, OFFER.terms)
            accounts.reserve_request(seeker, offer_id, listing["listing_id"])
            try:
                self._of_matching().between(seeker, listing["insider"])
                self._fold(store, OFFER, offer_id, trigger, creates=True)
            except Refusal:
                accounts.release(seeker, offer_id)
                raise

        listing = self._read("matching", listing_key(self.chance.choice(self.listings)))
        others = [person for person in self.people if listing is None or person != listing["insider"]]
        seeker = self.chance.choice(others if self.chance.random() < 0.9 else self.people)
        if listing is None or (listing["status"] != "published" and self.chance.random() < 0.9):
            return
        self.offers.append(offer_id)
        data = {"listing": listing, "help": [each["kind"] for each in listing["help"]]}
        trigger = self._trigger("matching", "propose", data, seeker, {"maker"})
        if self._send("matching", offer_id, trigger, lambda: propose(listing, trigger)) == "refused":
            self.offers.remove(offer_id)

    def _move_listing(self) -> None:
        listing = self._read("listing", self.chance.choice(self.listings))
        if listing is None or "insider" not in listing:
            return
        move = self.chance.choice(LISTING_MOVES)
        if move in ("report", "decide"):
            self._report(listing) if move == "report" else self._decide(listing)
            return
        by, roles = (self.staff, {"moderator"}) if move == "remove" else (listing["insider"], {"insider"})
        data: dict[str, Any] = {"remove": {"reason": "unclear"}, "revise": {"duties": ["Something else"]}}.get(move, {})
        self._command("listing", LISTING, listing["_id"], move, data, by, roles)

    def _report(self, listing: Document) -> None:
        """All others report it, each once: so it rests, and offers go on meanwhile."""
        web, at = self.world.webs["listing"], record_id(listing["_id"])
        for person in self.people:
            if person == listing["insider"]:
                continue

            def report(by: str = person) -> None:
                def decide(changes: dict[str, Change]) -> None:
                    said = {"reason": "fraud", "text": "It looks odd"}
                    add(changes[at], listing["_id"], listing["insider"], Reporter(by), said, LISTING.terms)
                    rest(changes[at], LISTING.terms)

                web.store.run({at: REPORT}, decide)

            self.world.run(web, f"report {listing['_id']}", report)

    def _decide(self, listing: Document) -> None:
        """A moderator keeps it mostly, where it was reported."""
        if self._read("listing", record_id(listing["_id"])) is not None:
            decision = {"decision": self.chance.choice(("keep", "keep", "remove"))}
            self._command("listing", REPORT, record_id(listing["_id"]), "decide", decision, self.staff, {"moderator"})

    def _consent(self) -> bool:
        """The employer of a paid word is asked, or answers by a link; False where there is none."""
        listing = self._read("listing", self.chance.choice(self.listings))
        if listing is None or listing.get("country") != WORD["country"]:
            return False
        links, insider = listing.get("consent_links", []), listing["insider"]
        if not links or self.chance.random() < 0.2:
            self._command("listing", LISTING, listing["_id"], "ask_consent", ASK, insider, {"insider"})
        else:
            usual = {"asked": "give_consent", "given": "withdraw_consent"}
            link = self.chance.choice(links)
            answer = "refuse_consent" if self.chance.random() < 0.2 else usual.get(link["status"], "give_consent")
            data = {"link_id": link["id"], "registered": True}
            self._command("listing", LISTING, listing["_id"], answer, data, "", {"employer"})
        if listing["state"] == "draft":
            self._command("listing", LISTING, listing["_id"], "submit", {}, insider, {"insider"})
        return True

    def _move_offer(self) -> None:
        if not self.offers:
            return
        offer = self._read("matching", self.chance.choice(self.offers))
        if offer is None:
            return
        disputed = offer.get("escrow_status") == "disputed" and self.chance.random() < 0.3
        usual = ASIDE if self.chance.random() < 0.07 else ONWARDS
        if moves := IN_DISPUTE if disputed else usual.get(offer["state"], ()):
            self._do(self.chance.choice(moves), offer)

    def _do(self, move: str, offer: Document) -> None:
        party = self.chance.choice(PARTIES)
        today = self.world.webs["matching"].clock.now().date()
        data: dict[str, Any]
        match move:
            case "fund" | "dispute" | "withdraw_dispute" | "resolve" | "postpone" | "answer_postponement":
                self._move_escrow(move, offer, party)
            case "accept":
                self._accept(offer)
            case "counter":
                price = {"amount": self.chance.choice((40_000, 50_000)), "currency": "EUR"}
                data = {"price": price, "listing_status": self._status(offer)}
                self._offer(offer, "counter", data, self._other(offer))
            case "claim_hire":
                kinds = self.chance.choice(([], ["offer_letter"]))
                evidence = [{"kind": kind, "sha256": "a" * 64} for kind in kinds]
                data = {"start_on": self._day(today, -5, 20), "evidence": evidence}
                self._offer(offer, "claim_hire", data, "insider")
            case "confirm_hire":
                who = self.chance.choice(("seeker", "seeker", "arbiter"))
                data = {"start_on": self._day(today, -5, 20), "reason": "it was shown"}
                self._offer(offer, "confirm_hire", data, who)
            case "end":
                who = self.chance.choice((*PARTIES, "employer"))
                on = max(self._day(today, -3, 0), offer["hire"]["start_on"] if self.chance.random() < 0.9 else "")
                self._offer(offer, "end", {"on": on}, who)
            case "record_help":
                self._offer(offer, "record_help", {"kind": offer["help"][0], "on": today.isoformat()}, "insider")
            case "cancel":
                self._offer(offer, "cancel", {"reason": "so it is"}, self.chance.choice((*PARTIES, "moderator")))
            case _:
                self._offer(offer, move, {}, party)

    def _accept(self, offer: Document) -> None:
        store = self.world.webs["matching"].store
        data = {"reserved": offer["price"], "listing_status": self._status(offer)}
        by = self._other(offer)
        trigger = self._trigger("matching", "accept", data, offer[by], {by, "other"})

        def accept() -> None:
            accounts = Accounts(store, OFFER.terms)
            accounts.reserve_exposure(
                offer["seeker"], offer["_id"], offer["listing_id"], offer["price"], offer["currency"]
            )
            try:
                self._of_matching().between(offer["seeker"], offer["insider"])
                self._fold(store, OFFER, offer["_id"], trigger)
            except Refusal:
                accounts.release(offer["seeker"], offer["_id"])
                raise

        self._send("matching", offer["_id"], trigger, accept)

    def _offer(self, offer: Document, move: str, data: dict[str, Any], who: str) -> None:
        roles = {who}
        if who in PARTIES:
            roles.add("maker" if offer["proposed_by"] == who else "other")
        self._command("matching", OFFER, offer["_id"], move, data, offer.get(who, self.staff), roles)

    def _move_escrow(self, move: str, offer: Document, party: str) -> None:
        escrow = self._read("escrow", offer["_id"])
        if escrow is None or "seeker" not in escrow:
            return
        if move == "fund" and escrow["state"] != "awaiting" and self.chance.random() < 0.9:
            return
        roles, by, name = {party}, offer[party], move
        data: dict[str, Any] = {}
        match move:
            case "fund":
                roles, by = {"seeker"}, offer["seeker"]
                data = {"source": self.chance.choice([*SOURCES, "tok_visa", "tok_visa", "tok_visa", "tok_timeout"])}
                data |= {"begin": True} if self.chance.random() < 0.3 else {}
            case "dispute":
                data = {"reason": "help_not_given"}
            case "withdraw_dispute":
                name = "withdraw"
                if (escrow.get("dispute") or {}).get("by") == party:
                    roles = {party, "opener"}
            case "postpone" if "start_on" in escrow:
                roles, by = {"insider"}, offer["insider"]
                data = {"start_on": self._day(date.fromisoformat(escrow["start_on"]), 1, 40)}
            case "answer_postponement" if "postponement" in escrow:
                roles, by = {"seeker"}, offer["seeker"]
                answer = self.chance.choice(("agreed", "agreed", "declined"))
                data = {"start_on": escrow["postponement"]["start_on"], "answer": answer}
            case "postpone" | "answer_postponement":
                return
            case "resolve":
                roles, by = {"arbiter"}, self.staff
                decision = self.chance.choice(("return", "refund", "release", "split"))
                data = {"decision": decision, "reason": "it was shown"}
                if decision == "split":
                    data["insider_bps"] = self.chance.choice((1, 5_000, 9_999))
        self._command("escrow", ESCROW, offer["_id"], name, data, by, roles)

    def _leave(self) -> None:
        """Somebody asks to be forgotten; most hear that they are needed still. They may come back."""
        who = self.chance.choice(self.people)
        web: Web = self.world.webs["matching"]

        def ask() -> str:
            try:
                self._of_matching().leave(who)
            except (Refusal, TooOften):
                return "refused"
            return "done"

        answer = self.world.run(web, f"leave {who}", ask)
        self.world.say(f"{who[-4:]} leaves: {answer or 'no answer'}")
        if answer == "done":
            self.left.add(who)

    def _of_matching(self) -> OfMatching:
        store = self.world.webs["matching"].store
        return OfMatching(store, Accounts(store, OFFER.terms), Erasing(store, OFFER))

    # -- how it is sent

    def _command(
        self,
        service: str,
        lifecycle: Lifecycle,
        document_id: str,
        name: str,
        data: dict[str, Any],
        by: str,
        roles: set[str],
        creates: bool = False,
    ) -> None:
        trigger = self._trigger(service, name, data, by, roles)
        store = self.world.webs[service].store
        self._send(service, document_id, trigger, lambda: self._fold(store, lifecycle, document_id, trigger, creates))

    def _trigger(self, service: str, name: str, data: dict[str, Any], by: str, roles: set[str]) -> Trigger:
        now = self.world.webs[service].clock.now()
        return Trigger(name, self.world.new_id(), "command", now, data, by=by, roles=frozenset(roles))

    @staticmethod
    def _fold(store: Store, lifecycle: Lifecycle, document_id: str, trigger: Trigger, creates: bool = False) -> None:
        def decide(changes: dict[str, Any]) -> None:
            change = changes[document_id]
            if (change.is_new or change.state == "new") and not creates:
                raise Refusal("state", "unknown", "There is no such thing.")
            lifecycle.fold(change, trigger)

        store.run({document_id: lifecycle}, decide)

    def _send(self, service: str, document_id: str, trigger: Trigger, do: Callable[[], None]) -> str | None:
        web: Web = self.world.webs[service]

        def ask() -> str:
            try:
                do()
            except Refusal:
                return "refused"
            return "done"

        answer = self.world.run(web, f"request {trigger.id}", ask)
        self.world.say(f"{trigger.name} on {service} {document_id[:8]}: {answer or 'no answer'}")
        if answer is None:
            self.unanswered.append(lambda: self._send(service, document_id, trigger, do))
        elif answer == "done":
            self.answered.append((service, document_id, trigger.id))
        return str(answer) if answer else None

    def _read(self, service: str, document_id: str) -> Document | None:
        doc = self.world.document(service, document_id)
        if doc is None or (doc["state"] == "new" and doc["kind"] != "listing"):
            return None
        return {name: value for name, value in doc.items() if name != "events"}

    def _status(self, offer: Document) -> str:
        listing = self._read("matching", listing_key(offer["listing_id"]))
        return str(listing["status"]) if listing else "unknown"

    @staticmethod
    def _other(offer: Document) -> str:
        return "insider" if offer["proposed_by"] == "seeker" else "seeker"

    def _day(self, today: Any, first: int, last: int) -> str:
        return str((today + timedelta(days=self.chance.randint(first, last))).isoformat())


__all__ = ["AGREED", "OPEN", "People"]
