"""The employer's consent by a mailed link: asked for by the insider, read anew each time it is opened, and answered.

Opening it shows what is asked and changes nothing, for mail scanners open links; only what is sent from there counts.
It works until the consent is withdrawn by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.listing import consents
from services.listing.consents import ASKED
from services.listing.rules import Rules
from services.listing.store import employer_id
from shared import links
from shared.aggregate import Document, Refusal, Trigger
from shared.http.answer.commands import Resource
from shared.ids import contact_mark, mailbox_mark
from shared.sealing import seal
from shared.telemetry import traces

OPEN, CHANGED, OVER = "open", "changed", "over"
COMMANDS = {"consent": "give_consent", "refuse": "refuse_consent", "withdraw": "withdraw_consent"}
"""What each answer has the listing do."""
_ANSWERED_WHILE = ("draft", "in_review", "published", "paused")


@dataclass(frozen=True)
class Asked:
    """What a link asks, and how it stands: open, given, refused, withdrawn, changed (the listing asks for more by
    now), or over.
    """

    link: Mapping[str, Any]
    listing: Document
    standing: str

    def offered(self) -> list[dict[str, Any]]:
        """The listing's help: each kind at the price that the link asked for, or at its own where it was not asked."""
        asked = self.link["help"]
        found = [(each["kind"], each["price"]["amount"]) for each in self.listing["help"]]
        return [{"kind": kind, "price": {"amount": asked.get(kind, price), "currency": self.link["currency"]}}
                for kind, price in found]  # fmt: skip


class EmployersWord:
    """Over the listings; `key` signs the links and makes the marks."""

    def __init__(self, listings: Resource, market: Rules, key: bytes) -> None:
        self._listings, self._market, self._key = listings, market, key

    def to_ask(self, listing: Document, mailbox: str, language: str) -> tuple[str, dict[str, Any]]:
        """The mark of the mailbox, and what the command to ask it carries: the address is in it sealed alone."""
        address = f"{mailbox}@{listing['employer'].get('domain')}"
        register = self._employer(listing)
        data = {
            "registered": register.get("state") == "registered",
            "named": contact_mark(self._key, address) in register.get("marks", ()),
            "sealed": seal(self._key, links.EMPLOYER_CONSENT, listing["_id"], address),
            "language": language,
        }
        return mailbox_mark(self._key, address), data

    def asked(self, token: str) -> Asked:
        """Raises BadLink: no such link, or its listing does not know it."""
        claims = links.read(self._key, links.EMPLOYER_CONSENT, token, self._listings.store.clock.now())
        listing = self._listings.store.get(str(claims["listing"])) or {}
        link = consents.link_of(listing, claims["id"])
        if link is None:
            raise links.BadLink
        return Asked(link, listing, self._standing(listing, link))

    def answer(self, asked: Asked, answer: str) -> Asked:
        """Record the employer's answer. Raises Refusal, also where the link was answered already."""
        command = COMMANDS[answer]
        registered = self._employer(asked.listing).get("state") == "registered"

        def decide(changes: Any) -> Document:
            change = changes[asked.listing["_id"]]
            trigger = Trigger(
                name=command,
                id=f"consent-link:{asked.link['id']}:{command}",
                kind="command",
                at=change.now,
                data={"link_id": asked.link["id"], "registered": registered},
                roles=frozenset({"employer"}),
                traceparent=traces.traceparent(),
            )
            if self._listings.lifecycle.fold(change, trigger).outcome == "duplicate":
                raise Refusal("state", "link-used", "This link was answered so already.")
            document: Document = change.document()
            return document

        listing = self._listings.store.run({asked.listing["_id"]: self._listings.lifecycle}, decide)
        link = consents.link_of(listing, asked.link["id"]) or asked.link
        return Asked(link, listing, self._standing(listing, link))

    # -- inside

    def _employer(self, listing: Document) -> Document:
        return self._listings.store.get(employer_id(str(listing.get("domain_mark") or ""))) or {}

    def _standing(self, listing: Document, link: Mapping[str, Any]) -> str:
        if listing["state"] == "removed":
            return OVER
        if link["status"] != ASKED:
            return str(link["status"])
        if listing["state"] not in _ANSWERED_WHILE:
            return OVER
        return CHANGED if consents.too_dear(self._market.places, listing, link) else OPEN
