"""What an offer may cost: the listing's price, the cap, and the rules that a price keeps. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.aggregate import Change, Guard, Trigger
from shared.money import both_ways
from shared.places import shipped


def listed_price(listing: Mapping[str, Any], kinds: Iterable[str]) -> int:
    """The sum that the listing asks for these kinds of help, in minor units of its currency."""
    prices = {each["kind"]: int(each["price"]) for each in listing["help"]}
    return sum(prices[kind] for kind in kinds)


def most(listing: Mapping[str, Any], listed: int) -> int:
    """The most that this help may cost: 0 where it is listed at 0, else the cap (never below what was published).

    The listing's event says the cap; an older version's did not.
    """
    if listed == 0:
        return 0
    cap, pay = listing.get("price_cap"), listing["pay"]
    if cap is None:
        cap = shipped().cap.of(pay["min"], pay["per"], listing["currency"])
    return max(listed, int(cap))


# -- rules


@dataclass(frozen=True)
class _Price:
    """A price that somebody names, and what it is held against."""

    amount: int
    currency: str
    own_currency: str
    most: int


def _price(change: Change, trigger: Trigger) -> _Price | None:
    named = trigger.data.get("price")
    if named is None:
        return None
    if change.get("most") is not None:
        return _Price(named["amount"], named["currency"], change["currency"], change["most"])
    listing = trigger.data["listing"]
    limit = most(listing, listed_price(listing, trigger.data["help"]))
    return _Price(named["amount"], named["currency"], listing["currency"], limit)


def _of_price(rule: str, holds: Callable[[_Price], bool], text: Callable[[_Price], str], pointer: str) -> Guard:
    def fits(change: Change, trigger: Trigger) -> bool:
        price = _price(change, trigger)
        return price is None or holds(price)

    def detail(change: Change, trigger: Trigger) -> str:
        price = _price(change, trigger)
        return text(price) if price else ""

    return Guard(rule, fits, detail, pointer)


ONE_CURRENCY = _of_price(
    "one-currency",
    lambda price: price.currency == price.own_currency,
    lambda price: f"Expected {price.own_currency}, the listing's currency.",
    "/price/currency",
)
FREE_STAYS_FREE = _of_price(
    "free-stays-free",
    lambda price: price.most > 0 or price.amount == 0,
    lambda price: "This help is listed at price 0, and stays at 0.",
    "/price/amount",
)
PRICE_CAP = _of_price(
    "price-cap",
    lambda price: price.amount <= price.most,
    lambda price: f"Too high: price.amount is {both_ways(price.most, price.own_currency)} at most.",
    "/price/amount",
)
