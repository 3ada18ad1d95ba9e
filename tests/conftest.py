"""What all suites share: `--stack`, the servers of that ground, a fresh database a test, and the whole stack."""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from pymongo import MongoClient
from pymongo.database import Database

from deploy.embedded.stack import Stack
from tests.support import grounds, parts
from tests.support.described import CheckedClient

Client = MongoClient[dict[str, Any]]

Flask.test_client_class = CheckedClient

# How long an example takes is the machine's affair: speed stands in a benchmark, never in a test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
_TEST_ENVIRONMENT = {
    f"{whose}RATE_{what}": number
    for whose in ("", "PUBLIC_")
    for what, number in (("PER_SECOND", "10000"), ("BURST", "100000"))
} | {"DRAFTS_PER_PERSON": "10000"}  # one has more than a page of them


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack", choices=grounds.GROUNDS, default="embedded", help="where the broker and the database come from"
    )
    parser.addoption(
        "--part", choices=parts.PARTS, help="one part: what may run beside all others, two at a time, or alone"
    )
    parser.addoption("--until", type=float, help="seconds since 1970: no test begins later, and those are named")
    parser.addoption("--with-server", action="store_true", help="only what talks to a server: it differs by the ground")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What needs nothing but Python is not even read where only the rest is asked for."""
    elsewhere = config.getoption("with_server") or config.getoption("part") in ("processes", "serial")
    return True if elsewhere and collection_path == Path(__file__).parent / "pure" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On another ground, tests of the embedded servers themselves are left out; so is what is not of the part."""
    ground, part = config.getoption("stack"), config.getoption("part")
    left_out = [
        item
        for item in items
        if (ground != "embedded" and item.get_closest_marker("embedded"))
        or (ground != "containers" and item.get_closest_marker("containers"))
        or (part is not None and parts.part_of(item) != part)
        or (config.getoption("with_server") and not parts.has_server(item))
    ]
    for item in items:
        if item.nodeid.startswith("tests/pure/") and parts.has_server(item):
            raise pytest.UsageError(f"{item.nodeid} wants a server, or is timed: its place is not tests/pure")
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """`python -m tests` counts its parts together."""
    if config.getoption("part") is not None:
        return
    where = "compose" if os.environ.get("GOLEM_COMPOSE") else config.getoption("stack")
    terminalreporter.write_line(f"ran {parts.ran(terminalreporter)} tests on {where}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """After the time that was given, nothing begins."""
    until = item.config.getoption("until")
    if until is not None and time.time() >= until:
        pytest.skip(parts.OVER)


@pytest.fixture(autouse=True)
def signals_as_they_were() -> Iterator[None]:
    """What one test does with a signal, processes that the next one starts would inherit."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.fixture(scope="session")
def ground(pytestconfig: pytest.Config) -> str:
    """embedded, containers or external."""
    return str(pytestconfig.getoption("stack"))


@pytest.fixture(scope="session")
def embedded_servers() -> Iterator[Stack]:
    """The embedded broker and database, without any service yet."""
    servers = Stack(environment=_TEST_ENVIRONMENT)
    try:
        servers.start_servers()
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="session")
def kafka_server(request: pytest.FixtureRequest, ground: str) -> Iterator[str]:
    """A broker with every topic: "host:port"."""
    if ground == "embedded":
        yield request.getfixturevalue("embedded_servers").kafka
    elif ground == "containers":
        with grounds.kafka_container() as server:
            yield server
    else:
        yield grounds.external_kafka()


@pytest.fixture(scope="session")
def mongo_server(request: pytest.FixtureRequest, ground: str) -> Iterator[str]:
    """A database server: its URI."""
    if ground == "embedded":
        yield request.getfixturevalue("embedded_servers").mongodb
    elif ground == "containers":
        with grounds.mongo_container() as uri:
            yield uri
    else:
        yield grounds.external_mongo()


@pytest.fixture(scope="session")
def mongo_client(mongo_server: str) -> Iterator[Client]:
    client: Client = MongoClient(mongo_server, socketTimeoutMS=60_000)  # a drop takes long on a busy machine
    yield client
    client.close()


@pytest.fixture
def database(mongo_client: Client) -> Iterator[Database[dict[str, Any]]]:
    """A database of this test's own, dropped after it."""
    name = f"test_{secrets.token_hex(6)}"
    yield mongo_client[name]
    mongo_client.drop_database(name)


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, ground: str, kafka_server: str, mongo_server: str) -> Iterator[Stack]:
    """The whole system: every process, against the ground's broker and database."""
    if ground == "embedded":
        whole = request.getfixturevalue("embedded_servers")
        whole.start_services()
        yield whole
        return
    prefix = f"test_{secrets.token_hex(4)}_"
    whole = Stack(kafka=kafka_server, mongodb=mongo_server, database_prefix=prefix, environment=_TEST_ENVIRONMENT)
    with whole:
        yield whole
    client: Client = MongoClient(mongo_server)
    for name in client.list_database_names():
        if name.startswith(prefix):
            client.drop_database(name)
    client.close()
