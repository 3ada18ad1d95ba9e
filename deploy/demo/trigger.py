"""What leads to an event, played by new people over HTTP: for whoever writes a receiver."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import httpx

from deploy.demo.people import Person, person
from deploy.demo.story import Story
from shared.clock import Clock

_STEPS = ("listing.created", "offer.accepted", "escrow.held", "hire.confirmed")
STEP: Mapping[str, int] = MappingProxyType({event: number for number, event in enumerate(_STEPS)})
"""The events that can be caused, in the order in which a hire comes to them."""


class _Silent:
    def chapter(self, title: str) -> None: ...

    def step(self, who: str, does: str, result: str) -> None: ...

    def waited(self, subject: str, what: str, seconds: float) -> None: ...


def trigger(event: str, gateway: str, token: Callable[[str, tuple[str, ...]], str], clock: Clock) -> dict[str, Any]:
    """Play a hire as far as this event of `STEP`; the ids that it is about. Raises Refused or Slow."""
    run = uuid4().hex[:8]
    with httpx.Client(base_url=gateway, timeout=15) as stranger, httpx.HTTPTransport() as transport:

        def somebody(name: str, *roles: str) -> Person:
            return person(gateway, name, token(f"trigger-{run}-{name.lower()}", roles), transport)

        story = Story(somebody, stranger, _Silent(), clock=clock)
        insider, seeker = somebody("Insider"), somebody("Seeker")
        listing_id = story.listed(insider, story.coaching())
        ids = {"listing_id": str(listing_id)}
        if STEP[event] >= STEP["offer.accepted"]:
            offer_id = story.accepted(insider, seeker, listing_id)
            ids["offer_id"] = str(offer_id)
            if STEP[event] >= STEP["escrow.held"]:
                story.fund(seeker, offer_id, "tok_visa")
            if STEP[event] >= STEP["hire.confirmed"]:
                story.hire(insider, seeker, offer_id)
    return ids
