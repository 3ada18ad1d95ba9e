"""What a hire's end strikes and what stays earned, the day itself as a boundary, and a hire that silence confirmed."""

from datetime import timedelta
from typing import Any

import pytest

from shared.aggregate import Change, Trigger
from shared.settings import Terms
from tests.support.escrow import AT_ONCE, OFFER, Escrow, offer

START = "2027-01-04"
PLAN = [{"due_day": 0, "bps": 2_500}, {"due_day": 10, "bps": 2_500}, {"due_day": 40, "bps": 5_000}]
BLOCKED = "acct_closed"


def statuses(given: Escrow) -> list[str]:
    return [tranche["status"] for tranche in (given.document or {})["tranches"]]


def blocked(**offered: Any) -> Escrow:
    """Hired on the first of January; nothing could be paid yet: the insider's account is closed."""
    given = Escrow(tranches=PLAN, **offered)
    given.accounts["p_" + "1" * 32] = BLOCKED
    return given.confirmed()


@pytest.mark.parametrize("by", ["seeker", "employer"])
@pytest.mark.parametrize("on", [START, "2027-01-13"])
def test_what_was_due_before_it_was_told_stays_due(by: str, on: str) -> None:
    """On day 20 the seeker says that it ended on the first day: the part of day 10 was earned when that was told."""
    given = blocked().wait(days=20)

    given.event("hire.ended", by=by, on=on)

    assert statuses(given) == ["waiting", "waiting", "struck"]


def test_the_insider_gives_up_what_was_due() -> None:
    """Both say so: the seeker first, then the insider agrees."""
    given = blocked().wait(days=20)
    given.event("hire.ended", by="seeker", on=START)

    given.event("hire.ended", "e-agreed", by="insider", on=START)

    assert statuses(given) == ["waiting", "struck", "struck"]
    given.check()


def test_an_arbiter_gives_it_back() -> None:
    given = blocked().wait(days=20)
    given.event("hire.ended", by="seeker", on=START)
    given.command("dispute", "seeker", reason="ended_early")

    given.command("resolve", "arbiter", decision="refund", reason="It never began.")

    assert given.work().state == "refunded" and given.sums == {"funded": 50_000, "refunded": 50_000}


@pytest.mark.parametrize(
    ("on", "status"), [("2027-01-13", "struck"), ("2027-01-14", "waiting"), ("2027-01-15", "waiting")]
)
@pytest.mark.parametrize("by", ["insider", "seeker"])
def test_the_very_day_of_a_tranche_is_earned(by: str, on: str, status: str) -> None:
    """Day 10 of a job that began on January 4 is January 14: who worked on that day has earned it."""
    given = blocked().wait(days=5)

    given.event("hire.ended", by=by, on=on)

    assert statuses(given) == ["waiting", status, "struck"]


@pytest.mark.parametrize(("early", "status"), [(timedelta(), "waiting"), (timedelta(milliseconds=1), "struck")])
def test_what_counts_is_when_it_was_said_not_when_it_is_taken(early: timedelta, status: str) -> None:
    """The event waits two days in Kafka, over the beginning of January 14; at that very moment the part is due."""
    given = blocked().wait(days=13)
    said_at = given.clock.now() - early
    given.clock.advance(timedelta(days=2))
    change = Change(OFFER, given.lifecycle, given.document, given.clock.now())

    data = offer("ended", tranches=PLAN) | {"by": "seeker", "on": START}
    given.lifecycle.fold(change, Trigger("hire.ended", "e-late", "event", said_at, data))

    assert [tranche["status"] for tranche in change["tranches"]] == ["waiting", status, "struck"]


def test_the_days_to_dispute_an_end_begin_when_it_is_taken() -> None:
    given = blocked().wait(days=1)
    change = Change(OFFER, given.lifecycle, given.document, given.clock.now())
    data = offer("ended", tranches=PLAN) | {"by": "seeker", "on": START}

    given.lifecycle.fold(change, Trigger("hire.ended", "e-late", "event", given.clock.now() - timedelta(days=6), data))

    assert change["refund_at"] == given.clock.now() + Terms().ended_refund_after


# -- a hire that silence confirmed


def silent(days: int = 7, tranches: list[dict[str, int]] = AT_ONCE, **hire: Any) -> Escrow:
    given = Escrow(Terms(silence_payout_after=timedelta(days=days)), tranches=tranches).held()
    given.event("hire.confirmed", confirmed_by="silence", **hire)
    return given.work()


@pytest.mark.parametrize("days", [7, 3])
def test_silence_pays_only_after_a_time_to_dispute_it(days: int) -> None:
    given = silent(days)

    given.wait(days=days - 0.001)
    assert given.state == "probation" and not given.sums.get("released")
    given.wait(days=0.001)

    assert given.state == "settled"


@pytest.mark.parametrize("confirmed_by", ["seeker", "employer", "ats", "arbiter"])
def test_who_speaks_is_paid_for_at_once(confirmed_by: str) -> None:
    given = Escrow().held()
    given.event("hire.confirmed", confirmed_by=confirmed_by)

    assert given.work().state == "settled"


def test_every_tranche_that_is_due_already_waits() -> None:
    """The job began 25 days back: neither the part of day 0 nor that of day 10 is paid at once."""
    given = silent(tranches=PLAN, start_on="2026-12-07")

    assert statuses(given) == ["waiting"] * 3
    given.wait(days=7)

    assert statuses(given) == ["paid", "paid", "waiting"]


def test_the_seeker_disputes_it_in_time() -> None:
    given = silent().wait(days=6.9)

    given.command("dispute", "seeker", reason="not_hired")
    given.command("resolve", "arbiter", decision="refund", reason="No such hire.")

    assert given.work().state == "refunded" and given.sums == {"funded": 50_000, "refunded": 50_000}


def test_the_time_begins_when_the_hire_is_taken() -> None:
    """Nobody could dispute what waited in Kafka."""
    given = Escrow().held()
    given.clock.advance(timedelta(days=8))

    given.event("hire.confirmed", confirmed_by="silence", confirmed_at="2027-01-01T00:00:00.000Z")

    assert given.timers["payout"] == given.clock.now() + timedelta(days=7)


def test_begin_travels_with_the_payment() -> None:
    """What the last try says counts, and it is in the event only where the seeker begins."""
    for tries, expected in (
        ([{}], None),
        ([{"begin": True}], True),
        ([{"begin": True}, {}], None),
        ([{"begin": False}], None),
    ):
        given = Escrow()
        given.event("offer.accepted")
        for more in tries[:-1]:
            given.command("fund", "seeker", source="tok_declined", **more)
            given.work()
        given.command("fund", "seeker", source="tok_visa", **tries[-1])
        given.work()

        assert given.data("escrow.held").get("begin") == expected
