"""Listing's composition: its API for gunicorn (`web()`), its work for `python -m services.listing.main [migrate]`."""

import sys

from flask import Flask

from services.listing.api import operations
from services.listing.erasure import Erasing
from services.listing.handlers import handlers
from services.listing.lifecycle import LISTING
from services.listing.parts import Parts
from services.listing.store import COLLECTION, EMPLOYER, MIGRATIONS
from services.listing.workplaces import WORK, Spread
from shared.aggregate import Store, erasure
from shared.http.app import create_app
from shared.process.main import Service, nothing
from shared.process.work import Work
from shared.settings import Settings


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    listing = LISTING.with_terms(settings.terms)
    return create_app(
        settings, operations, Parts.of(store, listing, settings.pseudonym_key), ready={"mongodb": store.ping}
    )


def work(settings: Settings, store: Store, _outside: None) -> Work:
    """What the worker does over a store; tests bring their own."""
    listing = LISTING.with_terms(settings.terms)
    return Work(
        service=SERVICE.name,
        store=store,
        routes=handlers(listing),
        lifecycles=(listing,),
        timers={
            **dict.fromkeys((WORK, EMPLOYER), Spread(store, listing).on_timer),
            erasure.KIND: erasure.passes(Erasing(store, listing).one_pass),
        },
    )


SERVICE = Service(name="listing", collection=COLLECTION, migrations=MIGRATIONS, build=build, work=work, outside=nothing)
web = SERVICE.web

if __name__ == "__main__":
    sys.exit(SERVICE.main(sys.argv[1:]))
