"""The offer's table, row by row: given this state, when that comes, expect this state and these events."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from services.matching.offer import rules
from services.matching.offer.lifecycle import OFFER, OPEN, STATES
from shared.aggregate import Change, Lifecycle, Refusal, Row, Trigger
from tests.support.matching import (
    EUR,
    INSIDER,
    LETTER,
    OFFER_ID,
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
        "active", lambda o: (o.wait(days=74), proved(o), o.wait(days=5), o.command("reject_hire", "seeker"), o.wait()),
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
    "under a dispute it goes on too": (
        lambda: disputed(Offer().active()), lambda o: o.consent_ends(), "active", ["offer.consent_ended"],
    ),
    "help that needs no consent goes on": (
        "accepted", lambda o: o.consent_ends("good_word", "reference"), "accepted", [],
    ),
    "and help for nothing": (lambda: Offer().active(price=0), lambda o: o.consent_ends(), "active", []),
    "a claim goes on": ("hire_claimed", lambda o: o.consent_ends(), "hire_claimed", ["offer.consent_ended"]),
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


# -- every cell

CELLS = {
    # new, proposed, countered, accepted, active, hire_claimed, hired, ended, completed, lapsed, cancelled, closed,
    # declined, withdrawn, expired: t taken, i ignored, p parked, r rejected
    "escrow.held":          "r rr t ii i iiiii rrr",
    "escrow.lapsed":        "r rr t rr r rriir rrr",
    "escrow.settled":       "r rr r rr t iirrt rrr",
    "escrow.refunded":      "r rr p tt t iiiii rrr",
    "escrow.split":         "r rr p tt t iiiii rrr",
    "escrow.charged_back":  "r rr p tt t iiiii rrr",
    "listing.ended filled": "r tt t tt i iiiii iii",
    "listing.ended removed": "r tt t tt i iiiii iii",
    "listing.ended expired": "r tt i ii i iiiii iii",
    "listing.ended withdrawn": "r tt i ii i iiiii iii",
    "consent.ended":         "r tt t tt i iiiii iii",
    "person.erased":        "r tt i ii i iiiii iii",
    "checked":              "r tt t tt t ttttt ttt",
}  # fmt: skip
_OUTCOMES = {"t": "taken", "i": "ignored", "p": "parked", "r": "rejected"}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("state", STATES)
def test_cell(state: str, name: str) -> None:
    """Every event and outcome in every state has its answer; a repeat changes nothing; what is rejected changes
    nothing.
    """
    offer = usual(state)
    document = offer.document
    event, _, status = name.partition(" ")
    data = {"status": status or "published", "reserved": True, "instruction_id": "an older one", "by": "seeker"}
    data |= {"times": 1, "help": ["coaching"]}
    kind = "outcome" if event == "checked" else "event"
    trigger = Trigger(event, "once", kind, offer.clock.now(), data)  # type: ignore[arg-type]

    verdict = offer.fold(trigger)

    assert verdict.outcome == _OUTCOMES[CELLS[name].replace(" ", "")[STATES.index(state)]]
    if verdict.outcome == "rejected":
        assert offer.document == document
    elif verdict.outcome == "ignored":
        assert offer.state == state
    version = offer["version"]
    again = offer.fold(trigger)
    assert again.outcome == ("rejected" if verdict.outcome == "rejected" else "duplicate")
    assert offer["version"] == version
    offer.check()


def test_no_cell_is_empty() -> None:
    assert OFFER.empty_cells() == []
    assert {name.split()[0] for name in CELLS} == {*OFFER.events, *OFFER.outcomes}


def test_what_waits_too_long_is_a_dead_letter() -> None:
    """Money that went before it was known to be held waits for that news for a week."""
    offer = usual("accepted")
    offer.escrow("escrow.refunded", 3)
    offer.wait(days=6.9)
    assert offer.dead == []

    offer.wait(days=0.1)

    assert [letter["name"] for letter in offer.dead] == ["escrow.refunded"]
    assert (offer.state, offer["parked"]) == ("accepted", None)


# -- every command

_BOTH = ("insider", "seeker")
_STAFF = ("arbiter", "moderator")
ROLES = (*_BOTH, "employer", "ats", *_STAFF, "operator", "other than these")
BODIES: dict[str, dict[str, Any]] = {
    "propose": {"listing": listing(), "help": ["coaching"]},
    "counter": {"price": {"amount": 40_000, **EUR}},
    "accept": {},
    "decline": {},
    "withdraw": {},
    "cancel": {"reason": "So it is."},
    "review": {"stars": 4, "text": "Kind and quick.", "would_again": True},
    "remove_review_text": {"of": "seeker", "reason": "Rude."},
    "record_help": {"kind": "coaching", "on": "2027-01-02"},
    "answer_help": {"kind": "coaching", "on": "2027-01-01", "answer": "denied"},
    "name_application": {"reference": "46194062"},
    "claim_hire": {"start_on": START, "evidence": LETTER},
    "reject_hire": {},
    "confirm_hire": {"start_on": START, "reason": "So it is."},
    "end": {"on": START},
    "begin": {},
}
ALLOWED: dict[str, dict[str, tuple[str, ...]]] = {
    "propose": {},
    **dict.fromkeys(("counter", "accept", "decline"), {"proposed": ("insider",), "countered": ("seeker",)}),
    "withdraw": {"proposed": ("seeker",), "countered": ("insider",)},
    "cancel": {"accepted": (*_BOTH, *_STAFF), "active": (*_BOTH, *_STAFF), "hire_claimed": (*_BOTH, *_STAFF)},
    "begin": dict.fromkeys(("active", "hire_claimed"), ("seeker",)),
    **{name: {"active": (who,), "hire_claimed": (who,)} for name, who in (("record_help", "insider"),
                                                                        ("answer_help", "seeker"))},
    "name_application": dict.fromkeys(("proposed", "countered", "accepted", "active", "hire_claimed"), ("seeker",)),
    "claim_hire": {"active": ("insider",)},
    "reject_hire": {"hire_claimed": ("seeker",)},
    "confirm_hire": dict.fromkeys(("active", "hire_claimed"), ("seeker", "employer", "ats", "arbiter")),
    "end": {**dict.fromkeys(("hired", "completed"), (*_BOTH, "employer")), "ended": ("insider",)},
    "review": dict.fromkeys(("hired", "ended", "completed"), _BOTH),
    "remove_review_text": dict.fromkeys(("hired", "ended", "completed"), ("moderator",)),
}  # fmt: skip
NOT_NOW = {
    ("review", "closed"): _BOTH,
    ("remove_review_text", "closed"): ("moderator",),
}
"""Who may in that state, but not in this one: nobody was hired."""


@pytest.mark.parametrize("command", BODIES)
@pytest.mark.parametrize("state", STATES[1:])
def test_command(state: str, command: str) -> None:
    """Every command in every state by everyone: taken where the table says so, else refused, and nothing changes."""
    for role in ROLES:
        offer = usual(state)
        if command == "answer_help" and state in ALLOWED[command]:
            offer.command("record_help", "insider", kind="coaching", on="2027-01-01")
        if command == "remove_review_text" and state in ALLOWED[command]:
            offer.command("review", "seeker", **BODIES["review"])
        document, allowed = offer.document, ALLOWED[command].get(state)
        if allowed and role in allowed:
            assert offer.command(command, role, **BODIES[command]).outcome == "taken"
            offer.check()
            continue
        with pytest.raises(Refusal) as refused:
            offer.command(command, role, **BODIES[command])
        not_now = NOT_NOW.get((command, state), ())
        assert refused.value.kind == ("forbidden" if (allowed or not_now) and role not in not_now else "state")
        assert offer.document == document


def test_all_commands_are_tried() -> None:
    assert set(BODIES) == set(ALLOWED) == set(OFFER.commands())


# -- the guards

ASKED = [{"rule": "foreign-national-ca-on", "asks": "foreign_national", "help": ["coaching"]}]
LICENCE = {"place": "CA-ON", "number": "R-1", "valid_until": "2026-12-31"}
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
    "begun twice": (
        "active", lambda o: [o.command("begin", "seeker") for _ in range(2)], "state", "begun-once",
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
