"""The embedded stack's own promises, shown with its broker and database alone."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from kafka import KafkaConsumer, KafkaProducer
from pymongo import MongoClient
from pymongo.database import Database

from deploy.embedded import identity
from deploy.embedded import stack as stack_module
from deploy.embedded.data import Data, DataInUse
from deploy.embedded.keys import Keys
from deploy.embedded.ports import free_ports
from deploy.embedded.stack import Stack, StackError
from deploy.kafka.topics import topics
from deploy.mongo.collections import every_aggregate, replay_one
from shared.aggregate.replay import replay
from tests.support.processes import eventually

pytestmark = pytest.mark.embedded


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def servers(tmp_path: Path, said: list[str]) -> Iterator[Stack]:
    stack = Stack(tmp_path / "data", say=said.append)
    try:
        stack.start_servers()
        yield stack
    finally:
        stack.stop()


def test_servers_answer_with_every_topic(servers: Stack) -> None:
    """The broker has all topics before anybody needs them, the database answers, and stack.json says where they are."""
    consumer = KafkaConsumer(bootstrap_servers=servers.kafka)
    with MongoClient[dict[str, Any]](servers.mongodb) as client:
        client.admin.command("ping")
    written = json.loads(servers.data.stack_json.read_text())

    assert {topic.name for topic in topics()} <= consumer.topics()
    assert (written["kafka"], written["mongodb"]) == (servers.kafka, servers.mongodb)
    assert {process["name"]: process["pid"] for process in written["processes"]} == {
        "broker": servers.pid("broker"),
        "database": servers.pid("database"),
    }
    consumer.close()


def test_second_stack_on_the_same_folder(servers: Stack) -> None:
    """Two at once on one folder are refused, and the first is none the worse."""
    second = Stack(servers.data.folder)
    with pytest.raises(DataInUse, match="another stack runs on"):
        second.start()
    second.stop()

    assert servers.pid("broker") and servers.data.read_stack()


@pytest.mark.alone
@pytest.mark.parametrize("name", ["broker", "database"])
def test_killed_server_comes_back(servers: Stack, said: list[str], name: str) -> None:
    """SIGKILL: back within 2 s on the same port, said so, and stack.json has the new pid."""
    old = servers.kill(name)
    servers.wait_restarted(name, old, seconds=5)

    assert said[-1] == f"{name} died (pid {old}) and was started again (pid {servers.pid(name)})"
    written = json.loads(servers.data.stack_json.read_text())["processes"]
    assert servers.pid(name) in [process["pid"] for process in written]


def test_data_stays(tmp_path: Path) -> None:
    """What was written is there after a stop and a start, on other ports; the end was clean."""
    for run in range(2):
        stack = Stack(tmp_path / "data")
        try:
            stack.start_servers()
            with MongoClient[dict[str, Any]](stack.mongodb) as client:
                client.shop.things.insert_one({"run": run})
                assert client.shop.things.count_documents({}) == run + 1
            producer = KafkaProducer(bootstrap_servers=stack.kafka)
            assert producer.send("hire.confirmed", value=b"{}").get(timeout=10).offset == run
            producer.close()
            eventually(lambda: (tmp_path / "data" / "alive").exists(), "the heartbeat")  # noqa: B023
        finally:
            stack.stop()

        assert Data(tmp_path / "data").replay_since() is None
        assert not stack.data.stack_json.exists()


def test_given_port_is_taken(tmp_path: Path) -> None:
    """A port that was asked for and is taken is said plainly."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stack = Stack(tmp_path, port)
        with pytest.raises(StackError, match=f"port {port} is taken"):
            stack.start_servers()
        stack.stop()


def test_port_lost_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    """A free port that somebody else takes first is replaced by another one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        lost = taken.getsockname()[1]
        choices = iter([[next(free_ports()), next(free_ports()), lost]])

        def once_wrong() -> Iterator[int]:
            yield from next(choices, [])
            yield from free_ports()

        monkeypatch.setattr(stack_module, "free_ports", once_wrong)
        stack = Stack(tmp_path, say=said.append)
        stack.start_servers()
        stack.stop()

    assert any("port was taken" in line for line in said)


def test_leftovers_are_ended_and_nothing_else(tmp_path: Path) -> None:
    """Only a process with the recorded pid and the recorded start is ended."""
    ours, other = (subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(2))
    records = [
        {"name": "broker", "pid": ours.pid, "started": identity.started(ours.pid)},
        {"name": "database", "pid": other.pid, "started": (identity.started(other.pid) or 0) - 60},
        {"name": "gateway", "pid": 2**22 + 1, "started": 0.0},
    ]
    ended = identity.end_leftovers({"processes": records, "supervisor": None})

    ours.wait(5)

    assert ended == 1
    assert other.poll() is None
    other.communicate(b"\n")
    if ours.stdin:
        ours.stdin.close()


def test_keys_are_made_once(tmp_path: Path) -> None:
    """Keys are private, stay as they are, and their tokens hold against the JWKS file."""
    keys = Keys(tmp_path / "keys")
    keys.make()
    before = {path.name: path.read_bytes() for path in keys.folder.iterdir()}
    keys.make()
    signed = keys.token("anna", ["arbiter", "arbiter"])
    jwks = jwt.PyJWKSet.from_json(keys.jwks.read_text())
    kid = jwt.get_unverified_header(signed)["kid"]
    claims = jwt.decode(signed, jwks[kid], ["EdDSA"], audience="good-golem", issuer="https://golem.local")

    assert {path.name: path.read_bytes() for path in keys.folder.iterdir()} == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.folder.iterdir()} == {0o600}
    assert (claims["sub"], claims["roles"]) == ("anna", ["arbiter"])
    assert "d" not in json.loads(keys.jwks.read_text())["keys"][0]


def test_unclean_end_is_known(tmp_path: Path) -> None:
    """After an end without a stop, events are sent again from a minute before the last sign of life."""
    data = Data(tmp_path)
    data.make()
    data.beat()
    os.utime(tmp_path / "alive", (1_800_000_000, 1_800_000_000))

    assert data.replay_since() == datetime.fromtimestamp(1_800_000_000 - 60, UTC)
    data.ended_cleanly()
    assert data.replay_since() is None


def test_replay_since(database: Database[dict[str, Any]]) -> None:
    """Replay goes back to the first event of that time, never forward, and leaves older documents alone."""
    now = datetime.now(UTC)
    times = [now - timedelta(minutes=minutes) for minutes in (10, 5, 1)]
    events = [{"seq": number, "time": time} for number, time in enumerate(times, start=1)]
    full = {"events": events, "seq": 3, "version": 3, "updated_at": now - timedelta(minutes=1)}
    old = {"events": events[:1], "seq": 1, "version": 1, "updated_at": times[0], "published": 1}
    listings = database.get_collection("listings", codec_options=database.codec_options.with_options(tz_aware=True))
    waiting = full | {"_id": "waiting", "published": 0, "outbox_at": times[0]}
    listings.insert_many([full | {"_id": "sent", "published": 3}, waiting, old | {"_id": "old"}])

    assert replay(listings, since=now - timedelta(minutes=6)) == 4
    after = {doc["_id"]: doc for doc in listings.find()}
    assert (after["sent"]["published"], after["waiting"]["published"], after["old"]["published"]) == (1, 0, 1)
    assert after["sent"]["version"] == 3 and after["sent"]["outbox_at"] and "outbox_at" not in after["old"]
    assert replay(listings) == 7
    assert {doc["published"] for doc in listings.find()} == {0}


def test_a_replay_meets_what_comes_back_from_the_archive(
    database: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not there yet when the living were read, and is not there any more when the archive is."""
    times = dict.fromkeys(("updated_at", "time"), datetime.now(UTC) - timedelta(days=400))
    escrow = {
        "_id": "e",
        "events": [{"seq": 1, "time": times["time"]}],
        "seq": 1,
        "version": 2,
        "published": 1,
        **times,
    }
    prefix = f"{database.name}_"
    living, archive = every_aggregate(database.client, "escrow", prefix)
    archive.insert_one(escrow)

    def meanwhile(collection: Any, *asked: Any) -> int:
        if collection.name == archive.name and archive.delete_one({"_id": "e"}).deleted_count:
            living.insert_one(escrow | {"updated_at": datetime.now(UTC)})
        return replay(collection, *asked)

    monkeypatch.setattr("deploy.mongo.collections.replay", meanwhile)
    try:
        replay_one(database.client, "escrow", None, prefix)
        found = living.find_one({"_id": "e"})
        assert found is not None and (found["published"], "outbox_at" in found) == (0, True)
    finally:
        database.client.drop_database(living.database.name)


@pytest.mark.parametrize(("kept", "how"), [(True, "exit status 0"), (False, "terminated by SIGKILL")])
def test_a_database_puts_in_order_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool, how: str
) -> None:
    """And goes at once where its folder is thrown away."""
    monkeypatch.setattr(stack_module.shutil, "rmtree", lambda folder, **_: None)
    stack = Stack(tmp_path / "data" if kept else None)
    folder = stack.data.folder
    try:
        stack.start_servers()
    finally:
        stack.stop()
        monkeypatch.undo()
    said = (folder / "logs" / "supervisord.log").read_text()
    stack_module.shutil.rmtree(folder)

    assert f"stopped: database ({how})" in said
    assert "stopped: broker (exit status 0)" in said
