"""The parts of a run: tests that may run beside any other, those that have processes of their own and may run two at a
time, and those that need the machine to themselves.
"""

from collections.abc import Iterable
from typing import Any

import pytest

OVER = "the time was over"
PARTS = ("parallel", "processes", "serial")
_PROCESSES = ("tests/browser/", "tests/stack/", "tests/compose/running/", "tests/service/notify/test_many_streams.py",
              "tests/service/notify/test_webhooks.py")  # fmt: skip
_ALONE = (
    "tests/compose/running/", "tests/service/notify/test_many_streams.py", "tests/service/notify/test_webhooks.py",
    *(f"tests/stack/test_{each}.py"
      for each in ("kafka_tls", "kills", "outage_costs", "ready", "token_keys", "trouble", "up_odd", "wrong_clock")),
)  # fmt: skip
"""What is timed or measured, or takes all of the machine."""
_DATABASES = ("tests/service/", "tests/provider/", "tests/older/")
_SERVERS, _DATABASE = {"stack", "kafka_server"}, "mongo_server"


def part_of(item: pytest.Item) -> str:
    """Of servers, and of the processes of a stack, each of the processes that run tests side by side has its own; of
    a broker with its topics there are two at most.
    """
    if item.nodeid.startswith(_ALONE) or item.get_closest_marker("alone"):
        return "serial"
    return "processes" if _SERVERS.intersection(_fixtures(item)) or item.nodeid.startswith(_PROCESSES) else "parallel"


def has_server(item: pytest.Item) -> bool:
    """Whether it may talk to a server: the rest is the same on each ground."""
    return part_of(item) != "parallel" or _DATABASE in _fixtures(item) or item.nodeid.startswith(_DATABASES)


def _fixtures(item: pytest.Item) -> Iterable[str]:
    names: Iterable[str] = getattr(item, "fixturenames", ())
    return names


def over(reporter: Any) -> list[str]:
    """The files of the tests of this run for which the time was over, one for each test."""
    skipped = [each for each in reporter.stats.get("skipped", ()) if isinstance(each.longrepr, tuple)]
    return [each.nodeid.split("::")[0] for each in skipped if each.longrepr[2] == f"Skipped: {OVER}"]


def ran(reporter: Any) -> int:
    """How many tests of this run passed or failed; a test whose clean-up failed counts once."""
    return sum(len(reporter.stats.get(outcome, ())) for outcome in ("passed", "failed"))
