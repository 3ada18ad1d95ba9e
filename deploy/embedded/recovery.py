"""What a broker that ended uncleanly makes necessary: its last events go out again from the documents.

The embedded broker writes its data once a second, so it loses up to a second of what it acknowledged.
"""

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.embedded.data import REPLAYED, now
from deploy.embedded.processes import Processes, StackError
from deploy.embedded.programs import Layout
from deploy.embedded.times import Times
from deploy.kafka.topics import client_settings, create
from deploy.mongo.collections import replay_all


def make_topics(layout: Layout) -> None:
    """Make every topic that the layout's broker lacks."""
    mine = {"KAFKA_BOOTSTRAP_SERVERS": layout.kafka}
    create(client_settings(mine if layout.own_servers else dict(os.environ) | mine))


def restart_broker(layout: Layout, processes: Processes, times: Times, say: Callable[[str], None]) -> None:
    """Start a broker that died. The workers go with it: what they remember of its offsets is ahead of it now, and would
    step over what comes again.
    """
    workers = processes.kill_group("workers")
    processes.restart("broker")
    make_topics(layout)
    if workers:
        send_again(layout, times.shown(now() - REPLAYED), say)


def send_again(layout: Layout, since: datetime, say: Callable[[str], None]) -> None:
    """Have the relays send again what was emitted from `since` on. Raises StackError."""
    client: MongoClient[dict[str, Any]] = MongoClient(layout.mongodb)
    try:
        counts = replay_all(client, since, layout.database_prefix)
    except PyMongoError as error:
        raise StackError(f"the events since {since:%H:%M:%S} could not be sent again: {error}") from error
    finally:
        client.close()
    if total := sum(counts.values()):
        say(f"the broker ended uncleanly: sending {total} events since {since:%H:%M:%S} UTC again")
