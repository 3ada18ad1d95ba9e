"""Matching's composition: its API for gunicorn (`web()`), its work for `python -m services.matching.main [migrate]`."""

import sys

from flask import Flask

from services.matching.api import operations
from services.matching.employer.ats import KIND as ATS
from services.matching.employer.ats import Matching
from services.matching.employer.confirmations import Confirmations
from services.matching.employer.register import Employers
from services.matching.handlers import handlers
from services.matching.offer.accounts import KIND as ACCOUNT
from services.matching.offer.accounts import Accounts
from services.matching.offer.api import roles, view
from services.matching.offer.checks import Checks
from services.matching.offer.lifecycle import OFFER
from services.matching.offer.listings import KIND as LISTING
from services.matching.offer.listings import Closing
from services.matching.parts import Parts
from services.matching.people.erasure import Erasing
from services.matching.people.people import KIND as PERSON
from services.matching.people.people import People
from services.matching.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store
from shared.http.answer.commands import Resource
from shared.http.app import create_app
from shared.process.main import Service, nothing
from shared.process.work import Work
from shared.settings import Settings


def parts(settings: Settings, store: Store) -> Parts:
    offers = Resource(store, OFFER.with_terms(settings.terms), roles=roles, view=view, path="/v1/offers")
    accounts, employers = Accounts(store, settings.terms), Employers.of(store, settings.pseudonym_key)
    return Parts(
        offers,
        accounts,
        employers,
        Confirmations(offers, employers),
        Matching(store, offers.lifecycle, employers),
        People(store, accounts, Erasing(store, offers.lifecycle)),
    )


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    return create_app(settings, operations, parts(settings, store), ready={"mongodb": store.ping})


def work(settings: Settings, store: Store, _outside: None) -> Work:
    """What the worker does over a store; tests bring their own."""
    made = parts(settings, store)
    offer = made.offers.lifecycle
    return Work(
        service=SERVICE.name,
        store=store,
        routes=handlers(offer),
        lifecycles=(offer,),
        timers={
            LISTING: Closing(store, offer).on_timer,
            ACCOUNT: made.accounts.on_timer,
            PERSON: made.people.on_timer,
            ATS: made.ats.on_timer,
        },
        carry_out=Checks(store, made.accounts).carry_out,
    )


SERVICE = Service(
    name="matching", collection=COLLECTION, migrations=MIGRATIONS, build=build, work=work, outside=nothing
)
web = SERVICE.web

if __name__ == "__main__":
    sys.exit(SERVICE.main(sys.argv[1:]))
