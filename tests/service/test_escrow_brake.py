"""Stolen cards meet a brake: who is new waits, an open loss stops payouts until staff decide, and it is set off."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pymongo.database import Database

from services.escrow.clearance import Clearance
from services.escrow.journal import balances
from services.escrow.lifecycle import ESCROW
from services.escrow.losses import debt_id
from services.escrow.reconciliation import differences
from services.escrow.store import MIGRATIONS
from shared.aggregate import Trigger, migrate
from tests.service.test_escrow_http import World
from tests.support.web import problem

DAY = timedelta(days=1)
FEE = 2_500


class Market(World):
    """An escrow service where staff decide losses."""

    def hired(self, source: str = "tok_visa", **offered: Any) -> str:
        """Paid for, and the hire is confirmed; the path of the escrow."""
        path = self.accepted(**offered)
        payer = self.other if offered.get("seeker") == self.other.id else self.seeker
        assert payer.post(f"{path}/fund", {"source": source}).status_code == 202
        self.worker.tick()
        self.event("hire.confirmed", path.rsplit("/", 1)[1], **offered)
        self.worker.tick()
        return path

    def charged_back(self, path: str) -> str:
        """The bank takes it back after it was paid out."""
        self.provider.charge_back(path.rsplit("/", 1)[1])
        self.tell()
        return path

    def tell(self) -> None:
        self.provider.deliver_due()
        self.worker.tick()

    def of(self, path: str) -> dict[str, Any]:
        return self.store.get(path.rsplit("/", 1)[1]) or {}

    def state(self, path: str) -> tuple[str, str | None]:
        doc = self.of(path)
        return doc["state"], (doc.get("blocked") or {}).get("reason")

    def released(self, path: str) -> dict[str, Any]:
        document = self.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
        return dict([e["data"] for e in document["events"] if e["type"] == "escrow.released"][-1])

    def decide(self, path: str, decision: str) -> None:
        said = {"decision": decision, "reason": "The card was stolen."}
        assert self.arbiter.post(f"{path}/loss", said).status_code == 200

    def same_as_the_provider(self, path: str) -> bool:
        doc = self.of(path)
        (account,) = self.provider.accounts([doc["_id"]]).items
        return differences(doc, account.balance) == []


@pytest.fixture
def market(database: Database[dict[str, Any]], tmp_path: Path) -> Market:
    return Market(database, tmp_path)


# -- who is new


@pytest.fixture
def careful(database: Database[dict[str, Any]], tmp_path: Path) -> Market:
    """People without history wait five days; what is older than 30 days without a loss is history."""
    return Market(database, tmp_path, FIRST_PAYOUT_WAIT=str(5 * 86_400), CHARGEBACK_WINDOW=str(30 * 86_400))


def test_somebody_without_history_waits(careful: Market) -> None:
    """For five days from the hire, to the moment; nobody is told that anything was refused, and staff see nothing."""
    path = careful.hired()

    assert careful.state(path) == ("probation", None)
    assert careful.shown(path)["payout_from"] == "2027-01-06T00:00:00.000Z"
    careful.worker.tick(5 * DAY - timedelta(seconds=1))
    assert careful.of(path)["state"] == "probation"
    assert careful.operator.get("/v1/reconciliation").get_json()["items"] == []
    careful.worker.tick(timedelta(seconds=1))

    assert careful.of(path)["state"] == "settled"
    document = careful.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
    assert "escrow.release_refused" not in [event["type"] for event in document["events"]]


def test_the_days_that_somebody_new_waits_by_rule_do_not_make_the_payout_slow(careful: Market) -> None:
    """What is measured begins when the five days are over."""
    name, before = "golem_hire_to_release_seconds", {}
    for key, labels in ((f"{name}_count", {}), (f"{name}_bucket", {"le": "60.0"})):
        before[key] = REGISTRY.get_sample_value(key, labels) or 0.0

    careful.hired()
    careful.worker.tick(5 * DAY)

    assert (REGISTRY.get_sample_value(f"{name}_count") or 0.0) - before[f"{name}_count"] == 1
    assert (REGISTRY.get_sample_value(f"{name}_bucket", {"le": "60.0"}) or 0.0) - before[f"{name}_bucket"] == 1


def test_later_tranches_of_theirs_do_not_wait_again(careful: Market) -> None:
    plan = [{"due_day": 0, "bps": 5_000}, {"due_day": 3, "bps": 2_500}, {"due_day": 20, "bps": 2_500}]
    path = careful.hired(tranches=plan)
    careful.worker.tick(5 * DAY)
    assert [each["status"] for each in careful.shown(path)["due"]] == ["paid", "waiting", "waiting"]
    careful.worker.tick(2 * DAY)
    assert [each["status"] for each in careful.shown(path)["due"]] == ["paid", "paid", "waiting"]


@pytest.mark.parametrize(("after", "waits"), [(30 * DAY - timedelta(seconds=1), True), (30 * DAY, False)])
def test_history_is_a_payment_that_outlasted_the_window(careful: Market, after: timedelta, waits: bool) -> None:
    careful.hired()
    careful.worker.tick(5 * DAY)
    careful.worker.tick(after)

    assert careful.of(careful.hired())["state"] == ("probation" if waits else "settled")


def test_a_payment_that_was_charged_back_is_no_history(careful: Market) -> None:
    path = careful.hired()
    careful.worker.tick(5 * DAY)
    careful.decide(careful.charged_back(path), "write_off")
    careful.worker.tick(60 * DAY)

    assert careful.of(careful.hired())["state"] == "probation"


@pytest.mark.parametrize("days", [(0,), (0, 30), (0, 30, 90, 180)])
def test_what_an_arbiter_decides_waits_for_nothing(careful: Market, days: tuple[int, ...]) -> None:
    """However many tranches are to come."""
    path = careful.hired(tranches=[{"due_day": day, "bps": 10_000 // len(days)} for day in days])
    careful.seeker.post(f"{path}/dispute", {"reason": "other"})
    decision = {"decision": "release", "reason": "They were hired."}
    assert careful.arbiter.post(f"{path}/dispute/resolve", decision).status_code == 200
    careful.worker.tick()

    assert careful.of(path)["state"] == "settled"


# -- an open loss


def test_an_open_loss_stops_payouts_until_staff_decide(market: Market) -> None:
    """The same pair, again and again: after the chargeback nothing more is paid, and staff see why."""
    lost = market.charged_back(market.hired())

    again = market.hired()
    assert market.state(again) == ("probation", "open_loss")
    (seen,) = market.operator.get("/v1/reconciliation?why=loss").get_json()["items"]
    assert (seen["why"], seen["loss"], seen["loss_decision"]) == (["loss"], 50_000, None)
    market.worker.tick(3 * DAY)
    assert market.state(again) == ("probation", "open_loss")
    market.decide(lost, "write_off")
    market.worker.tick(DAY)

    assert market.state(again) == ("settled", None)
    assert market.released(again)["amount"] == 50_000 - FEE and "set_off" not in market.released(again)
    assert market.operator.get("/v1/reconciliation").get_json()["counts"]["loss"] == 0
    assert not any(t.instruction.id.count(":release:") and t.outcome is None for t in market.provider.transfers().items)


def test_it_stops_the_one_who_paid_as_well(market: Market) -> None:
    """The seeker of the loss sells help elsewhere; a stranger to it is paid."""
    market.charged_back(market.hired())
    theirs = market.hired(insider=market.seeker.id, seeker=market.other.id)
    strangers = market.hired(insider=market.other.id)

    assert market.of(theirs)["blocked"]["reason"] == "open_loss"
    assert market.of(strangers)["state"] == "settled"


def test_what_is_theirs_of_a_split_waits_for_it_too(market: Market) -> None:
    """What is the seeker's does not."""
    lost = market.charged_back(market.hired())
    path = market.hired()
    market.seeker.post(f"{path}/dispute", {"reason": "other"})
    said = {"decision": "split", "reason": "Both.", "insider_bps": 5_000}
    assert market.arbiter.post(f"{path}/dispute/resolve", said).status_code == 200
    market.worker.tick()
    assert market.state(path) == ("probation", "open_loss") and market.of(path)["refunded"] == 25_000

    market.decide(lost, "set_off")
    market.worker.tick(DAY)

    doc = market.of(path)
    assert (doc["state"], doc["refunded"], doc["released"], doc["set_off"]) == ("refunded", 25_000, 0, 25_000 - 1_250)
    assert market.same_as_the_provider(path)


def test_the_bank_gives_it_back(market: Market) -> None:
    """No loss is left, and what waited is paid."""
    lost = market.charged_back(market.hired())
    again = market.hired()
    market.provider.reverse_chargeback(lost.rsplit("/", 1)[1])
    market.tell()
    problem(market.arbiter.post(f"{lost}/loss", {"decision": "set_off", "reason": "Too late."}), 409, "conflict")
    market.worker.tick(DAY)

    assert market.of(again)["state"] == "settled"


def test_a_chargeback_of_what_was_held_is_no_loss(market: Market) -> None:
    market.charged_back(market.held())

    assert market.of(market.hired())["state"] == "settled"
    assert market.operator.get("/v1/reconciliation").get_json()["counts"]["loss"] == 0


def test_who_may_decide(market: Market) -> None:
    """Arbiters and operators with a reason, once; not the two, and not staff who are one of them."""
    lost = market.charged_back(market.hired())
    said = {"decision": "write_off", "reason": "We bear it."}

    problem(market.seeker.post(f"{lost}/loss", said), 403, "forbidden")
    problem(market.insider.post(f"{lost}/loss", said), 403, "forbidden")
    assert market.other.post(f"{lost}/loss", said).status_code == 404
    assert market.operator.post(f"{lost}/loss", {"decision": "write_off"}).status_code == 422
    assert market.operator.post(f"{lost}/loss", {**said, "decision": "forget"}).status_code == 422
    answer = market.operator.post(f"{lost}/loss", said)
    assert answer.get_json()["loss_decision"]["by"] == market.operator.id
    problem(market.operator.post(f"{lost}/loss", said), 409, "conflict")
    assert "loss_decision" not in market.shown(lost)


# -- set off


def test_a_loss_is_set_off_against_later_payouts(market: Market) -> None:
    """Of 475.00 that were paid and lost the next payout of 300.00 makes good what it brings, the one after the rest: in
    the journal, in the event, and at the provider. The fee in the loss is not the insider's.
    """
    market.decide(market.charged_back(market.hired()), "set_off")

    first, second, third = (market.hired(price=30_000) for _ in range(3))

    net, fee = 28_500, 1_500
    parts = [(0, net), (net - (47_500 - net), 47_500 - net), (net, 0)]
    for path, (paid, set_off) in zip((first, second, third), parts, strict=True):
        event = market.released(path)
        assert (event["amount"], event["fee"], event.get("set_off", 0)) == (paid, fee, set_off)
        assert event["funded"] == event["released"] + event["fees"] == 30_000
        doc = market.of(path)
        accounts = balances(doc["journal"])
        assert accounts.get("losses_set_off", 0) == set_off == market.insider.get(path).get_json()["set_off"]
        assert (accounts["platform_fees"], accounts.get("insider_paid", 0)) == (fee, paid)
        assert market.same_as_the_provider(path)


def test_two_payouts_at_once_set_it_off_once(market: Market) -> None:
    """Both reserve before either is paid; what is reserved stays the same when it is asked again."""
    market.decide(market.charged_back(market.hired()), "set_off")
    documents, paths = [], []
    for _ in range(3):
        path = market.accepted(price=30_000)
        market.seeker.post(f"{path}/fund", {"source": "tok_visa"})
        paths.append(path)
    market.worker.tick()
    for path in paths:
        offer_id = path.rsplit("/", 1)[1]

        def confirm(changes: dict[str, Any], offer_id: str = offer_id) -> None:
            change = changes[offer_id]
            data = {"start_on": "2027-01-04", "confirmed_by": "seeker", "confirmed_at": "2027-01-01T00:00:00.000Z"}
            ESCROW.fold(change, Trigger("hire.confirmed", f"h-{offer_id}", "event", change.now, data))
            ESCROW.fold(change, Trigger("timer:payout", f"t-{offer_id}", "timer", change.now))

        market.store.run({offer_id: ESCROW}, confirm)
        documents.append(market.store.get(offer_id) or {})
    clearance = Clearance(market.store, ESCROW.with_terms(ESCROW.terms.__class__(first_payout_wait=timedelta())))

    cleared = [clearance.of(each) for each in (*documents, *documents)]

    kept = [each["instruction"].get("set_off", 0) for each in cleared if isinstance(each, dict)]
    assert kept == [28_500, 19_000, 0] * 2
    market.worker.tick()
    assert [market.of(f"/{each['_id']}").get("set_off", 0) for each in documents] == [28_500, 19_000, 0]


def test_a_page_lets_go_what_nothing_speaks_against(market: Market) -> None:
    """Together; who owes or has an open loss is looked at by themselves, and so is all of a page that lost a race."""
    market.decide(market.charged_back(market.hired()), "set_off")
    theirs, strangers = market.hired(price=30_000), market.hired(insider=market.other.id)
    documents = []
    for path in (theirs, strangers):
        doc = market.of(path)
        asked = {"id": f"{doc['_id']}:release:0:9", "kind": "release", "payee": doc["insider"], "amount": 1, "fee": 0}
        market.store.collection.update_one({"_id": doc["_id"]}, {"$set": {"instruction": asked}})
        documents.append(market.of(path))
    clearance = Clearance(market.store, ESCROW.with_terms(ESCROW.terms.__class__(first_payout_wait=timedelta())))
    market.store.collection.update_one({"_id": documents[1]["_id"]}, {"$inc": {"version": 1}})

    assert clearance.page(documents) == documents
    assert [market.of(path)["instruction"].get("cleared") for path in (theirs, strangers)] == [None, None]

    fresh = [market.of(path) for path in (theirs, strangers)]
    after = clearance.page(fresh)
    assert [each["instruction"].get("cleared") for each in after] == [None, True]
    assert market.of(strangers)["version"] == after[1]["version"] and market.of(strangers)["instruction"]["cleared"]


def test_a_payout_that_is_refused_makes_nothing_good(market: Market) -> None:
    """What was reserved for it is free for the next, and taken again when it is tried again."""
    market.decide(market.charged_back(market.hired()), "set_off")
    refused = market.hired("tok_transfer_refused")
    assert market.of(refused)["state"] == "probation" and "set_off" not in market.of(refused)

    other = market.hired(price=30_000)
    assert market.of(other)["set_off"] == 28_500
    for _ in range(5):
        market.worker.tick(DAY)

    assert market.of(refused)["set_off"] == 19_000
    debt = market.store.get(debt_id(market.insider.id)) or {}
    assert set(debt["pending"]) == {refused.rsplit("/", 1)[1]}


def test_what_goes_out_is_not_held_back_any_more(market: Market) -> None:
    """Let go by one process, found to be stopped by another that looked later: the instruction goes its way, once."""
    path = market.hired()
    offer_id = path.rsplit("/", 1)[1]
    doc = market.of(path)
    instruction = {"id": f"{offer_id}:release:0:9", "kind": "release", "payee": doc["insider"], "amount": 1, "fee": 0}
    change_to = {"instruction": {**instruction, "what": "release:0", "cleared": True}, "state": "releasing"}
    market.store.collection.update_one({"_id": offer_id}, {"$set": change_to})
    data = {"instruction_id": instruction["id"], "amount": 1, "reason": "open_loss", "unsent": True}
    stopped = Trigger("release.refused", f"{instruction['id']}:refused", "outcome", market.clock.now(), data)

    verdict = market.store.run({offer_id: ESCROW}, lambda changes: ESCROW.fold(changes[offer_id], stopped))

    assert verdict.outcome == "rejected"
    assert market.of(path)["state"] == "releasing"


def test_a_loss_of_an_older_version_is_open(market: Market) -> None:
    """It was written down before anybody decided on losses."""
    lost = market.charged_back(market.hired())
    offer_id = lost.rsplit("/", 1)[1]
    market.store.collection.update_one({"_id": offer_id}, {"$unset": {"loss_since": ""}})
    market.store.collection.delete_many({"kind": "migrations"})

    migrate(market.store.collection, MIGRATIONS)

    assert market.state(market.hired()) == ("probation", "open_loss")
