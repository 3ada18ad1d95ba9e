"""Which mail an open instruction is: by the kind of its document, one function each.

Addresses are looked up only here, when the mail goes out; they stand in no other document, and in no log.
"""

from collections.abc import Sequence
from datetime import timedelta

from services.notify import former
from services.notify.addresses import code_of, is_verified
from services.notify.consent_links import CONSENT_MAIL, ConsentMails
from services.notify.employer_links import EMPLOYER_LINK, LinkMails
from services.notify.letter import Letter
from services.notify.lifecycle import NOTIFICATION
from services.notify.mail import Postman
from services.notify.preferences import link, wants
from services.notify.store import CONTACT, WORK_MAIL, contact_id
from services.notify.templates import CODE_TEXTS, DEFAULT_LANGUAGE, phrase, render
from shared.aggregate import Document, Store, Trigger
from shared.poller import CarryOut
from shared.settings import Terms

_MINUTE = timedelta(minutes=1)


class Mails:
    """`carry_out(document)` sends its mail, or says why none is sent: `mail.skipped`."""

    def __init__(self, store: Store, postman: Postman, key: bytes, public_url: str, terms: Terms) -> None:
        self.store, self.postman, self.key, self.public_url, self.terms = store, postman, key, public_url, terms
        self.kinds: dict[str, CarryOut] = {NOTIFICATION.name: self.tell, CONTACT: self.code, WORK_MAIL: self.code}
        self.kinds[EMPLOYER_LINK.name] = LinkMails(store, postman, key, public_url, terms).carry_out
        self.kinds[CONSENT_MAIL.name] = ConsentMails(store, postman, key, public_url, terms).carry_out

    def page(self, documents: Sequence[Document]) -> Sequence[Document]:
        """The same documents; a notification has its person's `contact` with it, read for all in one query."""
        told = {doc["_id"]: contact_id(doc["person"]) for doc in documents if doc["kind"] == NOTIFICATION.name}
        contacts = self.store.load(told.values())
        return [{**doc, "contact": contacts.get(told[doc["_id"]])} if doc["_id"] in told else doc for doc in documents]

    def carry_out(self, document: Document) -> Trigger | None:
        return self.kinds[document["kind"]](document)

    def tell(self, notification: Document) -> Trigger | None:
        """Mail a notification to the person's verified address."""
        if self.store.clock.now() - notification["created_at"] > self.terms.mail_not_older:
            return self.postman.skip(notification, "too_old")
        read = "contact" in notification  # by `page`; what is carried out by itself is without
        contact = notification["contact"] if read else self.store.get(contact_id(notification["person"]))
        if address := self._former(notification):
            return self._post(notification, address)
        if contact is None or "email" not in contact:
            return self.postman.skip(notification, "no_address")
        if not is_verified(contact):
            return self.postman.skip(notification, "not_verified")
        if not wants(contact, notification["text_key"]):
            return self.postman.skip(notification, "not_wanted")
        return self._post(notification, contact["email"])

    def _former(self, notification: Document) -> str | None:
        """The address of before, where this is mailed there."""
        if notification["text_key"] not in former.TOLD:
            return None
        return former.address_of(self.store, notification["person"], self.terms)

    def _post(self, notification: Document, address: str) -> Trigger | None:
        return self.postman.post(notification, self._letter_of(notification), address, notification["created_at"])

    def _letter_of(self, notification: Document) -> Letter:
        """The notification as a letter; one that is not about money says how to stop those like it (RFC 2369, 8058)."""
        language, person = notification.get("language", DEFAULT_LANGUAGE), notification["person"]
        written = notification["subject"], notification["text"], language, self._page_of(notification, language)
        stop = link(self.key, self.public_url, person, notification["text_key"], notification["created_at"])
        if stop is None:
            return Letter(*written, foot=((phrase("money_mail", language), None),))
        headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        pages = f"{self.public_url}/listings/"
        urls = [line for line in notification["text"].split("\n") if line.startswith(pages)]
        return Letter(*written, foot=((phrase("stop", language), stop),), headers=headers, urls=urls)

    def _page_of(self, notification: Document, language: str) -> tuple[str, str] | None:
        """The market's page on which it goes on: the deal's, or that of one's own listing."""
        if notification.get("offer_id"):
            return phrase("open_deal", language), f"{self.public_url}/deals/{notification['offer_id']}"
        if notification.get("listing_id"):
            return phrase("open_listing", language), f"{self.public_url}/roles/{notification['listing_id']}"
        return None

    def code(self, address: Document) -> Trigger | None:
        """The code that the instruction was opened for, to the address that it is to prove."""
        code = address.get("code")
        if code is None or self.store.clock.now() >= code["expires_at"]:
            return self.postman.skip(address, "too_old")
        language = address.get("language", DEFAULT_LANGUAGE)
        values = {"code": code_of(self.key, address["_id"], code["nonce"])}
        values["minutes"] = str((code["expires_at"] - code["sent_at"]) // _MINUTE)
        letter = Letter(*render(CODE_TEXTS[address["kind"]], values, language), language)
        return self.postman.post(address, letter, address["email"], code["sent_at"])
