"""The fee is one of the whole that the insider earns, spread over the payouts: no rounding eats it, sums are exact."""

import random

import pytest

from shared.money import breakdown
from tests.support.escrow import THREE, Escrow

TWELVE = [{"due_day": 15 * n, "bps": 833 if n < 11 else 837} for n in range(12)]
ALIKE = [{"due_day": 15 * n, "bps": 850 if n < 11 else 650} for n in range(12)]


def fees(given: Escrow) -> list[int]:
    return [event["data"]["fee"] for event in given.events if event["type"] == "escrow.released"]


@pytest.mark.parametrize(
    ("price", "fee_bps"), [(101, 500), (200, 500), (230, 499), (1_199, 250), (9_999, 731), (60, 1)]
)
def test_twelve_payouts_bear_the_fee_of_the_whole(price: int, fee_bps: int) -> None:
    """Where each tranche's own share rounds to less, or to nothing."""
    given = Escrow(price=price, tranches=TWELVE, fee_bps=fee_bps).confirmed()
    given.wait(days=200)

    whole = price * fee_bps // 10_000
    assert given.state == "settled"
    assert given.sums == {name: n for name, n in (("funded", price), ("released", price - whole), ("fees", whole)) if n}
    assert sum(fees(given)) == whole
    assert max(fees(given)[:-1]) - min(fees(given)[:-1]) <= 1  # the last takes the rounding


def test_each_payout_has_its_part() -> None:
    """5 % of 2.00 is 0.10: of twelve payouts ten bear a cent, spread over them."""
    given = Escrow(price=200, tranches=ALIKE, fee_bps=500).confirmed()
    given.wait(days=200)

    assert fees(given) == [0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("days", [20, 40, 100])
def test_a_hire_that_ended_bears_the_fee_of_what_was_earned(days: int) -> None:
    given = Escrow(price=1_199, tranches=TWELVE, fee_bps=731).confirmed()
    given.wait(days=days)
    given.event("hire.ended", on=given.clock.now().date().isoformat())
    given.wait(days=200)

    earned = given.sums["released"] + given.sums["fees"]
    assert given.state == "refunded" and 0 < earned < 1_199
    assert given.sums["fees"] == earned * 731 // 10_000


def test_a_split_bears_the_fee_of_what_the_insider_has_in_all() -> None:
    """A third was paid out before; of the rest the arbiter gives the insider a half."""
    given = Escrow(price=1_001, tranches=THREE, fee_bps=731).confirmed()
    given.work()
    given.command("dispute", "seeker", reason="other")
    given.command("resolve", "arbiter", decision="split", reason="Both.", insider_bps=5_000)
    given.wait(days=1)

    earned = given.sums["released"] + given.sums["fees"]
    assert given.state == "split"
    assert earned == 333 + (1_001 - 333) // 2
    assert given.sums["fees"] == earned * 731 // 10_000


def test_any_plan_any_price_any_fee() -> None:
    """200 plans by chance: never more than the amount itself, in all exactly the fee of the whole."""
    for seed in range(200):
        chance = random.Random(seed)
        shares = [chance.randint(1, 100) for _ in range(chance.randint(1, 12))]
        bps = [each * 10_000 // sum(shares) for each in shares]
        bps[-1] += 10_000 - sum(bps)
        plan = [{"due_day": 10 * n, "bps": each} for n, each in enumerate(bps)]
        price, fee_bps = chance.randint(1, 3_000), chance.choice((0, 1, 333, 500, 9_999, 10_000))
        given = Escrow(price=price, tranches=plan, fee_bps=fee_bps).confirmed()
        given.wait(days=200)

        assert given.state == "settled", seed
        assert given.sums.get("fees", 0) == price * fee_bps // 10_000, seed
        paid = (given.sums["funded"], given.sums.get("fees", 0), given.sums.get("released", 0))
        assert paid == breakdown(price, fee_bps), seed  # as it was shown before the price was agreed


def test_what_an_older_version_took_is_taken_no_more_than_once() -> None:
    """An older version rounded each payout's fee by itself: the next payout makes up for it, and never gives back."""
    given = Escrow(price=1_000, tranches=THREE, fee_bps=500).confirmed()
    given.work()
    assert given.document is not None
    given.document.update(released=300, fees=33)
    given.wait(days=40)

    assert fees(given) == [16, 0]
