"""The two parts of a run: tests that may run beside others, and those that need the machine to themselves."""

from collections.abc import Iterable
from typing import Any

import pytest

PARTS = ("parallel", "serial")
_PROCESSES = ("tests/browser/", "tests/stack/", "tests/compose/running/", "tests/service/notify/test_many_streams.py",
              "tests/service/notify/test_webhooks.py")  # fmt: skip
_DATABASES = ("tests/service/", "tests/provider/", "tests/older/")
_ALONE, _DATABASE = {"stack", "kafka_server"}, "mongo_server"


def part_of(item: pytest.Item) -> str:
    """What has a broker or real processes is timed, and kills them: nothing runs beside it. Of the databases' servers
    each of the processes that run side by side has its own.
    """
    needs = _ALONE.intersection(_fixtures(item))
    return "serial" if needs or item.nodeid.startswith(_PROCESSES) else "parallel"


def has_server(item: pytest.Item) -> bool:
    """Whether it may talk to a server: the rest is the same on each ground."""
    return part_of(item) == "serial" or _DATABASE in _fixtures(item) or item.nodeid.startswith(_DATABASES)


def _fixtures(item: pytest.Item) -> Iterable[str]:
    names: Iterable[str] = getattr(item, "fixturenames", ())
    return names


def ran(reporter: Any) -> int:
    """How many tests of this run passed or failed; a test whose clean-up failed counts once."""
    return sum(len(reporter.stats.get(outcome, ())) for outcome in ("passed", "failed"))
