"""A real web process whose issuer's key server, or whose database, hangs: it goes on answering for itself."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymongo.database import Database

from deploy.embedded.ports import free_ports
from tests.support.processes import eventually
from tests.support.stub import Stub, answering, relaying, stub, trickling, whole

KEY = Ed25519PrivateKey.generate()
JWKS = whole(
    json.dumps({"keys": [json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key())) | {"kid": "one"}]}).encode()
)


def token(kid: str = "one") -> str:
    claims = {"iss": "https://golem.local", "aud": "good-golem", "sub": "ida", "exp": int(time.time()) + 600}
    return jwt.encode(claims, KEY, "EdDSA", headers={"kid": kid})


@dataclass
class Web:
    """A web process of listing, and the key server it asks."""

    url: str
    keys: Stub
    log: Path
    client: httpx.Client

    def ask(self, path: str, kid: str | None = None) -> tuple[int, float]:
        """(status, seconds)."""
        start = time.monotonic()
        headers = {"Authorization": f"Bearer {token(kid)}"} if kid else {}
        return self.client.get(f"{self.url}{path}", headers=headers).status_code, time.monotonic() - start

    def answers(self) -> bool:
        try:
            return self.ask("/livez")[0] == 200
        except httpx.TransportError:
            return False


@contextmanager
def web_process(folder: Path, keys: Stub, **environ: str) -> Iterator[Web]:
    port, log = next(free_ports()), folder / "log"
    environment = os.environ | {"PSEUDONYM_KEY": "k" * 40, "BIND": f"127.0.0.1:{port}", "JWKS_URL": keys.url} | environ
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:shared.process.gunicorn_config"]
    with log.open("w") as out:
        process = subprocess.Popen([*gunicorn, "services.listing.main:web()"], env=environment, stdout=out, stderr=out)
        try:
            with httpx.Client(timeout=30) as client:
                serving = Web(f"http://127.0.0.1:{port}", keys, log, client)
                eventually(serving.answers, "the web process answers")
                yield serving
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def web(mongo_server: str, database: Database[dict[str, object]], tmp_path: Path) -> Iterator[Web]:
    with (
        stub(answering(b"not yet")) as keys,
        web_process(tmp_path, keys, MONGODB_URI=mongo_server, MONGODB_DATABASE=database.name) as serving,
    ):
        yield serving


def test_a_key_server_that_trickles_holds_nobody(web: Web) -> None:
    """Never answered: not ready. Then nine tokens of unknown keys while it sends a byte a second: `/livez` and a token
    of a known key are answered within a second, and so are the nine.
    """
    path = "/v1/me/export/listing"
    assert web.ask("/readyz")[0] == 503
    assert web.ask(path, "one")[0] == 503
    web.keys.play = answering(JWKS)
    eventually(lambda: web.ask("/readyz")[0] == 200, "ready")
    assert web.ask(path, "one")[0] == 200

    web.keys.play = trickling(JWKS, seconds=1.0)
    time_of_the_next_fetch(web)
    before = web.keys.connections
    with ThreadPoolExecutor(16) as pool:
        unknown = [pool.submit(web.ask, path, f"unknown-{number}") for number in range(9)]
        known = [pool.submit(web.ask, path, "one") for _ in range(4)]
        live = [pool.submit(web.ask, "/livez") for _ in range(3)]

    assert {asked.result()[0] for asked in [*known, *live]} == {200}
    assert {asked.result()[0] for asked in unknown} <= {401, 503}
    assert max(asked.result()[1] for asked in [*unknown, *known, *live]) < 1.0
    assert web.keys.connections <= before + 1
    eventually(lambda: "token keys cannot be fetched" in web.log.read_text(), "the reason is logged")


def time_of_the_next_fetch(web: Web) -> None:
    """Keys are fetched for an unknown id at most twice a minute: wait until one would be."""
    before = web.keys.connections

    def fetched() -> bool:
        web.ask("/v1/me/export/listing", "another")
        return web.keys.connections > before

    eventually(fetched, "a fetch", 40)


def test_a_database_that_hangs_holds_no_probe(
    mongo_server: str, database: Database[dict[str, object]], tmp_path: Path
) -> None:
    """It takes everything and says nothing: thirty requests wait for it or are refused, `/livez` is answered."""
    address, frozen = urlsplit(mongo_server), threading.Event()
    there = relaying(address.hostname or "", address.port or 27017, frozen)
    with stub(answering(JWKS)) as keys, stub(there) as between:
        uri = mongo_server.replace(f":{address.port}", f":{between.port}")
        environ = {"MONGODB_URI": uri, "MONGODB_DATABASE": database.name}
        with web_process(tmp_path, keys, **environ) as web, ThreadPoolExecutor(40) as pool:
            eventually(lambda: web.ask("/readyz")[0] == 200, "ready")
            frozen.set()
            asked = [pool.submit(web.ask, "/v1/me/export/listing", "one") for _ in range(30)]
            live = [pool.submit(web.ask, "/livez") for _ in range(3)]

            assert {each.result()[0] for each in live} == {200}
            assert max(each.result()[1] for each in live) < 2.5
            assert {each.result()[0] for each in asked} == {503}
            assert max(each.result()[1] for each in asked) < 25
            assert web.ask("/readyz")[0] == 503
