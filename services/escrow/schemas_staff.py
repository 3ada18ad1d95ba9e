"""Staff's lists of escrows as they go out."""

from dataclasses import dataclass

from shared import fields
from shared.fields import Body
from shared.http.answer.csv_table import FORMATS
from shared.http.answer.pages import PageQuery


class StaffList(PageQuery):
    """`format`, where given, goes before Accept. CSV without a `limit` has up to 1,000 rows."""

    format = fields.Choice(*FORMATS)


class _Listed(Body):
    offer_id = fields.Uuid()
    since = fields.Instant()
    amount = fields.Integer()
    currency = fields.Currency()
    status = fields.Code()
    insider = fields.PersonId()
    seeker = fields.PersonId()


class PayoutDue(_Listed):
    """`since`: when it falls due, or was given to the provider, who has not answered. `amount`: fee included."""


class HeldMoney(_Listed):
    """`since`: when it came. `amount`: what is held now."""


class RefusedTransfer(_Listed):
    """`since`: the last refusal. `again_at`: when it is tried again."""

    what = fields.Code()
    reason = fields.Code()
    again_at = fields.Instant()


class DisputeByAge(_Listed):
    """`since`: when it was opened, `by` whom. `amount`: what waits in it."""

    by = fields.Choice("insider", "seeker")
    reason = fields.Text()
    expires_at = fields.Instant()


class Total(Body):
    currency = fields.Currency()
    amount = fields.Integer()


class _Page(Body):
    """`totals`: the sums of this page and of all before it; on the last page, of the list."""

    next = fields.Text(1, 1024, allow_none=True)
    totals = fields.Several(fields.Part(Total))


class PayoutsDue(_Page):
    items = fields.Several(fields.Part(PayoutDue))


class HeldMoneyPage(_Page):
    items = fields.Several(fields.Part(HeldMoney))


class RefusedTransfers(_Page):
    items = fields.Several(fields.Part(RefusedTransfer))


class DisputesByAge(_Page):
    items = fields.Several(fields.Part(DisputeByAge))


@dataclass(frozen=True)
class Schemas:
    item: type[Body]
    page: type[Body]


PAGES = {
    "payouts": Schemas(PayoutDue, PayoutsDue),
    "held": Schemas(HeldMoney, HeldMoneyPage),
    "refused": Schemas(RefusedTransfer, RefusedTransfers),
    "disputes": Schemas(DisputeByAge, DisputesByAge),
}
