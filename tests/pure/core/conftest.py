"""The kernel's loops go on after an error of one document, and log it: so does a test that its own mistake broke."""

import logging
from collections.abc import Iterator

import pytest


class _Swallowed(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] is not None:
            self.said.append(f"{record.name}: {record.exc_info[1]!r}")


@pytest.fixture(autouse=True)
def nothing_is_swallowed(request: pytest.FixtureRequest) -> Iterator[None]:
    """An exception that was only logged fails the test, unless it is marked `logs_errors`; then there has to be one."""
    swallowed = _Swallowed()
    logging.getLogger().addHandler(swallowed)
    yield
    logging.getLogger().removeHandler(swallowed)
    meant = request.node.get_closest_marker("logs_errors") is not None
    assert bool(swallowed.said) == meant, swallowed.said or "nothing was logged"
