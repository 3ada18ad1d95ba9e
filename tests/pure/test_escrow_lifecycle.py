"""The escrow's table, row by row: given this state, when that comes, expect this state and these events."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.escrow.lifecycle import BUSY, ESCROW, EVENTS, OUTCOMES, STATES
from services.escrow.provider.port import every
from shared.aggregate import Change, Refusal, Trigger
from shared.settings import Terms
from tests.support.escrow import AT_ONCE, INSIDER, THREE, Escrow

Given = Callable[[], Escrow]
REACH = "Pay me directly: anna@example.org, +1 416 555 0199"


def escrow(state: str) -> Escrow:
    """A usual escrow in that state."""
    made = Escrow(tranches=THREE)
    match state:
        case "awaiting":
            made.accepted()
        case "free":
            made = Escrow(price=0)
            made.accepted()
        case "funding":
            made.accepted().command("fund", "seeker", source="tok_visa")
        case "held":
            made.held()
        case "probation":
            made.confirmed().work()
        case "releasing":
            made.confirmed().fire()
        case "settled":
            made.confirmed().wait(days=100)
        case "refunding":
            made.held().event("offer.cancelled")
        case "refunded":
            made.held().event("offer.cancelled")
            made.work()
        case "disputed":
            made.held().command("dispute", "seeker", reason="not_hired")
        case "disputed in probation":
            made.confirmed().work().command("dispute", "seeker", reason="ended_early")
        case "splitting" | "split":
            made.confirmed().work().command("dispute", "seeker", reason="ended_early")
            made.command("resolve", "arbiter", decision="split", reason="Half was done.", insider_bps=5_000)
            if state == "split":
                made.work()
        case "repaying":
            set_off(made.confirmed()).wait(days=100)
            repaid(made).fire()
        case "lapsed":
            made.accepted().wait(hours=72)
        case "charged_back":
            made.held()
            made.provider.charge_back(made.document["_id"] if made.document else "")
            made.work()
    assert state == "new" or made.state == state.split(" ")[0]
    return made


def set_off(made: Escrow, amount: int = 700) -> Escrow:
    """The next payout falls due, and this much of it is kept for a loss (`services.escrow.clearance`)."""
    made.fire()
    assert made.document
    made.document["instruction"] |= {"cleared": True, "set_off": amount}
    return made


def repaid(made: Escrow) -> Escrow:
    """The bank gave the loss back: what was kept falls due (`services.escrow.repaying`)."""
    change = Change(made.document["_id"] if made.document else "", made.lifecycle, made.document, made.clock.now())
    change.schedule("repay", change.now)
    made.document = change.document()
    return made


LATER = "2027-01-26"
"""The hire's first day is 2027-01-04: the second tranche falls due on 2027-02-03, or 22 days later by this day."""


def postponed(made: Escrow, start_on: str, answer: str = "agreed") -> Escrow:
    """A later first day is proposed, and answered."""
    made.command("postpone", "insider", start_on=start_on)
    made.command("answer_postponement", "seeker", start_on=start_on, answer=answer)
    return made


PATHS: dict[str, tuple[str, Callable[[Escrow], object], str, list[str]]] = {
    "an accepted offer opens it": ("new", lambda e: e.event("offer.accepted"), "awaiting", ["escrow.opened"]),
    "the seeker funds it": ("awaiting", lambda e: e.command("fund", "seeker", source="tok_visa"), "funding", []),
    "the provider holds": ("funding", lambda e: e.work(), "held", ["escrow.held"]),
    "nobody funds it in time": ("awaiting", lambda e: e.wait(hours=72), "lapsed", ["escrow.lapsed"]),
    "just in time is in time": ("awaiting", lambda e: e.wait(hours=71.9), "awaiting", []),
    "called off before it is funded": ("awaiting", lambda e: e.event("offer.cancelled"), "lapsed", ["escrow.lapsed"]),
    "the hire starts the probation": (
        "held", lambda e: e.event("hire.confirmed"), "probation", ["escrow.probation_started"],
    ),
    "a tranche falls due": ("releasing", lambda e: e.work(), "probation", ["escrow.released"]),
    "the last tranche settles it": (
        "probation", lambda e: e.wait(days=100), "settled", ["escrow.released", "escrow.released", "escrow.settled"],
    ),
    "cancelled while held": ("held", lambda e: (e.event("offer.cancelled"), e.work()), "refunded", ["escrow.refunded"]),
    "lapsed while held": ("held", lambda e: (e.event("offer.lapsed"), e.work()), "refunded", ["escrow.refunded"]),
    "ended, says the insider": (
        "probation", lambda e: (e.event("hire.ended"), e.work()), "refunded", ["escrow.refunded"],
    ),
    "ended, says the seeker": (
        "probation", lambda e: (e.event("hire.ended", by="seeker"), e.wait(days=6.9)), "probation", [],
    ),
    "ended, says the seeker, and nobody disputes": (
        "probation", lambda e: (e.event("hire.ended", by="seeker"), e.wait(days=7)), "refunded", ["escrow.refunded"],
    ),
    "ended after the second tranche's day": (
        "probation", lambda e: (e.wait(days=40), e.event("hire.ended"), e.work()), "refunded",
        ["escrow.released", "escrow.refunded"],
    ),
    "a party disputes what is held, in words": (
        "held", lambda e: e.command("dispute", "seeker", reason="They never called."), "disputed", ["dispute.opened"],
    ),
    "a party disputes after the hire, with an address": (
        "probation", lambda e: e.command("dispute", "seeker", reason=REACH), "disputed", ["dispute.opened"],
    ),
    "a later first day, as late as a hire may start": (
        "probation", lambda e: e.command("postpone", "insider", start_on="2028-01-02"), "probation",
        ["escrow.postpone_proposed"],
    ),
    "a party disputes what is held": (
        "held", lambda e: e.command("dispute", "insider", reason="other"), "disputed", ["dispute.opened"],
    ),
    "the insider proposes a later first day": (
        "probation", lambda e: e.command("postpone", "insider", start_on=LATER), "probation",
        ["escrow.postpone_proposed"],
    ),
    "the seeker agrees to it, and the payouts follow": (
        "probation", lambda e: (postponed(e, LATER), e.wait(days=54)), "probation",
        ["escrow.postpone_proposed", "escrow.postponed"],
    ),
    "and fall due by the later day": (
        "probation", lambda e: (postponed(e, LATER), e.wait(days=55)), "probation",
        ["escrow.postpone_proposed", "escrow.postponed", "escrow.released"],
    ),
    "the seeker declines it, and the day stays": (
        "probation", lambda e: (postponed(e, LATER, "declined"), e.wait(days=33)), "probation",
        ["escrow.postpone_proposed", "escrow.postpone_declined", "escrow.released"],
    ),
    "a later first day in vain: the hire ends": (
        "probation", lambda e: (postponed(e, LATER), e.event("hire.ended", on="2027-02-10"), e.work()), "refunded",
        ["escrow.postpone_proposed", "escrow.postponed", "escrow.refunded"],
    ),
    "the opener withdraws": ("disputed", lambda e: e.command("withdraw", "seeker"), "held", ["dispute.withdrawn"]),
    "the opener withdraws, in probation": (
        "disputed in probation", lambda e: e.command("withdraw", "seeker"), "probation", ["dispute.withdrawn"],
    ),
    "nobody decides": ("disputed", lambda e: e.wait(days=60), "held", ["dispute.expired"]),
    "the arbiter returns it": (
        "disputed in probation",
        lambda e: e.command("resolve", "arbiter", decision="return", reason="Nothing to see."),
        "probation", ["dispute.resolved"],
    ),
    "the arbiter refunds it": (
        "disputed", lambda e: (e.command("resolve", "arbiter", decision="refund", reason="No hire."), e.work()),
        "refunded", ["dispute.resolved", "escrow.refunded"],
    ),
    "the arbiter splits it": ("splitting", lambda e: e.work(), "split", ["escrow.split"]),
    "the arbiter releases it": (
        "disputed in probation",
        lambda e: (e.command("resolve", "arbiter", decision="release", reason="All was done."), e.work()),
        "settled", ["dispute.resolved", "escrow.released", "escrow.released", "escrow.settled"],
    ),
    "the hire is confirmed during a dispute": (
        "disputed", lambda e: e.event("hire.confirmed"), "disputed", ["escrow.probation_started"],
    ),
    "and goes on from there": (
        "disputed", lambda e: (e.event("hire.confirmed"), e.command("withdraw", "seeker"), e.work()),
        "probation", ["escrow.probation_started", "dispute.withdrawn", "escrow.released"],
    ),
    "cancelled during a dispute waits": ("disputed", lambda e: e.event("offer.cancelled"), "disputed", []),
    "and is taken after it": (
        "disputed", lambda e: (e.event("offer.cancelled"), e.command("withdraw", "seeker"), e.work()),
        "refunded", ["dispute.withdrawn", "escrow.refunded"],
    ),
    "a charged back escrow that was held is refunded": (
        "charged_back", lambda e: (e.provider.reverse_chargeback(str(e.document and e.document["_id"])), e.work()),
        "refunded", ["escrow.chargeback_reversed", "escrow.refunded"],
    ),
    "the hire is confirmed during a chargeback": (
        "charged_back", lambda e: e.event("hire.confirmed"), "charged_back", ["escrow.probation_started"],
    ),
    "and is paid when that is reversed": (
        "charged_back",
        lambda e: (
            e.event("hire.confirmed"), e.provider.reverse_chargeback(str(e.document and e.document["_id"])), e.work(),
        ),
        "probation", ["escrow.probation_started", "escrow.chargeback_reversed", "escrow.released"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_row(path: str) -> None:
    """Each row of the table does what it says, and the books are right after it."""
    state, when, then, events = PATHS[path]
    given = escrow(state)
    before = len(given.events)

    when(given)

    assert (given.state, given.emitted[before:]) == (then, events)
    given.check()
    given.check_provider()
    assert given.dead == []


@pytest.mark.parametrize(
    "before", ["held", "probation", "disputed", "disputed in probation", "settled", "split", "refunded"]
)
def test_chargeback(before: str) -> None:
    """From every state of rest a chargeback takes what is held; the rest is a loss, until it is reversed.

    Where the hire is not known the money is then refunded, for the chargeback has closed the offer.
    """
    given = escrow(before)
    sums = given.sums

    given.provider.charge_back(given.data("escrow.held")["offer_id"])
    given.work()

    assert given.state == "charged_back"
    assert given.data("escrow.charged_back")["before"] == before.split()[0]
    assert given.document is not None
    assert "held" not in given.sums
    given.check()
    given.check_provider()

    given.provider.reverse_chargeback(given.document["_id"])
    given.work()

    refunded = before in ("held", "disputed")
    assert given.state == ("refunded" if refunded else before.split()[0])
    assert refunded or given.sums == sums
    assert given.document["loss"] == 0
    given.check()
    given.check_provider()


def test_nothing_is_fully_empty() -> None:
    """Each (state, event or outcome) has a row that always holds, or an answer."""
    assert ESCROW.empty_cells() == []


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", EVENTS[:5])
def test_every_cell_answers(state: str, name: str) -> None:
    """Every event in every state: it never raises, only busy states park without end, and a repeat changes nothing."""
    given = escrow(state)

    verdict = given.event(name, event_id="e-once-more")

    assert verdict.outcome in ("taken", "ignored", "parked", "rejected")
    assert state not in BUSY or verdict.outcome == "parked"
    version = given.document and given.document["version"]
    again = given.event(name, event_id="e-once-more")
    assert again.outcome == ("rejected" if verdict.outcome == "rejected" else "duplicate")
    assert (given.document and given.document["version"]) == version
    given.check()


@pytest.mark.parametrize("state", [s for s in STATES if s not in ("awaiting", "new")])
def test_fund_only_once(state: str) -> None:
    """Only what awaits its money can be funded; with an instruction open the answer is to come again."""
    given = escrow(state)

    with pytest.raises(Refusal) as refused:
        given.command("fund", "seeker", source="tok_visa")

    assert refused.value.kind == ("busy" if state in BUSY else "state")


REFUSED: dict[str, tuple[str, str, str, dict[str, object], str, str]] = {
    "the insider does not fund": ("awaiting", "fund", "insider", {"source": "tok_visa"}, "forbidden", "role"),
    "an arbiter does not fund": ("awaiting", "fund", "arbiter", {"source": "tok_visa"}, "forbidden", "role"),
    "staff do not dispute": ("held", "dispute", "arbiter", {"reason": "other"}, "forbidden", "role"),
    "the other does not withdraw": ("disputed", "withdraw", "insider", {}, "forbidden", "role"),
    "a party does not decide": (
        "disputed", "resolve", "seeker", {"decision": "refund", "reason": "mine"}, "forbidden", "role",
    ),
    "an operator does not decide": (
        "disputed", "resolve", "operator", {"decision": "refund", "reason": "r"}, "forbidden", "role",
    ),
    "no split before the hire": (
        "disputed", "resolve", "arbiter", {"decision": "split", "reason": "r", "insider_bps": 1}, "rule",
        "hire-confirmed",
    ),
    "no release before the hire": (
        "disputed", "resolve", "arbiter", {"decision": "release", "reason": "r"}, "rule", "hire-confirmed",
    ),
    "the seeker does not propose a later first day": (
        "probation", "postpone", "seeker", {"start_on": LATER}, "forbidden", "role",
    ),
    "no earlier first day": ("probation", "postpone", "insider", {"start_on": "2027-01-03"}, "rule", "later-start"),
    "not the same day": ("probation", "postpone", "insider", {"start_on": "2027-01-04"}, "rule", "later-start"),
    "not later than a hire may start": (
        "probation", "postpone", "insider", {"start_on": "2028-01-03"}, "rule", "later-start",
    ),
    "no later first day in a dispute": (
        "disputed in probation", "postpone", "insider", {"start_on": LATER}, "state", "state",
    ),
    "no later first day while the provider is asked": (
        "releasing", "postpone", "insider", {"start_on": LATER}, "busy", "instruction-open",
    ),
    "no answer where nothing is proposed": (
        "probation", "answer_postponement", "seeker", {"start_on": LATER, "answer": "agreed"}, "state", "condition",
    ),
    **{
        f"no way to reach each other in the {role}'s dispute before the hire": (
            "held", "dispute", role, {"reason": REACH}, "rule", "no-contact-data",
        )
        for role in ("insider", "seeker")
    },
    "no dispute of what is over": ("settled", "dispute", "seeker", {"reason": "other"}, "state", "state"),
    "no dispute while the provider is asked": (
        "releasing", "dispute", "seeker", {"reason": "other"}, "busy", "instruction-open",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    """What may not be is refused by name, and nothing has changed."""
    state, command, role, data, kind, rule = REFUSED[case]
    given = escrow(state)
    document = given.document

    with pytest.raises(Refusal) as refused:
        given.command(command, role, **data)

    assert (refused.value.kind, refused.value.rule) == (kind, rule)
    assert given.document == document


def test_what_is_due_or_paid_does_not_move() -> None:
    """The day that the seeker agreed to moves what is to come; day 0 and a blocked payout stay as they were."""
    given = Escrow(tranches=THREE).confirmed("tok_transfer_refused")
    given.work()
    blocked = given.document and given.document["blocked"]

    postponed(given, LATER)

    assert given.document is not None
    days = [tranche["due_at"].date().isoformat() for tranche in given.document["tranches"]]
    assert days == ["2027-01-01", "2027-02-25", "2027-04-26"]
    assert given.document["blocked"] == blocked
    assert given.document["due_at"] == given.document["blocked"]["again_at"]
    assert given.data("escrow.postponed")["start_on"] == given.document["start_on"] == LATER


def test_a_tranche_at_its_very_time_is_due() -> None:
    """It does not move any more, also where its timer has not fired yet; the next one does."""
    given = escrow("probation")
    given.command("postpone", "insider", start_on=LATER)
    given.clock.advance(timedelta(days=33))

    given.command("answer_postponement", "seeker", start_on=LATER, answer="agreed")

    assert given.document is not None
    days = [tranche["due_at"].date().isoformat() for tranche in given.document["tranches"]]
    assert days == ["2027-01-01", "2027-02-03", "2027-04-26"]
    assert given.work().emitted[-2:] == ["escrow.postponed", "escrow.released"]


@pytest.mark.parametrize("wait", [0, 91], ids=["all at once", "all but the last is paid, and that is due"])
def test_no_later_first_day_without_payouts_to_come(wait: int) -> None:
    """Where no payout would move there is nothing to propose."""
    given = Escrow(tranches=THREE if wait else AT_ONCE).confirmed("tok_transfer_refused")
    given.clock.advance(timedelta(days=wait + 3))

    with pytest.raises(Refusal) as refused:
        given.command("postpone", "insider", start_on=LATER)

    assert (refused.value.kind, refused.value.rule) == ("state", "payouts-to-come")


def test_no_later_first_day_after_the_hire_ended() -> None:
    """A proposal that was made before it is not agreed to any more."""
    given = Escrow(tranches=THREE).confirmed().work()
    given.command("postpone", "insider", start_on=LATER)
    given.event("hire.ended", by="seeker")

    with pytest.raises(Refusal) as refused:
        given.command("answer_postponement", "seeker", start_on=LATER, answer="agreed")

    assert refused.value.rule == "payouts-to-come"


def test_only_the_day_that_is_proposed_is_agreed_to() -> None:
    """A new proposal takes the place of the one before; an answer to the older one is refused, and so is a second."""
    given = escrow("probation")
    given.command("postpone", "insider", start_on="2027-02-01")
    given.command("postpone", "insider", start_on=LATER)

    with pytest.raises(Refusal) as refused:
        given.command("answer_postponement", "seeker", start_on="2027-02-01", answer="agreed")
    given.command("answer_postponement", "seeker", start_on=LATER, answer="agreed")
    with pytest.raises(Refusal) as again:
        given.command("answer_postponement", "seeker", start_on=LATER, answer="declined")

    assert (refused.value.rule, again.value.rule) == ("proposed-start", "condition")


def test_a_later_first_day_is_proposed_five_times_at_most() -> None:
    """Answered or not; a sixth proposal is refused by name."""
    given = escrow("probation")
    for day in range(5, 10):
        given.command("postpone", "insider", start_on=f"2027-01-{day:02}")

    with pytest.raises(Refusal) as refused:
        given.command("postpone", "insider", start_on="2027-01-10")

    assert refused.value.rule == "postponements-bound"


def test_a_proposal_outlives_a_dispute() -> None:
    """It can be agreed to when the dispute is over."""
    given = escrow("probation")
    given.command("postpone", "insider", start_on=LATER)
    given.command("dispute", "seeker", reason="other")
    with pytest.raises(Refusal):
        given.command("answer_postponement", "seeker", start_on=LATER, answer="agreed")
    given.command("withdraw", "seeker")

    given.command("answer_postponement", "seeker", start_on=LATER, answer="agreed")

    assert given.document is not None and given.document["start_on"] == LATER


def test_one_dispute_a_party() -> None:
    """Each party may dispute once."""
    given = escrow("disputed")
    given.command("withdraw", "seeker")

    with pytest.raises(Refusal) as refused:
        given.command("dispute", "seeker", reason="not_hired")
    given.command("dispute", "insider", reason="Text of their own.")

    assert refused.value.rule == "one-dispute-a-party"
    assert given.data("dispute.opened") | {"by": "insider", "reason": "other"} == given.data("dispute.opened")


def test_ten_attempts() -> None:
    """A declined card may be tried again; ten times in all."""
    given = Escrow().accepted()
    for _ in range(10):
        given.command("fund", "seeker", source="tok_declined")
        given.work()

    with pytest.raises(Refusal) as refused:
        given.command("fund", "seeker", source="tok_visa")

    assert refused.value.rule == "fund-attempts"
    assert given.emitted == ["escrow.opened"] + ["escrow.declined"] * 10
    assert given.data("escrow.declined")["reason"] == "card_declined"
    assert given.wait(hours=72).state == "lapsed"


def test_the_deadline_is_outside_the_window() -> None:
    """A window is [start, deadline): at the deadline itself it is too late, also where the timer has not fired."""
    given = escrow("awaiting")
    given.clock.advance(timedelta(hours=72))

    with pytest.raises(Refusal) as refused:
        given.command("fund", "seeker", source="tok_visa")

    assert refused.value.rule == "deadline"


def test_price_zero_has_no_money() -> None:
    """Help free of charge: an escrow without events, that ignores all."""
    given = escrow("free")
    for name in EVENTS[1:5]:
        assert given.event(name).outcome == "ignored"

    assert given.work().state == "free"
    assert given.emitted == []


def test_never_accepted_gets_no_document() -> None:
    """An offer that was called off before anybody accepted it leaves no trace here."""
    given = Escrow()

    assert given.event("offer.cancelled", accepted_at=None).outcome == "ignored"
    assert given.document is None


def test_tranches_fees_and_rounding() -> None:
    """Thirds of 1.01 with 5 %: the fee is one of the whole, spread; the last tranche takes what rounding left."""
    given = Escrow(price=101, tranches=THREE).confirmed()
    given.wait(days=100)

    released = [event["data"] for event in given.events if event["type"] == "escrow.released"]
    assert [(r["tranche"], r["amount"], r["fee"]) for r in released] == [(0, 32, 1), (1, 31, 2), (2, 33, 2)]
    assert given.sums == {"funded": 101, "released": 96, "fees": 5}
    assert {r["hire_event_id"] for r in released} == {"e-hire.confirmed"}


def test_tranches_fall_due_by_days_from_the_start() -> None:
    """Day 30 is 30 days after `start_on`, at midnight UTC; day 0 is when the hire is confirmed."""
    given = Escrow(tranches=THREE).confirmed()
    given.work()

    assert given.document is not None
    days = [tranche["due_at"].isoformat() for tranche in given.document["tranches"]]
    assert days == ["2027-01-01T00:00:00+00:00", "2027-02-03T00:00:00+00:00", "2027-04-04T00:00:00+00:00"]
    assert given.document["due_at"] == given.document["tranches"][1]["due_at"]


def test_nothing_is_instructed_for_nothing() -> None:
    """A price of 1 in three: two tranches of 0 are passed over."""
    given = Escrow(price=1, tranches=THREE).confirmed()
    given.wait(days=100)

    assert given.state == "settled"
    assert [t.instruction.amount for t in every(given.provider.transfers)] == [1, 1]


def test_a_refused_payout_is_tried_again_daily() -> None:
    """A refused payout blocks the tranche with its reason; the same tranche is tried again, as a new instruction."""
    given = Escrow(tranches=AT_ONCE).confirmed("tok_transfer_refused").work()

    assert given.state == "probation"
    assert given.document is not None and given.document["blocked"]["reason"] == "transfer_refused"
    given.wait(days=2)
    assert given.state == "settled"
    assert given.document["_id"] and "blocked" not in given.document
    assert given.emitted[-4:] == [
        "escrow.release_refused", "escrow.release_refused", "escrow.released", "escrow.settled",
    ]  # fmt: skip
    given.check_provider()


def test_a_blocked_payout_can_be_disputed_and_struck() -> None:
    """While a payout is blocked, the end of the hire is heard: a later tranche is struck, not tried again."""
    given = Escrow(tranches=[{"due_day": 30, "bps": 10_000}]).confirmed("tok_transfer_refused")
    given.wait(days=33.5)
    assert given.emitted[-1] == "escrow.release_refused"

    given.event("hire.ended", on="2027-01-20")
    given.work()

    assert given.state == "refunded"
    given.check_provider()


def test_a_refused_refund_is_tried_again_daily() -> None:
    """A refused refund stays what it is, blocked, and is tried again."""
    given = Escrow().held("tok_refund_refused")
    given.event("offer.cancelled")
    given.work()

    assert (given.state, given.emitted[-1]) == ("refunding", "escrow.refund_refused")
    assert given.wait(days=2).state == "refunded"
    given.check_provider()


def test_what_was_earned_is_paid_though_the_hire_ended() -> None:
    """The seeker has the struck tranches back at once; an earned one that is blocked is still paid, and ends it."""
    given = Escrow(tranches=THREE).confirmed("tok_transfer_refused").work()
    given.event("hire.ended")
    given.work()

    assert (given.state, given.emitted[-1]) == ("probation", "escrow.refunded")
    given.wait(days=3)
    assert (given.state, given.emitted[-1]) == ("refunded", "escrow.released")
    assert given.sums == {"funded": 50_000, "released": 15_832, "fees": 833, "refunded": 33_335}
    given.check()
    given.check_provider()


def test_a_release_that_an_arbiter_decided_is_not_taken_back() -> None:
    """After it neither a dispute nor the end of the hire stops what is left."""
    given = Escrow(tranches=THREE).confirmed("tok_transfer_refused").work()
    given.command("dispute", "insider", reason="other")
    given.command("resolve", "arbiter", decision="release", reason="All was done.")
    given.work()

    with pytest.raises(Refusal) as refused:
        given.command("dispute", "seeker", reason="other")
    assert refused.value.rule == "decided"
    assert given.event("hire.ended").outcome == "ignored"
    assert given.wait(days=3).state == "settled"


def test_split() -> None:
    """A split pays the insider's share less the fee, and gives back the rest, in one instruction."""
    given = Escrow(tranches=[{"due_day": 30, "bps": 10_000}]).confirmed()
    given.command("dispute", "seeker", reason="help_not_given")
    given.command("resolve", "arbiter", decision="split", reason="A third.", insider_bps=3_333)
    given.work()

    assert given.state == "split"
    assert given.sums == {"funded": 50_000, "released": 15_832, "fees": 833, "refunded": 33_335}
    assert given.document is not None and given.document["decisions"][0]["reason"] == "A third."
    given.check()
    given.check_provider()


def test_timers_freeze_in_a_dispute() -> None:
    """A tranche that falls due during a dispute waits, and is paid when it ends."""
    given = escrow("disputed in probation")
    given.wait(days=50)
    assert given.emitted[-1] == "dispute.opened"

    given.command("withdraw", "seeker")
    given.work()

    assert given.emitted[-2:] == ["dispute.withdrawn", "escrow.released"]


def test_an_outcome_of_another_instruction_is_refused() -> None:
    """An outcome that nobody asked for moves nothing."""
    given = escrow("funding")
    data = {"instruction_id": "other:hold:1", "amount": 50_000}

    verdict = given.fold(Trigger("hold.succeeded", "other:hold:1:succeeded", "outcome", given.clock.now(), data))

    assert verdict.outcome == "rejected"
    assert given.state == "funding"


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_with_nothing_open_is_refused(outcome: str) -> None:
    """At rest no outcome is expected."""
    given = escrow("held")
    trigger = Trigger(outcome, f"x:{outcome}", "outcome", given.clock.now(), {"instruction_id": "x", "amount": 1})

    assert given.fold(trigger).outcome == "rejected"


def test_the_provider_moved_another_amount() -> None:
    """Then nothing is booked: the books break loudly."""
    given = escrow("funding")
    assert given.document is not None
    data = {"instruction_id": given.document["instruction"]["id"], "amount": 1}

    with pytest.raises(Exception, match="the provider moved 1"):
        given.fold(Trigger("hold.succeeded", "x", "outcome", given.clock.now(), data))


def test_terms_are_settings() -> None:
    """The window to fund is the one of the settings."""
    given = Escrow(Terms(fund_within=timedelta(hours=1))).accepted()

    assert given.wait(hours=1).state == "lapsed"


def test_the_insider_is_paid() -> None:
    """The payout goes to the insider, less the fee, and names the hold it comes from."""
    given = Escrow().confirmed().work()

    (_, paid) = [transfer.instruction for transfer in every(given.provider.transfers)]
    assert (paid.payee, paid.to_payee, paid.fee) == (INSIDER, 47_500, 2_500)
    assert paid.hold_id == f"{paid.offer_id}:hold:1"
