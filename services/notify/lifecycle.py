"""The lifecycle of a notification: its life is its delivery by mail. Pure.

A notification has these fields beside the core ones: person, event_type, text_key, offer_id or listing_id, subject,
text, created_at (the event's time), rank (sorts by it), instruction (the mail), undelivered (why there was none).
"""

from datetime import timedelta
from typing import Any

from services.notify.recipients import told
from services.notify.texts import DEFAULT_LANGUAGE, render
from shared.aggregate import Change, Condition, Lifecycle, Row, Trigger, cells
from shared.clock import format_time

TOLD = "told"
KEEP = "keep"
ERASED = "person.erased"
PRIVATE = ("person", "subject", "text", "offer_id", "listing_id", "rank", "instruction", "undelivered",
           "language")  # fmt: skip
DELIVERED = ("sent", "failed", "skipped")
OUTCOMES = ("mail.sent", "mail.failed", "mail.skipped")
_LONGEST_PAUSE = timedelta(minutes=5)


def no_events(change: Change) -> dict[str, Any]:
    """Nothing here is told to others."""
    return {}


def open_mail(change: Change, trigger: Trigger) -> None:
    write(change, trigger)
    change.set(instruction={"id": f"{change.id}:mail", "kind": "mail", "attempts": 0})
    change.schedule("instruction", change.now)


def write_only(change: Change, trigger: Trigger) -> None:
    write(change, trigger)
    change.set(undelivered="too_old")


def write(change: Change, trigger: Trigger) -> None:
    """The words are made now, so that they stay as they were told. `trigger.data`: {event_type, event, person, language
    (English where it says none)}.
    """
    event, event_type = trigger.data["event"], trigger.data["event_type"]
    row = told(event_type, event)
    assert row is not None, f"{event_type} is told to nobody"
    language = trigger.data.get("language", DEFAULT_LANGUAGE)
    subject, text = render(row.text, event, language, change.terms)
    change.set(person=trigger.data["person"], event_type=event_type, text_key=row.text, subject=subject, text=text)
    change.set(language=language, offer_id=event.get("offer_id"), listing_id=event.get("listing_id"))
    change.set(created_at=trigger.at, rank=f"{format_time(trigger.at)}/{change.id}")
    change.schedule(KEEP, trigger.at + change.terms.keep_notifications)


def close_mail(change: Change, trigger: Trigger) -> None:
    change.set(instruction=None, undelivered=trigger.data.get("reason"))
    change.schedule("instruction", None)


def forget(change: Change, trigger: Trigger) -> None:
    """Nothing of the person stays; the document itself does, so that a late repeat of the event tells nobody again."""
    change.set(**dict.fromkeys(PRIVATE))
    change.schedule("instruction", None)
    change.schedule(KEEP, None)


MAILABLE = Condition(
    "the event is young enough to be mailed",
    lambda change, trigger: change.now - trigger.at <= change.terms.mail_not_older,
)

NOTIFICATION = Lifecycle(
    "notification",
    states=("new", "queued", *DELIVERED, "expired"),
    rows=(
        Row(("new",), TOLD, to="queued", when=MAILABLE, act=open_mail),
        Row(("new",), TOLD, to="skipped", act=write_only, note="too old to be mailed; it can still be read"),
        Row(("queued",), "mail.sent", to="sent", act=close_mail),
        Row(("queued",), "mail.failed", to="failed", act=close_mail, note="the mail server refused it for good"),
        Row(
            ("queued",),
            "mail.skipped",
            to="skipped",
            act=close_mail,
            note="no verified address, not wanted, or too old by now",
        ),
        Row(DELIVERED, f"timer:{KEEP}", to="expired", act=forget),
        Row(("queued", *DELIVERED), ERASED, to="expired", act=forget, note="the person told asked to be forgotten"),
    ),
    public=no_events,
    events=(TOLD, ERASED),
    outcomes=OUTCOMES,
    answers=cells(
        ignore={TOLD: (*DELIVERED, "expired"), ERASED: ("expired",)} | dict.fromkeys(OUTCOMES, (*DELIVERED, "expired")),
        reject=dict.fromkeys((*OUTCOMES, ERASED), ("new",)),
    ),
    busy=("queued",),
    final=("expired",),
    retry_after=lambda attempts: min(timedelta(seconds=2 ** min(attempts, 10)), _LONGEST_PAUSE),
)
