"""The processes of the simulated day: a worker with its loops, and a web process that clients talk to."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.aggregate import Document, Store
from shared.process.loops import Loops
from tests.simulator.services import work_of
from tests.support.memory import memory_bus

if TYPE_CHECKING:
    from tests.simulator.world import World


class Crash(BaseException):
    """The process dies here; nothing of it goes on."""


class Process:
    """One process of a service on one machine: its slot is its name, and its clock's."""

    def __init__(self, world: "World", service: str, slot: str) -> None:
        self.world, self.service, self.slot = world, service, slot
        self.alive = True
        self.busy: set[str] = set()
        self.clock = world.clock(slot)
        database, archive = world.databases[service], world.archives.get(service)
        self.store = Store(database, self.clock, sleep=lambda seconds: None, archive=archive)  # type: ignore[arg-type]

    def die(self) -> None:
        self.alive = False


class Web(Process):
    """It dies with a request and is there again for the next one."""

    def __init__(self, world: "World", service: str) -> None:
        super().__init__(world, service, f"{service}-web")

    def die(self) -> None:
        pass


class _Stop(threading.Event):
    """Asked to wait, nobody waits: time passes for all, and others may act."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def wait(self, timeout: float | None = None) -> bool:
        self._world.outside("pause")
        return self.is_set()


class _Pool:
    """Instructions wait here until their thread has its turn."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, carry: Callable[[Document], None], doc: Document) -> "_Pool":
        self.waiting.append(lambda: carry(doc))
        return self

    def add_done_callback(self, done: Callable[..., None]) -> None:
        pass


class _Provider:
    """The way to the payment provider, and all that can happen on it."""

    def __init__(self, world: "World") -> None:
        self.carry_out = world.flaky(world.provider.carry_out)
        self.find = world.flaky(world.provider.find)
        self.loops = world.provider.loops


class Worker(Process):
    """A worker process: the loops of `shared.process`, one step of one of them at a time."""

    def __init__(self, world: "World", service: str, slot: str) -> None:
        super().__init__(world, service, slot)
        work = work_of(service, self.store, _Provider(world), self._post)  # type: ignore[arg-type]
        self.topics = work.topics
        self.pool = _Pool()
        self.bus = memory_bus(world.broker, service, work.topics, slot, chance=world.chance, fault=world.outside)
        self.composed = Loops(work, self.bus, slot, _Stop(world), pool=self.pool)  # type: ignore[arg-type]
        self.composed.relaying.limit = world.chance.choice((3, 50))
        self.composed.lease.held = world.undisturbed()(self.composed.lease.held)  # type: ignore[method-assign]
        self.loops = ("consume", "consume", "relay", "poll", "pool", "leased", "observe", "archive")

    def step(self, loop: str) -> int:
        do: dict[str, Callable[[], Any]] = {
            "consume": self.composed.consume,
            "relay": self.composed.relay,
            "poll": self.composed.poll,
            "pool": self._carry,
            "leased": self.composed.leased,
            "observe": self.composed.observe,
            "archive": self.composed.archive,
        }
        return self.world.run(self, loop, do[loop]) or 0

    def round(self) -> int:
        """One step of each loop."""
        loops = ("observe", "consume", "relay", "poll", "pool", "leased", "archive")
        return sum(self.step(loop) for loop in loops)

    def _carry(self) -> int:
        done = 0
        while self.pool.waiting and done < 3:
            self.pool.waiting.pop(0)()
            done += 1
        return done

    def _post(self, message: Any, address: str) -> None:
        self.world.outside("smtp")

    def die(self) -> None:
        """Killed. Whether the group notices at once, or only when the next one comes, is chance."""
        super().die()
        if self.world.chance.random() < 0.5:
            self.bus.source.close()

    def close(self) -> None:
        """Asked to end."""
        if self.alive:
            self.alive = False
            self.composed.lease.give_back()
        self.bus.source.close()
