"""Time to dispute or to decide that ran out while nobody could, and refunds that are refused beside what is earned."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from services.escrow.provider.sandbox import ledger
from services.escrow.staff_lists import listed
from services.escrow.views import view
from services.notify.recipients import people
from shared.aggregate import Refusal
from shared.aggregate.explain import explain
from tests.support.escrow import AT_ONCE, INSIDER, OFFER, Escrow

THREE = [{"due_day": 0, "bps": 2_000}, {"due_day": 30, "bps": 4_000}, {"due_day": 90, "bps": 4_000}]
HALVES = [{"due_day": 0, "bps": 5_000}, {"due_day": 90, "bps": 5_000}]


def ended() -> Escrow:
    """Ten days after the hire the seeker says that the job ended: 400.00 go back in a week, if nobody disputes."""
    given = Escrow(tranches=THREE).confirmed().wait(days=10)
    given.event("hire.ended", by="seeker", on="2027-01-05")
    return given.work()


def silent(**offered: Any) -> Escrow:
    """Silence confirmed it: in a week it is paid, if the seeker does not dispute."""
    given = Escrow(**offered).held()
    given.event("hire.confirmed", confirmed_by="silence")
    return given.work()


def charged_back(given: Escrow) -> Escrow:
    given.provider.charge_back(OFFER)
    return given.work()


def given_back(given: Escrow) -> Escrow:
    given.provider.reverse_chargeback(OFFER)
    return given.work()


def resolved(given: Escrow) -> None:
    given.command("resolve", "arbiter", decision="return", reason="Nothing to see.")


# -- what a dispute held up

ENDS: dict[str, Any] = {
    "withdrawn": lambda given, by: given.wait(days=8).command("withdraw", by),
    "expired": lambda given, by: given.wait(days=60),
    "returned": lambda given, by: resolved(given.wait(days=8)),
}


@pytest.mark.parametrize("how", ENDS)
def test_the_insider_has_a_week_after_the_seekers_own_dispute(how: str) -> None:
    """The seeker says that it ended, and disputes: the insider cannot, and the refund does not follow at once."""
    given = ended()
    given.command("dispute", "seeker", reason="other")
    with pytest.raises(Refusal):
        given.command("dispute", "insider", reason="not ended")
    ENDS[how](given, "seeker")

    given.work().wait(days=6.99)
    assert (given.state, given.sums.get("refunded")) == ("probation", None)
    given.command("dispute", "insider", reason="It goes on.")

    assert given.state == "disputed"


def test_a_week_later_it_goes_back() -> None:
    given = ended()
    given.command("dispute", "seeker", reason="other")
    given.wait(days=8).command("withdraw", "seeker")

    assert given.wait(days=7).state == "refunded"


@pytest.mark.parametrize("how", ENDS)
def test_the_seeker_has_a_week_after_the_insiders_dispute_of_what_silence_confirmed(how: str) -> None:
    given = silent()
    given.command("dispute", "insider", reason="other")
    ENDS[how](given, "insider")

    given.work().wait(days=6.99)
    assert (given.state, given.sums.get("released")) == ("probation", None)
    given.wait(days=0.01)

    assert given.state == "settled"


def test_also_where_the_first_tranche_falls_due_by_its_day() -> None:
    """It waits for the seeker too, though its day was later than the week."""
    given = silent(tranches=[{"due_day": 8, "bps": 10_000}])
    given.command("dispute", "insider", reason="other")
    given.wait(days=20).command("withdraw", "insider")

    assert given.work().wait(days=6.99).state == "probation"
    assert given.wait(days=0.01).state == "settled"


def test_who_disputed_has_what_was_left() -> None:
    """Two of the seeker's seven days were over: they have five, no week, for they cannot dispute again."""
    given = silent().wait(days=2)
    given.command("dispute", "seeker", reason="not_hired")
    given.wait(days=1).command("withdraw", "seeker")

    assert given.timers["payout"] == given.clock.now() + timedelta(days=5)


def test_a_short_dispute_takes_nothing_away() -> None:
    given = ended()
    given.command("dispute", "insider", reason="other")
    at = given.timers["refund"]
    given.command("withdraw", "insider")

    assert given.timers["refund"] == at


def test_a_hire_that_silence_confirmed_in_a_dispute() -> None:
    """The seeker's week begins when the dispute is over."""
    given = Escrow().held()
    given.command("dispute", "insider", reason="other")
    given.wait(days=3)
    given.event("hire.confirmed", confirmed_by="silence")
    given.wait(days=9).command("withdraw", "insider")

    assert given.timers["payout"] == given.clock.now() + timedelta(days=7)


def test_the_day_of_a_tranche_is_no_wait() -> None:
    """The seeker confirmed it themselves: what fell due meanwhile is paid at once."""
    given = Escrow(tranches=THREE).confirmed().work()
    given.command("dispute", "insider", reason="other")
    given.wait(days=50).command("withdraw", "insider")

    assert given.work().emitted[-2:] == ["dispute.withdrawn", "escrow.released"]


def test_a_wait_that_was_over_stays_over() -> None:
    given = silent(tranches=HALVES).wait(days=7)
    given.command("dispute", "insider", reason="other")
    given.wait(days=30).command("withdraw", "insider")

    assert given.document and given.timers["payout"] == given.document["tranches"][1]["due_at"]
    assert given.document["tranches"][1]["due_at"].isoformat()[:10] == "2027-04-04"


def test_a_document_of_an_older_version_goes_on() -> None:
    """It does not say that silence confirmed it: the money is paid when the dispute ends, as before."""
    given = silent()
    given.command("dispute", "insider", reason="other")
    assert given.document
    del given.document["silent_until"]
    given.wait(days=8).command("withdraw", "insider")

    assert given.work().state == "settled"


def test_an_arbiters_release_does_not_wait_for_the_seeker() -> None:
    """Neither after it nor after a claim of the bank that came before all of it was paid."""
    given = silent(tranches=HALVES)
    given.accounts[INSIDER] = "acct_closed"
    given.command("dispute", "seeker", reason="not_hired")
    given.command("resolve", "arbiter", decision="release", reason="Hired.")
    charged_back(given.work())
    given.accounts[INSIDER] = "acct_test"

    assert given_back(given).wait(days=1).state == "settled"


def test_it_is_said() -> None:
    given = ended()
    given.command("dispute", "seeker", reason="other")
    assert given.document

    steps = explain(given.lifecycle, given.document, frozenset({"seeker", "opener"}), given.clock.now())

    (withdraw,) = [step for step in steps if step["name"] == "withdraw"]
    assert withdraw["note"] == "time to dispute has what was left of it; for who has not disputed 7 days at least"


# -- what a claim of the bank held up


def test_a_dispute_has_its_time_again_after_a_claim() -> None:
    """Of its 60 days two were over when the bank took the money; 70 days later there are 58."""
    given = silent()
    given.command("dispute", "seeker", reason="not_hired")
    charged_back(given.wait(days=2)).wait(days=70)

    given_back(given)

    assert given.state == "disputed" and given.document
    assert given.timers["dispute"] == given.document["dispute"]["expires_at"]
    assert given.timers["dispute"] == given.clock.now() + timedelta(days=58)


def test_and_a_week_at_least() -> None:
    given = silent()
    given.command("dispute", "seeker", reason="not_hired")
    charged_back(given.wait(days=59)).wait(days=70)

    assert given_back(given).timers["dispute"] == given.clock.now() + timedelta(days=7)


def test_the_insider_has_a_week_after_a_claim() -> None:
    """The seeker says that it ended, the bank takes the money and gives it back later than in a week."""
    given = charged_back(ended()).wait(days=30)

    given_back(given).wait(days=6.99)
    assert given.state == "probation"

    assert given.wait(days=0.01).state == "refunded"


def test_the_seeker_has_a_week_after_a_claim() -> None:
    given = charged_back(silent()).wait(days=30)

    assert given_back(given).wait(days=6.99).state == "probation"
    assert given.wait(days=0.01).state == "settled"


def test_an_end_that_was_told_during_a_claim_strikes_what_is_later() -> None:
    """Nothing of it is paid first: it is taken with the reversal."""
    given = charged_back(Escrow(tranches=THREE).confirmed().work()).wait(days=20)
    given.event("hire.ended", by="insider", on="2027-01-15")
    given.wait(days=40)

    given_back(given)

    assert given.state == "refunded" and given.document
    assert [tranche["status"] for tranche in given.document["tranches"]] == ["paid", "refunded", "refunded"]


# -- a refund that is refused for good


@pytest.fixture
def closed_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeker's card takes no refund any more."""
    before = ledger._refusal

    def refusal(*about: Any) -> str | None:
        return "card_closed" if any(getattr(each, "kind", "") == "refund" for each in about) else before(*about)

    monkeypatch.setattr(ledger, "_refusal", refusal)


def refused(account: str = "acct_closed") -> Escrow:
    """The half of day 0 could not be paid, the hire ended, and the other half cannot go back."""
    given = Escrow(tranches=HALVES)
    given.accounts[INSIDER] = account
    given.confirmed().work().event("hire.ended", by="employer", on="2027-01-05")
    return given.work()


@pytest.mark.usefixtures("closed_card")
def test_what_was_earned_is_paid_while_the_refund_is_refused() -> None:
    given = refused()
    assert given.state == "probation"
    given.accounts[INSIDER] = "acct_test"

    given.wait(days=1)

    assert given.sums == {"funded": 50_000, "held": 25_000, "released": 23_750, "fees": 1_250}
    assert given.wait(days=30).state == "refunding"
    given.check()
    given.check_provider()


@pytest.mark.usefixtures("closed_card")
def test_both_are_tried_daily_and_both_are_seen() -> None:
    """Neither hastens the other; staff see the payout, and where that can be made the refund."""
    given = refused().wait(days=30)
    assert given.document and given.document["closed"] == {"hold": 1, "release:0": 31, "refund": 31}
    assert given.document["blocked"]["reason"] == "account_closed"
    assert given.document["refund_blocked"]["reason"] == "card_closed"


@pytest.mark.usefixtures("closed_card")
def test_the_insider_may_dispute_while_the_refund_is_refused() -> None:
    """And an arbiter may give all of it to them; the refund is not tried any more then."""
    given = refused().wait(days=3)
    given.command("dispute", "insider", reason="It never ended.")
    given.accounts[INSIDER] = "acct_test"

    given.command("resolve", "arbiter", decision="release", reason="It never ended.")

    assert given.work().state == "settled" and given.document
    assert "refund_blocked" not in given.document and "blocked" not in given.document


@pytest.mark.usefixtures("closed_card")
def test_staff_see_a_refund_that_is_refused_beside_a_payout_that_waits() -> None:
    given = silent(tranches=HALVES)
    given.event("hire.ended", by="employer", on="2027-01-05")
    given.work()
    assert given.state == "probation" and given.document

    shown = listed("refused", given.document)

    assert (shown["what"], shown["amount"], shown["reason"]) == ("refund", 25_000, "card_closed")
    assert view(given.document)["blocked"]["reason"] == "card_closed"
    assert given.document["timers"]["refund"] == given.clock.now() + timedelta(days=1)
    assert given.document["timers"]["payout"] == given.clock.now() + timedelta(days=7)


@pytest.mark.usefixtures("closed_card")
def test_people_are_told_at_first_and_then_once_a_week() -> None:
    """Of payouts and refunds alike; the event comes each day."""
    given = refused().wait(days=20)

    for name, who in (
        ("escrow.release_refused", INSIDER),
        ("escrow.refund_refused", given.data("escrow.held")["seeker"]),
    ):
        said = [event["data"] for event in given.events if event["type"] == name]
        told = [index for index, data in enumerate(said) if people(name, data)]
        assert len(said) == 21 and told == [0, 7, 14]
        assert people(name, said[0]) == (who,)


def test_another_reason_is_told_at_once() -> None:
    given = Escrow(tranches=AT_ONCE)
    given.accounts[INSIDER] = "acct_closed"
    given.confirmed("tok_transfer_refused").wait(days=1)

    said = [event["data"] for event in given.events if event["type"] == "escrow.release_refused"]
    reasons = [data["reason"] for data in said]

    assert [data.get("repeated", False) for data in said] == [
        index > 0 and reasons[index - 1] == reason for index, reason in enumerate(reasons)
    ]


def test_a_payout_and_what_is_to_be_given_back_are_told_of_each_once() -> None:
    """Both are refused daily, for the same account: two mails a week, not two a day."""
    given = Escrow(tranches=AT_ONCE)
    given.accounts[INSIDER] = "acct_closed"
    given.confirmed().work()
    assert given.document
    given.document["set_off"] = 100
    given.document["timers"]["repay"] = given.document["due_at"] = given.clock.now()
    given.work().wait(days=6)

    said = [event["data"] for event in given.events if event["type"] == "escrow.release_refused"]
    assert len(said) == 14 and sum(not data.get("repeated", False) for data in said) == 2
    assert given.document["blocked"]["what"] == "release:0" and given.document["repay_blocked"]["what"] == "repay"


# -- what an answer that does not come held up


@contextmanager
def unanswered(given: Escrow) -> Iterator[None]:
    """The provider says nothing of what it is asked meanwhile."""
    ask = given.payments.carry_out
    given.payments.carry_out = lambda document: None  # type: ignore[method-assign]
    yield
    given.payments.carry_out = ask  # type: ignore[method-assign]


def test_the_insiders_time_does_not_run_while_a_payout_is_unanswered() -> None:
    """The seeker says that it ended; for eight of the insider's seven days nobody can dispute."""
    given = Escrow(tranches=THREE)
    given.accounts[INSIDER] = "acct_closed"
    given.confirmed().wait(days=10)
    given.event("hire.ended", by="seeker", on="2027-01-05")
    with unanswered(given):
        given.work().wait(days=8)
        assert given.state == "releasing"
        with pytest.raises(Refusal):
            given.command("dispute", "insider", reason="It goes on.")

    given.wait(days=6)

    assert (given.state, given.sums.get("refunded")) == ("probation", None)
    given.command("dispute", "insider", reason="It goes on.")


def test_the_seekers_time_does_not_run_while_a_refund_is_unanswered() -> None:
    """Silence confirmed the hire, and its end sends a half back, of which the provider says nothing for eight days."""
    given = silent(tranches=HALVES).wait(days=1)
    with unanswered(given):
        given.event("hire.ended", by="employer", on="2027-01-05")
        given.work().wait(days=8)
        assert given.state == "refunding"

    given.wait(minutes=2).wait(days=5.9)

    assert given.state == "probation" and given.sums == {"funded": 50_000, "held": 25_000, "refunded": 25_000}
    assert given.wait(days=0.2).sums.get("released") == 23_750


def test_a_quick_answer_moves_no_time() -> None:
    given = silent(tranches=HALVES).wait(days=1)
    with unanswered(given):
        given.event("hire.ended", by="employer", on="2027-01-05")
        given.work().wait(minutes=30)

    assert given.wait(minutes=2).wait(days=6).sums.get("released") == 23_750


@pytest.mark.usefixtures("closed_card")
def test_the_seeker_has_a_week_after_a_claim_that_came_while_a_refund_was_tried_again() -> None:
    given = silent(tranches=HALVES)
    given.event("hire.ended", by="employer", on="2027-01-05")
    given.work().wait(days=0.9)
    with unanswered(given):
        given.wait(days=0.2)
        assert given.state == "refunding"
        charged_back(given)
        assert given.state == "charged_back"
        given.wait(days=60)
    given_back(given).wait(days=6.9)

    assert given.state == "probation" and given.sums == {"funded": 50_000, "held": 50_000}
    assert given.wait(days=0.2).sums.get("released") == 23_750


# -- the bank gave back what was held


def test_a_payment_that_the_bank_gave_back_before_a_hire_goes_back_by_a_deadline() -> None:
    """Not at once: a hire may have been confirmed meanwhile, and wait to be read."""
    given = charged_back(Escrow().held())
    given.provider.reverse_chargeback(OFFER)
    given.provider.deliver_due()
    assert given.state == "held" and given.timers["refund"] == given.clock.now()

    given.event("hire.confirmed")

    assert given.work().state == "settled" and "refund" not in given.timers


def test_without_a_hire_it_goes_back_at_once() -> None:
    given = given_back(charged_back(Escrow().held()))

    assert given.state == "refunded" and given.sums == {"funded": 50_000, "refunded": 50_000}
    given.check()
    given.check_provider()
