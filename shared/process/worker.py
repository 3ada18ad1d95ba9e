"""The worker process of one service: relay, poller and consumer loop, each in its thread, until asked to end.

A loop that ends by itself ends the process: whoever runs it starts it again, and it goes on where the documents and
the offsets say. Asked to end: finish the batch, commit, leave the group, give the lease back, close.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from pymongo.errors import PyMongoError

from shared.aggregate import Change, Contended, Waiting, waiting
from shared.process import status
from shared.process.health import Checks, NotWell
from shared.process.loops import Bus, Loops
from shared.process.pulse import Pulse
from shared.process.work import Beat, Work
from shared.telemetry import metrics, outages

log = logging.getLogger(__name__)
_OBSERVE_EVERY, _OBSERVE_AGAIN = 5.0, 0.5
_AGAIN_AFTER = 0.5
_KEEP_EVERY = 0.5
_NOTED_WITHIN = 4.0
"""Seconds that a process which ends tries to store what was done outside."""
_SOON = timedelta(milliseconds=20)
"""A timer that is due by then wakes the poller; what is due later it finds at its next look."""


class Worker:
    """Everything one service does in the background. `run()` blocks until `end()` is called or a loop ends.

    `slot` is the worker's stable name, by which it holds the lease. Loops have `stop_within` seconds to end.
    """

    def __init__(
        self, work: Work, bus: Bus, slot: str, stop: threading.Event | None = None, stop_within: float = 15.0
    ) -> None:
        self.work, self.bus = work, bus
        self.service, self.clock, self.slot = work.service, work.store.clock, slot
        self._began_at, self._forgets = self.clock.monotonic(), True
        self.stop, self._stop_within = stop or threading.Event(), stop_within
        self.failed: BaseException | None = None
        self.hung = False
        archive = () if work.archiving is None else ("archive",)
        names = ("consumer", "relay", "poller", "frontier", *archive, *work.leased, *work.loops)
        self.pulses = {name: Pulse(self.service, name, self.clock, self.stop) for name in names}
        self._woken_by: Mapping[str, Callable[[Change], bool]] = {
            "relay": lambda change: "outbox_at" in change.doc,
            "poller": self._is_due,
            **{name: each.woken_by for name, each in work.leased.items()},
        }
        self.pool = ThreadPoolExecutor(work.at_once, thread_name_prefix="instruction")
        metrics.REACHED.labels(self.service, "database").set(self.clock.now().timestamp())
        beats = {name: pulse.beat for name, pulse in self.pulses.items()}
        self.loops = Loops(work, bus, slot, self.stop, beats, self.pool)

    def run(self) -> int:
        """Returns the process's exit code. Where a loop did not end in time, `hung` is set: a thread is still there."""
        self.work.store.on_write(self._wake)
        self.loops.poller.in_hand.on_answer = self.pulses["poller"].woken.set
        threads = [self._thread(name, body) for name, body in self._bodies().items()]
        log.info("working")
        self.stop.wait()
        self._finish(threads)
        hung = [thread.name for thread in threads if thread.is_alive()]
        self.hung = bool(hung)
        self._close(hung)
        if self.failed is not None:
            log.error("a loop ended; so does the process", extra={"error": repr(self.failed)})
        if self.hung:
            log.error("a loop did not end in time")
        return 1 if self.hung or self.failed is not None else 0

    def end(self) -> None:
        """Have `run` finish what is under way and return; to be called from any thread, or by a signal."""
        self.stop.set()
        for pulse in self.pulses.values():
            pulse.woken.set()

    # -- health

    def live(self) -> Checks:
        """Loops that stand still: then this process should be started again."""
        return {name: pulse.alive for name, pulse in self.pulses.items()}

    def ready(self) -> Checks:
        """What this process waits for; an error is a no."""
        return {
            "mongodb": self.work.store.ping,
            "broker": self.loops.frontier.reached,
            "joined": lambda: self.bus.source.joined,
            "consuming": self._consuming,
            "clock": self.work.store.in_time,
        }

    def _consuming(self) -> bool:
        if paused := sorted(self.loops.consumer.paused):
            raise NotWell(f"too many records died, and nothing more is read of: {', '.join(paused)}")
        return self.loops.consumer.ok

    # -- loops

    def _bodies(self) -> dict[str, Callable[[], None]]:
        loops = self.loops
        steps = {"consumer": loops.consume, "relay": loops.relay, "poller": loops.poll}
        steps |= {} if loops.archiving is None else {"archive": loops.archive}
        steps |= {name: partial(loops.under_lease, each) for name, each in self.work.leased.items()}
        bodies: dict[str, Callable[[], None]] = {name: partial(self._every, name, step) for name, step in steps.items()}
        bodies["frontier"] = partial(self._observe, self.pulses["frontier"].beat)
        return bodies | {n: partial(loop, self.stop, self.pulses[n].beat) for n, loop in self.work.loops.items()}

    def _wake(self, written: Sequence[Change]) -> None:
        """Those loops for which something was written; what other processes write they find at their next round."""
        for name, is_for in self._woken_by.items():
            if any(map(is_for, written)):
                self.pulses[name].woken.set()

    def _is_due(self, change: Change) -> bool:
        due = change.get("due_at")
        return due is not None and due <= self.clock.now() + _SOON

    def _thread(self, name: str, body: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                body()
                if not self.stop.is_set():
                    raise RuntimeError(f"the {name} loop ended by itself")
            except BaseException as error:
                log.exception("the %s loop failed", name)
                self.failed = self.failed or error
            finally:
                self.end()

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _every(self, name: str, step: Callable[[], int]) -> None:
        pulse = self.pulses[name]
        while not self.stop.is_set():
            pulse.beat()
            began = time.monotonic()
            try:
                worked = step()
            except (PyMongoError, Contended) as error:
                outages.tries_again(name, error)
                self.stop.wait(_AGAIN_AFTER)
                worked, began = 0, time.monotonic()
            else:
                outages.back(outages.MONGODB, name)
            if not (name == "consumer" and self.bus.source.waited):
                pulse.rest(worked, time.monotonic() - began)

    def _observe(self, beat: Beat) -> None:
        """How far the group is, for the deadlines; and at times what waits in the documents, for the gauges."""
        measure_at = self.clock.monotonic()
        while not self.stop.is_set():
            beat()
            self.loops.observe()
            if self.clock.monotonic() >= measure_at:
                for step in (self.measure, self.sign):
                    beat()  # each may wait for a server that is slow
                    step()
                measure_at = self.clock.monotonic() + _OBSERVE_EVERY
            self.stop.wait(_OBSERVE_EVERY if self.loops.frontier.passed() else _OBSERVE_AGAIN)

    def measure(self) -> None:
        """Set the gauges of what waits, and of the clock; while the database is away nothing is known of it."""
        try:
            self.work.store.in_time()
            found = waiting(self.work.store.collection, self.clock.now())
        except PyMongoError as error:
            outages.away(outages.MONGODB, "gauges", error)
            metrics.unknown(metrics.OUTBOX_PENDING, metrics.OUTBOX_OLDEST_SECONDS, metrics.TIMERS_DUE, metrics.PARKED)
            return
        outages.back(outages.MONGODB, "gauges")
        metrics.REACHED.labels(self.service, "database").set(self.clock.now().timestamp())
        metrics.OUTBOX_PENDING.labels(self.service).set(found.outbox)
        metrics.OUTBOX_OLDEST_SECONDS.labels(self.service).set(self._oldest(found))
        metrics.TIMERS_DUE.labels(self.service).set(found.due)
        metrics.PARKED.labels(self.service).set(found.stranded)

    def sign(self) -> None:
        """Write for the service's operator how this worker is; the first time, what others wrote more than an hour ago
        goes.
        """
        up = timedelta(seconds=self.clock.monotonic() - self._began_at)
        stuck = [name for name, pulse in self.pulses.items() if not pulse.alive()]
        try:
            if not self.work.store.in_time():
                return
            status.sign(self.work.store, self.slot, up, stuck, self.loops.frontier.position)
            if self._forgets:
                status.forget(self.work.store)
                self._forgets = False
        except PyMongoError as error:
            outages.away(outages.MONGODB, "status", error)
        else:
            outages.back(outages.MONGODB, "status")

    def _oldest(self, found: Waiting) -> float:
        """Seconds since the oldest event that waits was emitted, also where it was tried in vain."""
        stuck = self.loops.relaying.stuck_since() if found.outbox else None
        tried = (self.clock.now() - stuck).total_seconds() if stuck else 0.0
        return max(found.outbox_seconds, tried)

    # -- the end

    def _finish(self, threads: Sequence[threading.Thread]) -> None:
        """Wait until the loops have ended, or for as long as they have. The lease stays ours meanwhile: what one of
        them still sends, no other worker sends as well.
        """
        until = time.monotonic() + self._stop_within
        for thread in threads:
            while thread.is_alive() and (left := until - time.monotonic()) > 0:
                thread.join(min(left, _KEEP_EVERY))
                self._keep_lease()

    def _keep_lease(self) -> None:
        try:
            self.loops.lease.keep()
        except PyMongoError as error:
            outages.away(outages.MONGODB, "lease", error)

    def _finish_tasks(self, hung: Collection[str]) -> None:
        """Wait for what is under way outside, and note what came of it as it comes, before another worker takes it up:
        until all is noted, the last of it for a few seconds; where a loop hangs for no longer than those.
        """
        waiting = threading.Thread(target=partial(self.pool.shutdown, wait=True, cancel_futures=True), daemon=True)
        waiting.start()
        until = time.monotonic() + _NOTED_WITHIN if hung else None
        while until is None or time.monotonic() < until:
            waiting.join(_KEEP_EVERY)
            noted = self._note(hung)
            if not waiting.is_alive():
                if noted:
                    return
                until = until or time.monotonic() + _NOTED_WITHIN
                time.sleep(_KEEP_EVERY)
            self._keep_lease()

    def _note(self, hung: Collection[str]) -> bool:
        try:
            return self.loops.note(hung)
        except PyMongoError as error:
            outages.away(outages.MONGODB, "outcomes", error)
            return False

    def _close(self, hung: Collection[str]) -> None:
        """Let go of everything. The clients of a loop that did not end are still in its hands: they end with the
        process, and so does what is in the pool.
        """
        bus = self.bus
        _let_go(*(() if hung else (bus.source.close,)))
        self._finish_tasks(hung)
        _let_go(self.loops.lease.give_back, *(() if hung else (bus.publisher.close, bus.ends.close)))


def _let_go(*closing: Callable[[], object]) -> None:
    for close in closing:
        try:
            close()
        except Exception as error:  # each is let go of, whatever the others say
            log.warning("something was not closed", extra={"error": type(error).__name__})
