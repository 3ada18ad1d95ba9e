"""The reservations of a seeker's account, by offer: who holds one, how much it is for, how long it counts. Pure.

A reservation belongs to the requests that made it, each by a ticket of its own (`held_by`): one that is refused gives
back its own ticket, and what another request holds stays. An older version wrote none; what it reserved has an owner
whom nobody can give up, so it stays until the offer is over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.matching.offer.lifecycle import ENDED

SETTLING = timedelta(minutes=2)
"""How long an offer may take to be written after it was reserved."""
_OF_AN_OLDER_VERSION = "older"
_FUNDED_ENDS = ("completed", "ended", "closed")
"""States of an offer that is over while its escrow may still hold money."""
_NO_MONEY = (None, "free", "lapsed", "refunded", "settled", "split", "charged_back")
"""What an escrow says that holds nothing; what was paid out of it counts by its date."""

OLDEST = "EUR"
Price = tuple[int, str]
"""Minor units, and their currency."""

NOTHING: Price = (0, OLDEST)

Reservation = Mapping[str, Any]
Reservations = Mapping[str, Reservation]


def held(before: Reservation | None, listing_id: str, ticket: str, price: Price, now: datetime) -> dict[str, Any]:
    """The reservation with one holder more; the most that any of them asks for is what is reserved."""
    amount, currency = price
    holders = {**_holders(before), ticket: amount} if before else {ticket: amount}
    earlier = before or {"listing_id": listing_id, "at": now}
    priced = {"currency": currency} if amount else {}
    return {**earlier, "held_by": holders, "amount": max(holders.values()), **priced}


def currency_of(reservation: Reservation) -> str:
    """An older version reserved in one currency alone."""
    return str(reservation.get("currency", OLDEST))


def given_back(before: Reservation, ticket: str) -> dict[str, Any] | None:
    """The reservation without that holder; None where it was the last one."""
    holders = {key: amount for key, amount in _holders(before).items() if key != ticket}
    return {**before, "held_by": holders, "amount": max(holders.values())} if holders else None


def is_live(reservation: Reservation) -> bool:
    """Whether its offer is; of one that is over only the money still counts."""
    return not reservation.get("over", False)


def standing(
    offer: Mapping[str, Any] | None, reservation: Reservation, now: datetime, window: timedelta
) -> Reservation | None:
    """The reservation as it counts now, None where it does no more.

    It counts while its offer is live, or may be about to be written; then while its escrow holds money, and for the
    chargeback window after money was paid out or charged back: so long the seeker's bank may still take it.
    """
    if offer is None or offer["state"] == "new":
        return reservation if now - reservation["at"] < SETTLING else None
    if offer["state"] not in ENDED:
        return reservation
    if not reservation["amount"]:
        return None
    if offer["state"] in _FUNDED_ENDS and offer.get("escrow_status") not in _NO_MONEY:
        return {**reservation, "over": True}  # also after a claim that the bank gave back
    if (paid_at := offer.get("paid_at")) and now < paid_at + window:
        return {**reservation, "over": True, "until": paid_at + window}
    return None


def _holders(reservation: Reservation) -> Mapping[str, int]:
    holders: Mapping[str, int] = reservation.get("held_by", {_OF_AN_OLDER_VERSION: reservation["amount"]})
    return holders
