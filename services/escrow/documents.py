"""The documents of the collection `escrows`: the escrow, and where a person is paid. Amounts in minor units."""

from datetime import datetime
from typing import NotRequired, TypedDict

from services.escrow.journal import Entry
from shared.aggregate.documents import CoreDocument, OpenTask


class Tranche(TypedDict, total=False):
    due_day: int
    amount: int  # what leaves the escrow for it, fee included
    status: str  # waiting, paid, struck, refunded or split
    due_at: datetime  # there once the hire is known


class OpenInstruction(OpenTask, total=False):
    """The one instruction to the provider whose outcome the escrow waits for."""

    what: str  # what it is for: hold, release:<index>, refund, split, repay
    amount: int
    currency: str
    opened_at: datetime
    source: str  # of a hold: the seeker's means of payment, a token
    hold_id: str  # the hold that the money comes from
    payee: str  # the insider
    fee: int
    tranche: int  # its index
    refund: int  # of a split: what goes back to the seeker
    before: str  # of a repay: the state to go back to
    waits_since: datetime  # since when what waits beside it is held up, where that is later than `opened_at`
    cleared: bool  # of a payout: it goes out, whatever comes
    set_off: int  # of a payout: what the platform keeps of it for an earlier loss


class Blocked(TypedDict):
    """The provider refused; a new instruction follows at `again_at`."""

    what: str
    reason: str
    since: datetime
    again_at: datetime
    told_at: NotRequired[datetime]  # when people were told of it last, for this reason


class Postponement(TypedDict, total=False):
    """The last proposal of a later first day of work."""

    start_on: str
    at: datetime
    number: int  # how many were made
    answer: str  # the seeker's: agreed or declined; absent before


class Dispute(TypedDict):
    by: str
    reason: str
    opened_at: datetime
    expires_at: datetime
    before: str  # the state to go back to


class Decision(TypedDict):
    decision: str  # refund, release, split or return
    reason: str
    by: str  # the arbiter
    at: datetime


class Chargeback(TypedDict):
    id: str
    amount: int
    from_held: int  # how much of it was still held
    before: str  # the state to go back to
    opened_at: datetime


class Difference(TypedDict, total=False):
    what: str  # a sum, or `journal`
    here: int
    there: int


class Flagged(TypedDict):
    """Reconciliation found a difference in two passes."""

    since: datetime
    differences: list[Difference]


class EscrowDocument(CoreDocument, total=False):
    """Its id is the offer's."""

    # the offer's terms
    listing_id: str
    insider: str
    seeker: str
    price: int
    currency: str
    fee_bps: int
    tranches: list[Tranche]
    accepted_at: datetime

    # the money
    funded: int
    held: int
    released: int
    fees: int
    refunded: int
    charged_back: int
    loss: int  # the platform's, by chargebacks
    loss_since: datetime  # there while staff have not decided whose it is
    loss_decision: Decision  # write_off or set_off
    set_off: int  # what of `fees` was kept for losses in other escrows
    journal: list[Entry]
    instruction: OpenInstruction
    closed: dict[str, int]  # how many instructions were closed, by what they were for
    hold_id: str

    # what happens to it
    opened_at: datetime
    fund_by: datetime
    fund_attempts: int
    begin: bool  # the seeker begins with this payment
    declined: str  # why the provider declined the last hold
    hire_event_id: str  # the cause of every payout
    hire_known_at: datetime
    payout_from: datetime  # nothing is paid before: the insider had no history
    start_on: str
    postponement: Postponement
    ended_on: str  # the last day of work
    silent_until: datetime  # nothing is paid before: silence confirmed the hire, and this is the seeker's to dispute it
    ended_told_at: datetime  # what was due by then stays due; absent where the insider said it
    refund_at: datetime  # when what the end of the hire struck goes back
    blocked: Blocked  # the payout that was refused, or else the refund
    repay_blocked: Blocked  # what was set off and is to be given back
    refund_blocked: Blocked  # the refund of what the end of the hire struck; what was earned is paid meanwhile
    dispute: Dispute
    disputed_by: list[str]
    decisions: list[Decision]
    decided: bool  # an arbiter has released all that is held
    chargeback: Chargeback
    flagged: Flagged

    # for queries
    parties: list[str]
    position: str  # sort key of a person's escrows
    staff_lists: dict[str, str]  # the lists of staff's that it is on, each with its sort key there


class PendingSetOff(TypedDict):
    instruction_id: str
    amount: int  # kept of a payout; negative where it is given back


class DebtDocument(CoreDocument, total=False):
    """`debt:<person>`, written before a payout of which something is set off goes out, and before that goes back."""

    owner: str
    pending: dict[str, PendingSetOff]  # by offer id


class PayoutDocument(CoreDocument, total=False):
    """`payout:<person>`. All fields go when it is deleted; the document stays, so that no version is used twice."""

    account: str  # the provider's token for an account of theirs
    serves_from: datetime  # until then `until_then` does, or none where that is absent
    until_then: str
    owner: str
