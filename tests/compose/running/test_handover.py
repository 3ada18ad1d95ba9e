"""Workers of this version take over from each other under load: every hire ends, and nobody reads an event twice."""

import pytest

from tests.compose.running.conftest import Deployment, compose, everything_holds
from tests.compose.running.load import hiring
from tests.compose.running.test_versions import WORKERS, read_twice, take_over


def test_workers_take_over_twice(
    patient: None, deployment: Deployment, extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each has one more beside it, is made anew, and is alone again; what the topics held before is left out."""
    before = read_twice(0)
    with hiring(deployment, described=False) as ended:
        for _ in range(2):
            take_over(WORKERS, compose, extra, ended)
    everything_holds()
    with capsys.disabled():
        print(f"\n{len(ended)} hires ended while workers took over {2 * 2 * len(WORKERS)} times")

    assert read_twice() == before
