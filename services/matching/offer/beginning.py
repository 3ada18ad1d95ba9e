"""When the help of an offer begins: only then do the two learn how to reach each other, and the seeker the employer.

The seeker begins, with the payment or later; else it begins by itself some time after acceptance. At price 0 it begins
at once. An offer that an older version activated has no `begins_at`: it has begun. Pure.
"""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.matching.offer.deadlines import BEGIN, LAPSE, clear, deadline
from services.matching.offer.going_on import goes_on
from shared.aggregate import Change, Condition, Trigger

Extra = Mapping[str, Mapping[str, Any]]


CONSENT_ENDED = "consent_ended"
"""Why an offer ends of which the employer said no; as its `closing`, that it will."""


# -- what is asked of an offer


def has_begun(document: Mapping[str, Any]) -> bool:
    """Whether the help of this offer has begun."""
    return "begun_at" in document or ("activated_at" in document and "begins_at" not in document)


def is_forbidden(document: Mapping[str, Any]) -> bool:
    """Whether the employer said no before the help began: it does not begin any more."""
    return document.get("closing") == CONSENT_ENDED


def times_of_no(listing: Mapping[str, Any]) -> int:
    """How often the listing's employer has taken a consent back, or refused it."""
    return int((listing.get("consent_ended") or {}).get("times", 0))


def is_told(listing: Mapping[str, Any]) -> bool:
    """Whether all its offers were told of the employer's last no, and are to be told once more."""
    return bool((listing.get("consent_told") or {}).get("times") == times_of_no(listing))


def told_now(listing: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The employer's last no, {times, help}, while its offers are told of it, for the first time or once more."""
    is_new = times_of_no(listing) > listing.get("consent_closed", 0)
    return listing["consent_ended"] if is_new or is_told(listing) else None


def has_ended_since(offer: Mapping[str, Any], no: Mapping[str, Any]) -> bool:
    """Whether the employer has said no since this was offered; an offer of an older version does not say when that was,
    and is told by the passes alone.
    """
    return bool(no.get("times", 0) > offer.get("consent_times", sys.maxsize))


def needs_consent(offer: Mapping[str, Any], no: Mapping[str, Any]) -> bool:
    """Whether it costs something, and has help that the employer said no to."""
    return bool(offer["price"] > 0 and set(offer["help"]) & set(no["help"]))


def _may_begin(change: Change, trigger: Trigger) -> bool:
    """Not where it was told of a no, nor where it will be: `no` is the one that its listing's offers are told now."""
    if is_forbidden(change.doc):
        return False
    no = trigger.data.get("no") or {}
    return not (has_ended_since(change.doc, no) and needs_consent(change.doc, no))


MAY_BEGIN = Condition("the employer has not said no to help that is paid for", _may_begin)
BEGINS_WITH_PAYMENT = Condition(
    "the seeker began with the payment, and the employer has not said no",
    lambda change, trigger: bool(trigger.data.get("begin")) and _may_begin(change, trigger),
)


def may_cancel_alone(change: Change, trigger: Trigger) -> bool:
    """Within the time for it; a seeker who pays only until the help has begun, for the money would go back."""
    if change.now >= change["accepted_at"] + change.terms.cancel_alone:
        return False
    return "seeker" not in trigger.roles or change["price"] == 0 or not has_begun(change.doc)


MAY_CANCEL_ALONE = Condition("within {cancel_alone} of acceptance", may_cancel_alone)


# -- acts


def activate(change: Change, trigger: Trigger) -> Extra:
    """The money is held; the seeker has the rest of the time to begin, or to think better of it."""
    _live(change)
    goes_on(change, "seeker", trigger.at)
    at = max(change.now, change["accepted_at"] + change.terms.cancel_alone)
    change.set(begins_at=at)
    if not is_forbidden(change.doc):
        deadline(change, BEGIN, at)
    return {"offer.activated": {"begins_at": at}}


def activate_begun(change: Change, trigger: Trigger) -> Extra:
    """It is active, and begins at once."""
    _live(change)
    begun = begin(change, trigger)
    return {"offer.activated": {"begins_at": None}, **begun}


def begin(change: Change, trigger: Trigger) -> Extra:
    clear(change, BEGIN)
    change.set(begun_at=change.now, begins_at=change.get("begins_at", change.now))
    by_seeker = trigger.name == "begin" or trigger.data.get("begin")
    if by_seeker:
        goes_on(change, "seeker", trigger.at)
    return {"offer.begun": {"by": "seeker" if by_seeker else "system"}}


def _live(change: Change) -> None:
    lapse_at: datetime = change.now + change.terms.lapse_after
    change.set(activated_at=change.now, lapse_at=lapse_at)
    deadline(change, LAPSE, lapse_at)
