"""Who is notified of which event: one table over all event types. Nobody outside the listing or offer is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.events.seekers import as_the_seeker_reads

Who = Literal["insider", "seeker", "both", "other", "person"]
"""`other` is the one of the two who did not do it; where neither did (staff, the employer, time), both. `person` is
whom an event of no listing or offer is about.
"""

PARTIES = ("insider", "seeker")
Group = Literal["listings", "offers", "hires", "matches", "money"]
OPTIONAL: tuple[Group, ...] = ("listings", "offers", "hires")
"""The groups whose mails a person may stop. Of what moves money, or will where they stay silent, nobody may."""
MATCHES: Group = "matches"
"""New matches come to those alone who asked for them, and a link in the mail takes that back."""


@dataclass(frozen=True)
class Notified:
    """Who is notified, the key of the template, and the group it is of. `actor` is the field of the
    event that says who did it. `alone`: the event is about that party alone, and the other one reads it nowhere.
    """

    who: Who
    text: str
    group: Group = "money"
    actor: str = "by"
    alone: bool = False


NOBODY = None
"""It was the person's own doing, or another event of the same moment says it better."""

BEGUN = Notified("both", "offer.begun", "offers")
RECIPIENTS: Mapping[str, Notified | None] = {
    "listing.submitted": NOBODY,
    "listing.created": Notified("insider", "listing.created", "listings"),
    "listing.returned": Notified("insider", "listing.returned", "listings"),
    "listing.revised": NOBODY,
    "listing.paused": NOBODY,
    "listing.resumed": NOBODY,
    "listing.rested": Notified("insider", "listing.rested", "listings"),
    "listing.kept": Notified("insider", "listing.kept", "listings"),
    "listing.filled": Notified("insider", "listing.filled", "listings"),
    "listing.expired": Notified("insider", "listing.expired", "listings"),
    "listing.withdrawn": NOBODY,
    "listing.removed": Notified("insider", "listing.removed", "listings"),
    "listing.consent_asked": NOBODY,
    "listing.consent_given": Notified("insider", "listing.consent_given", "listings"),
    "listing.consent_refused": Notified("insider", "listing.consent_refused"),
    "listing.consent_withdrawn": Notified("insider", "listing.consent_withdrawn"),
    "offer.made": Notified("insider", "offer.made", "offers"),
    "offer.countered": Notified("other", "offer.countered", "offers"),
    "offer.accepted": Notified("other", "offer.accepted", "offers"),
    "offer.declined": Notified("other", "offer.declined", "offers"),
    "offer.withdrawn": Notified("other", "offer.withdrawn", "offers"),
    "offer.expired": Notified("both", "offer.expired", "offers"),
    "offer.cancelled": Notified("other", "offer.cancelled"),
    "offer.cancel_asked": Notified("other", "offer.cancel_asked"),
    "offer.consent_ended": Notified("both", "offer.consent_ended"),
    "offer.activated": Notified("both", "offer.activated", "offers"),
    "offer.begun": BEGUN,
    "offer.lapsed": Notified("both", "offer.lapsed"),
    "offer.completed": Notified("both", "offer.completed", "offers"),
    "offer.closed": Notified("both", "offer.closed"),
    "offer.reviewed": Notified("other", "offer.reviewed", "hires"),
    "help.given": Notified("seeker", "help.given", "hires"),
    "hire.claimed": Notified("seeker", "hire.claimed"),
    "hire.rejected": Notified("insider", "hire.rejected", "hires"),
    "hire.confirmed": Notified("other", "hire.confirmed", actor="confirmed_by"),
    "hire.ended": Notified("other", "hire.ended"),
    "escrow.opened": Notified("seeker", "escrow.opened"),
    "escrow.held": Notified("seeker", "escrow.held"),
    "escrow.declined": Notified("seeker", "escrow.declined"),
    "escrow.lapsed": NOBODY,
    "escrow.probation_started": NOBODY,
    "escrow.postpone_proposed": Notified("seeker", "escrow.postpone_proposed"),
    "escrow.postponed": Notified("insider", "escrow.postponed"),
    "escrow.postpone_declined": Notified("insider", "escrow.postpone_declined"),
    "escrow.released": Notified("both", "escrow.released"),
    "escrow.settled": NOBODY,
    "escrow.release_refused": Notified("insider", "escrow.release_refused", alone=True),
    "escrow.refunded": Notified("seeker", "escrow.refunded"),
    "escrow.refund_refused": Notified("seeker", "escrow.refund_refused", alone=True),
    "escrow.split": Notified("both", "escrow.split"),
    "escrow.set_off_returned": Notified("insider", "escrow.set_off_returned", alone=True),
    "escrow.charged_back": Notified("both", "escrow.charged_back"),
    "escrow.chargeback_reversed": Notified("both", "escrow.chargeback_reversed"),
    "dispute.opened": Notified("other", "dispute.opened"),
    "dispute.withdrawn": Notified("other", "dispute.withdrawn"),
    "dispute.resolved": Notified("both", "dispute.resolved"),
    "dispute.expired": Notified("both", "dispute.expired"),
    "person.erased": NOBODY,
    "contact.verified": NOBODY,
    "contact.replaced": Notified("person", "contact.replaced"),
    "payout.changed": Notified("person", "payout.changed"),
    "webhook.disabled": Notified("person", "webhook.disabled"),
    "work.verified": NOBODY,
    "report.decided": Notified("person", "report.decided", "listings"),
    "insider_report.decided": Notified("person", "insider_report.decided", "listings"),
    "matches.wanted": NOBODY,
    "matches.found": Notified("person", "matches.found", MATCHES),
    "employer.registered": NOBODY,
    "employer.removed": NOBODY,
}

HELP_ANSWERED = Notified("insider", "help.answered", "hires")
"""`help.given` once more, with the seeker's answer in it."""

CONSENT_ENDED_BEFORE = Notified("both", "offer.consent_ended.before")
"""`offer.consent_ended`, where the help has not begun."""

REJECTED_LAST = Notified("insider", "hire.rejected.last", "hires")
"""`hire.rejected`, where the insider cannot claim the hire again."""

ENDED_WHEN: Mapping[str, Notified] = {
    "completed": Notified("other", "hire.ended.completed"),
    "closed": Notified("other", "hire.ended.closed"),
}
"""`hire.ended` of paid help, where all is paid out already, or the seeker's bank took the payment back."""

REPORTED = Notified("person", "insider_report.of_you", "listings")
"""`insider_report.decided`, for whoever was reported."""

NOT_ASKED = Notified("insider", "listing.consent_undelivered")
"""`listing.consent_asked`, where no mail came to the employer."""

IN_OTHER_WORDS = (HELP_ANSWERED, CONSENT_ENDED_BEFORE, REJECTED_LAST, *ENDED_WHEN.values(), REPORTED, NOT_ASKED)
_GROUPS: Mapping[str, Group] = {row.text: row.group for row in (*RECIPIENTS.values(), *IN_OTHER_WORDS) if row}


def notified(event_type: str, data: Mapping[str, Any]) -> Notified | None:
    """The row of the table for this event."""
    if event_type == "help.given" and data.get("answer"):
        return HELP_ANSWERED
    if event_type == "offer.consent_ended" and data.get("begun") is False:
        return CONSENT_ENDED_BEFORE
    if event_type == "hire.rejected" and data.get("again") is False:
        return REJECTED_LAST
    if event_type == "hire.ended" and data["price"]:
        return ENDED_WHEN.get(data["status"], RECIPIENTS[event_type])
    if event_type == "insider_report.decided" and data["person_id"] == data["insider"]:
        return REPORTED
    if event_type == "listing.consent_asked" and data.get("undelivered"):
        return NOT_ASKED
    if event_type in ("escrow.release_refused", "escrow.refund_refused") and data.get("repeated"):
        return NOBODY
    if event_type == "offer.activated" and data.get("begins_at") is None:
        return NOBODY if "begins_at" in data else BEGUN  # `offer.begun` comes with it, but not of an older version
    return RECIPIENTS[event_type]


def group_of(text_key: str) -> Group:
    """The group of the notifications with this text; what is not in the table any more counts as money."""
    return _GROUPS.get(text_key, "money")


def people(event_type: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The person_ids who are notified, each once."""
    row = notified(event_type, data)
    if row is None:
        return ()
    if row.who == "person":
        return (str(data["person_id"]),)
    parties: tuple[str, ...] = (row.who,) if row.who in PARTIES else PARTIES
    if row.who == "other" and (actor := data.get(row.actor)) in PARTIES:
        parties = tuple(party for party in PARTIES if party != actor)
    return tuple(dict.fromkeys(str(data[party]) for party in parties))


def read_by(person: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event's data as this person reads it: what was set off against an earlier loss is the insider's alone to
    know.
    """
    return as_the_seeker_reads(data) if person == data.get("seeker") else data


READ = tuple(event_type for event_type, row in RECIPIENTS.items() if row is not None)
"""The event types that notify reads."""

KINDS = (*READ, "listing.consent_asked")
"""The event types that a notification may be of."""
