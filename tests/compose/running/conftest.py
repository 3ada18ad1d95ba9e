"""The running deployment: its containers, its secrets, and clients of the broker and the database from outside."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from kafka import KafkaConsumer, KafkaProducer
from pymongo import MongoClient
from pymongo.uri_parser import parse_uri

from deploy.embedded.keys import Keys

ROOT = Path(__file__).resolve().parents[3]
FILES = ("docker-compose.yml", "deploy/compose.subscribers.yml", "deploy/compose.tests.yml")
Json = dict[str, Any]
_VERIFY = ("run", "--rm", "-T", "golem", "verify", "--wait", "120", "--json")
# Not idempotent: that is a right by itself, and each topic shall be tried.
_PRODUCER: Json = {"enable_idempotence": False, "max_block_ms": 8000, "request_timeout_ms": 8000}


def run(*command: str, check: bool = True, seconds: float = 120, environ: dict[str, str] | None = None) -> str:
    """A command's standard output; with `check` a failure fails the test and shows what it said."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        env=os.environ | (environ or {}),
    )
    assert done.returncode == 0 or not check, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def compose(*command: str, check: bool = True, seconds: float = 120) -> str:
    files = [option for file in FILES for option in ("--file", file)]
    return run("docker", "compose", *files, *command, check=check, seconds=seconds)


def inside(container: Json, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a running container, as the user it runs as."""
    return subprocess.run(
        ["docker", "exec", container["Id"], *command], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.fixture(scope="session")
def containers() -> dict[str, Json]:
    """{service: what `docker inspect` says} of the containers that run, jobs that have ended included."""
    found = json.loads(run("docker", "inspect", *compose("ps", "--all", "--quiet").split()))
    return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}


@pytest.fixture(scope="session")
def secrets() -> Path:
    return ROOT / (os.environ.get("GOLEM_SECRETS") or "deploy/.secrets")


@pytest.fixture(scope="session")
def secret_values(secrets: Path) -> dict[str, str]:
    """Every secret by its file's name: the text, and of a URI the password in it."""
    texts = {file.name: file.read_text().strip() for file in secrets.iterdir() if file.is_file()}
    texts["signing.pem"] = (secrets / "keys" / "signing.pem").read_text().splitlines()[1]
    return {
        name: str(parse_uri(text)["password"]) if name.endswith("_uri") else text
        for name, text in texts.items()
        if name != ".gitignore"
    }


@pytest.fixture(scope="session")
def kafka(secrets: Path) -> Callable[..., Json]:
    """kafka(principal): a client's settings for the published listener; another `password` may be given."""

    def settings(principal: str, password: str | None = None) -> Json:
        return {
            "bootstrap_servers": f"127.0.0.1:{os.environ.get('SUBSCRIBERS_PORT') or 9094}",
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": principal,
            "sasl_plain_password": password or (secrets / f"kafka_{principal}_password").read_text().strip(),
            "bootstrap_timeout_ms": 8000,
        }

    return settings


@pytest.fixture
def producer(kafka: Callable[..., Json]) -> Iterator[Callable[..., KafkaProducer]]:
    opened: list[KafkaProducer] = []

    def open_one(principal: str, password: str | None = None) -> KafkaProducer:
        opened.append(KafkaProducer(**kafka(principal, password), **_PRODUCER))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close(timeout=5)


@pytest.fixture
def consumer(kafka: Callable[..., Json]) -> Iterator[Callable[..., KafkaConsumer]]:
    opened: list[KafkaConsumer] = []

    def open_one(principal: str, password: str | None = None, group: str | None = None) -> KafkaConsumer:
        options = {"group_id": group, "enable_auto_commit": False, "auto_offset_reset": "earliest"}
        opened.append(KafkaConsumer(**kafka(principal, password), **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close(autocommit=False, timeout_ms=3000)


@pytest.fixture(scope="session")
def mongo(secrets: Path) -> Iterator[Callable[..., MongoClient[Json]]]:
    """mongo(user): a client with that user's own password, or with `password`; mongo(None): a nobody."""
    opened: list[MongoClient[Json]] = []

    def open_one(user: str | None, password: str | None = None) -> MongoClient[Json]:
        host = f"127.0.0.1:{os.environ.get('MONGO_PORT') or 27017}"
        uri = f"mongodb://{host}/?directConnection=true&serverSelectionTimeoutMS=8000"
        if user is not None:
            parsed = parse_uri((secrets / f"mongodb_{user}_uri").read_text())
            home = parsed["options"]["authSource"]
            secret = quote_plus(password or str(parsed["password"]))
            uri = f"mongodb://{user}:{secret}@{host}/?authSource={home}&directConnection=true"
        opened.append(MongoClient(uri))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


class Deployment:
    """What `Hires` plays on."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.gateway = f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT') or 8080}"

    def token(self, sub: str) -> str:
        return self.keys.token(sub)


@pytest.fixture(scope="session")
def deployment(secrets: Path) -> Deployment:
    return Deployment(Keys(secrets / "keys"))


def everything_holds() -> None:
    """`golem verify`: nothing lost, nothing paid twice, nothing left over."""
    found = json.loads(compose(*_VERIFY, check=False, seconds=180) or "{}")
    assert found and found["holds"] and found["drained"], json.dumps(found, indent=1)[:4000]


@pytest.fixture
def extra() -> Iterator[list[str]]:
    """Containers beside those that compose knows; what is left of them is removed."""
    containers = list[str]()
    yield containers
    for container in containers:
        run("docker", "rm", "--force", container, check=False)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members of two versions come and go, or a replay is waited for: a step of a hire may wait for minutes, and has to
    be taken.
    """
    monkeypatch.setattr("tests.support.people._PATIENCE", 120.0)
    monkeypatch.setattr("deploy.demo.people.PATIENCE", 120.0)
