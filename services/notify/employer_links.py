"""The employer's link: a party of an offer asks an employer, by one mail, whether the hire happened.

The document is `documents.EmployerLinkDocument`. The link is made when it is mailed, and stored nowhere.

`employer:<mark>` and `listing:<id>` are copies: the register's marks, and the mark of a listing's workplace.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.notify.letter import Letter
from services.notify.lifecycle import of_mail
from services.notify.mail import Postman
from services.notify.store import comes_to, offer_key
from services.notify.templates import read_texts
from shared import links
from shared.aggregate import Change, Copy, Document, Refusal, Store, Trigger, open_task
from shared.contact_details import has_address, has_link
from shared.domains import domain_of
from shared.ids import contact_mark, domain_mark, workplace_mark
from shared.settings import Terms
from shared.wording import day

KIND = "employer_link"
EMPLOYER, LISTING = "employer", "listing"
ASKS = ("active", "hire_claimed")
"""An employer is asked while the offer is so."""
TEXTS: Mapping[str, Mapping[str, str]] = read_texts("employer_links.json")
_WEEK = timedelta(days=7)

OF_EMPLOYER = Copy(
    EMPLOYER, "domain_mark",
    lambda event: {"state": event.name.removeprefix("employer."), "marks": event.data.get("marks", [])},
)  # fmt: skip
OF_LISTING = Copy(
    LISTING, "listing_id", lambda event: {"state": "known", "workplace_mark": event.data.get("workplace_mark")}
)


def link_key(offer_id: str) -> str:
    return f"{KIND}:{offer_id}"


class TooMany(Exception):
    """As many were asked as a week allows; `wait` until the next may be."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("no link may be asked for yet")
        self.wait = wait


class KeyReused(Exception):
    """The same command's id came with something else."""


# -- who may ask whom


def check(store: Store, key: bytes, offer: Document, role: str, asked: Mapping[str, Any]) -> str:
    """The mark of the employer that may be asked at this address. Raises Refusal; none names the employer."""
    if offer["status"] not in ASKS:
        detail = f"The offer is {offer['status']}; an employer is asked while it is {' or '.join(ASKS)}."
        raise Refusal("state", "state", detail, "/offer_id")
    listing = store.get(f"{LISTING}:{offer['listing_id']}") or {}
    address, domain = asked["address"], domain_of(asked["address"]) or ""
    if listing.get("workplace_mark") is None:
        raise Refusal("rule", "no-domain", "The listing does not say its employer's domain.", "/offer_id")
    if listing["workplace_mark"] != workplace_mark(key, offer["listing_id"], domain):
        raise Refusal(
            "rule", "employer-domain", "Expected an address at the domain of the listing's employer.", "/address"
        )
    mark = domain_mark(key, domain)
    employer = store.get(f"{EMPLOYER}:{mark}") or {}
    if employer.get("state") != "registered":
        detail = "Nobody has checked yet that this domain is the employer's: ask us to register it."
        raise Refusal("rule", "employer-registered", detail, "/address")
    if role != "seeker" and contact_mark(key, address) not in employer["marks"]:
        detail = "Expected a mailbox that the employer has named for this; the seeker may ask at any of its addresses."
        raise Refusal("rule", "employer-mailbox", detail, "/address")
    if comes_to(store, offer[role], address):  # the other's would tell it to this one
        raise Refusal("rule", "own-address", "Expected the employer's address, not your own.", "/address")
    if has_address(asked["reference"]) or has_link(asked["reference"]):
        raise Refusal("rule", "no-link", "Expected a name or a number, without an address or a link.", "/reference")
    return mark


# -- asking


def mark_of(key: bytes, fingerprint: str) -> str:
    """What a repeat of the same request is known by; says nothing of the address in it."""
    return hmac.digest(key, f"notify/{KIND}\0{fingerprint}".encode(), "sha256").hex()


def is_repeat(change: Change, link_id: str, mark: str) -> bool:
    """Whether this was asked before. Raises KeyReused where the id came with something else."""
    found = [each["mark"] for each in change.get("asked", []) if each["id"] == link_id]
    if found and found[0] != mark:
        raise KeyReused
    return bool(found)


def ask(
    change: Change, link_id: str, mark: str, offer_id: str, employer: str, asked: Mapping[str, Any], terms: Terms
) -> None:
    """Have the mail sent. Raises TooMany, Refusal."""
    before = [each for each in change.get("asked", []) if change.now - each["at"] < _WEEK]
    if change.get("instruction"):
        raise Refusal("busy", "mail-open", "The last mail is still on its way; try again in a moment.")
    if len(before) >= terms.employer_links_a_week:
        raise TooMany(before[0]["at"] + _WEEK - change.now)
    change.set(state="known", offer_id=offer_id, asked=[*before, {"id": link_id, "at": change.now, "mark": mark}])
    until = change.now + terms.employer_link_expiry
    change.set(link={"id": link_id, "employer": employer, "at": change.now, "until": until}, undelivered=None)
    change.set(**{name: asked[name] for name in ("address", "reference", "language")})
    # Outcomes of earlier mails are told apart by their instruction: their ids need not be stored.
    change.set(applied=None)
    open_task(change, f"{KIND}:{link_id}", "mail", change.now)


# -- its mail


class LinkMails:
    """Carries out the mail of a link."""

    def __init__(self, store: Store, postman: Postman, key: bytes, public_url: str, terms: Terms) -> None:
        self._store, self._postman, self._key, self._terms = store, postman, key, terms
        self._base = public_url + links.EMPLOYER_CONFIRMATIONS

    def carry_out(self, document: Document) -> Trigger | None:
        """As Postman.post; skipped where the offer needs no answer any more, or the mail server was away too long."""
        link, offer = document["link"], self._store.get(offer_key(document["offer_id"])) or {}
        if self._store.clock.now() - link["at"] > self._terms.mail_not_older:
            return self._postman.skip(document, "too_old")
        if offer.get("status") not in ASKS:
            return self._postman.skip(document, "over")
        claims = {"offer": document["offer_id"], "employer": link["employer"], "id": link["id"]}
        token = links.sign(self._key, links.EMPLOYER_CONFIRMATION, claims, link["until"])
        letter = write(document["language"], document["reference"], link["until"], self._base + token)
        return self._postman.post(document, letter, document["address"], link["at"])


def write(language: str, reference: str, until: datetime, url: str) -> Letter:
    """What the employer reads; the reference is there as it was typed."""
    texts = TEXTS[language]
    text = texts["text"].format_map({"reference": reference, "until": day(until.date().isoformat(), language)})
    return Letter(texts["subject"], text, language, link=(texts["link"], url))


EMPLOYER_LINK = of_mail(KIND, spent=("address", "reference"))
