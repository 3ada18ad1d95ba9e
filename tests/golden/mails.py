"""Every mail in every language, as its reader gets it: subject and plain text, links left out.

No two values of one mail are alike, so that each shows where it stands: in `escrow.split`, whose share is whose.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from services.notify.consent_links import write as ask_consent
from services.notify.employer_links import write
from services.notify.letter import Letter, message
from services.notify.mail import Postman
from services.notify.mails import Mails
from services.notify.recipients import OPTIONAL, RECIPIENTS, notified, people, read_by
from services.notify.templates import CODE_TEXTS, LANGUAGES, TEMPLATES, render
from shared.aggregate import Store
from shared.settings import Terms
from tests.pure.test_notify_recipients import INSIDER, SEEKER, event
from tests.support.clock import ManualClock
from tests.support.memory import MemoryCollection

FOLDER = Path(__file__).parent
TERMS = Terms(
    review_blind=timedelta(days=6), retry_refused=timedelta(hours=36), reports_decided_within=timedelta(hours=60)
)
AT = datetime(2027, 1, 4, 9, 7, tzinfo=UTC)
VALUES: Mapping[str, Any] = {
    "funded": 1_111_11, "held": 222_22, "released": 333_33, "fees": 44_44, "refunded": 555_55, "charged_back": 666_66,
    "price": 1_234_56, "amount": 777_77, "fee": 88_88, "on": "2027-03-01", "start_on": "2027-02-15",
    "fund_by": "2027-01-07T09:07:00.000Z", "help": ["coaching", "reference", "good_word"], "currency": "EUR",
}  # fmt: skip
MORE: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "listing.removed": ({}, {"reason": "not_genuine"}),
    "matches.found": ({}, {"more": 1}, {"more": 2}),
    "offer.made": ({}, {"price": 0}, {"help": ["good_word"]}),
    "offer.activated": ({}, {"begins_at": "2027-01-06T08:05:00.000Z"}),
    "offer.cancelled": (
        {"reason": "alone"}, {"reason": "listing_filled"}, {"reason": "listing_removed", "price": 0},
    ),
    "offer.consent_ended": ({}, {"begun": False}),
    "hire.rejected": ({}, {"price": 0}, {"again": False}, {"again": False, "price": 0}),
    "hire.ended": ({"status": "ended"}, {"status": "completed"}, {"status": "closed"}, {"price": 0}),
    "escrow.released": ({}, {"set_off": 123_45}),
    "escrow.split": ({}, {"set_off": 12_34}),
    "offer.closed": ({"reason": "refunded"}, {"reason": "split"}, {"reason": "charged_back"}),
    "help.given": ({}, {"answer": "confirmed"}, {"answer": "denied"}),
    "dispute.opened": ({"reason": "not_hired"}, {"reason": "other"}),
    "report.decided": ({}, {"decision": "remove"}),
    "webhook.disabled": ({}, {"reason": "gone", "failed": []}),
    "insider_report.decided": ({}, {"person_id": INSIDER}),
    "dispute.resolved": tuple({"decision": name} for name in ("refund", "release", "split", "return")),
}  # fmt: skip
"""Where an event is told in more ways than one."""


def golden() -> dict[str, str]:
    """{file: text}"""
    return {f"mails.{language}.txt": _all(language) for language in LANGUAGES}


def mails(language: str) -> Iterator[tuple[str, EmailMessage]]:
    """(what it is, the mail): all that a person or an employer may get."""
    yield from _notifications(language)
    for kind, key in CODE_TEXTS.items():
        text = render(key, {"code": "135790", "minutes": "17"}, language)
        yield f"{key} ({kind})", _mail(Letter(*text, language))
    told = render("listing.consent_undelivered", {"listing_id": "l-1"}, language)
    yield "listing.consent_undelivered, to insider", _mail(Letter(*told, language))
    priced = [{"kind": "good_word", "price": 1_234_56}, {"kind": "reference", "price": 777_77}]
    yield "consent link", _mail(ask_consent(language, priced, "CAD", AT, "https://golem.example/x"))
    yield "employer link", _mail(write(language, "Bo Ek, no. 24680", AT, "https://golem.example/x"))


def _all(language: str) -> str:
    parts = [f"{_head(about)}Subject: {mail['Subject']}\n\n{_plain(mail)}" for about, mail in mails(language)]
    for key in ("unsubscribe.ask", "unsubscribe.done"):
        for group in OPTIONAL:
            subject, text = render(key, {"group": group}, language)
            parts.append(f"{_head(f'{key}, of {group}')}{subject}\n\n{text}\n")
    for key in ("unsubscribe.matches.ask", "unsubscribe.matches.done"):
        subject, text = render(key, {}, language)
        parts.append(f"{_head(key)}{subject}\n\n{text}\n")
    return "\n".join(parts)


def _head(about: str) -> str:
    return f"{f'== {about} ':=<100}\n"


def _notifications(language: str) -> Iterator[tuple[str, EmailMessage]]:
    sent: list[EmailMessage] = []
    clock = ManualClock(AT)
    postman = Postman(clock, "Good Golem <golem@golem.example>", lambda mail, address: sent.append(mail))
    all_ = Mails(Store(MemoryCollection(), clock), postman, b"k" * 40, "https://golem.example", TERMS)  # type: ignore[arg-type]
    for name, row in RECIPIENTS.items():
        for variant in _variants(name) if row else ():
            data = _data(name, variant)
            key = (notified(name, data) or row).text  # type: ignore[union-attr]
            readers: dict[tuple[str, str], list[str]] = {}
            for each in people(name, data):
                readers.setdefault(render(key, read_by(each, data), language, TERMS), []).append(each)
            for (subject, text), who in readers.items():
                written = {"subject": subject, "text": text, "language": language, "text_key": key}
                document = {
                    "kind": "notification",
                    "person": SEEKER,
                    "created_at": AT,
                    "instruction": {"id": "1"},
                    "offer_id": data.get("offer_id"),
                    "listing_id": data.get("listing_id"),
                    **written,
                }
                postman.post(document, all_._letter_of(document), "bo@example.org", AT)
                of = " and ".join({INSIDER: "insider", SEEKER: "seeker"}[each] for each in who)
                yield f"{key}{_said(variant)}, to {of}", sent.pop()


def _variants(name: str) -> Iterator[Mapping[str, Any]]:
    """As it is, and where help costs nothing if that is told in other words."""
    variants = MORE.get(name, ({},))
    yield from variants
    if f"{name}.free" in TEMPLATES and not any("price" in variant for variant in variants):
        yield {"price": 0, "currency": "EUR"}


def _data(name: str, variant: Mapping[str, Any]) -> dict[str, Any]:
    data = event(name)
    telling = {field: value for field, value in VALUES.items() if field in data and not name.startswith("listing.")}
    return event(name, **telling | dict(variant))


def _said(variant: Mapping[str, Any]) -> str:
    return "".join(f", {name} {value}" for name, value in variant.items() if name != "currency")


def _mail(letter: Letter) -> EmailMessage:
    return message(letter, "Good Golem <golem@golem.example>", "bo@example.org", "one", AT)


def _plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return re.sub(r"https?://\S+", "<link>", body.get_content())
