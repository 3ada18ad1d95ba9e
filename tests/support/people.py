"""People of tests: each has a name, a token, and calls the gateway by path, as a client without our package would."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from deploy.demo.people import wait_for
from tests.support.processes import patience

_PATIENCE = patience(30.0)
_PAUSE = 0.1
Json = dict[str, Any]


class Refused(Exception):
    """The gateway answered with a problem document that the test does not expect."""


@dataclass(frozen=True)
class Person:
    """`name` is for whoever reads a failure; the services know the token's pseudonym."""

    name: str
    token: str
    http: httpx.Client

    def get(self, path: str, **query: str) -> Json:
        return self._send("GET", path, params=query)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """Post with an Idempotency-Key, so that a repeat after a lost answer does nothing twice."""
        return self._send("POST", path, json=dict(body or {}), headers={"Idempotency-Key": str(uuid4())})

    def post_until(self, path: str, body: Mapping[str, Any]) -> Json:
        """Post again and again until it is not refused any more: what it needs comes from another service."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.post(path, body)
            except Refused:
                if time.monotonic() > end:
                    raise
                time.sleep(_PAUSE)

    def put(self, path: str, body: Mapping[str, Any]) -> Json:
        return self._send("PUT", path, json=dict(body))

    def wait(self, path: str, until: Callable[[Json], bool], what: str) -> Json:
        """Read until it is as it should be. Raises Slow after half a minute, saying what was seen last."""
        return wait_for(lambda: self.get(path), until, what, Refused)

    def wait_for(self, path: str, status: str) -> Json:
        return self.wait(path, lambda doc: doc["status"] == status, f"{path} becoming {status}")

    def _send(self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> Json:
        all_headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                answer = self.http.request(method, path, headers=all_headers, **options)
            except httpx.TransportError as error:
                if time.monotonic() > end:
                    raise Refused(f"{method} {path}: {error}") from error
                time.sleep(0.2)
                continue
            # What has not arrived from another service yet, or is busy, says when to come again.
            soon = answer.status_code in (404, 409, 429, 503) and "Retry-After" in answer.headers
            if soon and method != "GET" and time.monotonic() < end:
                time.sleep(_PAUSE)
                continue
            if answer.status_code >= 400:
                raise Refused(f"{method} {path}: {answer.status_code} {answer.text}")
            found: Json = answer.json() if answer.content else {}
            return found
