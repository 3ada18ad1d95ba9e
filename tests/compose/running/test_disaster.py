"""What the runbook promises: a lost broker is rebuilt, an older database can be put back, workers scale.

Each test leaves the deployment running.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from deploy import COLLECTIONS, SERVICES
from deploy.embedded.ports import free_ports
from tests.compose.running.conftest import Deployment, compose, everything_holds, inside, run
from tests.compose.running.faults import made_with, state
from tests.support.hires import Hires

RELAYED = ("published", "outbox_at", "replays", "version")
"""What a relay and a replay note of what they sent."""
PASSING = (*RELAYED, "timers", "due_at", "changed_at", "updated_at", "instruction")
"""What they or a timer of its own may change meanwhile: an accepted offer looks at its listing after a minute."""
HIRES = 4


def project() -> str:
    return os.environ.get("COMPOSE_PROJECT_NAME") or "good-golem"


def stop() -> None:
    compose("--profile", "observability", "stop", "--timeout", "40", seconds=200)


def start() -> float:
    began = time.monotonic()
    compose("up", "--detach", "--wait", "--wait-timeout", "240", seconds=300)
    return time.monotonic() - began


def replayed() -> dict[str, int]:
    """How many events of each service go out again. As the runbook says: the database alone runs."""
    compose("up", "--detach", "--wait", "mongo")
    running = compose("ps", "--services", "--status", "running").split()
    assert running == ["mongo"]
    counts: dict[str, int] = json.loads(compose("run", "--rm", "-T", "golem", "replay", "--json"))["events"]
    return counts


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
    found, passing = {}, {"kind": {"$nin": ["lease", "worker", "erased", "replayed"]}}
    for service in SERVICES:
        for each in mongo(service)[service][COLLECTIONS[service]].find(passing):
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
    """Volume deleted under a stopped stack, `golem replay` with the database alone: topics are back once the rest has
    started, and nobody's state has changed.
    """
    hire(deployment)
    everything_holds()
    before = documents(mongo)
    stop()
    forget_broker()

    counts = replayed()
    seconds = start()
    everything_holds()
    after = documents(mongo)
    with capsys.disabled():
        print(f"\nthe broker was empty; up in {seconds:.0f} s, {sum(counts.values())} events went out again")

    assert sum(counts.values()) > 50
    changed = {name: _differing(document, after.get(name, {})) for name, document in before.items()}
    assert {name: fields for name, fields in changed.items() if fields} == {}


def test_an_older_database_is_put_back(
    patient: None,
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

    replayed()
    seconds = start()
    everything_holds()
    after = documents(mongo)
    hire(deployment)
    everything_holds()
    with capsys.disabled():
        print(f"\nthe database was put back; up in {seconds:.0f} s, {len(after)} documents")

    assert set(after) == set(before)
    assert {name for name in before if before[name].get("events") != after[name].get("events")} == set()


def test_replicas_share_the_work_and_the_next_up_keeps_them(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `.env` says: three workers with partitions, two webs, two gateways, and hires go on."""
    port = int(os.environ.get("GATEWAY_PORT") or 8080)
    asked = {"escrow-worker": 3, "listing-web": 2, "gateway": 2}
    up = ("up", "--detach", "--wait", "--no-deps", *asked)
    with monkeypatch.context() as environment:
        environment.setenv("GATEWAY_PORTS", f"{port}-{port + 1}")
        for name, count in asked.items():
            environment.setenv(f"{name.upper().replace('-', '_')}_REPLICAS", str(count))
        try:
            for _ in range(2):
                compose(*up, seconds=240)
                assert {name: len(compose("ps", "--quiet", name).split()) for name in asked} == asked
            for each in (port, port + 1):
                assert httpx.get(f"http://127.0.0.1:{each}/v1/codes?q=nurse").status_code == 200
            hire(deployment)
            everything_holds()
        finally:
            environment.undo()
            compose(*up, seconds=240)


def test_tls_is_healthy_with_a_certificate_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one it is not, though it runs and reaches the gateway."""
    files = ("--file", "docker-compose.yml", "--file", "deploy/compose.tls.yml")
    ports = free_ports()
    for name, value in {"GOLEM_HOST": "golem.test", "HTTP_PORT": next(ports), "HTTPS_PORT": next(ports)}.items():
        monkeypatch.setenv(name, str(value))
    up = ("docker", "compose", *files, "up", "--detach", "--no-deps", "--force-recreate", "tls")
    try:
        run(*up, environ={"GOLEM_TLS_ISSUER": "acme"})
        begun = container("tls", files)
        look = begun["Config"]["Healthcheck"]["Test"][1]
        assert inside(begun, "wget", "-q", "-O", "/dev/null", "http://gateway:8080/healthz").returncode == 0
        assert inside(begun, "sh", "-c", look).returncode != 0
        run(*up, "--wait", "--wait-timeout", "120", seconds=150, environ={"GOLEM_TLS_ISSUER": "internal"})
        assert container("tls", files)["State"]["Health"]["Status"] == "healthy"
    finally:
        run("docker", "compose", *files, "rm", "--force", "--stop", "--volumes", "tls")
        run("docker", "volume", "rm", f"{project()}_tls")
        run("docker", "network", "rm", f"{project()}_tls")


def container(name: str, files: tuple[str, ...]) -> dict[str, Any]:
    found: list[Any] = json.loads(run("docker", "inspect", run("docker", "compose", *files, "ps", "-aq", name).strip()))
    return dict(found[0])


def test_a_web_whose_issuers_keys_never_came_is_not_ready(tmp_path: Path) -> None:
    """It lives and waits; once the keys can be had it is ready by itself, without being started again."""
    # The licence for development is for no issuer of one's own.
    environment = {"JWKS_FILE": "", "JWKS_URL": "http://127.0.0.1:8999/jwks", "LICENCES": ""}
    with made_with(tmp_path, {"listing-web": {"environment": environment}}, wait=False):
        begun = state("listing-web")
        time.sleep(20)  # healthy after two or three otherwise; by the second while it starts
        assert asked_inside("listing-web", "/livez") == 200
        assert asked_inside("listing-web", "/readyz") == 503
        assert state("listing-web")["Health"]["Status"] != "healthy"
        serve = ("python", "-m", "http.server", "--bind", "127.0.0.1", "--directory", "/run/secrets", "8999")
        compose("exec", "--detach", "listing-web", *serve)
        deadline = time.monotonic() + 60
        while state("listing-web")["Health"]["Status"] != "healthy":
            assert time.monotonic() < deadline, state("listing-web")
            time.sleep(0.5)
        assert state("listing-web")["StartedAt"] == begun["StartedAt"]


def asked_inside(name: str, path: str) -> int:
    """The status that a web process answers its own container with."""
    ask = (
        "import http.client; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=8); "
        f"c.request('GET', '{path}'); print(c.getresponse().status)"
    )
    return int(compose("exec", "-T", name, "python", "-c", ask))
