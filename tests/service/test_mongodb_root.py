"""The root user's password is changed as the runbook says, on a database that asks for it."""

import io
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.embedded.ports import free_ports
from deploy.mongo.setup import main
from tests.support.processes import eventually

OLD, NEW = "p@ss/word", "another p@ss/word"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """host:port of the embedded database, made with a root user and then started so that it asks for passwords."""
    script = Path(sysconfig.get_path("scripts")) / "secantusd-py"
    port = next(free_ports())
    command = [str(script), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(tmp_path / "data")]
    client: MongoClient[Any] = MongoClient(f"mongodb://127.0.0.1:{port}", serverSelectionTimeoutMS=500)

    def answers() -> bool:
        with suppress(PyMongoError):
            client.admin.command("hello")
            return True
        return False

    try:
        for more in ((), ("--auth",)):
            process = subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                eventually(answers, "the database answers")
                if more:
                    yield f"127.0.0.1:{port}"
                else:
                    client.admin.command("createUser", "root", pwd=OLD, roles=["root"])
            finally:
                process.terminate()
                process.wait(20)
    finally:
        client.close()


def lets_in(address: str, password: str) -> bool:
    with MongoClient[Any](address, username="root", password=password, serverSelectionTimeoutMS=3000) as client:
        try:
            client.admin.command("usersInfo", "root")
        except OperationFailure:
            return False
        return True


@pytest.fixture
def secrets(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As `make secrets` left them once the old file was put aside."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "mongodb_listing_uri").write_text(f"mongodb://listing:secret@{address}/listing?authSource=listing")
    (folder / "mongodb_root_password").write_text(f"{NEW}\n")
    monkeypatch.setenv("SECRETS", str(folder))
    return folder


def test_root_gets_its_new_password_by_the_one_before(
    address: str, secrets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By no other; again it changes nothing, and no password is said."""
    ended = []
    for given in ("wrong", OLD, OLD):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{given}\n"))
        ended.append((main(["root"]), lets_in(address, OLD), lets_in(address, NEW)))

    assert ended == [(1, True, False), (0, False, True), (0, False, True)]
    said = "".join(capsys.readouterr())
    assert "root had its new password already" in said
    assert not any(word in said for word in (OLD, NEW, "p%40ss"))


def test_what_is_no_argument_changes_nothing() -> None:
    assert main(["toor"]) == 64
