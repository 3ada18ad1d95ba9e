"""The benchmarks at a tiny size: each measures what it says and leaves a system that holds. Nothing is timed.

The floors and peers do the work of ours: 50 hires on each end in the same states, with as many records on the topics.
On Apache Kafka and `mongo:8` alone: the embedded database takes a minute for what is seconds there.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bench import copies, ground
from bench.__main__ import ROWS
from bench.floors.flow import TOPICS
from bench.ground import Ground
from bench.rows import paid
from bench.sizes import TINY
from deploy.system.connect import System
from deploy.verify.examination import examine
from deploy.verify.read import slices
from deploy.verify.spill import Spill

pytestmark = pytest.mark.containers

States = Counter[tuple[str, str | None, str | None]]
"""Documents by (database, kind, state)."""

Ended = tuple[States, dict[str, int]]
HIRES = 50
MEASURED = [name for name in ROWS if name != "cold"]
"""Not the cold start, which installs everything anew."""


@pytest.fixture(scope="module")
def measured(pytestconfig: pytest.Config) -> Iterator[Ground]:
    with ground.opened(pytestconfig.getoption("stack")) as on:
        yield on


@pytest.fixture(scope="module")
def ours(measured: Ground) -> Ended:
    """What 50 hires end in, on the running services."""
    return ended(paid.Contestant(measured, measured.prefix, ""))


@pytest.mark.parametrize("floor", ["bare", "tutorial", "faststream_app"])
def test_a_floor_does_the_work_of_ours(measured: Ground, ours: Ended, floor: str) -> None:
    """After 50 hires each: as many documents of each kind in each state, and as many records on each topic."""
    with paid.floor(measured, floor) as contestant:
        theirs = ended(contestant)

    assert theirs == ours
    assert ours[0]["escrow", "escrow", "settled"] == ours[0]["matching", "offer", "completed"] == HIRES
    assert ours[1] == dict.fromkeys(TOPICS, HIRES)


def ended(contestant: paid.Contestant) -> Ended:
    """What 50 hires changed: documents more or fewer by (database, kind, state), records more by topic."""
    contestant.prepare(HIRES)
    states, records = states_of(contestant), records_of(contestant)
    contestant.rate(HIRES)
    after = states_of(contestant)
    after.subtract(states)
    return +after, {topic: n - records[topic] for topic, n in records_of(contestant).items()}


def states_of(contestant: paid.Contestant) -> States:
    client, prefix = contestant.ground.client, contestant.database_prefix
    return Counter(
        (where, doc.get("kind"), doc.get("state"))
        for where, collection in copies.COLLECTIONS.items()
        for doc in client[f"{prefix}{where}"][collection].find({}, {"kind": 1, "state": 1})
    )


def records_of(contestant: paid.Contestant) -> dict[str, int]:
    found = dict.fromkeys(TOPICS, 0)
    named = [contestant.topic_prefix + topic for topic in TOPICS]
    for place, end in ground.ends_of(contestant.ground.stack.kafka, named).items():
        found[place.topic.removeprefix(contestant.topic_prefix)] += end
    return found


@pytest.mark.parametrize("name", MEASURED)
def test_a_benchmark_measures_what_it_says(measured: Ground, name: str) -> None:
    """Each row has a figure of ours and of its floor, a name of its own and a target, and can be kept as JSON."""
    rows = [row.as_json() for row in ROWS[name].rows(measured, TINY)]

    assert rows
    assert len({(row["name"], row["floor"]) for row in rows}) == len(rows)
    for row in rows:
        assert min(row["ours"]["rounds"] + row["of_floor"]["rounds"]) > 0, row
        assert json.loads(json.dumps(row)) == row


def test_what_was_measured_leaves_a_sound_system(measured: Ground) -> None:
    """`golem verify` holds after all of it, copies and all."""
    measured.quiet()
    stack = measured.stack
    system = System(stack.gateway, {"bootstrap_servers": [stack.kafka]}, stack.mongodb, measured.prefix)

    spill = Spill("")
    try:
        with slices(system, spill, timedelta()) as reading:
            report = examine(reading)
    finally:
        spill.close()

    assert [each for each in report["invariants"] if each["violations"]] == []
    assert report["holds"]
