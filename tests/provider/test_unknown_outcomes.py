"""Unknown outcomes: the answer is lost or comes late, a split stops half way. Nothing moves twice, nothing is lost."""

from typing import Literal

import pytest

from services.escrow.provider.port import Absent, Balance, Instruction, Outcome, Provider, Unavailable, every
from tests.provider.harness import Harness, Known, Receiver
from tests.provider.instructions import OFFER, account, balance, hold, refund, release, split
from tests.support.clock import ManualClock

OUT = [release("i-out"), refund("i-out"), split("i-out")]
When = Literal["before", "after"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_answer_to_a_hold_is_lost(harness: Harness, provider: Provider, known: Known, when: When) -> None:
    """It was carried out or never arrived; `find` says which, and the same id then has the one outcome."""
    harness.break_next(when)
    with pytest.raises(Unavailable):
        provider.carry_out(hold(known.source))
    found = provider.find("i-hold")

    assert (found is Absent.UNKNOWN) == (when == "before")
    outcome = provider.carry_out(hold(known.source))
    assert isinstance(outcome, Outcome) and outcome.status == "succeeded"
    assert when == "before" or found == outcome
    assert balance(provider).held == balance(provider).funded == 50_000


@pytest.mark.parametrize("out", OUT, ids=lambda each: each.kind)
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_answer_to_what_leaves_is_lost(
    harness: Harness, provider: Provider, known: Known, out: Instruction, when: When
) -> None:
    """What is not done yet is pending or unknown, never an outcome; the same id, in another process too, ends it."""
    provider.carry_out(hold(known.source))
    harness.break_next(when)
    with pytest.raises(Unavailable):
        provider.carry_out(out, known.account)
    found = provider.find("i-out")

    assert isinstance(found, Outcome) == (balance(provider).held == 0)
    outcome = harness.restarted().carry_out(out, known.account) or provider.find("i-out")
    assert isinstance(outcome, Outcome) and (outcome.status, outcome.amount) == ("succeeded", 50_000)
    assert found == outcome or not isinstance(found, Outcome)
    assert balance(provider) == Balance(
        offer_id=OFFER,
        currency="EUR",
        funded=50_000,
        paid_out=out.to_payee,
        fees=out.fee,
        refunded=50_000 if out.kind == "refund" else out.refund,
    )
    assert [transfer.instruction.id for transfer in every(provider.transfers)] == ["i-hold", "i-out"]
    harness.work()
    assert [each for each in harness.receiver.outcomes if each.instruction_id == "i-out"] == [outcome]


def test_a_split(harness: Harness, provider: Provider, known: Known) -> None:
    """One instruction, several effects, one outcome: each gets their part out of what was held."""
    provider.carry_out(hold(known.source))
    outcome = provider.carry_out(split(), known.account)

    assert outcome is not None and (outcome.status, outcome.amount) == ("succeeded", 50_000)
    assert balance(provider) == Balance(
        offer_id=OFFER, currency="EUR", funded=50_000, paid_out=27_500, fees=2_500, refunded=20_000
    )
    harness.work()
    assert harness.receiver.outcomes[-1] == outcome and len(harness.receiver.outcomes) == 2


def test_a_split_that_is_refused_has_no_half(provider: Provider, known: Known) -> None:
    """Where the payee cannot be paid nothing goes back to the source either."""
    provider.carry_out(hold(known.source))
    outcome = provider.carry_out(split(), known.closed_account)

    assert outcome is not None and (outcome.status, outcome.amount) == ("refused", 0)
    assert balance(provider) == Balance(offer_id=OFFER, currency="EUR", funded=50_000, held=50_000)


# -- late


def test_a_late_answer(
    harness: Harness, provider: Provider, known: Known, clock: ManualClock, receiver: Receiver
) -> None:
    """Accepted without an answer; pending until it is decided and reported; then the notice, `find` and a repeat
    agree.
    """
    late = hold(known.late)

    assert provider.carry_out(late) is None and provider.carry_out(late) is None
    harness.work()
    assert not receiver.received and balance(provider).held == 0
    assert provider.find("i-hold") is Absent.PENDING and account(provider).in_flight
    (transfer,) = every(provider.transfers, [OFFER])
    assert (transfer.instruction, transfer.outcome) == (late, None)
    clock.advance(known.late_after)
    harness.work()

    found = provider.find("i-hold")
    assert isinstance(found, Outcome) and found.status == "succeeded" and balance(provider).held == 50_000
    assert found == provider.carry_out(late) == receiver.received[-1].outcome
    assert not account(provider).in_flight


def test_one_late_hold_keeps_others_out(harness: Harness, provider: Provider, known: Known) -> None:
    """While a hold is undecided, a second one is refused; the first still succeeds."""
    provider.carry_out(hold(known.late))
    second = provider.carry_out(hold(known.source, "i-2"))
    harness.clock.advance(known.late_after)
    harness.work()

    assert isinstance(second, Outcome) and second.reason == "already_held"
    assert balance(provider).held == 50_000
    assert [transfer.instruction.id for transfer in every(provider.transfers)] == ["i-hold", "i-2"]
