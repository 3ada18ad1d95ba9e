"""The collections that a running system's documents are in, read and written from outside of its services."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.collection import Collection

from deploy import ARCHIVED, COLLECTIONS
from shared.aggregate import archive_of
from shared.aggregate.replay import replay

Client = MongoClient[dict[str, Any]]
_CLOCKS_APART = timedelta(minutes=1)


def aggregates(client: Client, service: str, database_prefix: str = "") -> Collection[dict[str, Any]]:
    """The collection of one service's aggregates, with aware times."""
    return _named(client, f"{database_prefix}{service}", COLLECTIONS[service])


def every_aggregate(client: Client, service: str, database_prefix: str = "") -> list[Collection[dict[str, Any]]]:
    """All collections that one service's aggregates are in; where one is in two of them, the first counts."""
    name = COLLECTIONS[service]
    names = [name, archive_of(name)] if service in ARCHIVED else [name]
    return [_named(client, f"{database_prefix}{service}", each) for each in names]


def replay_all(client: Client, since: datetime | None, database_prefix: str = "") -> dict[str, int]:
    """`replay` for each service: {service: events}."""
    return {service: replay_one(client, service, since, database_prefix) for service in COLLECTIONS}


def replay_one(client: Client, service: str, since: datetime | None, database_prefix: str = "") -> int:
    """Have a service send again what it emitted since then, also what is in its archive; how many events.

    What came back from the archive meanwhile was met in neither: what has changed since the beginning is asked for once
    more.
    """
    living, *archives = every_aggregate(client, service, database_prefix)
    began, archived = datetime.now(UTC) - _CLOCKS_APART, any(each.find_one({}, {"_id": 1}) for each in archives)
    count = sum(replay(each, since) for each in (living, *archives))
    if archived:
        replay(living, since, began)
    return count


def _named(client: Client, database: str, name: str) -> Collection[dict[str, Any]]:
    return client[database].get_collection(name, codec_options=CodecOptions(tz_aware=True))
