"""What our clients opened is closed when they fail: descriptors and threads stay as many over an outage."""

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from smtplib import SMTPException
from typing import Any

import pymongo
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.net.manager import KafkaConnectionManager
from pymongo.errors import PyMongoError

from deploy.kafka.topics import create
from deploy.system.connect import System
from deploy.system.topics import reader
from deploy.system.waiting import services as waiting
from services.escrow.provider.sandbox.webhook import http_post
from services.notify.letter import Letter, message
from services.notify.smtp import smtp
from shared import outgoing
from shared.aggregate import open_store
from shared.aggregate.naming import Naming
from shared.clock import SystemClock
from shared.messaging.frontier import KafkaEnds
from shared.messaging.kafka import KafkaLetters, KafkaPublisher, KafkaSource, connection, opened, shut
from shared.messaging.ports import Message
from shared.settings import Kafka, Mail, MongoDB
from tests.pure.test_smtp import AT
from tests.support.processes import eventually

TRIES = 6
Ask = Callable[[int], object]


def mails(tls: str) -> Ask:
    def ask(port: int) -> None:
        of = Mail("127.0.0.1", port, "golem@golem.example", None, None, tls, None)
        smtp(of, timeout=0.1)(message(Letter("a", "b", "en"), of.sender, "a@b.example", "i", AT), "a@b.example")

    return ask


def names_people(port: int) -> None:
    uri = f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=100"
    store = open_store(MongoDB(uri, "x"), "documents", SystemClock())
    try:
        with pymongo.timeout(0.1):  # shorter than its own
            Naming(store.collection, b"k" * 32).agree()
    finally:
        store.collection.database.client.close()


def kafka(port: int) -> Kafka:
    return Kafka((f"127.0.0.1:{port}",), "PLAINTEXT", None, None, None, None)


def system(port: int) -> System:
    return System(None, {"bootstrap_servers": [f"127.0.0.1:{port}"]}, f"mongodb://127.0.0.1:{port}/")


def frontier(port: int) -> None:
    KafkaEnds(kafka(port), "escrow", ["hire.confirmed"]).read()


def relay(port: int) -> None:
    assert KafkaPublisher(kafka(port), "relay", SystemClock()).publish([Message("a", b"k", b"v")]) == [False]
    raise KafkaTimeoutError


def consumer(port: int) -> None:
    assert KafkaSource(kafka(port), "escrow", ["hire.confirmed"], SystemClock()).poll() == []
    raise KafkaTimeoutError


def events(port: int) -> None:
    with reader(system(port)):
        pass


BROKERS: dict[str, Ask] = {
    "admin": lambda port: opened(KafkaAdminClient, **connection(kafka(port), "a")),
    "reader": lambda port: opened(KafkaConsumer, **connection(kafka(port), "c")),
    "producer": lambda port: opened(KafkaProducer, **connection(kafka(port), "p")),
    "frontier": frontier,
    "relay": relay,
    "consumer": consumer,
    "letters": lambda port: KafkaLetters(kafka(port), "escrow", SystemClock()).find([(0, 0)]),
    "topics": lambda port: create({"bootstrap_servers": [f"127.0.0.1:{port}"]}, patience=0.0),
    "golem status": lambda port: waiting(system(port)),
    "golem events": events,
}
CLIENTS: dict[str, Ask] = {
    "token keys": lambda port: outgoing.get(f"http://127.0.0.1:{port}/", seconds=0.1, most_bytes=10),
    "token keys over TLS": lambda port: outgoing.get(f"https://127.0.0.1:{port}/", seconds=0.1, most_bytes=10),
    "webhook": lambda port: http_post(f"http://127.0.0.1:{port}/", timeout=0.1)(b"{}", "t=1,v1=0"),
    "probe": lambda port: outgoing.probe(f"http://127.0.0.1:{port}/", seconds=0.1),
    "mail": mails("none"),
    "mail over TLS": mails("implicit"),
    "mail by STARTTLS": mails("starttls"),
    "database": names_people,
}


@pytest.fixture(params=["refuses", "resets", "garbage", "silent"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Of a server that is away in one way or another; it has nothing open itself between two connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.getsockname()[1]
        if request.param == "refuses":
            listening.close()
            yield number
            return
        if request.param == "silent":  # the kernel takes the connections, and nobody them
            yield number
            return

        def serve() -> None:
            while True:
                link, _ = listening.accept()
                with link:
                    if ended.is_set():
                        return
                    if request.param == "garbage":
                        link.sendall(b"\x00garbage\r\n")

        ended = threading.Event()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield number
        ended.set()
        socket.create_connection(("127.0.0.1", number), timeout=1).close()
        thread.join(5)


@pytest.mark.parametrize("client", CLIENTS)
def test_threads_and_descriptors_are_constant(client: str, port: int) -> None:
    stays_as_it_is(lambda: CLIENTS[client](port))


@pytest.mark.parametrize("client", BROKERS)
def test_a_broker_that_is_away_costs_nothing(client: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """kafka-python's constructors close nothing when they raise, and its sockets are left to the garbage collector."""
    real = KafkaConnectionManager.bootstrap
    monkeypatch.setattr(KafkaConnectionManager, "bootstrap", lambda self, timeout_ms=None, refresh=True: real(self, 60))
    gc.disable()
    try:
        stays_as_it_is(lambda: BROKERS[client](port))
    finally:
        gc.enable()


def stays_as_it_is(ask: Callable[[], object]) -> None:
    def counted() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    def fails() -> None:
        with pytest.raises((OSError, SMTPException, outgoing.NoAnswer, PyMongoError, KafkaError)):
            ask()

    fails()
    before = counted()
    for _ in range(TRIES):
        fails()

    eventually(lambda: all(now <= then for now, then in zip(counted(), before, strict=True)), "all is closed again", 5)


@pytest.mark.parametrize("kind", [KafkaConsumer, KafkaProducer])
def test_a_client_that_cannot_be_closed_well_is_ended(port: int, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """A producer's `close` raises where records wait in vain, a consumer's where its group does not answer."""

    def refuses(client: Any, *_: object, **__: object) -> None:
        if kind is KafkaConsumer or client._sender.is_alive():
            raise KafkaTimeoutError

    def once() -> None:
        # It need not ask for the version that it is given: so it is made, and connects in vain.
        shut(opened(kind, bootstrap_servers=[f"127.0.0.1:{port}"], api_version=(2, 8)))
        raise KafkaTimeoutError

    if kind is KafkaProducer:
        monkeypatch.setattr(KafkaProducer, "flush", refuses)
    else:
        monkeypatch.setattr(ConsumerCoordinator, "close", refuses)
    stays_as_it_is(once)
