"""`python -m tests [options of pytest]`: first what may run beside others, on all cores; then what has processes of its
own, two files at a time; then the rest, one by one.

Ends with one count of all. The exit code is that of the first part that failed; pytest's 5 where no test was chosen.
"""

import sys
from collections import Counter
from typing import Any

import pytest

from tests.support import parts

_HOW = {"parallel": ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"],
        "processes": ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"], "serial": ["-n", "0"]}  # fmt: skip
_FINISHED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


class Count:
    """How many tests ran, over all parts, on which ground, and whether a failure is to end all."""

    def __init__(self) -> None:
        self.ran, self.ground, self.stops = 0, "", False
        self.over = Counter[str]()

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_auto_num_workers(self, config: pytest.Config) -> int | None:
        """Of stacks two at a time, though of servers that are given there is one broker; of the rest one a core."""
        if config.getoption("part") != "processes":
            return None
        return 1 if config.getoption("stack") == "external" else 2

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        self.ran += parts.ran(terminalreporter)
        self.over.update(parts.over(terminalreporter))
        self.ground = config.getoption("stack")
        self.stops = bool(config.getoption("maxfail"))


def main(arguments: list[str]) -> int:
    count, worst = Count(), pytest.ExitCode.NO_TESTS_COLLECTED
    until = any(each.startswith("--until") for each in arguments)
    for part in reversed(parts.PARTS) if until else parts.PARTS:  # what needs the servers most comes first
        code = pytest.ExitCode(pytest.main([*arguments, "--part", part, *_HOW[part]], plugins=[count]))
        if code not in _FINISHED:
            return code
        if code != pytest.ExitCode.NO_TESTS_COLLECTED and worst != pytest.ExitCode.TESTS_FAILED:
            worst = code
        if code == pytest.ExitCode.TESTS_FAILED and count.stops:
            break
    if count.over:
        files = ", ".join(f"{n} of {file.removeprefix('tests/')}" for file, n in sorted(count.over.items()))
        print(f"NOT RUN: {count.over.total()} tests on {count.ground}, {parts.OVER}: {files}")
    print(f"ran {count.ran} tests on {count.ground}", flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
