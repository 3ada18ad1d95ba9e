"""Escrow's processes: `web()` for gunicorn; `python -m services.escrow.main` works, `... migrate` makes indexes."""

import sys

from flask import Flask

from services.escrow.api import operations
from services.escrow.erasure import Erasing
from services.escrow.handlers import handlers
from services.escrow.lifecycle import ESCROW
from services.escrow.parts import Parts
from services.escrow.payments import Payments
from services.escrow.payouts import account_of
from services.escrow.provider.factory import open_notices, open_provider
from services.escrow.provider.port import Provider
from services.escrow.reconciliation import Reconciliation
from services.escrow.store import COLLECTION, MIGRATIONS
from services.escrow.views import roles, view
from shared.aggregate import Store, erasure, migrate, open_store
from shared.http.answer.commands import Resource
from shared.http.app import create_app
from shared.process.worker import Worker
from shared.settings import EX_CONFIG, Settings, load_or_exit
from shared.telemetry import logs

SERVICE = "escrow"


def too_long(settings: Settings, provider: Provider) -> str | None:
    """What is wrong with MAX_HOLD, if anything: offers are made on the word that money may be held for so long."""
    asked, allowed = settings.terms.max_hold, provider.max_hold()
    if asked <= allowed:
        return None
    return f"MAX_HOLD: the provider holds money for {allowed.days} days at most, not {asked.days}"


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    lifecycle = ESCROW.with_terms(settings.terms)
    escrows = Resource(store, lifecycle, roles=roles, view=view, path="/v1/escrows", retry_unknown=True)
    notices = open_notices(settings.provider, settings.terms.webhook_tolerance)
    return create_app(settings, operations, Parts(settings, escrows, notices), ready={"mongodb": store.ping})


def web() -> Flask:
    settings = load_or_exit(SERVICE, "web", "provider")
    logs.configure(SERVICE, "web", settings.log_level)
    return build(settings, open_store(settings.mongodb, COLLECTION))


def worker() -> int:
    settings = load_or_exit(SERVICE, "worker", "provider")
    logs.configure(SERVICE, "worker", settings.log_level)
    store, lifecycle = open_store(settings.mongodb, COLLECTION), ESCROW.with_terms(settings.terms)
    migrate(store.collection, MIGRATIONS)
    provider = open_provider(settings.provider, store.clock)
    if fault := too_long(settings, provider):
        print(f"{SERVICE}: wrong settings:\n  {fault}", file=sys.stderr, flush=True)
        return EX_CONFIG
    return Worker(
        settings,
        SERVICE,
        store,
        handlers(lifecycle),
        lifecycles={lifecycle.name: lifecycle},
        timers={erasure.KIND: erasure.passes(Erasing(store).one_pass)},
        carry_out=Payments(provider, store.clock, account_of(store)).carry_out,
        loops={**provider.loops, "reconciliation": Reconciliation(store, provider).run},
    ).run()


def main(arguments: list[str]) -> int:
    if arguments == ["migrate"]:
        migrate(open_store(load_or_exit(SERVICE).mongodb, COLLECTION).collection, MIGRATIONS)
        return 0
    return worker()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
