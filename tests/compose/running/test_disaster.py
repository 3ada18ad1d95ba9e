"""What the runbook promises: a lost broker is rebuilt, an older database can be put back, workers scale.

Each test leaves the deployment running.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy import COLLECTIONS, SERVICES
from tests.compose.running.conftest import Deployment, compose, everything_holds, run
from tests.support.hires import Hires

PASSING = ("published", "outbox_at", "version", "timers", "due_at", "changed_at", "updated_at", "instruction")
"""What a relay or a timer of its own may change meanwhile: an accepted offer looks at its listing after a minute."""
HIRES = 4


def project() -> str:
    return os.environ.get("COMPOSE_PROJECT_NAME") or "good-golem"


def stop() -> None:
    compose("--profile", "observability", "stop", "--timeout", "40", seconds=200)


def start() -> float:
    began = time.monotonic()
    compose("up", "--detach", "--wait", "--wait-timeout", "240", seconds=300)
    return time.monotonic() - began


def forget_broker() -> None:
    """Its volume is gone, as after a broken disk."""
    compose("rm", "--force", "--stop", "kafka", "kafka-setup")
    run("docker", "volume", "rm", f"{project()}_kafka")


def hire(deployment: Deployment) -> None:
    with Hires(deployment) as hires:
        hires.many(HIRES, lambda i: hires.one())
        hires.active()


def documents(mongo: Callable[..., MongoClient[Any]]) -> dict[str, Any]:
    """Every aggregate: what it says, what it took, what it emitted."""
    found = {}
    for service in SERVICES:
        for each in mongo(service)[service][COLLECTIONS[service]].find({"kind": {"$nin": ["lease", "erased"]}}):
            found[f"{service}/{each['_id']}"] = {k: v for k, v in each.items() if k not in PASSING}
    return found


def _differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The fields that changed; to what was taken, more may have come."""
    fields = {name for name in {*before, *after} - {"applied"} if before.get(name) != after.get(name)}
    return sorted(fields | ({"applied"} if set(before.get("applied", ())) - set(after.get("applied", ())) else set()))


@pytest.fixture
def backup(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """backup("tar") keeps the stopped database's volume in a file, backup("untar") puts it back."""

    def act(what: str) -> None:
        command = {
            "tar": "tar -C /data/db -cf /backup/mongo.tar .",
            "untar": "find /data/db -mindepth 1 -delete && tar -C /data/db -xf /backup/mongo.tar",
        }[what]
        mounts = ("--volume", f"{project()}_mongo:/data/db", "--volume", f"{tmp_path}:/backup")
        run(
            "docker",
            "run",
            "--rm",
            "--network",
            "none",
            "--user",
            "0",
            *mounts,
            "--entrypoint",
            "sh",
            "mongo:8",
            "-c",
            command,
        )

    yield act


def test_a_lost_broker_is_rebuilt_from_the_documents(
    deployment: Deployment, mongo: Callable[..., MongoClient[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Volume deleted under a stopped stack, then `golem replay`: topics are back, and nobody's state has changed."""
    hire(deployment)
    everything_holds()
    before = documents(mongo)
    stop()
    forget_broker()

    seconds = start()
    counts = json.loads(compose("run", "--rm", "-T", "golem", "replay", "--json"))["events"]
    everything_holds()
    after = documents(mongo)
    with capsys.disabled():
        print(f"\nthe broker was empty; up in {seconds:.0f} s, {sum(counts.values())} events went out again")

    assert sum(counts.values()) > 50
    changed = {name: _differing(document, after.get(name, {})) for name, document in before.items()}
    assert {name: fields for name, fields in changed.items() if fields} == {}


def test_an_older_database_is_put_back(
    deployment: Deployment,
    mongo: Callable[..., MongoClient[Any]],
    backup: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What came after the backup is lost, on the topics too; what is there holds together, and work goes on."""
    stop()
    backup("tar")
    start()
    before = documents(mongo)
    hire(deployment)
    stop()
    backup("untar")
    forget_broker()

    seconds = start()
    compose("run", "--rm", "-T", "golem", "replay")
    everything_holds()
    after = documents(mongo)
    hire(deployment)
    everything_holds()
    with capsys.disabled():
        print(f"\nthe database was put back; up in {seconds:.0f} s, {len(after)} documents")

    assert set(after) == set(before)
    assert {name for name in before if before[name].get("events") != after[name].get("events")} == set()


def test_three_workers_share_the_partitions(deployment: Deployment) -> None:
    """`--scale escrow-worker=3`: all three are members with partitions, and hires go on."""
    compose("up", "--detach", "--no-recreate", "--wait", "--scale", "escrow-worker=3", "escrow-worker", seconds=180)
    try:
        hire(deployment)
        ids = compose("ps", "--quiet", "escrow-worker").split()
        everything_holds()
    finally:
        compose("up", "--detach", "--no-recreate", "--wait", "--scale", "escrow-worker=1", "escrow-worker", seconds=180)

    assert len(ids) == 3
