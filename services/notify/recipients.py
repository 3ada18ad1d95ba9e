"""Who is told of which event: one table over all event types. Nobody outside the listing or offer is told. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Who = Literal["insider", "seeker", "both", "other"]
"""`other` is the one of the two who did not do it; where neither did (staff, the employer, time), both."""

PARTIES = ("insider", "seeker")


@dataclass(frozen=True)
class Told:
    """Who is told, and the key of the words in `texts.json`. `actor` is the field of the event that says who did it."""

    who: Who
    text: str
    actor: str = "by"


NOBODY = None
"""It was the person's own doing, or another event of the same moment says it better."""

RECIPIENTS: Mapping[str, Told | None] = {
    "listing.submitted": NOBODY,
    "listing.created": Told("insider", "listing.created"),
    "listing.returned": Told("insider", "listing.returned"),
    "listing.revised": NOBODY,
    "listing.paused": NOBODY,
    "listing.resumed": NOBODY,
    "listing.filled": Told("insider", "listing.filled"),
    "listing.expired": Told("insider", "listing.expired"),
    "listing.withdrawn": NOBODY,
    "listing.removed": Told("insider", "listing.removed"),
    "offer.made": Told("insider", "offer.made"),
    "offer.countered": Told("other", "offer.countered"),
    "offer.accepted": Told("other", "offer.accepted"),
    "offer.declined": Told("other", "offer.declined"),
    "offer.withdrawn": Told("other", "offer.withdrawn"),
    "offer.expired": Told("both", "offer.expired"),
    "offer.cancelled": Told("other", "offer.cancelled"),
    "offer.cancel_asked": Told("other", "offer.cancel_asked"),
    "offer.activated": Told("both", "offer.activated"),
    "offer.lapsed": Told("both", "offer.lapsed"),
    "offer.completed": Told("both", "offer.completed"),
    "offer.closed": Told("both", "offer.closed"),
    "help.given": Told("seeker", "help.given"),
    "hire.claimed": Told("seeker", "hire.claimed"),
    "hire.rejected": Told("insider", "hire.rejected"),
    "hire.confirmed": Told("other", "hire.confirmed", actor="confirmed_by"),
    "hire.ended": Told("other", "hire.ended"),
    "escrow.opened": Told("seeker", "escrow.opened"),
    "escrow.held": Told("seeker", "escrow.held"),
    "escrow.declined": Told("seeker", "escrow.declined"),
    "escrow.lapsed": NOBODY,
    "escrow.probation_started": NOBODY,
    "escrow.released": Told("both", "escrow.released"),
    "escrow.settled": NOBODY,
    "escrow.release_refused": Told("insider", "escrow.release_refused"),
    "escrow.refunded": Told("seeker", "escrow.refunded"),
    "escrow.refund_refused": Told("seeker", "escrow.refund_refused"),
    "escrow.split": Told("both", "escrow.split"),
    "escrow.charged_back": Told("both", "escrow.charged_back"),
    "escrow.chargeback_reversed": Told("both", "escrow.chargeback_reversed"),
    "dispute.opened": Told("other", "dispute.opened"),
    "dispute.withdrawn": Told("other", "dispute.withdrawn"),
    "dispute.resolved": Told("both", "dispute.resolved"),
    "dispute.expired": Told("both", "dispute.expired"),
    "person.erased": NOBODY,
    "contact.verified": NOBODY,
    "work.verified": NOBODY,
    "employer.registered": NOBODY,
    "employer.removed": NOBODY,
}

HELP_ANSWERED = Told("insider", "help.answered")
"""`help.given` once more, with the seeker's answer in it."""


def told(event_type: str, data: Mapping[str, Any]) -> Told | None:
    """The row of the table for this event."""
    if event_type == "help.given" and data.get("answer"):
        return HELP_ANSWERED
    return RECIPIENTS[event_type]


def people(event_type: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The person_ids who are told, each once."""
    row = told(event_type, data)
    if row is None:
        return ()
    parties: tuple[str, ...] = (row.who,) if row.who in PARTIES else PARTIES
    if row.who == "other" and (actor := data.get(row.actor)) in PARTIES:
        parties = tuple(party for party in PARTIES if party != actor)
    return tuple(dict.fromkeys(str(data[party]) for party in parties))


READ = tuple(event_type for event_type, row in RECIPIENTS.items() if row is not None)
"""The event types that notify reads."""
