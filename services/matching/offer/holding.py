"""How long the money of an offer may have to be held, at the longest. Pure."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from shared.settings import Terms

_ELSEWHERE = timedelta(days=1)
"""It may be the next day already where the job is."""


def longest_hold(terms: Terms, tranches: Iterable[Mapping[str, Any]]) -> timedelta:
    """How long the money of such a plan may have to be held, from the day it comes until none of it is left.

    Two well-proved claims are rejected, each as late as it may be, and the hire is confirmed on the last of the days
    that are left then; both parties dispute, and what this holds up has its time again; the job starts as late as it
    may, and just before the last day the seeker says that it has ended. Chargebacks aside.
    """
    rejected = terms.silence + terms.after_dispute
    hire = terms.lapse_after + rejected + terms.silence + max(terms.after_dispute, terms.silence_payout_after)
    given_back = max(terms.after_dispute, terms.silence_payout_after, terms.ended_refund_after)
    disputes = 2 * (terms.dispute_expiry + given_back)
    last = max((int(each["due_day"]) for each in tranches), default=0)
    tenure = (
        terms.start_on_after + _ELSEWHERE + timedelta(days=last) + terms.ended_refund_after if last else timedelta()
    )
    return hire + disputes + max(tenure, terms.first_payout_wait)
