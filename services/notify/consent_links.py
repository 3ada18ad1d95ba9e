"""The employer is asked by mail to consent to paid help: listing asks by an event, and the mail goes out from here.

The address stands in the event and in the document sealed, and goes with the mail; the link is made when it is mailed,
and stored nowhere. The document is `documents.ConsentMailDocument`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.notify.letter import Letter
from services.notify.lifecycle import NOTIFICATION, NOTIFY, of_mail
from services.notify.mail import Postman
from services.notify.store import comes_to, contact_id
from services.notify.templates import DEFAULT_LANGUAGE, phrase, read_texts
from shared import links
from shared.aggregate import Change, Document, Kind, Row, Store, Trigger, Verdict, open_task
from shared.clock import parse_time
from shared.sealing import Unreadable, unseal
from shared.settings import Terms
from shared.wording import amount, day

KIND = "consent_mail"
ASKED = "listing.consent_asked"
TEXTS: Mapping[str, Mapping[str, str]] = read_texts("consent_links.json")


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
        if comes_to(self._store, document["insider"], address):  # who cannot answer for the employer
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


CONSENT_MAIL = of_mail(
    KIND, Row(("new",), ASKED, to="known", act=_ask), spent=("sealed", "insider", "help", "currency")
)
