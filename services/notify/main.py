"""Notify's processes: `web()` for gunicorn, and `python -m services.notify.main [migrate]`: worker, or migrations."""

import sys

from flask import Flask

from services.notify.addresses import CODE_MAILS
from services.notify.api import operations
from services.notify.employer_links import EMPLOYER_LINK
from services.notify.erasure import Erasing
from services.notify.handlers import handlers
from services.notify.lifecycle import NOTIFICATION
from services.notify.mail import Postman, smtp
from services.notify.mails import Mails
from services.notify.parts import Parts
from services.notify.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, erasure, migrate, open_store
from shared.http.app import create_app
from shared.process.worker import Worker
from shared.settings import Settings, load_or_exit
from shared.telemetry import logs

SERVICE = "notify"


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    parts = Parts(store, settings.pseudonym_key, settings.terms)
    return create_app(settings, operations, parts, ready={"mongodb": store.ping})


def web() -> Flask:
    settings = load_or_exit(SERVICE, "web")
    logs.configure(SERVICE, "web", settings.log_level)
    return build(settings, open_store(settings.mongodb, COLLECTION))


def worker() -> int:
    settings = load_or_exit(SERVICE, "worker", "mail")
    logs.configure(SERVICE, "worker", settings.log_level)
    store, notification = open_store(settings.mongodb, COLLECTION), NOTIFICATION.with_terms(settings.terms)
    migrate(store.collection, MIGRATIONS)
    postman = Postman(store.clock, settings.mail.sender, smtp(settings.mail))
    mails = Mails(store, postman, settings.pseudonym_key, settings.public_url, settings.terms)
    lifecycles = {each.name: each for each in (notification, *CODE_MAILS, EMPLOYER_LINK)}
    return Worker(
        settings,
        SERVICE,
        store,
        handlers(notification),
        lifecycles=lifecycles,
        timers={erasure.KIND: erasure.passes(Erasing(store, notification).one_pass)},
        carry_out=mails.carry_out,
    ).run()


def main(arguments: list[str]) -> int:
    if arguments == ["migrate"]:
        migrate(open_store(load_or_exit(SERVICE).mongodb, COLLECTION).collection, MIGRATIONS)
        return 0
    return worker()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
