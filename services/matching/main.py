"""Matching's composition: its API for gunicorn (`web()`), its work for `python -m services.matching.main [migrate]`."""

import sys

from flask import Flask

from services.matching.api import operations
from services.matching.handlers import handlers
from services.matching.parts import Parts
from services.matching.people.people import may_go
from services.matching.store import COLLECTION, MIGRATIONS
from shared.aggregate import Archiving, Store
from shared.http.app import create_app
from shared.process.main import Service, nothing
from shared.process.work import Work
from shared.settings import Settings


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    return create_app(settings, operations, Parts.of(settings, store), ready={"mongodb": store.ping})


def work(settings: Settings, store: Store, _outside: None) -> Work:
    """What the worker does over a store; tests bring their own."""
    parts = Parts.of(settings, store)
    offer = parts.offer.offers.lifecycle
    after = settings.terms.archive_after
    archiving = Archiving(SERVICE.name, store, offer, after, may_go) if store.archive is not None else None
    return Work(
        service=SERVICE.name,
        store=store,
        routes=handlers(offer),
        lifecycles=(offer,),
        timers=parts.timers,
        pages=parts.offer.pages,
        carry_out=parts.offer.carry_out,
        archiving=archiving,
    )


SERVICE = Service(
    name="matching",
    collection=COLLECTION,
    migrations=MIGRATIONS,
    build=build,
    work=work,
    outside=nothing,
    archives=True,
    web_needs=("places",),
    worker_needs=("places",),
)
web = SERVICE.web

if __name__ == "__main__":
    sys.exit(SERVICE.main(sys.argv[1:]))
