"""The query of the search for listings."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from services.listing.orders import IN_ONE_CURRENCY
from services.listing.orders import NAMES as ORDERS
from services.listing.schemas import PERIODS, STATUSES
from shared import codes
from shared.events.schemas_listing import HELP_KINDS
from shared.fields import Choice, Country, Currency, Flag, Instant, Integer, Pattern, Text, Violation
from shared.http.answer.pages import PageQuery
from shared.places.fields import Subdivision


class SchemeCode(Pattern):
    """A code with its scheme, in a query: one of the lists of this kind."""

    def __init__(self, kind: codes.Kind, example: str, **options: Any) -> None:
        self.schemes = codes.schemes(kind)
        part = "[A-Za-z0-9][A-Za-z0-9._-]{0,31}"
        super().__init__(f"{part}:{part}", f"a scheme ({', '.join(self.schemes)}) and a code, as {example}", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        scheme, code = super()._deserialize(value, attr, data, **options).split(":")
        if scheme not in self.schemes or codes.find(scheme, code) is None:
            raise self.refuse("unknown-code")
        return f"{scheme}:{code}"


class Search(PageQuery):
    """All of them hold at once. Amounts are in minor units; a listing's prices are in what its role pays in.

    Amounts of different currencies are not compared: `pay_currency` is required with `pay_min` and `pay_max`, with a
    `min_price` or `max_price` above 0, and with the orders cheapest and best_paid.
    """

    q = Text(1, 100, metadata={"description": "all of these words, or their other forms, stand in title or duties"})
    country = Country()
    subdivision = Subdivision()
    region = Text(1, 64)
    industry = SchemeCode("industry", "NACE-2:J62", metadata={"description": "this, and all that belongs to it"})
    occupation = SchemeCode("occupation", "ISCO-08:25", metadata={"description": "this, and all that belongs to it"})
    help = Choice(*HELP_KINDS)
    min_price = Integer(
        metadata={"description": "of the help asked for, else of the cheapest; above 0 with pay_currency"}
    )
    max_price = Integer(
        metadata={"description": "of the help asked for, else of the cheapest; above 0 with pay_currency"}
    )
    pay_min = Integer(metadata={"description": "the role's pay reaches this; with pay_currency"})
    pay_max = Integer(metadata={"description": "the role's pay begins at this or below; with pay_currency"})
    pay_currency = Currency(metadata={"description": "what the role pays in, and its help costs"})
    pay_per = Choice(*PERIODS, load_default="year", metadata={"description": "what pay_min and pay_max are paid for"})
    posted_since = Instant(metadata={"description": "published at this time or later"})
    sort = Choice(
        *ORDERS,
        load_default=ORDERS[0],
        metadata={
            "description": "newest first; cheapest first, by the help asked for, else by the cheapest of any kind, "
            "with pay_currency; soonest leaving first; best_paid first, by a year's highest pay, with pay_currency. Of "
            "one insider a page shows five, or a quarter if that is more, while others have any; the rest begins the "
            "next pages"
        },
    )
    mine = Flag(metadata={"description": "your own, whatever their status"})
    status = Choice(*STATUSES, metadata={"description": "of your own; staff: of all"})

    @validates_schema
    def check_amounts(self, data: dict[str, Any], **_: Any) -> None:
        needs = "pay_min" in data or "pay_max" in data or data["sort"] in IN_ONE_CURRENCY
        if (needs or data.get("min_price") or data.get("max_price")) and "pay_currency" not in data:
            raise ValidationError(
                {"pay_currency": [Violation("required", "is required: amounts are compared in one currency")]}
            )
        for low, high in (("min_price", "max_price"), ("pay_min", "pay_max")):
            if low in data and high in data and data[low] > data[high]:
                raise ValidationError({high: [Violation("band", f"expected {data[low]} or more: not below {low}")]})
