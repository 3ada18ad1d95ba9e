"""An upgrade as docs/operations.md describes it, and the way back: two versions side by side, under load.

GOLEM_BEFORE names a checkout of the version before; `.ci/compose` makes one. The deployment is made anew for it.
"""

import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaConsumer

from deploy import SERVICES
from shared.events import EVENT_NAMES
from tests.compose.running.conftest import ROOT, Deployment, compose, everything_holds, run
from tests.compose.running.load import asking, hiring
from tests.support.hires import Hire
from tests.support.processes import eventually
from tests.support.topics import read_to_ends

BEFORE = os.environ.get("GOLEM_BEFORE")
WEBS, WORKERS = ([f"{service}-{kind}" for service in SERVICES] for kind in ("web", "worker"))
SINCE = ["notify-streams"]
"""Webs that the version before does not have: last of the webs they come with the upgrade, and go on the way back."""
REPEATS = 10
"""At most, and of the version before alone, which forgets what it has sent where the database fails its mark (decision
60) and lets go of its lease before its relay has ended (59); `golem verify` says that they are exact repeats.
"""
JOBS = ["kafka-setup", "database-setup", *(f"{service}-indexes" for service in SERVICES)]
pytestmark = pytest.mark.skipif(not BEFORE, reason="no checkout of the version before (GOLEM_BEFORE)")


Compose = Callable[..., str]
"""`docker compose` with the files and images of a version."""


def compose_before(*command: str, seconds: float = 120) -> str:
    """As `compose`, of the version before: with the listener that the tests read the topics by."""
    version = f"{os.environ.get('GOLEM_VERSION') or 'dev'}-before"
    secrets = Path(os.environ.get("GOLEM_SECRETS") or "deploy/.secrets")
    environ = {"GOLEM_VERSION": version, "GOLEM_SECRETS": str((ROOT / secrets).resolve())}
    folder = ("--project-directory", str(BEFORE))
    files = [f"--file={BEFORE}/{name}" for name in ("docker-compose.yml", "deploy/compose.subscribers.yml")]
    return run("docker", "compose", *folder, *files, *command, seconds=seconds, environ=environ)


def beside(name: str, of: Compose) -> str:
    """One more container, of that version, beside the one that runs: a member of the same group, or a further answer
    to the service's name. Its id.
    """
    return of("run", "--detach", "--no-deps", "--use-aliases", name).strip().splitlines()[-1]


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


def recreate(name: str, of: Compose = compose) -> None:
    of("up", "--detach", "--no-deps", "--force-recreate", "--wait", name)


@pytest.fixture(scope="module")
def deployed_before() -> Iterator[None]:
    """The version before, from its own files, with its own images, empty; afterwards this version as it is declared."""
    compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "20", seconds=120)
    compose_before("up", "--build", "--wait", "--wait-timeout", "300", seconds=600)
    yield
    compose("up", "--detach", "--wait", "--wait-timeout", "240", "--remove-orphans", seconds=300)


def more(ended: list[Hire], count: int) -> None:
    enough = len(ended) + count
    eventually(lambda: len(ended) >= enough, f"{count} more hires", 240)


def take_over(parts: list[str], of: Compose, extra: list[str], ended: list[Hire]) -> None:
    """That version beside what runs, for some hires; then in its place."""
    extra += [beside(name, of) for name in parts]
    eventually(partial(all_healthy, extra), "the containers beside are healthy", 120)
    more(ended, 6)
    for name in parts:
        recreate(name, of)
    while extra:
        end(extra.pop())
    more(ended, 3)


def jobs(of: Compose) -> None:
    for job in JOBS:
        of("run", "--rm", "-T", "--no-deps", job)


def golem(*command: str) -> str:
    return compose("run", "--rm", "-T", "golem", *command)


def backfilled() -> Counter[str]:
    """How many events each service was sent again; once they are taken, there is nothing that it lacks."""
    sent = json.loads(golem("backfill", "--json"))["events"]
    everything_holds()
    lacking = json.loads(golem("backfill", "--dry-run", "--json"))
    assert lacking == {"events": dict.fromkeys(SERVICES, {}), "sent": False}
    return Counter({service: sum(events.values()) for service, events in sent.items()})


def read_twice(at_least: int = 100) -> dict[str, int]:
    """{ce_id: how often} of what a subscriber that read all topics from their beginning was sent more than once."""
    lines = golem("events", "--no-follow", "--json").splitlines()
    read = Counter(json.loads(line)["headers"].get("ce_id") for line in lines)
    assert len(read) >= at_least
    return {event_id: count for event_id, count in read.items() if count > 1}


def repeats(operator: KafkaConsumer) -> dict[str, list[float]]:
    """{ce_id: when it was sent again, in seconds since 1970} of what stands on its topic more than once."""
    times = defaultdict[str, list[float]](list)
    for record in read_to_ends(operator, sorted({*EVENT_NAMES} & operator.topics()), 120):
        times[dict(record.headers)["ce_id"].decode()].append(record.timestamp / 1000)
    assert len(times) >= 100
    return {event_id: sorted(sent)[1:] for event_id, sent in times.items() if len(sent) > 1}


def test_an_upgrade_goes_on_beside_the_version_before(
    deployed_before: None, patient: None, deployment: Deployment, extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Jobs, then workers, then webs; of each service both versions work at once for a while. Every hire ends, and after
    `golem backfill` all is as if this version had been there from the beginning, though no subscriber reads an event
    twice.
    """
    began = time.monotonic()
    with hiring(deployment, described=False) as ended, asking(deployment, described=False) as asked:
        more(ended, 3)
        jobs(compose)
        more(ended, 3)  # this version's topics, rights and indexes under the version before
        for parts in (WORKERS, WEBS):
            take_over(parts, compose, extra, ended)
        for name in SINCE:
            recreate(name)
    recreate("gateway")
    with hiring(deployment) as after:
        more(after, 3)
    sent = backfilled()
    with capsys.disabled():
        print(f"\nupgraded in {time.monotonic() - began:.0f} s: {len(ended) + len(after)} hires ended and {asked}")
        print(f"events that services were sent again: {dict(sent)}")

    assert asked.failed == []
    assert read_twice() == {}


def test_the_way_back_goes_on_beside_it_and_so_does_the_way_forward_again(
    deployed_before: None,
    patient: None,
    deployment: Deployment,
    extra: list[str],
    consumer: Callable[..., KafkaConsumer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From where the upgrade has ended. Back: webs, then workers. While this version's workers run alone, no event is
    sent again.
    """
    began, since = time.monotonic(), time.time()
    with hiring(deployment, described=False) as back, asking(deployment, described=False) as asked_back:
        take_over(WEBS, compose_before, extra, back)
        theirs_from = time.time()
        take_over(WORKERS, compose_before, extra, back)
    recreate("gateway", compose_before)
    compose("rm", "--force", "--stop", *SINCE)
    compose_before("run", "--rm", "-T", "--no-deps", "kafka-setup")
    with hiring(deployment, described=False) as again:
        more(again, 3)
        jobs(compose)
        take_over(WORKERS, compose, extra, again)
        theirs_until = time.time()
        take_over(WEBS, compose, extra, again)
        for name in SINCE:
            recreate(name)
    recreate("gateway")
    sent = backfilled()
    with capsys.disabled():
        print(f"back and forward in {time.monotonic() - began:.0f} s: {len(back) + len(again)} hires and {asked_back}")
        print(f"events that services were sent again: {dict(sent)}")
    repeated = repeats(consumer("operator"))
    with capsys.disabled():
        print(f"events on their topics more than once: {repeated}")

    assert asked_back.failed == []
    again = [at for times in repeated.values() for at in times if at > since]
    assert [at for at in again if not theirs_from <= at <= theirs_until] == []
    assert len(repeated) <= REPEATS
