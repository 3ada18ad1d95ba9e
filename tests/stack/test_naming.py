"""Real processes that would name people otherwise than their documents do: they do not start, and say why."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from deploy.embedded.ports import free_ports
from shared.aggregate.naming import Naming
from shared.settings import EX_CONFIG
from tests.support.web import settings

WEB = ("-m", "gunicorn", "--config", "python:shared.process.gunicorn_config", "services.listing.main:web()")
WORKER = ("-m", "services.listing.main")
KEY = "k" * 40


@pytest.fixture
def environment(mongo_server: str, database: Database[dict[str, Any]], tmp_path: Path) -> dict[str, str]:
    """A listing process over documents that name people by `KEY` and the issuer https://golem.local."""
    Naming(database["listings"], KEY.encode(), "https://golem.local").agree()
    settings("listing", tmp_path)
    ports = free_ports()
    return {
        **os.environ,
        "MONGODB_URI": mongo_server,
        "MONGODB_DATABASE": database.name,
        "PSEUDONYM_KEY": KEY,
        "JWKS_FILE": str(tmp_path / "jwks.json"),
        "BIND": f"127.0.0.1:{next(ports)}",
        "HEALTH_BIND": f"127.0.0.1:{next(ports)}",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    }


@pytest.mark.parametrize(
    ("process", "given", "expected"),
    [
        (WEB, {"TOKEN_ISSUER": "https://new.example"}, "TOKEN_ISSUER: the documents name people by the issuer"),
        (WEB, {"PSEUDONYM_ISSUER": "https://new.example"}, "TOKEN_ISSUER: the documents name people by the issuer"),
        (WEB, {"PSEUDONYM_KEY": "o" * 40}, "PSEUDONYM_KEY: this is not the key"),
        (WORKER, {"PSEUDONYM_KEY": "o" * 40}, "PSEUDONYM_KEY: this is not the key"),
    ],
)
def test_it_ends_with_the_code_of_wrong_settings(
    environment: dict[str, str], process: tuple[str, ...], given: dict[str, str], expected: str
) -> None:
    ended = subprocess.run(
        [sys.executable, *process], env=environment | given, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode == EX_CONFIG
    assert expected in ended.stdout + ended.stderr
