"""The employer is asked by mail to consent to paid help: listing asks by an event, and the mail goes out from here.

The address stands in the event and in the document sealed, and goes with the mail; the link is made when it is mailed,
and stored nowhere. The document is `documents.ConsentMailDocument`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from services.notify.acts import no_events
from services.notify.letter import Letter
from services.notify.lifecycle import NOTIFICATION, NOTIFY, OUTCOMES
from services.notify.mail import Postman
from services.notify.store import contact_id, work_mail_id
from services.notify.templates import DEFAULT_LANGUAGE, phrase
from shared import links
from shared.aggregate import (
    ANSWERED,
    Change,
    Document,
    Kind,
    Lifecycle,
    Row,
    Store,
    Trigger,
    Verdict,
    cells,
    close_task,
    open_task,
)
from shared.clock import parse_time
from shared.mail_addresses import mailbox
from shared.sealing import Unreadable, unseal
from shared.settings import Terms
from shared.wording import amount, day

KIND = "consent_mail"
ASKED = "listing.consent_asked"
TEXTS: Mapping[str, Mapping[str, str]] = json.loads(Path(__file__).with_name("consent_links.json").read_text("utf-8"))


class OfConsent:
    """The route of `listing.consent_asked`: a document a link, so that a repeat mails nothing again."""

    def touches(self, event: Trigger) -> Mapping[str, Kind]:
        return {_id(event): CONSENT_MAIL}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        return CONSENT_MAIL.fold(changes[_id(event)], event)


def _id(event: Trigger) -> str:
    return f"{KIND}:{event.data['link_id']}"


class ConsentMails:
    """Carries out the mail of a link; where none goes out, the insider is told."""

    def __init__(self, store: Store, postman: Postman, key: bytes, public_url: str, terms: Terms) -> None:
        self._store, self._postman, self._key, self._terms = store, postman, key, terms
        self._base = public_url + links.EMPLOYER_CONSENTS
        self._notification = NOTIFICATION.with_terms(terms)

    def carry_out(self, document: Document) -> Trigger | None:
        """As Postman.post. The insider is told before the outcome is written, so that nothing in between loses it."""
        outcome = self._mail(document)
        if outcome is not None and outcome.name != "mail.sent":
            self._tell(document, outcome)
        return outcome

    def _mail(self, document: Document) -> Trigger | None:
        """Skipped where it is too old by now, or the mailbox is the insider's own."""
        if self._store.clock.now() - document["at"] > self._terms.mail_not_older:
            return self._postman.skip(document, "too_old")
        try:
            address = unseal(self._key, links.EMPLOYER_CONSENT, document["listing_id"], document["sealed"])
        except Unreadable:
            return self._postman.skip(document, "unreadable")
        if self._is_of(document["insider"], address):
            return self._postman.skip(document, "own_address")
        claims = {"listing": document["listing_id"], "id": document["link_id"]}
        token = links.sign(self._key, links.EMPLOYER_CONSENT, claims, document["until"])
        letter = write(document["language"], document["help"], document["currency"], document["until"],
                       self._base + token)  # fmt: skip
        return self._postman.post(document, letter, address, document["at"])

    def _tell(self, document: Document, outcome: Trigger) -> None:
        """A notification a link: a repeat finds it there."""
        insider = document["insider"]
        contact = self._store.get(contact_id(insider)) or {}
        event = {"listing_id": document["listing_id"], "insider": insider, "undelivered": outcome.data["reason"]}
        told = {"event_type": ASKED, "event": event, "person": insider}
        told["language"] = contact.get("language", DEFAULT_LANGUAGE)
        at = f"{document['_id']}:{insider}"
        trigger = Trigger(NOTIFY, f"{document['_id']}:undelivered", "event", outcome.at, told)
        self._store.run({at: self._notification}, lambda changes: self._notification.fold(changes[at], trigger))

    def _is_of(self, person: str, address: str) -> bool:
        """Whether what is mailed there comes to the insider, who cannot answer for the employer."""
        found = [self._store.get(at(person)) or {} for at in (contact_id, work_mail_id)]
        return any(mailbox(each["email"]) == mailbox(address) for each in found if each.get("email"))


def write(language: str, help_: Sequence[Mapping[str, Any]], currency: str, until: datetime, url: str) -> Letter:
    """What the employer reads: which help, for how much; no word of the listing's text."""
    texts = TEXTS[language]
    priced = [each for each in help_ if each["price"]]
    named = [f"{phrase(each['kind'], language)} ({amount(each['price'], currency, language)})" for each in priced]
    values = {"help": ", ".join(named), "until": day(until.date().isoformat(), language)}
    return Letter(texts["subject"], texts["text"].format_map(values), language, link=(texts["link"], url))


def _ask(change: Change, trigger: Trigger) -> None:
    event = trigger.data
    change.set(**{name: event[name] for name in ("listing_id", "insider", "link_id", "language", "sealed", "help")})
    change.set(currency=event["currency"], until=parse_time(event["until"]), at=min(trigger.at, change.now))
    open_task(change, f"{change.id}:mail", "mail", change.now)


def _done(change: Change, trigger: Trigger) -> None:
    """Out or not: what was for the mail alone goes."""
    change.set(sealed=None, insider=None, help=None, currency=None, undelivered=trigger.data.get("reason"))
    close_task(change)


CONSENT_MAIL = Lifecycle(
    KIND,
    states=("new", "known"),
    rows=(
        Row(("new",), ASKED, to="known", act=_ask),
        *(Row(("known",), outcome, when=ANSWERED, act=_done) for outcome in OUTCOMES),
    ),
    public=no_events,
    events=(ASKED,),
    outcomes=OUTCOMES,
    answers=cells(
        ignore={ASKED: ("known",)} | dict.fromkeys(OUTCOMES, ("known",)), reject=dict.fromkeys(OUTCOMES, ("new",))
    ),
)
