"""Escrow's composition: its API for gunicorn (`web()`), its work for `python -m services.escrow.main [migrate]`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from pymongo import MongoClient

from services.escrow.api import operations, roles, view
from services.escrow.erasure import Erasing
from services.escrow.handlers import handlers
from services.escrow.lifecycle import ESCROW
from services.escrow.parts import Parts
from services.escrow.payments import Payments
from services.escrow.payouts import account_of
from services.escrow.provider import MongoStore, Provider, Sandbox, http_post
from services.escrow.reconciliation import Reconciliation
from services.escrow.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, erasure
from shared.clock import Clock
from shared.http.answer.commands import Resource
from shared.http.app import create_app
from shared.process.main import Service
from shared.process.work import Loop, Work
from shared.settings import Provider as ProviderSettings
from shared.settings import Settings, SettingsError

Client = MongoClient[dict[str, Any]]


@dataclass(frozen=True)
class Outside:
    """The payment provider, and what its adapter does by itself in the worker."""

    provider: Provider
    loops: Mapping[str, Loop] = field(default_factory=dict)


def open_provider(settings: ProviderSettings, clock: Clock) -> Sandbox:
    """The sandbox provider with its own database; the only way to it is from the worker."""
    client: Client = MongoClient(settings.mongodb_uri)
    books = MongoStore(client.get_default_database("provider"))
    books.migrate()
    return Sandbox(books, clock, http_post(settings.webhook_url), settings.webhook_secret)


def too_long(settings: Settings, provider: Provider) -> str | None:
    """What is wrong with MAX_HOLD, if anything: offers are made on the word that money may be held for so long."""
    asked, allowed = settings.terms.max_hold, provider.max_hold
    if asked <= allowed:
        return None
    return f"MAX_HOLD: the provider holds money for {allowed.days} days at most, not {asked.days}"


def outside(settings: Settings, clock: Clock) -> Outside:
    """What the worker process reaches; SettingsError where the provider may not hold money as long as MAX_HOLD."""
    provider = open_provider(settings.provider, clock)
    if fault := too_long(settings, provider):
        raise SettingsError([fault])
    return Outside(provider, {"provider-webhooks": provider.run_webhooks})


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    lifecycle = ESCROW.with_terms(settings.terms)
    escrows = Resource(store, lifecycle, roles=roles, view=view, path="/v1/escrows", retry_unknown=True)
    return create_app(settings, operations, Parts(settings, escrows), ready={"mongodb": store.ping})


def work(settings: Settings, store: Store, outside: Outside) -> Work:
    """What the worker does over a store; tests bring their own, and their own provider."""
    lifecycle, provider = ESCROW.with_terms(settings.terms), outside.provider
    return Work(
        service=SERVICE.name,
        store=store,
        routes=handlers(lifecycle),
        lifecycles=(lifecycle,),
        timers={erasure.KIND: erasure.passes(Erasing(store).one_pass)},
        carry_out=Payments(provider, store.clock, account_of(store)).carry_out,
        loops={**outside.loops, "reconciliation": Reconciliation(store, provider).run},
    )


SERVICE = Service(
    name="escrow",
    collection=COLLECTION,
    migrations=MIGRATIONS,
    build=build,
    work=work,
    outside=outside,
    web_needs=("provider",),
    worker_needs=("provider",),
)
web = SERVICE.web

if __name__ == "__main__":
    sys.exit(SERVICE.main(sys.argv[1:]))
