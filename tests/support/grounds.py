"""The grounds that the suites run on: where a Kafka broker and a MongoDB server come from.

embedded: both from PyPI, started here; containers: Apache Kafka and MongoDB by testcontainers; external: servers that
may be filled and emptied, named by the variables KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI.
"""

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.embedded.ports import free_ports
from deploy.kafka.topics import client_settings, create

GROUNDS = ("embedded", "containers", "external")
KAFKA_IMAGE = "apache/kafka:4.3.1"
MONGO_IMAGE = "mongo:8"
_PATIENCE = 300.0
"""Seconds for a server in a container, on a slow machine with others starting beside it."""
_MONGO_OPTIONS = "authSource=admin&directConnection=true&w=majority&readConcernLevel=majority&retryWrites=false"


@contextmanager
def kafka_container() -> Iterator[str]:
    """A broker of its own in a container, with every topic: "host:port"."""
    port = next(free_ports())
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:29093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        # The broker writes transactions' markers to itself, and its address outside leads nowhere inside.
        "KAFKA_LISTENERS": "CONTROLLER://:29093,PLAINTEXT://:9092,INSIDE://:29092",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port},INSIDE://127.0.0.1:29092",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }
    with container(KAFKA_IMAGE, settings, {9092: port}):
        server = f"127.0.0.1:{port}"
        create({"bootstrap_servers": [server], "bootstrap_timeout_ms": 5000}, patience=_PATIENCE)
        yield server


@contextmanager
def mongo_container() -> Iterator[str]:
    """A MongoDB server of its own in a container: its URI, as root."""
    port, password = next(free_ports()), secrets.token_hex(12)
    settings = {"MONGO_INITDB_ROOT_USERNAME": "root", "MONGO_INITDB_ROOT_PASSWORD": password}
    with container(MONGO_IMAGE, settings, {27017: port}):
        uri = f"mongodb://root:{password}@127.0.0.1:{port}/?{_MONGO_OPTIONS}"
        _await_mongo(uri)
        yield uri


def external_kafka() -> str:
    server = _required("KAFKA_BOOTSTRAP_SERVERS")
    create(client_settings())
    return server


def external_mongo() -> str:
    return _required("MONGODB_URI")


@contextmanager
def container(
    image: str, settings: Mapping[str, str], ports: Mapping[int, int], files: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Runs until the block ends; `ports` are {inside: on this machine}, `files` {path here: read-only path inside}."""
    from testcontainers.core.container import DockerContainer  # only this ground needs a Docker engine

    # As root: a start script that replaces read-only files of its own image could not do it otherwise.
    made = DockerContainer(image, user="0")
    for name, value in settings.items():
        made.with_env(name, value)
    for inside, outside in ports.items():
        made.with_bind_ports(inside, outside)
    for here, inside_path in (files or {}).items():
        made.with_volume_mapping(here, inside_path)
    with made:
        yield


def _await_mongo(uri: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        client: MongoClient[dict[str, Any]] = MongoClient(uri, serverSelectionTimeoutMS=1000)
        try:
            client.admin.command("ping")
            # The entrypoint's first server, which only makes the user, answers a ping as well; but not to that user.
            client.admin.command("connectionStatus")
            return
        except PyMongoError:
            if time.monotonic() > deadline:
                raise
        finally:
            client.close()


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise pytest.UsageError(f"--stack external needs {name}")
    return value
