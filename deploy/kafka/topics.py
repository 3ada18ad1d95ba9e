"""Every topic of the system, made where it is missing: `python -m deploy.kafka.topics`.

One topic an event type, and for each service `<service>.dead` and `<service>.redrive`. What exists stays as it is, so
it can run before each start. The broker comes from the same variables as the services' (KAFKA_BOOTSTRAP_SERVERS, ...);
KAFKA_PARTITIONS (default 1) and KAFKA_REPLICATION (default: the broker's) say how new topics are laid out: so many
partitions have those that most hires go through, the others one, so that a killed broker is back in seconds.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, NotControllerError, TopicAlreadyExistsError, for_code

from deploy import SERVICES
from shared.events.catalogue import EVENT_NAMES
from shared.messaging.kafka import connection, using
from shared.settings import EX_CONFIG, SettingsError, load_kafka

Result = TypeVar("Result")

BUSY = frozenset({
    "listing.submitted", "listing.created", "offer.made", "offer.accepted", "offer.activated", "offer.completed",
    "hire.confirmed", "escrow.opened", "escrow.held", "escrow.probation_started", "escrow.released", "escrow.settled",
})  # fmt: skip
"""What happens in most hires; all else is rare enough for one partition."""

_SMALL_FILES = {"segment.bytes": str(64 * 1024 * 1024), "segment.index.bytes": str(256 * 1024)}
"""Index files are made at their full size; these are enough for such a segment (see server.properties)."""

_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", **_SMALL_FILES}
_WITH_REASONS = {**_FOR_EVER, "max.message.bytes": str(2 * 1024 * 1024)}
"""A dead letter is its record and the reason beside it: it may be larger than any event."""


def topics(partitions: int = 1, replication: int = -1) -> list[NewTopic]:
    """The topics with their settings: busy events in so many partitions, all else in one.

    All of them are retained for ever: a new reader sees them all, and none finds its place gone.
    """
    dead, redriven = ([f"{service}.{kind}" for service in SERVICES] for kind in ("dead", "redrive"))
    return [
        *(
            NewTopic(name, partitions if name in BUSY else 1, replication, topic_configs=_FOR_EVER)
            for name in EVENT_NAMES
        ),
        *(NewTopic(name, 1, replication, topic_configs=_WITH_REASONS) for name in (*dead, *redriven)),
    ]


def create(client: Mapping[str, Any], partitions: int = 1, replication: int = -1, patience: float = 30.0) -> list[str]:
    """Make what is missing and return its names; `client` is kafka-python's connection settings.

    Waits up to `patience` seconds for the broker. Raises KafkaError.
    """

    def once() -> list[str]:
        with using(KafkaAdminClient, **client) as admin:
            return make(admin, partitions, replication)

    return patiently(once, patience)


def patiently(ask: Callable[[], Result], patience: float, pause: Callable[[float], object] = time.sleep) -> Result:
    """Ask the broker again while it is away or busy, for up to `patience` seconds: what may be asked twice. Raises
    KafkaError, at once where it is not `retriable`.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return ask()
        except KafkaError as error:
            if time.monotonic() > deadline or not error.retriable:
                raise
            pause(0.5)


def make(admin: KafkaAdminClient, partitions: int = 1, replication: int = -1) -> list[str]:
    """Make what is missing, asked once, and return its names. Raises KafkaError: of a slow broker one to try again."""
    there = set(admin.list_topics())
    missing = [topic for topic in topics(partitions, replication) if topic.name not in there]
    if missing:
        try:
            answer = admin.create_topics(missing, timeout_ms=15_000, raise_errors=False)
        except RuntimeError as error:  # so kafka-python says that the broker looks for its controller
            raise NotControllerError(str(error)) from error
        _check(answer)
    return [topic.name for topic in missing]


def _check(answer: Any) -> None:
    """Another process may be as quick; "exists" is what was wanted."""
    for name, code, message in _errors(answer):
        if code not in (0, TopicAlreadyExistsError.errno):
            raise for_code(code)(f"topic {name}: {message or ''}")


def _errors(answer: Any) -> list[tuple[str, int, str | None]]:
    rows = answer["topics"] if isinstance(answer, dict) else answer.topics
    return [
        (row["name"], row["error_code"], row.get("error_message"))
        if isinstance(row, dict)
        else (row.name, row.error_code, getattr(row, "error_message", None))
        for row in rows
    ]


def client_settings(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """kafka-python's settings from the services' variables; SettingsError names what is wrong with them."""
    return connection(load_kafka(environ), "golem")


def secret(environ: Mapping[str, str], name: str) -> str:
    """A variable's value, or the text of the file that NAME_FILE names; KeyError where neither is given."""
    if path := environ.get(f"{name}_FILE"):
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    return environ[name]


def main() -> int:
    try:
        partitions = int(os.environ.get("KAFKA_PARTITIONS") or 1)
        replication = int(os.environ.get("KAFKA_REPLICATION") or -1)
        made = create(client_settings(), partitions, replication, patience=60.0)
    except SettingsError as error:
        print(f"topics: {error}", file=sys.stderr)
        return EX_CONFIG
    except KafkaError as error:
        print(f"topics: {error}", file=sys.stderr)
        return 1
    print(f"topics: {len(made)} made, {len(topics()) - len(made)} were there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
