"""Apache Kafka over TLS: every way of coming in works for every client of ours, and who should not is refused."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.kafka.topics import client_settings
from shared.clock import SystemClock
from shared.messaging.frontier import KafkaEnds
from shared.messaging.kafka import KafkaLetters, KafkaPublisher, KafkaSource, using
from shared.messaging.ports import Message
from shared.settings import load_kafka
from tests.support.certificates import Authority
from tests.support.processes import eventually
from tests.support.secure_kafka import SET_UP, WAYS, Environ, SecureKafka, secure_kafka

pytestmark = pytest.mark.containers
TOPIC = "listing.created"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    with secure_kafka(tmp_path_factory.mktemp("tls")) as running:
        yield running


def publish(environ: Environ, value: bytes) -> bool:
    publisher = KafkaPublisher(load_kafka(environ), "listing-relay", SystemClock())
    try:
        return publisher.publish([Message(TOPIC, b"key", value, [])]) == [True]
    finally:
        publisher.close()


def test_kafka_setup_comes_in_over_tls(broker: SecureKafka) -> None:
    """By the administrator's certificate; it has made all that is declared, and again changes nothing."""
    assert broker.set_up() == SET_UP


@pytest.mark.parametrize("way", WAYS)
def test_every_client_comes_in(broker: SecureKafka, way: str) -> None:
    """The relay writes as listing; as matching the consumer, the frontier and the letters read; so does `golem`."""
    environ = broker.environ(way, "matching")
    settings = load_kafka(environ)
    eventually(lambda: publish(broker.environ(way, "listing"), way.encode()), f"listing let in by {way}", 60)

    source, ends = KafkaSource(settings, "matching", [TOPIC], SystemClock()), KafkaEnds(settings, "matching", [TOPIC])

    def arrived() -> bool:
        records = source.poll()
        source.commit(records)
        return way.encode() in [record.value for record in records]

    try:
        eventually(arrived, f"a record by {way}", 30)
        assert ends.read()[0][TOPIC, 0] >= 1
        assert KafkaLetters(settings, "matching", SystemClock()).find([("matching.dead", 0, 0)]) == {}
    finally:
        source.close()
        ends.close()
    with using(KafkaConsumer, **client_settings(broker.environ(way, "operator"))) as operator:
        assert TOPIC in operator.topics()


def _wrong_ca(broker: SecureKafka, folder: Path) -> Environ:
    other = Authority(folder, "other")
    return broker.environ("SCRAM-SHA-512", "listing") | {"KAFKA_SSL_CA_FILE": str(other.ca_file)}


def _systems_ca(broker: SecureKafka, folder: Path) -> Environ:
    return broker.environ("certificate", "listing") | {"KAFKA_SSL_CA_FILE": ""}


def _other_host(broker: SecureKafka, folder: Path) -> Environ:
    environ = broker.environ("SCRAM-SHA-512", "listing")
    return environ | {"KAFKA_BOOTSTRAP_SERVERS": environ["KAFKA_BOOTSTRAP_SERVERS"].replace("127.0.0.1", "localhost")}


def _no_certificate(broker: SecureKafka, folder: Path) -> Environ:
    return broker.environ("certificate", "listing") | {"KAFKA_SSL_CERTIFICATE_FILE": ""}


def _other_authority(broker: SecureKafka, folder: Path) -> Environ:
    mine = Authority(folder).issued("admin")
    return broker.environ("certificate", "admin") | {"KAFKA_SSL_CERTIFICATE_FILE": str(mine)}


def _expired(broker: SecureKafka, folder: Path) -> Environ:
    mine = broker.authority.issued("late", expired=True)
    return broker.environ("certificate", "listing") | {"KAFKA_SSL_CERTIFICATE_FILE": str(mine)}


def _wrong_password(mechanism: str) -> Callable[[SecureKafka, Path], Environ]:
    def environ(broker: SecureKafka, folder: Path) -> Environ:
        wrong = {"KAFKA_SASL_PASSWORD_FILE": "", "KAFKA_SASL_PASSWORD": "wrong"}
        return broker.environ(mechanism, "listing") | wrong

    return environ


def _token(**claims: object) -> Callable[[SecureKafka, Path], Environ]:
    return lambda broker, folder: broker.by_token(broker.token("listing", **claims))


def _forged(broker: SecureKafka, folder: Path) -> Environ:
    return broker.by_token(broker.token("listing", rsa.generate_private_key(public_exponent=65537, key_size=2048)))


def _no_token(broker: SecureKafka, folder: Path) -> Environ:
    return broker.environ("OAUTHBEARER", "listing") | {"KAFKA_OAUTH_TOKEN_URL": "http://127.0.0.1:9/"}


REFUSED: dict[str, Callable[[SecureKafka, Path], Environ]] = {
    "another authority for the broker": _wrong_ca,
    "the system's authorities alone": _systems_ca,
    "a host that the broker's certificate does not name": _other_host,
    "no certificate": _no_certificate,
    "a certificate of another authority": _other_authority,
    "a certificate that has expired": _expired,
    "a wrong password, PLAIN": _wrong_password("PLAIN"),
    "a wrong password, SCRAM-SHA-256": _wrong_password("SCRAM-SHA-256"),
    "a wrong password, SCRAM-SHA-512": _wrong_password("SCRAM-SHA-512"),
    "a token that has expired": _token(exp=1_700_000_000),
    "a token for another audience": _token(aud="others"),
    "a token of another issuer": _token(iss="https://others.test"),
    "a token that somebody else signed": _forged,
    "an issuer that is away": _no_token,
}


@pytest.fixture(scope="module")
def outcomes(broker: SecureKafka, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bool, bool, str]]:
    """What became of each of REFUSED; they wait side by side, for each client takes five seconds to give up."""

    def outcome(environ: Environ) -> tuple[bool, bool, str]:
        """(an event was published, a member of the group, the error of a command)"""
        source = KafkaSource(load_kafka(environ), "listing", ["hire.confirmed"], SystemClock())
        published, read = publish(environ, b"refused"), source.poll()
        assert read == []
        source.close()
        return published, source.joined, _error(environ)

    environs = [environ(broker, tmp_path_factory.mktemp("refused")) for environ in REFUSED.values()]
    with ThreadPoolExecutor(len(REFUSED)) as pool:
        return dict(zip(REFUSED, pool.map(outcome, environs), strict=True))


def _error(environ: Environ) -> str:
    try:
        with using(KafkaAdminClient, **client_settings(environ)):
            pass
    except KafkaError as error:
        return type(error).__name__
    return ""


@pytest.mark.parametrize("how", REFUSED)
def test_who_should_not_come_in_is_refused(outcomes: dict[str, tuple[bool, bool, str]], how: str) -> None:
    """As by a broker that is away: the relay keeps the event, the consumer reads nothing, a command says so."""
    published, joined, error = outcomes[how]

    assert not published
    assert not joined
    assert error
