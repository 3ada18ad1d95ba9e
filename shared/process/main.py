"""The one `main` of the services: a web process for gunicorn, the worker, or the migrations.

Here stands what is made anew in each process: the store, the clients of the broker (after the fork), what the service
reaches outside, logs, traces, health and signals. What a service does with them is its own `build` and `work`.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from flask import Flask, request
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from shared import VERSION
from shared.aggregate import ClockCheck, ClockOff, Document, Migration, Store, archive_of, migrate, open_store, time_of
from shared.aggregate.naming import NamedOtherwise, Naming
from shared.clock import Clock, FastClock
from shared.http.problems import Problem
from shared.messaging.frontier import KafkaEnds
from shared.messaging.kafka import KafkaLetters, KafkaPublisher, KafkaSource
from shared.process import ending, health
from shared.process.loops import Bus
from shared.process.spare import STUCK, Spare
from shared.process.work import Work
from shared.process.worker import Worker
from shared.settings import EX_CONFIG, Kafka, Need, Settings, SettingsError, load_or_exit
from shared.settings.shown import shown
from shared.telemetry import logs, otlp

Outside = TypeVar("Outside")
_EX_USAGE = 64
_READING = ("GET", "HEAD", "OPTIONS")
log = logging.getLogger(__name__)


def nothing(_settings: Settings, _clock: Clock) -> None:
    """The `outside` of a service that reaches nothing but the broker and its database."""


@dataclass(frozen=True, kw_only=True)
class Service(Generic[Outside]):
    """One service, and how its processes are made; `outside` is what its worker reaches outside the process."""

    name: str
    collection: str
    migrations: Sequence[Migration]
    build: Callable[[Settings, Store], Flask]
    work: Callable[[Settings, Store, Outside], Work]
    outside: Callable[[Settings, Clock], Outside]
    """Raises SettingsError where what is outside does not allow what the settings ask for."""

    archives: bool = False
    """Whether it has an archive where `ARCHIVE_AFTER` is set."""

    web_needs: tuple[Need, ...] = ()
    worker_needs: tuple[Need, ...] = ()

    def main(self, arguments: Sequence[str]) -> int:
        """`python -m services.<name>.main [migrate]`: runs the worker, or makes the indexes; the exit code."""
        if list(arguments) == ["migrate"]:
            return self.migrate()
        if arguments:
            print(f"usage: python -m services.{self.name}.main [migrate]", file=sys.stderr, flush=True)
            return _EX_USAGE
        return self.worker()

    def web(self) -> Flask:
        """The app of one web process, with its settings from the environment."""
        settings = load_or_exit(self.name, "web", *self.web_needs)
        logs.configure(self.name, "web", settings.log_level)
        _tell_of_start(settings, "web", *self.web_needs)
        store = self._open(settings)
        naming = Naming(store.collection, settings.pseudonym_key, settings.tokens.pseudonym_issuer)
        try:
            naming.agree()
        except NamedOtherwise as error:
            self._refuse(error)
            raise SystemExit(EX_CONFIG) from None
        except PyMongoError:
            pass  # the database is away: requests wait for it, and for this
        app = self.build(settings, store)
        app.before_request(partial(_refuse_early, naming, store))
        app.wsgi_app = Spare(app.wsgi_app, settings.web.threads + settings.web.streams)  # type: ignore[method-assign]
        return app

    def migrate(self) -> int:
        """Also an archive that is there, whatever the terms say: this process needs none of them to know it."""
        settings = load_or_exit(self.name)
        store = open_store(settings.mongodb, self.collection, settings.clock, self.archives)
        with store.collection.database.client:
            migrate(store.collection, self.migrations)
            if store.archive is not None and store.archive.find_one({}, {"_id": 1}) is not None:
                migrate(store.archive, self.migrations)
        return 0

    def _migrate(self, store: Store) -> None:
        """Also the archive, which has the same indexes. Raises SettingsError where that is not looked at any more."""
        migrate(store.collection, self.migrations)
        if store.archive is not None:
            migrate(store.archive, self.migrations)
        elif self.archives and _holds_any(store.collection.database[archive_of(self.collection)]):
            fault = (
                "ARCHIVE_AFTER: is 0, and the archive holds documents; set a long time where no more are to go there"
            )
            raise SettingsError([fault])

    def worker(self) -> int:
        """Migrates, then works until SIGTERM or SIGINT; the process's exit code, 78 for wrong settings."""
        ending.quickly()
        settings = load_or_exit(self.name, "worker", *self.worker_needs)
        logs.configure(self.name, "worker", settings.log_level)
        _tell_of_start(settings, "worker", *self.worker_needs)
        store = self._open(settings)
        try:
            Naming(store.collection, settings.pseudonym_key).agree()
            self._migrate(store)
            work = self.work(settings, store, self.outside(settings, store.clock))
        except (SettingsError, NamedOtherwise) as error:
            self._refuse(error)
            return EX_CONFIG
        worker = Worker(work, kafka_bus(settings.kafka, work), settings.worker.slot)
        code = run(worker, settings)
        if worker.hung:
            os._exit(code)
        return code

    def _open(self, settings: Settings) -> Store:
        """The store, which writes nothing while the clock is further from the database's than it may be."""
        archived = self.archives and bool(settings.terms.archive_after)
        store = open_store(settings.mongodb, self.collection, settings.clock, archived)
        if settings.clock_tolerance:
            ask = partial(time_of, store.collection)
            store.check = ClockCheck(self.name, store.clock, ask, settings.clock_tolerance)
        return store

    def _refuse(self, error: Exception) -> None:
        print(f"{self.name}: {error}", file=sys.stderr, flush=True)


def _holds_any(archive: Collection[Document]) -> bool:
    return next(iter(archive.find({"version": {"$gt": 0}}, {"_id": 1}).limit(1)), None) is not None


def _tell_of_start(settings: Settings, *needs: Need) -> None:
    """What begins here, and by which settings; a clock that is not the machine's own is never to pass unseen."""
    log.info("starts", extra={"version": VERSION, "settings": shown(settings.service, *needs)})
    if isinstance(settings.clock, FastClock):
        clock = settings.clock
        log.warning("STACK_CLOCK: time here is not the machine's, but %s; this is for trying out alone", clock)


def _refuse_early(naming: Naming, store: Store) -> None:
    """What a real process refuses before anything is looked at: requests that no thread is free for; all that name
    somebody before the documents were seen to name people likewise; and all that would change something by a wrong
    clock.
    """
    if STUCK in request.environ:
        raise Problem("unavailable", "All threads of this process wait for something slow.", retry_after=1)
    if ("Authorization" in request.headers or request.path == "/readyz") and not naming.agreed():
        raise Problem("unavailable", "The service is not ready yet.", retry_after=5)
    if (request.method not in _READING or request.path == "/readyz") and not store.in_time():
        raise ClockOff


def kafka_bus(settings: Kafka, work: Work) -> Bus:
    """The worker's clients of Kafka; none connects before it is used."""
    clock = work.store.clock
    return Bus(
        KafkaPublisher(settings, f"{work.service}-relay", clock),
        KafkaSource(settings, work.service, work.topics, clock),
        KafkaEnds(settings, work.service, work.topics),
        KafkaLetters(settings, work.service, clock),
    )


def run(worker: Worker, settings: Settings) -> int:
    """Run `worker` until SIGTERM or SIGINT, with its health server; what it traced goes out last. The exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.end())
    with ExitStack() as closing:
        closing.callback(otlp.start(settings.otlp_endpoint, worker.service, "worker"))
        server = health.serve(settings.worker.health_bind, live=worker.live(), ready=worker.ready())
        closing.callback(server.close)
        return worker.run()
