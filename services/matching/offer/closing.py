"""An offer that ends by no command of the two: with its listing, with the employer's consent, with a person. Pure.

What a claim or a dispute is in the way of is remembered as `closing`, and ends later, if that comes to nothing.
"""

from collections.abc import Mapping
from typing import Any

from services.matching.offer import rules
from services.matching.offer.acts import over
from services.matching.offer.beginning import CONSENT_ENDED, is_forbidden
from services.matching.offer.deadlines import BEGIN, CLOSING, clear, deadline
from shared.aggregate import Change, Trigger, close_task, is_answered

Extra = Mapping[str, Mapping[str, Any]]


def person_left(change: Change, trigger: Trigger) -> Extra:
    """One of the two asked to be forgotten."""
    return _called_off(change, "left", trigger.data["by"])


def listing_ended(change: Change, trigger: Trigger) -> Extra:
    return _called_off(change, f"listing_{trigger.data['status']}")


def closing_due(change: Change, trigger: Trigger) -> Extra:
    return _called_off(change, CONSENT_ENDED if is_forbidden(change.doc) else f"listing_{change['closing']}")


def consent_ended(change: Change, trigger: Trigger) -> Extra:
    """The employer said no before the help began: what was paid goes back."""
    return _called_off(change, CONSENT_ENDED)


def remember_closing(change: Change, trigger: Trigger) -> None:
    """The listing is over, but a claim or a dispute is in the way: later, if that comes to nothing."""
    _remember(change, trigger.data["status"])


def remember_consent(change: Change, trigger: Trigger) -> Extra:
    """The employer said no, but a claim or a dispute is in the way: the help does not begin meanwhile."""
    clear(change, BEGIN)
    _remember(change, CONSENT_ENDED)
    return {"offer.consent_ended": {"begun": False}}


def _remember(change: Change, closing: str) -> None:
    """The employer's no stands above how the listing ended. Its passes still find the offer: it may say no later."""
    if not is_forbidden(change.doc):
        change.set(closing=closing)
    if change.state != "hire_claimed":
        deadline(change, CLOSING, change.now)


def _called_off(change: Change, code: str, by: str = "system") -> Extra:
    """By no command of the two."""
    over(change)
    change.set(cancelled={"by": by, "at": change.now, "code": code})
    return {"offer.cancelled": {"by": by, "reason": code}}


def checked(change: Change, trigger: Trigger) -> None:
    """The worker looked. What it found of an older question is dropped."""
    if not is_answered(change, trigger):
        return
    close_task(change)
    if change.state in ("accepted", "active", "hire_claimed") and trigger.data["status"] in rules.TAKES_ACCEPTED_TOO:
        remember_closing(change, trigger)


def check_failed(change: Change, trigger: Trigger) -> Extra:
    return _called_off(change, f"listing_{trigger.data['status']}" if trigger.data["reserved"] else "no_reservation")
