"""The rules of an escrow: which row is taken (conditions), and what a command must keep (guards). Pure.

The chargebacks' conditions stand in `chargebacks`.
"""

from typing import Any

from services.escrow.plan import is_to_come, next_waiting, struck
from shared.aggregate import Change, Condition, Guard, Trigger, is_answered
from shared.clock import days_at
from shared.contact_rule import no_contact_data

FUND_ATTEMPTS = 10
MOST_POSTPONEMENTS = 5


def _asks_all(change: Change, trigger: Trigger) -> bool:
    return is_answered(change, trigger) and bool(change["instruction"]["amount"] == change["held"])


def is_refused(change: Change, trigger: Trigger) -> bool:
    """Whether it is the open instruction's outcome, and not held back where another process has let it go meanwhile."""
    cleared = change.get("instruction", {}).get("cleared")
    return is_answered(change, trigger) and not (trigger.data.get("unsent") and cleared)


FREE = Condition("the price is 0", lambda change, trigger: trigger.data["price"] == 0)
LAST_OF_ALL = Condition(
    "it is the open instruction's, nothing is left and nothing was refunded",
    lambda change, trigger: _asks_all(change, trigger) and change["refunded"] == 0,
)
LAST = Condition("it is the open instruction's, and nothing is left", _asks_all)
EARNED_WAITS = Condition(
    "it is the open instruction's outcome, and something else is still to be paid",
    lambda change, trigger: is_answered(change, trigger) and bool(change["instruction"]["amount"] < change["held"]),
)
WAITING = Condition("a tranche waits to be paid", lambda change, trigger: next_waiting(change["tranches"]) is not None)
STRUCK = Condition("the end of the hire struck something", lambda change, trigger: struck(change["tranches"]) > 0)
UNDECIDED = Condition("no arbiter has given it to the insider", lambda change, trigger: not change.get("decided"))

REFUSED = Condition("it is the open instruction's outcome", is_refused)

MAY_FUND = Guard(
    "fund-attempts",
    lambda change, trigger: change.get("fund_attempts", 0) < FUND_ATTEMPTS,
    f"Paying was tried {FUND_ATTEMPTS} times. No more tries are possible.",
)
LOSS_OPEN = Guard(
    "loss-open",
    lambda change, trigger: bool(change.get("loss_since")),
    "There is no loss here that waits for a decision.",
    refuses="state",
)
ONE_DISPUTE = Guard(
    "one-dispute-a-party",
    lambda change, trigger: (
        ("insider" if trigger.by == change["insider"] else "seeker") not in change.get("disputed_by", ())
    ),
    "You have disputed this escrow before; each party may do so once.",
)
UNREACHED = no_contact_data("reason", over=lambda change: bool(change.get("hire_event_id")))
"""What a dispute is about is for the other to read. The escrow does not hear whether the help has begun, and staff need
no contact data to decide: so until the hire nobody writes any here.
"""
NOT_DECIDED = Guard(
    "decided",
    lambda change, trigger: not change.get("decided"),
    "An arbiter has decided whose this money is.",
)
HIRE_KNOWN = Guard(
    "hire-confirmed",
    lambda change, trigger: change["dispute"]["before"] == "probation",
    "Money goes to the insider only after the hire is confirmed. Until then it can be refunded or returned. "
    "An arbiter who finds that the hire happened confirms it on the offer.",
    "/decision",
)


def _start_window(change: Change) -> tuple[str, str]:
    """The first day that stands, and the last that may take its place, as ISO dates.

    It counts from the acceptance, so the money is never held longer than was possible when the offer was made.
    """
    return change["start_on"], (days_at(change["accepted_at"])[1] + change.terms.start_on_after).isoformat()


def _proposed(change: Change) -> str | None:
    """The later first day that waits for the seeker's answer."""
    proposal: dict[str, Any] = change.get("postponement", {})
    return None if "answer" in proposal else proposal.get("start_on")


PAYOUTS_TO_COME = Guard(
    "payouts-to-come",
    lambda change, trigger: (
        change.get("ended_on") is None and any(is_to_come(each, change.now) for each in change["tranches"])
    ),
    "The hire has ended, or every payout is made or due: none would move.",
    refuses="state",
)
LATER_START = Guard(
    "later-start",
    lambda change, trigger: _start_window(change)[0] < trigger.data["start_on"] <= _start_window(change)[1],
    lambda change, trigger: "Expected a day after {}, up to {}.".format(*_start_window(change)),
    "/start_on",
)
POSTPONEMENTS = Guard(
    "postponements-bound",
    lambda change, trigger: change.get("postponement", {}).get("number", 0) < MOST_POSTPONEMENTS,
    f"A later first day is proposed {MOST_POSTPONEMENTS} times at most.",
)
PROPOSED_START = Guard(
    "proposed-start",
    lambda change, trigger: _proposed(change) == trigger.data["start_on"],
    lambda change, trigger: f"The day that is proposed is {_proposed(change)}.",
    "/start_on",
)


def answered(answer: str) -> Condition:
    return Condition(
        f"a later day is proposed, and the answer is {answer}",
        lambda change, trigger: _proposed(change) is not None and trigger.data["answer"] == answer,
    )


def was(before: str) -> Condition:
    return Condition(f"this was {before} before", lambda change, trigger: bool(change["dispute"]["before"] == before))


def decided(decision: str, before: str | None = None) -> Condition:
    """The arbiter's command says `decision` (and the dispute is about an escrow that was `before`)."""
    return Condition(
        f"the decision is {decision}" + (f" and this was {before} before" if before else ""),
        lambda change, trigger: trigger.data["decision"] == decision and before in (None, change["dispute"]["before"]),
    )
