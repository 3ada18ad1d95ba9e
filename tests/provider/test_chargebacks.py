"""Chargebacks: the seeker's bank takes the money back, and may give it back again."""

from services.escrow.provider.port import Balance, Provider
from tests.provider.harness import Harness, Known, Receiver
from tests.provider.instructions import OFFER, balance, hold, refund, release


def test_a_chargeback_of_what_is_held(harness: Harness, provider: Provider, known: Known, receiver: Receiver) -> None:
    """The bank takes what was held; nothing moves meanwhile; reversed, it is held again, and may leave."""
    provider.carry_out(hold(known.source))
    harness.charge_back(OFFER)
    harness.work()

    assert balance(provider).charged_back == 50_000 and balance(provider).held == 0
    blocked = [provider.carry_out(each) for each in (release(), refund(), hold(known.source, "i-2"))]
    assert [outcome.reason for outcome in blocked if outcome] == ["charged_back"] * 3
    harness.reverse(OFFER)
    harness.work()
    assert balance(provider) == Balance(offer_id=OFFER, currency="EUR", funded=50_000, held=50_000)
    told = [notice for notice in receiver.received if notice.chargeback]
    assert [notice.kind for notice in told] == ["chargeback.opened", "chargeback.reversed"]
    (taken,) = {notice.chargeback for notice in told}
    assert taken is not None
    assert (taken.amount, taken.from_held, taken.loss, taken.currency) == (50_000, 50_000, 0, "EUR")
    assert all(notice.outcome is None and notice.offer_id == OFFER for notice in told)
    paid = provider.carry_out(release("i-again"))
    assert paid is not None and paid.status == "succeeded"


def test_a_chargeback_after_the_payout(harness: Harness, provider: Provider, known: Known, receiver: Receiver) -> None:
    """What was paid out stays paid out; the platform bears the loss. A second chargeback has its own ids."""
    provider.carry_out(hold(known.source))
    provider.carry_out(release(amount=30_000))
    harness.charge_back(OFFER)
    harness.work()

    taken = receiver.received[-1].chargeback
    assert taken is not None and (taken.amount, taken.from_held, taken.loss) == (50_000, 20_000, 30_000)
    assert (balance(provider).paid_out, balance(provider).loss) == (27_500, 30_000)
    harness.reverse(OFFER)
    assert balance(provider).loss == 0
    harness.charge_back(OFFER)
    harness.work()
    second = receiver.received[-1].chargeback
    assert second is not None and second.id != taken.id
    assert len({notice.id for notice in receiver.received}) == len(receiver.received) == 5


def test_a_chargeback_after_the_refund(harness: Harness, provider: Provider, known: Known, receiver: Receiver) -> None:
    """The seeker has it twice: all of it is the platform's loss, and nothing that is held pays for it."""
    provider.carry_out(hold(known.source))
    provider.carry_out(refund())
    harness.charge_back(OFFER)
    harness.work()

    taken = receiver.received[-1].chargeback
    assert taken is not None and (taken.amount, taken.from_held, taken.loss) == (50_000, 0, 50_000)
    assert (balance(provider).refunded, balance(provider).charged_back, balance(provider).loss) == (50_000, 0, 50_000)
