"""The sandbox provider: a party of its own with its own database. It knows neither the escrow nor its journal.

These three functions are what the factory knows of it (see `factory.Adapter`).
"""

from datetime import timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from services.escrow.provider.port import Notices, Provider, Records
from services.escrow.provider.sandbox.party import Sandbox
from services.escrow.provider.sandbox.records import StoredRecords
from services.escrow.provider.sandbox.store import MongoStore
from services.escrow.provider.sandbox.webhook import SignedNotices, http_post
from shared.clock import Clock
from shared.settings import Provider as Settings

__all__ = ["open_notices", "open_provider", "open_records"]


def open_provider(settings: Settings, clock: Clock) -> Provider:
    """The whole party, over its own database."""
    client: MongoClient[dict[str, Any]] = MongoClient(settings.mongodb_uri)
    store = MongoStore(client.get_default_database("provider"))
    try:
        store.migrate()
    except BaseException:
        client.close()
        raise
    return Sandbox(store, clock, http_post(settings.webhook_url), settings.webhook_secret)


def open_notices(settings: Settings, tolerance: timedelta) -> Notices:
    """What reads its webhooks: it needs the secret alone."""
    return SignedNotices(settings.webhook_secret, tolerance)


def open_records(database: Database[dict[str, Any]]) -> Records:
    """What reads its ledgers in its own database."""
    return StoredRecords(MongoStore(database))
