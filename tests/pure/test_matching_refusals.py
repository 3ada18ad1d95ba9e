"""What an offer refuses: each guard of its table, with the rule that is named."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.matching.offer import rules
from services.matching.offer.lifecycle import OFFER
from shared.aggregate import Refusal, Trigger
from tests.pure.test_matching_cells import BODIES
from tests.pure.test_matching_lifecycle import REACH, REMOVED, Given, Step, disputed, free, review
from tests.support.matching import (
    INSIDER,
    SEEKER,
    START,
    Offer,
    claim,
    confirm,
    counter,
    listing,
    proved,
    usual,
)

ASKED = [{"rule": "foreign-national-ca-on", "asks": "foreign_national", "help": ["coaching"]}]
LICENCE = {"place": "CA-ON", "number": "R-1", "valid_until": "2026-12-31"}


def no(times: int) -> dict[str, Any]:
    """The employer's last no, as the copy of the listing has it."""
    return {"times": times, "help": ["coaching"]}


REFUSED: dict[str, tuple[Given, Step, str, str]] = {
    "your own listing": ("new", lambda o: o.propose(INSIDER), "rule", "no-self-dealing"),
    **{
        f"a listing that is {status}": (
            "new", lambda o, status=status: o.propose(listing=listing(status=status)), "state", "listing-published",
        )
        for status in ("paused", *rules.LISTING_OVER)
    },
    "help that is not on offer": ("new", lambda o: o.propose(help=("reference",)), "rule", "help-offered"),
    "a plan that takes too long": (
        "new", lambda o: o.propose(listing=listing(tranches=[{"due_day": 400, "bps": 10_000}])), "rule", "max-hold",
    ),
    "another currency": ("new", lambda o: _named(o, 1, "USD"), "rule", "one-currency"),
    "above the cap": ("new", lambda o: _named(o, 100_001), "rule", "price-cap"),
    "above the cap of a year's pay": (
        "new", lambda o: _named(o, 40_001, listing=listing(1_000, pay={"min": 2_000_000, "per": "year"})), "rule",
        "price-cap",
    ),
    "a price for what is free": ("new", lambda o: _named(o, 1, help=("good_word",)), "rule", "free-stays-free"),
    "a question of the place that is not answered": (
        "new", lambda o: o.propose(listing=listing(seeker_asked=ASKED)), "rule", "seeker-declares",
    ),
    "a price for who may be charged nothing": (
        "new", lambda o: o.propose(listing=listing(seeker_asked=ASKED), declares={"foreign_national": True}), "rule",
        "seeker-declares",
    ),
    "a counter-offer to who may be charged nothing": (
        lambda: _named(Offer(), 0, listing=listing(seeker_asked=ASKED), declares={"foreign_national": True}),
        lambda o: counter(o, "insider", 1), "rule", "seeker-declares",
    ),
    "a price under a licence that has ended": (
        "new", lambda o: o.propose(listing=listing(licence=LICENCE)), "rule", "licence-ended",
    ),
    "a counter-offer in another currency": (
        "proposed", lambda o: o.command("counter", "insider", price={"amount": 1, "currency": "USD"}), "rule",
        "one-currency",
    ),
    "a counter-offer above the cap": ("proposed", lambda o: counter(o, "insider", 100_001), "rule", "price-cap"),
    "a counter-offer for what is free": (
        lambda: Offer().propose(help=("good_word",)), lambda o: counter(o, "insider", 1), "rule", "free-stays-free",
    ),
    "a counter-offer on a listing that ended": (
        "proposed", lambda o: counter(o, "insider", listing_status="filled"), "state", "listing-ended",
    ),
    "a way to reach the seeker in a message": (
        "new", lambda o: o.propose(message="Call me: +31 6 1234 5678"), "rule", "no-contact-data",
    ),
    "an address in a message": (
        "countered", lambda o: counter(o, "seeker", message="Or by mail: bo at, I mean bo@example.org"), "rule",
        "no-contact-data",
    ),
    **{
        f"a way to reach each other in why {what}": (given, step, "rule", "no-contact-data")
        for what, given, step in (
            ("the seeker calls it off", "accepted", lambda o: o.command("cancel", "seeker", reason=REACH)),
            ("the insider calls off what is not begun", "active",
             lambda o: o.command("cancel", "insider", reason=REACH)),
            ("one asks to call it off", "accepted",
             lambda o: (o.wait(hours=48), o.command("cancel", "seeker", reason=REACH))),
            ("one asks during an early claim", "hire_claimed", lambda o: o.command("cancel", "seeker", reason=REACH)),
            ("the other agrees", "accepted",
             lambda o: (o.wait(hours=48), o.command("cancel", "seeker"), o.command("cancel", "insider", reason=REACH))),
        )
    },
    "a counter-offer on a listing that is elsewhere now": (
        lambda: _named(Offer(), 40_000, place="NL"), lambda o: counter(o, "insider", place="DE"), "state",
        "listing-moved",
    ),
    "accepted on a listing that is elsewhere now": (
        lambda: _named(Offer(), 40_000, place="CA"), lambda o: o.command("accept", "insider", place="CA-ON"), "state",
        "listing-moved",
    ),
    "a counter-offer after the employer's no": (
        "proposed", lambda o: counter(o, "insider", no=no(1)), "state", "consent-ended",
    ),
    "accepted after the employer's no": (
        "proposed", lambda o: o.command("accept", "insider", no=no(1)), "state", "consent-ended",
    ),
    "accepted after another no than it was made after": (
        lambda: Offer().propose(listing=listing(consent_ended=no(2))),
        lambda o: (counter(o, "insider", no=no(2)), o.command("accept", "seeker", no=no(3))), "state",
        "consent-ended",
    ),
    "accepted on a listing that ended": (
        "proposed", lambda o: o.command("accept", "insider", listing_status="expired"), "state", "listing-ended",
    ),
    "accepted at another price than was reserved": (
        "proposed", lambda o: o.command("accept", "insider", reserved=40_000), "state", "exposure-reserved",
    ),
    "accepted without a reservation": (
        "proposed", lambda o: o.command("accept", "insider", reserved=None), "state", "exposure-reserved",
    ),
    **{
        f"{command} at its deadline": (
            "proposed", lambda o, command=command, role=role: (
                o.clock.advance(timedelta(days=7)), o.command(command, role, **BODIES[command])
            ), "state", "deadline",
        )
        for command, role in (("accept", "insider"), ("counter", "insider"), ("decline", "insider"),
                              ("withdraw", "seeker"))
    },
    "asked twice": (
        "active", lambda o: (o.wait(hours=48), o.command("cancel", "seeker"), o.command("cancel", "seeker")), "state",
        "cancel-asked-once",
    ),
    "asked twice, having begun": (
        "active",
        lambda o: (o.command("begin", "seeker"), *(o.command("cancel", "seeker") for _ in range(2))), "state",
        "cancel-asked-once",
    ),
    "staff call it off without a reason": ("active", lambda o: o.command("cancel", "arbiter"), "rule", "staff-reason"),
    "an arbiter confirms without a reason": ("active", lambda o: confirm(o, "arbiter"), "rule", "staff-reason"),
    "help that was not agreed": (
        "active", lambda o: o.command("record_help", "insider", kind="reference", on="2027-01-01"), "rule",
        "help-agreed",
    ),
    "help before the agreement, wherever on earth": (
        "active", lambda o: o.command("record_help", "insider", kind="coaching", on="2026-12-30"), "rule",
        "help-on-window",
    ),
    "help in the future": (
        "active", lambda o: o.command("record_help", "insider", kind="coaching", on="2027-01-03"), "rule",
        "help-on-window",
    ),
    "the same help twice": (
        "active", lambda o: [o.command("record_help", "insider", kind="coaching", on="2027-01-01") for _ in range(2)],
        "state", "help-once",
    ),
    "help that nobody recorded": (
        "active", lambda o: o.command("answer_help", "seeker", **BODIES["answer_help"]), "state", "help-recorded",
    ),
    "help answered twice": (
        "active", lambda o: (
            o.command("record_help", "insider", kind="coaching", on="2027-01-01"),
            *(o.command("answer_help", "seeker", **BODIES["answer_help"]) for _ in range(2)),
        ), "state", "help-answered",
    ),
    "a start long before": (
        "active", lambda o: o.command("confirm_hire", "seeker", start_on="2026-11-30"), "rule", "start-on-window",
    ),
    "a start long after": (
        "active", lambda o: o.command("claim_hire", "insider", start_on="2028-01-03", evidence=[]), "rule",
        "start-on-window",
    ),
    "a claim at the lapse": (
        "active", lambda o: (o.clock.advance(timedelta(days=75)), claim(o)), "state", "deadline",
    ),
    "a confirmation at the lapse": (
        "active", lambda o: (o.clock.advance(timedelta(days=75)), confirm(o)), "state", "deadline",
    ),
    "a rejection at the end of the silence": (
        "active", lambda o: (proved(o), o.clock.advance(timedelta(days=14)), o.command("reject_hire", "seeker")),
        "state", "deadline",
    ),
    "an end before the start": (
        "hired", lambda o: o.command("end", "seeker", on="2026-12-01"), "rule", "ended-on-window",
    ),
    "an end on the day before the start": (
        "hired", lambda o: o.command("end", "insider", on="2027-01-19"), "rule", "ended-on-window",
    ),
    "an end after a start that is still to come": (
        "hired", lambda o: o.command("end", "seeker", on="2027-01-21"), "rule", "ended-on-window",
    ),
    "an end in the future": (
        "hired", lambda o: (o.wait(days=30), o.command("end", "seeker", on="2027-02-02")), "rule", "ended-on-window",
    ),
    "an end that the insider has told before": (
        lambda: usual("hired"), lambda o: [o.command("end", "insider", on=START) for _ in range(2)], "state",
        "end-of-seeker",
    ),
    "the end of a charged-back hire that the seeker has told before": (
        "hired",
        lambda o: (o.escrow("escrow.charged_back", 5), *(o.command("end", "seeker", on=START) for _ in range(2))),
        "state", "end-of-seeker",
    ),
    "the end of a hire whose payment was shared since": (
        "hired",
        lambda o: (
            o.escrow("escrow.charged_back", 5), o.escrow("escrow.split", 9), o.command("end", "seeker", on=START),
        ),
        "state", "condition",
    ),
    **{
        f"the end of a hire whose payment was {status} by an arbiter before the bank took it, {order}": (
            "hired",
            lambda o, status=status, numbers=numbers: (
                *(o.escrow(*((f"escrow.{status}", 9) if number == 9 else ("escrow.charged_back", 12)))
                  for number in numbers),
                o.command("end", "seeker", on=START),
            ),
            "state", "condition",
        )
        for status in ("split", "refunded")
        for order, numbers in (("told in that order", (9, 12)), ("told later", (12, 9)))
    },
    "the end of a hire whose payment was shared after the bank gave it back, and then taken again": (
        "hired",
        lambda o: (
            o.escrow("escrow.charged_back", 5), o.escrow("escrow.split", 9), o.escrow("escrow.charged_back", 12),
            o.command("end", "seeker", on=START),
        ),
        "state", "condition",
    ),
    "a second claim after the lapse day": (
        "active",
        lambda o: (
            o.wait(days=74), proved(o), o.wait(days=5), o.command("reject_hire", "seeker"), o.wait(days=6), proved(o),
            o.wait(days=13), o.command("reject_hire", "seeker"), o.wait(days=6), claim(o),
        ),
        "rule", "claimed-late",
    ),
    "begun twice": (
        "active", lambda o: [o.command("begin", "seeker") for _ in range(2)], "state", "begun-once",
    ),
    "begun during a claim, after the employer said no": (
        "hire_claimed", lambda o: (o.consent_ends(), o.command("begin", "seeker")), "state", "condition",
    ),
    "begun after a dispute in which the employer said no": (
        lambda: disputed(Offer().active()),
        lambda o: (o.consent_ends(), o.escrow("dispute.withdrawn", 4, "held"), o.command("begin", "seeker")), "state",
        "condition",
    ),
    "begun where the listing was removed as well": (
        "hire_claimed",
        lambda o: (o.consent_ends(), o.listing_ends("removed"), o.checked("filled"), o.command("begin", "seeker")),
        "state", "condition",
    ),
    "begun after it began by itself": (
        "active", lambda o: (o.wait(hours=48), o.command("begin", "seeker")), "state", "begun-once",
    ),
    "begun, as it is free": (free, lambda o: o.command("begin", "seeker"), "state", "begun-once"),
    "a review where nobody was hired": ("closed", lambda o: review(o, "seeker"), "state", "condition"),
    "a second review of one's own": (
        "hired", lambda o: (review(o, "seeker"), review(o, "seeker")), "state", "condition",
    ),
    "a review after 60 days": (
        "completed", lambda o: (o.wait(days=60), review(o, "seeker")), "state", "condition",
    ),
    "a review where one of the two is forgotten": (
        "completed", lambda o: ((o.document or {}).update(erased_at=o.clock.now()), review(o, "seeker")), "state",
        "condition",
    ),
    "a review after the other's is shown": (
        "completed", lambda o: (review(o, "insider"), o.wait(days=7), review(o, "seeker")), "state", "condition",
    ),
    "a way to reach somebody in a review": (
        "hired", lambda o: review(o, "seeker", text="Ask me: bo@example.org"), "rule", "no-contact-data",
    ),
    "a text that is not there": (
        "hired", lambda o: (review(o, "seeker"), o.command("remove_review_text", "moderator", **REMOVED)), "state",
        "review-text",
    ),
    "an end on record already": (
        "completed", lambda o: [o.command("end", "seeker", on=START) for _ in range(2)], "state", "ended-once",
    ),
}  # fmt: skip


def _named(offer: Offer, amount: int, currency: str = "EUR", **more: Any) -> Offer:
    """A seeker names a price of their own."""
    data = {"listing": listing(), "help": ["coaching"], "price": {"amount": amount, "currency": currency}, **more}
    offer.fold(Trigger("propose", "c-0", "command", offer.clock.now(), data, by=SEEKER, roles=frozenset({"maker"})))
    return offer


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    """What may not be is refused by the rule's id, and the last step has changed nothing."""
    given, step, kind, rule = REFUSED[case]
    offer = usual(given) if isinstance(given, str) else given()

    with pytest.raises(Refusal) as refused:
        step(offer)

    assert (refused.value.kind, refused.value.rule) == (kind, rule)
    offer.check()


def test_every_guard_is_tried() -> None:
    named = {guard.rule for row in OFFER.rows for guard in row.guards}
    bounds = {"rounds-bound", "claims-bound", "help-bound", "applications-bound"}

    assert named == ({rule for _, _, _, rule in REFUSED.values()} & named) | bounds


def test_bounds() -> None:
    """Rounds, applications, claims and records of help are bounded, and the bound is named."""
    offer = Offer().propose()
    for number in range(5):
        counter(offer, "insider" if number % 2 == 0 else "seeker", 40_000 + number)
    assert _refused(lambda: counter(offer, "seeker")) == "rounds-bound"
    offer.command("accept", "seeker")
    offer.escrow("escrow.held", 2)
    for number in range(10):
        offer.command("name_application", "seeker", reference=str(number))
    again = _refused(lambda: offer.command("name_application", "seeker", reference=None))
    assert (again, offer["application"]) == ("applications-bound", "9")
    for _ in range(3):
        claim(offer)
        offer.command("reject_hire", "seeker")
    assert _refused(lambda: claim(offer)) == "claims-bound"
    for day in range(1, 31):
        offer.clock.advance(timedelta(days=1))
        offer.command("record_help", "insider", kind="coaching", on=f"2027-01-{day:02}")
    assert _refused(lambda: offer.command("record_help", "insider", kind="coaching", on="2027-01-31")) == "help-bound"
    assert offer["price"] == 40_004


def _refused(step: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        step()
    return refused.value.rule
