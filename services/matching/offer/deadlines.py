"""The deadlines of an offer, and the copy of its escrow's status: under a dispute they stand still. Pure."""

from datetime import datetime

from services.matching.offer.going_on import goes_on
from shared.aggregate import Change, Trigger, last_number

EXPIRE, LAPSE, SILENCE, CLOSING, BEGIN = "expire", "lapse", "silence", "closing", "begin"
UNDER_DISPUTE = (LAPSE, SILENCE, CLOSING, BEGIN)
"""Deadlines that stand still while the escrow is disputed."""


def disputed(change: Change) -> bool:
    return bool(change.get("escrow_status") == "disputed")


def deadline(change: Change, name: str, at: datetime) -> None:
    """Set a deadline; under a dispute it waits, and after one it is not before `undisturbed_until`."""
    if disputed(change):
        change.set(waiting={**change.get("waiting", {}), name: at})
    else:
        change.schedule(name, max(at, change.get("undisturbed_until", at)))


def clear(change: Change, *names: str) -> None:
    for name in names:
        change.schedule(name, None)
    if waiting := change.get("waiting"):
        change.set(waiting={name: at for name, at in waiting.items() if name not in names} or None)


def freeze(change: Change) -> None:
    """A dispute was opened."""
    running = {name: at for name, at in change.timers.items() if name in UNDER_DISPUTE}
    if running:
        change.set(waiting={**change.get("waiting", {}), **running})
    for name in running:
        change.schedule(name, None)


def leave_undisturbed(change: Change) -> None:
    """No deadline that is set from now on is earlier than in some days."""
    change.set(undisturbed_until=change.now + change.terms.after_dispute)


def thaw(change: Change) -> None:
    """The dispute is over: every deadline goes on, and leaves the two some days."""
    leave_undisturbed(change)
    running = {name: at for name, at in change.timers.items() if name in UNDER_DISPUTE}
    for name, at in {**running, **change.get("waiting", {})}.items():
        deadline(change, name, at)
    change.set(waiting=None)


def _is_over_paid(event: Trigger) -> bool:
    """Whether the escrow has ended and the seeker's bank may yet take back, or took, what was paid from it."""
    status, released = event.data["status"], event.data.get("released", 0)
    return status in ("settled", "charged_back") or (status in ("split", "refunded") and released > 0)


def _postpone(change: Change, start_on: str) -> bool:
    """The first day only ever moves to a later one: so the order of the events does not matter."""
    moved = bool(start_on > change["hire"]["start_on"])
    if moved:
        change.set(hire={**change["hire"], "start_on": start_on})
    return moved


def copy_escrow(change: Change, event: Trigger) -> bool:
    """Copy the escrow's status where the event is newer, and a later first day; False where it brings neither."""
    moved = event.name == "escrow.postponed" and _postpone(change, event.data["start_on"])
    if event.sequence <= last_number(change, "escrow_number"):
        return moved
    before, status = disputed(change), change.get("escrow_status")
    if not before and event.data["status"] == "disputed":
        freeze(change)
    change.set(escrow_status=event.data["status"], escrow_number=event.sequence)
    if event.name == "dispute.opened" and event.data.get("by") == "insider":
        goes_on(change, "insider", event.at)  # they want to be paid; a seeker who disputes wants what they asked for
    if _is_over_paid(event) and event.data["status"] != status:  # what is refused or given back later ends nothing
        change.set(paid_at=change.now)
    over = event.name in ("dispute.withdrawn", "dispute.resolved", "dispute.expired")
    if over or (before and not disputed(change)):
        thaw(change)
    return True
