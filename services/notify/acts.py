"""What the rows of a notification's lifecycle do to it. Pure.

The document is `documents.NotificationDocument`.
"""

from typing import Any

from services.notify.recipients import notified, read_by
from services.notify.templates import DEFAULT_LANGUAGE, render
from shared.aggregate import Change, Trigger, close_task, open_task
from shared.aggregate.table import Action
from shared.clock import format_time

KEEP = "keep"
PRIVATE = ("person", "subject", "text", "offer_id", "listing_id", "rank", "instruction", "undelivered",
           "language")  # fmt: skip


def no_events(change: Change) -> dict[str, Any]:
    """A notification emits no events."""
    return {}


def open_mail(change: Change, trigger: Trigger) -> None:
    write(change, trigger)
    open_task(change, f"{change.id}:mail", "mail", change.now)


def write_only(change: Change, trigger: Trigger) -> None:
    write(change, trigger)
    change.set(undelivered="too_old")


def write(change: Change, trigger: Trigger) -> None:
    """The text is rendered now, and stays as it was. `trigger.data`: {event_type, event, person, language
    (English where it says none), public_url (where listings are read)}.
    """
    event, event_type = trigger.data["event"], trigger.data["event_type"]
    row = notified(event_type, event)
    assert row is not None, f"{event_type} notifies nobody"
    language = trigger.data.get("language", DEFAULT_LANGUAGE)
    person = trigger.data["person"]
    read = {**read_by(person, event), "public_url": trigger.data.get("public_url", "")}
    subject, text = render(row.text, read, language, change.terms)
    change.set(person=person, event_type=event_type, text_key=row.text, subject=subject, text=text)
    change.set(language=language, offer_id=event.get("offer_id"), listing_id=event.get("listing_id"))
    at = min(trigger.at, change.now)  # whose clock is ahead does not stand before all that comes later
    change.set(created_at=at, rank=f"{format_time(at)}/{change.id}")
    change.schedule(KEEP, at + change.terms.keep_notifications)


def close_mail(change: Change, trigger: Trigger) -> None:
    close_task(change)
    change.set(undelivered=trigger.data.get("reason"))


def close_mail_without(*spent: str) -> Action:
    """Close it, out or not; what was for the mail alone goes."""

    def close(change: Change, trigger: Trigger) -> None:
        change.set(**dict.fromkeys(spent))
        close_mail(change, trigger)

    return close


def forget(change: Change, trigger: Trigger) -> None:
    """Nothing of the person stays; the document itself does, so that a late repeat of the event tells nobody again."""
    close_task(change)
    change.set(**dict.fromkeys(PRIVATE))
    change.schedule(KEEP, None)
