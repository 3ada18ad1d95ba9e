"""What the broker must refuse, tried with real clients and real passwords."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ACL, ACLOperation, ACLPermissionType, KafkaAdminClient, ResourcePattern, ResourceType
from kafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from deploy import SERVICES
from deploy.kafka import ready
from deploy.kafka.principals import OPERATOR, emits, reads
from shared.events.catalogue import EVENT_NAMES
from tests.compose.running.conftest import compose

PRINCIPALS = (*SERVICES, OPERATOR)


def may_write(principal: str) -> set[str]:
    own = {f"{principal}.dead", *emits(principal)} if principal in SERVICES else set()
    return own | ({f"{service}.redrive" for service in SERVICES} if principal == OPERATOR else set())


def refused(producer: KafkaProducer, topic: str) -> bool:
    """Whether a record is refused for want of the right to write it; any other end of it fails the test."""
    try:
        producer.send(topic, b"not for you", key=b"x").get(timeout=10)
    except TopicAuthorizationFailedError:
        return True
    return False


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
def test_nobody_is_anonymous(kafka: Callable[..., Any], protocol: str) -> None:
    """Neither without a name nor with a wrong password does anybody come in."""
    options = kafka("listing", "wrong") if protocol.startswith("SASL") else {}
    options |= {"security_protocol": protocol, "bootstrap_timeout_ms": 3000}
    options["bootstrap_servers"] = kafka("listing")["bootstrap_servers"]

    with pytest.raises(KafkaError):
        KafkaAdminClient(**options)


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_a_principal_writes_no_topic_but_its_own(producer: Callable[..., KafkaProducer], principal: str) -> None:
    """Every topic of the system that is not this principal's refuses its record."""
    foreign = {*EVENT_NAMES, *(f"{s}.{kind}" for s in SERVICES for kind in ("dead", "redrive"))} - may_write(principal)
    one = producer(principal)

    accepted = [topic for topic in sorted(foreign) if not refused(one, topic)]

    assert accepted == []


def test_only_matching_may_say_that_somebody_was_hired() -> None:
    """The money moves on hire.confirmed: what the test above tries follows from these sets."""
    assert [p for p in PRINCIPALS if "hire.confirmed" in may_write(p)] == ["matching"]
    assert {p for p in PRINCIPALS for topic in may_write(p) if topic.startswith("escrow.")} == {"escrow", OPERATOR}
    assert {t for t in may_write(OPERATOR) if t.startswith("escrow.")} == {"escrow.redrive"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_knows_no_topic_but_those_it_handles_or_writes(
    consumer: Callable[..., KafkaConsumer], service: str
) -> None:
    """Of all others, dead letters and redriven records of other services too, it does not learn that they exist."""
    assert consumer(service).topics() == {*reads(service), f"{service}.redrive", *may_write(service)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_waits_until_its_own_login_shows_it_all_its_topics(
    service: str, kafka: Callable[..., Any], secrets: Path
) -> None:
    """Another service's login is let in, and shown too little: with the wrong rights it goes on waiting."""

    def environ(principal: str) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": kafka(principal)["bootstrap_servers"],
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": principal,
            "KAFKA_SASL_PASSWORD_FILE": str(secrets / f"kafka_{principal}_password"),
        }

    other = next(each for each in SERVICES if each != service)
    assert ready.wait(service, environ(service), patience=0) is None
    assert f"{service}.redrive" in ready.missing(service, environ(other))


def test_what_it_may_only_write_it_cannot_read(consumer: Callable[..., KafkaConsumer]) -> None:
    one = consumer("escrow")
    place = TopicPartition("escrow.released", 0)
    one.assign([place])
    one.seek(place, 0)

    with pytest.raises(TopicAuthorizationFailedError):
        for _ in range(5):
            one.poll(timeout_ms=1000)


def test_a_service_joins_no_group_but_its_own(consumer: Callable[..., KafkaConsumer]) -> None:
    one = consumer("listing", group="escrow")
    one.subscribe(["hire.confirmed"])

    with pytest.raises(GroupAuthorizationFailedError):
        for _ in range(20):
            one.poll(timeout_ms=500)


def test_no_service_may_make_or_drop_topics_or_give_itself_rights(kafka: Callable[..., Any]) -> None:
    topic = ResourcePattern(ResourceType.TOPIC, "escrow.released")
    right = ACL("User:matching", "*", ACLOperation.WRITE, ACLPermissionType.ALLOW, topic)
    admin = KafkaAdminClient(**kafka("matching"))
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            admin.delete_topics(["hire.confirmed"], timeout_ms=5000)
        with pytest.raises(TopicAuthorizationFailedError):
            admin.create_topics({"mine": {}}, timeout_ms=5000)
        assert admin.create_acls([right]) == {"succeeded": [], "failed": [ClusterAuthorizationFailedError]}
    finally:
        admin.close()


@pytest.fixture(scope="module")
def crm() -> Any:
    compose("run", "--rm", "-T", "subscriber", "remove", "crm")
    told = json.loads(compose("run", "--rm", "-T", "subscriber", "add", "crm", "--json"))
    yield told
    compose("run", "--rm", "-T", "subscriber", "remove", "crm")


def test_a_subscriber_reads_events_in_groups_of_its_own(consumer: Callable[..., KafkaConsumer], crm: Any) -> None:
    """It reads public topics under its prefix; other groups, dead letters and every topic's writing are closed."""
    password = crm["sasl.password"]
    own = consumer("crm", password, group="crm.reports")
    own.subscribe(["hire.confirmed", "listing.created"])
    assignment: set[TopicPartition] = set()
    for _ in range(20):
        own.poll(timeout_ms=1000)
        assignment = own.assignment()
        if assignment:
            break
    foreign = consumer("crm", password, group="escrow")
    foreign.subscribe(["hire.confirmed"])

    assert {place.topic for place in assignment} == {"hire.confirmed", "listing.created"}
    with pytest.raises(GroupAuthorizationFailedError):
        for _ in range(20):
            foreign.poll(timeout_ms=500)


def test_a_subscriber_keeps_its_password_and_gets_what_has_become_public(
    consumer: Callable[..., KafkaConsumer], crm: Any
) -> None:
    """As after an upgrade: it may not read a topic, and after `kafka-setup` it may."""
    take = (
        "import os, json; from deploy.kafka.access import set_acls; from deploy.kafka.principals import subscriber; "
        "from deploy.cli.subscriber import _admin\n"
        "with _admin() as (admin, _): "
        "set_acls(admin, [a for a in subscriber('crm') if a.name != 'hire.confirmed'], ['crm'])"
    )
    compose("run", "--rm", "-T", "--entrypoint", "python", "subscriber", "-c", take)
    one = consumer("crm", crm["sasl.password"], group="crm.renewed")
    assert "hire.confirmed" not in one.topics() and "listing.created" in one.topics()

    assert "1 subscribers" in compose("run", "--rm", "-T", "kafka-setup")
    again = consumer("crm", crm["sasl.password"], group="crm.renewed")
    assert {"hire.confirmed", "listing.created"} <= again.topics()


def test_a_subscriber_writes_nothing(producer: Callable[..., KafkaProducer], crm: Any) -> None:
    one = producer("crm", crm["sasl.password"])

    assert all(refused(one, topic) for topic in ("hire.confirmed", "escrow.released", "listing.created", "escrow.dead"))
