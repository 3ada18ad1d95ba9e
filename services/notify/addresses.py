"""A person's address and the proof that it is theirs: a code that is mailed there and typed in here. Pure.

Two kinds of document have one form, `documents.AddressDocument`: `contact:<person>`, where mail goes, and
`work_mail:<person>`, at an employer.

The code is stored nowhere: it is a keyed hash of the nonce, so who reads the database does not know it.
"""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.notify.lifecycle import of_mail
from services.notify.store import CONTACT, WORK_MAIL
from shared.aggregate import Change, Refusal, close_task, open_task
from shared.domains import domain_of, is_public_mail
from shared.ids import contact_mark, domain_mark, mailbox_mark, new_id
from shared.mail_addresses import are_same
from shared.settings import Terms

MOST_VERIFIED = 200
"""Each verification stays in the document as an event; this many in a lifetime are enough."""
_PERSONAL = ("email", "verified_at", "code", "undelivered")
_DAY = timedelta(days=1)


class TooSoon(Exception):
    """A code was sent a moment ago, or as many as a day allows; `wait` until the next may be."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("no code may be sent yet")
        self.wait = wait


# -- what a person asks for


def put(change: Change, person: str, email: str, terms: Terms) -> bool:
    """Give an address: one that is not verified is mailed a code, the same one again after a minute; whether it is.

    Raises TooSoon, Refusal.
    """
    if change.is_new:
        change.set(state="known", owner=person, created_at=change.now)
    if not is_at(change.doc, email):
        change.set(verified_at=None, code=None, undelivered=None)
    if change.get("email") != email:
        change.set(email=email)
    if change.get("verified_at") is not None:
        return False
    _send_code(change, terms)
    return True


def verify(change: Change, key: bytes, given: str, terms: Terms) -> bool:
    """Whether the address is verified, now or before; a wrong code counts as a try.

    Takes the same time however much of the code is right.
    """
    if change.get("verified_at") is not None:
        return True
    code = change.get("code") or {}
    right = hmac.compare_digest(code_of(key, change.id, code.get("nonce", "")), given)
    if not code or change.now >= code["expires_at"] or code["tries"] >= terms.code_tries:
        return False
    if not right:
        change.set(code={**code, "tries": code["tries"] + 1})
        return False
    change.set(verified_at=change.now, code=None)
    close_task(change)
    change.emit(*_verified(change, key))
    return True


def remove(change: Change) -> None:
    """Delete the address. The times of its codes stay, so that a day's codes are not had twice."""
    change.set(**dict.fromkeys(_PERSONAL))
    close_task(change)


def refuse_public(email: str) -> None:
    """Raises Refusal for an address at a provider where everybody may have one, or at no domain."""
    domain = domain_of(email)
    if domain is None:
        raise Refusal("rule", "domain", "There is no such domain. Give an address at your employer.", "/email")
    if is_public_mail(domain):
        detail = "Everybody can have an address there. Give one at your employer."
        raise Refusal("rule", "public-provider", detail, "/email")


# -- what it says of an address


def is_at(document: Mapping[str, Any], email: str) -> bool:
    """Whether the document has this address, however its domain is written."""
    return "email" in document and are_same(document["email"], email)


def is_there(document: Mapping[str, Any] | None) -> bool:
    """Whether an address was given: one that was deleted leaves a document without it."""
    return document is not None and "email" in document


def is_verified(document: Mapping[str, Any] | None) -> bool:
    """Whether mail may go to this document's address."""
    return document is not None and is_there(document) and "verified_at" in document


def code_of(key: bytes, document_id: str, nonce: str) -> str:
    """The six digits of a nonce."""
    digest = hmac.digest(key, f"notify/code\0{document_id}\0{nonce}".encode(), "sha256")
    return f"{int.from_bytes(digest) % 10**6:06d}"


# -- inside


def _send_code(change: Change, terms: Terms) -> None:
    if change.seq - change.get("matches_changes", 0) >= MOST_VERIFIED:
        raise Refusal("rule", "addresses", "You have changed your address too often. Please write to us.", "/email")
    code = change.get("code")
    if code and change.now - code["sent_at"] < terms.code_again:
        raise TooSoon(code["sent_at"] + terms.code_again - change.now)
    sent = [at for at in change.get("sent", []) if change.now - at < _DAY]
    if len(sent) >= terms.codes_a_day:
        raise TooSoon(min(sent) + _DAY - change.now)
    nonce, until = new_id(), change.now + terms.code_expiry
    change.set(code={"nonce": nonce, "sent_at": change.now, "expires_at": until, "tries": 0}, sent=[*sent, change.now])
    # Outcomes of earlier codes' mails are told apart by their instruction: their ids need not be stored.
    change.set(undelivered=None, applied=None)
    open_task(change, f"code:{nonce}", "mail", change.now)


def _verified(change: Change, key: bytes) -> tuple[str, dict[str, str]]:
    """(event type, data): the marks say which addresses, and which mailboxes, are the same, and never the address."""
    person, email = change["owner"], change["email"]
    if change.kind == CONTACT:
        mark, box = contact_mark(key, email), mailbox_mark(key, email)
        return "contact.verified", {"person_id": person, "mark": mark} | ({"box_mark": box} if box != mark else {})
    return "work.verified", {"person_id": person, "domain_mark": domain_mark(key, domain_of(email) or "")}


CODE_MAILS = CONTACT_CODE, WORK_MAIL_CODE = of_mail(CONTACT), of_mail(WORK_MAIL)
"""What becomes of a code's mail, for each kind of address."""
