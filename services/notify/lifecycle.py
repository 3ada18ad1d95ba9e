"""The lifecycles of what is mailed: a notification, whose life is its delivery by mail, and the document of another
mail. Pure; what the rows do stands in `acts`.
"""

from datetime import timedelta

from services.notify import acts
from services.notify.acts import KEEP
from services.notify.rules import MAILABLE
from shared.aggregate import ANSWERED, Lifecycle, Row, cells

NOTIFY = "notify"
ERASED = "person.erased"
DELIVERED = ("sent", "failed", "skipped")
OUTCOMES = ("mail.sent", "mail.failed", "mail.skipped")
_LONGEST_PAUSE = timedelta(minutes=5)

NOTIFICATION = Lifecycle(
    "notification",
    states=("new", "queued", *DELIVERED, "expired"),
    rows=(
        Row(("new",), NOTIFY, to="queued", when=MAILABLE, act=acts.open_mail),
        Row(("new",), NOTIFY, to="skipped", act=acts.write_only, note="too old to be mailed; it can still be read"),
        Row(("queued",), "mail.sent", to="sent", act=acts.close_mail),
        Row(("queued",), "mail.failed", to="failed", act=acts.close_mail, note="the mail server refused it for good"),
        Row(
            ("queued",),
            "mail.skipped",
            to="skipped",
            act=acts.close_mail,
            note="no verified address, not wanted, or too old by now",
        ),
        Row(DELIVERED, f"timer:{KEEP}", to="expired", act=acts.forget),
        Row(("queued", *DELIVERED), ERASED, to="expired", act=acts.forget, note="the recipient asked to be forgotten"),
    ),
    public=acts.no_events,
    events=(NOTIFY, ERASED),
    outcomes=OUTCOMES,
    answers=cells(
        ignore={NOTIFY: (*DELIVERED, "expired"), ERASED: ("expired",)}
        | dict.fromkeys(OUTCOMES, (*DELIVERED, "expired")),
        reject=dict.fromkeys((*OUTCOMES, ERASED), ("new",)),
    ),
    busy=("queued",),
    final=("expired",),
    longest_pause=_LONGEST_PAUSE,
)


def of_mail(kind: str, *asked: Row, spent: tuple[str, ...] = ()) -> Lifecycle:
    """What becomes of the mail of a document; `asked` are the rows of events that ask for it, `spent` is stored for the
    mail alone.
    """
    events, close = tuple(row.trigger for row in asked), acts.close_mail_without(*spent)
    return Lifecycle(
        kind,
        states=("new", "known"),
        rows=(*asked, *(Row(("known",), outcome, when=ANSWERED, act=close) for outcome in OUTCOMES)),
        public=acts.no_events,
        events=events,
        outcomes=OUTCOMES,
        answers=cells(ignore=dict.fromkeys((*events, *OUTCOMES), ("known",)), reject=dict.fromkeys(OUTCOMES, ("new",))),
    )
