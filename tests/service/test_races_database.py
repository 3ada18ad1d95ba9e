"""Races on a real database, many of each: exactly one wins, and the loser's effect is visible nowhere.

In each race of two, both have read the document before either writes: what decides is the database's compare-and-set.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from pymongo.database import Database

from services.escrow.handlers import handlers as escrow_handlers
from services.escrow.lifecycle import ESCROW
from services.escrow.provider.port import every
from services.matching.handlers import handlers as offer_handlers
from services.matching.offer.accounts import KIND as ACCOUNT
from services.matching.offer.accounts import Accounts, account_id
from services.matching.offer.checks import Checks
from services.matching.offer.lifecycle import OFFER
from services.matching.offer.listings import KIND as LISTING
from services.matching.offer.listings import Closing
from services.matching.store import listing_key
from shared.aggregate import Batch, Change, Document, Lifecycle, Refusal, Store, Trigger, Verdict
from shared.aggregate.store import collection
from shared.ids import new_id
from shared.messaging.relay import Relay
from shared.poller import Poller
from shared.poller.together import ring
from shared.settings import Terms
from tests.support import escrow as of_escrow
from tests.support import matching as of_matching
from tests.support.clock import ManualClock
from tests.support.escrow import Escrow
from tests.support.matching import INSIDER, SEEKER, Offer
from tests.support.memory import MemoryBroker, MemoryPublisher
from tests.support.toy import public
from tests.support.web import NoBroker

MOMENT = timedelta(milliseconds=1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
PATIENCE_S = 30
Documents = Any


class Meeting(Store):
    """A store whose first read waits until the other has read as well."""

    def __init__(self, documents: Documents, now: datetime, other: Barrier) -> None:
        super().__init__(documents, ManualClock(now), tries=50, sleep=lambda seconds: None)
        self._other: Barrier | None = other

    def load(self, ids: Iterable[str]) -> dict[str, Document]:
        found = super().load(ids)
        if self._other:
            meeting, self._other = self._other, None
            meeting.wait(PATIENCE_S)
        return found


@pytest.fixture
def offers(database: Database[Any]) -> Documents:
    return collection(database, "offers")


@pytest.fixture
def escrows(database: Database[Any]) -> Documents:
    return collection(database, "escrows")


def store(documents: Documents, now: datetime) -> Store:
    return Store(documents, ManualClock(now), tries=200, sleep=lambda seconds: None)


def copies(documents: Documents, one: Offer | Escrow, count: int) -> list[str]:
    """Many documents like that one; their ids."""
    assert one.document is not None
    ids = [new_id() for _ in range(count)]
    documents.insert_many([{**one.document, "events": one.events, "_id": each} for each in ids])
    return ids


def fold(at: Store, lifecycle: Lifecycle, document_id: str, trigger: Trigger) -> str:
    """What became of it: the verdict's outcome, or the kind of the refusal."""

    def decide(changes: dict[str, Change]) -> Verdict:
        return lifecycle.fold(changes[document_id], trigger)

    try:
        return at.run({document_id: lifecycle}, decide).outcome
    except Refusal as refusal:
        return refusal.kind


def command(name: str, role: str, at: datetime, **data: Any) -> Trigger:
    person = INSIDER if role == "insider" else SEEKER
    roles = frozenset({role, *data.pop("roles", ())})
    return Trigger(name, new_id(), "command", at, data, by=person, roles=roles)


def timer(name: str, at: datetime) -> Trigger:
    return Trigger(f"timer:{name}", f"{name}:{at.isoformat()}", "timer", at)


def at_once(pool: ThreadPoolExecutor, *plays: Callable[[], Any]) -> list[Any]:
    return [future.result() for future in [pool.submit(play) for play in plays]]


def types(document: Document, after: int = 0) -> list[str]:
    return [event["type"] for event in document["events"][after:]]


# -- deadline against event


@pytest.mark.parametrize("round_", range(4))
def test_a_deadline_and_a_hire_at_the_same_instant(offers: Documents, escrows: Documents, round_: int) -> None:
    """1,000 times, 250 a round, the seeker confirms in the last moment, as the offer lapses and refunds the money.

    One of the two is in the offer, and the escrow does that and nothing else.
    """
    offer, held = Offer().active(), Escrow().held()
    offer.checked()
    ends_at, before = offer["lapse_at"], len(offer.events)
    ids = copies(offers, offer, 250)
    won = Counter(_lapse_or_hire(offers, ids, ends_at))
    assert won["hired"] + won["lapsed"] == 250

    told = []
    for document in offers.find({"_id": {"$in": ids}}):
        is_hired = document["state"] == "hired"
        assert types(document, before) == ["hire.confirmed" if is_hired else "offer.lapsed"]
        assert ("hire" in document, document["timers"]) == (is_hired, {})
        assert not is_hired or document["hire"]["confirmed_by"] == "seeker"
        told.append(document["events"][-1])
    assert held.document is not None
    escrows.insert_many([{**held.document, "events": held.events, "_id": each} for each in ids])
    _tell(escrows, told, ends_at)

    assert Counter(document["state"] for document in escrows.find()) == +Counter(
        {"probation": won["hired"], "refunding": won["lapsed"]}
    )
    for document in escrows.find():
        is_refund = document["state"] == "refunding"
        assert (document.get("instruction", {}).get("kind") == "refund") == is_refund
        assert ("hire_event_id" in document, "payout" in document["timers"]) == (not is_refund, not is_refund)
        assert types(document, len(held.events)) == ([] if is_refund else ["escrow.probation_started"])


def _lapse_or_hire(offers: Documents, ids: list[str], ends_at: datetime) -> Iterable[str]:
    hire = {"start_on": ends_at.date().isoformat()}
    with ThreadPoolExecutor(2) as pool:
        for offer_id in ids:
            meeting = Barrier(2)
            web, worker = Meeting(offers, ends_at - MOMENT, meeting), Meeting(offers, ends_at, meeting)
            confirm = command("confirm_hire", "seeker", ends_at - MOMENT, **hire)
            lapse = timer("lapse", ends_at)

            def confirms(at: Store = web, one: str = offer_id, trigger: Trigger = confirm) -> str:
                return fold(at, OFFER, one, trigger)

            def lapses(at: Store = worker, one: str = offer_id, trigger: Trigger = lapse) -> str:
                return fold(at, OFFER, one, trigger)

            answers = at_once(pool, confirms, lapses)
            assert answers in (["taken", "duplicate"], ["state", "taken"]), answers
            yield "hired" if answers[0] == "taken" else "lapsed"


def _tell(escrows: Documents, events: list[dict[str, Any]], now: datetime) -> None:
    """The events come to escrow in batches, each twice."""
    batch = Batch(store(escrows, now), escrow_handlers())
    triggers = [
        Trigger(each["type"], each["id"], "event", each["time"], each["data"], sequence=each["seq"]) for each in events
    ]
    for start in range(0, len(triggers), 200):
        part = triggers[start : start + 200]
        assert {verdict.outcome for verdict in batch.process(part)} == {"taken"}
        assert {verdict.outcome for verdict in batch.process(part)} == {"duplicate"}


def test_a_refund_that_falls_due_and_a_dispute_at_the_same_instant(escrows: Documents) -> None:
    """The seeker said that the hire had ended; in the moment of the refund the insider disputes it: 200 times."""
    ended = Escrow(tranches=[{"due_day": 30, "bps": 10_000}]).confirmed()
    ended.event("hire.ended", by="seeker")
    due_at, before = ended.timers["refund"], len(ended.events)
    won: Counter[str] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for escrow_id in copies(escrows, ended, 200):
            meeting = Barrier(2)
            web, worker = (Meeting(escrows, due_at, meeting) for _ in range(2))
            dispute = command("dispute", "insider", due_at, reason="ended_early")

            def disputes(at: Store = web, one: str = escrow_id, trigger: Trigger = dispute) -> str:
                return fold(at, ESCROW, one, trigger)

            def refunds(at: Store = worker, one: str = escrow_id) -> str:
                return fold(at, ESCROW, one, timer("refund", due_at))

            answers = at_once(pool, disputes, refunds)
            assert answers in (["taken", "duplicate"], ["busy", "taken"]), answers
            won["disputed" if answers[0] == "taken" else "refunding"] += 1

    assert Counter(document["state"] for document in escrows.find()) == +won
    for document in escrows.find():
        is_disputed = document["state"] == "disputed"
        assert types(document, before) == (["dispute.opened"] if is_disputed else [])
        assert ("dispute" in document, "instruction" in document) == (is_disputed, not is_disputed)


# -- rules over several documents


@pytest.mark.parametrize(
    ("ends", "data_then", "codes"),
    [("listing.filled", {"status": "filled"}, {"listing_filled"}),
     ("listing.consent_withdrawn", {"status": "draft", "consent_ended": {"times": 1, "help": ["coaching"]}},
      {"consent_ended", "listing_draft"})],
)  # fmt: skip
def test_an_offer_made_while_its_listing_ends(
    offers: Documents, ends: str, data_then: dict[str, Any], codes: set[str]
) -> None:
    """The maker has read a published listing when it is filled, or its employer says no: 100 times each; a minute later
    none of the offers lives, whether it was told or its own check found what became of the listing.
    """
    clock = ManualClock()
    now, terms = clock.now(), Terms()
    plain = Store(offers, clock, sleep=lambda seconds: None)
    accounts = Accounts(plain, terms)
    made = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(100):
            listing_id, offer_id, seeker = new_id(), new_id(), f"p_{new_id().replace('-', '')}"
            data = of_matching.listing(listing_id=listing_id)
            _told(plain, "listing.created", 2, data)
            meeting = Barrier(2)

            def makes(one: str = offer_id, listing: str = listing_id, who: str = seeker, at: Barrier = meeting) -> str:
                copy = plain.get(listing_key(listing))
                at.wait(PATIENCE_S)
                accounts.reserve_request(who, one, listing)
                body = {"listing": copy, "help": ["coaching"]}
                trigger = Trigger("propose", one, "command", now, body, by=who, roles=frozenset({"maker"}))
                return fold(plain, OFFER, one, trigger)

            def closes(listing: dict[str, Any] = data, at: Barrier = meeting) -> str:
                at.wait(PATIENCE_S)
                _told(plain, ends, 9, listing | data_then)
                return _close(plain, listing["listing_id"])

            assert at_once(pool, makes, closes) == ["taken", "closed"]
            made.append(offer_id)

    clock.advance(MINUTE)
    _work(plain, accounts)
    for document in offers.find({"_id": {"$in": made}}):
        assert document["state"] == "cancelled" and document["cancelled"]["code"] in codes
        assert types(document) == ["offer.made", "offer.cancelled"]
    clock.advance(timedelta(hours=1))
    _work(plain, accounts)
    assert offers.count_documents({"_id": {"$in": made}}) == 100
    assert not any(account["reservations"] for account in offers.find({"kind": ACCOUNT}))


def _told(at: Store, name: str, sequence: int, data: dict[str, Any]) -> None:
    (verdict,) = Batch(at, offer_handlers()).process([Trigger(name, new_id(), "event", at.clock.now(), data,
                                                              sequence=sequence)])  # fmt: skip
    assert verdict.outcome == "taken"


def _close(at: Store, listing_id: str) -> str:
    """One closing pass of the listing's copy, as its timer does it."""
    closing = Closing(at, OFFER, {})
    key = listing_key(listing_id)
    copy = at.get(key)
    act = closing.page([copy] if copy else []).get(key, closing.on_timer)
    at.run({key: LISTING}, lambda changes: ring(changes[key], act))
    return "closed"


def _work(at: Store, accounts: Accounts) -> None:
    """What the worker does until nothing is due."""
    closing = Closing(at, OFFER, {})
    timers = {LISTING: closing.on_timer, ACCOUNT: accounts.on_timer}
    checks = Checks(at, accounts)
    poller = Poller("test", at, {"offer": OFFER}, NoBroker(), may_fire=lambda: True, carry_out=checks.carry_out,
                    timers=timers, pages={LISTING: closing.page})  # fmt: skip
    while poller.step():
        pass


def test_two_accepts_against_one_exposure_cap(offers: Documents) -> None:
    """A seeker may agree to EUR 1,000 in all, and two offers of EUR 600 are accepted at once: 200 times, one is."""
    now, terms = ManualClock().now(), Terms(exposure_cap=100_000)
    plain = store(offers, now)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(200):
            seeker = f"p_{new_id().replace('-', '')}"
            pair = [_proposed(plain, Accounts(plain, terms), seeker, 60_000) for _ in range(2)]
            meeting = Barrier(2)

            def accept(offer_id: str, who: str = seeker, other: Barrier = meeting) -> str:
                accounts = Accounts(Meeting(offers, now, other), terms)
                try:
                    accounts.reserve_exposure(who, offer_id, offer_id, 60_000, "EUR")
                except Refusal as refusal:
                    return refusal.rule
                data = {"reserved": 60_000, "listing_status": "published", "roles": ("other",)}
                return fold(store(offers, now), OFFER, offer_id, command("accept", "insider", now, **data))

            answers = at_once(pool, lambda: accept(pair[0]), lambda: accept(pair[1]))  # noqa: B023
            assert sorted(answers) == ["exposure-cap", "taken"]
            won = pair[answers.index("taken")]
            account = plain.get(account_id(seeker)) or {}
            assert {key: each["amount"] for key, each in account["reservations"].items()} == {
                each: 60_000 if each == won else 0 for each in pair
            }
            found = plain.load(pair)
            assert {each: found[each]["state"] for each in pair} == {
                each: "accepted" if each == won else "proposed" for each in pair
            }


def _proposed(at: Store, accounts: Accounts, seeker: str, price: int) -> str:
    offer_id, listing_id = new_id(), new_id()
    accounts.reserve_request(seeker, offer_id, listing_id)
    data = {"listing": of_matching.listing(price, listing_id=listing_id), "help": ["coaching"]}
    trigger = Trigger("propose", offer_id, "command", at.clock.now(), data, by=seeker, roles=frozenset({"maker"}))
    assert fold(at, OFFER, offer_id, trigger) == "taken"
    return offer_id


# -- a hundred at once


@pytest.mark.parametrize("round_", range(5))
def test_a_hundred_who_confirm_cancel_and_dispute_at_once(offers: Documents, escrows: Documents, round_: int) -> None:
    """One held escrow, 100 who act on it and its offer: one final outcome, and the money went there, once."""
    offer, held = Offer().active(), Escrow().held()
    offer.checked()
    held.clock.advance(DAY)
    now, before = held.clock.now(), len(offer.events)
    assert offer.document and held.document
    offers.insert_one({**offer.document, "events": offer.events})
    escrows.insert_one({**held.document, "events": held.events})
    answers = _a_hundred(offers, escrows, now)
    assert answers["confirm_hire taken"] + answers["cancel taken"] == 1
    assert answers["dispute taken"] == 1

    agreed = offers.find_one({"_id": of_matching.OFFER_ID})
    (said,) = agreed["events"][before:]
    _tell(escrows, [said], now) if said["type"] == "hire.confirmed" else _park(escrows, said, now)
    _settle(escrows, held)

    final = escrows.find_one({"_id": of_escrow.OFFER})
    paid = said["type"] == "hire.confirmed"
    assert (agreed["state"], final["state"]) == (("hired", "settled") if paid else ("cancelled", "refunded"))
    assert final.get("parked", []) == []
    assert [entry["reference"].split(":")[1] for entry in final["journal"]] == ["hold", "release" if paid else "refund"]
    assert [t.instruction.kind for t in every(held.provider.transfers)] == ["hold", "release" if paid else "refund"]
    assert types(final).count("dispute.opened") == 1


def _a_hundred(offers: Documents, escrows: Documents, now: datetime) -> Counter[str]:
    start, together = {"start_on": now.date().isoformat()}, Barrier(100)

    def act(number: int) -> str:
        role = "seeker" if number % 2 else "insider"
        trigger, documents, lifecycle = (
            (command("confirm_hire", "seeker", now, **start), offers, OFFER),
            (command("cancel", role, now), offers, OFFER),
            (command("dispute", role, now, reason="other"), escrows, ESCROW),
        )[number % 3]
        one = of_matching.OFFER_ID
        together.wait(PATIENCE_S)
        return f"{trigger.name} {fold(store(documents, now), lifecycle, one, trigger)}"

    with ThreadPoolExecutor(100) as pool:
        return Counter(pool.map(act, range(100)))


def _park(escrows: Documents, event: dict[str, Any], now: datetime) -> None:
    """What was called off waits for the end of the dispute."""
    trigger = Trigger(event["type"], event["id"], "event", event["time"], event["data"], sequence=event["seq"])
    (verdict,) = Batch(store(escrows, now), escrow_handlers()).process([trigger])
    assert verdict.outcome == "parked"


def _settle(escrows: Documents, held: Escrow) -> None:
    """The dispute runs out, and the worker does what is due, with the provider's webhooks."""
    at = Store(escrows, held.clock, sleep=lambda seconds: None)
    held.fold = lambda trigger: at.run(  # type: ignore[method-assign]
        {of_escrow.OFFER: "escrow"}, lambda changes: ESCROW.fold(changes[of_escrow.OFFER], trigger)
    )
    poller = Poller("test", at, {"escrow": ESCROW}, NoBroker(), may_fire=lambda: True,
                    carry_out=held.payments.carry_out)  # fmt: skip
    held.clock.advance(ESCROW.terms.dispute_expiry)
    while poller.step() + held.provider.deliver_due():
        pass


# -- many documents against many


def test_those_who_write_many_documents_at_once_never_wait_for_each_other_in_turn(escrows: Documents) -> None:
    """Two that fold and the relay that marks, each with the same 20 documents in an order of its own: where the
    database locks documents one by one until all are written, that would be a deadlock, and one of them would fail.
    """
    names = [f"box-{n:02}" for n in range(20)]
    at = store(escrows, datetime(2026, 6, 1, tzinfo=UTC))
    broker = MemoryBroker()
    relay, written = Relay("escrow", at, MemoryPublisher(broker)), Event()

    def write() -> None:
        for _ in range(40):
            found = at.load(names)
            changes = [
                Change(name, "box", found.get(name), at.clock.now()) for name in random.sample(names, len(names))
            ]
            for change in changes:
                change.emit("escrow.held", public(change))
            at.write(changes)  # what lost its race is not written, and not tried again

    def mark() -> None:
        while not written.is_set():
            relay.step()

    with ThreadPoolExecutor(3) as pool:
        marked = pool.submit(mark)
        try:
            at_once(pool, write, write)
        finally:
            written.set()
        marked.result()
    relay.step()

    sent = Counter((record.key, dict(record.headers)["ce_id"]) for record in broker.records("escrow.held"))
    assert len(sent) == sum(document["seq"] for document in escrows.find({"_id": {"$in": names}}))
    assert max(sent.values()) == 1
