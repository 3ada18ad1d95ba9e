"""The offer's table, cell by cell: each state with each event and outcome, and with each command by each role."""

from typing import Any

import pytest

from services.matching.offer.lifecycle import OFFER, STATES
from shared.aggregate import Refusal, Trigger
from tests.support.matching import (
    EUR,
    LETTER,
    START,
    listing,
    usual,
)

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
    ("end", "closed"): (*_BOTH, "employer"),
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
