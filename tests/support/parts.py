"""The two parts of a run: tests that may run beside others, and those that need the machine to themselves."""

from typing import Any

import pytest

PARTS = ("parallel", "serial")
_PROCESSES = ("tests/stack/", "tests/compose/running/")
_SHARED = {"stack", "kafka_server"}
_DATABASE = "mongo_server"


def part_of(item: pytest.Item, ground: str) -> str:
    """Real processes, and a broker, are timed and killed, so nothing may run beside them. A database is of one worker:
    cheap where it is embedded, one container for all where it is not.
    """
    fixtures = set(getattr(item, "fixturenames", ()))
    alone = _SHARED if ground == "embedded" else {*_SHARED, _DATABASE}
    return "serial" if item.nodeid.startswith(_PROCESSES) or fixtures & alone else "parallel"


def ran(reporter: Any) -> int:
    """How many tests of this run passed or failed; a test whose clean-up failed counts once."""
    return sum(len(reporter.stats.get(outcome, ())) for outcome in ("passed", "failed"))
