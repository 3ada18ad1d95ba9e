"""Escrow's composition: its API for gunicorn (`web()`), its work for `python -m services.escrow.main [migrate]`."""

import sys

from flask import Flask

from services.escrow.api import operations
from services.escrow.clearance import Clearance
from services.escrow.erasure import Erasing
from services.escrow.handlers import handlers
from services.escrow.lifecycle import ESCROW
from services.escrow.losses import KIND as DEBT
from services.escrow.parts import Parts
from services.escrow.payments import Payments
from services.escrow.payouts import account_of, with_accounts
from services.escrow.provider.factory import open_notices, open_provider
from services.escrow.provider.port import Provider
from services.escrow.reconciliation import Reconciliation
from services.escrow.repaying import Repaying
from services.escrow.seekers import as_read
from services.escrow.store import COLLECTION, MIGRATIONS, may_go
from services.escrow.views import roles, view
from shared.aggregate import Archiving, Store, erasure
from shared.clock import Clock
from shared.http.answer.commands import Resource
from shared.http.answer.patience import Patience
from shared.http.app import create_app
from shared.process.main import Service
from shared.process.work import Work
from shared.settings import Settings, SettingsError


def too_long(settings: Settings, provider: Provider) -> str | None:
    """What is wrong with MAX_HOLD, if anything: offers are made on the word that money may be held for so long."""
    asked, allowed = settings.terms.max_hold, provider.max_hold()
    if asked <= allowed:
        return None
    return f"MAX_HOLD: the provider holds money for {allowed.days} days at most, not {asked.days}"


def outside(settings: Settings, clock: Clock) -> Provider:
    """What the worker process reaches; SettingsError where the provider may not hold money as long as MAX_HOLD."""
    provider = open_provider(settings.provider, clock)
    if fault := too_long(settings, provider):
        raise SettingsError([fault])
    return provider


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    lifecycle = ESCROW.with_terms(settings.terms)
    escrows = Resource(
        store, lifecycle, roles=roles, view=view, path="/v1/escrows", patience=Patience(), read_as=as_read
    )
    notices = open_notices(settings.provider, settings.terms.webhook_tolerance)
    return create_app(settings, operations, Parts(settings, escrows, notices), ready={"mongodb": store.ping})


def work(settings: Settings, store: Store, provider: Provider) -> Work:
    """What the worker does over a store; tests bring their own, and their own provider."""
    lifecycle = ESCROW.with_terms(settings.terms)
    clearance = Clearance(store, lifecycle)
    reconciliation = Reconciliation(store, provider, pace=settings.terms.reconciliation_pace)
    after = settings.terms.archive_after
    archiving = Archiving(SERVICE.name, store, lifecycle, after, may_go) if store.archive is not None else None
    return Work(
        service=SERVICE.name,
        store=store,
        routes=handlers(lifecycle),
        lifecycles=(lifecycle,),
        timers={
            erasure.KIND: erasure.passes(Erasing(store).one_pass),
            DEBT: Repaying(store, lifecycle).on_timer,
        },
        carry_out=Payments(provider, store.clock, account_of(store), clearance.of).carry_out,
        prepare=lambda documents: with_accounts(store, clearance.page(documents)),
        archiving=archiving,
        at_once=settings.provider.at_once,
        loops={**provider.loops, "reconciliation": reconciliation.run},
    )


SERVICE = Service(
    name="escrow",
    collection=COLLECTION,
    migrations=MIGRATIONS,
    build=build,
    work=work,
    outside=outside,
    archives=True,
    web_needs=("provider",),
    worker_needs=("provider",),
)
web = SERVICE.web

if __name__ == "__main__":
    sys.exit(SERVICE.main(sys.argv[1:]))
