"""Instructions: carried out once by their id, refused for good, and never more than what is held."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.escrow.provider.port import Absent, Balance, Conflict, Instruction, Outcome, Provider, every
from tests.provider.harness import Harness, Known
from tests.provider.instructions import OFFER, account, at_once, balance, conserved, hold, refund, release, repay, split
from tests.support.clock import ManualClock


def test_a_hold_and_its_release(provider: Provider, known: Known, clock: ManualClock) -> None:
    """What was held goes to the payee less the fee; the records keep both transfers."""
    held = provider.carry_out(hold(known.source))
    paid = provider.carry_out(release(hold_id="i-hold"), known.account)

    assert held == provider.find("i-hold") and paid == provider.find("i-release")
    assert isinstance(paid, Outcome) and (paid.status, paid.amount, paid.at) == ("succeeded", 50_000, clock.now())
    assert paid.provider_reference and paid.reason is None
    assert balance(provider) == Balance(offer_id=OFFER, currency="EUR", funded=50_000, paid_out=47_500, fees=2_500)
    transfers = list(every(provider.transfers, [OFFER]))
    assert [transfer.instruction.id for transfer in transfers] == ["i-hold", "i-release"]
    assert [transfer.outcome for transfer in transfers] == [held, paid]


def test_a_repayment_comes_out_of_the_fees(provider: Provider, known: Known) -> None:
    """Of an offer that is paid out, once, and never more than the fees that are left."""
    provider.carry_out(hold(known.source))
    provider.carry_out(release(), known.account)

    paid = provider.carry_out(repay(hold_id="i-hold"), known.account)
    assert isinstance(paid, Outcome) and (paid.status, paid.amount) == ("succeeded", 2_000)
    assert provider.carry_out(repay(hold_id="i-hold"), known.account) == provider.find("i-repay") == paid
    refused = [provider.carry_out(repay("i-more", amount=501))]
    refused += [provider.carry_out(repay("i-dollars", amount=1, currency="USD"))]
    refused += [provider.carry_out(repay("i-never", offer_id="offer-never-held"))]
    refused += [provider.carry_out(repay("i-closed", amount=1), known.closed_account)]

    reasons = ["insufficient_funds", "wrong_currency", "insufficient_funds", "account_closed"]
    assert [each.reason for each in refused if isinstance(each, Outcome)] == reasons
    assert balance(provider) == Balance(offer_id=OFFER, currency="EUR", funded=50_000, paid_out=49_500, fees=500)


Make = Callable[[Known], Instruction]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda known: release(amount=50_001), "insufficient_funds"),
        (lambda known: refund(amount=50_001), "insufficient_funds"),
        (lambda known: refund(offer_id="offer-never-held"), "insufficient_funds"),
        (lambda known: release(currency="USD"), "wrong_currency"),
        (lambda known: release(hold_id="i-another"), "unknown_hold"),
        (lambda known: hold(known.source, "i-again"), "already_held"),
        (lambda known: hold(known.late, "i-late"), "already_held"),
    ],
)
def test_refusals(provider: Provider, known: Known, make: Make, reason: str) -> None:
    """A refusal names its reason, moves nothing, and is the answer to that id for ever."""
    provider.carry_out(hold(known.source))
    before = balance(provider)
    instruction = make(known)
    outcome = provider.carry_out(instruction)

    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reason, outcome.amount) == ("refused", reason, 0)
    assert provider.carry_out(instruction) == provider.find(instruction.id) == outcome
    assert balance(provider) == before


def test_a_declined_card_can_be_followed_by_a_good_one(provider: Provider, known: Known) -> None:
    """A refused hold says why, keeps nothing and leaves the offer free to be funded."""
    declined = provider.carry_out(hold(known.declined, "i-1"))

    assert isinstance(declined, Outcome) and (declined.status, declined.amount) == ("refused", 0)
    assert declined.reason and balance(provider).held == 0
    provider.carry_out(hold(known.source, "i-2"))
    assert balance(provider).held == 50_000
    assert provider.carry_out(hold(known.declined, "i-1")) == provider.find("i-1") == declined


def test_nothing_is_paid_twice(provider: Provider, known: Known) -> None:
    """Another release after all was released finds nothing to take."""
    provider.carry_out(hold(known.source))
    provider.carry_out(release())
    again = provider.carry_out(release("i-release-2"))

    assert isinstance(again, Outcome) and again.reason == "insufficient_funds"


def test_in_parts(provider: Provider, known: Known) -> None:
    """What is held may leave bit by bit, each with its own id, down to nothing."""
    provider.carry_out(hold(known.source))
    for number in range(4):
        provider.carry_out(release(f"i-{number}", amount=10_000, fee=500, hold_id="i-hold"))
    assert (balance(provider).held, balance(provider).paid_out, balance(provider).fees) == (10_000, 38_000, 2_000)

    provider.carry_out(refund(amount=10_000))
    assert (balance(provider).held, balance(provider).refunded) == (0, 10_000)


def test_an_id_is_used_once(provider: Provider, known: Known) -> None:
    """The same id with other content, for this offer or another, is refused loudly and moves nothing."""
    provider.carry_out(hold(known.source))

    for other in (hold(known.source, amount=1), hold(known.source, offer_id="offer-2"), refund("i-hold")):
        with pytest.raises(Conflict):
            provider.carry_out(other)
    assert [each.balance.held for each in every(provider.accounts)] == [50_000]


def test_the_id_of_a_refused_instruction_is_used_up(provider: Provider, known: Known) -> None:
    """Nor may it come again with content that would succeed."""
    provider.carry_out(hold(known.source))
    provider.carry_out(release(amount=50_001))

    for other in (release(), refund("i-release"), split("i-release")):
        with pytest.raises(Conflict):
            provider.carry_out(other)
    assert balance(provider).held == 50_000


def test_find_tells_what_it_never_heard_of(provider: Provider) -> None:
    """Unknown is not pending: nothing moved."""
    assert provider.find("i-never") is Absent.UNKNOWN


def test_after_a_restart(harness: Harness, provider: Provider, known: Known) -> None:
    """What one process took another finds and repeats, and it moves the money on."""
    outcome = provider.carry_out(hold(known.source))
    other = harness.restarted()

    assert other.find("i-hold") == other.carry_out(hold(known.source)) == outcome
    other.carry_out(release())
    assert balance(provider).paid_out == 47_500


# -- the payee's account


@pytest.mark.parametrize("paid", [release("i-out"), split("i-out")], ids=lambda each: each.kind)
def test_an_account_that_works(provider: Provider, known: Known, paid: Instruction) -> None:
    """It is paid to the account that was named, and to the one the provider knows where none was."""
    for number, named in enumerate((known.account, None)):
        offer_id = f"offer-{number}"
        provider.carry_out(hold(known.source, f"i-hold-{number}", offer_id=offer_id))
        outcome = provider.carry_out(replace(paid, id=f"i-out-{number}", offer_id=offer_id), named)

        assert outcome is not None and outcome.status == "succeeded"
        assert balance(provider, offer_id).paid_out == paid.to_payee


@pytest.mark.parametrize("paid", [release("i-out"), split("i-out")], ids=lambda each: each.kind)
def test_a_closed_account(provider: Provider, known: Known, paid: Instruction) -> None:
    """The payout is refused with its reason and moves nothing, for good; a new instruction to another succeeds."""
    provider.carry_out(hold(known.source))
    refused = provider.carry_out(paid, known.closed_account)

    assert isinstance(refused, Outcome)
    assert (refused.status, refused.reason, refused.amount) == ("refused", "account_closed", 0)
    assert balance(provider).held == 50_000
    assert provider.carry_out(paid, known.account) == refused
    again = provider.carry_out(replace(paid, id="i-again"), known.account)
    assert again is not None and again.status == "succeeded" and balance(provider).held == 0


def test_a_closed_account_matters_only_to_who_gets_something(provider: Provider, known: Known) -> None:
    """Where the whole share is the fee, nothing goes to the account."""
    provider.carry_out(hold(known.source))
    outcome = provider.carry_out(release(fee=50_000), known.closed_account)

    assert outcome is not None and outcome.status == "succeeded" and balance(provider).fees == 50_000


@pytest.mark.parametrize(
    ("first", "then"), [("account", "closed_account"), ("closed_account", None), (None, "closed_account")]
)
def test_the_account_of_the_first_try_counts(
    provider: Provider, known: Known, first: str | None, then: str | None
) -> None:
    """A repeat is answered by its id, whatever account it names: one outcome, paid once or never."""
    provider.carry_out(hold(known.source))
    outcome = provider.carry_out(release(), getattr(known, first) if first else None)
    before = account(provider)

    repeat = provider.carry_out(release(), getattr(known, then) if then else None)
    assert repeat == provider.find("i-release") == outcome
    assert account(provider) == before


# -- at once


def test_many_tries_at_once_with_accounts_of_their_own(provider: Provider, known: Known) -> None:
    """Half name an account that is closed: all get the one answer, and the money moved once or not at all."""
    provider.carry_out(hold(known.source))
    answers = at_once(provider, [release()] * 20, [known.closed_account, known.account])

    (outcome,) = {answer for answer in answers if answer is not None}
    assert balance(provider).held == (0 if outcome.status == "succeeded" else 50_000)
    assert balance(provider).paid_out == (47_500 if outcome.status == "succeeded" else 0)


def test_one_id_from_twenty_threads(harness: Harness, provider: Provider, known: Known) -> None:
    """The same instruction sent at once moves money once, has one answer and is reported once."""
    answers = at_once(provider, [hold(known.source)] * 20)

    assert len(set(answers)) == 1 and answers[0] is not None
    assert balance(provider).funded == 50_000 and len(list(every(provider.transfers))) == 1
    harness.work()
    assert harness.receiver.outcomes == [answers[0]]


def test_two_holds_at_once(provider: Provider, known: Known) -> None:
    """Of holds with different ids for one offer exactly one succeeds."""
    answers = at_once(provider, [hold(known.source, f"i-{n}") for n in range(20)])

    assert sorted(str(answer.reason) for answer in answers if answer) == ["None", *["already_held"] * 19]
    assert balance(provider).held == 50_000


def test_release_and_refund_at_once(provider: Provider, known: Known) -> None:
    """What is held leaves once."""
    provider.carry_out(hold(known.source))
    each = [release(f"i-{n}") if n % 2 else refund(f"i-{n}") for n in range(10)]
    answers = at_once(provider, each)

    assert sum(answer.status == "succeeded" for answer in answers if answer) == 1
    assert conserved(balance(provider))
