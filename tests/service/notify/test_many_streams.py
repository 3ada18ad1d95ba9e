"""Many streams on one process: each is sent all, also past a restart, and all end with the process at once."""

import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from pymongo.database import Database

from deploy.embedded.ports import free_ports
from services.notify.log import reading
from shared.aggregate import Store
from tests.service.notify.test_stream import happened
from tests.support.processes import eventually
from tests.support.web import _PSEUDONYM_KEY, settings, token

MANY = 500
ENDS_WITHIN = 3.0
_MESSAGE = re.compile(rb"id: (\S+)\nevent: (\S+)\ndata: (.*)")


class Client:
    """One that keeps its cursor, and every event that it was sent."""

    def __init__(self) -> None:
        self.cursor, self.read = reading.cursor(0), list[str]()

    def open(self, port: int) -> None:
        self.left, self.over = b"", False
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        lines = ["GET /v1/stream HTTP/1.1", "Host: here", f"Authorization: Bearer {token('a-system', 'integrator')}"]
        self.socket.sendall("\r\n".join([*lines, f"Last-Event-ID: {self.cursor}", "", ""]).encode())

    def receive(self) -> None:
        received = self.socket.recv(65_536)
        self.over = not received
        if self.over:
            self.socket.close()
        *messages, self.left = (self.left + received).split(b"\n\n")
        for message in messages:
            if found := _MESSAGE.search(message):
                self.cursor = found[1].decode()
                if found[2] == b"hire.confirmed":
                    self.read.append(json.loads(found[3])["id"])


def receive(clients: list[Client], until: Callable[[Client], bool]) -> float:
    """Let them read until this holds for each; how long that took, in seconds."""
    start = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        while not all(map(until, clients)):
            assert time.monotonic() - start < 60, f"{sum(map(until, clients))} of {len(clients)}"
            for key, _ in selector.select(1):
                key.data.receive()
                if key.data.over:
                    selector.unregister(key.fileobj)
    return time.monotonic() - start


def serve(port: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    config = ("--config", "python:shared.process.gunicorn_config", "services.notify.main:web()")
    process = subprocess.Popen((sys.executable, "-m", "gunicorn", *config), env=environment, stdout=subprocess.DEVNULL)
    eventually(lambda: answers(f"http://127.0.0.1:{port}/readyz"), "the process of the streams is ready", 60)
    return process


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_many_streams_of_one_process(
    store: Store, database: Database[dict[str, Any]], mongo_server: str, tmp_path: Path
) -> None:
    settings("notify", tmp_path)
    port = next(free_ports())
    environment = dict(
        os.environ, BIND=f"127.0.0.1:{port}", STREAMS=str(MANY), WEB_GRACEFUL_TIMEOUT="2", MONGODB_URI=mongo_server,
        MONGODB_DATABASE=database.name, PSEUDONYM_KEY=_PSEUDONYM_KEY, JWKS_FILE=str(tmp_path / "jwks.json"),
        CLOCK_TOLERANCE="0", RATE_PER_SECOND="10000", RATE_BURST="100000",
    )  # fmt: skip
    events = [happened(store).id for _ in range(2)]
    clients = [Client() for _ in range(MANY)]
    process = serve(port, environment)
    try:
        for client in clients:
            client.open(port)
        receive(clients, lambda client: len(client.read) >= 2)

        assert answers(f"http://127.0.0.1:{port}/livez")

        events += [happened(store).id for _ in range(10)]
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        receive(clients, lambda client: client.over)
        assert process.wait(ENDS_WITHIN) == 0
        assert time.monotonic() - start <= ENDS_WITHIN

        events += [happened(store).id for _ in range(10)]
        process = serve(port, environment)
        for client in clients:
            client.open(port)
        receive(clients, lambda client: len(set(client.read)) >= len(events))
    finally:
        process.terminate()
        process.wait()
        for client in clients:
            client.socket.close()

    assert all(set(client.read) == set(events) for client in clients)
