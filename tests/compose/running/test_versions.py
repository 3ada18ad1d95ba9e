"""An upgrade as docs/operations.md describes it: the version before and this one side by side, under load.

GOLEM_BEFORE names a checkout of the version before; `.ci/compose` makes one. The deployment is made anew for it.
"""

import json
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from deploy import SERVICES
from tests.compose.running.conftest import Deployment, compose, everything_holds, run
from tests.compose.running.load import asking, hiring
from tests.support.hires import Hire
from tests.support.processes import eventually

BEFORE = os.environ.get("GOLEM_BEFORE")
WEBS, WORKERS = ([f"{service}-{kind}" for service in SERVICES] for kind in ("web", "worker"))
JOBS = ["kafka-setup", "database-setup", *(f"{service}-indexes" for service in SERVICES)]
pytestmark = pytest.mark.skipif(not BEFORE, reason="no checkout of the version before (GOLEM_BEFORE)")


def beside(name: str) -> str:
    """One more container, of this version, beside the one that runs: a member of the same group, or a further answer
    to the service's name. Its id.
    """
    return compose("run", "--detach", "--no-deps", "--use-aliases", name).strip().splitlines()[-1]


def healthy(container: str) -> bool:
    """Whether it is; AssertionError with its last words where it has ended."""
    state = json.loads(run("docker", "inspect", container))[0]["State"]
    assert state["Running"], run("docker", "logs", "--tail", "20", container)
    return bool(state["Health"]["Status"] == "healthy")


def all_healthy(containers: list[str]) -> bool:
    return all(healthy(container) for container in containers)


def end(container: str) -> None:
    run("docker", "stop", "--timeout", "30", container)
    run("docker", "rm", container)


def recreate(name: str) -> None:
    compose("up", "--detach", "--no-deps", "--force-recreate", "--wait", name)


@pytest.fixture
def deployed_before(secrets: Path) -> Iterator[None]:
    """The version before, from its own files, with its own images, empty; afterwards this version as it is declared."""
    assert BEFORE
    compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "20", seconds=120)
    version = f"{os.environ.get('GOLEM_VERSION') or 'dev'}-before"
    of_it = {"GOLEM_VERSION": version, "GOLEM_SECRETS": str(secrets.resolve())}
    file = ("--project-directory", BEFORE, "--file", f"{BEFORE}/docker-compose.yml")
    run("docker", "compose", *file, "up", "--build", "--wait", "--wait-timeout", "300", seconds=600, environ=of_it)
    yield
    compose("up", "--detach", "--wait", "--wait-timeout", "240", "--remove-orphans", seconds=300)


def more(ended: list[Hire], count: int) -> None:
    enough = len(ended) + count
    eventually(lambda: len(ended) >= enough, f"{count} more hires", 180)


def test_an_upgrade_goes_on_beside_the_version_before(
    deployed_before: None, deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Jobs, then workers, then webs; of each service both versions work at once for a while. Every hire ends, and after
    a replay all is as if this version had been there from the beginning.
    """
    began, extra = time.monotonic(), list[str]()
    try:
        with hiring(deployment, described=False) as ended, asking(deployment, described=False) as asked:
            more(ended, 3)
            for job in JOBS:
                compose("run", "--rm", "-T", "--no-deps", job)
            more(ended, 3)  # this version's topics, rights and indexes under the version before
            for parts in (WORKERS, WEBS):
                extra = [beside(name) for name in parts]
                eventually(partial(all_healthy, extra), "the containers beside are healthy", 120)
                more(ended, 6)
                for name in parts:
                    recreate(name)
                while extra:
                    end(extra.pop())
                more(ended, 3)
        recreate("gateway")
        with hiring(deployment) as after:
            more(after, 3)
        # What this version keeps of events that the one before read and did not keep.
        compose("run", "--rm", "-T", "golem", "replay")
        everything_holds()
    finally:
        for container in extra:
            run("docker", "rm", "--force", container, check=False)
    with capsys.disabled():
        seconds = time.monotonic() - began
        print(f"\nupgraded in {seconds:.0f} s: {len(ended) + len(after)} hires ended and {asked}")

    assert asked.failed == []
