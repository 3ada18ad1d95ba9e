"""The employer's confirmation by a mailed link: it names an offer, works once, and is read anew each time.

Opening it shows what is asked and changes nothing, for mail scanners open links; only what is sent from there counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.employer.register import Employers
from services.matching.offer.lifecycle import HIRING
from services.matching.offer.rules import start_window
from shared import links
from shared.aggregate import Change, Document, Refusal, Trigger
from shared.http.answer.commands import Resource
from shared.telemetry import traces

USED, RECORDED, OVER, OPEN = "used", "recorded", "over", "open"
_HIRED = ("hired", "ended", "completed")


@dataclass(frozen=True)
class Asked:
    """What a link asks of whom."""

    link_id: str
    offer: Document
    employer: Document

    @property
    def trigger_id(self) -> str:
        return f"employer-link:{self.link_id}"

    @property
    def standing(self) -> str:
        """open; used (by this link); recorded (the hire is, by another way); over."""
        if self.trigger_id in self.offer.get("applied", ()):
            return USED
        if self.offer["state"] in HIRING:
            return OPEN
        return RECORDED if self.offer["state"] in _HIRED else OVER


class Confirmations:
    """Reads links, and confirms hires by them."""

    def __init__(self, offers: Resource, employers: Employers) -> None:
        self._offers, self._employers = offers, employers

    def asked(self, token: str) -> Asked:
        """Raises BadLink: no such link, or its employer is not registered any more, or is not that listing's."""
        claims = links.read(self._employers.key, links.EMPLOYER_CONFIRMATION, token, self._offers.store.clock.now())
        offer = self._offers.store.get(str(claims["offer"]))
        employer = self._employers.registered(str(claims["employer"]))
        if offer is None or offer["kind"] != "offer" or employer is None:
            raise links.BadLink
        if not self._employers.has(employer, offer["listing_id"]):
            raise links.BadLink
        return Asked(str(claims["id"]), offer, employer)

    def window(self, asked: Asked) -> tuple[str, str]:
        """The first and the last day that may be named."""
        now = self._offers.store.clock.now()
        return start_window(Change(asked.offer["_id"], self._offers.lifecycle, asked.offer, now))

    def confirm(self, asked: Asked, confirmed: Mapping[str, str]) -> None:
        """Confirm the hire for the employer. Raises Refusal, also where the link was used."""

        def decide(changes: dict[str, Change]) -> None:
            change = changes[asked.offer["_id"]]
            trigger = Trigger(
                name="confirm_hire",
                id=asked.trigger_id,
                kind="command",
                at=change.now,
                data=confirmed,
                roles=frozenset({"employer"}),
                traceparent=traces.traceparent(),
            )
            if self._offers.lifecycle.fold(change, trigger).outcome == "duplicate":
                raise Refusal("state", "link-used", "This link was used already.")

        self._offers.store.run({asked.offer["_id"]: self._offers.lifecycle}, decide)
