"""The job that makes a broker ready: topics, users and ACLs. `python -m deploy.kafka.setup`; again changes nothing.

It comes in as the broker's administrator, by the variables of a service (KAFKA_BOOTSTRAP_SERVERS, KAFKA_SASL_..., ...).
Users come in at KAFKA_CLIENTS (host:port, SCRAM-SHA-512), each with the password in SECRETS/kafka_<name>_password.
Without KAFKA_CLIENTS no users are made: they come in by client certificates or tokens, or somebody else makes them.
Subscribers that `golem subscriber add` made keep their passwords, and read what has become public since.
KAFKA_PARTITIONS (default 6) says how new topics of events are laid out, KAFKA_REPLICATION how often each is kept.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from deploy import SERVICES
from deploy.kafka.access import renew, set_acls, set_users
from deploy.kafka.principals import OPERATOR, acls
from deploy.kafka.topics import Result, client_settings, create, patiently
from shared.messaging.kafka import using
from shared.settings import EX_CONFIG, SettingsError

PRINCIPALS = (*SERVICES, OPERATOR)
RESERVED = frozenset({*PRINCIPALS, "admin", "anonymous"})
"""Names that no subscriber has."""

_PATIENCE = 300.0
"""Seconds for a broker that is away or busy, in all of it."""


def setup(environ: Mapping[str, str]) -> str:
    """Bring the broker to what is declared; one line of what was done. KafkaError, SettingsError, OSError."""
    client = client_settings(environ)
    secrets = Path(environ.get("SECRETS") or "/run/secrets")
    named = PRINCIPALS if environ.get("KAFKA_CLIENTS") else ()
    passwords = {name: (secrets / f"kafka_{name}_password").read_text().strip() for name in named}
    replication = int(environ.get("KAFKA_REPLICATION") or -1)

    deadline = time.monotonic() + _PATIENCE

    def left() -> float:
        return max(0.0, deadline - time.monotonic())

    def asked(step: Callable[[KafkaAdminClient], Result]) -> Result:
        def once() -> Result:
            with using(KafkaAdminClient, **client) as admin:
                return step(admin)

        return patiently(once, left())

    # Users first: a broker that is making its partitions takes long to let them in.
    users = asked(lambda admin: set_users(admin, passwords, clients(environ))) if passwords else []
    topics = create(client, int(environ.get("KAFKA_PARTITIONS") or 6), replication, left())
    made, gone = asked(lambda admin: set_acls(admin, acls(), PRINCIPALS))
    renewed, more, less = asked(lambda admin: renew(admin, RESERVED))
    return (
        f"kafka: made {len(topics)} topics, {len(users)} users, {made + more} ACLs; took {gone + less} ACLs away; "
        f"{len(renewed)} subscribers"
    )


def clients(environ: Mapping[str, str]) -> dict[str, Any]:
    """How a user comes in, without name and password: to the brokers that the administrator trusts as well."""
    tls = {name: value for name, value in client_settings(environ).items() if name.startswith("ssl_")}
    return {
        **tls,
        "bootstrap_servers": environ["KAFKA_CLIENTS"].split(","),
        "security_protocol": environ.get("KAFKA_CLIENTS_PROTOCOL") or "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "bootstrap_timeout_ms": 5000,
    }


def main() -> int:
    try:
        print(setup(os.environ))
    except SettingsError as error:
        print(f"kafka: {error}", file=sys.stderr)
        return EX_CONFIG
    except (KafkaError, OSError) as error:
        print(f"kafka: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
