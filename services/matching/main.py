"""Matching's processes: `web()` for gunicorn; `python -m services.matching.main` works, `... migrate` makes indexes."""

import sys

from flask import Flask

from services.matching.api import operations
from services.matching.handlers import handlers
from services.matching.parts import Parts
from services.matching.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, migrate, open_store
from shared.http.app import create_app
from shared.process.worker import Worker
from shared.settings import Settings, load_or_exit
from shared.telemetry import logs

SERVICE = "matching"


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    return create_app(settings, operations, Parts.of(settings, store), ready={"mongodb": store.ping})


def web() -> Flask:
    settings = load_or_exit(SERVICE, "web")
    logs.configure(SERVICE, "web", settings.log_level)
    return build(settings, open_store(settings.mongodb, COLLECTION))


def worker() -> int:
    settings = load_or_exit(SERVICE, "worker")
    logs.configure(SERVICE, "worker", settings.log_level)
    store = open_store(settings.mongodb, COLLECTION)
    migrate(store.collection, MIGRATIONS)
    parts = Parts.of(settings, store)
    offer = parts.offer.offers.lifecycle
    return Worker(
        settings,
        SERVICE,
        store,
        handlers(offer),
        lifecycles={offer.name: offer},
        timers=parts.timers,
        carry_out=parts.offer.carry_out,
    ).run()


def main(arguments: list[str]) -> int:
    if arguments == ["migrate"]:
        migrate(open_store(load_or_exit(SERVICE).mongodb, COLLECTION).collection, MIGRATIONS)
        return 0
    return worker()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
