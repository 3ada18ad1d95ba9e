"""Hires on the whole stack."""

from collections.abc import Iterator

import pytest

from deploy.embedded.stack import Stack
from tests.support.hires import Hires


@pytest.fixture
def hires(stack: Stack) -> Iterator[Hires]:
    with Hires(stack) as playing:
        yield playing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What leaves records on the topics that nobody of us wrote comes last: other tests read all that is there."""
    items.sort(key=lambda item: item.path.name == "test_hostile_records.py")
