"""The orders in which listings are found. Pure.

Each has a field of the listing, its sort key: a text that no two listings share and that sorts as the order does,
equals among themselves newest first. A page goes on after the sort key of the last one's last listing, so one that did
not change is neither skipped nor shown twice, whatever happens to the others.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.clock import format_time
from shared.events.schemas_listing import HELP_KINDS
from shared.places import shipped

NAMES = ("newest", "cheapest", "leaving", "best_paid")
IN_ONE_CURRENCY = ("cheapest", "best_paid")
"""Orders by amounts: they are of one currency, which is asked for."""

_ID = "[!-~]{1,100}"
_TIME = "[0-9TZ:.-]{24}"
_AGE = "[0-9]{15}"
_LATEST = 10**15
_PERIODS = shipped().cap.periods


def in_a_year(amount: int, per: str) -> int:
    """What `amount` an hour, day, week, month or year comes to in a year, by the periods of the price cap."""
    return amount * _PERIODS[per]


@dataclass(frozen=True)
class Order:
    """`field` holds the sort key, `down` is whether higher ones come first, `form` is what a sort key looks like.

    `low` and `high` are where the sort keys that a question asks for begin and end: not a filter, only the way's ends.
    What has no sort key yet, as a listing of an older release until it is migrated, is not on the way.
    """

    field: str
    down: bool
    form: re.Pattern[str]
    low: str = ""
    high: str | None = None

    def behind(self, after: str | None) -> dict[str, Any]:
        """The condition for sort keys behind `after`, or for all of them."""
        ends = {"$gte": self.low} if self.low else {}
        ends |= {"$lt": self.high} if self.high else {}
        if after is None:
            return {self.field: ends} if ends else {}
        if self.down:
            return {self.field: ends | {"$lt": after}}
        return {self.field: {name: end for name, end in ends.items() if name != "$gte"} | {"$gt": after}}

    def precedes(self, one: str, other: str) -> bool:
        """Whether the sort key `one` comes before `other`."""
        return one > other if self.down else one < other


NEWEST = Order("rank", down=True, form=re.compile(f"{_TIME}/{_ID}"))
INDEXED = (
    ("rank", True),
    ("place_leaving", False),
    ("place_best_paid", True),
    *((f"place_{name}", False) for name in ("cheapest", *HELP_KINDS)),
)
"""(field, down) of every order."""


def order(asked: Mapping[str, Any]) -> Order:
    """The order that a query asks for: `sort`, `help`, `min_price`, `max_price`, `pay_currency` and `posted_since`."""
    match asked.get("sort", "newest"):
        case "cheapest":
            low, high = asked.get("min_price", 0), asked.get("max_price")
            field, form = f"place_{asked.get('help', 'cheapest')}", re.compile(f"[0-9]{{12}}/{_AGE}/{_ID}")
            return Order(field, False, form, _amount(low), None if high is None else _amount(high + 1))
        case "leaving":
            return Order("place_leaving", False, re.compile(f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}/{_AGE}/{_ID}"), "0")
        case "best_paid":
            currency, form = asked["pay_currency"], re.compile(f"[A-Z]{{3}}/[0-9]{{15}}/{_TIME}/{_ID}")
            return Order("place_best_paid", True, form, f"{currency}/", f"{currency}0")
        case _:
            since = asked.get("posted_since")
            return NEWEST if since is None else Order("rank", True, NEWEST.form, format_time(since))


def sort_keys(listing: Mapping[str, Any], listing_id: str) -> dict[str, str | None]:
    """A listing's sort key in every order; None where it has none."""
    at: datetime = listing.get("published_at") or listing["created_at"]
    prices: dict[str, int] = {each["kind"]: each["price"]["amount"] for each in listing["help"]}
    time, pay = format_time(at), listing["pay"]
    behind = f"{_LATEST - round(at.timestamp() * 1000):015d}/{listing_id}"
    return {
        "rank": f"{time}/{listing_id}",
        "place_leaving": f"{listing['leaving_on']}/{behind}",
        "place_best_paid": f"{pay['currency']}/{in_a_year(pay['max'], pay['per']):015d}/{time}/{listing_id}",
        "place_cheapest": f"{_amount(min(prices.values()))}/{behind}",
        **{f"place_{kind}": f"{_amount(prices[kind])}/{behind}" if kind in prices else None for kind in HELP_KINDS},
    }


def _amount(minor_units: int) -> str:
    return f"{minor_units:012d}"
