"""The account of a seeker: what they have reserved before an offer is made or accepted. Rules over several documents.

A document `account:<person>` has one reservation an offer (see `reservations`), made before the offer is written. So a
budget of requests, one live offer a listing and a cap on what is accepted at once hold although they span many offers.
A refusal first drops reservations that count no more; so does the account's own timer. It errs only to the strict side:
a reservation may outlive its offer for a while, never the other way round.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.matching.offer.reservations import (
    NOTHING,
    SETTLING,
    Reservations,
    currency_of,
    given_back,
    held,
    is_live,
    standing,
)
from shared.aggregate import Change, Refusal, Store
from shared.ids import new_id
from shared.money import format_amount
from shared.places import PlaceRules, shipped
from shared.settings import Terms

KIND = "account"
_WEEK = timedelta(days=7)
_SWEEP = "sweep"
_SWEEP_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Standing:
    """What of the limits a person has used.

    `next_at`: when a request is free again, None while one is. `exposures`: (cap, used) in minor units, by currency.
    `reserved`: by offer id, of the offers that live and of those whose payment may still be charged back.
    """

    requests_a_week: int
    requests_used: int
    next_at: datetime | None
    exposures: Mapping[str, tuple[int, int]]
    reserved: Reservations


def account_id(person: str) -> str:
    return f"{KIND}:{person}"


class Accounts:
    """Reservations of all seekers, in the offers' collection; the limits stand in `terms` and in the places' rules.

    Each of these has a ticket of its own: what it reserved, it alone can release.
    """

    def __init__(self, store: Store, terms: Terms, places: PlaceRules | None = None) -> None:
        self._store = store
        self._terms = terms
        self._places = places or shipped()
        self._ticket = new_id()
        self._requests_a_week = terms.requests_a_week
        self._caps = self._places.exposure_caps(terms.exposure_cap)
        self._window = terms.chargeback_window

    def of_request(self) -> "Accounts":
        """The same accounts for one request, with a ticket of its own."""
        return Accounts(self._store, self._terms, self._places)

    def reserve_request(self, person: str, offer_id: str, listing_id: str) -> None:
        """Before an offer is made. Raises Refusal: the budget of the week is used up, or there is a live offer."""

        def decide(change: Change) -> None:
            reservations = dict(change.get("reservations", {}))
            if before := reservations.get(offer_id):
                again = held(before, listing_id, self._ticket, NOTHING, change.now)
                change.set(reservations={**reservations, offer_id: again})
                return
            if any(each["listing_id"] == listing_id and is_live(each) for each in reservations.values()):
                raise Refusal("state", "one-live-offer", "You have a live offer on this listing.", "/listing_id")
            recent = _recent(change.get("requests", {}), change.now)
            if free_at := self._free_at(recent):
                detail = f"You can make {self._requests_a_week} offers a week."
                detail += f" The next is possible on {free_at:%Y-%m-%d, %H:%M} UTC."
                raise Refusal("rule", "request-budget", detail)
            reservations[offer_id] = held(None, listing_id, self._ticket, NOTHING, change.now)
            change.set(reservations=reservations, requests={**recent, offer_id: change.now})

        self._change(person, decide)

    def reserve_exposure(self, person: str, offer_id: str, listing_id: str, amount: int, currency: str) -> None:
        """Before an offer is accepted. Raises Refusal: the seeker would owe more at once than anyone may.

        `amount` in minor units of the currency, which has its own cap. What they owe elsewhere is not the insider's
        to know, so the refusal does not say it.
        """

        def decide(change: Change) -> None:
            reservations = dict(change.get("reservations", {}))
            others = _used({key: each for key, each in reservations.items() if key != offer_id})[currency]
            cap = self._caps.get(currency, 0)
            if amount and others + amount > cap:
                most = format_amount(cap, currency)
                detail = f"A seeker may have agreed to {most} in all at once; with this offer it would be more."
                raise Refusal("rule", "exposure-cap", detail)
            mine = held(reservations.get(offer_id), listing_id, self._ticket, (amount, currency), change.now)
            change.set(reservations={**reservations, offer_id: mine})

        self._change(person, decide)

    def holds(self, person: str, offer_id: str, amount: int) -> bool:
        """Whether the reservation of an offer is there, for at least this amount."""
        account = self._store.get(account_id(person)) or {}
        reserved = account.get("reservations", {}).get(offer_id)
        return bool(reserved) and reserved["amount"] >= amount

    def standing(self, person: str) -> Standing:
        """As the next request or acceptance would find it; reads only."""
        now, account = self._store.clock.now(), self._store.get(account_id(person)) or {}
        recent = _recent(account.get("requests", {}), now)
        live = self.live(account, now)
        return Standing(
            requests_a_week=self._requests_a_week,
            requests_used=len(recent),
            next_at=self._free_at(recent),
            exposures={currency: (cap, _used(live)[currency]) for currency, cap in self._caps.items()},
            reserved=live,
        )

    def live(self, account: Mapping[str, Any], now: datetime) -> Reservations:
        """The reservations in an account that still count, as they do; {} is the account of who has none."""
        return self._live(account.get("reservations", {}), now)

    def reserved(self, people: Iterable[str]) -> dict[str, int]:
        """What these people have reserved, by offer; 0 is for a request alone."""
        accounts = self._store.load(account_id(person) for person in people).values()
        return {key: each["amount"] for doc in accounts for key, each in doc.get("reservations", {}).items()}

    def under_way_until(self, person: str) -> datetime | None:
        """Until when an offer of theirs may be about to be written; None where none may."""
        now, account = self._store.clock.now(), self._store.get(account_id(person)) or {}
        reservations = account.get("reservations", {})
        found = self._store.load(reservations)
        ends = (each["at"] + SETTLING for key, each in reservations.items() if key not in found)
        return max((end for end in ends if end > now), default=None)

    def release(self, person: str, offer_id: str) -> None:
        """The request was refused: what it reserved is free again, unless another holds it as well."""

        def decide(changes: dict[str, Change]) -> None:
            change = changes[account_id(person)]
            reservations, requests = dict(change.get("reservations", {})), dict(change.get("requests", {}))
            if offer_id not in reservations:
                return
            left = given_back(reservations.pop(offer_id), self._ticket)
            if left is None:
                requests.pop(offer_id, None)
            else:
                reservations[offer_id] = left
            change.set(reservations=reservations, requests=requests)

        self._store.run({account_id(person): KIND}, decide)

    def on_timer(self, change: Change, timer: str) -> None:
        """The account's own timer: drop what counts no more; come again while an offer lives. What only the money of
        an offer that is over still holds is dropped by whoever asks next: every look at the limits reckons it anew.
        """
        self._drop(change)
        if any(map(is_live, change.get("reservations", {}).values())):
            change.schedule(_SWEEP, change.now + _SWEEP_EVERY)

    # -- inside

    def _change(self, person: str, decide: Callable[[Change], None]) -> None:
        def once(changes: dict[str, Change]) -> None:
            change = changes[account_id(person)]
            try:
                decide(change)
            except Refusal:
                self._drop(change)
                decide(change)
            if change.dirty and _SWEEP not in change.timers:
                change.schedule(_SWEEP, change.now + _SWEEP_EVERY)

        self._store.run({account_id(person): KIND}, once)

    def _drop(self, change: Change) -> None:
        reservations: Reservations = change.get("reservations", {})
        live = self._live(reservations, change.now)
        if live != reservations:
            change.set(reservations=live)

    def _live(self, reservations: Reservations, now: datetime) -> Reservations:
        """Those that still count, as they do."""
        found = self._store.load(reservations)
        counted = {key: standing(found.get(key), each, now, self._window) for key, each in reservations.items()}
        return {key: each for key, each in counted.items() if each is not None}

    def _free_at(self, recent: Mapping[str, datetime]) -> datetime | None:
        """When the next request is possible, None where it is now."""
        limit = self._requests_a_week
        return sorted(recent.values())[-limit] + _WEEK if len(recent) >= limit else None


def _used(reservations: Reservations) -> Counter[str]:
    """What is reserved, by currency."""
    used: Counter[str] = Counter()
    for each in reservations.values():
        used[currency_of(each)] += each["amount"]
    return used


def _recent(requests: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """The requests of the last week."""
    return {key: at for key, at in requests.items() if at > now - _WEEK}
