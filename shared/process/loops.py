"""One service's consumer, relay, poller, frontier and lease, made of its `Work` and a bus. Steps, no threads."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Event as Flag
from types import MappingProxyType

from shared.aggregate import Batch, Store
from shared.messaging.consumer import Consumer
from shared.messaging.frontier import Ends, Frontier
from shared.messaging.ports import Publisher, Source
from shared.messaging.redriven import Letters, NoLetters
from shared.messaging.relay import Relay
from shared.messaging.replayed import Replay
from shared.poller import Lease, Poller
from shared.process.work import Beat, Step, Work


def _none() -> None:
    """Nobody looks for signs of life."""


@dataclass(frozen=True)
class Bus:
    """One worker's clients of the broker: it writes, it reads as a member of its group, it asks how far that is, and it
    looks its dead letters up.
    """

    publisher: Publisher
    source: Source
    ends: Ends
    letters: Letters = field(default_factory=NoLetters)


class Loops:
    """`consume`, `relay`, `poll` and `archive` do what there is to do now, and return how much that was.

    All but `consume` do nothing while another worker of the service holds the lease. `stop` is the consumer's; `beats`
    are signs of life, by the loop's name. Instructions are carried out in `pool`, without one in the poller's own step.
    """

    def __init__(
        self,
        work: Work,
        bus: Bus,
        slot: str,
        stop: Flag,
        beats: Mapping[str, Beat] = MappingProxyType({}),
        pool: ThreadPoolExecutor | None = None,
    ) -> None:
        service, store = work.service, work.store
        self.store, self.beside = store, work.leased
        self._beats = {name: beats.get(name, _none) for name in ("consumer", "relay", "poller", "archive")}
        beat = self._beats["relay"]
        self.frontier = Frontier(
            service,
            bus.ends,
            store.clock,
            assigned=lambda: bus.source.assigned,
            replay=Replay(store.collection, store.has_documents()),
        )
        batch, alive, took = Batch(store, work.routes), self._beats["consumer"], self.frontier.took
        self.consumer = Consumer(service, bus.source, batch, bus.publisher, stop, alive, bus.letters, took)
        self.lease = Lease(store.collection, service, slot, store.clock)
        self.relaying = Relay(service, store, bus.publisher, beat=beat)
        self.archiving = work.archiving
        self._again = (
            Relay(service, Store(store.archive, store.clock), bus.publisher, beat=beat)
            if store.archive is not None
            else None
        )
        self.poller = Poller(
            service,
            store,
            {lifecycle.name: lifecycle for lifecycle in work.lifecycles},
            bus.publisher,
            may_fire=self.frontier.passed,
            carry_out=work.carry_out,
            prepare=work.prepare,
            timers=work.timers,
            pages=work.pages,
            pool=pool,
            beat=self._beats["poller"],
        )

    def consume(self) -> int:
        return self.consumer.step()

    def relay(self) -> int:
        """Also what `golem replay` has sent again out of the archive."""
        again = self._again
        return self.under_lease(self.relaying.step if again is None else lambda: self.relaying.step() + again.step())

    def note(self, hung: Collection[str] = ()) -> bool:
        """Store what was done outside and could not be noted yet, but for loops that hang; whether all of it is. Raises
        pymongo's errors.
        """
        if "poller" not in hung:
            self.poller.in_hand.fold_answers(at_once=True)
        for relay in (self.relaying, self._again):
            if "relay" not in hung and relay is not None and relay.unmarked() and self.lease.held():
                relay.note()
        return self.poller.in_hand.noted() or "poller" in hung

    def poll(self) -> int:
        """What was asked for under the lease is heard without it, too."""
        self.poller.in_hand.fold_answers()
        return self.under_lease(self.poller.step)

    def leased(self) -> int:
        """One step each of what the service does under the lease beside that."""
        return sum(self.under_lease(step) for step in self.beside.values())

    def archive(self) -> int:
        if self.archiving is None or not self.archiving.is_due():
            return 0
        return self.under_lease(partial(self.archiving.step, self._beats["archive"]))

    def observe(self) -> None:
        """Read how far the group is: only while it is far enough do deadlines fire."""
        self.frontier.observe()

    def under_lease(self, step: Step) -> int:
        """The step, where this worker holds the lease and its clock is right."""
        if not self.store.in_time():
            self.lease.give_back()  # to a worker whose clock is right
            return 0
        return step() if self.lease.held() else 0
