"""The lifecycles of a webhook and of a delivery. Pure; what the rows do stands in `acts`.

Nothing is sent to a webhook's URL before it has answered a test there. What the worker finds out (that a receiver
answered, failed, is gone) comes as an event, unique by the attempt.
"""

from services.notify.acts import no_events
from services.notify.webhooks import acts
from services.notify.webhooks.rules import (
    FAILED_TOO_LONG,
    FEW_RETRIES,
    FEW_ROTATIONS,
    FEW_TESTS,
    HELD_TOO_LONG,
    HELD_UP,
    LAST_TRY,
    MAY_READ_ALL,
    MOVES,
    NO_TEST,
    OF_THIS_URL,
    REACHABLE,
)
from shared.aggregate import Lifecycle, Row, cells

VERIFIED, SUCCEEDED, FAILED, GONE = "receiver.verified", "receiver.succeeded", "receiver.failed", "receiver.gone"
UNTESTED = "receiver.untested"
REPLAYED, ERASED, DISABLED = "webhook.replayed", "person.erased", "webhook.disabled"
_LIVE = ("pending", "active", "disabled")
_OWNER = ("owner",)

WEBHOOK = Lifecycle(
    "webhook",
    states=("new", *_LIVE, "deleted"),
    rows=(
        Row(("new",), "create", to="pending", by=("maker",), guards=(MAY_READ_ALL, REACHABLE, FEW_TESTS),
            act=acts.create),
        Row(_LIVE, "change", to="pending", by=_OWNER, when=MOVES, guards=(REACHABLE, FEW_TESTS), act=acts.alter,
            note="the new URL is tested; of one that was active, events wait for it"),
        Row(_LIVE, "change", by=_OWNER, act=acts.alter),
        Row(_LIVE, "rotate", by=_OWNER, guards=(FEW_ROTATIONS,), act=acts.rotate),
        Row(_LIVE, "test", by=_OWNER, guards=(FEW_TESTS,), act=acts.test),
        Row(("active",), "replay", by=_OWNER, act=acts.replay),
        Row(_LIVE, "delete", to="deleted", by=("owner", "operator"), act=acts.delete),
        Row(("pending", "disabled"), VERIFIED, to="active", when=OF_THIS_URL, act=acts.verified,
            note="its URL answered a test"),
        Row(("pending",), UNTESTED, to="disabled", when=HELD_TOO_LONG, emits=(DISABLED,), act=acts.untested),
        Row(("active",), SUCCEEDED, act=acts.succeeded),
        Row(("active",), FAILED, to="disabled", when=FAILED_TOO_LONG, emits=(DISABLED,), act=acts.disable),
        Row(("active",), FAILED, act=acts.failed),
        Row(("pending",), GONE, to="disabled", when=HELD_UP, emits=(DISABLED,), act=acts.gone,
            note="its new URL answered the test with 410"),
        Row(("active",), GONE, to="disabled", emits=(DISABLED,), act=acts.gone, note="its receiver answered 410"),
        Row(_LIVE, REPLAYED, act=acts.replayed),
        Row(_LIVE, ERASED, to="deleted", act=acts.delete),
    ),
    public=acts.public,
    events=(VERIFIED, UNTESTED, SUCCEEDED, FAILED, GONE, REPLAYED, ERASED),
    answers=cells(
        ignore={
            VERIFIED: ("pending", "active", "disabled", "deleted"),
            UNTESTED: ("pending", "active", "disabled", "deleted"),
            SUCCEEDED: ("pending", "disabled", "deleted"),
            FAILED: ("pending", "disabled", "deleted"),
            GONE: ("pending", "disabled", "deleted"),
            REPLAYED: ("deleted",),
            ERASED: ("deleted",),
        },
        reject=dict.fromkeys((VERIFIED, UNTESTED, SUCCEEDED, FAILED, GONE, REPLAYED, ERASED), ("new",)),
    ),
    final=("deleted",),
)  # fmt: skip

TEST = "webhook.test"
"""The type of the event that a URL has to answer before anything else is sent there."""

BEGUN = "delivery.begun"
ANSWERED, UNANSWERED, ENDED, HELD, AGAIN = (
    "attempt.succeeded", "attempt.failed", "delivery.ended", "delivery.held", "delivery.replayed",
)  # fmt: skip
_DONE = ("delivered", "failed")

DELIVERY = Lifecycle(
    "delivery",
    states=("new", "waiting", *_DONE),
    rows=(
        Row(("new",), BEGUN, to="waiting", act=acts.begin),
        Row(("waiting",), ANSWERED, to="delivered", act=acts.delivered),
        Row(("waiting",), UNANSWERED, to="failed", when=LAST_TRY, act=acts.give_up),
        Row(("waiting",), UNANSWERED, act=acts.try_later),
        Row(("waiting",), ENDED, to="failed", act=acts.give_up),
        Row(("waiting",), HELD, act=acts.hold, note="its webhook's new URL has not answered a test yet"),
        Row(_DONE, "retry", to="waiting", by=_OWNER, guards=(NO_TEST, FEW_RETRIES), act=acts.retry),
        Row(("failed",), AGAIN, to="waiting", act=acts.begin_again),
    ),
    public=no_events,
    events=(BEGUN, ANSWERED, UNANSWERED, ENDED, HELD, AGAIN),
    answers=cells(
        ignore={
            BEGUN: ("waiting", *_DONE),
            **dict.fromkeys((ANSWERED, UNANSWERED, ENDED, HELD), _DONE),
            AGAIN: ("waiting", "delivered"),
        },
        reject=dict.fromkeys((ANSWERED, UNANSWERED, ENDED, HELD, AGAIN), ("new",)),
    ),
)
