"""A service's own app over a real database, called by people with real tokens; its timers and events without Kafka."""

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event as Flag
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from werkzeug.test import TestResponse

from shared.ids import person_id
from shared.messaging.ports import Message
from shared.process.loops import Loops
from shared.process.work import Work
from shared.settings import Need, Settings, load
from tests.support.memory import MemoryBroker, memory_bus

_KEY = Ed25519PrivateKey.generate()
_PSEUDONYM_KEY = "k" * 40
_ISSUER = "https://golem.local"


def settings(service: str, folder: Path, *needs: Need, **environ: str) -> Settings:
    """The settings of a web process whose tokens are signed with this module's key."""
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(_KEY.public_key())) | {"kid": "one"}
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [public]}))
    base = {"MONGODB_URI": "mongodb://nowhere", "PSEUDONYM_KEY": _PSEUDONYM_KEY, "JWKS_FILE": str(jwks)}
    base |= {"LISTINGS_A_WEEK": "10000", "DRAFTS_PER_PERSON": "10000"}  # tests of other things write what they need
    base |= {"FIRST_PAYOUT_WAIT": "0"}  # as in the development stack; what waits is tested by itself
    base |= {"RATE_PER_SECOND": "10000", "RATE_BURST": "100000"}
    base |= {"PUBLIC_RATE_PER_SECOND": "10000", "PUBLIC_RATE_BURST": "100000"}
    return load(service, "web", *needs, environ=base | environ)


def token(sub: str, *roles: str, **claims: Any) -> str:
    said = {"iss": _ISSUER, "aud": "good-golem", "sub": sub, "exp": int(time.time()) + 600, "roles": list(roles)}
    return jwt.encode(said | claims, _KEY, "EdDSA", headers={"kid": "one"})


@dataclass(frozen=True)
class Caller:
    """One person and their requests."""

    app: Flask
    sub: str
    roles: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return person_id(_PSEUDONYM_KEY.encode(), _ISSUER, self.sub)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """`If_Match="…"` is the header If-Match."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Authorization", f"Bearer {token(self.sub, *self.roles)}")
        return self.app.test_client().open(path, method=method, json=body, headers=sent)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.ask("POST", path, body, **headers)


def problem(response: TestResponse, status: int, slug: str) -> list[tuple[str, str]]:
    """Check that it is this problem; returns its (pointer, rule) pairs."""
    said = response.get_json()
    assert (response.status_code, said["type"].rsplit("/", 1)[-1]) == (status, slug), said
    assert response.content_type == "application/problem+json"
    return [(error["pointer"], error["rule"]) for error in said["errors"]]


class NoBroker:
    """A publisher that acknowledges all."""

    def publish(self, messages: list[Message]) -> list[bool]:
        return [True for _ in messages]


class Ticking:
    """A service's work, driven by hand: its routes, and its poller without threads, Kafka or another worker."""

    def __init__(self, work: Work) -> None:
        self.store, self.carry_out = work.store, work.carry_out
        bus = memory_bus(MemoryBroker(), work.service, work.topics)
        self._loops = Loops(work, bus, f"{work.service}-1", Flag())
        self.poller, self.batch = self._loops.poller, self._loops.consumer.batch

    def tick(self, after: timedelta = timedelta()) -> int:
        """Let time pass, then do all that is due."""
        if after:
            self.store.clock.advance(after)  # type: ignore[attr-defined]
        self._loops.observe()
        moved = 0
        while step := self.poller.step() + self._loops.leased():
            moved += step
        return moved
