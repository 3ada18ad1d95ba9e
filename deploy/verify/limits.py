"""The limits of a seeker, which span many offers: what they agreed to is reserved, within cap and budget (I12)."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

from deploy.verify.snapshot import Snapshot
from deploy.verify.tally import Tally
from services.matching.offer.accounts import account_id
from services.matching.offer.lifecycle import ENDED
from services.matching.offer.reservations import SETTLING, currency_of
from shared.aggregate import Document
from shared.clock import parse_time

_WEEK = timedelta(days=7)


def reserved(seen: Snapshot, tally: Tally) -> None:
    """Each live agreement has its reservation in the seeker's account, in its currency, for its price or more. Of each
    seeker the prices of live agreements, and all that is reserved, are within the cap of their currency (`EXPOSURE_CAP`
    and the rules of `RULES_FILE`); the offers made in a week within `REQUESTS_A_WEEK`: as they are set where this runs.
    """
    agreed: dict[str, list[Document]] = defaultdict(list)
    made: dict[str, int] = defaultdict(int)
    for offer_id, offer in seen.of_people("matching", "offer", "seeker", seen.seekers).items():
        with tally.reading(f"offer {offer_id}"):
            if seen.seekers is not None and offer["seeker"] not in seen.seekers:
                continue
            # An offer is written up to SETTLING after it was reserved, and the week counts from that.
            made[offer["seeker"]] += _made_at(offer) > seen.at - _WEEK + SETTLING
            if offer.get("accepted_at") and offer["state"] not in ENDED:
                agreed[offer["seeker"]].append(offer)
    for person in sorted({*agreed, *made}):
        account = seen.by_id["matching"].get(account_id(person), {})
        with tally.reading(f"account {person}"):
            _person(seen, tally, person, account, agreed[person])
            budget = seen.terms.requests_a_week
            tally.check(made[person] <= budget, f"account {person}", f"{made[person]} offers in a week, not {budget}")


def _person(seen: Snapshot, tally: Tally, person: str, account: Document, agreed: list[Document]) -> None:
    reservations: dict[str, Any] = account.get("reservations", {})
    for offer in agreed:
        if seen.young(offer, account or None):
            tally.leave()
            continue
        amount, currency = _reserved(reservations.get(offer["_id"]), offer)
        message = f"is {offer['state']} for {offer['price']} {offer['currency']}, and {amount} {currency} is reserved"
        enough = offer["_id"] in reservations and amount >= offer["price"] and currency == offer["currency"]
        tally.check(enough, f"offer {offer['_id']}", message)
    caps, sums = seen.places.exposure_caps(seen.terms.exposure_cap), Counter[tuple[str, str]]()
    for offer in agreed:
        sums["agreed to", offer["currency"]] += offer["price"]
    for each in reservations.values():
        sums["reserved", currency_of(each)] += each["amount"]
    for (what, currency), amount in sorted(sums.items()):
        message = f"{amount} {currency} {what}, above the cap"
        tally.check(amount <= caps.get(currency, 0), f"account {person}", message)


def _reserved(reservation: Document | None, offer: Document) -> tuple[int, str]:
    """How much and in which currency; nothing has that of the offer."""
    amount = reservation["amount"] if reservation else 0
    return amount, currency_of(reservation) if reservation and amount else offer["currency"]


def _made_at(offer: Document) -> datetime:
    """Its sort key among a person's offers begins with it."""
    return parse_time(offer["position"].split(" ")[0])
