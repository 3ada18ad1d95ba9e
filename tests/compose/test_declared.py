"""What the compose files and the rights on the broker declare, without anything running."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import ROOT, SERVICES
from deploy.kafka.principals import acls, emits, reads, subscriber
from deploy.kafka.topics import BUSY, topics
from shared.events.catalogue import EVENT_NAMES, PUBLIC_NAMES
from shared.settings import given_in_common

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PARTS: dict[str, Any] = COMPOSE["services"]


def writers(topic: str) -> set[str]:
    return {acl.principal for acl in acls() if acl.kind == "topic" and acl.name == topic and acl.operation == "write"}


def test_every_event_has_one_writer() -> None:
    """The one who owns it in the catalogue; so hire.confirmed, on which money moves, can come from matching alone."""
    assert {topic: writers(topic) for topic in EVENT_NAMES} == {
        topic: {service} for service in SERVICES for topic in emits(service)
    }
    assert writers("hire.confirmed") == {"matching"}
    assert writers("escrow.released") == {"escrow"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_what_its_handlers_take(service: str) -> None:
    mine = {a.name for a in acls() if a.principal == service and a.kind == "topic" and a.operation == "read"}

    assert mine == {*reads(service), f"{service}.redrive", f"{service}.dead"}
    assert writers(f"{service}.dead") == {service}, "what is sent again is believed for its letter"


def test_no_right_is_wider_than_a_name_but_to_look() -> None:
    """No service has a prefix, a wildcard or a right on the cluster."""
    of_services = [acl for acl in acls() if acl.principal in SERVICES]

    assert {acl.principal for acl in of_services} == set(SERVICES)
    for acl in of_services:
        assert not acl.prefixed and acl.name != "*" and acl.kind != "cluster"


def test_a_subscriber_reads_and_no_more() -> None:
    granted = subscriber("crm")

    assert {acl.operation for acl in granted} == {"read", "describe"}
    assert {acl.name for acl in granted if acl.kind == "topic"} == set(PUBLIC_NAMES)
    assert set(EVENT_NAMES) - set(PUBLIC_NAMES) == {
        "contact.verified", "contact.replaced", "work.verified", "payout.changed", "employer.registered",
        "employer.removed", "report.decided", "insider_report.decided", "listing.consent_asked", "matches.wanted",
        "matches.found", "webhook.disabled",
    }  # fmt: skip
    assert {(acl.name, acl.prefixed) for acl in granted if acl.kind == "group"} == {("crm", False), ("crm.", True)}


def test_every_topic_that_somebody_may_use_is_made() -> None:
    made = {topic.name: topic for topic in topics(partitions=6)}

    assert {acl.name for acl in acls() if acl.kind == "topic"} - {"*"} == set(made)
    assert {topic.name for topic in made.values() if topic.num_partitions == 6} == BUSY
    assert {topic.num_partitions for topic in made.values() if topic.name not in BUSY} == {1}
    assert set(EVENT_NAMES) > BUSY > {"listing.created", "offer.accepted", "hire.confirmed", "escrow.released"}
    assert {made[topic].topic_configs["retention.ms"] for topic in EVENT_NAMES} == {"-1"}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_confined(name: str) -> None:
    part = PARTS[name]

    assert part["read_only"] and part["cap_drop"] == ["ALL"] and "cap_add" not in part
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert part["user"].split(":")[0] not in ("0", "root")
    assert part["mem_limit"] and part["cpus"] and part["pids_limit"]
    assert "privileged" not in part and "network_mode" not in part
    assert ("ports" in part) == (name == "gateway")
    assert part["networks"] and part["logging"]


@pytest.mark.parametrize("name", PARTS)
def test_no_secret_stands_in_an_environment(name: str) -> None:
    """Passwords, keys and URIs come as files that `make secrets` made."""
    for variable, value in PARTS[name].get("environment", {}).items():
        if variable.endswith(("PASSWORD", "SECRET", "KEY", "URI")):
            pytest.fail(f"{name}: {variable} is given as a value")
        if variable.endswith("_FILE") and value:
            assert value.removeprefix("/run/secrets/") in PARTS[name]["secrets"]


def test_golem_is_given_the_settings_that_verify_holds_the_services_against() -> None:
    """All that any web or worker is given of them, with the same values; so by the overlay of the rules."""
    rules = yaml.safe_load((ROOT / "deploy" / "compose.rules.yml").read_text())["services"]
    for parts in (PARTS, rules):
        ours = [each["environment"] for name, each in parts.items() if name.endswith(("-web", "-worker", "-streams"))]
        given = {name: value for each in ours for name, value in given_in_common(each).items()}

        assert given and given_in_common(parts["golem"]["environment"]) == given
    assert rules["golem"]["volumes"] == rules["matching-worker"]["volumes"]


def test_what_golem_keeps_is_on_a_volume_that_is_its_own() -> None:
    """Not in memory, and still there when the container is gone; a new volume takes the owner of its place."""
    golem = PARTS["golem"]
    folder = golem["environment"]["TMPDIR"]
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()

    assert golem["volumes"] == [f"golem:{folder}"] and "golem" in COMPOSE["volumes"]
    assert f"mkdir {folder} && chown {golem['user']} {folder}" in dockerfile


def test_services_get_their_own_secrets_alone() -> None:
    for service in SERVICES:
        for kind in ("web", "worker", "indexes"):
            given = set(PARTS[f"{service}-{kind}"]["secrets"])
            foreign = [other for other in SERVICES if other != service for name in given if f"_{other}_" in name]
            assert foreign == []
            assert not {"kafka_admin_password", "mongodb_root_password", "mongodb_operator_uri"} & given
        assert not any(name.startswith("kafka_") for name in PARTS[f"{service}-web"]["secrets"])


def test_the_administrators_are_those_who_make_users() -> None:
    """Beside the servers themselves; whoever looks at the running system with `golem` is not one."""
    holders = {
        secret: {name for name, part in PARTS.items() if secret in part.get("secrets", ())}
        for secret in ("kafka_admin_password", "mongodb_root_password")
    }

    assert holders == {
        "kafka_admin_password": {"kafka", "kafka-setup", "subscriber"},
        "mongodb_root_password": {"mongo", "database-setup"},
    }


def test_secrets_name_how_they_are_made() -> None:
    assert all("make secrets" in secret["file"] for secret in COMPOSE["secrets"].values())


def test_only_the_gateway_and_who_sends_webhooks_are_on_a_network_with_a_way_out() -> None:
    open_networks = {name for name, options in COMPOSE["networks"].items() if not (options or {}).get("internal")}

    on = {name: {each for each, part in PARTS.items() if name in part["networks"]} for name in open_networks}
    assert on == {"outside": {"gateway"}, "webhooks": {"notify-worker"}}


@pytest.mark.parametrize("file", sorted((ROOT / "deploy").glob("compose.*.yml")), ids=lambda file: file.name)
def test_an_override_names_parts_that_exist(file: Path) -> None:
    part = yaml.safe_load(file.read_text())

    new = {name for name, options in part["services"].items() if "image" in options}
    assert set(part["services"]) - new <= set(PARTS)


def test_traces_leave_the_processes_where_a_collector_is_named() -> None:
    """All nine, and none has a way out without that file."""
    overlay = yaml.safe_load((ROOT / "deploy" / "compose.traces.yml").read_text())["services"]

    both = {f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")}
    assert set(overlay) == {*both, "notify-streams"}
    assert not any("OTEL_EXPORTER_OTLP_ENDPOINT" in (part.get("environment") or {}) for part in PARTS.values())
