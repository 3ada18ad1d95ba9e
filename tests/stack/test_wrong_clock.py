"""Real processes whose clock is not their database's: they change nothing, say so, and go on when it is right again."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from deploy.embedded.ports import free_ports
from tests.stack.test_naming import WEB, WORKER
from tests.support.processes import eventually
from tests.support.web import settings

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[2]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as ending:

        def start_one(*arguments: str, output: Path, **environment: str) -> subprocess.Popen[str]:
            with output.open("w") as out:
                process = subprocess.Popen(
                    [sys.executable, *arguments],
                    env={**os.environ, **environment},
                    stdout=out,
                    stderr=out,
                    text=True,
                    cwd=ROOT,
                )
            ending.callback(process.wait, 30)
            ending.callback(process.terminate)
            return process

        yield start_one


def _listens(port: int) -> bool:
    with socket.socket() as it:
        return it.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("seconds", [1200, -45])
def test_they_change_nothing_until_it_is_right_again(start: Start, tmp_path: Path, seconds: int) -> None:
    ahead = tmp_path / "ahead"
    ahead.write_text("0")
    settings("listing", tmp_path)
    database, web, worker = (port for port, _ in zip(free_ports(), range(3), strict=False))
    here = ("--host", "127.0.0.1", "--port", str(database), "--storage-path", str(tmp_path / "database"))
    start("-m", "tests.support.wrong_database", str(ahead), *here, output=tmp_path / "database.log")
    eventually(lambda: _listens(database), "the database listens", 60)
    environment = {
        "MONGODB_URI": f"mongodb://127.0.0.1:{database}/",
        "MONGODB_DATABASE": "listing",
        "PSEUDONYM_KEY": "k" * 40,
        "JWKS_FILE": str(tmp_path / "jwks.json"),
        "BIND": f"127.0.0.1:{web}",
        "HEALTH_BIND": f"127.0.0.1:{worker}",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    }
    ahead.write_text(str(seconds))
    for name, process in (("web", WEB), ("worker", WORKER)):
        start(*process, output=tmp_path / f"{name}.log", **environment)
    at_web, at_worker = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{worker}"
    for at in (web, worker):
        eventually(lambda at=at: _listens(at), "it listens", 60)  # type: ignore[misc]

    refused = httpx.post(f"{at_web}/v1/listings", json={})
    assert (refused.status_code, refused.headers.get("Retry-After")) == (503, "30"), refused.text
    assert "clock" in refused.json()["detail"]
    assert httpx.get(f"{at_web}/readyz").status_code == 503
    assert httpx.get(f"{at_web}/livez").status_code == 200
    assert httpx.get(f"{at_web}/v1/codes?q=nurse").status_code == 200
    assert "clock" in httpx.get(f"{at_worker}/readyz").text

    offset = next(
        line
        for line in httpx.get(f"{at_worker}/metrics").text.splitlines()
        if line.startswith("golem_clock_offset_seconds{")
    )
    assert float(offset.split()[-1]) == pytest.approx(-seconds, abs=5)

    ahead.write_text("0")
    eventually(lambda: httpx.get(f"{at_web}/readyz").status_code == 200, "the web process is ready again")
    eventually(lambda: '"clock"' not in httpx.get(f"{at_worker}/readyz").text, "the worker's clock is right")
    assert httpx.post(f"{at_web}/v1/listings", json={}).status_code == 401
    for name in ("web", "worker"):
        said = [line for line in (tmp_path / f"{name}.log").read_text().splitlines() if "clock is wrong" in line]
        assert len(said) == 2, said
        assert "no longer" in said[1]
