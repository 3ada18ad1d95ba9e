"""The data of `escrow.*` and `dispute.*`: who, the status, the sums, and the journal's hash that proves them.

funded = held + released + fees + refunded + charged_back, in every event. The seeker of the escrow reads them as
`seekers` has them, where what was set off counts as paid to the insider.
"""

from functools import partial

from shared.events.event_type import EventType
from shared.fields import Amount, Currency, Date, EventData, Flag, Id, Integer, PersonId, Sha256, Time, Word

ESCROW_STATES = (
    "awaiting", "free", "funding", "held", "probation", "releasing", "settled", "refunding", "refunded", "splitting",
    "split", "lapsed", "disputed", "charged_back",
)  # fmt: skip


class EscrowState(EventData):
    """The public state of an escrow after the event."""

    offer_id = Id("the offer whose money it is")
    listing_id = Id("the listing that the offer is about", optional=True)
    insider = PersonId("who is to be paid")
    seeker = PersonId("who pays")
    status = Word("where the escrow stands after this event", known=ESCROW_STATES)
    currency = Currency("ISO 4217, of every amount in this event")
    funded = Amount("paid in by the seeker")
    held = Amount("of it, still held")
    released = Amount("of it, paid to the insider")
    fees = Amount("of it, the platform's: its fee, and `set_off_total`")
    set_off_total = Amount("of `fees`, kept of payouts until now for an earlier loss by a chargeback", optional=True)
    refunded = Amount("of it, given back to the seeker")
    charged_back = Amount("of it, taken back by the seeker's bank")
    journal_hash = Sha256("hash of the journal's last entry; null before the first", allow_none=True)
    journal_seq = Integer(0, 1_000_000, "number of the journal's last entry; 0 before the first")
    seekers_journal_hash = Sha256(
        "hash of the last entry as the seeker is shown it; there where something was set off", optional=True
    )
    seekers_journal_seq = Integer(0, 1_000_000, "the number of that entry", optional=True)


class EscrowOpened(EscrowState):
    fund_by = Time("the seeker funds it before this")
    price = Amount("what is to be funded")


class EscrowHeld(EscrowState):
    begin = Flag("the seeker begins with the payment", optional=True)


class EscrowPostponed(EscrowState):
    start_on = Date("the later first day of work")


class EscrowRefused(EscrowState):
    reason = Word("the provider's reason")


class EscrowRefundRefused(EscrowRefused):
    repeated = Flag("it was refused for the same reason less than a week ago, and people were told then", optional=True)


class EscrowReleased(EscrowState):
    tranche = Integer(0, 11, "index of the tranche, from 0")
    amount = Amount("paid to the insider now")
    fee = Amount("the platform's fee on it")
    set_off = Amount("kept of it for an earlier loss by a chargeback", optional=True)
    hire_event_id = Id("ce_id of the hire.confirmed that caused it")


class EscrowSplit(EscrowState):
    set_off = Amount("of the fees, kept for an earlier loss by a chargeback", optional=True)


class EscrowSetOffReturned(EscrowState):
    amount = Amount("paid to the insider: kept of this escrow's payouts for a loss that the bank has given back since")


class EscrowReleaseRefused(EscrowRefundRefused):
    tranche = Integer(0, 11, "index of the tranche, from 0", optional=True)


class EscrowRefunded(EscrowState):
    amount = Amount("given back to the seeker now")


class EscrowChargedBack(EscrowState):
    before = Word("the status it had before", known=ESCROW_STATES)


class DisputeOpened(EscrowState):
    by = Word("who opened it", known=("insider", "seeker"))
    reason = Word("what it is about")


class DisputeWithdrawn(EscrowState):
    by = Word("who had opened it", optional=True, known=("insider", "seeker"))


class DisputeResolved(EscrowState):
    decision = Word("the arbiter's decision", known=("return", "refund", "split", "release"))


_event = partial(EventType, owner="escrow", subject_field="offer_id")
EVENTS = (
    _event("escrow.opened", EscrowOpened, "waits to be funded"),
    _event("escrow.held", EscrowHeld, "the provider holds the seeker's money"),
    _event("escrow.declined", EscrowRefused, "the provider declined; may be tried again"),
    _event("escrow.lapsed", EscrowState, "never funded"),
    _event("escrow.probation_started", EscrowState, "the hire is known; tranches fall due from now"),
    _event("escrow.postpone_proposed", EscrowPostponed, "the insider proposes a later first day of work"),
    _event("escrow.postponed", EscrowPostponed, "the seeker agrees: payouts not yet due follow that day"),
    _event("escrow.postpone_declined", EscrowPostponed, "the seeker declines: the day stays as it was"),
    _event("escrow.released", EscrowReleased, "one tranche is paid to the insider"),
    _event("escrow.settled", EscrowState, "the last is paid"),
    _event("escrow.release_refused", EscrowReleaseRefused, "the provider refuses a payout; tried again"),
    _event("escrow.refunded", EscrowRefunded, "the money is back with the seeker"),
    _event("escrow.refund_refused", EscrowRefundRefused, "the provider refuses a refund; tried again"),
    _event("escrow.split", EscrowSplit, "shared between the two by an arbiter"),
    _event("escrow.set_off_returned", EscrowSetOffReturned, "what was kept for a loss is paid to the insider"),
    _event("escrow.charged_back", EscrowChargedBack, "the seeker's bank took the money back"),
    _event("escrow.chargeback_reversed", EscrowState, "the bank gave it back"),
    _event("dispute.opened", DisputeOpened, "a party disputes; the money waits"),
    _event("dispute.withdrawn", DisputeWithdrawn, "by the one who opened it"),
    _event("dispute.resolved", DisputeResolved, "an arbiter decided"),
    _event("dispute.expired", EscrowState, "nobody decided in time"),
)
