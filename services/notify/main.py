"""Notify's composition: its API for gunicorn (`web()`), its work for `python -m services.notify.main [migrate]`."""

import sys

from flask import Flask

from services.notify import former
from services.notify.addresses import CODE_MAILS
from services.notify.api import operations
from services.notify.consent_links import CONSENT_MAIL
from services.notify.employer_links import EMPLOYER_LINK
from services.notify.erasure import Erasing
from services.notify.handlers import handlers
from services.notify.lifecycle import NOTIFICATION
from services.notify.mail import Postman
from services.notify.mailboxes import KIND as MAILBOX
from services.notify.mailboxes import Mailboxes
from services.notify.mails import Mails
from services.notify.parts import Parts
from services.notify.smtp import Send, smtp
from services.notify.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, erasure
from shared.clock import Clock
from shared.http.app import create_app
from shared.process.main import Service
from shared.process.work import Work
from shared.settings import Settings


def outside(settings: Settings, _clock: Clock) -> Send:
    """How the worker process posts a mail."""
    return smtp(settings.mail)


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    parts = Parts(store, settings.pseudonym_key, settings.terms, settings.webhooks)
    return create_app(settings, operations, parts, ready={"mongodb": store.ping})


def work(settings: Settings, store: Store, send: Send) -> Work:
    """What the worker does over a store; tests bring their own, and take the mails themselves."""
    notification = NOTIFICATION.with_terms(settings.terms)
    postman = Postman(store.clock, settings.mail.sender, send)
    return Work(
        service=SERVICE.name,
        store=store,
        routes=handlers(notification, settings.public_url),
        lifecycles=(notification, *CODE_MAILS, EMPLOYER_LINK, CONSENT_MAIL),
        timers={
            erasure.KIND: erasure.passes(Erasing(store, notification).one_pass),
            former.KIND: former.on_timer(settings.terms),
            MAILBOX: Mailboxes(store, settings.pseudonym_key).on_timer,
        },
        carry_out=Mails(store, postman, settings.pseudonym_key, settings.public_url, settings.terms).carry_out,
    )


SERVICE = Service(
    name="notify",
    collection=COLLECTION,
    migrations=MIGRATIONS,
    build=build,
    work=work,
    outside=outside,
    web_needs=("webhooks",),
    worker_needs=("mail", "webhooks"),
)
web = SERVICE.web

if __name__ == "__main__":
    sys.exit(SERVICE.main(sys.argv[1:]))
