"""What was set off for a loss that the bank gives back is paid to its insider after all: all of it, once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.escrow.clearance import Clearance
from services.escrow.journal import balances
from services.escrow.lifecycle import ESCROW
from services.escrow.losses import debt_id
from services.escrow.provider.port import every
from services.escrow.repaying import LOOK, REPAY
from services.escrow.store import MIGRATIONS
from shared.aggregate import Trigger, migrate
from shared.events.seekers import as_the_seeker_reads
from shared.settings import Terms
from tests.service.test_escrow_brake import DAY, Market

NET = 28_500
"""What a hire of 300.00 brings."""


class Bank(Market):
    """A market whose bank gives back what it took; the event goes round."""

    def reversed(self, path: str, times: int = 1) -> None:
        """The bank gives it back, and escrow reads its own event, as often as it comes."""
        self.provider.reverse_chargeback(path.rsplit("/", 1)[1])
        self.tell()
        for _ in range(times):
            self.read(path)
        self.worker.tick()

    def read(self, path: str) -> None:
        document = self.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
        name = "escrow.chargeback_reversed"
        event = [each for each in document["events"] if each["type"] == name][-1]
        self.batch.process([Trigger(name, event["id"], "event", self.clock.now(), event["data"])])

    def set_off(self, path: str) -> str:
        self.decide(self.charged_back(path), "set_off")
        return path

    def sums(self, path: str) -> tuple[int, int, int]:
        doc = self.of(path)
        assert self.same_as_the_provider(path)
        lies = balances(doc["journal"])
        here = (doc["released"], doc["fees"] - doc.get("set_off", 0), doc.get("set_off", 0))
        there = tuple(lies.get(name, 0) for name in ("insider_paid", "platform_fees", "losses_set_off"))
        assert here == there
        return here

    def events(self, path: str, *names: str) -> list[dict[str, Any]]:
        document = self.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
        return [each for each in document["events"] if each["type"] in names]

    def repaid(self) -> list[int]:
        """What each repayment that the provider carried out moved."""
        return [
            each.instruction.amount
            for each in every(self.provider.transfers)
            if each.instruction.kind == "repay" and each.outcome and each.outcome.status == "succeeded"
        ]

    def at_rest(self) -> bool:
        """Nothing is to come any more, once it was looked for again."""
        self.worker.tick(DAY)
        return self.store.collection.count_documents({"due_at": {"$exists": True}}) == 0


@pytest.fixture
def bank(database: Database[dict[str, Any]], tmp_path: Path) -> Bank:
    return Bank(database, tmp_path)


def test_what_was_set_off_is_paid_after_all(bank: Bank) -> None:
    """By an instruction, in the journal and in an event; the escrow is where it was, and nothing stays with the
    platform but its fee.
    """
    lost = bank.set_off(bank.hired())
    paths = [bank.hired(price=30_000) for _ in range(3)]
    assert [bank.sums(each) for each in paths] == [(0, 1_500, NET), (9_500, 1_500, 19_000), (NET, 1_500, 0)]

    bank.reversed(lost, times=3)

    assert [bank.sums(each) for each in paths] == [(NET, 1_500, 0)] * 3
    assert sorted(bank.repaid()) == [19_000, NET]
    assert {bank.of(each)["state"] for each in paths} == {"settled"} and bank.at_rest()
    document = bank.store.collection.find_one({"_id": paths[0].rsplit("/", 1)[1]}) or {}
    last = document["events"][-1]
    assert (last["type"], last["data"]["amount"], last["data"]["status"]) == ("escrow.set_off_returned", NET, "settled")
    assert document["journal"][-1]["hire_event_id"] == document["hire_event_id"]
    assert last["data"]["journal_hash"] == document["journal"][-1]["hash"]
    assert bank.shown(paths[0])["set_off"] == 0


def test_it_is_no_credit_besides(bank: Bank) -> None:
    """A later loss is set off as if the first had never been."""
    first = bank.set_off(bank.hired())
    bank.hired(price=30_000)
    bank.reversed(first)
    bank.set_off(bank.hired())

    assert bank.sums(bank.hired(price=30_000)) == (0, 1_500, NET)


def test_what_is_still_owed_stays_kept(bank: Bank) -> None:
    """Two losses, of which one is given back: of what was kept, only what is more than the other."""
    first, second = bank.hired(price=20_000), bank.hired(price=15_000)
    for each in (first, second):
        bank.set_off(each)
    path = bank.hired(price=30_000)
    assert bank.sums(path) == (0, 1_500, NET)

    bank.reversed(first)

    assert bank.sums(path) == (NET - 14_250, 1_500, 14_250)
    bank.reversed(second)
    assert bank.sums(path) == (NET, 1_500, 0)
    assert bank.repaid() == [NET - 14_250, 14_250]


def test_less_was_kept_than_is_owed(bank: Bank) -> None:
    """Part of a loss was set off, another one is open to be set off: nothing goes back."""
    first = bank.set_off(bank.hired(price=20_000))
    second = bank.set_off(bank.hired(price=50_000))
    path = bank.hired(price=30_000)
    bank.reversed(first)
    assert bank.sums(path) == (0, 1_500, NET) and bank.repaid() == [] and bank.at_rest()

    bank.reversed(second)
    assert bank.sums(path) == (NET, 1_500, 0)


def test_a_payout_on_its_way_is_repaid_once_it_has_arrived(bank: Bank) -> None:
    """It was let go with its set-off, and the provider's answer is late: the loss is given back meanwhile."""
    lost = bank.set_off(bank.hired())
    path = bank.accepted(price=30_000)
    bank.seeker.post(f"{path}/fund", {"source": "tok_visa"})
    bank.worker.tick()
    carry_out, bank.worker.poller.in_hand.carry_out = bank.worker.poller.in_hand.carry_out, let_go_only(bank)
    bank.event("hire.confirmed", path.rsplit("/", 1)[1])
    bank.worker.tick()
    assert bank.of(path)["instruction"]["set_off"] == NET
    bank.reversed(lost)
    assert bank.repaid() == []

    bank.worker.poller.in_hand.carry_out = carry_out
    for _ in range(10):
        bank.worker.tick(timedelta(minutes=1))

    assert bank.sums(path) == (NET, 1_500, 0)
    assert bank.repaid() == [NET] and bank.at_rest()


def let_go_only(bank: Bank) -> Callable[[Any], None]:
    """What carries out nothing, but for the last look."""
    clearance = Clearance(bank.store, ESCROW.with_terms(Terms(first_payout_wait=timedelta())))

    def carry_out(document: Any) -> None:
        clearance.of(document)

    return carry_out


def test_currencies_are_apart(bank: Bank) -> None:
    """A loss in euros that is given back says nothing about one in dollars; what is reserved in one is not forgotten
    where the other is asked for.
    """
    euros = bank.set_off(bank.hired())
    dollars = bank.set_off(bank.hired(currency="USD"))
    in_euros, in_dollars = bank.hired(price=30_000), bank.hired(price=30_000, currency="USD")
    debt = bank.store.get(debt_id(bank.insider.id)) or {}
    assert set(debt["pending"]) == {each.rsplit("/", 1)[1] for each in (in_euros, in_dollars)}

    bank.reversed(euros)

    assert bank.sums(in_euros) == (NET, 1_500, 0)
    assert bank.sums(in_dollars) == (0, 1_500, NET)
    bank.reversed(dollars)
    assert bank.sums(in_dollars) == (NET, 1_500, 0)


def test_another_open_loss_stops_it_until_staff_decide(bank: Bank) -> None:
    """As any payout; where that loss is to be set off as well, only what is kept beyond it goes back."""
    first = bank.set_off(bank.hired())
    path, other = bank.hired(price=30_000), bank.hired(price=30_000)
    bank.charged_back(other)

    bank.reversed(first)

    assert bank.state(path) == ("settled", "open_loss") and bank.sums(path) == (0, 1_500, NET)
    bank.decide(other, "set_off")
    bank.worker.tick(DAY)

    assert bank.sums(path) == (19_000, 1_500, NET - 19_000)
    assert bank.repaid() == [19_000] and bank.at_rest()


def test_an_account_that_is_closed_is_tried_again(bank: Bank) -> None:
    """The provider refuses it: the insider hears of it, and it is paid once they have named another."""
    lost = bank.set_off(bank.hired())
    path = bank.hired(price=30_000)
    assert bank.insider.ask("PUT", "/v1/me/payout", {"account": "acct_closed"}).status_code == 200
    bank.reversed(lost)
    assert bank.state(path) == ("settled", "account_closed")
    document = bank.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
    assert document["events"][-1]["type"] == "escrow.release_refused"
    assert bank.operator.get("/v1/reconciliation?why=blocked").get_json()["items"] != []

    assert bank.insider.ask("DELETE", "/v1/me/payout").status_code == 204
    for _ in range(40):
        bank.worker.tick(DAY)

    assert bank.sums(path) == (NET, 1_500, 0) and bank.state(path) == ("settled", None) and bank.at_rest()


@pytest.mark.parametrize("before", ["before", "after"])
def test_who_was_forgotten_is_paid(bank: Bank, before: str) -> None:
    """To the account that the provider knows of them."""
    lost = bank.set_off(bank.hired())
    path = bank.hired(price=30_000)
    erased = Trigger("person.erased", "e-1", "event", bank.clock.now(), {"person_id": bank.insider.id}, sequence=1)
    if before == "before":
        bank.batch.process([erased])
        bank.worker.tick(DAY)
    bank.provider.reverse_chargeback(lost.rsplit("/", 1)[1])
    bank.tell()
    bank.read(lost)
    if before == "after":
        bank.batch.process([erased])
    for _ in range(5):
        bank.worker.tick(timedelta(seconds=2))

    assert bank.sums(path) == (NET, 1_500, 0) and bank.repaid() == [NET]


@pytest.mark.parametrize("meanwhile", ["dispute", "chargeback"])
def test_it_waits_for_what_else_is_open_there(bank: Bank, meanwhile: str) -> None:
    """A dispute about later tranches, or the bank's own claim on that escrow: then it is paid."""
    lost = bank.set_off(bank.hired())
    plan = [{"due_day": 0, "bps": 6_000}, {"due_day": 90, "bps": 4_000}]
    path = bank.hired(tranches=plan)
    assert bank.sums(path) == (0, 1_500, NET)
    if meanwhile == "dispute":
        assert bank.seeker.post(f"{path}/dispute", {"reason": "other"}).status_code == 200
    else:
        bank.decide(bank.charged_back(path), "write_off")

    bank.reversed(lost)
    bank.worker.tick(DAY)
    assert bank.sums(path)[2] == NET and bank.repaid() == []

    if meanwhile == "dispute":
        assert bank.seeker.post(f"{path}/dispute/withdraw", {}).status_code == 200
    else:
        bank.reversed(path)
    bank.worker.tick()
    assert bank.sums(path) == (NET, 1_500, 0)
    assert (bank.of(path)["state"], bank.repaid()) == ("probation", [NET])
    bank.worker.tick(95 * DAY)
    assert bank.sums(path) == (47_500, 2_500, 0)


def test_two_at_once_give_it_back_once(bank: Bank) -> None:
    """Timers that are set twice, and more escrows than are needed: each looks last, and the rest have nothing to do."""
    first, second = bank.hired(price=20_000), bank.hired(price=30_000)
    for each in (first, second):
        bank.set_off(each)
    paths = [bank.hired(price=30_000), bank.hired(price=30_000)]
    assert [bank.sums(each)[2] for each in paths] == [NET, 19_000]
    bank.reversed(first)
    assert bank.repaid() == [19_000]
    for each in paths:
        bank.store.run(
            {each.rsplit("/", 1)[1]: ESCROW}, lambda changes: [c.schedule(REPAY, c.now) for c in changes.values()]
        )
    bank.read(first)
    bank.worker.tick()

    assert bank.repaid() == [19_000] and bank.at_rest()
    assert sum(bank.sums(each)[2] for each in paths) == NET


def test_an_older_version_that_kept_it(bank: Bank) -> None:
    """The loss was given back, and nobody looked: the first start of this version does."""
    lost = bank.set_off(bank.hired())
    path = bank.hired(price=30_000)
    bank.provider.reverse_chargeback(lost.rsplit("/", 1)[1])
    bank.tell()
    assert bank.sums(path) == (0, 1_500, NET) and bank.at_rest()
    since = len(MIGRATIONS) - [each.__name__ for each in MIGRATIONS].index("_look_for_what_is_kept")
    bank.store.collection.update_one({"_id": "migrations"}, {"$inc": {"done": -since}})

    assert migrate(bank.store.collection, MIGRATIONS) == since
    assert LOOK in (bank.store.get(debt_id(bank.insider.id)) or {})["timers"]
    bank.worker.tick()

    assert bank.sums(path) == (NET, 1_500, 0) and bank.at_rest()


def test_a_split_and_a_hire_that_ended_are_repaid_too(bank: Bank) -> None:
    lost = bank.set_off(bank.hired(price=200_000))
    split = bank.hired(tranches=[{"due_day": 60, "bps": 10_000}])
    bank.seeker.post(f"{split}/dispute", {"reason": "other"})
    said = {"decision": "split", "reason": "Both.", "insider_bps": 5_000}
    assert bank.arbiter.post(f"{split}/dispute/resolve", said).status_code == 200
    ended = bank.hired(tranches=[{"due_day": 0, "bps": 6_000}, {"due_day": 90, "bps": 4_000}])
    bank.event("hire.ended", ended.rsplit("/", 1)[1], by="insider", on="2027-01-05")
    bank.worker.tick()
    assert [bank.of(each)["state"] for each in (split, ended)] == ["split", "refunded"]
    assert [bank.sums(each) for each in (split, ended)] == [(0, 1_250, 23_750), (0, 1_500, NET)]

    bank.reversed(lost)

    assert [bank.of(each)["state"] for each in (split, ended)] == ["split", "refunded"]
    assert [bank.sums(each) for each in (split, ended)] == [(23_750, 1_250, 0), (NET, 1_500, 0)]


def as_the_seeker_sees(bank: Bank, path: str) -> tuple[dict[str, Any], list[Any], list[Any], list[Any]]:
    """The escrow, its journal, its history, and the sums and the journal's end of each of their events."""
    escrow = {name: value for name, value in bank.shown(path).items() if name not in ("version", "updated_at")}
    journal = bank.seeker.get(f"{path}/journal").get_json()["entries"]
    history = bank.seeker.get(f"{path}/history?limit=100").get_json()["items"]
    document = bank.store.collection.find_one({"_id": escrow["offer_id"]}) or {}
    insiders = ("escrow.set_off_returned", "escrow.release_refused")
    events = [as_the_seeker_reads(each["data"]) for each in document["events"] if each["type"] not in insiders]
    sums = [(each["released"], each["fees"], each["journal_hash"], each["journal_seq"]) for each in events]
    return escrow, journal, history, sums


def test_the_seeker_sees_nothing_of_what_is_set_off_and_given_back(bank: Bank) -> None:
    """One answer is what another says: escrow, journal and events, while it is kept and after it went back; and what
    they see is what the seeker of a hire sees of which nothing was kept.
    """
    plain = bank.hired(price=30_000)
    lost = bank.set_off(bank.hired())
    path = bank.hired(price=30_000)
    assert bank.sums(path) == (0, 1_500, NET)
    paid = bank.events(path, "escrow.released", "escrow.settled")
    assert [each["data"]["set_off_total"] for each in paid] == [NET] * 2

    escrow, journal, history, events = before = as_the_seeker_sees(bank, path)
    assert (escrow["released"], escrow["fees"], escrow["set_off"]) == (NET, 1_500, 0)
    assert events[-2:] == [(NET, 1_500, journal[-1]["hash"], len(journal))] * 2
    assert [each["lines"] for each in journal] == [
        each["lines"] for each in bank.seeker.get(f"{plain}/journal").get_json()["entries"]
    ]
    assert [each["words"] for each in history] == [each["words"] for each in as_the_seeker_sees(bank, plain)[2]]
    listed = bank.seeker.get("/v1/escrows?status=settled").get_json()["items"]
    assert [each["set_off"] for each in listed] == [0] * 2

    bank.reversed(lost)

    assert bank.sums(path) == (NET, 1_500, 0)
    assert as_the_seeker_sees(bank, path) == before
    insiders = bank.insider.get(f"{path}/history?limit=100").get_json()["items"]
    assert [each["what"] for each in insiders][-1] == "escrow.set_off_returned"


def test_why_a_payout_is_stopped_is_the_insiders_to_know(bank: Bank) -> None:
    bank.charged_back(bank.hired())
    path = bank.hired()

    assert bank.insider.get(path).get_json()["blocked"]["reason"] == "open_loss"
    assert bank.shown(path)["blocked"]["reason"] == "refused"
    theirs = bank.seeker.get(f"{path}/history?limit=100").get_data(as_text=True)
    assert "loss" not in theirs and "no reason was given" in theirs
