"""Kills and restarts while hires run: every hire that began ends, is paid once, and the whole holds afterwards."""

import os
import signal
import time
from pathlib import Path

import pytest

from deploy import SERVICES
from tests.compose.running.conftest import Deployment, compose, everything_holds
from tests.compose.running.faults import children, state
from tests.compose.running.load import OPERATIONS, asking, hiring

APPS = [f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")]
_BACK_WITHIN = 90.0
_HUNG_WITHIN = 120.0
"""Seconds, as docs/operations.md says."""


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


def test_hires_survive_the_death_of_every_container(
    patient: None, deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
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


def test_what_hangs_is_started_again(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    """A worker, a web's master, a web's only worker process, a first process itself and the gateway, stopped by
    SIGSTOP all at once: nobody sees it end, and each is back within the time that the runbook says.
    """
    names = ("escrow-worker", "listing-web", "matching-web", "notify-worker", "gateway")
    before = {name: state(name)["Pid"] for name in names}
    hung = {name: children(pid)[0] for name, pid in before.items()}
    hung["matching-web"] = children(hung["matching-web"])[0]
    hung["notify-worker"] = before["notify-worker"]
    began = time.monotonic()
    for pid in hung.values():
        os.kill(pid, signal.SIGSTOP)
    back: dict[str, float] = {}
    while len(back) < len(hung) and time.monotonic() - began < _HUNG_WITHIN:
        for name in hung.keys() - back.keys():
            now = state(name)
            anew = now["Pid"] != before[name] or not Path(f"/proc/{hung[name]}").exists()
            if anew and now.get("Health", {}).get("Status") == "healthy":
                back[name] = time.monotonic() - began
        time.sleep(0.5)
    with capsys.disabled():
        print("\nseconds until what hung was started again and healthy:")
        print("\n".join(f"  {name:<16} {seconds:5.1f}" for name, seconds in back.items()))

    assert set(back) == set(hung), {name: state(name) for name in hung.keys() - back.keys()}
    with hiring(deployment) as ended:
        time.sleep(5)
    everything_holds()
    assert ended


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
