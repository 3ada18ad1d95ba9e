"""`python -m tests [options of pytest]`: first what may run beside others, on all cores; then the rest, one by one.

Ends with one count of both. The exit code is that of the first part that failed; pytest's 5 where no test was chosen.
"""

import sys
from typing import Any

import pytest

from tests.support import parts

_HOW = {"parallel": ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"], "serial": ["-n", "0"]}
_FINISHED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


class Count:
    """How many tests ran, over both parts, on which ground, and whether a failure is to end all."""

    def __init__(self) -> None:
        self.ran, self.ground, self.stops = 0, "", False

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        self.ran += parts.ran(terminalreporter)
        self.ground = config.getoption("stack")
        self.stops = bool(config.getoption("maxfail"))


def main(arguments: list[str]) -> int:
    count, worst = Count(), pytest.ExitCode.NO_TESTS_COLLECTED
    for part in parts.PARTS:
        code = pytest.ExitCode(pytest.main([*arguments, "--part", part, *_HOW[part]], plugins=[count]))
        if code not in _FINISHED:
            return code
        if code != pytest.ExitCode.NO_TESTS_COLLECTED and worst != pytest.ExitCode.TESTS_FAILED:
            worst = code
        if code == pytest.ExitCode.TESTS_FAILED and count.stops:
            break
    print(f"ran {count.ran} tests on {count.ground}", flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
