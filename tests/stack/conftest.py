"""Hires on the whole stack."""

from collections.abc import Iterator

import pytest

from deploy.embedded.stack import Stack
from tests.support.hires import Hires


@pytest.fixture
def hires(stack: Stack) -> Iterator[Hires]:
    with Hires(stack) as playing:
        yield playing
