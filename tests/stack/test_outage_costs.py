"""An outage costs no thread, no descriptor and no page of log; in short here, ten minutes by `tests.soak_outage`."""

from collections.abc import Iterator

import pytest

from deploy.embedded.stack import Stack
from tests.soak_outage import Held, Phase, grown, soak

pytestmark = pytest.mark.embedded

SECONDS = 45.0


@pytest.fixture
def own() -> Iterator[Stack]:
    """Whose processes are as old as the test: others would have left their pools half full."""
    with Stack(environment={"RATE_PER_SECOND": "10000", "RATE_BURST": "100000"}) as stack:
        yield stack


def test_nothing_grows_while_kafka_or_the_database_is_away(own: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """A hire before and one after; eight processes, the same ones, hold as much and have logged next to nothing."""
    assert soak(own, SECONDS, print) == []
    with capsys.disabled():
        print(f"\n{SECONDS:.0f} s of outages on the embedded stack:\n{capsys.readouterr().out}")


@pytest.mark.parametrize("step", [Held(1, 0, 0), Held(0, 3, 0), Held(0, 0, 3.0)])
def test_what_grows_is_seen(step: Held) -> None:
    """A thread, three descriptors or three MB a second, as an unclosed client cost."""

    def phase(name: str, grows: int) -> Phase:
        made = Phase(name)
        for samples in made.samples.values():
            samples += [Held(10, 20, 70.0)] * 15
        made.samples["escrow-worker"] = [
            Held(10 + n * grows * step.threads, 20 + n * grows * step.descriptors, 70 + n * grows * step.mb)
            for n in range(15)
        ]
        return made

    assert grown([phase("before", 0), phase("Kafka", 0)]) == []
    (line,) = grown([phase("before", 0), phase("Kafka", 1)])
    assert line.startswith("escrow-worker, Kafka: ")
