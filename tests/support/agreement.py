"""One whole agreement in memory: an offer, its escrow, the provider, and the messages on their way between the two."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.aggregate import Change, Lifecycle, Route, Routes, Trigger
from shared.aggregate.lifecycle import due
from tests.support.escrow import Escrow
from tests.support.matching import OFFER_ID, Offer

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
Side = Literal["offer", "escrow"]
OUTCOMES = ("offer.completed", "offer.lapsed", "offer.cancelled", "offer.closed", "hire.ended")
"""The events that say how an accepted offer ended, each with the offer's status."""


@dataclass
class Message:
    """An event on its way; once it `came` it may come again."""

    to: Side
    trigger: Trigger
    sent_at: datetime
    came: bool = False


class Agreement:
    """The two documents on one clock. Nothing moves by itself: messages are delivered, timers fired, when told so.

    Deadlines fire as the poller fires them: not while a message of more than a minute ago has not come yet.
    """

    def __init__(self) -> None:
        self.escrow, self.offer = Escrow(), Offer()
        self.clock = self.offer.clock = self.escrow.clock
        self.messages: list[Message] = []
        self.fired: set[str] = set()
        self._sent: dict[Side, int] = {"offer": 0, "escrow": 0}

    # -- messages

    def send(self) -> None:
        """The relays: what was emitted is on its way."""
        sides: tuple[tuple[Side, Side, list[dict[str, Any]], Routes], ...] = (
            ("offer", "escrow", self.offer.events, self.escrow.routes),
            ("escrow", "offer", self.escrow.events, self.offer.routes),
        )
        for source, to, events, routes in sides:
            for event in events[self._sent[source] :]:
                if event["type"] in routes:
                    at, data = event["time"], event["data"]
                    trigger = Trigger(event["type"], event["id"], "event", at, data, sequence=event["seq"])
                    self.messages.append(Message(to, trigger, self.clock.now()))
            self._sent[source] = len(events)

    def deliver(self, message: Message) -> None:
        """It comes, perhaps once more; nothing that is sent is ever rejected."""
        routes = self.escrow.routes if message.to == "escrow" else self.offer.routes
        verdict = self._fold(message.to, routes[message.trigger.name], message.trigger)

        assert verdict != "rejected", (message.trigger.name, self.offer.state, self.escrow.state)
        message.came = True
        self.send()

    def waiting(self, to: Side | None = None) -> list[Message]:
        return [message for message in self.messages if not message.came and to in (None, message.to)]

    def deliver_all(self, backwards: bool = False) -> None:
        while waiting := self.waiting():
            self.deliver(waiting[-1 if backwards else 0])

    def _fold(self, side: Side, route: Route, trigger: Trigger) -> str:
        one: Offer | Escrow = self.escrow if side == "escrow" else self.offer
        changes = {i: Change(i, kind, one.document, self.clock.now()) for i, kind in route.touches(trigger).items()}
        verdict = route.fold(changes, trigger)
        for change in changes.values():
            one._keep(change)
        return verdict.outcome

    # -- time and the pollers

    def pass_time(self, span: timedelta) -> None:
        """Messages are late by a day at most; so before a longer time they come."""
        if span > DAY:
            self.deliver_all()
        self.clock.advance(span)
        for message in self.waiting():
            if message.sent_at <= self.clock.now() - DAY:
                self.deliver(message)

    def fire(self, side: Side) -> int:
        """The timers of one side that may fire now. Each fires once: another worker's late try changes nothing."""
        one: Offer | Escrow = self.escrow if side == "escrow" else self.offer
        if one.document is None:
            return 0
        late = any(message.sent_at < self.clock.now() - MINUTE for message in self.waiting(side))
        count = 0
        for trigger in self._due(one.lifecycle, one.document):
            if late and trigger.name != "timer:parked":
                continue
            before = one.document
            count += one.fold(trigger).outcome in ("taken", "ignored")
            self._not_twice(one, trigger, before)
        self.send()
        return count

    def _not_twice(self, one: Offer | Escrow, trigger: Trigger, before: dict[str, Any]) -> None:
        name = trigger.name.removeprefix("timer:")
        now = self.clock.now()
        if one.timers.get(name, now + DAY) > now:
            after = one.document
            assert one.fold(trigger).outcome == "duplicate"
            assert one.document is after
        if one.document is not before:
            assert one.timers.get(name) != before["timers"][name]
            fired = f"{one.lifecycle.name} {before['version']} {name}"
            assert fired not in self.fired
            self.fired.add(fired)

    def _due(self, lifecycle: Lifecycle, document: dict[str, Any]) -> list[Trigger]:
        return due(Change(OFFER_ID, lifecycle, document, self.clock.now()), lifecycle, self.clock.now())

    def work(self) -> None:
        """All that is due now, on both sides: timers, instructions, the provider's webhooks, the second look."""
        for _ in range(100):
            done = self.fire("escrow") + self.fire("offer") + self.look() + (self.escrow.ask() is not None)
            done += self.escrow.provider.deliver_due()
            self.send()
            if not done:
                return
        raise AssertionError("it never comes to rest")

    def look(self) -> int:
        """The worker's second look at the offer, where it is due."""
        if self.offer.timers.get("instruction", self.clock.now() + DAY) > self.clock.now():
            return 0
        self.offer.checked(self.offer.listing_status)
        self.send()
        return 1

    def leave_alone(self, until: Callable[[], object] = lambda: None) -> None:
        """Everything comes, and years pass in which nobody does anything."""
        self.escrow.lost = 0
        for _ in range(50):
            self.deliver_all()
            self.work()
            self.deliver_all()
            self.work()
            until()
            self.clock.advance(10 * DAY)

    # -- what is seen

    @property
    def accepted(self) -> bool:
        return "offer.accepted" in self.offer.emitted

    @property
    def outcomes(self) -> list[str]:
        """How the offer ended after it was accepted, each status once, by the events that say so."""
        reported = [event["data"]["status"] for event in self.offer.events if event["type"] in OUTCOMES]
        return list(dict.fromkeys(reported)) if self.accepted else []
