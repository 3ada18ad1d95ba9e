"""What an offer keeps and says, and what a dispute of its escrow does to its deadlines."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.escrow.plan import dated, planned
from services.matching.offer import prices, rules
from services.matching.offer.holding import longest_hold
from services.matching.offer.lifecycle import STATES
from services.matching.offer.views import view
from shared.aggregate import Change, Refusal
from shared.settings import Terms
from tests.support.matching import (
    INSIDER,
    LETTER,
    LISTING_ID,
    OFFER_ID,
    SEEKER,
    START,
    STRANGER,
    Offer,
    claim,
    confirm,
    counter,
    listing,
    proved,
    usual,
)

Step = Callable[[Offer], object]


def reject(offer: Offer) -> None:
    offer.command("reject_hire", "seeker")


def disputed(state: str, number: int = 3) -> Offer:
    offer = usual(state)
    offer.escrow("dispute.opened", number, "disputed")
    return offer


# -- what the document and the events say


def test_it_keeps_the_terms_it_was_made_on() -> None:
    """An offer has the listing's price, tranches and fee of when it was made."""
    offer = Offer(Terms(fee_bps=700)).propose(help=("coaching", "good_word"))

    kept = {"help": ["coaching", "good_word"], "price": 50_000, "currency": "EUR", "fee_bps": 700}
    parties = {"offer_id": OFFER_ID, "listing_id": LISTING_ID, "insider": INSIDER, "seeker": SEEKER}
    made = {**parties, **kept, "tranches": [{"due_day": 0, "bps": 10_000}], "status": "proposed", "accepted_at": None}
    assert offer.data("offer.made") == made
    offer.command("accept", "insider")
    assert offer.data("offer.accepted") == made | {
        "status": "accepted", "by": "insider", "accepted_at": "2027-01-01T00:00:00.000Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("price", "pay", "currency", "most"),
    [
        (50_000, {"min": 5_500_000, "max": 7_000_000, "per": "year"}, "EUR", 100_000),
        (10, {"min": 2_000_000, "max": 7_000_000, "per": "year"}, "EUR", 40_000),
        (10, {"min": 1_000, "max": 1_000, "per": "hour"}, "EUR", 41_600),
        (60_000, {"min": 2_000_000, "max": 2_000_000, "per": "year"}, "EUR", 60_000),
        (0, {"min": 2_000_000, "max": 2_000_000, "per": "year"}, "EUR", 0),
        (0, {"min": 2_000_000, "max": 2_000_000, "per": "year"}, "USD", 0),
    ],
)
def test_the_most_that_help_may_cost(price: int, pay: dict[str, Any], currency: str, most: int) -> None:
    assert prices.most(listing(price, pay=pay, currency=currency), ["coaching"]) == most


@pytest.mark.parametrize(
    ("more", "most"),
    [
        ({"fixed_help": ["coaching"]}, 50_000),
        ({"fixed_help": ["good_word"]}, 100_000),
        ({"fixed_help": []}, 100_000),
        ({"country": "CA"}, 50_000),
        ({}, 100_000),
    ],
)
def test_help_that_is_fixed_costs_what_it_is_listed_at(more: dict[str, Any], most: int) -> None:
    assert prices.most(listing(50_000, **more), ["coaching"]) == most


@pytest.mark.parametrize(("country", "most"), [("NL", 50_000), ("CA", 50_000), ("DE", 50_000)])
def test_what_an_older_version_copied_is_fixed_by_the_shipped_rules(country: str, most: int) -> None:
    """A word for an employer: free alone in the Netherlands, by the employer's own consent in Canada, and free here in
    Germany, where the insider would have to say who agreed to a price.
    """
    help_ = [{"kind": "coaching", "price": 50_000}, {"kind": "good_word", "price": 0}]

    assert prices.most(listing(country=country, help=help_), ["coaching", "good_word"]) == most


def test_a_counter_offer_down_to_nothing() -> None:
    """What is agreed at price 0 needs no money, whatever it was listed at."""
    offer = Offer().propose()
    counter(offer, "insider", 0)

    offer.command("accept", "seeker")

    assert (offer.state, offer["escrow_status"], offer.data("offer.activated")["price"]) == ("active", "free", 0)
    assert offer.data("offer.accepted")["status"] == "accepted"


def test_who_did_it() -> None:
    """Events and the document name whose doing it was; staff's is audited, with the reason."""
    by_staff = usual("active")
    by_staff.command("cancel", "moderator", reason="Fraud.")
    by_listing = usual("active")
    by_listing.listing_ends("removed")

    assert (by_staff.data("offer.cancelled")["by"], by_staff.data("offer.cancelled")["reason"]) == ("staff", "staff")
    assert by_staff["audit"] == [{"by": STRANGER, "at": by_staff.clock.now(), "action": "cancel", "reason": "Fraud."}]
    assert by_staff["cancelled"]["reason"] == "Fraud."
    assert "Fraud." not in str(by_staff.events)
    assert by_listing.data("offer.cancelled")["reason"] == by_listing["cancelled"]["code"] == "listing_removed"
    assert usual("cancelled").data("offer.cancelled")["reason"] == "alone"
    arbiter = usual("active")
    confirm(arbiter, "arbiter", reason="A contract.")
    assert [entry["action"] for entry in arbiter["audit"]] == ["confirm_hire"]


@pytest.mark.parametrize(
    ("given", "step", "by", "grade", "start_on"),
    [
        ("active", confirm, "seeker", 0, START),
        ("active", lambda o: (claim(o, LETTER), confirm(o)), "seeker", 1, START),
        ("active", lambda o: confirm(o, "employer"), "employer", 3, START),
        ("active", lambda o: confirm(o, "ats"), "ats", 3, START),
        ("active", lambda o: (claim(o, LETTER), confirm(o, "arbiter", reason="x")), "arbiter", 1, START),
        ("active", lambda o: (proved(o), o.wait(days=14)), "silence", 2, START),
    ],
)  # fmt: skip
def test_what_the_hire_says(given: str, step: Step, by: str, grade: int, start_on: str) -> None:
    offer = usual(given)

    step(offer)

    said = offer.data("hire.confirmed")
    assert (said["confirmed_by"], said["evidence_grade"], said["start_on"]) == (by, grade, start_on)
    assert said["status"] == "hired"
    assert offer["hire"]["confirmed_at"] == offer.clock.now()


@pytest.mark.parametrize(
    ("kinds", "verified", "grade"),
    [
        ([], False, 0),
        (["word"], False, 0),
        (["word"], True, 0),
        (["contract"], False, 1),
        (["word", "payslip"], False, 1),
        (["message"], True, 2),
        ([], True, 0),
    ],
)
def test_grade_of_evidence(kinds: list[str], verified: bool, grade: int) -> None:
    assert rules.grade([{"kind": kind} for kind in kinds], verified) == grade


def test_help_is_kept_with_its_answer() -> None:
    offer = usual("active")
    offer.command("record_help", "insider", kind="coaching", on="2027-01-01")
    offer.command("record_help", "insider", kind="coaching", on="2027-01-02")
    offer.command("answer_help", "seeker", kind="coaching", on="2027-01-01", answer="denied")

    assert [(given["on"], given.get("answer")) for given in offer["given"]] == [
        ("2027-01-01", "denied"), ("2027-01-02", None),
    ]  # fmt: skip
    assert [event["data"].get("answer") for event in offer.events[-3:]] == [None, None, "denied"]


@pytest.mark.parametrize(
    ("steps", "again"),
    [
        ((claim,), True),
        ((proved,), True),
        ((claim, reject, claim, reject, claim), False),
        ((lambda o: o.wait(days=74), proved, lambda o: o.wait(days=5)), True),
        (
            (lambda o: o.wait(days=74), proved, lambda o: o.wait(days=5), reject, lambda o: o.wait(days=6), proved),
            False,
        ),
        ((claim, lambda o: o.listing_ends("filled")), False),
        ((proved, lambda o: o.listing_ends("filled")), True),
    ],
)
def test_a_rejection_says_whether_the_hire_may_be_claimed_again(steps: tuple[Step, ...], again: bool) -> None:
    offer = usual("active")
    for step in steps:
        step(offer)
    reject(offer)

    assert offer.data("hire.rejected")["again"] is again
    offer.wait()
    try:
        claim(offer)
        claimed = True
    except Refusal:
        claimed = False
    assert claimed is again


# -- disputes


def test_a_dispute_freezes_the_lapse() -> None:
    """While the escrow is disputed nothing lapses; after it the two have at least 7 days."""
    offer = disputed("active")
    assert offer.wait(days=80).state == "active"
    offer.escrow("dispute.withdrawn", 4, "held")

    assert offer.wait(days=6.9).state == "active"
    assert offer.wait(days=0.1).state == "lapsed"


def test_a_short_dispute_moves_nothing() -> None:
    offer = disputed("active")
    offer.escrow("dispute.resolved", 4, "held")

    assert offer.wait(days=74.9).state == "active"
    assert offer.wait(days=0.1).state == "lapsed"


def test_a_dispute_freezes_silence() -> None:
    offer = usual("active")
    proved(offer)
    offer.escrow("dispute.opened", 3, "disputed")
    assert offer.wait(days=30).state == "hire_claimed"
    offer.escrow("dispute.expired", 4, "held")
    assert offer.wait(days=6.9).state == "hire_claimed"
    assert offer.wait(days=0.1).state == "hired"


def test_a_claim_during_a_dispute_is_silent_only_after_it() -> None:
    offer = disputed("active")
    proved(offer)
    assert offer.timers.keys() == {"instruction"}

    offer.escrow("dispute.withdrawn", 4, "held")

    assert offer.wait(days=13.9).state == "hire_claimed"
    assert offer.wait(days=0.1).state == "hired"


@pytest.mark.parametrize("status", rules.TAKES_ACCEPTED_TOO)
def test_a_dispute_keeps_the_listings_end_away(status: str) -> None:
    offer = disputed("active")
    assert offer.listing_ends(status).outcome == "taken"
    assert offer.wait(days=30).state == "active"
    offer.escrow("dispute.withdrawn", 4, "held")
    assert offer.wait(days=6.9).state == "active"

    offer.wait(days=0.1)

    assert (offer.state, offer.data("offer.cancelled")["reason"]) == ("cancelled", f"listing_{status}")
    offer.check()


@pytest.mark.parametrize("also", [None, "filled", "removed"])
@pytest.mark.parametrize("first", ["the employer's no", "the listing's end"])
def test_the_employers_no_is_kept_through_a_claim(also: str | None, first: str) -> None:
    """It is what the offer ends by, in whatever order the two come; nothing says that the help would begin."""
    offer = usual("hire_claimed")
    steps: list[Step] = [lambda o: o.consent_ends(), *([lambda o: o.listing_ends(also)] if also else [])]
    for step in steps if first == "the employer's no" else reversed(steps):
        step(offer)
        assert offer["live_on"] == LISTING_ID  # what is said of the listing later comes to it as well
    shown = view(offer.document or {}, frozenset({"seeker"}))
    offer.wait(days=9)
    offer.command("reject_hire", "seeker")

    offer.wait()

    assert (offer.state, offer.data("offer.cancelled")["reason"]) == ("cancelled", "consent_ended")
    assert offer.data("offer.consent_ended")["begun"] is False
    assert (offer["begun_at"], shown["begins_at"], shown["begun_at"]) == (None, None, None)
    offer.check()


def test_what_has_begun_is_told_as_ever() -> None:
    offer = usual("active")
    offer.command("begin", "seeker")
    offer.consent_ends()

    assert "begun" not in offer.data("offer.consent_ended")
    assert offer["closing"] is None


def test_the_listing_ends_soon_after_a_dispute() -> None:
    """The 7 days are the two parties' own, also for a listing's end that comes within them."""
    offer = disputed("active")
    offer.escrow("dispute.withdrawn", 4, "held")
    offer.wait(days=3)
    offer.listing_ends("filled")

    assert offer.wait(days=3.9).state == "active"
    assert offer.wait(days=0.1).state == "cancelled"


def test_a_closing_under_way_is_stopped_by_a_dispute_and_by_a_claim() -> None:
    offer = disputed("active")
    offer.escrow("dispute.withdrawn", 4, "held")
    offer.listing_ends("filled")
    offer.escrow("dispute.opened", 5, "disputed")
    assert offer.wait(days=20).state == "active"
    offer.escrow("dispute.withdrawn", 6, "held")
    claim(offer)
    assert offer.wait(days=20).state == "hire_claimed"
    offer.command("reject_hire", "seeker")

    assert offer.wait().state == "cancelled"


def test_a_check_during_a_dispute() -> None:
    offer = disputed("active")
    offer.checked("filled")
    assert offer.state == "active"
    offer.escrow("dispute.withdrawn", 4, "held")

    assert offer.wait(days=7).state == "cancelled"


def test_commands_during_a_dispute() -> None:
    """The seeker may still say that it was the hire, and either may call it off."""
    hired, off = disputed("active"), disputed("active")
    confirm(hired)
    off.command("cancel", "insider")

    assert (hired.state, off.state) == ("hired", "cancelled")
    hired.check()
    off.check()


def test_an_older_status_is_not_copied() -> None:
    """The copy goes by the event's number, in whatever order they come."""
    offer = usual("active")
    offer.escrow("dispute.withdrawn", 6, "held")
    assert offer.escrow("dispute.opened", 5, "disputed").outcome == "ignored"
    assert offer.escrow("escrow.declined", 1, "awaiting").outcome == "ignored"

    assert (offer["escrow_status"], offer["escrow_number"]) == ("held", 6)
    assert offer["undisturbed_until"] == offer.clock.now() + timedelta(days=7)


def test_the_copy_is_kept_in_every_state() -> None:
    for state in STATES[3:]:
        offer = usual(state)
        offer.escrow("escrow.release_refused", 50, "probation")
        assert (offer["escrow_status"], offer["escrow_number"]) == ("probation", 50)
        offer.check()


def test_an_offer_that_is_not_known() -> None:
    offer = Offer()

    assert offer.escrow("escrow.held", 2).reason == "unknown_offer"
    assert offer.document is None


def test_terms_are_settings() -> None:
    """Every deadline is a setting."""
    short = Terms(
        offer_expiry=timedelta(hours=1), cancel_alone=timedelta(hours=2), lapse_after=timedelta(hours=3),
        silence=timedelta(minutes=5), after_dispute=timedelta(minutes=7), offer_check=timedelta(seconds=9),
    )  # fmt: skip
    assert Offer(short).propose().wait(hours=1).state == "expired"
    assert Offer(short).active().wait(hours=3).state == "lapsed"
    offer = Offer(short).active()
    assert offer.timers["instruction"] == offer.clock.now() + timedelta(seconds=9)
    proved(offer)
    assert offer.wait(minutes=5).state == "hired"


# -- how long money may be held

LATEST = 75 + 14 + 7 + 14 + 7
"""A claim on the last day, its rejection on the last, another claim and rejection so, and the hire on the last of the
days that this leaves.
"""


@pytest.mark.parametrize(
    ("due_days", "days"),
    [
        ((0,), LATEST + 2 * 67 + 7),
        ((0, 30), LATEST + 2 * 67 + 366 + 30 + 7),
        ((180,), LATEST + 2 * 67 + 366 + 180 + 7),
    ],
)
def test_how_long_a_plan_may_have_to_be_held(due_days: tuple[int, ...], days: int) -> None:
    """From the hold until nothing is left: the latest hire, two disputes, the latest start anywhere on earth, the last
    day, and the days that the insider has to object to the seeker's word that it ended; or an insider's first payout.
    """
    plan = [{"due_day": day, "bps": 1} for day in due_days]

    assert longest_hold(Terms(), plan) == timedelta(days=days)
    assert longest_hold(Terms(), plan) <= Terms().max_hold


def test_it_may_be_held_so_long() -> None:
    """The way there, step by step, each a minute before it would be too late."""
    offer, minute = Offer().active(), timedelta(minutes=1)
    held_at = offer.clock.now()

    def wait_for(days: int) -> None:
        offer.wait(seconds=(timedelta(days=days) - minute).total_seconds())

    for days, step in (
        (75, proved), (14, reject), (7, proved), (14, reject), (7, lambda o: o.escrow("dispute.opened", 3, "disputed")),
        (60, lambda o: o.escrow("dispute.expired", 4, "held")),
        (7, lambda o: o.escrow("dispute.opened", 5, "disputed")),
        (60, lambda o: o.escrow("dispute.expired", 6, "held")),
    ):  # fmt: skip
        wait_for(days)
        step(offer)
    wait_for(7)
    change = Change(OFFER_ID, offer.lifecycle, offer.document, offer.clock.now())
    start_on = rules.start_window(change)[1]
    offer.command("confirm_hire", "seeker", start_on=start_on)

    assert offer.state == "hired"
    plan = [{"due_day": 180, "bps": 10_000}]
    due_at = dated(planned(50_000, plan), start_on, offer.clock.now())[0]["due_at"]
    held = due_at + Terms().ended_refund_after - held_at
    assert timedelta() <= longest_hold(Terms(), plan) - held < timedelta(days=1, hours=12)


@pytest.mark.parametrize(
    ("terms", "days"),
    [
        (Terms(first_payout_wait=timedelta(days=90)), LATEST + 2 * 67 + 90),
        (Terms(silence_payout_after=timedelta(days=10)), LATEST + 3 + 2 * 70 + 7),
        (Terms(ended_refund_after=timedelta(days=10)), LATEST + 2 * 70 + 7),
    ],
)
def test_how_long_what_is_due_with_the_hire_may_have_to_be_held(terms: Terms, days: int) -> None:
    assert longest_hold(terms, [{"due_day": 0, "bps": 10_000}]) == timedelta(days=days)


def test_a_plan_that_the_provider_cannot_hold_is_refused_at_the_offer() -> None:
    """The refusal names the rule and what would be possible; help for nothing needs no hold."""
    terms = Terms(max_hold=timedelta(days=300))
    late = listing(tranches=[{"due_day": 90, "bps": 10_000}])

    with pytest.raises(Refusal) as refused:
        Offer(terms).propose(listing=late)

    assert (refused.value.rule, refused.value.pointer) == ("max-hold", "/listing_id")
    assert "714 days; 300 are possible" in refused.value.detail
    assert Offer(terms).propose().document is not None
    assert Offer(terms).propose(listing=late, help=("good_word",)).document is not None
