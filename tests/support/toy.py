"""A toy aggregate for the core's own tests: a box that is opened, filled, asked for and shut.

Its table has each kind of answer once: take, ignore, park (with each of its ends), reject, busy, frozen.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from shared.aggregate import (
    ANSWERED,
    Batch,
    Change,
    Condition,
    Document,
    Emit,
    Guard,
    Lifecycle,
    OnLifecycle,
    Park,
    Row,
    Store,
    Trigger,
    cells,
    close_task,
    open_task,
)
from shared.aggregate.change import TriggerKind
from tests.support.clock import ManualClock
from tests.support.memory import MemoryCollection

DAY = timedelta(days=1)


def public(change: Change) -> dict[str, Any]:
    """The data of an escrow.* event, the simplest there is."""
    parties = {"offer_id": change.id, "insider": "p_" + "1" * 32, "seeker": "p_" + "2" * 32}
    sums = dict.fromkeys(("funded", "held", "released", "fees", "refunded", "charged_back"), 0)
    return {**parties, "status": "held", "currency": "EUR", **sums, "journal_hash": None, "journal_seq": 0}


def _open(change: Change, trigger: Trigger) -> None:
    change.set(opened_by=trigger.by, things=0)
    change.schedule("shut", change.now + 10 * DAY)


def _put(change: Change, trigger: Trigger) -> None:
    if trigger.data.get("explodes"):
        raise ZeroDivisionError("this thing explodes")
    change.set(things=change["things"] + 1)


def _ask(change: Change, trigger: Trigger) -> None:
    number = change.get("asked", 0) + 1
    change.set(asked=number)
    open_task(change, f"{change.id}:ask:{number}", "ask", change.now)


def _answered(change: Change, trigger: Trigger) -> None:
    change.set(answer=trigger.data.get("answer", "yes"))
    close_task(change)


HEAVY = Condition("the thing is heavy", lambda change, trigger: bool(trigger.data.get("heavy")))
ROOM = Guard("room", lambda change, trigger: change["things"] < 3, "A box holds three things.", "/things")
CLOSED = ("shut", "broken")

_REFUND = {"escrow.refunded": {"amount": 7}}
_SHUT = (Emit("escrow.settled", "settled"), Emit("escrow.refunded", "refunded"))
ROWS = (
    Row(("new",), "open", to="open", emits=("escrow.held",), by=("maker",), act=_open),
    Row(("open",), "fill", by=("maker", "friend"), guards=(ROOM,), act=_put, until="shut"),
    Row(("open",), "ask", to="asking", by=("maker",), act=_ask),
    Row(("open",), "freeze", to="frozen", by=("maker",)),
    Row(("frozen",), "thaw", to="open", by=("maker",)),
    Row(("asking",), "ask.done", to="open", emits=("escrow.settled",), when=ANSWERED, act=_answered),
    Row(("open",), "thing.sent", to="broken", emits=("escrow.lapsed",), when=HEAVY),
    Row(("open",), "thing.sent", act=_put),
    Row(("open",), "box.shut", to="shut", emits=_SHUT, act=lambda c, t: _REFUND),
    Row(("open",), "timer:shut", to="shut", emits=("escrow.lapsed",)),
    Row(("open",), "timer:tick", when=HEAVY),
)

BOX = Lifecycle(
    "box",
    states=("new", "open", "asking", "frozen", *CLOSED),
    rows=ROWS,
    public=public,
    events=("thing.sent", "box.shut", "box.seen"),
    outcomes=("ask.done",),
    answers=cells(
        ignore={"thing.sent": ("shut",), "box.seen": ("open", "shut", "broken")},
        park={
            "thing.sent": {"new": Park(7 * DAY), "frozen": Park()},
            "box.shut": {"new": Park(7 * DAY), "frozen": Park(3 * DAY)},
            "box.seen": {"new": Park(DAY), "frozen": Park(DAY)},
        },
        reject={
            "thing.sent": ("broken",),
            "box.shut": CLOSED,
            "ask.done": ("new", "open", "frozen", "asking", *CLOSED),
        },
    ),
    busy=("asking",),
    frozen={"frozen": ("melt",)},
    final=CLOSED,
)
ROUTES = {name: OnLifecycle(BOX, "box") for name in BOX.events}


class Toys:
    """Boxes in a store; one clock."""

    def __init__(self, collection: MemoryCollection | Any = None) -> None:
        self.clock = ManualClock()
        self.collection = MemoryCollection() if collection is None else collection
        self.store = Store(self.collection, self.clock, sleep=lambda seconds: None)
        self.batch = Batch(self.store, ROUTES)
        self._number = 0

    def trigger(self, name: str, kind: TriggerKind, data: Mapping[str, Any] | None = None, **fields: Any) -> Trigger:
        self._number += 1
        fields = {"id": f"{name}-{self._number}", "at": self.clock.now(), "sequence": self._number} | fields
        return Trigger(name=name, kind=kind, data=data or {}, **fields)

    def event(self, name: str, box: str = "box-1", **fields: Any) -> Trigger:
        own = {k: fields.pop(k) for k in ("id", "at", "sequence", "record", "traceparent") if k in fields}
        return self.trigger(name, "event", {"box": box, **fields}, **own)

    def fold(self, trigger: Trigger, box: str = "box-1") -> Any:
        return self.store.run({box: BOX}, lambda changes: BOX.fold(changes[box], trigger))

    def command(self, name: str, *roles: str, box: str = "box-1", **data: Any) -> Any:
        roles = roles or ("maker",)
        trigger = self.trigger(name, "command", data, by="p_" + "3" * 32, roles=frozenset(roles))
        return self.fold(trigger, box)

    def outcome(self, name: str, instruction_id: str, box: str = "box-1", **data: Any) -> Any:
        return self.fold(self.trigger(name, "outcome", {"instruction_id": instruction_id, **data}), box)

    def timer(self, name: str, box: str = "box-1") -> Any:
        return self.fold(self.trigger(f"timer:{name}", "timer"), box)

    def send(self, *events: Trigger) -> list[str]:
        """What became of a batch of events."""
        return [verdict.outcome for verdict in self.batch.process(events)]

    def opened(self, box: str = "box-1") -> "Toys":
        self.command("open", box=box)
        return self

    def doc(self, box: str = "box-1") -> Document:
        found = self.collection.find_one({"_id": box})
        assert found is not None
        return found

    def state(self, box: str = "box-1") -> str:
        return str(self.doc(box)["state"])

    def emitted(self, box: str = "box-1") -> list[str]:
        return [event["type"] for event in self.doc(box).get("events", [])]

    def on(self, box: str, do: Callable[[Change], Any]) -> Any:
        """Change a box by hand."""
        return self.store.run({box: BOX}, lambda changes: do(changes[box]))
