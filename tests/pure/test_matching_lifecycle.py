"""The offer's table, row by row: given this state, when that comes, expect this state and these events."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from services.matching.offer import rules
from services.matching.offer.lifecycle import OFFER, OPEN
from shared.aggregate import Change, Lifecycle, Row, Trigger
from tests.support.matching import (
    LETTER,
    OFFER_ID,
    START,
    Offer,
    claim,
    confirm,
    counter,
    proved,
    usual,
)

ACCEPTED, ACTIVATED, CONFIRMED = (
    ["offer.accepted"],
    ["offer.accepted", "offer.activated", "offer.begun"],
    ["hire.confirmed"],
)
BEGUN = ["offer.begun"]
CANCELLED, LAPSED, CLAIMED = ["offer.cancelled"], ["offer.lapsed"], ["hire.claimed"]
REVIEWED = ["offer.reviewed"]


def free() -> Offer:
    return Offer().active(help=("good_word",))


def begun(offer: Offer) -> Offer:
    offer.command("begin", "seeker")
    return offer


def disputed(offer: Offer) -> Offer:
    offer.escrow("dispute.opened", 3, "disputed")
    return offer


def review(offer: Offer, role: str, **more: Any) -> None:
    offer.command("review", role, stars=4, **more)


def claimed_unreserved() -> Offer:
    """Accepted, paid for and claimed within the minute; then the check finds no reservation."""
    offer = Offer().active()
    claim(offer)
    return offer


NEXT = "2027-01-04"
REMOVED = {"of": "seeker", "reason": "An insult."}
REACH = "Pay me directly: anna@example.org, +1 416 555 0199"
Given = str | Callable[[], Offer]
Step = Callable[[Offer], object]
ROWS: dict[str, tuple[Given, Step, str, list[str]]] = {
    "a seeker asks": ("new", lambda o: o.propose(), "proposed", ["offer.made"]),
    "the insider counters": ("proposed", lambda o: counter(o, "insider"), "countered", ["offer.countered"]),
    "the seeker counters that": ("countered", lambda o: counter(o, "seeker"), "countered", ["offer.countered"]),
    "the insider accepts": ("proposed", lambda o: o.command("accept", "insider"), "accepted", ACCEPTED),
    "the seeker accepts a counter-offer": ("countered", lambda o: o.command("accept", "seeker"), "accepted", ACCEPTED),
    "accepted for nothing": (
        lambda: Offer().propose(help=("good_word",)), lambda o: o.command("accept", "insider"), "active", ACTIVATED,
    ),
    "a paused listing's offers may be accepted": (
        "proposed", lambda o: o.command("accept", "insider", listing_status="paused"), "accepted", ACCEPTED,
    ),
    "the other declines": ("proposed", lambda o: o.command("decline", "insider"), "declined", ["offer.declined"]),
    "the seeker declines a counter-offer": (
        "countered", lambda o: o.command("decline", "seeker"), "declined", ["offer.declined"],
    ),
    "the maker withdraws": ("proposed", lambda o: o.command("withdraw", "seeker"), "withdrawn", ["offer.withdrawn"]),
    "the insider withdraws a counter-offer": (
        "countered", lambda o: o.command("withdraw", "insider"), "withdrawn", ["offer.withdrawn"],
    ),
    "nobody answers": ("proposed", lambda o: o.wait(days=7), "expired", ["offer.expired"]),
    "not yet": ("proposed", lambda o: o.wait(days=6.99), "proposed", []),
    "nobody answers a counter-offer": ("countered", lambda o: o.wait(days=7), "expired", ["offer.expired"]),
    "a counter-offer has its own week": (
        "proposed", lambda o: (o.wait(days=6), counter(o, "insider"), o.wait(days=6)), "countered", ["offer.countered"],
    ),
    "the money is held": ("accepted", lambda o: o.escrow("escrow.held", 2), "active", ["offer.activated"]),
    "the money never came": ("accepted", lambda o: o.escrow("escrow.lapsed", 2), "lapsed", LAPSED),
    "the seeker calls it off": ("accepted", lambda o: o.command("cancel", "seeker"), "cancelled", CANCELLED),
    "the insider calls it off": (
        "active", lambda o: (o.wait(hours=47.9), o.command("cancel", "insider")), "cancelled", CANCELLED,
    ),
    "later, one asks": (
        "active", lambda o: (o.wait(hours=48), o.command("cancel", "insider")), "active",
        [*BEGUN, "offer.cancel_asked"],
    ),
    "and the other agrees": (
        "active", lambda o: (o.wait(hours=48), o.command("cancel", "insider"), o.command("cancel", "seeker")),
        "cancelled", [*BEGUN, "offer.cancel_asked", *CANCELLED],
    ),
    "asked during a claim": (
        "hire_claimed", lambda o: (o.wait(hours=48), o.command("cancel", "seeker"), o.command("cancel", "insider")),
        "cancelled", [*BEGUN, "offer.cancel_asked", *CANCELLED],
    ),
    "asked before the money came": (
        "accepted", lambda o: (o.wait(hours=50), o.command("cancel", "seeker")), "accepted", ["offer.cancel_asked"],
    ),
    "who claims the hire takes back what they asked before, and nobody agrees with it": (
        "active",
        lambda o: (
            o.wait(hours=48), o.command("cancel", "insider"), proved(o), o.wait(days=13), o.command("cancel", "seeker"),
            o.wait(days=1),
        ),
        "hired", [*BEGUN, "offer.cancel_asked", *CLAIMED, "offer.cancel_asked", *CONFIRMED],
    ),
    "they may ask again": (
        "active",
        lambda o: (
            o.wait(hours=48), o.command("cancel", "insider"), proved(o), o.command("cancel", "insider"),
            o.command("cancel", "seeker"),
        ),
        "cancelled", [*BEGUN, "offer.cancel_asked", *CLAIMED, "offer.cancel_asked", *CANCELLED],
    ),
    "a claim takes back nothing of the seeker's": (
        "active",
        lambda o: (o.wait(hours=48), o.command("cancel", "seeker"), claim(o), o.command("cancel", "insider")),
        "cancelled", [*BEGUN, "offer.cancel_asked", *CLAIMED, *CANCELLED],
    ),
    "nor does a rejection": (
        "hire_claimed",
        lambda o: (o.command("cancel", "seeker"), o.command("reject_hire", "seeker"), o.wait(hours=48),
                   o.command("cancel", "insider")),
        "cancelled", ["offer.cancel_asked", "hire.rejected", *BEGUN, *CANCELLED],
    ),
    "staff call it off": (
        "hire_claimed", lambda o: o.command("cancel", "moderator", reason="Fraud."), "cancelled", CANCELLED,
    ),
    "who has begun asks": (
        "active", lambda o: (o.command("begin", "seeker"), o.command("cancel", "seeker")), "active",
        [*BEGUN, "offer.cancel_asked"],
    ),
    "the insider calls off what has begun": (
        "active", lambda o: (o.command("begin", "seeker"), o.command("cancel", "insider")), "cancelled",
        [*BEGUN, *CANCELLED],
    ),
    "what is free is called off alone, though begun": (
        free, lambda o: (o.wait(hours=47.9), o.command("cancel", "seeker")), "cancelled", CANCELLED,
    ),
    "asked during an early claim": (
        "hire_claimed", lambda o: o.command("cancel", "seeker"), "hire_claimed", ["offer.cancel_asked"],
    ),
    "called off with an address, having begun": (
        "active", lambda o: (o.command("begin", "seeker"), o.command("cancel", "insider", reason=REACH)), "cancelled",
        [*BEGUN, *CANCELLED],
    ),
    "asked with an address, having begun": (
        "active", lambda o: (o.wait(hours=48), o.command("cancel", "seeker", reason=REACH)), "active",
        [*BEGUN, "offer.cancel_asked"],
    ),
    "staff write an address": (
        "accepted", lambda o: o.command("cancel", "moderator", reason=REACH), "cancelled", CANCELLED,
    ),
    **{
        f"help that was given on {day}": (
            "active", lambda o, day=day: o.command("record_help", "insider", kind="coaching", on=day), "active",
            ["help.given"],
        )
        for day in ("2026-12-31", "2027-01-01", "2027-01-02")
    },
    **{
        f"a start on {day}": (
            "active", lambda o, day=day: o.command("claim_hire", "insider", start_on=day, evidence=[]), "hire_claimed",
            CLAIMED,
        )
        for day in ("2026-12-01", "2028-01-02")
    },
    "begun with the payment": (
        "accepted", lambda o: o.escrow("escrow.held", 2, begin=True), "active", ["offer.activated", *BEGUN],
    ),
    "begun by itself": ("active", lambda o: o.wait(hours=48), "active", BEGUN),
    "not yet by itself": ("active", lambda o: o.wait(hours=47.9), "active", []),
    "begun by itself, as it was paid for late": (
        "accepted", lambda o: (o.wait(hours=60), o.escrow("escrow.held", 2), o.wait()), "active",
        ["offer.activated", *BEGUN],
    ),
    "begun during a claim": ("hire_claimed", lambda o: o.command("begin", "seeker"), "hire_claimed", BEGUN),
    "not begun under a dispute": (
        "active", lambda o: (o.escrow("dispute.opened", 3, "disputed"), o.wait(days=9)), "active", [],
    ),
    "but a week after it": (
        "active",
        lambda o: (o.escrow("dispute.opened", 3, "disputed"), o.wait(days=9), o.escrow("dispute.withdrawn", 4, "held"),
                   o.wait(days=6.9), o.command("cancel", "seeker"), o.wait(days=0.1)),
        "active", ["offer.cancel_asked", *BEGUN],
    ),
    "help is given": (
        "active", lambda o: o.command("record_help", "insider", kind="coaching", on="2027-01-01"), "active",
        ["help.given"],
    ),
    "and confirmed": (
        "hire_claimed",
        lambda o: (
            o.command("record_help", "insider", kind="coaching", on="2027-01-01"),
            o.command("answer_help", "seeker", kind="coaching", on="2027-01-01", answer="confirmed"),
        ),
        "hire_claimed", ["help.given", "help.given"],
    ),
    "the seeker names their application": (
        "accepted", lambda o: o.command("name_application", "seeker", reference="46194062"), "accepted", [],
    ),
    "the insider claims the hire": ("active", claim, "hire_claimed", CLAIMED),
    "the seeker says no": (
        "hire_claimed", lambda o: o.command("reject_hire", "seeker"), "active", ["hire.rejected"],
    ),
    "the seeker confirms without a claim": ("active", confirm, "hired", CONFIRMED),
    "the seeker confirms a claim": ("hire_claimed", confirm, "hired", CONFIRMED),
    "the employer confirms": ("active", lambda o: confirm(o, "employer"), "hired", CONFIRMED),
    "the employer's system confirms": ("active", lambda o: confirm(o, "ats"), "hired", CONFIRMED),
    "an arbiter confirms": ("active", lambda o: confirm(o, "arbiter", reason="A contract."), "hired", CONFIRMED),
    "for nothing, it is completed at once": (free, confirm, "completed", [*CONFIRMED, "offer.completed"]),
    "a proved claim and silence": (
        "active", lambda o: (proved(o), o.wait(days=14)), "hired", [*CLAIMED, *BEGUN, *CONFIRMED],
    ),
    "silence for nothing": (
        free, lambda o: (proved(o), o.wait(days=14)), "completed", [*CLAIMED, *CONFIRMED, "offer.completed"],
    ),
    "no silence yet": ("active", lambda o: (proved(o), o.wait(days=13.9)), "hire_claimed", [*CLAIMED, *BEGUN]),
    "a word is no hire by silence": ("hire_claimed", lambda o: o.wait(days=20), "hire_claimed", BEGUN),
    "a document alone is none either": (
        "active", lambda o: (claim(o, LETTER), o.wait(days=20)), "hire_claimed", [*CLAIMED, *BEGUN],
    ),
    "no hire came of it": ("active", lambda o: o.wait(days=75), "lapsed", [*BEGUN, *LAPSED]),
    "still time": ("active", lambda o: o.wait(days=74.9), "active", BEGUN),
    "a claim does not move the lapse": (
        "active", lambda o: (o.wait(days=74), claim(o), o.wait(days=1)), "lapsed", [*BEGUN, *CLAIMED, *LAPSED],
    ),
    "a proved one gets its 14 days": (
        "active", lambda o: (o.wait(days=74), proved(o), o.wait(days=13)), "hire_claimed", [*BEGUN, *CLAIMED],
    ),
    "and is then the hire": (
        "active", lambda o: (o.wait(days=74), proved(o), o.wait(days=14)), "hired", [*BEGUN, *CLAIMED, *CONFIRMED],
    ),
    "a proved one that is rejected late lapses": (
        "active",
        lambda o: (o.wait(days=74), proved(o), o.wait(days=5), o.command("reject_hire", "seeker"), o.wait(days=7)),
        "lapsed", [*BEGUN, *CLAIMED, "hire.rejected", *LAPSED],
    ),
    "but not before the insider had a week to dispute it": (
        "active",
        lambda o: (o.wait(days=74), proved(o), o.wait(days=5), o.command("reject_hire", "seeker"), o.wait(days=6.9)),
        "active", [*BEGUN, *CLAIMED, "hire.rejected"],
    ),
    "nor does it where the listing is filled": (
        "active",
        lambda o: (proved(o), o.listing_ends("filled"), o.command("reject_hire", "seeker"), o.wait(days=6.9)),
        "active", [*CLAIMED, "hire.rejected", *BEGUN],
    ),
    "but a week later": (
        "active",
        lambda o: (proved(o), o.listing_ends("filled"), o.command("reject_hire", "seeker"), o.wait(days=7)),
        "cancelled", [*CLAIMED, "hire.rejected", *BEGUN, *CANCELLED],
    ),
    "nor where it is removed in that week": (
        "active",
        lambda o: (proved(o), o.command("reject_hire", "seeker"), o.listing_ends("removed"), o.wait(days=6.9)),
        "active", [*CLAIMED, "hire.rejected", *BEGUN],
    ),
    "in that week it is claimed again, and is then the hire": (
        "active",
        lambda o: (o.wait(days=74), proved(o), o.wait(days=5), o.command("reject_hire", "seeker"), o.wait(days=6),
                   proved(o), o.wait(days=14)),
        "hired", [*BEGUN, *CLAIMED, "hire.rejected", *CLAIMED, *CONFIRMED],
    ),
    "a word that is rejected late lapses as ever": (
        "active",
        lambda o: (o.wait(days=74), claim(o), o.command("reject_hire", "seeker"), o.wait(days=1)),
        "lapsed", [*BEGUN, *CLAIMED, "hire.rejected", *LAPSED],
    ),
    "a proved one that is rejected early has its time": (
        "active", lambda o: (proved(o), o.command("reject_hire", "seeker"), o.wait(days=74)), "active",
        [*CLAIMED, "hire.rejected", *BEGUN],
    ),
    "it ended in probation": ("hired", lambda o: o.command("end", "insider", on=START), "ended", ["hire.ended"]),
    "the insider agrees with the seeker": (
        "ended", lambda o: o.command("end", "insider", on=START), "ended", ["hire.ended"],
    ),
    "the employer says so": ("hired", lambda o: o.command("end", "employer", on=START), "ended", ["hire.ended"]),
    "for the record only": (
        "completed", lambda o: o.command("end", "seeker", on=START), "completed", ["hire.ended"],
    ),
    "paid in full": ("hired", lambda o: o.escrow("escrow.settled", 5), "completed", ["offer.completed"]),
    "the money went back": ("active", lambda o: o.escrow("escrow.refunded", 5), "closed", ["offer.closed"]),
    "the money was split": ("hired", lambda o: o.escrow("escrow.split", 5), "closed", ["offer.closed"]),
    "the card's bank took it": (
        "hire_claimed", lambda o: o.escrow("escrow.charged_back", 5), "closed", ["offer.closed"],
    ),
    "and gave it back": (
        "hired", lambda o: (o.escrow("escrow.charged_back", 5), o.escrow("escrow.settled", 8)), "completed",
        ["offer.closed", "offer.completed"],
    ),
    "it ended while the bank has the payment": (
        "hired", lambda o: (o.escrow("escrow.charged_back", 5), o.command("end", "employer", on=START)), "closed",
        ["offer.closed", "hire.ended"],
    ),
    "or after it was given back, and the insider agrees": (
        "hired",
        lambda o: (
            o.escrow("escrow.charged_back", 5), o.escrow("escrow.chargeback_reversed", 6, "probation"),
            o.command("end", "seeker", on=START), o.command("end", "insider", on=START),
        ),
        "closed", ["offer.closed", "hire.ended", "hire.ended"],
    ),
    "also where part of it went back since": (
        "hired",
        lambda o: (
            o.escrow("escrow.charged_back", 5), o.command("end", "seeker", on=START),
            o.escrow("escrow.refunded", 8, "probation"), o.command("end", "insider", on=START),
        ),
        "closed", ["offer.closed", "hire.ended", "hire.ended"],
    ),
    "charged back, given back, and then shared": (
        "hired", lambda o: (o.escrow("escrow.charged_back", 5), o.escrow("escrow.split", 9)), "closed",
        ["offer.closed"],
    ),
    "or given back to the seeker": (
        "hired", lambda o: (o.escrow("escrow.charged_back", 5), o.escrow("escrow.refunded", 9)), "closed",
        ["offer.closed"],
    ),
    "and is paid in full for what was earned": (
        "hired",
        lambda o: (
            o.escrow("escrow.charged_back", 5), o.command("end", "seeker", on=START), o.escrow("escrow.settled", 8),
        ),
        "completed", ["offer.closed", "hire.ended", "offer.completed"],
    ),
    "the money went before it was known to be held": (
        "accepted", lambda o: (o.escrow("escrow.charged_back", 3), o.escrow("escrow.held", 2)), "closed",
        ["offer.activated", "offer.closed"],
    ),
    **{
        f"the listing is {status}: what is {state} ends": (
            state, lambda o, status=status: o.listing_ends(status), "cancelled", CANCELLED,
        )
        for status in rules.LISTING_OVER for state in OPEN
    },
    **{
        f"the listing is {status}: what is {state} ends too": (
            state, lambda o, status=status: o.listing_ends(status), "cancelled", CANCELLED,
        )
        for status in rules.TAKES_ACCEPTED_TOO for state in ("accepted", "active")
    },
    **{
        f"the listing is {status}: what is {state} goes on": (
            state, lambda o, status=status: (o.listing_ends(status), o.wait(days=2)), state,
            [] if state == "accepted" else BEGUN,
        )
        for status in ("expired", "withdrawn") for state in ("accepted", "active", "hire_claimed")
    },
    "the listing is filled during a claim": (
        "hire_claimed", lambda o: (o.listing_ends("filled"), o.wait(days=9)), "hire_claimed", BEGUN,
    ),
    "which is rejected": (
        "hire_claimed", lambda o: (o.listing_ends("filled"), o.command("reject_hire", "seeker"), o.wait()), "cancelled",
        ["hire.rejected", *CANCELLED],
    ),
    "or confirmed": (
        "hire_claimed", lambda o: (o.listing_ends("filled"), confirm(o), o.wait(days=99)), "hired", CONFIRMED,
    ),
    "expired, and removed later": (
        "active", lambda o: (o.listing_ends("expired"), o.listing_ends("removed")), "cancelled", CANCELLED,
    ),
    **{
        f"the employer says no: what is {state} ends": (state, lambda o: o.consent_ends(), "cancelled", CANCELLED)
        for state in ("proposed", "countered", "accepted")
    },
    "paid for, and not begun: the money goes back": (
        lambda: Offer().active(), lambda o: o.consent_ends(), "cancelled", CANCELLED,
    ),
    "once the help has begun it goes on, and both are told": (
        lambda: begun(Offer().active()), lambda o: (o.consent_ends(), o.consent_ends()), "active",
        ["offer.consent_ended"],
    ),
    "and once more, where the employer says no again": (
        lambda: begun(Offer().active()), lambda o: (o.consent_ends(), o.consent_ends(times=2)), "active",
        ["offer.consent_ended"] * 2,
    ),
    "under a dispute it waits": (
        lambda: disputed(Offer().active()), lambda o: (o.consent_ends(), o.wait(days=50)), "active",
        ["offer.consent_ended"],
    ),
    "and ends a week after it": (
        lambda: disputed(Offer().active()),
        lambda o: (o.consent_ends(), o.escrow("dispute.withdrawn", 4, "held"), o.wait(days=7)), "cancelled",
        ["offer.consent_ended", *CANCELLED],
    ),
    "in the week after a dispute it waits as well": (
        lambda: disputed(Offer().active()),
        lambda o: (o.escrow("dispute.withdrawn", 4, "held"), o.consent_ends(), o.wait(days=6.9)), "active",
        ["offer.consent_ended"],
    ),
    "and in the week after a good proof was rejected": (
        "active",
        lambda o: (proved(o), o.command("reject_hire", "seeker"), o.consent_ends(), o.wait(days=6.9)), "active",
        [*CLAIMED, "hire.rejected", "offer.consent_ended"],
    ),
    "then it ends": (
        "active",
        lambda o: (proved(o), o.command("reject_hire", "seeker"), o.consent_ends(), o.wait(days=7)), "cancelled",
        [*CLAIMED, "hire.rejected", "offer.consent_ended", *CANCELLED],
    ),
    "accepted, and disputed before it was known to be held": (
        "accepted",
        lambda o: (disputed(o), o.consent_ends(), o.escrow("escrow.held", 2, begin=True), o.wait(days=3)), "active",
        ["offer.consent_ended", "offer.activated"],
    ),
    "under a dispute what has begun goes on": (
        lambda: disputed(begun(Offer().active())),
        lambda o: (o.consent_ends(), o.escrow("dispute.withdrawn", 4, "held"), o.wait(days=9)), "active",
        ["offer.consent_ended"],
    ),
    "help that needs no consent goes on": (
        "accepted", lambda o: o.consent_ends("good_word", "reference"), "accepted", [],
    ),
    "and help for nothing": (lambda: Offer().active(price=0), lambda o: o.consent_ends(), "active", []),
    "a claim goes on, and the help does not begin": (
        "hire_claimed", lambda o: (o.consent_ends(), o.wait(days=9)), "hire_claimed", ["offer.consent_ended"],
    ),
    "if it is rejected, it ends": (
        "hire_claimed", lambda o: (o.consent_ends(), o.command("reject_hire", "seeker"), o.wait()), "cancelled",
        ["offer.consent_ended", "hire.rejected", *CANCELLED],
    ),
    "if it is confirmed, it is a hire": (
        "hire_claimed", lambda o: (o.consent_ends(), confirm(o), o.wait(days=99)), "hired",
        ["offer.consent_ended", *CONFIRMED],
    ),
    "or by silence": (
        "active", lambda o: (proved(o), o.consent_ends(), o.wait(days=14)), "hired",
        [*CLAIMED, "offer.consent_ended", *CONFIRMED],
    ),
    "what is hired is paid": ("hired", lambda o: o.consent_ends(), "hired", []),
    "one of the two is forgotten": ("countered", lambda o: o.erased("insider"), "cancelled", CANCELLED),
    "or with help for nothing": (
        lambda: Offer().active(price=0), lambda o: o.erased("seeker"), "cancelled", CANCELLED,
    ),
    "but not with money": ("active", lambda o: o.erased("seeker"), "active", []),
    "the check finds all well": ("proposed", lambda o: o.checked(), "proposed", []),
    "the check finds the listing ended": ("proposed", lambda o: o.checked("expired"), "cancelled", CANCELLED),
    "an accepted offer outlives an expired listing": ("accepted", lambda o: o.checked("expired"), "accepted", []),
    "but not one that is filled": ("accepted", lambda o: o.checked("filled"), "cancelled", CANCELLED),
    "a claim does not outlive it either": (
        "hire_claimed", lambda o: o.checked(reserved=False), "cancelled", CANCELLED,
    ),
    "a claim outlives a listing that is filled": ("hire_claimed", lambda o: o.checked("filled"), "hire_claimed", []),
    "nor a reservation that is gone": ("active", lambda o: o.checked(reserved=False), "cancelled", CANCELLED),
    "the check of a request whose reservation is gone": (
        "countered", lambda o: o.checked(reserved=False), "cancelled", CANCELLED,
    ),
    "the check finds it filled during a claim": (
        "hire_claimed", lambda o: (o.checked("filled"), o.command("reject_hire", "seeker"), o.wait()), "cancelled",
        ["hire.rejected", *CANCELLED],
    ),
    "the two review each other": (
        "hired", lambda o: (review(o, "seeker"), review(o, "insider")), "hired", REVIEWED * 2,
    ),
    "after the job has ended": ("ended", lambda o: review(o, "insider"), "ended", REVIEWED),
    "when all is paid": (
        "completed", lambda o: (o.wait(days=59.9), review(o, "seeker")), "completed", REVIEWED,
    ),
    "also where the bank took the money back": (
        "hired", lambda o: (o.escrow("escrow.charged_back", 6), review(o, "insider")), "closed",
        ["offer.closed", *REVIEWED],
    ),
    "60 days more after the end of the job": (
        "completed",
        lambda o: (o.wait(days=80), o.command("end", "seeker", on="2027-03-01"), o.wait(days=50), review(o, "seeker")),
        "completed", ["hire.ended", *REVIEWED],
    ),
    "a week after the other's": (
        "hired", lambda o: (review(o, "seeker"), o.wait(days=6.9), review(o, "insider")), "hired", REVIEWED * 2,
    ),
    "a review's text is removed": (
        "completed",
        lambda o: (review(o, "seeker", text="Rude."), o.command("remove_review_text", "moderator", **REMOVED)),
        "completed", REVIEWED,
    ),
    "an answer to an older question": (
        "accepted", lambda o: o.checked("filled", instruction_id=f"{OFFER_ID}:check:made"), "accepted", [],
    ),
}  # fmt: skip


GOES_ON: dict[str, tuple[str, str, Step]] = {
    "an insider claims the hire": ("active", "insider", claim),
    "an insider disputes": (
        "active", "insider", lambda o: o.escrow("dispute.opened", 3, "disputed", by="insider"),
    ),
    "an insider gives more help": (
        "active", "insider", lambda o: (o.wait(days=1), o.command("record_help", "insider", kind="coaching", on=NEXT)),
    ),
    "a seeker pays": ("accepted", "seeker", lambda o: o.escrow("escrow.held", 2)),
    "a seeker pays and begins": ("accepted", "seeker", lambda o: o.escrow("escrow.held", 2, begin=True)),
    "a seeker begins": ("hire_claimed", "seeker", lambda o: o.command("begin", "seeker")),
    "a seeker names an application": (
        "active", "seeker", lambda o: o.command("name_application", "seeker", reference="46194062"),
    ),
}  # fmt: skip
STAYS: dict[str, tuple[str, str, Step]] = {
    "a seeker disputes": ("active", "seeker", lambda o: o.escrow("dispute.opened", 3, "disputed", by="seeker")),
    "the other disputes": ("active", "seeker", lambda o: o.escrow("dispute.opened", 3, "disputed", by="insider")),
    "help of before is recorded": (
        "active", "insider", lambda o: o.command("record_help", "insider", kind="coaching", on="2027-01-01"),
    ),
    "an application is taken away": (
        "active", "seeker", lambda o: o.command("name_application", "seeker", reference=None),
    ),
    "it was paid for before": (
        "accepted", "seeker", lambda o: o.escrow("escrow.held", 2, at=o.clock.now() - timedelta(seconds=1)),
    ),
    "it begins by itself": ("hire_claimed", "seeker", lambda o: o.wait(hours=48)),
}  # fmt: skip


@pytest.mark.parametrize("case", [*GOES_ON, *STAYS])
def test_who_goes_on_takes_back_what_they_asked(case: str) -> None:
    """And only what they asked themselves, before; then they may ask again."""
    state, party, step = (GOES_ON | STAYS)[case]
    offer = usual(state)
    if case not in ("a seeker begins", "it begins by itself"):  # of a claim one may ask at once
        offer.wait(hours=48)
    offer.command("cancel", party)

    step(offer)

    assert (offer["cancel_asked"] is None) == (case in GOES_ON)
    if case in GOES_ON:
        assert offer.command("cancel", party).outcome == "taken"
        assert offer["cancel_asked"]["by"] == party


@pytest.mark.parametrize("row", ROWS)
def test_row(row: str) -> None:
    """Each row of the table does what it says, and what is over has nothing left to happen."""
    given, when, then, events = ROWS[row]
    offer = usual(given) if isinstance(given, str) else given()
    before = len(offer.events)

    when(offer)

    assert (offer.state, offer.emitted[before:]) == (then, events)
    offer.check()
    assert offer.dead == []


class Watched(Lifecycle):
    """Keeps the rows that were taken."""

    taken: ClassVar[list[Row]] = []

    def _take(self, change: Change, row: Row, trigger: Trigger) -> None:
        self.taken.append(row)
        super()._take(change, row, trigger)


def test_every_row_is_tried() -> None:
    """The cases above take each row of the table: none is there that nothing reaches."""
    for given, when, _, _ in ROWS.values():
        offer = usual(given) if isinstance(given, str) else given()
        offer.lifecycle.__class__ = Watched
        when(offer)

    assert [row for row in OFFER.rows if not any(row is taken for taken in Watched.taken)] == []


@pytest.mark.parametrize(("status", "reason"), [("refunded", "refunded"), ("probation", "split")])
def test_what_is_refunded_of_a_hire_while_the_rest_is_to_be_paid_was_shared(status: str, reason: str) -> None:
    """By an arbiter: a split that the provider refused is given to each apart."""
    offer = usual("hired")
    offer.escrow("escrow.refunded", 7, status)

    assert (offer.state, offer.data("offer.closed")["reason"]) == ("closed", reason)
