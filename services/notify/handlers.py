"""What notify does with the events it reads: a notification for each person whom the table of recipients names, and
small copies of offers, of listings and of the register of employers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.notify import consent_links
from services.notify.addresses import CONTACT_CODE
from services.notify.employer_links import OF_EMPLOYER, OF_LISTING
from services.notify.lifecycle import NOTIFICATION, NOTIFY
from services.notify.log.records import Logged
from services.notify.offers import OfOffer, is_of_offer
from services.notify.recipients import READ, people
from services.notify.store import contact_id
from services.notify.templates import DEFAULT_LANGUAGE
from shared.aggregate import Change, Kind, Lifecycle, Route, Routes, Trigger, Verdict, erasure
from shared.aggregate.verdict import IGNORED, TAKEN
from shared.events.catalogue import PUBLIC_NAMES


class Notify:
    """One document for each recipient, its id made of the event's and the person's, so that a repeat finds it there.

    Of the person's contact it only reads the language. `public_url` is where listings are read.
    """

    def __init__(self, lifecycle: Lifecycle, public_url: str = "") -> None:
        self.lifecycle, self.public_url = lifecycle, public_url

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        recipients, touched = people(event.name, event.data), dict[str, Kind]()
        for person in recipients:
            touched |= {_id(event, person): self.lifecycle, contact_id(person): CONTACT_CODE}
        return touched

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        verdicts = []
        for person in people(event.name, event.data):
            change = changes[_id(event, person)]
            if change.is_new and change.now - event.at >= self.lifecycle.terms.keep_notifications:
                continue  # it would be forgotten at once
            data = {"event_type": event.name, "event": event.data, "person": person}
            data["public_url"] = self.public_url
            data["language"] = changes[contact_id(person)].get("language", DEFAULT_LANGUAGE)
            verdicts.append(self.lifecycle.fold(change, replace(event, name=NOTIFY, data=data)))
        return TAKEN if TAKEN in verdicts else next(iter(verdicts), IGNORED)


@dataclass(frozen=True)
class Both:
    """Two routes of one event."""

    first: Route
    second: Route

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return {**self.first.touches(event), **self.second.touches(event)}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        verdicts = self.first.fold(changes, event), self.second.fold(changes, event)
        return TAKEN if TAKEN in verdicts else verdicts[1]


@dataclass(frozen=True)
class Beside(Both):
    """Two routes of one event; what became of it is the second's to say."""

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        self.first.fold(changes, event)
        return self.second.fold(changes, event)


def _id(event: Trigger, person: str) -> str:
    return f"{event.id}:{person}"


def handlers(notification: Lifecycle = NOTIFICATION, public_url: str = "") -> Routes:
    """The routes of a worker; `notification` is the table with the terms of its settings."""
    tell, copy = Notify(notification, public_url), OfOffer()
    routes: dict[str, Route] = {name: Both(copy, tell) if is_of_offer(name) else tell for name in READ}
    routes |= dict.fromkeys(("employer.registered", "employer.removed"), OF_EMPLOYER)
    routes |= {"listing.created": Both(OF_LISTING, tell), "listing.revised": OF_LISTING}
    routes |= {consent_links.ASKED: consent_links.OfConsent(), "person.erased": erasure.route()}
    logged = Logged(notification.terms)
    return routes | {name: Beside(logged, routes[name]) if name in routes else logged for name in PUBLIC_NAMES}


HANDLERS: Routes = handlers()
