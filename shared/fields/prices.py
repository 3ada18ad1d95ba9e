"""Help with its price, as listings ask for it and listings and matches show it."""

from shared.events.schemas_listing import HELP_KINDS
from shared.fields.compound import MoneySchema, Part
from shared.fields.kind import Body
from shared.fields.text import Choice


class PricedHelp(Body):
    kind = Choice(*HELP_KINDS, required=True)
    price = Part(MoneySchema, required=True)


class PricedBreakdown(PricedHelp):
    """What help costs the seeker, the platform's fee of that, and what the insider receives once all of it is paid out.

    Of several kinds together the fee is one of their sum, so it may be some minor units more than these.
    """

    fee = Part(MoneySchema)
    insider_receives = Part(MoneySchema)
