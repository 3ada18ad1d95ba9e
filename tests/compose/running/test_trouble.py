"""Kills and restarts while hires run: every hire that began ends, is paid once, and the whole holds afterwards."""

import json
import os
import secrets as randomness
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from deploy import SERVICES
from tests.compose.running.conftest import Deployment, compose, everything_holds, run
from tests.support.hires import Hire, Hires, listing

APPS = [f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")]
_PEOPLE = 3
_BACK_WITHIN = 90.0


@contextmanager
def threads(count: int, body: Callable[[threading.Event], None]) -> Iterator[list[BaseException]]:
    """Run a body in threads until the block ends; the errors that they ended with."""
    enough, errors = threading.Event(), list[BaseException]()

    def guarded() -> None:
        try:
            body(enough)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=guarded, daemon=True) for _ in range(count)]
    for thread in running:
        thread.start()
    try:
        yield errors
    finally:
        enough.set()
        for thread in running:
            thread.join(200)


@contextmanager
def hiring(deployment: Deployment) -> Iterator[list[Hire]]:
    """Hires, a few at a time, until the block ends; every one that was begun has to end, paid out."""
    ended: list[Hire] = []
    with Hires(deployment) as hires:

        def play(enough: threading.Event) -> None:
            while not enough.is_set():
                ended.append(hires.one())

        with threads(_PEOPLE, play) as errors:
            yield ended
        assert errors == []
        for hire in ended:
            escrow = hire.seeker.get(f"/v1/escrows/{hire.offer_id}")
            assert (escrow["status"], escrow["released"] + escrow["fees"]) == ("settled", 50_000)


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
    counts = {"answers": 0, "slowest": 0.0}
    failed: list[str] = []

    def ask(enough: threading.Event) -> None:
        sub = f"rolling-{randomness.token_hex(4)}"
        headers = {"Authorization": f"Bearer {deployment.token(sub)}"}
        with httpx.Client(base_url=deployment.gateway, timeout=40, headers=headers) as http:
            while not enough.is_set():
                for method, path, body in (
                    ("GET", "/v1/listings", None),
                    ("GET", "/v1/offers", None),
                    ("GET", "/v1/notifications", None),
                    ("POST", "/v1/listings", listing()),
                ):
                    key = {"Idempotency-Key": randomness.token_hex(8)} if body else {}
                    began = time.monotonic()
                    try:
                        status = http.request(method, path, json=body, headers=key).status_code
                    except httpx.HTTPError as error:
                        failed.append(f"{method} {path}: {error!r}")
                        continue
                    counts["answers"] += 1
                    counts["slowest"] = max(counts["slowest"], time.monotonic() - began)
                    if status >= 500:
                        failed.append(f"{method} {path}: {status}")
                    enough.wait(0.05)

    took: dict[str, float] = {}
    with hiring(deployment) as ended, threads(2, ask) as errors:
        for name in APPS:
            began = time.monotonic()
            compose("up", "--detach", "--no-deps", "--force-recreate", "--wait", name)
            took[name] = time.monotonic() - began
    everything_holds()
    with capsys.disabled():
        print(f"\n{len(ended)} hires and {counts['answers']} answers, the slowest after {counts['slowest']:.1f} s")
        print("\n".join(f"  {name:<16} {seconds:5.1f}" for name, seconds in took.items()))

    assert errors == [] and failed == []
