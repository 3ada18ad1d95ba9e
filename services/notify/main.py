"""Notify's composition: its API for gunicorn (`web()`), its work for `python -m services.notify.main [migrate]`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask

from services.notify import former
from services.notify.addresses import CODE_MAILS
from services.notify.api import operations
from services.notify.consent_links import CONSENT_MAIL
from services.notify.employer_links import EMPLOYER_LINK
from services.notify.erasure import Erasing
from services.notify.handlers import handlers
from services.notify.lifecycle import NOTIFICATION
from services.notify.log.numbering import Numbering
from services.notify.mail import Postman
from services.notify.mailboxes import KIND as MAILBOX
from services.notify.mailboxes import Mailboxes
from services.notify.mails import Mails
from services.notify.parts import Parts
from services.notify.smtp import Send, smtp
from services.notify.store import COLLECTION, MIGRATIONS
from services.notify.stream.streams import Streams
from services.notify.webhooks.deliverer import Deliverer, Start, in_a_thread
from services.notify.webhooks.destinations import Destinations
from services.notify.webhooks.fan_out import FanOut
from services.notify.webhooks.lifecycle import DELIVERY, WEBHOOK
from services.notify.webhooks.messages import Messages
from services.notify.webhooks.posting import Post, Poster, nobody
from services.notify.webhooks.signing import Signer
from services.notify.webhooks.upkeep import Upkeep
from shared.aggregate import Store, erasure
from shared.clock import Clock
from shared.http.app import create_app
from shared.process.ending import ENDING
from shared.process.main import Service
from shared.process.work import Leased, Work
from shared.settings import Settings


@dataclass(frozen=True)
class Outside:
    """How the worker process sends a mail, and a message to a webhook; `start` runs each of those."""

    send: Send
    post: Post = nobody
    start: Start = in_a_thread


def outside(settings: Settings, _clock: Clock) -> Outside:
    return Outside(smtp(settings.mail), Poster(Destinations(settings.webhooks.networks)).post)


def build(settings: Settings, store: Store) -> Flask:
    """The app over a store; tests bring their own."""
    streams = Streams(store, settings.web.streams, ENDING)
    parts = Parts(store, settings.pseudonym_key, settings.terms, streams, settings.webhooks)
    return create_app(settings, operations, parts, ready={"mongodb": store.ping})


def work(settings: Settings, store: Store, reached: Outside) -> Work:
    """What the worker does over a store; tests bring their own, and take mails and messages themselves."""
    notification = NOTIFICATION.with_terms(settings.terms)
    postman = Postman(store.clock, settings.mail.sender, reached.send)
    mails = Mails(store, postman, settings.pseudonym_key, settings.public_url, settings.terms)
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
        leased=of_the_log(settings, store, reached),
        carry_out=mails.carry_out,
        prepare=mails.page,
        at_once=settings.mail.at_once,
    )


def of_the_log(settings: Settings, store: Store, reached: Outside) -> Mapping[str, Leased]:
    """Numbers the log's events, makes deliveries of them, and sends those."""
    key, webhook = settings.pseudonym_key, WEBHOOK.with_terms(settings.terms)
    deliverer = Deliverer(
        store, reached.post, Signer(key, settings.webhooks.key_number), Messages(store, settings.public_url).body_of,
        key, webhook=webhook, start=reached.start,
    )  # fmt: skip
    numbering, fan_out, upkeep = Numbering(store, settings.terms), FanOut(store), Upkeep(store, settings.terms)

    def log() -> int:
        numbered = taken = 0
        try:
            numbered = numbering.step()
        finally:  # what has its number goes on
            taken = fan_out.step(numbered)
        return numbered + taken

    def deliveries() -> int:
        return deliverer.step() + upkeep.step()

    return {
        "log": Leased(log, woken_by=lambda change: "arrival" in change.doc),
        "deliveries": Leased(deliveries, woken_by=lambda change: change.kind == DELIVERY.name),
    }


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
