"""Waits until a database is ready for this version: `python -m deploy.mongo.ready [SERVICE]`.

It comes in by MONGODB_URI, as the service does. Without a service it ends with 0 once the database lets us in; with
one, once the service's documents and indexes have the number of this version, or a later one. After five minutes it
says what is missing and ends with 1.
"""

import importlib
import os
import sys
import time
from collections.abc import Mapping

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy import COLLECTIONS, SERVICES
from deploy.mongo.collections import Client
from shared.aggregate import behind
from shared.settings import EX_CONFIG, SettingsError, load

_PATIENCE, _PAUSE = 300.0, 2.0


def missing(service: str | None, environ: Mapping[str, str]) -> str | None:
    """What is not there yet, in one line, or None. PyMongoError, SettingsError."""
    mongodb = load(service or SERVICES[0], environ=environ).mongodb
    client: Client = MongoClient(mongodb.uri, serverSelectionTimeoutMS=3000)
    try:
        if service is None:
            client.get_default_database("admin").command("connectionStatus")
            return None
        migrations = importlib.import_module(f"services.{service}.store").MIGRATIONS
        number = behind(client[mongodb.database][COLLECTIONS[service]], migrations)
        return f"{number} changes of its documents and indexes were not made yet" if number else None
    finally:
        client.close()


def wait(service: str | None, environ: Mapping[str, str], patience: float = _PATIENCE) -> str | None:
    """What is still missing after `patience` seconds, in one line; None once nothing is. SettingsError."""
    deadline = time.monotonic() + patience
    while True:
        try:
            why = missing(service, environ)
        except PyMongoError as error:
            why = f"the database does not let us in: {error}"
        if why is None or time.monotonic() > deadline:
            return why
        time.sleep(_PAUSE)


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or not set(arguments) <= set(SERVICES):
        print(f"usage: python -m deploy.mongo.ready [{'|'.join(SERVICES)}]", file=sys.stderr)
        return 64
    name = arguments[0] if arguments else None
    try:
        why = wait(name, os.environ)
    except SettingsError as error:
        print(f"{name or 'database'}: {error}", file=sys.stderr)
        return EX_CONFIG
    print(f"{name or 'database'}: {why or 'ready'}", file=sys.stderr if why else sys.stdout)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
