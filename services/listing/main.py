"""Listing's processes: `web()` for gunicorn, and `python -m services.listing.main [migrate]`: worker, or migrations."""

import sys

from flask import Flask

from services.listing.api import operations
from services.listing.erasure import Erasing
from services.listing.handlers import handlers
from services.listing.lifecycle import LISTING
from services.listing.parts import Parts
from services.listing.store import COLLECTION, MIGRATIONS
from services.listing.workplaces import KIND as WORK
from services.listing.workplaces import Spread
from shared.aggregate import Store, erasure, migrate, open_store
from shared.http.app import create_app
from shared.process.worker import Worker
from shared.settings import Settings, load_or_exit
from shared.telemetry import logs

SERVICE = "listing"


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    listing = LISTING.with_terms(settings.terms)
    return create_app(
        settings, operations, Parts.of(store, listing, settings.pseudonym_key), ready={"mongodb": store.ping}
    )


def web() -> Flask:
    settings = load_or_exit(SERVICE, "web")
    logs.configure(SERVICE, "web", settings.log_level)
    return build(settings, open_store(settings.mongodb, COLLECTION))


def worker() -> int:
    settings = load_or_exit(SERVICE, "worker")
    logs.configure(SERVICE, "worker", settings.log_level)
    store, listing = open_store(settings.mongodb, COLLECTION), LISTING.with_terms(settings.terms)
    migrate(store.collection, MIGRATIONS)
    timers = {
        WORK: Spread(store, listing).on_timer,
        erasure.KIND: erasure.passes(Erasing(store, listing).one_pass),
    }
    lifecycles = {listing.name: listing}
    return Worker(settings, SERVICE, store, handlers(listing), lifecycles=lifecycles, timers=timers).run()


def main(arguments: list[str]) -> int:
    if arguments == ["migrate"]:
        migrate(open_store(load_or_exit(SERVICE).mongodb, COLLECTION).collection, MIGRATIONS)
        return 0
    return worker()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
