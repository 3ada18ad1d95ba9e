"""Waits until a service can work with the broker: `python -m deploy.kafka.ready SERVICE`, with the service's own login.

Ends with 0 once the broker lets it in and shows it every topic that it reads or writes: a broker shows a topic to those
alone who have a right to it, so topics, users and rights are there. After five minutes it says what is missing and ends
with 1.
"""

import logging
import os
import sys
import time
from collections.abc import Mapping

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from deploy import SERVICES
from deploy.kafka.principals import emits, reads
from deploy.kafka.topics import client_settings
from shared.messaging.kafka.opening import using

_PATIENCE, _PAUSE = 300.0, 2.0


def missing(service: str, environ: Mapping[str, str]) -> list[str]:
    """The topics of a service that the broker does not show it. KafkaError, KeyError, OSError."""
    needed = {*reads(service), *emits(service), f"{service}.dead", f"{service}.redrive"}
    with using(KafkaAdminClient, **client_settings(environ)) as admin:
        return sorted(needed - {*admin.list_topics()})


def wait(service: str, environ: Mapping[str, str], patience: float = _PATIENCE) -> str | None:
    """What is still missing after `patience` seconds, in one line; None once nothing is. KeyError, OSError."""
    deadline = time.monotonic() + patience
    while True:
        try:
            found = missing(service, environ)
            why = f"{len(found)} topics are not there, or not for us: {', '.join(found[:3])}"
        except KafkaError as error:
            found, why = [service], f"the broker does not let us in: {error}"
        if not found:
            return None
        if time.monotonic() > deadline:
            return why
        time.sleep(_PAUSE)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in SERVICES:
        print(f"usage: python -m deploy.kafka.ready {'|'.join(SERVICES)}", file=sys.stderr)
        return 64
    logging.getLogger("kafka").addHandler(logging.NullHandler())
    why = wait(arguments[0], os.environ)
    print(f"{arguments[0]}: {why or 'its topics are there'}", file=sys.stderr if why else sys.stdout)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
