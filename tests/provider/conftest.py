"""The adapters under test, each over every ground it can keep its records on."""

from collections.abc import Callable, Mapping

import pytest

from services.escrow.provider.port import Notices, Provider
from services.escrow.provider.sandbox.store import MongoStore
from tests.provider.harness import Harness, Known, Receiver
from tests.provider.sandbox import SandboxHarness
from tests.support.clock import ManualClock
from tests.support.sandbox import MemoryStore


def sandbox_over_memory(request: pytest.FixtureRequest) -> Harness:
    return SandboxHarness(MemoryStore())


def sandbox_over_database(request: pytest.FixtureRequest) -> Harness:
    store = MongoStore(request.getfixturevalue("database"))
    store.migrate()
    return SandboxHarness(store)


HARNESSES: Mapping[str, Callable[[pytest.FixtureRequest], Harness]] = {
    "sandbox-memory": sandbox_over_memory,
    "sandbox-database": sandbox_over_database,
}


@pytest.fixture(params=HARNESSES)
def harness(request: pytest.FixtureRequest) -> Harness:
    """One adapter, with nothing in its records."""
    return HARNESSES[request.param](request)


@pytest.fixture
def provider(harness: Harness) -> Provider:
    return harness.provider


@pytest.fixture
def notices(harness: Harness) -> Notices:
    return harness.notices


@pytest.fixture
def receiver(harness: Harness) -> Receiver:
    return harness.receiver


@pytest.fixture
def clock(harness: Harness) -> ManualClock:
    return harness.clock


@pytest.fixture
def known(harness: Harness) -> Known:
    return harness.known
