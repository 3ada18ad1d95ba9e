"""Matching's processes: `web()` for gunicorn; `python -m services.matching.main` works, `... migrate` makes indexes."""

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
from shared.aggregate import Store, migrate, open_store
from shared.http.answer.commands import Resource
from shared.http.app import create_app
from shared.process.worker import Worker
from shared.settings import Settings, load_or_exit
from shared.telemetry import logs

SERVICE = "matching"


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    offers = Resource(store, OFFER.with_terms(settings.terms), roles=roles, view=view, path="/v1/offers")
    accounts, employers = Accounts(store, settings.terms), Employers.of(store, settings.pseudonym_key)
    people, ats = (
        People(store, accounts, Erasing(store, offers.lifecycle)),
        Matching(store, offers.lifecycle, employers),
    )
    parts = Parts(offers, accounts, employers, Confirmations(offers, employers), ats, people)
    return create_app(settings, operations, parts, ready={"mongodb": store.ping})


def web() -> Flask:
    settings = load_or_exit(SERVICE, "web")
    logs.configure(SERVICE, "web", settings.log_level)
    return build(settings, open_store(settings.mongodb, COLLECTION))


def worker() -> int:
    settings = load_or_exit(SERVICE, "worker")
    logs.configure(SERVICE, "worker", settings.log_level)
    store, offer = open_store(settings.mongodb, COLLECTION), OFFER.with_terms(settings.terms)
    migrate(store.collection, MIGRATIONS)
    accounts = Accounts(store, settings.terms)
    people = People(store, accounts, Erasing(store, offer))
    ats = Matching(store, offer, Employers.of(store, settings.pseudonym_key))
    return Worker(
        settings,
        SERVICE,
        store,
        handlers(offer),
        lifecycles={offer.name: offer},
        timers={
            LISTING: Closing(store, offer).on_timer,
            ACCOUNT: accounts.on_timer,
            PERSON: people.on_timer,
            ATS: ats.on_timer,
        },
        carry_out=Checks(store, accounts).carry_out,
    ).run()


def main(arguments: list[str]) -> int:
    if arguments == ["migrate"]:
        migrate(open_store(load_or_exit(SERVICE).mongodb, COLLECTION).collection, MIGRATIONS)
        return 0
    return worker()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
