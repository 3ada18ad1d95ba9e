"""The collections that a running system's documents are in, read and written from outside of its services."""

from datetime import datetime
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.collection import Collection

from deploy import COLLECTIONS
from shared.aggregate.replay import replay

Client = MongoClient[dict[str, Any]]


def aggregates(client: Client, service: str, database_prefix: str = "") -> Collection[dict[str, Any]]:
    """The collection of one service's aggregates, with aware times."""
    database = client[f"{database_prefix}{service}"]
    return database.get_collection(COLLECTIONS[service], codec_options=CodecOptions(tz_aware=True))


def every_aggregate(client: Client, service: str, database_prefix: str = "") -> list[Collection[dict[str, Any]]]:
    """All collections that one service's aggregates are in; where one is in two of them, the first counts."""
    return [aggregates(client, service, database_prefix)]


def replay_all(client: Client, since: datetime | None, database_prefix: str = "") -> dict[str, int]:
    """`replay` for each service: {service: events}."""
    return {service: replay(aggregates(client, service, database_prefix), since) for service in COLLECTIONS}
