"""What one hire is after `hire.confirmed`, as durable writes and sends: which service writes what, and then sends what.

The floor and the peers work by this table; it is what the services are seen to write and to send, less every rule. An
id names its places in the record: {offer}, {listing}, {insider}, {seeker}, {event}.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COLLECTIONS = {
    "listing": "listings",
    "matching": "offers",
    "escrow": "escrows",
    "notify": "notifications",
    "provider": "accounts",
}


@dataclass(frozen=True)
class Write:
    """One durable write of a document that is there, and the events that go out with it. Without a state it leaves the
    document's as it is; `where` is another database than the service's own.
    """

    id: str
    state: str
    emits: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True)
class New:
    """A document that is made, and that one more write brings to its end where `after` says so."""

    id: str
    kind: str
    state: str
    after: str = ""


@dataclass(frozen=True)
class Step:
    """What one record makes a service do: its writes in their order, and the documents that it makes."""

    writes: tuple[Write, ...] = ()
    news: tuple[New, ...] = ()


def _told(owner: str, *people: str, copy: bool = False) -> Step:
    """The event in the log, then numbered; a notification for each of them, its mail skipped, for nobody has an
    address; and the copy of the offer.
    """
    writes = (Write("offer:{offer}", "new"),) if copy else ()
    logged = New(f"event:{owner}:{{event}}", "event", "new", "new")
    told = (New(f"{{event}}:{{{each}}}", "notification", "pending", "skipped") for each in people)
    return Step(writes, (logged, *told))


FLOW: Mapping[str, Mapping[str, Step]] = {
    "listing": {
        "hire.confirmed": Step(
            (Write("{listing}", "filled", ("listing.filled",)),),
            (New("unveiled:{listing}:{seeker}", "unveiled", "known"),),
        ),
    },
    "escrow": {
        "hire.confirmed": Step((
            Write("{offer}", "probation", ("escrow.probation_started",)),
            Write("{offer}", "releasing"),
            Write("{offer}", "", where="provider"),
            Write("{offer}", "settled", ("escrow.released", "escrow.settled")),
        )),
    },
    "matching": {
        "listing.filled": Step((Write("listing:{listing}", "new"),)),
        "escrow.probation_started": Step((Write("{offer}", ""),)),
        "escrow.released": Step(),
        "escrow.settled": Step((Write("{offer}", "completed", ("offer.completed",)),)),
    },
    "notify": {
        "hire.confirmed": _told("matching", "insider", copy=True),
        "listing.filled": _told("listing", "insider"),
        "escrow.probation_started": _told("escrow"),
        "escrow.released": _told("escrow", "insider", "seeker"),
        "escrow.settled": _told("escrow"),
        "offer.completed": _told("matching", "insider", "seeker", copy=True),
    },
}  # fmt: skip
TOPICS = (
    "hire.confirmed",
    *sorted({t for steps in FLOW.values() for s in steps.values() for w in s.writes for t in w.emits}),
)


@dataclass(frozen=True)
class Taken:
    """A record that was read: its step, its fields, and its ids by place."""

    step: Step
    data: Mapping[str, Any]
    ids: Mapping[str, str] = field(default_factory=dict)

    def id(self, pattern: str) -> str:
        return pattern.format(**self.ids)

    def event(self, state: str) -> bytes:
        """The next event's value: of the size that this one has."""
        return json.dumps({**self.data, "status": state}).encode()


def taken(step: Step, value: bytes, event_id: str) -> Taken:
    data = json.loads(value)
    names = {"offer": "offer_id", "listing": "listing_id", "insider": "insider", "seeker": "seeker"}
    return Taken(step, data, {place: data[name] for place, name in names.items()} | {"event": event_id})
