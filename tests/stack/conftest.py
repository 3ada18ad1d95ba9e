"""Hires on the whole stack."""

from collections.abc import Iterator

import pytest

from deploy.embedded.stack import Stack
from tests.support.hires import Hires
from tests.support.processes import patience
from tests.support.samples import is_built


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What our own package waits for takes longer where two stacks run side by side."""
    monkeypatch.setattr("deploy.demo.people.PATIENCE", patience(30.0))
    monkeypatch.setattr("deploy.demo.mails._PATIENCE", patience(30.0))


@pytest.fixture
def hires(stack: Stack) -> Iterator[Hires]:
    with Hires(stack) as playing:
        yield playing


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What leaves records on the topics that nobody of us wrote comes last: other tests read all that is there.

    Samples that were not built are left out; `.ci/samples` says which.
    """
    absent = [item for item in items if not is_built(_sample(item))]
    config.hook.pytest_deselected(items=absent)
    items[:] = [item for item in items if item not in absent]
    items.sort(key=lambda item: item.path.name == "test_hostile_records.py")


def _sample(item: pytest.Item) -> str | None:
    return (
        item.callspec.params.get("sample") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    )
