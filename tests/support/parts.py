"""The two parts of a run: tests that may run beside others, and those that need the machine to themselves."""

from typing import Any

import pytest

PARTS = ("parallel", "serial")
_PROCESSES = ("tests/browser/", "tests/stack/", "tests/compose/running/")
_SERVERS = {"stack", "kafka_server", "mongo_server"}


def part_of(item: pytest.Item) -> str:
    """What has a server or real processes is timed, and kills them: nothing runs beside it."""
    needs = _SERVERS.intersection(getattr(item, "fixturenames", ()))
    return "serial" if needs or item.nodeid.startswith(_PROCESSES) else "parallel"


def ran(reporter: Any) -> int:
    """How many tests of this run passed or failed; a test whose clean-up failed counts once."""
    return sum(len(reporter.stats.get(outcome, ())) for outcome in ("passed", "failed"))
