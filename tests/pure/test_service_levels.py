"""What the service levels are computed from: payouts by the system's own pace alone, events by their age."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.escrow.payments import payable_since
from tests.pure.core.test_consumer import Reading
from tests.support.clock import ManualClock
from tests.support.escrow import AT_ONCE, INSIDER, Escrow
from tests.support.records import erased

DUE = ManualClock().now()
LATER = DUE + timedelta(days=7)


def instructed(due_day: int = 0, tranche: int | None = 0, **more: Any) -> dict[str, Any]:
    plan = [{"due_day": due_day, "amount": 100, "status": "waiting", "due_at": DUE}]
    return {"tranches": plan, "instruction": {"id": "i", "tranche": tranche}, **more}


@pytest.mark.parametrize(
    ("document", "since"),
    [
        (instructed(), DUE),
        (instructed(blocked=None, disputed_by=[]), DUE),
        (instructed(payout_from=LATER), LATER),
        (instructed(payout_from=DUE - timedelta(days=1)), DUE),
        (instructed(due_day=30), None),
        (instructed(tranche=None), None),
        (instructed(blocked={"what": "release:0", "reason": "account_closed"}), None),
        (instructed(disputed_by=["p_1"]), None),
        (instructed(chargeback={"id": "c"}), None),
    ],
)
def test_a_payout_is_measured_from_when_nothing_else_kept_it(document: dict[str, Any], since: datetime | None) -> None:
    assert payable_since(document) == since


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_payout_after_a_refusal_is_not_measured() -> None:
    """The first tells how long ours took; the second was kept by the payee's closed account."""
    measured = []
    for account in ("acct_fine", "acct_closed"):
        before = counted("golem_hire_to_release_seconds_count")
        given = Escrow(tranches=AT_ONCE)
        given.accounts[INSIDER] = account
        given.confirmed().work()
        given.accounts[INSIDER] = "acct_fine"
        given.wait(days=2)
        assert given.state == "settled"
        measured.append(counted("golem_hire_to_release_seconds_count") - before)

    assert measured == [1, 0]


def test_an_events_age_is_measured_once_and_not_when_it_is_sent_again() -> None:
    """Half a minute in the topic; its duplicate and a redriven one say nothing."""
    given = Reading()
    happened = datetime.fromisoformat("2027-01-01T00:00:00+00:00")
    given.clock.advance(happened + timedelta(seconds=29) - given.clock.now())
    before = [counted("golem_event_age_seconds_bucket", service="listings", le=le) for le in ("10.0", "30.0", "+Inf")]

    given.write(erased("a"), erased("a"), given.sent_again(erased("b")))
    given.consumer.step()

    after = [counted("golem_event_age_seconds_bucket", service="listings", le=le) for le in ("10.0", "30.0", "+Inf")]
    assert given.taken == ["a", "b"]
    assert [now - then for now, then in zip(after, before, strict=True)] == [0, 1, 1]
