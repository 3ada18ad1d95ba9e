"""What comes in and goes out over HTTP."""

from typing import Any, get_args

from marshmallow import EXCLUDE, Schema, ValidationError, validates_schema
from marshmallow.fields import Raw

from services.escrow.books import SUMS
from services.escrow.lifecycle import STATES
from services.escrow.losses import DECISIONS as LOSS_DECISIONS
from services.escrow.provider.port import ACCOUNT_ID, SOURCE_ID, NoticeKind
from services.escrow.store import FOR_STAFF
from shared import fields
from shared.fields import Body, Violation
from shared.http.answer.pages import PageQuery
from shared.money import MAX_AMOUNT

SHOWN_STATES = tuple(state for state in STATES if state != "new")
DECISIONS = ("return", "refund", "split", "release")


class Fund(Body):
    """From where the seeker pays: a token of the provider's, never a card.

    `begin`: the help begins as soon as the money is held, where the employer has not said no to it. Contacts and
    the employer are shown from then on, and the seeker no longer cancels alone.
    """

    source = fields.Pattern(SOURCE_ID, "a payment source such as tok_visa", required=True)
    begin = fields.Flag()


class Dispute(Body):
    """What it is about: one of the known words, or a text that only the parties and staff will see."""

    reason = fields.Text(1, 1000, lines=True, required=True)


class Postpone(Body):
    start_on = fields.Date(required=True)


class PostponeAnswer(Postpone):
    """`start_on` is the day that was proposed."""

    answer = fields.Choice("agreed", "declined", required=True)


class Resolve(Body):
    """An arbiter's decision. `insider_bps` is the insider's share of what is held, in ten-thousandths, fee included."""

    decision = fields.Choice(*DECISIONS, required=True)
    reason = fields.Text(1, 1000, lines=True, required=True)
    insider_bps = fields.Integer(1, 9_999)

    @validates_schema
    def _share(self, data: dict[str, Any], **_: Any) -> None:
        splits, has_share = data.get("decision") == "split", "insider_bps" in data
        if splits and not has_share:
            missing = "is required to split: the insider's share of what is held, 1 to 9,999 ten-thousandths"
            raise ValidationError({"insider_bps": [Violation("split", missing)]})
        if has_share and not splits:
            raise ValidationError(
                {"insider_bps": [Violation("split", "is for the decision split alone: leave it out")]}
            )


class DecideLoss(Body):
    """Whose a loss is: `write_off`, the platform's; `set_off`, it is taken from later payouts to the insider."""

    decision = fields.Choice(*LOSS_DECISIONS, required=True)
    reason = fields.Text(1, 1000, lines=True, required=True)


class Notice(Schema):
    """The provider's webhook; it is read by the provider's own code, from the bytes that were signed."""

    class Meta:
        unknown = EXCLUDE

    id = Raw(allow_none=True, metadata={"type": "string", "description": "the same each time it is sent"})
    kind = Raw(allow_none=True, metadata={"enum": [*get_args(NoticeKind)]})
    offer_id = Raw(allow_none=True, metadata={"type": "string"})
    at = Raw(allow_none=True, metadata={"type": "string", "format": "date-time"})
    outcome = Raw(allow_none=True, metadata={"type": "object", "description": "of an instruction; docs/provider.md"})
    chargeback = Raw(allow_none=True, metadata={"type": "object", "description": "id, amount, from_held, currency"})


class Signed(Body):
    """The header with which the provider signs its webhook; another provider's adapter names its own."""

    signature = fields.Text(
        required=True,
        data_key="Provider-Signature",
        metadata={"description": "`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<body>` under the shared secret"},
    )


class Search(PageQuery):
    role = fields.Choice("insider", "seeker")
    status = fields.Choice(*SHOWN_STATES)


class Due(Body):
    """A tranche: on which day it falls due (null before the hire is known), fee included, and what became of it."""

    due_on = fields.Date(allow_none=True)
    amount = fields.Integer()
    status = fields.Choice("waiting", "paying", "paid", "struck", "refunded", "split")


class OpenDispute(Body):
    by = fields.Choice("insider", "seeker")
    reason = fields.Text(1, 1000, lines=True)
    opened_at = fields.Instant()
    expires_at = fields.Instant()
    before = fields.Choice("held", "probation")


class Decision(Body):
    """An arbiter's; `by` whom is there for staff."""

    by = fields.PersonId(optional=True)
    decision = fields.Choice(*DECISIONS)
    reason = fields.Text(1, 1000, lines=True)
    at = fields.Instant()


class Blocked(Body):
    """The provider refused, and is asked again."""

    reason = fields.Code()
    since = fields.Instant()
    again_at = fields.Instant()


class Postponement(Body):
    """The last proposal of a later first day; without `answer` it waits for the seeker's."""

    start_on = fields.Date()
    at = fields.Instant()
    answer = fields.Choice("agreed", "declined", optional=True)


class Escrow(Body):
    """Amounts are in the currency's minor units; funded = held + released + fees + refunded + charged_back.

    `set_off` is what of `fees` was kept of payouts for an earlier loss of the insider's. `payout_from`: who was never
    paid before is paid from then on.
    """

    offer_id = fields.Uuid()
    listing_id = fields.Uuid()
    insider = fields.PersonId()
    seeker = fields.PersonId()
    status = fields.Choice(*SHOWN_STATES)
    version = fields.Integer()
    price = fields.Integer()
    currency = fields.Currency()
    fee_bps = fields.Integer(0, 10_000)
    funded = fields.Integer()
    held = fields.Integer()
    released = fields.Integer()
    fees = fields.Integer()
    refunded = fields.Integer()
    charged_back = fields.Integer()
    set_off = fields.Integer()
    payout_from = fields.Instant(allow_none=True)
    due = fields.Several(fields.Part(Due), 0, 12)
    fund_by = fields.Instant(allow_none=True)
    fund_attempts = fields.Integer(0, 10)
    declined = fields.Code(allow_none=True, optional=True)
    start_on = fields.Date(allow_none=True)
    postponement = fields.Part(Postponement, allow_none=True)
    hire_event_id = fields.Id(allow_none=True)
    blocked = fields.Part(Blocked, allow_none=True)
    dispute = fields.Part(OpenDispute, allow_none=True)
    decisions = fields.Several(fields.Part(Decision))
    accepted_at = fields.Instant()
    created_at = fields.Instant()
    updated_at = fields.Instant()


class ForStaff(PageQuery):
    why = fields.Choice(*FOR_STAFF)


class Difference(Body):
    """`journal`: it is not as it was written, or its accounts are not the sums; else a sum here and at the provider."""

    what = fields.Choice("journal", "currency", "loss", *SUMS)
    here = fields.Integer(-MAX_AMOUNT, optional=True)
    there = fields.Integer(-MAX_AMOUNT, optional=True)


class LossDecision(Body):
    """An arbiter's or operator's, on a loss."""

    by = fields.PersonId()
    decision = fields.Choice(*LOSS_DECISIONS)
    reason = fields.Text(1, 1000, lines=True)
    at = fields.Instant()


class Flag(Body):
    """Two passes of the reconciliation found that the escrow and the provider do not agree."""

    since = fields.Instant()
    differences = fields.Several(fields.Part(Difference))


class Looked(Escrow):
    """An escrow as staff see it who have to look at it, and why they have to."""

    why = fields.Several(fields.Choice(*FOR_STAFF))
    loss = fields.Integer()
    loss_since = fields.Instant(allow_none=True)
    loss_decision = fields.Part(LossDecision, allow_none=True)
    flagged = fields.Part(Flag, allow_none=True)


class Counts(Body):
    flagged = fields.Integer()
    blocked = fields.Integer()
    disputed = fields.Integer()
    loss = fields.Integer()


class Reconciliation(Body):
    """Counts of all, and a page of the escrows, by id. One's own are counted, not shown."""

    counts = fields.Part(Counts)
    items = fields.Several(fields.Part(Looked))
    next = fields.Text(1, 1024, allow_none=True)


class Line(Body):
    account = fields.Code()
    amount = fields.Integer(-MAX_AMOUNT)


class Entry(Body):
    seq = fields.Integer(1)
    reference = fields.Text()
    at = fields.Instant()
    lines = fields.Several(fields.Part(Line))
    hash = fields.Sha256()
    previous = fields.Sha256()
    hire_event_id = fields.Id(optional=True)


class Journal(Body):
    """The entries, oldest first; how `hash` is made stands in the module `journal`."""

    entries = fields.Several(fields.Part(Entry))


class NewPayout(Body):
    """The payment provider's token for your account, never the account's number: only the provider stores that."""

    account = fields.Pattern(ACCOUNT_ID, "an account's token such as acct_test", required=True)


class Payout(NewPayout):
    """`serves_from` is there while the account is not yet paid to; `until_then` is the one that is, if there is one."""

    serves_from = fields.Instant(optional=True)
    until_then = fields.Text(optional=True)
    version = fields.Integer()
    created_at = fields.Instant()
    updated_at = fields.Instant()


class WithJournal(Escrow):
    journal = fields.Several(fields.Part(Entry))


class EscrowShare(Body):
    """Your escrows, each with its journal, in pages. The first page has your payout account as well."""

    person_id = fields.PersonId()
    payout = fields.Part(Payout, allow_none=True, optional=True)
    items = fields.Several(fields.Part(WithJournal))
    next = fields.Text(1, 1024, allow_none=True)
