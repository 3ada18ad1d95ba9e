"""What the runbook says of backups: everything is deleted, put back, and holds. And a database whose disk is full.

These come last: they delete the deployment and put it back.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from deploy.demo.people import Slow
from tests.compose.running.conftest import FILES, ROOT, Deployment, compose, everything_holds, run
from tests.compose.running.test_disaster import documents, hire, project
from tests.support.hires import Hires, listing
from tests.support.people import Refused

SMALL = "tests/compose/running/small_disk.yml"
_FULL_FOR = 20.0
_BACK_WITHIN = 180.0
_ROOM_MB = 256
"""What a small disk has beside the database that is put on it."""


def files(*more: str) -> dict[str, str]:
    return {"COMPOSE_FILE": ":".join([*FILES, *more])}


@dataclass
class Backups:
    """Of the deployment as `documents` were, and the identity that opens them."""

    database: str
    secrets: str
    identity: str
    documents: dict[str, Any]


def _made(*command: str) -> str:
    """The folder that `deploy/backup` says it has made."""
    return run("deploy/backup", *command, environ=files(), seconds=400).splitlines()[-1].split(" ")[0]


@pytest.fixture(scope="module")
def backups(
    deployment: Deployment, mongo: Callable[..., MongoClient[Any]], tmp_path_factory: pytest.TempPathFactory
) -> Backups:
    folder = tmp_path_factory.mktemp("backups")
    identity = str(folder / "identity")
    recipient = run("deploy/backup", "key", identity, environ=files(), seconds=400).split()[-1]
    hire(deployment)
    everything_holds()
    before = documents(mongo)
    database = _made("database", str(folder / "databases"), recipient)
    secrets = _made("secrets", str(folder / "secrets"), recipient)
    return Backups(database, secrets, identity, before)


def refused(*command: str) -> str:
    """What a command says that must fail."""
    with pytest.raises(AssertionError) as failure:
        run(*command, environ=files(), seconds=400)
    return str(failure.value)


def test_a_backup_is_sealed_apart_and_overwrites_nothing(backups: Backups, tmp_path: Path) -> None:
    """Whoever has another identity, or a backup in which a byte is another, gets nothing; and nothing is touched."""
    run("deploy/backup", "verify", backups.database, backups.identity, environ=files())
    run("deploy/backup", "verify", backups.secrets, backups.identity, environ=files())
    run("deploy/backup", "key", str(tmp_path / "other"), environ=files())
    damaged = shutil.copytree(backups.database, tmp_path / "damaged")
    archive = next(Path(damaged).glob("*.age"))
    archive.write_bytes(archive.read_bytes()[:-1] + bytes([archive.read_bytes()[-1] ^ 1]))
    containers = compose("ps", "--quiet")
    recipient = (tmp_path / "other").read_text().splitlines()[0].split()[-1]

    assert "holds a database" in refused("deploy/restore", "database", backups.database, backups.identity)
    assert "holds secrets" in refused("deploy/restore", "secrets", backups.secrets, backups.identity)
    assert "cannot be opened" in refused("deploy/backup", "verify", backups.database, str(tmp_path / "other"))
    assert "damaged" in refused("deploy/restore", "database", str(damaged), backups.identity, "--replace")
    assert "keep these apart" in refused("deploy/backup", "secrets", str(Path(backups.database).parent), recipient)
    assert "is no recipient" in refused("deploy/backup", "database", str(tmp_path), "age1slip")
    assert backups.database in run("deploy/backup", "list", str(Path(backups.database).parent))
    assert b"pseudonym" not in b"".join(file.read_bytes() for file in Path(backups.secrets).iterdir())
    assert compose("ps", "--quiet") == containers


@pytest.fixture
def small_disk(backups: Backups) -> Iterator[Callable[[str], str]]:
    """The deployment with its database on a small disk; small_disk("...") is a command of sh on it, at /held."""
    held = int(compose("exec", "-T", "mongo", "sh", "-c", "du -sm /data/db 2>/dev/null || true").split()[0])
    environ = files(SMALL) | {"SMALL_DISK_MB": str(held + _ROOM_MB)}
    run("docker", "compose", "up", "--detach", "--wait", "disk", environ=environ)
    run("deploy/restore", "database", backups.database, backups.identity, "--replace", environ=environ, seconds=900)

    def act(command: str) -> str:
        return run("docker", "compose", "exec", "-T", "disk", "sh", "-c", command, environ=environ, check=False)

    yield act
    act("rm -f /held/ballast")


def test_a_full_disk_loses_nothing_and_heals(
    patient: None, deployment: Deployment, small_disk: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What was acknowledged is there, everything else was refused with 503; with room again it goes on by itself."""
    hire(deployment)
    statuses: dict[int, int] = {}
    kept: list[tuple[Any, str]] = []
    with Hires(deployment) as hires:
        small_disk("cat /dev/zero > /held/ballast")
        until = time.monotonic() + _FULL_FOR
        while time.monotonic() < until:
            someone = hires.person("insider")
            with suppress(httpx.HTTPError):
                headers = {"Authorization": f"Bearer {someone.token}"}
                answer = hires.http.post("/v1/listings", json=listing(), headers=headers)
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                if answer.status_code == 201:
                    kept.append((someone, answer.json()["id"]))
        small_disk("rm /held/ballast")
        began = time.monotonic()
        while True:
            try:
                hires.one()
                break
            except (Refused, Slow):
                assert time.monotonic() - began < _BACK_WITHIN
        seconds = time.monotonic() - began
        lost = [each for someone, each in kept if someone.get(f"/v1/listings/{each}")["id"] != each]
    everything_holds()
    with capsys.disabled():
        print(f"\nthe database's disk was full for {_FULL_FOR:.0f} s: answers {statuses}; hires after {seconds:.0f} s")

    assert statuses.get(503)
    assert set(statuses) <= {201, 503}
    assert lost == []


def test_everything_is_deleted_and_comes_back(
    patient: None,
    deployment: Deployment,
    backups: Backups,
    mongo: Callable[..., MongoClient[Any]],
    secrets: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Containers, volumes and secrets are gone; two commands later every document is as it was, and hires go on."""
    everything = ("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "20")
    for other in ((SMALL,), ()):  # a volume that no service names goes with neither
        run("docker", "compose", *everything, environ=files(*other) | {"SMALL_DISK_MB": "1"}, seconds=300)
    secrets.rename(tmp_path / "secrets")
    (ROOT / ".env").rename(tmp_path / "env")
    assert run("docker", "volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={project()}") == ""
    began = time.monotonic()

    run("deploy/restore", "secrets", backups.secrets, backups.identity, environ=files())
    said = run("deploy/restore", "database", backups.database, backups.identity, environ=files(), seconds=900)
    seconds = time.monotonic() - began
    after = documents(mongo)
    hire(deployment)
    everything_holds()
    with capsys.disabled():
        print(f"\neverything was deleted; back after {seconds:.0f} s with {len(after)} documents: {said[-200:]}")

    assert set(after) == set(backups.documents)
    emitted = {name: each.get("events") for name, each in after.items()}
    assert emitted == {name: each.get("events") for name, each in backups.documents.items()}
    assert {file.name for file in secrets.iterdir()} == {file.name for file in (tmp_path / "secrets").iterdir()}
    for file in (tmp_path / "secrets").iterdir():
        if file.is_file():
            assert (secrets / file.name).read_bytes() == file.read_bytes()
