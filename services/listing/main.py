"""Listing's composition: its API for gunicorn (`web()`), its work for `python -m services.listing.main [migrate]`."""

import sys

from flask import Flask

from services.listing.api import operations
from services.listing.erasure import Erasing
from services.listing.handlers import handlers
from services.listing.lifecycle import listing
from services.listing.parts import Parts
from services.listing.reports import Carrying
from services.listing.rules import Rules
from services.listing.store import COLLECTION, EMPLOYER, MIGRATIONS
from services.listing.workplaces import WORK, Spread
from shared.aggregate import Store, erasure
from shared.http.app import create_app
from shared.process.main import Service, nothing
from shared.process.work import Work
from shared.reports.records import KIND as REPORT
from shared.settings import Settings


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    market = _market(settings)
    parts = Parts.of(
        store, listing(market).with_terms(settings.terms), market, settings.pseudonym_key, settings.public_url
    )
    return create_app(settings, operations, parts, ready={"mongodb": store.ping})


def work(settings: Settings, store: Store, _outside: None) -> Work:
    """What the worker does over a store; tests bring their own."""
    lifecycle = listing(_market(settings)).with_terms(settings.terms)
    return Work(
        service=SERVICE.name,
        store=store,
        routes=handlers(lifecycle),
        lifecycles=(lifecycle,),
        timers={
            **dict.fromkeys((WORK, EMPLOYER), Spread(store, lifecycle).on_timer),
            REPORT: Carrying(store, lifecycle).on_timer,
            erasure.KIND: erasure.passes(Erasing(store, lifecycle).one_pass),
        },
    )


def _market(settings: Settings) -> Rules:
    return Rules(settings.places.rules, settings.places.licences)


SERVICE = Service(
    name="listing",
    collection=COLLECTION,
    migrations=MIGRATIONS,
    build=build,
    work=work,
    outside=nothing,
    web_needs=("places",),
    worker_needs=("places",),
)
web = SERVICE.web

if __name__ == "__main__":
    sys.exit(SERVICE.main(sys.argv[1:]))
