"""A poller over memory, of boxes."""

from collections.abc import Callable
from typing import Any

from pymongo.errors import AutoReconnect

from shared.aggregate import Change, Document, Trigger
from shared.poller import Poller
from tests.support.memory import MemoryBroker, MemoryPublisher
from tests.support.toy import BOX, Toys


class Polling(Toys):
    """A poller over memory. `answers` is what the outside world says next: a trigger's name, None, or an error."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.broker = MemoryBroker()
        self.open_gate = True
        self.answers: list[Any] = []
        self.asked: list[str] = []
        self.plain: list[str] = []
        options = {"carry_out": self.carry_out, "timers": {"copy": self.on_timer}} | options
        self.poller = Poller(
            "boxes", self.store, {"box": BOX}, MemoryPublisher(self.broker), may_fire=lambda: self.open_gate, **options
        )

    def carry_out(self, doc: Document) -> Trigger | None:
        instruction_id = doc["instruction"]["id"]
        self.asked.append(instruction_id)
        said = self.answers.pop(0) if self.answers else "ask.done"
        if isinstance(said, Exception):
            raise said
        if said is None:
            return None
        return self.trigger(said, "outcome", {"instruction_id": instruction_id}, id=f"{instruction_id}:{said}")

    def on_timer(self, change: Change, name: str) -> None:
        self.plain.append(name)
        change.set(rung=change.get("rung", 0) + 1)

    def copy(self, *timers: str, at: float = 0) -> None:
        self.store.run({"copy:1": "copy"}, lambda changes: self._schedule(changes["copy:1"], timers))

    @staticmethod
    def _schedule(change: Change, timers: tuple[str, ...]) -> None:
        for name in timers:
            change.schedule(name, change.now)


def gone(at: str) -> Callable[[str], None]:
    """The database goes away at this step."""

    def fail(step: str) -> None:
        if step == at:
            raise AutoReconnect("gone")

    return fail
