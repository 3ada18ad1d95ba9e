"""Clients: each with a connection of its own, asking as fast as it is answered (closed loop), or by a clock (open)."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]


class Connection:
    """One connection that is kept open. An answer of 400 or more is RuntimeError, save of `ask`."""

    def __init__(self, base: str) -> None:
        self._http = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)

    def __call__(self, method: str, path: str, token: str = "", body: Json | None = None, key: str = "") -> bytes:
        status, answer = self.ask(method, path, token, body, key)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {answer[:500]!r}")
        return answer

    def ask(
        self, method: str, path: str, token: str = "", body: Json | None = None, key: str = ""
    ) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        sent = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            sent = json.dumps(body).encode()
        self._http.request(method, path, sent, headers)
        response = self._http.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        self._http.close()


Ask = Callable[[Connection], object]


def closed_loop(base: str, clients: int, seconds: float, ask: Ask) -> float:
    """How often a second so many clients together do `ask`, for so long; each begun in that time is finished."""
    done = [0] * clients
    ready = threading.Barrier(clients + 1)
    until = [0.0]

    def client(number: int) -> None:
        connection = Connection(base)
        try:
            ready.wait()
            while time.perf_counter() < until[0]:
                ask(connection)
                done[number] += 1
        finally:
            connection.close()

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(client, number) for number in range(clients)]
        began = time.perf_counter()
        until[0] = began + seconds
        ready.wait()
        for each in running:
            each.result()
        return sum(done) / (time.perf_counter() - began)


def open_loop(base: str, clients: int, every: float, asks: list[Ask]) -> list[float]:
    """Do each of `asks` at its own time, `every` seconds apart, whether or not the one before has been answered; when
    each was to begin (monotonic seconds). More than `clients` at once wait for one another.
    """
    local = threading.local()
    opened: list[Connection] = []
    began = time.monotonic() + 0.05
    times = [began + number * every for number in range(len(asks))]

    def do(ask: Ask, at: float) -> None:
        if not hasattr(local, "connection"):
            local.connection = Connection(base)
            opened.append(local.connection)
        time.sleep(max(0.0, at - time.monotonic()))
        ask(local.connection)

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(do, ask, at) for ask, at in zip(asks, times, strict=True)]
        for each in running:
            each.result()
    for connection in opened:
        connection.close()
    return times
