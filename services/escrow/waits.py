"""The waits that are somebody's time to dispute, and what is given back of them once they can be used again. Pure.

There are two: what the seeker says has ended goes back after some days, which are the insider's (`refund_at`), and what
silence confirmed is paid after some days, which are the seeker's (`silent_until`). While a dispute is open or the bank
has the money nobody can open another. So what was left of them then is left again afterwards; and whoever has not
disputed yet has the time that an offer is left undisturbed, at least. Nor can anybody while the provider has not
answered: where that takes long, it is left out.
"""

from datetime import datetime, timedelta

from services.escrow import plan
from shared.aggregate import Change

SHORT = timedelta(hours=1)
"""An instruction that is answered within this long holds up nobody's time to dispute."""


def resume(change: Change, since: datetime) -> None:
    """Give back what was held up from `since` until now. The day of a tranche that waits for nobody stays."""
    if not change.get("refund_blocked") and (at := change.get("refund_at")):
        change.set(refund_at=_resumed(change, at, since, "insider"))
    if at := change.get("silent_until"):
        until = _resumed(change, at, since, "seeker")
        change.set(silent_until=until, tranches=plan.not_before(change["tranches"], until))


def pass_over(change: Change, since: datetime) -> None:
    """Leave out the time from `since` until now, in which an instruction was open: nobody could dispute in it."""
    if change.now - since <= SHORT:
        return
    held_up = change.now - since
    at, until = change.get("refund_at"), change.get("silent_until")
    if at and at > since and not change.get("refund_blocked"):
        change.set(refund_at=at + held_up)
        if "refund" in change.timers:
            change.schedule("refund", at + held_up)
    if until and until > since:
        change.set(silent_until=until + held_up, tranches=plan.not_before(change["tranches"], until + held_up))
        if "payout" in change.timers:
            change.schedule("payout", max(change.timers["payout"], until + held_up))


def _resumed(change: Change, until: datetime, since: datetime, whose: str) -> datetime:
    since = max(since, change.get("hire_known_at", since))  # it may have begun meanwhile
    if until <= since:
        return until
    left: timedelta = until - since
    if whose not in change.get("disputed_by", ()):
        left = max(left, change.terms.after_dispute)
    again: datetime = change.now + left
    return again


def resume_dispute(change: Change, since: datetime) -> None:
    """The bank gave back what was disputed: there is as much time to decide as there was `since`, or some days."""
    dispute = change["dispute"]
    expires_at = change.now + max(dispute["expires_at"] - since, change.terms.after_dispute)
    change.set(dispute={**dispute, "expires_at": expires_at})
    change.schedule("dispute", expires_at)
