"""Kills and restarts while hires run: every hire that began ends, is paid once, and the whole holds afterwards."""

import json
import os
import signal
import time
from typing import Any

import pytest

from deploy import SERVICES
from tests.compose.running.conftest import Deployment, compose, everything_holds, run
from tests.compose.running.load import OPERATIONS, asking, hiring

APPS = [f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")]
_BACK_WITHIN = 90.0


def state(name: str) -> dict[str, Any]:
    found: list[Any] = json.loads(run("docker", "inspect", *compose("ps", "--all", "--quiet", name).split()))
    said: dict[str, Any] = found[0]["State"]
    return said


def kill(name: str) -> float:
    """SIGKILL to a container's first process, as by a crash; seconds until the restart policy has it healthy again."""
    before = state(name)
    began = time.monotonic()
    os.kill(before["Pid"], signal.SIGKILL)
    while time.monotonic() - began < _BACK_WITHIN:
        now = state(name)
        if now["StartedAt"] != before["StartedAt"] and now.get("Health", {}).get("Status") == "healthy":
            return time.monotonic() - began
        time.sleep(0.2)
    raise AssertionError(f"{name} did not come back: {state(name)}")


def test_hires_survive_the_death_of_every_container(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """Each in turn, the broker and the database last."""
    away: dict[str, float] = {}
    with hiring(deployment) as ended:
        for name in [*APPS, "gateway", "mailpit", "kafka", "mongo"]:
            away[name] = kill(name)
            time.sleep(1)
    everything_holds()
    with capsys.disabled():
        print(f"\n{len(ended)} hires ended; seconds until each killed container was healthy again:")
        print("\n".join(f"  {name:<16} {seconds:5.1f}" for name, seconds in away.items()))

    assert len(ended) >= 10


def test_a_rolling_restart_fails_no_request(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """All eight app containers are made anew, one after the other, as by an upgrade; no answer is 500 or above."""
    took: dict[str, float] = {}
    with hiring(deployment) as ended, asking(deployment) as asked:
        for name in APPS:
            began = time.monotonic()
            compose("up", "--detach", "--no-deps", "--force-recreate", "--wait", name)
            took[name] = time.monotonic() - began
    everything_holds()
    with capsys.disabled():
        print(f"\n{len(ended)} hires and {asked}")
        print("\n".join(f"  {name:<16} {seconds:5.1f}" for name, seconds in took.items()))

    assert asked.failed == []
    assert set(asked.operations) == set(OPERATIONS)
