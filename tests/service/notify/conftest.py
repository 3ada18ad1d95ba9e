"""Notify's app and worker over a database and a mail server, and two people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from pymongo.database import Database

from deploy.embedded.ports import free_ports
from services.notify.addresses import CODE_MAILS
from services.notify.employer_links import EMPLOYER_LINK
from services.notify.lifecycle import NOTIFICATION
from services.notify.mail import Postman, smtp
from services.notify.mails import Mails
from services.notify.main import build
from services.notify.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, migrate
from shared.aggregate.store import collection
from shared.clock import ManualClock
from tests.support.notify import Mailbox
from tests.support.web import Caller, Ticking, settings


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def post(mailbox: Mailbox) -> Iterator[Controller]:
    server = Controller(mailbox, hostname="127.0.0.1", port=next(free_ports()))
    server.start()
    yield server
    if server.loop.is_running():
        server.stop(no_assert=True)


@pytest.fixture
def store(database: Database[dict[str, Any]]) -> Store:
    store = Store(collection(database, COLLECTION), ManualClock())
    migrate(store.collection, MIGRATIONS)
    return store


@pytest.fixture
def worker(store: Store, post: Controller, tmp_path: Path) -> Ticking:
    of = settings("notify", tmp_path, "mail", SMTP_HOST="127.0.0.1", SMTP_PORT=str(post.port))
    postman = Postman(store.clock, of.mail.sender, smtp(of.mail, timeout=2))
    mails = Mails(store, postman, of.pseudonym_key, of.public_url, of.terms)
    ticking = Ticking(store, NOTIFICATION, mails.carry_out)
    ticking.poller.lifecycles = {each.name: each for each in (NOTIFICATION, *CODE_MAILS, EMPLOYER_LINK)}
    return ticking


@pytest.fixture
def app(store: Store, tmp_path: Path) -> Flask:
    return build(settings("notify", tmp_path), store)


@pytest.fixture
def anna(app: Flask) -> Caller:
    """The insider of the events."""
    return Caller(app, "anna")


@pytest.fixture
def bo(app: Flask) -> Caller:
    """Their seeker."""
    return Caller(app, "bo")
