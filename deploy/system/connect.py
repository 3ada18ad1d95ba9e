"""Which system is worked on: the one that runs on a data folder, or the servers that the environment names."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from deploy import ROOT
from deploy.embedded import identity
from deploy.embedded.data import Data, default_folder
from deploy.embedded.keys import Keys
from deploy.embedded.times import Times
from deploy.embedded.times import read as read_times
from deploy.kafka.topics import client_settings, secret
from deploy.mongo.collections import Client
from deploy.system import NotFound
from shared.clock import Clock, SystemClock

COMPOSE_SECRETS = ROOT / "deploy" / ".secrets"
"""Where `make secrets` puts the keys of the compose deployment."""


@dataclass(frozen=True)
class System:
    """A running system. `gateway` and `stack` (its stack.json) are None where only the servers are known. `settings`
    are the variables by which all its processes go alike.
    """

    gateway: str | None
    kafka: dict[str, Any] = field(repr=False)
    mongodb: str = field(repr=False)
    database_prefix: str = ""
    stack: dict[str, Any] | None = None
    times: Times = field(default_factory=Times)
    settings: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @contextmanager
    def database(self) -> Iterator[Client]:
        client: Client = MongoClient(self.mongodb, serverSelectionTimeoutMS=3000)
        try:
            yield client
        finally:
            client.close()


def find(data: Path | None) -> System:
    """The system to work on: of `data` where it is given, else of the environment, else of the default folder.

    Raises NotFound where none runs.
    """
    named = os.environ.get("MONGODB_URI") or os.environ.get("MONGODB_URI_FILE")
    if data is None and os.environ.get("KAFKA_BOOTSTRAP_SERVERS") and named:
        return System(None, client_settings(), secret(os.environ, "MONGODB_URI"))
    folder = data or default_folder()
    stack = running(folder)
    if stack is None:
        raise NotFound(
            f"no stack runs on {folder}; start one with `golem up`, name its folder with --data, or set "
            "KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI"
        )
    kafka = client_settings({"KAFKA_BOOTSTRAP_SERVERS": stack["kafka"]})
    return System(
        stack["gateway"],
        kafka,
        stack["mongodb"],
        stack.get("database_prefix", ""),
        stack,
        read_times(Data(folder).clock),
        stack.get("settings", os.environ),
    )


def running(folder: Path) -> dict[str, Any] | None:
    """The stack.json of the stack that runs on a folder, or None."""
    stack = Data(folder).read_stack()
    if stack is None or not stack.get("supervisor") or identity.find(stack["supervisor"]) is None:
        return None
    return stack


def keys(data: Path | None, gateway: str | None = None) -> Keys:
    """The development keys to speak with: of `data` where it is given, of the stack that runs on the default folder
    (behind `gateway`, if that is given), else those that `make secrets` made for compose, else the default folder's.

    Raises NotFound where there are none.
    """
    folder = data or default_folder()
    stack = running(folder)
    elsewhere = stack is None or (gateway is not None and gateway.rstrip("/") != stack["gateway"])
    if data is None and elsewhere and not os.environ.get("GOLEM_DATA") and Data(COMPOSE_SECRETS).keys.signing.exists():
        folder = COMPOSE_SECRETS
    found = Data(folder).keys
    if not found.signing.exists():
        raise NotFound(f"{folder} has no keys; `golem up` or `make secrets` makes them, --data names another folder")
    return found


def clock_of(data: Path | None, gateway: str | None) -> Clock:
    """That of the stack of `data`, which may run faster than the machine's; of another system, the machine's."""
    return SystemClock() if gateway else read_times(Data(data or default_folder()).clock).clock


@dataclass(frozen=True)
class Reached:
    """A system that answers over HTTP, with the keys to speak as anybody. `kafka` is None where it is not known."""

    gateway: str
    token: Callable[[str, Iterable[str]], str]
    kafka: str | None
    mongodb: str | None
    mail: Path | None
    clock: Clock = field(default_factory=SystemClock)


@contextmanager
def running_or_own(gateway: str | None, data: Path | None, say: Callable[[str], None]) -> Iterator[Reached]:
    """The system behind `gateway` (its keys in `data`), or the one that runs on `data`, or one of its own.

    A stack of its own lives in a temporary folder, says what it does by `say`, and is gone at the end.
    """
    folder = data or default_folder()
    stack = running(folder)
    if gateway is not None or stack is not None:
        stack = stack or {}
        url = (gateway or stack["gateway"]).rstrip("/")
        mail = Path(stack["mail"]) if "mail" in stack and url == stack["gateway"].rstrip("/") else None
        clock = read_times(Data(folder).clock).clock if mail else SystemClock()
        yield Reached(url, keys(data, gateway).token, stack.get("kafka"), stack.get("mongodb"), mail, clock)
        return
    if data is not None:
        raise NotFound(f"no stack runs on {data}; leave --data away to have one made for this")
    from deploy.embedded.stack import Stack  # loaded here: most commands go without supervisor

    with Stack(say=say) as own:
        yield Reached(own.gateway, own.token, own.kafka, own.mongodb, own.mail)
