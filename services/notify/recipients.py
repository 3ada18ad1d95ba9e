"""Who is told of which event: one table over all event types. Nobody outside the listing or offer is told. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Who = Literal["insider", "seeker", "both", "other"]
"""`other` is the one of the two who did not do it; where neither did (staff, the employer, time), both."""

PARTIES = ("insider", "seeker")
Group = Literal["listings", "offers", "hires", "money"]
OPTIONAL: tuple[Group, ...] = ("listings", "offers", "hires")
"""The groups whose mails a person may stop. Of what moves money, or will where they stay silent, everybody is told."""


@dataclass(frozen=True)
class Told:
    """Who is told, the key of the words in `texts.<language>.json`, and the group it is of. `actor` is the field of the
    event that says who did it.
    """

    who: Who
    text: str
    group: Group = "money"
    actor: str = "by"


NOBODY = None
"""It was the person's own doing, or another event of the same moment says it better."""

RECIPIENTS: Mapping[str, Told | None] = {
    "listing.submitted": NOBODY,
    "listing.created": Told("insider", "listing.created", "listings"),
    "listing.returned": Told("insider", "listing.returned", "listings"),
    "listing.revised": NOBODY,
    "listing.paused": NOBODY,
    "listing.resumed": NOBODY,
    "listing.filled": Told("insider", "listing.filled", "listings"),
    "listing.expired": Told("insider", "listing.expired", "listings"),
    "listing.withdrawn": NOBODY,
    "listing.removed": Told("insider", "listing.removed", "listings"),
    "offer.made": Told("insider", "offer.made", "offers"),
    "offer.countered": Told("other", "offer.countered", "offers"),
    "offer.accepted": Told("other", "offer.accepted", "offers"),
    "offer.declined": Told("other", "offer.declined", "offers"),
    "offer.withdrawn": Told("other", "offer.withdrawn", "offers"),
    "offer.expired": Told("both", "offer.expired", "offers"),
    "offer.cancelled": Told("other", "offer.cancelled"),
    "offer.cancel_asked": Told("other", "offer.cancel_asked"),
    "offer.activated": Told("both", "offer.activated", "offers"),
    "offer.lapsed": Told("both", "offer.lapsed"),
    "offer.completed": Told("both", "offer.completed", "offers"),
    "offer.closed": Told("both", "offer.closed"),
    "offer.reviewed": Told("other", "offer.reviewed", "hires"),
    "help.given": Told("seeker", "help.given", "hires"),
    "hire.claimed": Told("seeker", "hire.claimed"),
    "hire.rejected": Told("insider", "hire.rejected", "hires"),
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

HELP_ANSWERED = Told("insider", "help.answered", "hires")
"""`help.given` once more, with the seeker's answer in it."""

_GROUPS: Mapping[str, Group] = {row.text: row.group for row in (*RECIPIENTS.values(), HELP_ANSWERED) if row}


def told(event_type: str, data: Mapping[str, Any]) -> Told | None:
    """The row of the table for this event."""
    if event_type == "help.given" and data.get("answer"):
        return HELP_ANSWERED
    return RECIPIENTS[event_type]


def group_of(text_key: str) -> Group:
    """The group of the notifications with this text; what is not in the table any more counts as money."""
    return _GROUPS.get(text_key, "money")


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
