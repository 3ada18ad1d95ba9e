"""What an offer may cost: the listing's price, the cap, and the rules that a price keeps. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.aggregate import Change, Guard, Trigger
from shared.money import both_ways
from shared.places import ANYWHERE, place_of, shipped


def listed_price(listing: Mapping[str, Any], kinds: Iterable[str]) -> int:
    """The sum that the listing asks for these kinds of help, in minor units of its currency."""
    prices = {each["kind"]: int(each["price"]) for each in listing["help"]}
    return sum(prices[kind] for kind in kinds)


def most(listing: Mapping[str, Any], kinds: Iterable[str]) -> int:
    """The most that this help may cost: what it is listed at, where that is 0 or some of it is fixed, else the cap
    (never below what was published).

    The listing's event says the cap and what is fixed; an older version's did not.
    """
    kinds = tuple(kinds)
    listed = listed_price(listing, kinds)
    if listed == 0 or fixed_price(listing, kinds) is not None:
        return listed
    cap, pay = listing.get("price_cap"), listing["pay"]
    if cap is None:
        cap = shipped().cap.of(pay["min"], pay["per"], listing["currency"])
    return max(listed, int(cap))


def fixed_price(listing: Mapping[str, Any], kinds: Iterable[str]) -> int | None:
    """The sum that the listing asks for these kinds, where some of them may cost no more than that; None where none is
    so fixed, or one is not offered any more.
    """
    wanted = set(kinds)
    if not wanted <= {each["kind"] for each in listing["help"]} or wanted.isdisjoint(_fixed(listing)):
        return None
    return listed_price(listing, wanted)


def _fixed(listing: Mapping[str, Any]) -> Iterable[str]:
    if (fixed := listing.get("fixed_help")) is not None:
        return [str(kind) for kind in fixed]
    place = place_of(listing) if listing.get("country") else ANYWHERE
    return (each["kind"] for each in listing["help"] if _asks_more(place, each["kind"], each["price"]))


def _asks_more(place: str, kind: str, price: int) -> bool:
    """Whether the shipped rules allow this help no price there, or only the one that the employer consented to; at
    price 0, also whether a price would take any word or licence at all.
    """
    decision, consent = shipped().decision(place, kind).decision, shipped().consent(place, kind)
    if decision == "free_only" or (consent and consent.by == "employer"):
        return True
    return price == 0 and bool(consent or shipped().acknowledgement(place, kind) or decision == "licensed")


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
        fixed = trigger.data.get("fixed_price")  # as the listing stands now
        limit = change["most"] if fixed is None else min(change["most"], fixed)
        return _Price(named["amount"], named["currency"], change["currency"], limit)
    listing = trigger.data["listing"]
    limit = most(listing, trigger.data["help"])
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
