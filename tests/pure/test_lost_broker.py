"""The broker has lost its data: no deadline is faster than what is replayed, for it may be worth money."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.verify import verify
from shared.aggregate.replay import replay
from tests.support.web import Caller
from tests.support.whole import Whole

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
HALVES = [{"due_day": 0, "bps": 5_000}, {"due_day": 30, "bps": 5_000}]


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path)


def ended_unheard(whole: Whole) -> str:
    """A hire of which the first half is paid; on day 20 its seeker ends it, and escrow's worker stands still."""
    offer_id = whole.hired(whole.published(tranches=HALVES), "bo")
    whole.settle(4 * DAY)
    assert paid(whole, offer_id) == {"funded": 50_000, "released": 23_750}
    whole.settle(16 * DAY)
    caller = Caller(whole.apps["matching"], "bo")
    assert caller.post(f"/v1/offers/{offer_id}/end", {"on": "2027-01-20"}).status_code == 200
    whole.settle(only=["matching"])
    assert whole.broker.records("hire.ended")
    return offer_id


def paid(whole: Whole, offer_id: str) -> dict[str, int]:
    """What left the escrow, the fee of 5 % aside."""
    moved: dict[str, Any] = Caller(whole.apps["escrow"], "bo").get(f"/v1/escrows/{offer_id}").get_json()
    return {name: moved[name] for name in ("funded", "released", "refunded") if moved.get(name)}


@pytest.mark.parametrize("seconds", [5, 45])
def test_what_is_replayed_comes_before_a_payout_that_is_overdue(whole: Whole, seconds: int) -> None:
    """The database stood still with an `hire.ended` on its way; all workers begin with empty topics after `golem
    replay`, and matching's relay sends a while later than escrow's poller looks.
    """
    offer_id = ended_unheard(whole)
    whole.broker.empty()
    whole.clock.advance(30 * DAY)
    for store in whole.stores.values():
        replay(store.collection)
    whole.restart()

    for _ in range(0, seconds, 5):
        whole.settle(5 * SECOND, only=["escrow"])
    for _ in range(40):
        whole.settle(5 * SECOND)
    whole.settle(8 * DAY)  # the insider had a week to object

    assert paid(whole, offer_id) == {"funded": 50_000, "released": 23_750, "refunded": 25_000}
    assert [v for r in verify(whole.snapshot()) for v in r.violations] == []


def test_a_new_installation_waits_for_nothing(whole: Whole) -> None:
    """It looks alike, an empty broker and a group that has read nothing: but it has no documents either."""
    offer_id = whole.hired(whole.published(), "bo")
    whole.settle(4 * DAY)

    assert paid(whole, offer_id) == {"funded": 50_000, "released": 47_500}
