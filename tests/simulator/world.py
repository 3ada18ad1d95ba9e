"""One world: databases, broker, provider, processes and their clocks, and the seed that drives them."""

import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.errors import AutoReconnect, PyMongoError

from deploy import ARCHIVED
from deploy.verify.snapshot import routes
from services.escrow.lifecycle import ESCROW
from services.escrow.payments import trigger_of_notice
from services.escrow.provider.port import Unavailable
from services.escrow.provider.sandbox.webhook import NoAnswer, parse
from services.escrow.store import leave_notice
from services.notify.acts import KEEP
from shared.aggregate import Contended, Store
from shared.messaging.ports import Message
from shared.messaging.redriven import pointer
from tests.simulator.processes import Crash, Process, Web, Worker
from tests.simulator.services import NAMES
from tests.simulator.weather import CALM, Weather
from tests.support.clock import ManualClock
from tests.support.memory import MemoryBroker, MemoryCollection
from tests.support.sandbox import MemoryStore, Sandbox

START = datetime(2027, 1, 4, tzinfo=UTC)
_DEEPEST = 2
_TIDIES_UP = {("account", "sweep"), ("notification", KEEP)}
"""(kind, timer): it comes for the sake of order alone, long after or over and over, and nobody waits for it."""
_TIDIED_UP_AFTER = timedelta(days=100)

APART = timedelta(hours=1)
"""How far two machines' clocks are apart at most."""


class World:
    """`act()` lets one thing happen; `said` is what happened so far, for who replays a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.weather = Weather.of(self.chance)
        self.said: list[str] = []
        self.running: list[Process] = []
        self.quiet = 0
        self._clocks: dict[str, ManualClock] = {}
        self.broker = MemoryBroker(partitions=self.chance.choice((1, 1, 2, 3)))
        self.broker.on_publish = self._fate
        self.databases = {name: MemoryCollection(name, self._at_database) for name in NAMES}
        self.archives = {name: MemoryCollection(f"{name} archive", self._at_database) for name in ARCHIVED}
        self.books = MemoryStore()
        self.provider = Sandbox(self.books, self.clock("provider"), self._webhook, "a secret")
        self.webs = {name: Web(self, name) for name in NAMES}
        self.slots = [(name, f"{name}-{n}") for name in NAMES for n in range(self.chance.choice((1, 2, 2)))]
        self.workers = {slot: Worker(self, name, slot) for name, slot in self.slots}
        self.others: list[Callable[[], object]] = []
        self.staff: Callable[[], object] = lambda: None
        self._errand: Callable[[], object] | None = None
        self.calm_from: datetime | None = None
        self.sent: dict[str, list[datetime]] = {}
        """When each event came into its topic, by its id."""

    # -- time and ids

    def clock(self, name: str) -> ManualClock:
        """The clock of one machine; they stand up to an hour apart, and keep that difference."""
        if name not in self._clocks:
            apart = APART * self.chance.uniform(-0.5, 0.5) if self.chance.random() < 0.5 else timedelta()
            self._clocks[name] = ManualClock(START + apart)
        return self._clocks[name]

    def pass_time(self, by: timedelta) -> None:
        for clock in self._clocks.values():
            clock.advance(by)

    @property
    def earliest(self) -> datetime:
        """What time it is at least, everywhere."""
        return min(clock.now() for clock in self._clocks.values())

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def say(self, words: str) -> None:
        self.said.append(words)

    # -- one thing happens

    def act(self) -> None:
        roll = self.chance.random()
        if roll < 0.60:
            self._work()
        elif roll < 0.82 and self.others:
            self.chance.choice(self.others)()
        elif roll < 0.93:
            usual = self.chance.random() < 0.93
            some = (0.01, 0.2, 1, 1, 3, 5, 20, 70) if usual else (3600, 6 * 3600, 86400, 8 * 86400)
            seconds = self.chance.choice(some)
            self.pass_time(timedelta(seconds=seconds))
        elif roll < 0.96:
            self._webhooks()
        else:
            self._upset()

    def _work(self) -> None:
        worker = self.workers[self.chance.choice(self.slots)[1]]
        if not worker.alive or (worker.service == "notify" and self.chance.random() < 0.7):
            return
        if self.chance.random() < 0.5:
            worker.round()
        else:
            worker.step(self.chance.choice(worker.loops))

    def _webhooks(self) -> None:
        worker = next((w for s, w in self.workers.items() if w.alive and s.startswith("escrow")), None)
        if worker is not None:
            self.run(worker, "webhooks", self.deliver_webhooks)

    def deliver_webhooks(self) -> int:
        try:
            return self.provider.deliver_due()
        except Unavailable:
            return 0

    def _upset(self) -> None:
        """A worker dies, or comes back; the broker goes away, or comes back; a member of a group comes and goes."""
        name, slot = self.chance.choice(self.slots)
        what = self.chance.choice(
            ("die", "start", "start", "start", "away", "back", "back", "ghost", "exorcise", "backfill")
        )
        if self.weather.crash == 0 and what in ("die", "away", "ghost"):
            return
        match what:
            case "die" if self.workers[slot].alive:
                self.say(f"{slot} is killed")
                self.workers[slot].die()
            case "start" if not self.workers[slot].alive:
                self.start(name, slot)
            case "away":
                self.broker.away = self.chance.random() < 0.3
            case "back":
                self.broker.away = False
            case "ghost":
                self.broker.join(name, "ghost", self.workers[slot].topics[:-1])
            case "exorcise":
                self.broker.leave(name, "ghost")
            case "backfill":
                self._send_again(name)

    def _send_again(self, name: str) -> None:
        """A service that lacks nothing is sent one of the events that it has read."""
        types, taken = routes(name), self.broker.group(name).committed
        read = [r for r in self.broker.records(*types) if r.offset < taken.get((r.topic, r.partition), 0)]
        if read:
            record = self.chance.choice(read)
            self.say(f"{name} is sent {record.topic} of {record.key!r} again")
            self.broker.append(pointer(name, "again", record))

    def start(self, name: str, slot: str) -> None:
        self.say(f"{slot} starts")
        self.workers[slot] = Worker(self, name, slot)

    def run(self, process: Process, what: str, do: Callable[[], Any]) -> Any:
        """Let a process do something until it is done or dies. None where it could not, or failed on the way."""
        if not process.alive or what in process.busy:
            return None
        process.busy.add(what)
        self.running.append(process)
        try:
            return do()
        except Crash:
            self.say(f"{process.slot} dies in {what}")
            process.die()
        except (PyMongoError, Contended) as error:
            self.say(f"{process.slot} {what}: {type(error).__name__}")
        finally:
            self.running.pop()
            process.busy.discard(what)
        return None

    # -- what goes wrong

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Nobody else acts meanwhile (where a thread would hold a lock)."""
        self.quiet += 1
        try:
            yield
        finally:
            self.quiet -= 1

    def outside(self, step: str) -> None:
        """A process calls something outside of it: here others may act first, and here it may die."""
        if not self.running:
            return
        process = self.running[-1]
        if not self.quiet and len(self.running) <= _DEEPEST and self.chance.random() < self.weather.interleave:
            self.act()
        if not process.alive or self.chance.random() < self.weather.crash:
            self.say(f"{process.slot} at {step}")
            raise Crash

    def _at_database(self, step: str) -> None:
        self.outside(step)
        if self.running and self.chance.random() < self.weather.database:
            raise AutoReconnect(step)

    def _fate(self, message: Message) -> str:
        roll, weather, found = self.chance.random(), self.weather, "ok"
        for fate in ("refused", "lost_ack", "twice"):
            roll -= getattr(weather, fate)
            if roll < 0:
                found = {"refused": "refuse", "lost_ack": "lose_ack"}.get(fate, fate)
                break
        if found != "refuse" and (ce_id := dict(message.headers).get("ce_id")):
            self.sent.setdefault(ce_id.decode(), []).append(self.earliest)
        return found

    def flaky(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        """A call to the provider whose answer may not come, whether it was carried out or not."""

        def call(*args: Any) -> Any:
            self.outside("provider:before")
            if self.chance.random() < self.weather.provider:
                raise Unavailable("no connection")
            answer = ask(*args)
            self.outside("provider:after")
            if self.chance.random() < self.weather.provider:
                raise Unavailable("no answer")
            return answer

        return call

    def _webhook(self, body: bytes, signature: str) -> int:
        """The provider's webhook at escrow's web process."""
        if self.chance.random() < self.weather.webhook:
            raise NoAnswer("lost on the way")
        notice = parse(body)
        web = self.webs["escrow"]
        trigger = trigger_of_notice(notice)
        stored = self.run(web, "notice", lambda: leave_notice(web.store, ESCROW, notice.offer_id, trigger))
        if self.chance.random() < self.weather.webhook:
            raise NoAnswer("the answer is lost")
        return {True: 204, False: 404}.get(stored, 503)

    # -- the end of the day

    def calm_down(self) -> None:
        """Nothing goes wrong any more; each service has one worker, the last words of clients are heard."""
        self.weather = CALM
        self.calm_from = self.calm_from or self.earliest
        self.broker.away = False
        for name, slot in self.slots:
            self.broker.leave(name, "ghost")
            if slot != f"{name}-0":
                self.workers[slot].close()
            elif not self.workers[slot].alive:
                self.start(name, slot)

    def settle(self) -> None:
        """Let the workers work until there is nothing to do right now."""
        idle = 0
        for _ in range(400):
            worked = sum(worker.round() for worker in self.workers.values() if worker.alive)
            worked += self.run(self.workers["escrow-0"], "webhooks", self.deliver_webhooks) or 0
            idle = 0 if worked else idle + 1
            if idle > 1 and not self._waits():
                return
            self.pass_time(timedelta(seconds=0.01 if worked else 2))
        raise AssertionError("the workers never come to rest")

    def _waits(self) -> bool:
        """Whether events are under way that a moment will bring on."""
        lag = sum(self.broker.lag(w.service, w.topics) for w in self.workers.values() if w.alive)
        outbox = any("outbox_at" in doc for doc in self._stored())
        return bool(lag or outbox)

    def next_deadline(self) -> datetime | None:
        """When the next document has something to do, save those that only tidy up; or the provider, weeks later."""
        awaited = [doc["due_at"] for doc in self._stored() if _is_awaited(doc)]
        ledgers = [self.books.load(offer_id) for offer_id in self.documents("escrow")]
        return min([*awaited, *(ledger.due_at for ledger in ledgers if ledger and ledger.due_at)], default=None)

    def _stored(self) -> Iterator[dict[str, Any]]:
        return (doc for name in self.databases for doc in self.documents(name).values())

    def document(self, service: str, document_id: str) -> dict[str, Any] | None:
        """One of a service's documents, wherever it is; a copy."""
        for database in (self.databases[service], self.archives.get(service)):
            if database is not None and document_id in database._read:
                return database._projected(document_id, None)
        return None

    def documents(self, service: str) -> dict[str, dict[str, Any]]:
        """All of a service's documents by id, also those in its archive; one that is in both lives."""
        archive = self.archives.get(service)
        return {**(archive._read if archive is not None else {}), **self.databases[service]._read}

    def see_everything_through(self) -> None:
        self.calm_down()
        for _ in range(2):  # who waits for the lease of one that died has it after some seconds
            self.settle()
            self.pass_time(timedelta(seconds=5))
        for _ in range(300):
            due = self.next_deadline()
            if due is None:
                self._let_all_be_tidied_up()
                return
            self.pass_time(max(due - self.earliest, timedelta()) + timedelta(seconds=1))
            self.settle()
            self.staff()
        raise AssertionError("deadlines never end")

    def _let_all_be_tidied_up(self) -> None:
        """What is stored for a while is over by now; nothing else may move any more."""
        self.pass_time(_TIDIED_UP_AFTER)
        self.settle()


def _is_awaited(doc: Mapping[str, Any]) -> bool:
    due = {name for name, at in doc.get("timers", {}).items() if at == doc.get("due_at")}
    return any((doc["kind"], name) not in _TIDIES_UP for name in due)


__all__ = ["Store", "World"]
