"""Notify's app and worker over a database and a mail server, and two people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from pymongo.database import Database

from deploy.embedded.ports import free_ports
from services.notify.main import Outside, build, work
from services.notify.smtp import smtp
from services.notify.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, migrate
from shared.aggregate.store import collection
from tests.support.clock import ManualClock
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
    return Ticking(work(of, store, Outside(smtp(of.mail, timeout=2))))


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
