"""One line for an outage and one for its end, whoever notices it, and however often."""

import io
import json
import logging
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from kafka.net.manager import KafkaConnectionManager
from pymongo.errors import AutoReconnect, PyMongoError

from shared.aggregate import Contended, open_store
from shared.clock import SystemClock
from shared.http.problems import problem_of
from shared.messaging.frontier import Frontier, KafkaEnds
from shared.messaging.kafka import KafkaPublisher, KafkaSource
from shared.messaging.ports import Message
from shared.process import health
from shared.settings import Address, Kafka, MongoDB
from shared.telemetry import logs, outages
from shared.telemetry.outages import KafkasOwn, Outages
from tests.support.processes import eventually


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a service's process; the command `golem`, tried before in this one, keeps the client's lines back."""
    monkeypatch.setattr(logging.getLogger("kafka"), "propagate", True)


class Log:
    """What a process logs, as its lines come."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    @property
    def messages(self) -> list[str]:
        return [line["message"] for line in self.lines]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    root = logging.getLogger()
    before, level, found, fresh = list(root.handlers), root.level, Log(), Outages()
    monkeypatch.setattr(outages, "OURS", fresh)
    for name in ("away", "back", "is_away"):
        monkeypatch.setattr(outages, name, getattr(fresh, name))
    monkeypatch.setattr(logs, "KafkasOwn", lambda: KafkasOwn(fresh))
    logs.configure("escrow", "worker", stream=found.stream)
    yield found
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def nobody() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("parts", [["relay"], ["relay", "consumer"], ["frontier", "relay", "consumer", "relay"]])
def test_two_lines(log: Log, parts: list[str]) -> None:
    """However many loops fail, and however often; the second line says for how long."""
    time = Time()
    seen = Outages(time)
    for _ in range(50):
        time.now += 0.5
        for part in parts:
            seen.away("Kafka", part, ConnectionError("refused"))
    for part in parts:
        seen.back("Kafka", part)

    away, back = log.lines
    assert (away["message"], away["error"]) == ("Kafka is not reached", "ConnectionError: refused")
    assert (back["message"], back["away_seconds"]) == ("Kafka is reached again", 24.5)


def test_one_part_that_got_through_ends_nothing(log: Log) -> None:
    """While another still fails it is the same outage; one that stopped trying holds up its end for 15 s alone."""
    time = Time()
    seen = Outages(time)
    seen.away("Kafka", "relay", "refused")
    seen.away("Kafka", "frontier", "refused")
    seen.back("Kafka", "frontier")
    seen.away("Kafka", "frontier", "refused")
    seen.back("Kafka", "frontier")
    assert len(log.lines) == 1

    time.now += 16
    seen.back("Kafka", "frontier")
    assert log.messages == ["Kafka is not reached", "Kafka is reached again"]


def test_a_request_that_failed_holds_nothing_up(log: Log) -> None:
    """Nobody sends it again, perhaps: the database's own heartbeat ends what it began."""
    assert problem_of(AutoReconnect("closed")).status == 503
    outages.back(outages.MONGODB, "connection")

    assert log.messages == ["MongoDB is not reached", "MongoDB is reached again"]


def test_each_thing_has_its_own(log: Log) -> None:
    for what in ("Kafka", "MongoDB", "the provider"):
        outages.away(what, "relay", "refused")
    outages.back("MongoDB", "relay")

    assert log.messages[3:] == ["MongoDB is reached again"]
    assert outages.is_away("Kafka") and not outages.is_away("MongoDB")


def test_kafka_away(log: Log, nobody: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frontier, relay and consumer try again and again, and so does Kafka's client below them: one line."""
    real = KafkaConnectionManager.bootstrap
    monkeypatch.setattr(KafkaConnectionManager, "bootstrap", lambda self, timeout_ms=None, refresh=True: real(self, 60))
    settings = Kafka((f"127.0.0.1:{nobody}",), "PLAINTEXT", None, None, None, None)
    clock = SystemClock()
    frontier = Frontier("escrow", KafkaEnds(settings, "escrow", ["hire.confirmed"]), clock)
    relay = KafkaPublisher(settings, "relay", clock)
    consumer = KafkaSource(settings, "escrow", ["hire.confirmed"], clock)
    for _ in range(3):
        frontier.observe()
        relay.publish([Message("hire.confirmed", b"k", b"v")])
        consumer.poll()

    (line,) = log.lines
    assert line["message"] == "Kafka is not reached" and "ECONNREFUSED" in line["error"]


@pytest.mark.parametrize(("name", "text"), [("coordinator", "marked dead"), ("consumer.fetcher", "Fetch failed")])
def test_kafkas_client_repeats_nothing(log: Log, name: str, text: str) -> None:
    """What no outage explains is said, once a minute; during one not at all."""
    for _ in range(5):
        logging.getLogger(f"kafka.{name}").error(text)
    assert log.messages == [text]

    outages.away(outages.KAFKA, "relay", "refused")
    logging.getLogger(f"kafka.{name}").error("another")
    assert log.messages == [text, "Kafka is not reached"]


def test_a_connection_that_ends_is_no_line(log: Log) -> None:
    """It is made again; only where that fails there is an outage. A fault of the client itself is shown."""
    for error, name, text in [
        (ConnectionResetError("reset"), "kafka.net.transport", "Error receiving network data"),
        (None, "kafka.net.connection", "Connection lost"),
        (None, "kafka.coordinator", "Error sending HeartbeatRequest [KafkaConnectionError: reset]"),
    ]:
        logging.getLogger(name).error(text, exc_info=error)
    assert log.messages == []

    logging.getLogger("kafka.net.selector").error("IO loop crashed", exc_info=ValueError("a fault"))
    assert log.messages == ["IO loop crashed"]


def test_database_away(log: Log, nobody: int) -> None:
    """A request or a loop that fails, and the client's own heartbeats: one line."""
    store = open_store(MongoDB(f"mongodb://127.0.0.1:{nobody}/?serverSelectionTimeoutMS=300", "x"), "y", SystemClock())
    for _ in range(2):
        with pytest.raises(PyMongoError) as refused:
            store.collection.find_one()
        assert problem_of(refused.value).status == 503
        outages.tries_again("relay", refused.value)
    store.collection.database.client.close()

    assert log.messages == ["MongoDB is not reached"]


@pytest.mark.parametrize(("error", "lines"), [(AutoReconnect("closed"), 1), (Contended("busy"), 3)])
def test_a_race_is_no_outage(log: Log, error: Exception, lines: int) -> None:
    for _ in range(3):
        outages.tries_again("poller", error)

    assert len(log.lines) == lines


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_what_goes_wrong_with_health_is_a_line(
    log: Log, path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JSON like all others, with the traceback in it; nothing goes to stderr."""

    def breaks(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(health, "probe", breaks)
    monkeypatch.setattr(health.metrics, "exposition", breaks)
    server = health.serve(Address("127.0.0.1", 0), {}, {})
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    with pytest.raises(OSError, match=r"."):
        connection.request("GET", path)
        connection.getresponse()
    eventually(lambda: bool(log.lines), "the line")
    connection.close()
    server.close()

    assert [line["message"] for line in log.lines] == ["a request for health failed"]
    assert "ValueError: broken" in log.lines[0]["exception"]
    assert capsys.readouterr().err == ""
