"""The escrow's lifecycle: one table. Money moves only where a row says so, and only by the provider's outcome.

funding, releasing, refunding, splitting and repaying are the states with an open instruction: they take its outcome
and nothing else. Acts stand in `acts` and in files of their subject, the rules in `rules`, money in `books`.
"""

from datetime import timedelta

from services.escrow import acts, losses, postponing, refusals, repaying
from services.escrow import chargebacks as cb
from services.escrow.books import latest_try, public
from services.escrow.rules import (
    EARNED_WAITS,
    FREE,
    HIRE_KNOWN,
    LAST,
    LAST_OF_ALL,
    LATER_START,
    LOSS_OPEN,
    MAY_FUND,
    NOT_DECIDED,
    ONE_DISPUTE,
    PAYOUTS_TO_COME,
    POSTPONEMENTS,
    PROPOSED_START,
    REFUSED,
    STRUCK,
    UNDECIDED,
    UNREACHED,
    WAITING,
    answered,
    decided,
    was,
)
from services.escrow.staff_lists import enlist
from shared.aggregate import ANSWERED, Emit, Lifecycle, Park, Row, cells

STATES = (
    "new", "awaiting", "free", "funding", "held", "probation", "releasing", "settled", "refunding", "refunded",
    "splitting", "split", "repaying", "lapsed", "disputed", "charged_back",
)  # fmt: skip
BUSY = ("funding", "releasing", "refunding", "splitting", "repaying")
ENDS = ("settled", "split", "refunded", "lapsed")
EVENTS = (
    "offer.accepted", "offer.cancelled", "offer.lapsed", "hire.confirmed", "hire.ended", cb.OPENED, cb.REVERSED,
)  # fmt: skip
OUTCOMES = (
    *(
        f"{kind}.{status}"
        for kind in ("hold", "release", "refund", "split", "repay")
        for status in ("succeeded", "refused")
    ),
    "release.postponed",
    "repay.dropped",
)
PARTIES = ("insider", "seeker")
WEEKS = Park(timedelta(days=30))


OPENING_ROWS = (
    Row(("new",), "offer.accepted", to="free", when=FREE, act=acts.open_escrow, note="free help: no money"),
    Row(("new",), "offer.accepted", to="awaiting", emits=("escrow.opened",), act=acts.open_escrow),
    Row(("awaiting",), "fund", to="funding", by=("seeker",), guards=(MAY_FUND,), act=acts.ask_hold, until="fund"),
    Row(("funding",), "hold.succeeded", to="held", emits=("escrow.held",), when=ANSWERED, act=acts.hold),
    Row(("funding",), "hold.refused", to="awaiting", emits=("escrow.declined",), when=ANSWERED, act=acts.decline),
    Row(
        ("awaiting",), "timer:fund", to="lapsed", emits=("escrow.lapsed",), act=acts.lapse, note="not paid for in time"
    ),
    Row(("awaiting",), "offer.cancelled", to="lapsed", emits=("escrow.lapsed",), act=acts.lapse),
)

PAYING_ROWS = (
    Row(("held",), "hire.confirmed", to="probation", emits=("escrow.probation_started",), act=acts.start_probation),
    Row(("probation",), "timer:payout", to="releasing", when=WAITING, act=acts.ask_release),
    Row(
        ("releasing",), "release.succeeded", to="settled", when=LAST_OF_ALL, act=acts.release,
        emits=(Emit("escrow.released", "settled"), Emit("escrow.settled", "settled")),
    ),
    Row(
        ("releasing",), "release.succeeded", to="refunded", emits=("escrow.released",), when=LAST, act=acts.release,
        note="the hire ended, and what that struck is refunded already",
    ),
    Row(
        ("releasing",), "release.succeeded", to="probation", emits=("escrow.released",), when=ANSWERED,
        act=acts.release,
    ),
    Row(
        ("releasing",), "release.refused", to="probation", emits=("escrow.release_refused",), when=REFUSED,
        act=refusals.block_release, note="refused, with the reason; tried again after {retry_refused}",
    ),
    Row(
        ("releasing",), "release.postponed", to="probation", when=REFUSED, act=acts.postpone_release,
        note="to somebody without history; paid {first_payout_wait} after the hire",
    ),
    Row(
        ("probation",), "hire.ended", when=UNDECIDED, act=acts.end_hire, recorded=True,
        note="later payouts are dropped; the rest goes back at once, or in {ended_refund_after} where the seeker says "
             "it",
    ),
)  # fmt: skip

POSTPONING_ROWS = (
    Row(
        ("probation",), "postpone", emits=("escrow.postpone_proposed",), by=("insider",), act=postponing.propose,
        guards=(PAYOUTS_TO_COME, LATER_START, POSTPONEMENTS),
        note="a later first day of work; the seeker is asked",
    ),
    Row(
        ("probation",), "answer_postponement", emits=("escrow.postponed",), by=("seeker",),
        when=answered("agreed"), guards=(PROPOSED_START, PAYOUTS_TO_COME, LATER_START),
        act=postponing.agree, note="payouts that are not due yet follow the later day",
    ),
    Row(
        ("probation",), "answer_postponement", emits=("escrow.postpone_declined",), by=("seeker",),
        when=answered("declined"), guards=(PROPOSED_START,), act=postponing.decline,
    ),
)  # fmt: skip

REFUNDING_ROWS = (
    Row(("held",), "offer.cancelled", to="refunding", act=acts.ask_refund),
    Row(("held",), "offer.lapsed", to="refunding", act=acts.ask_refund),
    Row(("held",), "timer:refund", to="refunding", act=acts.ask_refund, note="the bank gave the payment back"),
    Row(("probation",), "timer:refund", to="refunding", when=STRUCK, act=acts.ask_refund_of_struck),
    Row(("refunding",), "refund.succeeded", to="refunded", emits=("escrow.refunded",), when=LAST, act=acts.refund),
    Row(
        ("refunding",), "refund.succeeded", to="probation", emits=("escrow.refunded",), when=ANSWERED, act=acts.refund,
        note="what was earned before the hire ended is still to be paid",
    ),
    Row(
        ("refunding",), "refund.refused", to="probation", emits=("escrow.refund_refused",), when=EARNED_WAITS,
        act=refusals.block_refund, note="tried again after {retry_refused}; what was earned is paid meanwhile",
    ),
    Row(
        ("refunding",), "refund.refused", emits=("escrow.refund_refused",), when=ANSWERED, act=refusals.renew,
        note="refused, with the reason; tried again after {retry_refused}, and staff see it",
    ),
    Row(("splitting",), "split.succeeded", to="split", emits=("escrow.split",), when=ANSWERED, act=acts.split),
    Row(
        ("splitting",), "split.refused", to="probation", emits=("escrow.release_refused",), when=REFUSED,
        act=refusals.share_apart,
        note="refused, with the reason; each is given theirs alone now, what was refused after {retry_refused}",
    ),
)  # fmt: skip

_GIVEN_BACK = {
    "held": "",
    "probation": "time to dispute has what was left of it; for who has not disputed {after_dispute} at least",
}  # fmt: skip
DISPUTE_ROWS = (
    *(
        row
        for state, note in _GIVEN_BACK.items()
        for row in (
            Row((state,), "dispute", to="disputed", emits=("dispute.opened",), by=PARTIES,
                guards=(ONE_DISPUTE, NOT_DECIDED, UNREACHED), act=acts.open_dispute(state), note="all deadlines wait"),
            Row(("disputed",), "withdraw", to=state, emits=("dispute.withdrawn",), by=("opener",), when=was(state),
                act=acts.end_dispute, note=note),
            Row(("disputed",), "timer:dispute", to=state, emits=("dispute.expired",), when=was(state),
                act=acts.end_dispute, note=note),
            Row(("disputed",), "resolve", to=state, emits=("dispute.resolved",), by=("arbiter",),
                when=decided("return", state), act=acts.end_dispute, note=note),
        )
    ),
    Row(
        ("disputed",), "resolve", to="refunding", emits=("dispute.resolved",), by=("arbiter",),
        when=decided("refund"), act=acts.decide_refund,
    ),
    Row(
        ("disputed",), "resolve", to="splitting", emits=("dispute.resolved",), by=("arbiter",), guards=(HIRE_KNOWN,),
        when=decided("split"), act=acts.decide_split,
    ),
    Row(
        ("disputed",), "resolve", to="releasing", emits=("dispute.resolved",), by=("arbiter",), guards=(HIRE_KNOWN,),
        when=decided("release"), act=acts.decide_release,
    ),
    Row(
        ("disputed",), "hire.confirmed", emits=("escrow.probation_started",), when=was("held"),
        act=acts.confirm_in_dispute, note="no money moves",
    ),
)  # fmt: skip

_AT_REST = ("held", "probation", "disputed", "settled", "split", "refunded", "lapsed")
_BLOCKED = ("refunding", "splitting")
_DECIDE_AGAIN = "with as much time to decide as was left, and {after_dispute} at least"
_TIME_AGAIN = {"disputed": _DECIDE_AGAIN, "probation": _GIVEN_BACK["probation"]}

CHARGEBACK_ROWS = (
    *(
        Row(
            (state,), cb.OPENED, to="charged_back", emits=("escrow.charged_back",), when=cb.FITS,
            act=cb.charge_back(state),
        )
        for state in _AT_REST
    ),
    *(
        Row(
            (state,), cb.OPENED, to="charged_back", emits=("escrow.charged_back",), when=cb.FITS_BLOCKED,
            act=cb.charge_back(state), note="the transfer under way waits; without this, neither would ever end",
        )
        for state in _BLOCKED
    ),
    Row(
        ("charged_back",), cb.REVERSED, to="held", emits=("escrow.chargeback_reversed",), when=cb.REVERSED_TO_HELD,
        act=cb.give_back_to_held, note="goes back, unless a hire is on its way here; a dispute is over with it",
    ),
    *(
        Row(
            ("charged_back",), cb.REVERSED, to=state, emits=("escrow.chargeback_reversed",), when=cb.reversed_to(state),
            act=cb.give_back, note=_TIME_AGAIN.get(state, ""),
        )
        for state in (*_AT_REST[1:], *_BLOCKED)
    ),
    Row(
        ("charged_back",), "hire.confirmed", emits=("escrow.probation_started",), when=cb.FROM_HELD,
        act=cb.confirm_in_chargeback, note="no money moves",
    ),
    Row(_AT_REST, cb.OPENED, when=cb.OVER_ALREADY, act=cb.forget_reversal, note="it moved nothing"),
    Row(_AT_REST, cb.REVERSED, when=cb.NEVER_TAKEN, act=cb.forget_opening, note="it moved nothing"),
    *(
        Row(("charged_back",), f"{kind}.refused", when=REFUSED, act=cb.renew_for_later, recorded=True)
        for kind in ("refund", "split")
    ),
)  # fmt: skip

LOSS_ROWS = (
    Row(
        (*_AT_REST, "charged_back"), "decide_loss", by=("arbiter", "operator"), guards=(LOSS_OPEN,),
        act=losses.decide_loss, recorded=True, note="whose the loss is; until then no party to it is paid",
    ),
)  # fmt: skip

_PAID = ("probation", "settled", "split", "refunded")

REPAYING_ROWS = tuple(
    row
    for state in _PAID
    for row in (
        Row((state,), "timer:repay", to="repaying", when=repaying.KEPT, act=repaying.ask_repay(state),
            note="the bank gave a loss back that was set off here"),
        Row(("repaying",), "repay.succeeded", to=state, emits=("escrow.set_off_returned",),
            when=repaying.repaid_in(state), act=repaying.repay),
        Row(("repaying",), "repay.refused", to=state, emits=("escrow.release_refused",),
            when=repaying.unpaid_in(state), act=refusals.block_repay, note="tried again after {retry_refused}"),
        Row(("repaying",), "repay.dropped", to=state, when=repaying.unpaid_in(state), act=repaying.drop_repay),
    )
)  # fmt: skip

_FROZEN = ("disputed", "charged_back")

ANSWERS = cells(
    ignore={
        "offer.accepted": [s for s in STATES if s != "new" and s not in BUSY],
        "offer.cancelled": ("free", *ENDS),
        "offer.lapsed": ("free", *ENDS),
        "hire.confirmed": ("free", "probation", "settled", "split", "refunded", "disputed", "charged_back"),
        "hire.ended": ("free", "probation", *ENDS),
        cb.OPENED: ("free",),
        cb.REVERSED: ("free",),
    },
    park={
        "offer.cancelled": {"new": WEEKS} | dict.fromkeys(_FROZEN, Park()),
        "offer.lapsed": {"new": WEEKS, "awaiting": WEEKS} | dict.fromkeys(_FROZEN, Park()),
        "hire.confirmed": {"new": WEEKS, "awaiting": WEEKS},
        "hire.ended": {"new": WEEKS, "awaiting": WEEKS, "held": WEEKS} | dict.fromkeys(_FROZEN, Park()),
        cb.OPENED: dict.fromkeys((*_AT_REST, *_BLOCKED, "charged_back"), Park()),
        cb.REVERSED: dict.fromkeys((*_AT_REST, "charged_back"), Park()),
        "refund.succeeded": {"charged_back": Park()},
        "split.succeeded": {"charged_back": Park()},
    },
    reject={
        "offer.cancelled": ("probation",),
        "offer.lapsed": ("probation",),
        "hire.confirmed": ("lapsed",),
        cb.OPENED: ("new", "awaiting"),
        cb.REVERSED: ("new", "awaiting"),
        **{outcome: [s for s in STATES if s != "charged_back"] for outcome in ("refund.succeeded", "split.succeeded")},
        **{outcome: STATES for outcome in OUTCOMES if outcome not in ("refund.succeeded", "split.succeeded")},
    },
)

ESCROW = Lifecycle(
    "escrow",
    states=STATES,
    rows=(
        *OPENING_ROWS, *PAYING_ROWS, *POSTPONING_ROWS, *REFUNDING_ROWS, *DISPUTE_ROWS, *CHARGEBACK_ROWS, *LOSS_ROWS,
        *REPAYING_ROWS,
    ),
    public=public,
    events=EVENTS,
    outcomes=OUTCOMES,
    answers=ANSWERS,
    busy=BUSY,
    frozen={"disputed": ("dispute",), "charged_back": ()},
    final=("free", *ENDS),
    keeps_steps=True,
    derive=enlist,
    latest_try=latest_try,
    role_words={"opener": "the one who opened the dispute"},
)  # fmt: skip
