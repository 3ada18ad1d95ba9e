"""How agreements end (I3), and that nothing is left lying (I10)."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from deploy import SERVICES
from deploy.verify.snapshot import Snapshot, everything, routes
from deploy.verify.tally import Tally
from services.escrow.lifecycle import ESCROW
from services.listing.lifecycle import LISTING
from services.matching.offer.lifecycle import OFFER
from services.notify.addresses import CODE_MAILS
from services.notify.employer_links import EMPLOYER_LINK
from services.notify.lifecycle import NOTIFICATION
from shared.aggregate import Document, Lifecycle
from shared.poller.ahead import put_off

OUTCOMES = ("completed", "lapsed", "cancelled", "closed", "ended")
_OUTCOME_EVENTS = ("offer.completed", "offer.lapsed", "offer.cancelled", "offer.closed", "hire.ended")
_GIVEN_BACK = ("lapsed", "refunded", "charged_back")

MONEY_OF: Mapping[str, tuple[str, ...]] = {
    "completed": ("settled", "charged_back"),
    "ended": ("settled", "refunded", "split", "charged_back"),
    "lapsed": _GIVEN_BACK,
    "cancelled": _GIVEN_BACK,
    "closed": ("refunded", "split", "charged_back"),
}
"""How the money of a paid offer may have ended, by the offer's outcome."""

LIFECYCLES: Mapping[tuple[str, str], Lifecycle] = {
    ("listing", LISTING.name): LISTING,
    ("matching", OFFER.name): OFFER,
    ("escrow", ESCROW.name): ESCROW,
    ("notify", NOTIFICATION.name): NOTIFICATION,
    ("notify", EMPLOYER_LINK.name): EMPLOYER_LINK,
    **{("notify", mail.name): mail for mail in CODE_MAILS},
}
"""By (service, kind of document)."""


def one_outcome(seen: Snapshot, tally: Tally) -> None:
    """At rest each accepted offer has exactly one of: completed, lapsed, cancelled, closed, ended; its events say the
    same one, and its money went the way that fits. At rest: its escrow has ended, or there is none to wait for. An
    offer that was closed by a chargeback and then paid after all has both, in that order.
    """
    for offer_id, offer in seen.offers.items():
        if not offer.get("accepted_at"):
            continue
        subject = f"offer {offer_id}"
        with tally.reading(subject):
            escrow = seen.escrows.get(offer_id)
            if seen.young(offer, escrow) or not _at_rest(offer, escrow):
                tally.leave()
                continue
            state = offer["state"]
            tally.check(state in OUTCOMES, subject, f"its money has ended, and it is still {state}")
            if state not in OUTCOMES:
                continue
            reported = [e["data"]["status"] for e in offer.get("events", ()) if e["type"] in _OUTCOME_EVENTS]
            ends = list(dict.fromkeys(reported))
            fits = ends == [state] or (state == "completed" and ends == ["closed", "completed"])
            tally.check(fits, subject, f"it is {state}, and its events tell of: {', '.join(ends) or 'nothing'}")
            if escrow is not None and offer["price"]:
                message = f"it is {state}, and its money is {escrow['state']}"
                tally.check(escrow["state"] in MONEY_OF[state], subject, message)


def _at_rest(offer: Document, escrow: Document | None) -> bool:
    if offer.get("parked"):
        return False
    if not offer["price"]:
        return offer["state"] in OUTCOMES or offer["state"] == "hired"
    if escrow is None:
        return False
    return escrow["state"] in ESCROW.final and not escrow.get("instruction") and not escrow.get("parked")


def drained(seen: Snapshot, tally: Tally) -> None:
    """Every event is published; each group has read all of its topics; nothing is parked outside disputes, chargebacks
    and open instructions; no timer is overdue, nothing was changed in a time to come, no try is further ahead than its
    longest pause, and each document's `due_at` is the earliest of those that count.
    """
    lifecycles = {of: lifecycle.with_terms(seen.terms) for of, lifecycle in LIFECYCLES.items()}
    for service, doc in everything(seen.documents):
        subject = f"{service} {doc.get('_id')}"
        with tally.reading(subject):
            for fault in _of_a_wrong_clock(seen, lifecycles.get((service, doc.get("kind", ""))), doc):
                tally.fail(subject, fault)
            if seen.young(doc):
                tally.leave()
                continue
            unsent = doc.get("seq", 0) - doc.get("published", 0)
            tally.check(unsent <= 0, subject, f"{unsent} of its events are not published{_lost(doc)}")
            waiting = [each["name"] for each in doc.get("parked", ()) if not _may_wait(doc, each)]
            tally.check(not waiting, subject, f"is {doc.get('state')} and keeps parked: {', '.join(waiting)}")
            due = _due(service, doc)
            tally.check(doc.get("due_at") == due, subject, f"due_at is {doc.get('due_at')}, its timers say {due}")
            overdue = due is not None and not seen.recent(due) and due <= seen.at
            tally.check(not overdue, subject, f"a timer of {due} has not fired")
    for service in SERVICES:
        _lag(seen, tally, service)


def _lost(doc: Document) -> str:
    return "" if "outbox_at" in doc else ", and the relay does not know of it"


def _may_wait(doc: Document, parked: Document) -> bool:
    frozen = doc["state"] in ("disputed", "charged_back")
    return frozen or bool(doc.get("instruction")) or str(parked["name"]).startswith("chargeback.")


def _due(service: str, doc: Document) -> datetime | None:
    lifecycle = LIFECYCLES.get((service, doc.get("kind", "")))
    timers = doc.get("timers", {}).items()
    return min((at for name, at in timers if not lifecycle or lifecycle.counts(doc["state"], name)), default=None)


def _of_a_wrong_clock(seen: Snapshot, lifecycle: Lifecycle | None, doc: Document) -> Iterator[str]:
    """What was written with a time that is to come; the clock here may be behind by as much as is allowed."""
    now = seen.at + seen.clocks_apart
    if (changed := doc.get("updated_at", now)) > now:
        yield f"its last change is of {changed}, by a clock that was wrong"
    if lifecycle is not None:
        for name, at in put_off(doc, lifecycle, now):
            yield f"{name} is put off until {at}, by a clock that was wrong; the worker brings it back within a minute"


def _lag(seen: Snapshot, tally: Tally, service: str) -> None:
    read = set(routes(service))
    for record in seen.records:
        if record.topic not in read:
            continue
        if seen.recent(record.at):
            tally.leave()
        else:
            subject = f"{record.topic}/{record.partition}/{record.offset}"
            tally.check(seen.consumed(service, record), subject, f"{service} has not read it")
