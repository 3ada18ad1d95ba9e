"""The worker process of one service: relay, poller and consumer loop, each in its thread, until told to stop.

A loop that ends, by an error it cannot handle, ends the process: whoever runs it starts it again, and it goes on
where the documents and the offsets say. SIGTERM: finish the batch, commit, leave the group, give the lease back,
close; exit code 0.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pymongo.errors import PyMongoError

from shared.aggregate import Batch, Contended, Lifecycle, Routes, Store, waiting
from shared.clock import Clock
from shared.messaging.consumer import Consumer
from shared.messaging.frontier import Frontier, KafkaEnds
from shared.messaging.kafka import KafkaPublisher, KafkaSource
from shared.messaging.relay import Relay
from shared.poller import CarryOut, Lease, Poller
from shared.poller.poller import OnTimer
from shared.process import health
from shared.settings import Settings
from shared.telemetry import metrics, otlp

log = logging.getLogger(__name__)
Loop = Callable[[threading.Event], None]
_PAUSE_FIRST, _PAUSE_LAST = 0.01, 0.15
_STUCK_AFTER = 60.0
_OBSERVE_EVERY, _OBSERVE_AGAIN = 5.0, 0.5
_POOL = 8
_STOP_WITHIN = 15.0


class _Pulse:
    """A loop's pace and its sign of life: quick while there is work, slower and slower while there is none."""

    def __init__(self, service: str, name: str, clock: Clock, stop: threading.Event) -> None:
        self.name, self._service, self._clock, self._stop = name, service, clock, stop
        self.woken = threading.Event()
        self._pause = _PAUSE_FIRST
        self.beat_at = clock.monotonic()

    def beat(self) -> None:
        self.beat_at = self._clock.monotonic()
        metrics.LOOP_HEARTBEAT.labels(self._service, self.name).set(self._clock.now().timestamp())

    def rest(self, worked: int) -> None:
        self._pause = _PAUSE_FIRST if worked else min(self._pause * 1.5, _PAUSE_LAST)
        if not worked and not self._stop.is_set() and self.woken.wait(self._pause):
            self._pause = _PAUSE_FIRST
        self.woken.clear()

    def alive(self) -> bool:
        return self._clock.monotonic() - self.beat_at < _STUCK_AFTER


class Worker:
    """Everything one service does in the background. `run()` blocks and returns the process's exit code."""

    def __init__(
        self,
        settings: Settings,
        service: str,
        store: Store,
        routes: Routes,
        *,
        lifecycles: Mapping[str, Lifecycle] | None = None,
        timers: Mapping[str, OnTimer] | None = None,
        carry_out: CarryOut | None = None,
        loops: Mapping[str, Loop] | None = None,
    ) -> None:
        self.settings, self.service, self.store = settings, service, store
        self.clock = store.clock
        self.stop = threading.Event()
        self.failed: BaseException | None = None
        topics = [*routes, f"{service}.redrive"]
        self.publisher = KafkaPublisher(settings.kafka, f"{service}-relay", self.clock)
        self.source = KafkaSource(settings.kafka, service, topics, self.clock)
        self.pulses = {name: _Pulse(service, name, self.clock, self.stop) for name in ("consumer", "relay", "poller")}
        beat = self.pulses["consumer"].beat
        self.consumer = Consumer(service, self.source, Batch(store, routes), self.publisher, self.stop, beat)
        self.ends = KafkaEnds(settings.kafka, service, topics)
        self.frontier = Frontier(service, self.ends, self.clock)
        self.relay = Relay(service, store, self.publisher)
        self.pool = ThreadPoolExecutor(_POOL, thread_name_prefix="instruction")
        self.poller = Poller(
            service,
            store,
            lifecycles or {},
            self.publisher,
            may_fire=self.frontier.passed,
            carry_out=carry_out,
            timers=timers,
            pool=self.pool,
        )
        self.lease = Lease(store.collection, service, settings.worker.slot, self.clock)
        self.loops = loops or {}

    def run(self) -> int:
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        signal.signal(signal.SIGINT, lambda *_: self._end())
        self.store.on_write(self.pulses["relay"].woken.set)
        self.store.on_write(self.pulses["poller"].woken.set)
        stop_traces = otlp.start(self.settings.otlp_endpoint, self.service, "worker")
        server = health.serve(self.settings.worker.health_bind, live=self.live(), ready=self.ready())
        threads = [
            self._thread("consumer", lambda: self._every("consumer", self.consumer.step)),
            self._thread("relay", lambda: self._every("relay", lambda: self._leased(self.relay.step))),
            self._thread("poller", lambda: self._every("poller", lambda: self._leased(self.poller.step))),
            self._thread("frontier", self._observe),
            *(self._thread(name, partial(loop, self.stop)) for name, loop in self.loops.items()),
        ]
        log.info("working")
        self.stop.wait()
        server.close()
        for thread in threads:
            thread.join(_STOP_WITHIN)
        self._close()
        stop_traces()
        if self.failed is not None:
            log.error("a loop ended; so does the process", extra={"error": repr(self.failed)})
        if any(thread.is_alive() for thread in threads):
            log.error("a loop did not end in time")
            os._exit(1)
        return 1 if self.failed is not None else 0

    # -- health

    def live(self) -> dict[str, Callable[[], bool]]:
        """Loops that stand still: then this process should be started again."""
        return {name: pulse.alive for name, pulse in self.pulses.items()}

    def ready(self) -> dict[str, Callable[[], bool]]:
        """What this process waits for; an error is a no."""
        return {
            "mongodb": self.store.ping,
            "joined": lambda: self.source.joined,
            "consuming": lambda: self.consumer.ok,
        }

    # -- loops

    def _thread(self, name: str, body: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                body()
            except BaseException as error:
                log.exception("the %s loop failed", name)
                self.failed = self.failed or error
            finally:
                self._end()

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _every(self, name: str, step: Callable[[], int]) -> None:
        pulse = self.pulses[name]
        while not self.stop.is_set():
            pulse.beat()
            try:
                worked = step()
            except (PyMongoError, Contended) as error:
                log.warning("the %s loop tries again", name, extra={"error": type(error).__name__})
                self.stop.wait(0.5)
                worked = 0
            pulse.rest(worked)

    def _leased(self, step: Callable[[], int]) -> int:
        return step() if self.lease.held() else 0

    def _observe(self) -> None:
        """How far the group is, for the deadlines; and at times what waits in the documents, for the gauges."""
        measure_at = self.clock.monotonic()
        while not self.stop.is_set():
            self.frontier.observe()
            if self.clock.monotonic() >= measure_at:
                self.measure()
                measure_at = self.clock.monotonic() + _OBSERVE_EVERY
            self.stop.wait(_OBSERVE_EVERY if self.frontier.passed() else _OBSERVE_AGAIN)

    def measure(self) -> None:
        """Set the gauges of what waits; with the database away they stay as they were."""
        try:
            found = waiting(self.store.collection, self.clock.now())
        except PyMongoError as error:
            log.info("what waits is not known", extra={"error": type(error).__name__})
            return
        metrics.OUTBOX_PENDING.labels(self.service).set(found.outbox)
        metrics.OUTBOX_OLDEST_SECONDS.labels(self.service).set(found.outbox_seconds)
        metrics.TIMERS_DUE.labels(self.service).set(found.due)
        metrics.PARKED.labels(self.service).set(found.parked)

    # -- the end

    def _end(self) -> None:
        self.stop.set()
        for pulse in self.pulses.values():
            pulse.woken.set()

    def _close(self) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.source.close()
        self.publisher.close()
        self.ends.close()
        try:
            self.lease.give_back()
        except PyMongoError as error:
            log.info("the lease was not given back", extra={"error": type(error).__name__})
